"""Accommodations and pauses: granted once, in force at once, audited, and no time is gained or lost by any of it."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from quizapp.domain.accommodations import NONE, Accommodation
from quizapp.domain.attempts import Kind, StepKind, Verdict
from quizapp.domain.errors import Invalid, NotFound
from quizapp.services import accommodations, closing, publishing, reviewing, sheets, starting, taking, timing
from quizapp.services.taking import Incoming
from quizapp.store.attempts import AttemptFacts, StepRow
from quizapp.store.audit import AuditEntry
from quizapp.store.db import reading
from tests.content import FIRST, write_course
from tests.people import ALICE, BOB, CAROL, MALLORY, START
from tests.services.test_taking import at_once
from tests.services.test_time_limits import LIMIT_MINUTES, count_graded, facts, kinds, run_jobs, save

pytestmark = pytest.mark.each_database

GRACE = dt.timedelta(seconds=starting.GRACE_SECONDS)
MORE = Accommodation(extra_percent=50, pause_minutes=10)


@pytest.fixture(autouse=True)
def _in_app(app: Flask, tmp_path: Path) -> Iterator[None]:
    """A course whose first quiz has a time limit."""
    context = app.app_context()
    context.push()
    assert not publishing.publish_course(write_course(tmp_path / "timed", LIMIT_MINUTES), START).problems
    yield
    context.pop()


def at(minutes: float, seconds: float = 0) -> dt.datetime:
    return START + dt.timedelta(minutes=minutes, seconds=seconds)


def grant(granted: Accommodation, now: dt.datetime = START, person_id: int = ALICE.id) -> bool:
    return accommodations.change(person_id, granted, reason="Agreed.", actor_id=CAROL.id, now=now)


def begin(person_id: int = ALICE.id, kind: Kind = Kind.QUIZ, now: dt.datetime = START) -> int:
    return starting.start(person_id, FIRST, kind, 7, now).attempt.id


def moves(attempt_id: int) -> list[tuple[str, dt.datetime, dt.datetime]]:
    """What moved the end: the kind of step, from when, to when."""
    query = select(StepRow.kind, StepRow.data).where(StepRow.attempt_id == attempt_id).order_by(StepRow.seq)
    with reading() as connection:
        rows = [(kind, data) for kind, data in connection.execute(query) if "to" in data]
    return [(kind, *(dt.datetime.fromisoformat(data[side]) for side in ("from", "to"))) for kind, data in rows]  # type: ignore[misc]


def audit() -> list[Any]:
    query = select(AuditEntry).where(AuditEntry.action == "accommodation changed").order_by(AuditEntry.id)
    with reading() as connection:
        return list(connection.execute(query))


# --- granted once, applied everywhere -------------------------------------------------------------------------------


def test_what_was_granted_lengthens_every_limit_from_the_start_and_never_gives_practice_an_end() -> None:
    grant(Accommodation(extra_percent=50, extra_minutes=5, pause_minutes=10))
    attempt = facts(begin())
    assert (attempt.due_at, attempt.closes_at) == (at(50), at(50) + GRACE)
    assert (attempt.limit_minutes, attempt.pause_seconds) == (LIMIT_MINUTES, 600)
    hers = sheets.get_sheet(MALLORY.id, begin(MALLORY.id), []).attempt
    assert (hers.due_at, hers.pause_seconds) == (at(LIMIT_MINUTES), 0), "nobody else's"
    assert facts(begin(kind=Kind.PRACTICE)).due_at is None


def test_a_change_moves_the_end_of_an_attempt_that_runs_at_once_with_a_step_and_a_job_for_the_new_end() -> None:
    attempt_id = begin()
    save(attempt_id, at(1))
    grant(MORE, at(20))
    attempt = facts(attempt_id)
    assert (attempt.due_at, attempt.closes_at, attempt.pause_seconds) == (at(45), at(45) + GRACE, 600)
    assert moves(attempt_id) == [("extend", at(30), at(45))]
    run_jobs(at(30) + GRACE + timing.SETTLE)
    assert facts(attempt_id).finished_at is None, "the job of the first end finds that there is time"
    assert save(attempt_id, at(45) + GRACE, number=2).verdict is Verdict.ACCEPT
    run_jobs(at(45) + GRACE + timing.SETTLE)
    assert facts(attempt_id).finished_at == at(45)
    assert count_graded(attempt_id) == 2
    assert kinds(attempt_id) == ["start", "save", "extend", "save", "finish"]


def test_less_time_never_moves_an_end_into_the_past() -> None:
    grant(Accommodation(extra_percent=100))
    attempt_id = begin()
    grant(NONE, at(10))
    assert facts(attempt_id).due_at == at(30)
    grant(Accommodation(extra_minutes=30), at(10))
    grant(NONE, at(40))
    assert facts(attempt_id).due_at == at(40)
    assert save(attempt_id, at(40) + GRACE).verdict is Verdict.ACCEPT
    run_jobs(at(40) + GRACE + timing.SETTLE)
    assert facts(attempt_id).finished_at == at(40)


def test_a_change_leaves_what_is_over_finished_or_without_an_end_as_it_is() -> None:
    over = begin()
    finished = starting.start(MALLORY.id, FIRST, Kind.QUIZ, 7, START).attempt.id
    taking.finish(MALLORY.id, finished, at(1))
    practice = begin(kind=Kind.PRACTICE)
    before = [facts(over), facts(practice), sheets.get_sheet(MALLORY.id, finished, []).attempt]
    late = at(30) + GRACE + dt.timedelta(microseconds=1)
    grant(MORE, late)
    grant(MORE, late, MALLORY.id)
    assert [facts(over), facts(practice), sheets.get_sheet(MALLORY.id, finished, []).attempt] == before
    assert sheets.open_sheet(ALICE.id, over, late, []).attempt.finished_at == at(30)


def test_a_change_is_audited_with_who_when_from_to_and_why_and_the_same_again_is_no_change() -> None:
    assert grant(MORE)
    assert not grant(MORE, at(1))
    assert grant(NONE, at(2))
    first, second = audit()
    assert (first.at, first.actor_id, first.subject, first.reason) == (START, CAROL.id, f"person:{ALICE.id}", "Agreed.")
    nothing, more = ({"format": 1, **each.to_json()} for each in (NONE, MORE))
    assert [(entry.before, entry.after) for entry in (first, second)] == [(nothing, more), (more, nothing)]
    granted, changes = accommodations.get_person(ALICE.id)
    assert not granted.accommodation
    assert [(c.at, c.actor, c.before, c.after, c.reason) for c in changes] == [
        (at(2), CAROL.name, MORE, NONE, "Agreed."), (START, CAROL.name, NONE, MORE, "Agreed."),
    ]  # fmt: skip


@pytest.mark.parametrize("reason", ["", " \n ", "x" * 501])
def test_without_a_reason_nothing_is_granted(reason: str) -> None:
    attempt_id = begin()
    with pytest.raises(Invalid, match="Say why"):
        accommodations.change(ALICE.id, MORE, reason=reason, actor_id=CAROL.id, now=START)
    with pytest.raises(NotFound):
        grant(MORE, person_id=10**6)
    assert audit() == []
    assert facts(attempt_id).due_at == at(LIMIT_MINUTES)
    with pytest.raises(NotFound):
        accommodations.get_person(10**6)


def test_the_registrar_finds_people_by_a_part_of_name_or_address_and_sees_who_has_something() -> None:
    assert accommodations.get_desk().granted == ()
    grant(MORE)
    grant(Accommodation(extra_attempts=1), person_id=BOB.id)
    desk = accommodations.get_desk("  LEARNer ")
    assert [(g.name, g.accommodation) for g in desk.granted] == [
        (ALICE.name, MORE), (BOB.name, Accommodation(extra_attempts=1)),
    ]  # fmt: skip
    assert [(g.person_id, g.email, g.accommodation) for g in desk.found] == [(ALICE.id, ALICE.email, MORE)]
    assert [g.name for g in accommodations.get_desk("mallory@").found] == [MALLORY.name]
    for nobody in ("%", "_", "\\", "alice_test", "x" * 300, "\x01"):
        assert accommodations.get_desk(nobody).found == ()
    assert [g.name for g in accommodations.get_desk(after_email=ALICE.email).granted] == [BOB.name]


def test_a_start_and_a_change_at_the_same_time_agree_on_the_end(app: Flask) -> None:
    def go(thread: int) -> None:
        if thread % 2:
            grant(Accommodation(extra_minutes=thread), person_id=ALICE.id)
        else:
            begin()

    at_once(app, 8, go)
    with reading() as connection:
        granted = accommodations.find(connection, ALICE.id)
    assert facts(begin()).due_at == START + granted.lengthen(LIMIT_MINUTES)
    assert len(audit()) == 4


def test_a_change_and_a_closing_at_the_same_time_end_the_attempt_once(app: Flask) -> None:
    attempt_id = begin()
    just_over, in_time = at(30) + GRACE + dt.timedelta(microseconds=1), at(30) + GRACE

    def go(thread: int) -> None:
        if thread % 2:
            grant(Accommodation(extra_minutes=thread), in_time)
        else:
            closing.close_attempt(attempt_id, just_over)

    at_once(app, 8, go)
    attempt = facts(attempt_id)
    if attempt.finished_at is None:
        assert attempt.due_at > at(30)  # type: ignore[operator]
    else:
        assert (attempt.due_at, attempt.finished_at) == (at(30), at(30))
    assert kinds(attempt_id).count(StepKind.FINISH) == (attempt.finished_at is not None)


# --- pauses ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def attempt_id(_in_app: None) -> int:
    """Alice's open quiz, begun at 9:00 for half an hour, with ten minutes to pause."""
    grant(Accommodation(pause_minutes=10))
    return begin()


def pause(attempt_id: int, now: dt.datetime) -> AttemptFacts:
    return timing.pause(ALICE.id, attempt_id, now)


def resume(attempt_id: int, now: dt.datetime) -> AttemptFacts:
    return timing.resume(ALICE.id, attempt_id, now)


def test_pauses_move_the_end_by_what_was_paused_until_nothing_is_left(attempt_id: int) -> None:
    assert pause(attempt_id, at(5)).due_at == at(40)
    assert facts(attempt_id).is_paused(at(9))
    assert resume(attempt_id, at(9)).due_at == at(34)
    assert pause(attempt_id, at(10)).due_at == at(40)
    assert not facts(attempt_id).is_paused(at(16))
    assert resume(attempt_id, at(20)).due_at == at(40)
    assert pause(attempt_id, at(21)).paused_at is None, "nothing is left"
    assert moves(attempt_id) == [
        ("pause", at(30), at(40)), ("resume", at(40), at(34)), ("pause", at(34), at(40)), ("resume", at(40), at(40)),
    ]  # fmt: skip


def test_a_pause_that_is_never_ended_ends_by_itself_and_so_does_the_attempt(attempt_id: int) -> None:
    save(attempt_id, at(1))
    pause(attempt_id, at(5))
    run_jobs(at(30) + GRACE + timing.SETTLE)
    assert facts(attempt_id).finished_at is None
    run_jobs(at(40) + GRACE + timing.SETTLE)
    assert facts(attempt_id).finished_at == at(40)
    assert kinds(attempt_id) == ["start", "save", "pause", "finish"]
    assert count_graded(attempt_id) == 1


def test_an_attempt_whose_pause_was_cut_short_closes_at_its_own_end(attempt_id: int) -> None:
    pause(attempt_id, at(5))
    resume(attempt_id, at(6))
    run_jobs(at(31) + GRACE + timing.SETTLE)
    assert facts(attempt_id).finished_at == at(31)


def test_an_answer_that_arrives_during_a_pause_is_kept_and_ends_it(attempt_id: int) -> None:
    pause(attempt_id, at(5))
    saved = save(attempt_id, at(7), tab="t", tab_seq=1)
    assert saved.verdict is Verdict.ACCEPT
    assert saved.timing is not None
    assert saved.timing.due_at == at(32)
    assert not facts(attempt_id).is_paused(at(7))
    assert kinds(attempt_id) == ["start", "pause", "save", "resume"]


def test_an_answer_that_is_sent_once_more_or_is_out_of_date_does_not_end_a_pause(attempt_id: int) -> None:
    seq = save(attempt_id, at(1), "A", tab="t", tab_seq=1).seq
    pause(attempt_id, at(5))
    assert save(attempt_id, at(6), "A", tab="t", tab_seq=1).verdict is Verdict.REPEAT
    assert save(attempt_id, at(6), "B", tab="u", tab_seq=1).verdict is Verdict.STALE
    assert facts(attempt_id).is_paused(at(6))
    assert save(attempt_id, at(7), "B", tab="u", tab_seq=2, seq=seq).verdict is Verdict.ACCEPT
    assert not facts(attempt_id).is_paused(at(7))


def test_finishing_during_a_pause_works_and_ends_both(attempt_id: int) -> None:
    save(attempt_id, at(1))
    pause(attempt_id, at(5))
    ended = taking.finish(ALICE.id, attempt_id, at(8))
    assert (ended.finished_at, ended.is_timed_out, ended.paused_at) == (at(8), False, None)
    assert kinds(attempt_id) == ["start", "save", "pause", "resume", "finish"]
    assert reviewing.get_result(ALICE.id, attempt_id).minutes == 8
    for touch in (pause, resume):
        assert touch(attempt_id, at(9)) == facts(attempt_id), "over is over"


def test_only_its_owner_can_stop_the_clock_and_nobody_once_the_time_is_over(attempt_id: int) -> None:
    for touch in (timing.pause, timing.resume):
        with pytest.raises(NotFound):
            touch(MALLORY.id, attempt_id, at(1))
        with pytest.raises(NotFound):
            touch(ALICE.id, 10**6, at(1))
    for moment in (at(30), at(30) + GRACE, at(31)):
        assert pause(attempt_id, moment).paused_at is None
    assert kinds(attempt_id) == ["start"]


def test_without_pause_minutes_or_without_a_limit_there_is_nothing_to_pause() -> None:
    for attempt_id in (begin(), begin(kind=Kind.PRACTICE)):
        assert pause(attempt_id, at(1)).paused_at is None
        assert resume(attempt_id, at(1)).paused_at is None
        assert kinds(attempt_id) == ["start"]


def test_a_change_during_a_pause_moves_the_end_and_leaves_the_pause_on(attempt_id: int) -> None:
    pause(attempt_id, at(5))
    grant(MORE, at(8))
    assert facts(attempt_id).due_at == at(45 + 10)
    assert resume(attempt_id, at(9)).due_at == at(45 + 4)


def test_pausing_and_going_on_from_eight_threads_is_once_and_adds_up(app: Flask, attempt_id: int) -> None:
    at_once(app, 8, lambda _: pause(attempt_id, at(5)))
    assert kinds(attempt_id) == ["start", "pause"]
    at_once(app, 8, lambda _: resume(attempt_id, at(7)))
    assert kinds(attempt_id) == ["start", "pause", "resume"]
    at_once(app, 8, lambda thread: (pause if thread % 2 else resume)(attempt_id, at(10)))
    attempt = resume(attempt_id, at(11))
    assert attempt.timing is not None
    assert attempt.due_at == at(LIMIT_MINUTES) + dt.timedelta(seconds=attempt.timing.paused_seconds)
    assert 120 <= attempt.timing.paused_seconds <= 180


def test_saves_and_pauses_at_the_same_time_lose_nothing(app: Flask, attempt_id: int) -> None:
    def go(thread: int) -> Verdict | None:
        if thread % 2:
            pause(attempt_id, at(5))
            return None
        return save(attempt_id, at(6), number=1 + thread // 2, tab=f"t{thread}", tab_seq=1).verdict

    verdicts = [v for v in at_once(app, 8, go) if v]
    assert verdicts == [Verdict.ACCEPT] * 4
    steps = kinds(attempt_id)
    assert steps.count(StepKind.SAVE) == 4
    assert 0 <= steps.count(StepKind.PAUSE) - steps.count(StepKind.RESUME) <= 1


# --- how long a question was looked at --------------------------------------------------------------------------------


def look(attempt_id: int, now: dt.datetime, letter: str, seconds: int, tab: str = "", tab_seq: int = 0) -> int:
    """Save with what the page says of the time; what is kept of it."""
    known = sheets.get_sheet(ALICE.id, attempt_id, [1]).questions[0].state.seq
    sent = Incoming(1, {"answer": [letter]}, known_seq=known, seconds=seconds)
    taking.save_answers(ALICE.id, attempt_id, [sent], now, tab, tab_seq)
    return sheets.get_sheet(ALICE.id, attempt_id, [1]).questions[0].state.answer.seconds


def test_the_time_spent_on_a_question_is_kept_with_its_answer_and_shown_in_the_review(attempt_id: int) -> None:
    assert look(attempt_id, at(2), "A", 40) == 40
    assert look(attempt_id, at(3), "B", 65) == 65
    taking.finish(ALICE.id, attempt_id, at(5))
    result = reviewing.get_result(ALICE.id, attempt_id)
    assert result.seconds == 65
    assert [m.state.answer.seconds for m in result.score.marked][:2] == [65, 0]


def test_looking_again_without_a_change_counts_and_makes_no_new_answer(attempt_id: int) -> None:
    look(attempt_id, at(2), "A", 40)
    state = sheets.get_sheet(ALICE.id, attempt_id, [1]).questions[0].state
    assert look(attempt_id, at(3), "A", 90) == 90
    assert look(attempt_id, at(3), "A", 90) == 90
    assert kinds(attempt_id) == ["start", "save", "look"]
    after = sheets.get_sheet(ALICE.id, attempt_id, [1]).questions[0].state
    assert (after.seq, after.at, after.answer) == (state.seq, state.at, state.answer)
    assert look(attempt_id, at(4), "B", 10) == 90, "what is known never becomes less"


@pytest.mark.parametrize("said", [-5, 0, 10**9])
def test_no_more_time_is_believed_than_the_attempt_has_lasted_and_never_less_than_none(
    attempt_id: int, said: int
) -> None:
    assert look(attempt_id, at(2), "A", said) == (120 if said > 0 else 0)
    assert look(attempt_id, at(-60), "B", said) == (120 if said > 0 else 0), "nor by a clock that was set back"
