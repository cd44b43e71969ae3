"""The references of the course: what was read, how, and what rests on it. Anybody may look."""

from typing import Any

from flask import Blueprint, render_template, request
from flask_login import current_user

from quizapp.services import sources
from quizapp.web.access import ANYONE, me, page

bp = Blueprint("references", __name__, url_prefix="/references")

EDUCATORS = frozenset({"author", "reviewer", "admin"})
"""Who sees which items cite a claim; anybody else sees how many."""

MAX_CHARACTERS = 100
"""Characters of a search that are looked at."""


@bp.get("/")
@page(ANYONE, service=sources.list_references, template="references/references.html")
def references() -> Any:
    words = " ".join(request.args.get("q", "").split())[:MAX_CHARACTERS]
    found, n_all = sources.list_references(words)
    return render_template("references/references.html", found=found, n_all=n_all, words=words)


@bp.get("/<reference_id>")
@page(ANYONE, service=sources.get_reference, template="references/reference.html")
def reference(reference_id: str) -> Any:
    is_known = current_user.is_authenticated
    is_educator = is_known and not EDUCATORS.isdisjoint(me().roles)
    traced = sources.get_reference(reference_id, me().id if is_known else None, with_items=is_educator)
    return render_template("references/reference.html", traced=traced, is_educator=is_educator)
