"""Taking a quiz or practice set, and looking back at it. Works as plain forms; quiz.js saves each answer on its own."""

import secrets
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from wtforms import BooleanField
from wtforms.validators import InputRequired

from quizapp.domain.attempts import Confidence, Feedback, Kind, Verdict
from quizapp.domain.errors import NotFound, Refused, StorageUnavailable
from quizapp.services import reviewing, sheets, starting, taking
from quizapp.services.sheets import Sheet
from quizapp.services.taking import Incoming, Saved
from quizapp.web.access import SIGNED_IN, me, now, page
from quizapp.web.display import show_time
from quizapp.web.due import once_closed

bp = Blueprint("quiz", __name__, url_prefix="/quiz")

SURE = {Confidence.SURE: "Sure", Confidence.THINK_SO: "Think so", Confidence.GUESS: "Guess"}
LATE = "This arrived after the time ended. It is kept and marked late; it does not count."


class FinishForm(FlaskForm):  # type: ignore[misc]
    """The one attestation before an attempt is graded."""

    own = BooleanField(validators=[InputRequired("Tick this box to say that these are your own answers.")])


@bp.post("/modules/<module_id>/<kind>")
@page(SIGNED_IN, service=starting.start)
def start(module_id: str, kind: str) -> Any:
    if kind not in set(Kind):
        raise NotFound("There is a quiz and a practice set, nothing else.")
    grace_seconds = current_app.config["GRACE_SECONDS"]
    return redirect(_where(starting.start(me().id, module_id, Kind(kind), secrets.randbits(53), now(), grace_seconds)))


@bp.get("/attempts/<int:attempt_id>")
@page(SIGNED_IN, service=sheets.open_sheet, owns="attempt_id")
def attempt(attempt_id: int) -> Any:
    """Where to go on: the result if it is finished, else the first open question."""
    sheet = sheets.open_sheet(me().id, attempt_id, now(), [])
    return redirect(_where(sheet))


@bp.get("/attempts/<int:attempt_id>/questions/<int:number>")
@page(SIGNED_IN, service=sheets.open_sheet, template="quiz/question.html", owns="attempt_id")
def question(attempt_id: int, number: int) -> Any:
    sheet = sheets.open_sheet(me().id, attempt_id, now(), [number])
    if sheet.attempt.finished_at or sheet.layout != "one":
        return redirect(_where(sheet))
    return _show(sheet)


@bp.get("/attempts/<int:attempt_id>/all")
@page(SIGNED_IN, service=sheets.open_sheet, template="quiz/question.html", owns="attempt_id")
def all_questions(attempt_id: int) -> Any:
    sheet = sheets.open_sheet(me().id, attempt_id, now())
    if sheet.attempt.finished_at or sheet.layout != "all":
        return redirect(_where(sheet))
    return _show(sheet)


@bp.post("/attempts/<int:attempt_id>/answers")
@page(SIGNED_IN, service=taking.save_answers, template="quiz/question.html", owns="attempt_id")
def answer(attempt_id: int) -> Any:
    """Every button of a question page: keep what the page holds, then go where the button says."""
    incoming = _read_incoming()
    try:
        saved = taking.save_answers(me().id, attempt_id, incoming, now(), *_read_tab())
    except StorageUnavailable:
        return _show(_sheet_of(attempt_id, incoming), incoming=incoming, unsaved=True), 503, {"Retry-After": "30"}
    if any(s.verdict is Verdict.LATE for s in saved):
        flash(LATE, "error")
        return redirect(url_for("quiz.result", attempt_id=attempt_id))
    stale = [s for s in saved if s.verdict is Verdict.STALE]
    sheet = _sheet_of(attempt_id, incoming) if stale else None
    if sheet and not sheet.attempt.finished_at:
        return _show(sheet, incoming=incoming, stale=stale), 409
    return _go(attempt_id, request.form.get("go", "next"), [entry.number for entry in incoming])


@bp.post("/attempts/<int:attempt_id>/save")
@page(SIGNED_IN, service=taking.save_answers, owns="attempt_id")
def save(attempt_id: int) -> Any:
    """The background save: says `Saved` only after the answer is on disk, slot by slot.

    Verdicts: `accept` and `repeat` count, `stale` is not kept, `late` is kept and does not count. Once the attempt was
    finished by hand, every save is refused with 409.
    """
    saved = taking.save_answers(me().id, attempt_id, _read_incoming(), now(), *_read_tab())
    return {
        "saved_at": show_time(now()),
        "slots": [
            {"number": s.number, "seq": s.seq, "verdict": s.verdict, "kept": s.kept, "caution": s.caution}
            for s in saved
        ],
    }


@bp.route("/attempts/<int:attempt_id>/check", methods=["GET", "POST"])
@page(SIGNED_IN, service=taking.finish, template="quiz/finish.html", owns="attempt_id")
def check(attempt_id: int) -> Any:
    """Check before you finish; the button there finishes."""
    form = FinishForm()
    is_agreed = form.validate_on_submit()
    if not is_agreed:
        sheet = sheets.open_sheet(me().id, attempt_id, now())
        is_agreed = request.method == "POST" and sheet.attempt.kind is Kind.PRACTICE  # nothing to attest
        if not is_agreed and sheet.attempt.finished_at is None:
            status = 400 if request.method == "POST" else 200
            body = render_template("quiz/finish.html", sheet=sheet, form=form, sure=SURE, question_url=_question_url)
            return body, status
    if is_agreed:
        taking.finish(me().id, attempt_id, now())
    return redirect(url_for("quiz.result", attempt_id=attempt_id))


@bp.get("/attempts/<int:attempt_id>/result")
@page(SIGNED_IN, service=reviewing.get_result, template="quiz/result.html", owns="attempt_id")
def result(attempt_id: int) -> Any:
    result = once_closed(lambda: reviewing.get_result(me().id, attempt_id))
    shown = request.args.get("show", "all")
    texts = [line.rationale for q in result.reviewed for line in q.lines]
    sources = reviewing.list_cited(result.module, texts)
    return render_template(
        "quiz/result.html", result=result, module=result.module, shown=shown, sure=SURE, sources=sources
    )


@bp.get("/attempts/<int:attempt_id>/review/<int:number>")
@page(SIGNED_IN, service=reviewing.get_reviewed, template="quiz/review.html", owns="attempt_id")
def review(attempt_id: int, number: int) -> Any:
    result, reviewed = once_closed(lambda: reviewing.get_reviewed(me().id, attempt_id, number))
    sources = reviewing.list_cited(result.module, [line.rationale for line in reviewed.lines])
    return render_template(
        "quiz/review.html", result=result, module=result.module, reviewed=reviewed, sure=SURE, sources=sources
    )


def _question_url(sheet: Sheet, number: int) -> str:
    if sheet.layout == "all":
        return url_for("quiz.all_questions", attempt_id=sheet.attempt.id, _anchor=f"q{number}")
    return url_for("quiz.question", attempt_id=sheet.attempt.id, number=number)


def _where(sheet: Sheet) -> str:
    if sheet.attempt.finished_at:
        return url_for("quiz.result", attempt_id=sheet.attempt.id)
    return _question_url(sheet, sheet.first_open)


def _sheet_of(attempt_id: int, incoming: list[Incoming]) -> Sheet:
    return sheets.get_sheet(me().id, attempt_id, [entry.number for entry in incoming])


def _show(
    sheet: Sheet, *, incoming: list[Incoming] | None = None, stale: list[Saved] | None = None, unsaved: bool = False
) -> str:
    """The question page; `incoming` is shown instead of what is kept when the latter could not take it over."""
    explained = {q.number: q.explained for q in sheet.questions if q.explained}
    g.shows_graded_keys = bool(explained) and sheet.attempt.kind is Kind.QUIZ  # such a page never stays on a device
    return render_template(
        "quiz/question.html",
        sheet=sheet,
        mine={entry.number: entry for entry in incoming or []},
        stale={s.number: s for s in stale or []},
        unsaved=unsaved,
        explained=explained,
        sources=_sources(sheet, explained),
        sure=SURE,
        is_immediate=sheet.feedback is Feedback.IMMEDIATE,
        question_url=_question_url,
    )


def _sources(sheet: Sheet, explained: dict[int, Any]) -> Any:
    texts = [line.rationale for lines in explained.values() for line in lines]
    return reviewing.list_cited(sheet.module, texts)


def _go(attempt_id: int, go: str, numbers: list[int]) -> Any:
    """Follow the pressed button: next, prev, to-3, flag-3, strike-3:A, mark-3 (show the reasons), check, leave."""
    if go == "check":
        return redirect(url_for("quiz.check", attempt_id=attempt_id))
    sheet = sheets.get_sheet(me().id, attempt_id, [])
    if sheet.attempt.finished_at:
        return redirect(_where(sheet))
    if go == "leave":
        flash("Saved. Go on whenever you like, on any device.", "success")
        return redirect(url_for("learn.dashboard"))
    current = numbers[0] if numbers else 1
    verb, _, rest = go.partition("-")
    named = _number(rest.partition(":")[0], current)
    if verb == "mark":
        try:
            taking.check_answer(me().id, attempt_id, named, now())
        except Refused as refusal:
            flash(str(refusal), "error")
    target = {"prev": current - 1, "next": current + 1}.get(verb, named)
    if verb in {"check", ""} or target > len(sheet.marks) or (verb == "next" and sheet.layout == "all"):
        return redirect(url_for("quiz.check", attempt_id=attempt_id))
    return redirect(_question_url(sheet, max(target, 1)))


def _number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default


def _read_tab() -> tuple[str, int]:
    """Which open page this is, and its own count of saves; script fills them in, without it they are empty."""
    return request.form.get("tab", "")[:40], _number(request.form.get("tab_seq", ""), 0)


def _read_incoming() -> list[Incoming]:
    """What the page holds: for each `n` its fields `q<n>-answer`, `-sure`, `-flag`, `-struck`, `-seq`.

    An answer in parts has `q<n>-answer-<part>` for each. A flag or rule-out button adds its toggle, so that both work
    without script.
    """
    numbers = sorted({_number(text, 0) for text in request.form.getlist("n")})
    go = request.form.get("go", "")
    sent: dict[str, dict[str, list[str]]] = {}
    for name, values in request.form.lists():
        number, _, rest = name.partition("-")
        sent.setdefault(number, {})[rest] = values
    incoming = []
    for n in numbers:
        field = f"q{n}-"
        struck = set(request.form.getlist(field + "struck"))
        raw = {name: values for name, values in sent.get(f"q{n}", {}).items() if name.split("-")[0] == "answer"}
        flagged = request.form.get(field + "flag") == "1"
        if go == f"flag-{n}":
            flagged = not flagged
        if go.startswith(f"strike-{n}:"):
            letter = go.partition(":")[2]
            struck ^= {letter}
            if letter in struck:
                raw["answer"] = [a for a in raw.get("answer", ()) if a != letter]
        incoming.append(
            Incoming(
                number=n,
                raw=raw,
                confidence=request.form.get(field + "sure", ""),
                is_flagged=flagged,
                struck=tuple(sorted(struck)),
                known_seq=_number(request.form.get(field + "seq", ""), 0),
            )
        )
    return incoming
