"""/author/corrections/: corrections of published items, what they would do, and late answers. Nobody is named here."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from quizapp.domain.corrections import Effect
from quizapp.domain.errors import Invalid, Refused
from quizapp.services import correcting, late_answers, regrading
from quizapp.web.access import me, now, page

bp = Blueprint("corrections", __name__, url_prefix="/author/corrections")

MAX_CHARACTERS = 200
"""Characters of a search that are looked at."""
NEWEST = 20_000
"""Attempts that a preview looks at: about two seconds."""
FIELD = "q1-"
"""What the fields of the question begin with, as on a page of a quiz with one question."""
WORDS = {
    Effect.KEY: "This is the right answer",
    Effect.ACCEPT: "Accept this answer as well",
    Effect.CREDIT: "Give everybody the whole mark",
    Effect.DROP: "Take the question out of what counts",
    Effect.UNDO: "Go back to the question as published",
}
TOLERANCE = "tolerance"


@bp.get("", strict_slashes=False)
@page("author", service=correcting.list_runs, template="corrections/corrections.html")
def corrections() -> Any:
    runs, listed = correcting.list_runs(), correcting.list_quizzes()
    return render_template(
        "corrections/corrections.html", quizzes=listed, runs=runs, titles={q.id: q.title for q in listed}
    )


@bp.get("/quizzes/<module_id>")
@page("author", service=correcting.list_items, template="corrections/items.html")
def items(module_id: str) -> Any:
    words = " ".join(request.args.get("q", "").split())[:MAX_CHARACTERS]
    after = request.args.get("after", "")[:MAX_CHARACTERS]
    desk = correcting.list_items(module_id, words, after)
    return render_template("corrections/items.html", desk=desk, words=words, after=after, effects=WORDS)


@bp.get("/quizzes/<module_id>/<int:item_version_id>")
@page("author", service=correcting.get_case, template="corrections/item.html")
def item(module_id: str, item_version_id: int) -> Any:
    case = correcting.get_case(module_id, item_version_id)
    return _show(case, "", {}, "")


@bp.post("/quizzes/<module_id>/<int:item_version_id>")
@page("author", service=correcting.decide, template="corrections/preview.html")
def correct(module_id: str, item_version_id: int) -> Any:
    """First the preview of what the form asks for; the button there does it."""
    what, within = request.form.get("what", ""), request.form.get("within", "")
    raw = {name.removeprefix(FIELD): values for name, values in request.form.lists() if name.startswith(FIELD)}
    reason = request.form.get("reason", "")
    try:
        case, decisions = correcting.propose(module_id, item_version_id, what, raw, within)
        reason = correcting.require_reason(reason)
    except Invalid as fault:
        return _show(correcting.get_case(module_id, item_version_id), what, raw, reason, within, str(fault)), 400
    if request.form.get("go") == "do":
        begun = correcting.decide(decisions, reason, now(), me().id)
        if not begun:
            flash("Kept. No finished attempt is marked otherwise; whoever finishes from now on is.", "success")
            return redirect(url_for("corrections.item", module_id=module_id, item_version_id=item_version_id))
        flash("Kept. Finished attempts are being marked again.", "success")
        return redirect(url_for("corrections.run", regrade_id=begun[0]))
    return render_template(
        "corrections/preview.html",
        case=case,
        what=what,
        words=_name(what, within),
        forecasts=correcting.forecast(decisions, now(), newest=NEWEST),
        reason=reason,
        n_versions=len(decisions),
        fields=[(name, value) for name, values in request.form.lists() if _is_asked(name) for value in values],
    )


@bp.get("/runs/<int:regrade_id>")
@page("author", service=regrading.get_regrade, template="corrections/run.html")
def run(regrade_id: int) -> Any:
    found = regrading.get_regrade(regrade_id)
    return render_template("corrections/run.html", run=found, quiz=correcting.get_quiz(found.module_id))


@bp.get("/late")
@page("author", service=late_answers.list_late, template="corrections/late.html")
def late() -> Any:
    before = request.args.get("before", "")
    return _show_late(int(before) if before.isascii() and before.isdigit() and len(before) < 10 else 0)


@bp.post("/late")
@page("author", service=late_answers.accept, template="corrections/late.html")
def accept_late() -> Any:
    """Have one late answer count."""
    chosen = [request.form.get(name, "") for name in ("attempt", "number", "seq")]
    try:
        if not all(text.isascii() and text.isdigit() and len(text) < 10 for text in chosen):
            raise Invalid("Choose one of the answers in the list.")
        attempt_id, number, seq = map(int, chosen)
        late_answers.accept(attempt_id, number, seq, request.form.get("reason", ""), now(), me().id)
    except (Invalid, Refused) as fault:
        flash(str(fault), "error")
        return redirect(url_for("corrections.late"))
    flash(f"Attempt {attempt_id} was marked again with the late answer to question {number}.", "success")
    return redirect(url_for("corrections.late"))


def _show_late(before: int) -> str:
    return render_template("corrections/late.html", listing=late_answers.list_late(before), before=before)


def _show(
    case: correcting.Case, what: str, raw: dict[str, list[str]], reason: str, within: str = "", fault: str = ""
) -> str:
    ask = case.item.ask(case.shown)
    return render_template(
        "corrections/item.html",
        case=case,
        ask=ask,
        what=what,
        given=raw,
        reason=reason,
        within=within,
        fault=fault,
        effects=WORDS,
        is_numeric=ask.kind == "number",
        lines=case.ruling.item.explain(None, case.shown),
        accepted=[case.item.describe(response, case.shown) for response in case.ruling.accepted],
        max_characters=correcting.MAX_REASON,
    )


def _is_asked(name: str) -> bool:
    """Whether a field says what is to be done, and so has to come again with the button that does it."""
    return name.startswith(FIELD) or name in {"what", "within", "reason"}


def _name(what: str, within: str) -> str:
    return f"Give or take {within} is right" if what == TOLERANCE else WORDS[Effect(what)]
