"""Time limits: the server keeps the time, what comes too late is kept and never counts, each attempt ends once."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from quizapp.commands.jobs import handlers_for
from quizapp.domain.attempts import Kind, StepKind, Verdict
from quizapp.domain.errors import NotFound, Refused
from quizapp.services import closing, jobs, publishing, reviewing, sheets, starting, studying, taking, timing
from quizapp.services.taking import Incoming, Saved
from quizapp.store.attempts import AttemptFacts, StepRow
from quizapp.store.db import reading
from quizapp.store.marks import ContributionRow
from tests.content import FIRST, N_FIRST, write_course
from tests.people import ALICE, MALLORY, START, Clock
from tests.services.test_taking import answer_all, at_once

pytestmark = pytest.mark.each_database

LIMIT_MINUTES = 30
DUE = START + dt.timedelta(minutes=LIMIT_MINUTES)
CLOSES = DUE + dt.timedelta(seconds=starting.GRACE_SECONDS)
TOO_LATE = CLOSES + dt.timedelta(microseconds=1)
JOB_AT = CLOSES + timing.SETTLE


@pytest.fixture(autouse=True)
def _in_app(app: Flask, tmp_path: Path) -> Iterator[None]:
    """A course whose first quiz has a time limit."""
    context = app.app_context()
    context.push()
    assert not publishing.publish_course(write_course(tmp_path / "timed", LIMIT_MINUTES), START).problems
    yield
    context.pop()


@pytest.fixture
def attempt_id(_in_app: None) -> int:
    """Alice's open quiz of the first module, begun at 9:00 for half an hour."""
    return starting.start(ALICE.id, FIRST, Kind.QUIZ, 7, START).attempt.id


def facts(attempt_id: int) -> AttemptFacts:
    return sheets.get_sheet(ALICE.id, attempt_id, []).attempt


def list_steps(attempt_id: int) -> list[tuple[Any, ...]]:
    columns = (StepRow.seq, StepRow.kind, StepRow.position, StepRow.at, StepRow.tab, StepRow.tab_seq)
    query = select(*columns).where(StepRow.attempt_id == attempt_id).order_by(StepRow.seq)
    with reading() as connection:
        return [tuple(row) for row in connection.execute(query)]


def kinds(attempt_id: int) -> list[str]:
    return [step[1] for step in list_steps(attempt_id)]


def count_graded(attempt_id: int) -> int:
    """How many answers were graded that are not blank."""
    query = select(func.count()).where(
        ContributionRow.attempt_id == attempt_id, ContributionRow.response_class != "blank"
    )
    with reading() as connection:
        return int(connection.scalar(query) or 0)


def save(
    attempt_id: int, now: dt.datetime, letter: str = "A", number: int = 1, tab: str = "", tab_seq: int = 0, seq: int = 0
) -> Saved:
    sent = Incoming(number, {"answer": [letter]}, known_seq=seq)
    return taking.save_answers(ALICE.id, attempt_id, [sent], now, tab, tab_seq)[0]


def run_jobs(now: dt.datetime) -> None:
    while jobs.run_due_jobs({timing.JOB: closing.close_by_job}, now):
        pass


def test_the_end_is_pinned_at_the_start_whatever_is_published_or_set_later(attempt_id: int, tmp_path: Path) -> None:
    assert (facts(attempt_id).due_at, facts(attempt_id).closes_at) == (DUE, CLOSES)
    publishing.publish_course(write_course(tmp_path / "shorter", 1), START)
    assert starting.start(ALICE.id, FIRST, Kind.QUIZ, 8, START, grace_seconds=99).attempt.id == attempt_id
    assert (facts(attempt_id).due_at, facts(attempt_id).closes_at) == (DUE, CLOSES)
    hers = starting.start(MALLORY.id, FIRST, Kind.QUIZ, 7, START, grace_seconds=0).attempt.id
    attempt = sheets.get_sheet(MALLORY.id, hers, []).attempt
    assert attempt.due_at == attempt.closes_at == START + dt.timedelta(minutes=1)


def test_practice_and_a_quiz_without_a_limit_have_no_end(attempt_id: int, tmp_path: Path) -> None:
    practice = starting.start(ALICE.id, FIRST, Kind.PRACTICE, 1, START).attempt.id
    publishing.publish_course(write_course(tmp_path / "free"), START)
    free = starting.start(MALLORY.id, FIRST, Kind.QUIZ, 1, START).attempt.id
    much_later = START + dt.timedelta(days=400)
    run_jobs(much_later)
    assert closing.close_due(much_later) == 0, "the only one with an end was closed by its job"
    assert sheets.open_sheet(ALICE.id, practice, much_later, []).attempt.finished_at is None
    assert sheets.open_sheet(MALLORY.id, free, much_later, []).attempt.finished_at is None


def test_an_answer_counts_until_the_last_moment_of_the_grace_and_not_one_microsecond_longer(attempt_id: int) -> None:
    assert save(attempt_id, DUE, number=1).verdict is Verdict.ACCEPT
    assert save(attempt_id, CLOSES, number=2).verdict is Verdict.ACCEPT
    late = save(attempt_id, TOO_LATE, number=3)
    assert (late.verdict, late.seq, late.kept) == (Verdict.LATE, 0, "")
    assert kinds(attempt_id) == ["start", "save", "save", "finish", "late"]
    sheet = sheets.get_sheet(ALICE.id, attempt_id)
    assert [m.is_answered for m in sheet.marks] == [True, True] + [False] * (N_FIRST - 2)
    assert (sheet.attempt.finished_at, sheet.attempt.is_timed_out) == (DUE, True)
    assert sheet.questions[2].state.late is not None
    assert count_graded(attempt_id) == 2
    assert reviewing.get_result(ALICE.id, attempt_id).late == (3,)


TOUCHES: dict[str, Callable[[int, dt.datetime], object]] = {
    "a page": lambda i, now: sheets.open_sheet(ALICE.id, i, now, [1]),
    "a save": lambda i, now: save(i, now, "B", number=2),
    "a save of what is kept": save,
    "the finish button": lambda i, now: taking.finish(ALICE.id, i, now),
    "the list of her modules": lambda i, now: closing.close_due(now, ALICE.id),
    "a new start": lambda i, now: starting.start(ALICE.id, FIRST, Kind.QUIZ, 8, now).attempt.id,
    "the job": lambda i, now: run_jobs(now),
    "the command": lambda i, now: closing.close_due(now),
}


@pytest.mark.parametrize("touch", TOUCHES)
def test_whoever_meets_an_attempt_whose_time_is_over_closes_it_as_of_its_end_with_what_was_kept(
    attempt_id: int, touch: str
) -> None:
    save(attempt_id, START)
    later = START + dt.timedelta(hours=5)
    TOUCHES[touch](attempt_id, later)
    ended = facts(attempt_id)
    assert (ended.finished_at, ended.is_timed_out, ended.is_passed) == (DUE, True, False)
    assert count_graded(attempt_id) == 1
    for again in TOUCHES.values():
        again(attempt_id, later + dt.timedelta(hours=1))
    assert kinds(attempt_id).count(StepKind.FINISH) == 1
    assert facts(attempt_id) == ended
    assert count_graded(attempt_id) == 1
    assert reviewing.get_result(ALICE.id, attempt_id).minutes == LIMIT_MINUTES


@pytest.mark.parametrize("touch", [t for t in TOUCHES if t != "the finish button"])
def test_nobody_closes_an_attempt_while_an_answer_still_counts(attempt_id: int, touch: str) -> None:
    TOUCHES[touch](attempt_id, CLOSES)
    assert facts(attempt_id).finished_at is None


def test_a_pass_by_what_was_kept_in_time_opens_the_next_module(attempt_id: int) -> None:
    answer_all(ALICE.id, attempt_id)
    run_jobs(JOB_AT)
    assert facts(attempt_id).is_passed
    assert studying.get_standing(ALICE.id, "second")[1].missing == ()


def test_after_the_end_a_new_start_is_a_new_attempt(attempt_id: int) -> None:
    again = starting.start(ALICE.id, FIRST, Kind.QUIZ, 8, TOO_LATE).attempt.id
    assert again != attempt_id
    assert facts(again).number == 2
    assert facts(attempt_id).finished_at == DUE


def test_late_answers_are_kept_once_however_often_and_in_whatever_order_they_come(attempt_id: int) -> None:
    save(attempt_id, START, "A", tab="t", tab_seq=1)
    sent = [("B", "t", 2), ("A", "t", 1), ("B", "u", 1), ("A", "t", 3)]
    for _ in range(3):
        for letter, tab, tab_seq in sent:
            save(attempt_id, TOO_LATE, letter, tab=tab, tab_seq=tab_seq)
    late = [step[4:] for step in list_steps(attempt_id) if step[1] == StepKind.LATE]
    assert late == [("t", 2), ("u", 1), ("t", 3)]
    question = sheets.get_sheet(ALICE.id, attempt_id, [1]).questions[0]
    assert question.chosen == {"A"}


def test_a_save_that_was_accepted_in_time_and_is_sent_again_afterwards_is_told_that_it_counts(attempt_id: int) -> None:
    first = save(attempt_id, CLOSES, "A", tab="t", tab_seq=1)
    again = save(attempt_id, JOB_AT, "A", tab="t", tab_seq=1)
    assert (again.verdict, again.seq, again.kept) == (Verdict.REPEAT, first.seq, first.kept)
    assert StepKind.LATE not in kinds(attempt_id)


def test_one_late_save_may_carry_answers_that_count_and_answers_that_do_not(attempt_id: int) -> None:
    save(attempt_id, START, "A", number=1, tab="t", tab_seq=1)
    sent = [Incoming(n, {"answer": ["A"]}) for n in (1, 2)]
    verdicts = [s.verdict for s in taking.save_answers(ALICE.id, attempt_id, sent, TOO_LATE, "t", 2)]
    assert verdicts == [Verdict.REPEAT, Verdict.LATE]


def test_a_late_save_of_a_question_that_is_not_there_closes_nothing_and_keeps_nothing(attempt_id: int) -> None:
    with pytest.raises(NotFound):
        save(attempt_id, TOO_LATE, number=N_FIRST + 1)
    assert kinds(attempt_id) == ["start"]
    with pytest.raises(NotFound):
        taking.save_answers(MALLORY.id, attempt_id, [Incoming(1, {"answer": ["A"]})], TOO_LATE)
    with pytest.raises(NotFound):
        sheets.open_sheet(MALLORY.id, attempt_id, TOO_LATE)
    assert kinds(attempt_id) == ["start"]


def test_an_attempt_that_its_owner_finished_refuses_what_comes_after_even_past_the_end(attempt_id: int) -> None:
    taking.finish(ALICE.id, attempt_id, START)
    for moment in (START, TOO_LATE):
        with pytest.raises(Refused, match="finished"):
            save(attempt_id, moment)
    run_jobs(JOB_AT)
    assert facts(attempt_id).finished_at == START
    assert not facts(attempt_id).is_timed_out


def test_finishing_within_the_grace_ends_at_the_end_and_what_comes_then_is_late(attempt_id: int) -> None:
    assert taking.finish(ALICE.id, attempt_id, CLOSES).finished_at == DUE
    assert save(attempt_id, CLOSES).verdict is Verdict.LATE


def test_closing_from_eight_threads_grades_once(app: Flask, attempt_id: int) -> None:
    save(attempt_id, START)
    closed = at_once(app, 8, lambda _: closing.close_attempt(attempt_id, TOO_LATE))
    assert sorted(closed) == [False] * 7 + [True]
    assert kinds(attempt_id) == ["start", "save", "finish"]
    assert count_graded(attempt_id) == 1


def test_a_save_in_time_that_waits_while_others_close_is_kept_either_way(app: Flask, attempt_id: int) -> None:
    def go(thread: int) -> Verdict | None:
        if thread % 2:
            closing.close_attempt(attempt_id, TOO_LATE)
            return None
        return save(attempt_id, CLOSES, number=1 + thread // 2, tab=f"t{thread}", tab_seq=1).verdict

    verdicts = at_once(app, 8, go)
    assert {v for v in verdicts if v} <= {Verdict.ACCEPT, Verdict.LATE}
    assert kinds(attempt_id).count(StepKind.SAVE) == verdicts.count(Verdict.ACCEPT) == count_graded(attempt_id)
    assert kinds(attempt_id).count(StepKind.LATE) == verdicts.count(Verdict.LATE)


def test_the_job_is_left_by_the_start_once_and_is_safe_to_run_again(app: Flask, attempt_id: int, clock: Clock) -> None:
    starting.start(ALICE.id, FIRST, Kind.QUIZ, 8, START)
    (job,) = jobs.get_desk()[1]
    assert (job.kind, job.due_at) == (timing.JOB, JOB_AT)
    assert timing.JOB in handlers_for(app.config)
    run_jobs(CLOSES)
    assert facts(attempt_id).finished_at is None
    for _ in range(2):
        closing.close_by_job({"format": 1, "attempt_id": attempt_id}, JOB_AT)
        closing.close_by_job({"format": 1, "attempt_id": 10**6}, JOB_AT)
    assert kinds(attempt_id) == ["start", "finish"]


def test_the_command_closes_what_is_due_and_says_how_many(app: Flask, attempt_id: int, clock: Clock) -> None:
    starting.start(MALLORY.id, FIRST, Kind.QUIZ, 7, START + dt.timedelta(minutes=10))
    said = []
    for minutes in (30, 1, 10, 10):
        clock.advance(minutes=minutes)
        said.append(app.test_cli_runner().invoke(args=["attempts", "close-due"]).output.strip())
    assert said == ["0 attempts closed.", "1 attempt closed.", "1 attempt closed.", "0 attempts closed."]


def test_a_clock_that_is_set_back_reopens_nothing_and_reorders_nothing(attempt_id: int) -> None:
    back = START - dt.timedelta(hours=1)
    assert save(attempt_id, START, "A", tab="t", tab_seq=1).seq == 2
    assert save(attempt_id, back, "B", tab="t", tab_seq=2).seq == 3
    assert sheets.get_sheet(ALICE.id, attempt_id, [1]).questions[0].chosen == {"B"}
    assert save(attempt_id, back, "A", tab="t", tab_seq=1).verdict is Verdict.REPEAT
    run_jobs(JOB_AT)
    ended = facts(attempt_id)
    for moment in (back, START, DUE):
        assert save(attempt_id, moment, "A", tab="t", tab_seq=9).verdict is Verdict.LATE
        assert sheets.open_sheet(ALICE.id, attempt_id, moment, []).attempt == ended
        assert taking.finish(ALICE.id, attempt_id, moment) == ended
        assert not closing.close_attempt(attempt_id, moment)
    assert sheets.get_sheet(ALICE.id, attempt_id, [1]).questions[0].chosen == {"B"}
    assert kinds(attempt_id) == ["start", "save", "save", "finish", "late"]
