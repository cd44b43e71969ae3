"""Reporting a problem with a question, and what became of one's own reports."""

import secrets
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_wtf import FlaskForm
from wtforms import Field, HiddenField, RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, ValidationError

from quizapp.domain.errors import Invalid
from quizapp.domain.problem_reports import MAX_CHARACTERS, ProblemKind, clean_report
from quizapp.services import problems, sheets
from quizapp.services.sheets import Sheet
from quizapp.web.access import SIGNED_IN, me, now, page
from quizapp.web.limiting import count_try
from quizapp.web.signing_in import outside

bp = Blueprint("problems", __name__, url_prefix="/problems")

LIMIT = "PROBLEM_LIMIT"
LIMIT_DEFAULT = "10 per hour"
"""Reports by one person."""


class ProblemForm(FlaskForm):  # type: ignore[misc]
    """What is wrong, in the learner's words. `token` makes a double click one report."""

    kind = RadioField(
        "What is it about?",
        choices=[SelectChoice(kind.value, words) for kind, words in problems.KINDS.items()],
        validators=[InputRequired("Choose what it is about.")],
    )
    text = TextAreaField("What is wrong?")
    token = HiddenField()

    def validate_text(self, field: Field) -> None:
        try:
            clean_report(field.data or "")
        except Invalid as error:
            raise ValidationError(str(error)) from error


@bp.record_once
def set_limit(state: BlueprintSetupState) -> None:
    """The limit, unless the application has one of its own."""
    state.app.config.setdefault(LIMIT, LIMIT_DEFAULT)


@bp.get("/", strict_slashes=False)
@page(SIGNED_IN, service=problems.list_own, template="problems/mine.html")
def mine() -> Any:
    """A person's own reports with their answers."""
    before = request.args.get("before", "")
    before_id = int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None
    listing = problems.list_own(me().id, before_id)
    unread = problems.list_unread(me().id)
    return render_template(
        "problems/mine.html", listing=listing, unread=unread, kinds=problems.KINDS, states=problems.STATES
    )


@bp.post("/read")
@page(SIGNED_IN, service=problems.mark_read)
def read() -> Any:
    """The answers that a notice named have been looked at."""
    ids = [int(text) for text in request.form.getlist("report") if text.isascii() and text.isdigit() and len(text) < 10]
    problems.mark_read(me().id, ids, now())
    if request.form.get("next") == "dashboard":
        return redirect(url_for("learn.dashboard"))
    return redirect(url_for(".mine"))


@bp.route("/attempts/<int:attempt_id>/questions/<int:number>", methods=["GET", "POST"])
@page(SIGNED_IN, service=problems.report, template="problems/report.html", owns="attempt_id")
def report(attempt_id: int, number: int) -> Any:
    """The form for one question. Attempt and clock stay as they are; in a pause nothing is shown of the question."""
    sheet = sheets.get_sheet(me().id, attempt_id, [number])
    if request.method == "GET" and sheet.attempt.is_paused(now()):
        return redirect(url_for("clock.paused", attempt_id=attempt_id, at=number))
    form = ProblemForm()
    if not form.validate_on_submit():
        if request.method == "GET":
            form.token.data = secrets.token_urlsafe(12)
        return _show(sheet, form), 400 if form.errors else 200
    kind, text, token = ProblemKind(form.kind.data), form.text.data, form.token.data or ""
    wait_seconds = 0 if problems.is_sent(me().id, token, kind, text) else count_try(LIMIT, str(me().id))
    if wait_seconds:
        return _show(sheet, form, -(-wait_seconds // 60)), 429, {"Retry-After": str(wait_seconds)}
    problems.report(me().id, attempt_id, number, kind, text, token=token, link=_link_for_authors, now=now())
    flash("Your report is on its way to the authors. Thank you.", "success")
    return redirect(_way_back(sheet) if sheet.attempt.finished_at is None else url_for(".mine"))


def _link_for_authors(report_id: int) -> str:
    return outside(url_for("author.problem", report_id=report_id, _external=True))


def _show(sheet: Sheet, form: ProblemForm, wait_minutes: int = 0) -> str:
    return render_template(
        "problems/report.html",
        sheet=sheet,
        question=sheet.questions[0],
        form=form,
        is_paused=sheet.attempt.is_paused(now()),
        wait_minutes=wait_minutes,
        way_back=_way_back(sheet),
        max_characters=MAX_CHARACTERS,
    )


def _way_back(sheet: Sheet) -> str:
    """The page to go on with: the question or, if that is locked, the next; the result once the attempt has ended."""
    attempt, number = sheet.attempt, sheet.questions[0].number
    if attempt.finished_at is not None:
        return url_for("quiz.result", attempt_id=attempt.id)
    if sheet.layout == "all":
        return url_for("quiz.all_questions", attempt_id=attempt.id, _anchor=f"q{number}")
    return url_for("quiz.question", attempt_id=attempt.id, number=sheet.find_open(number))
