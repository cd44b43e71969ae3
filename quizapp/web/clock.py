"""The clock of an attempt: what a page asks about it, the page while it stands, and the button that lets it go on."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from quizapp.services import sheets, timing
from quizapp.web.access import SIGNED_IN, me, now, page
from quizapp.web.due import show_end

bp = Blueprint("clock", __name__, url_prefix="/clock")


@bp.get("/<int:attempt_id>")
@page(SIGNED_IN, service=sheets.open_sheet, template="clock/paused.html", owns="attempt_id")
def paused(attempt_id: int) -> Any:
    """The page while the clock stands. A background request hears how the time stands: the server's clock decides."""
    sheet = sheets.open_sheet(me().id, attempt_id, now(), [])
    attempt, is_paused = sheet.attempt, sheet.attempt.is_paused(now())
    if request.accept_mimetypes.best == "application/json":
        is_over = attempt.finished_at is not None
        return {"is_over": is_over, "is_paused": is_paused, "time": show_end(attempt.timing, now())}
    if not is_paused:
        return redirect(url_for("quiz.attempt", attempt_id=attempt_id))
    return render_template("clock/paused.html", sheet=sheet, now=now(), at=_read_number())


@bp.post("/<int:attempt_id>/resume")
@page(SIGNED_IN, service=timing.resume, owns="attempt_id")
def resume(attempt_id: int) -> Any:
    """Go on: at the question that the pause began at, or to the check before the finish."""
    timing.resume(me().id, attempt_id, now())
    if request.form.get("go") == "check":
        return redirect(url_for("quiz.check", attempt_id=attempt_id))
    if number := _read_number():
        return redirect(url_for("quiz.question", attempt_id=attempt_id, number=number))
    return redirect(url_for("quiz.attempt", attempt_id=attempt_id))


def _read_number() -> int:
    """The question that the pause began at; 0 if nobody says."""
    text = request.values.get("at", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
