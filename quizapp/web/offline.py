"""What a browser needs to go on without a connection: the service worker, its page, and which pages it may keep.

A page may be kept on a device only if it is listed here and shows no key or reason of a graded quiz.
"""

import json
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, g, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from quizapp.web.access import ANYONE, SIGNED_IN, me, page

bp = Blueprint("offline", __name__, url_prefix="/offline")

KEEPABLE = frozenset({"learn.module", "learn.section", "quiz.question", "quiz.all_questions", "quiz.check"})
"""Endpoints whose pages may be kept on the person's device. None of them shows a result."""

MAY_SHOW_KEYS = frozenset({"quiz.question", "quiz.all_questions"})
"""Of these, the ones that must say themselves that they show no graded key (`g.shows_graded_keys`)."""

ASSETS = (
    "bootstrap/bootstrap.min.css", "theme.css", "icons.svg", "favicon.svg", "queue.js", "offline.js", "quiz.js",
    "quiz-keys.js", "keep.js", "note.js",
)  # fmt: skip
"""Files that the worker fetches when it is installed; a change of one installs it anew."""


@bp.after_app_request
def mark_keepable(response: Response) -> Response:
    """Tell the worker whose page this is, if it may be kept. Caches of browser and network still keep nothing."""
    if request.method != "GET" or response.status_code != 200 or request.endpoint not in KEEPABLE:
        return response
    if request.endpoint in MAY_SHOW_KEYS and g.get("shows_graded_keys") is not False:
        return response
    if current_user.is_authenticated:
        response.headers["X-Keep-Offline"] = str(me().id)
    return response


@page(ANYONE)
def worker() -> Any:
    """The service worker, served at the root so that it reaches every page."""
    asset: Any = current_app.jinja_env.globals["asset"]
    files = [url_for("offline.not_here"), *(asset(name) for name in ASSETS)]
    code = (Path(current_app.static_folder or "") / "sw.js").read_text("utf-8")
    body = f"const PRECACHE = {json.dumps(files)};\n{code}"
    response = Response(body, mimetype="text/javascript", headers={"Cache-Control": "no-cache"})
    response.add_etag()
    return response.make_conditional(request)  # browsers ask after each page


@bp.record_once
def serve_worker(state: BlueprintSetupState) -> None:
    """A worker reaches only what is below its own address, so it stands at the root and not below the prefix."""
    state.app.add_url_rule("/sw.js", f"{bp.name}.{worker.__name__}", worker)


@bp.get("/")
@page(ANYONE, template="offline/not_here.html")
def not_here() -> Any:
    """What the worker shows instead of a page that is not on the device."""
    return render_template("offline/not_here.html")


@bp.get("/token")
@page(SIGNED_IN)
def token() -> Any:
    """Who is signed in, and a token for forms: what the queue asks for before it sends."""
    return {"person": str(me().id), "token": generate_csrf()}
