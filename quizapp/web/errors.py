"""Every refusal as a page that says what happened and what to do next. One table: meaning → status."""

from typing import Any

from flask import Flask, current_app, g, render_template, request
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from quizapp.domain.admission import NotNow
from quizapp.domain.errors import FascicleError, Forbidden, Invalid, NotFound, Refused, StorageUnavailable
from quizapp.web.display import show_moment

STATUS: dict[type[FascicleError], int] = {
    NotFound: 404,
    Forbidden: 403,
    Refused: 409,
    Invalid: 400,
    StorageUnavailable: 503,
}

TITLES = {
    400: "We could not understand that",
    401: "Please sign in",
    403: "This page is not open to you",
    404: "There is nothing here",
    405: "That cannot be done here",
    409: "That is not possible now",
    413: "That is too much at once",
    429: "Too many tries",
    500: "A fault on our side",
    503: "We cannot save at the moment",
}
ADVICE = {
    400: "Go back, check what you entered, and send it again.",
    404: "The address may be mistyped, or the page may belong to somebody else.",
    405: "Go back and use the buttons of the page.",
    413: "Go back and send less.",
    429: "Wait a minute, then try again.",
    500: "Because of a fault on our side this did not work. It has been noted. Try again; if it stays, tell us "
    "the number below.",
    503: "Nothing was lost: what was saved stays saved. Go back, and send it again in a minute.",
}


def show_error(status: int, message: str = "", headers: dict[str, str] | None = None) -> Any:
    """The page for a refusal, or a line of JSON for a background request."""
    if request.accept_mimetypes.best == "application/json":
        return (
            {"error": message or TITLES.get(status, "Error"), "request_id": g.get("request_id", "")},
            status,
            headers or {},
        )
    _settle_person(may_ask=status != 503)
    body = render_template(
        "site/error.html",
        status=status,
        title=TITLES.get(status, "That did not work"),
        message=message,
        advice=ADVICE.get(status, ""),
    )
    return body, status, headers or {}


def _settle_person(may_ask: bool) -> None:
    """Say whose page a refusal is without failing over that: where the database cannot be asked, a stranger's."""
    if "_login_user" in g:
        return
    try:
        is_known = may_ask and current_user.is_authenticated is not None
    except StorageUnavailable:
        is_known = False
    if not is_known:
        current_app.login_manager._update_request_context_with_user()  # type: ignore[attr-defined]


def init_errors(app: Flask) -> None:
    """Register the handlers."""

    @app.errorhandler(FascicleError)
    def refuse(error: FascicleError) -> Any:
        status = next(code for kind, code in STATUS.items() if isinstance(error, kind))
        if status == 503:
            current_app.logger.warning("storage unavailable: %s", error.__cause__)
            return show_error(status, str(error), {"Retry-After": "30"})
        return show_error(status, error.admission.say(show_moment) if isinstance(error, NotNow) else str(error))

    @app.errorhandler(CSRFError)
    def refuse_forged(error: CSRFError) -> Any:  # noqa: ARG001
        return show_error(
            400, "This form has expired or was opened before you signed in. Reload the page and send it again."
        )

    @app.errorhandler(HTTPException)
    def refuse_http(error: HTTPException) -> Any:
        if error.code is None or error.code < 400:
            return error
        retry_after = getattr(error, "retry_after", None)
        return show_error(error.code, headers={"Retry-After": str(retry_after)} if retry_after else None)

    @app.errorhandler(Exception)
    def fail(error: Exception) -> Any:
        if current_app.config.get("PROPAGATE_EXCEPTIONS") or current_app.testing:
            raise error
        current_app.logger.exception("unhandled fault")
        return show_error(500)
