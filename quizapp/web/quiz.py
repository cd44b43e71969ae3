"""Taking a quiz or practice set, and looking back at it. Works as plain forms; quiz.js saves each answer on its own."""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from wtforms import BooleanField
from wtforms.validators import InputRequired

from quizapp.domain.attempts import Confidence, Feedback, Kind, Verdict
from quizapp.domain.errors import NotFound, Refused, StorageUnavailable
from quizapp.domain.passage import Passage
from quizapp.services import regrading, reviewing, sheets, starting, taking, timing
from quizapp.services.sheets import Sheet
from quizapp.services.taking import Incoming, Saved
from quizapp.web.access import SIGNED_IN, me, now, page
from quizapp.web.display import show_time
from quizapp.web.due import once_closed, show_end

bp = Blueprint("quiz", __name__, url_prefix="/quiz")

SURE = {Confidence.SURE: "Sure", Confidence.THINK_SO: "Think so", Confidence.GUESS: "Guess"}
IDLE_SECONDS = 600
"""Of one visit to a question no more is counted: somebody who looks for longer is somewhere else."""
LATE = "This arrived after the time ended. It is kept and marked late; it does not count."
LOCKED = "The answer to question {} arrived after it was locked, and is not kept: the one that was there counts."


class FinishForm(FlaskForm):  # type: ignore[misc]
    """The one attestation before an attempt is graded."""

    own = BooleanField(validators=[InputRequired("Tick this box to agree to the statement.")])


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
    """One question; from one that is locked or still ahead, to the open one that stands for it."""
    sheet = _open_question(attempt_id, number)
    if sheet.attempt.finished_at or sheet.layout != "one":
        return redirect(_where(sheet))
    if sheet.attempt.is_paused(now()):
        return redirect(url_for("clock.paused", attempt_id=attempt_id, at=number))
    if not sheet.marks[number - 1].is_open:
        return redirect(_turn_to(sheet, number))
    return _show(sheet)


@bp.get("/attempts/<int:attempt_id>/all")
@page(SIGNED_IN, service=sheets.open_sheet, template="quiz/question.html", owns="attempt_id")
def all_questions(attempt_id: int) -> Any:
    sheet = sheets.open_sheet(me().id, attempt_id, now())
    if sheet.attempt.finished_at or sheet.layout != "all":
        return redirect(_where(sheet))
    if sheet.attempt.is_paused(now()):
        return redirect(url_for("clock.paused", attempt_id=attempt_id))
    return _show(sheet)


@bp.post("/attempts/<int:attempt_id>/answers")
@page(SIGNED_IN, service=taking.save_answers, template="quiz/question.html", owns="attempt_id")
def answer(attempt_id: int) -> Any:
    """Every button of a question page: keep what the page holds, then go where the button says."""
    incoming = _read_incoming()
    try:
        saved = taking.save_answers(me().id, attempt_id, incoming, now(), *_read_tab())
    except StorageUnavailable:
        numbers = [entry.number for entry in incoming]
        return _show(_sheet_of(attempt_id, numbers), incoming=incoming, unsaved=True), 503, {"Retry-After": "30"}
    is_late = any(s.verdict is Verdict.LATE for s in saved)
    stale = [s for s in saved if s.verdict is Verdict.STALE]
    sheet = _sheet_of(attempt_id, [s.number for s in stale]) if stale else None
    if sheet and not sheet.attempt.finished_at:
        return _show(sheet, incoming=incoming, stale=stale), 409
    for s in stale:  # the time has ended meanwhile
        flash(LOCKED.format(s.number), "error")
    if is_late:
        flash(LATE, "error")
    if stale or is_late:
        return redirect(url_for("quiz.result", attempt_id=attempt_id))
    go = request.form.get("go", "next")
    if go == "pause" or (go != "leave" and any(s.timing and s.timing.is_paused(now()) for s in saved)):
        return _stand_still(attempt_id)
    if go == "check":  # that page sees for itself how the attempt stands
        return redirect(url_for("quiz.check", attempt_id=attempt_id))
    return _go(attempt_id, go, {s.number: s.seq for s in saved})


@bp.post("/attempts/<int:attempt_id>/save")
@page(SIGNED_IN, service=taking.save_answers, owns="attempt_id")
def save(attempt_id: int) -> Any:
    """The background save: says `Saved` only after the answer is on disk, slot by slot.

    Verdicts: `accept` and `repeat` count, `stale` is not kept, `late` is kept and does not count. `locked`: no other
    answer to this question can be kept any more. Once the attempt was finished by hand, every save is refused with 409.
    """
    saved = taking.save_answers(me().id, attempt_id, _read_incoming(), now(), *_read_tab())
    return {
        "saved_at": show_time(now()),
        "time": show_end(saved[0].timing, now()) if saved else None,
        "slots": [
            {"number": s.number, "seq": s.seq, "verdict": s.verdict, "kept": s.kept, "caution": s.caution}
            | {"locked": s.is_locked}
            for s in saved
        ],
    }


@bp.route("/attempts/<int:attempt_id>/check", methods=["GET", "POST"])
@page(SIGNED_IN, service=taking.finish, template="quiz/finish.html", owns="attempt_id")
def check(attempt_id: int) -> Any:
    """Check before you finish; the button there finishes."""
    form = FinishForm()
    is_agreed = form.validate_on_submit()
    is_done = is_agreed
    if not is_done:
        sheet = sheets.open_sheet(me().id, attempt_id, now())
        if request.method == "GET" and sheet.attempt.is_paused(now()):
            return redirect(url_for("clock.paused", attempt_id=attempt_id))
        is_done = request.method == "POST" and sheet.attempt.kind is not Kind.QUIZ  # nothing to attest
        if not is_done and sheet.attempt.finished_at is None:
            status = 400 if request.method == "POST" else 200
            body = render_template("quiz/finish.html", sheet=sheet, form=form, sure=SURE, question_url=_question_url)
            return body, status
    if is_done:
        taking.finish(me().id, attempt_id, now(), is_agreed=is_agreed)
    return redirect(url_for("quiz.result", attempt_id=attempt_id))


@bp.get("/attempts/<int:attempt_id>/result")
@page(SIGNED_IN, service=reviewing.get_result, template="quiz/result.html", owns="attempt_id")
def result(attempt_id: int) -> Any:
    result = once_closed(lambda: reviewing.get_result(me().id, attempt_id))
    shown = request.args.get("show", "all")
    texts = [line.rationale for q in result.reviewed for line in q.lines]
    sources = reviewing.list_cited(result.module, texts)
    outlook = starting.get_outlook(me().id, result.module.id, now())
    return render_template(
        "quiz/result.html",
        result=result,
        module=result.module,
        outlook=outlook,
        shown=shown,
        sure=SURE,
        sources=sources,
    )


@bp.post("/attempts/<int:attempt_id>/rescored")
@page(SIGNED_IN, service=regrading.put_away, owns="attempt_id")
def rescored(attempt_id: int) -> Any:
    """Put the notice away that says how an attempt was marked again."""
    regrading.put_away(me().id, attempt_id, now())
    return redirect(url_for("learn.dashboard"))


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


def _sheet_of(attempt_id: int, numbers: Iterable[int]) -> Sheet:
    """The page that these questions are on: where each has its own, that of the first, or where its way leads."""
    sheet, number = sheets.get_sheet(me().id, attempt_id, []), next(iter(numbers), 1)
    if sheet.layout == "all":
        return sheets.get_sheet(me().id, attempt_id)
    wanted = number if sheet.attempt.finished_at else sheet.find_open(number)
    return sheets.get_sheet(me().id, attempt_id, [wanted])


def _open_question(attempt_id: int, number: int) -> Sheet:
    """The page of one question, or of none where that question is still ahead."""
    try:
        return sheets.open_sheet(me().id, attempt_id, now(), [number])
    except NotFound:
        sheet = sheets.open_sheet(me().id, attempt_id, now(), [])
        if not 1 <= number <= len(sheet.marks):
            raise
        return sheet


def _turn_to(sheet: Sheet, number: int) -> str:
    """The address of a question; for one that is closed, of the open one that stands for it, with a sentence why."""
    passage = sheet.marks[number - 1].passage
    if passage is Passage.PASSED:
        flash(f"Question {number} is locked: you went on from it.")
    elif passage is Passage.AHEAD:
        flash(f"Question {number} is not there yet: it comes after the ones before it.")
    return _question_url(sheet, sheet.find_open(number))


def _show(
    sheet: Sheet,
    *,
    incoming: list[Incoming] | None = None,
    stale: list[Saved] | None = None,
    unsaved: bool = False,
    blank: int | None = None,
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
        blank=blank,
        now=now(),
        explained=explained,
        sources=_sources(sheet, explained),
        sure=SURE,
        can_check=sheet.feedback is not Feedback.DEFERRED,
        question_url=_question_url,
    )


def _sources(sheet: Sheet, explained: dict[int, Any]) -> Any:
    texts = [line.rationale for lines in explained.values() for line in lines]
    return reviewing.list_cited(sheet.module, texts)


def _stand_still(attempt_id: int) -> Any:
    """Stop the clock, and show that it stands; where nothing is left to pause, say so."""
    if timing.pause(me().id, attempt_id, now()).is_paused(now()):
        return redirect(url_for("clock.paused", attempt_id=attempt_id, at=_number(request.form.get("at", ""), 0)))
    flash("The clock goes on: nothing is left to pause.", "error")
    return redirect(url_for("quiz.attempt", attempt_id=attempt_id))


def _go(attempt_id: int, go: str, seqs: Mapping[int, int]) -> Any:
    """Follow the pressed button: next, prev, to-3, flag-3, strike-3:A, report-3, check, leave.

    mark-3 checks an answer; pass-3 goes on from a question that this locks, skip-3 also without an answer. `seqs` has
    what the page knows of the questions that it sent.
    """
    sheet = sheets.get_sheet(me().id, attempt_id, [])
    if sheet.attempt.finished_at:
        return redirect(_where(sheet))
    if go == "leave":
        flash("Saved. Go on whenever you like, on any device.", "success")
        return redirect(url_for("learn.dashboard"))
    here = _number(request.form.get("at", ""), min(seqs, default=1))
    verb, _, rest = go.partition("-")
    named = _number(rest.partition(":")[0], here)
    if verb == "report":
        return redirect(url_for("problems.report", attempt_id=attempt_id, number=named))
    if verb == "mark":
        return _mark(sheet, named, seqs.get(named))
    if verb in {"pass", "skip"} or (verb == "next" and sheet.layout == "one"):
        return _go_on(sheet, named, seqs.get(named), is_blank_meant=verb == "skip")
    target = max(named, 1) if verb != "prev" else sheet.find_previous(here) or here
    is_end = verb in {"", "next"} or target > len(sheet.marks)
    return redirect(url_for("quiz.check", attempt_id=attempt_id) if is_end else _turn_to(sheet, target))


def _mark(sheet: Sheet, number: int, known_seq: int | None) -> Any:
    """Check one answer, and show what came of it."""
    try:
        taking.check_answer(me().id, sheet.attempt.id, number, now(), known_seq)
    except Refused as refusal:
        flash(str(refusal), "error")
    return redirect(_question_url(sheet, number))


def _go_on(sheet: Sheet, number: int, known_seq: int | None, *, is_blank_meant: bool) -> Any:
    """To the next open question, or to the check after the last. Where this locks it, ask once if it is empty."""
    attempt_id = sheet.attempt.id
    if 1 <= number <= len(sheet.marks) and sheet.marks[number - 1].is_followed:
        try:
            is_done = taking.pass_question(me().id, attempt_id, number, now(), known_seq, is_blank_meant=is_blank_meant)
        except Refused as refusal:
            flash(str(refusal), "error")
            return redirect(_question_url(sheet, sheet.find_open(number)))
        if not is_done:
            return _show(_sheet_of(attempt_id, [number]), blank=number), 409
        sheet = sheets.open_sheet(me().id, attempt_id, now(), [])
        if sheet.attempt.finished_at:
            return redirect(_where(sheet))
    following = sheet.find_next(number)
    if following is None:
        return redirect(url_for("quiz.check", attempt_id=attempt_id))
    return redirect(_question_url(sheet, following))


def _number(text: str, default: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else default


def _read_visit(n_sent: int) -> int:
    """The seconds of this visit to a page without script, for each of its questions.

    The script counts what was on the screen, question by question. Without it, the time since the page was made is
    shared by its questions.
    """
    shown_at = request.form.get("shown_at", "")
    is_time = len(shown_at) == 10 and shown_at.isascii() and shown_at.isdigit()
    visit = int(now().timestamp()) - int(shown_at) if is_time else 0
    return min(max(visit, 0), IDLE_SECONDS) // max(n_sent, 1)


def _read_tab() -> tuple[str, int]:
    """Which open page this is, and its own count of saves; script fills them in, without it they are empty."""
    return request.form.get("tab", "")[:40], _number(request.form.get("tab_seq", ""), 0)


def _read_incoming() -> list[Incoming]:
    """What the page holds: for each `n` its fields `q<n>-answer`, `-sure`, `-flag`, `-struck`, `-seq`.

    An answer in parts has `q<n>-answer-<part>` for each. A flag or rule-out button adds its toggle, so that both work
    without script.
    """
    numbers = sorted({_number(text, 0) for text in request.form.getlist("n")})
    go, visit = request.form.get("go", ""), _read_visit(len(numbers))
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
                seconds=_number(request.form.get(field + "spent", ""), 0) + visit,
            )
        )
    return incoming
