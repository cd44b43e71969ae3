"""The glossary: every term of the course in plain words. Anybody may look."""

from typing import Any

from flask import Blueprint, render_template, request
from flask_login import current_user

from quizapp.services import glossary
from quizapp.web.access import ANYONE, me, page

bp = Blueprint("glossary", __name__, url_prefix="/glossary")

MAX_CHARACTERS = 100
"""Characters of a search that are looked at."""


@bp.get("")
@page(ANYONE, service=glossary.list_terms, template="glossary/terms.html")
def terms() -> Any:
    words = " ".join(request.args.get("q", "").split())[:MAX_CHARACTERS]
    found, n_all = glossary.list_terms(words, me().id if current_user.is_authenticated else None)
    return render_template("glossary/terms.html", found=found, n_all=n_all, words=words)
