"""/author/: what learners report about questions, and the answers to it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from wtforms import Field, RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, ValidationError

from quizapp.domain.errors import Invalid
from quizapp.domain.problem_reports import MAX_CHARACTERS, ReportState, clean_report
from quizapp.services import problems as reports
from quizapp.services.problems import Listing, Opened
from quizapp.web.access import me, now, page
from quizapp.web.signing_in import outside

bp = Blueprint("author", __name__, url_prefix="/author")

LONGEST_ID = 80
"""Characters of an item's id, as the database keeps it."""


class AnswerForm(FlaskForm):  # type: ignore[misc]
    """The answer to a report."""

    state = RadioField(
        "What became of it?",
        choices=[SelectChoice(s.value, words) for s, words in reports.STATES.items() if s is not ReportState.OPEN],
        validators=[InputRequired("Choose what became of it.")],
    )
    text = TextAreaField("Answer to the learner")

    def validate_text(self, field: Field) -> None:
        try:
            clean_report(field.data or "")
        except Invalid as error:
            raise ValidationError(str(error)) from error


@bp.get("/problems")
@page("author", service=reports.get_inbox, template="author/problems.html")
def problems() -> Any:
    """Reports by state and question; a page at a time."""
    state = _read_state(request.args.get("state", ""))
    item_id = request.args.get("question", "").replace("\0", "")[:LONGEST_ID]  # no id has what PostgreSQL cannot keep
    inbox = reports.get_inbox(state, item_id or None, _read_place(request.args.get("after", "")))
    return render_template(
        "author/problems.html",
        inbox=inbox,
        state=state,
        item_id=item_id,
        after=_write_place(inbox.listing),
        is_first="after" not in request.args,
        kinds=reports.KINDS,
        states=reports.STATES,
    )


@bp.route("/problems/<int:report_id>", methods=["GET", "POST"])
@page("author", service=reports.answer, template="author/problem.html")
def problem(report_id: int) -> Any:
    """One report with its question; the form there answers it."""
    form = AnswerForm()
    if not form.validate_on_submit():
        opened = reports.get_report(report_id)
        facts = opened.reported.facts
        if request.method == "GET" and facts.version:
            form.state.data, form.text.data = facts.state.value, facts.answer
        return _show(
            opened, form, _read_number(request.form.get("version"), facts.version)
        ), 400 if form.errors else 200
    state, known = ReportState(form.state.data), _read_number(request.form.get("version"), 0)
    link = outside(url_for("problems.mine", _external=True))
    outcome = reports.answer(me().id, report_id, state, form.text.data, known, link=link, now=now())
    if outcome.is_stale:
        return _show(reports.get_report(report_id), form, outcome.reported.facts.version, is_stale=True), 409
    flash("The answer is kept, and the learner is told.", "success")
    return redirect(url_for(".problems"))


def _show(opened: Opened, form: AnswerForm, version: int, *, is_stale: bool = False) -> str:
    return render_template(
        "author/problem.html",
        opened=opened,
        reported=opened.reported,
        form=form,
        version=version,
        is_stale=is_stale,
        max_characters=MAX_CHARACTERS,
        kinds=reports.KINDS,
        states=reports.STATES,
    )


def _read_state(text: str) -> ReportState | None:
    """The state to show; all where it is none."""
    return ReportState(text) if text in set(ReportState) else None


def _read_number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else default


def _read_place(text: str) -> tuple[bool, int] | None:
    """Where a page begins, as `_write_place` writes it."""
    kind, _, number = text.partition("-")
    last_id = _read_number(number, 0)
    return (kind == "done", last_id) if kind in {"open", "done"} and last_id else None


def _write_place(listing: Listing) -> str:
    if listing.after is None:
        return ""
    return f"{'open' if listing.after.state is ReportState.OPEN else 'done'}-{listing.after.id}"
