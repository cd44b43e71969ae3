"""Own notes: kept from a section's page, all of them on one page, and as a file."""

from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for

from quizapp.domain.errors import Invalid
from quizapp.services import notes as keeping
from quizapp.services.notes import Outcome
from quizapp.web.access import SIGNED_IN, me, now, page
from quizapp.web.display import show_moment, show_time
from quizapp.web.due import once_closed

bp = Blueprint("notes", __name__, url_prefix="/notes")

MAX_CHARACTERS = 200
"""Characters of a search that are looked at."""


@bp.get("", strict_slashes=False)
@page(SIGNED_IN, service=keeping.list_notes, template="notes/notes.html")
def notes() -> Any:
    words = " ".join(request.args.get("q", "").split())[:MAX_CHARACTERS]
    book = keeping.list_notes(me().id, words)
    return render_template("notes/notes.html", book=book, words=words)


@bp.get("/my-notes.<any(md, txt):ending>")
@page(SIGNED_IN, service=keeping.list_notes)
def export(ending: str) -> Any:
    """All notes as a file to keep."""
    book = keeping.list_notes(me().id)
    text = keeping.write_out(book, as_markdown=ending == "md", show_moment=show_moment)
    kind = "text/markdown" if ending == "md" else "text/plain"
    name = f"attachment; filename=my-notes.{ending}"
    return Response(text, content_type=f"{kind}; charset=utf-8", headers={"Content-Disposition": name})


@bp.get("/<module_id>/<section_id>")
@page(SIGNED_IN, service=keeping.get_placed, template="notes/note.html")
def note(module_id: str, section_id: str) -> Any:
    """One note on a page of its own, also when its section is no longer in the course."""
    return render_template("notes/note.html", placed=keeping.get_placed(me().id, module_id, section_id))


@bp.post("/<module_id>/<section_id>")
@page(SIGNED_IN, service=keeping.save_note, template="notes/note.html")
def save(module_id: str, section_id: str) -> Any:
    """Keep a note. A background request hears `saved`, `stale` (409, with what is kept instead) or `too-long` (400)."""
    text = request.form.get("text", "")
    try:
        outcome = once_closed(lambda: keeping.save_note(me().id, module_id, section_id, text, _read_version(), now()))
    except Invalid as error:
        if _is_background():
            return {"verdict": "too-long", "error": str(error)}, 400
        return _show_again(module_id, section_id, text, too_long=str(error)), 400
    return _answer(module_id, section_id, text, outcome)


@bp.post("/<module_id>/<section_id>/undo")
@page(SIGNED_IN, service=keeping.undo, template="notes/note.html")
def undo(module_id: str, section_id: str) -> Any:
    """Put back the text from before."""
    outcome = keeping.undo(me().id, module_id, section_id, _read_version(), now())
    return _answer(module_id, section_id, outcome.note.text, outcome)


def _answer(module_id: str, section_id: str, text: str, outcome: Outcome) -> Any:
    kept = outcome.note
    if _is_background():
        answer: dict[str, Any] = {"verdict": "stale" if outcome.is_stale else "saved", "version": kept.version}
        answer |= {"saved_at": show_time(now()), "can_undo": kept.can_undo}
        return (answer | {"kept": kept.text}, 409) if outcome.is_stale else answer
    if outcome.is_stale:
        return _show_again(module_id, section_id, text, is_stale=True), 409
    if not kept.text:
        flash("Your note was removed. Where you wrote it you can bring it back.", "success")
    if request.form.get("next") == "note":
        return redirect(url_for(".note", module_id=module_id, section_id=section_id))
    anchor = "note" if kept.text else None
    return redirect(url_for("learn.section", module_id=module_id, section_id=section_id, _anchor=anchor))


def _show_again(module_id: str, section_id: str, text: str, *, too_long: str = "", is_stale: bool = False) -> str:
    """The form with what was sent, so that nothing typed is lost."""
    placed = keeping.get_placed(me().id, module_id, section_id)
    return render_template("notes/note.html", placed=placed, sent=text, too_long=too_long, is_stale=is_stale)


def _read_version() -> int:
    """The version that the form was made from; 0 where it says nothing sensible."""
    said = request.form.get("version", "")
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else 0


def _is_background() -> bool:
    return request.accept_mimetypes.best == "application/json"
