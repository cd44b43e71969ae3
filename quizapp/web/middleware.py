"""What happens around every request: a request id, security headers, one structured log line."""

import gzip
import json
import logging
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import brotli
from flask import Flask, Response, abort, g, request
from werkzeug.routing import IntegerConverter, Map

from quizapp.web.assets import choose_coding

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CSP = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
PACKED = frozenset({"text/html", "application/json"})
PACKED_FROM_BYTES = 500
QUICK: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: brotli.compress(body, quality=2),
    "gzip": lambda body: gzip.compress(body, 3, mtime=0),
}
"""By content coding, as `choose_coding` names them. 20 questions: 69 kB become 7 kB in 0.1 ms."""

_REQUEST_ID = re.compile(r"^[A-Za-z0-9-]{8,64}$")

log = logging.getLogger("fascicle.request")


class JsonLines(logging.Formatter):
    """A log record as one line of JSON; what a caller gives in `extra` comes along."""

    _KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {k: v for k, v in vars(record).items() if k not in self._KNOWN}
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def init_logging(level: str) -> None:
    """Structured logs on standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger("fascicle")
    root.handlers[:] = [handler]
    root.setLevel(level)
    root.propagate = False


def pack(response: Response) -> None:
    """Compress a page for a browser that takes it; quickly rather than well, for it is made once and for one person."""
    if response.mimetype not in PACKED or response.is_streamed or "Content-Encoding" in response.headers:
        return
    response.vary.add("Accept-Encoding")
    coding = choose_coding(request.headers.get("Accept-Encoding", ""))
    body = response.get_data()
    if coding and len(body) >= PACKED_FROM_BYTES:
        response.set_data(QUICK[coding](body))
        response.headers["Content-Encoding"] = coding


class WholeRequests:
    """Refuses a request whose connection broke in its body (400), whatever the server makes of it.

    granian hands over what came and calls it the end. Half a form is a form: one that lacks an answer says that the
    person took it back.
    """

    def __init__(self, inner: "WSGIApplication") -> None:
        self.inner = inner

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("CONTENT_LENGTH"):
            environ.pop("wsgi.input_terminated", None)  # so that werkzeug counts what it reads
        return self.inner(environ, start_response)


class RowNumber(IntegerConverter):
    """`<int:…>` in an address: no larger than the number of a row can be, so that databases need not refuse it."""

    def __init__(self, map: Map, *args: Any, **kwargs: Any) -> None:  # noqa: A002 - werkzeug's name for it
        super().__init__(map, *args, **{"max": 2**31 - 1, **kwargs})


def _refuse_nul() -> None:
    """No address has and nobody can type the character that PostgreSQL cannot keep."""
    if "\0" in request.path:
        abort(404)
    if any("\0" in value for _, values in request.form.lists() for value in values):
        abort(400)


def init_middleware(app: Flask) -> None:
    """Register what runs before and after each request."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _REQUEST_ID.match(given) else secrets.token_hex(8)
        g.started = time.perf_counter()
        _refuse_nul()

    @app.after_request
    def end(response: Response) -> Response:
        person = g.get("_login_user")  # known if the page asked; asking here would cost a select, or fail
        for name, value in HEADERS.items():
            if name not in response.headers:
                response.headers.add(name, value)
        if app.config["PUBLIC_URL"].startswith("https://"):
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if "Cache-Control" not in response.headers and request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store" if person and person.is_authenticated else "no-cache"
        pack(response)
        response.headers["X-Request-ID"] = g.get("request_id", "")
        log.info(
            "request",
            extra={
                "request_id": g.get("request_id", ""),
                "method": request.method,
                "path": request.path,
                "status": response.status_code,
                "ms": round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000, 1),
                "person": getattr(person, "id", None),
            },
        )
        return response
