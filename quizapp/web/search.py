"""The search page: lessons, glossary, references and own notes at once."""

from typing import Any

from flask import Blueprint, render_template, request, url_for

from quizapp.services import search as searching
from quizapp.services.search import Hit
from quizapp.web.access import SIGNED_IN, me, page

bp = Blueprint("search", __name__, url_prefix="/search")


@bp.get("", strict_slashes=False)
@page(SIGNED_IN, service=searching.search, template="search/search.html")
def search() -> Any:
    found = searching.search(me().id, request.args.get("q", ""))
    return render_template("search/search.html", found=found, address=find_address)


def find_address(hit: Hit) -> str:
    """Where a hit leads: to the words in a lesson, to the note below it, or to the entry of a list."""
    if hit.kind == "term":
        return url_for("glossary.terms", _anchor=hit.place[0])
    if hit.kind == "reference":
        return url_for("references.reference", reference_id=hit.place[0])
    module_id, section_id = hit.place
    if hit.kind == "note":
        return url_for("notes.notes", _anchor=f"{module_id}.{section_id}")
    if hit.missing:
        return url_for("learn.module", module_id=module_id)
    plain = url_for("learn.section", module_id=module_id, section_id=section_id)
    return f"{plain}#{hit.fragment}" if hit.fragment else plain
