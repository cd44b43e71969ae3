"""Time limits: the server keeps the time, what comes too late is kept and never counts, each attempt ends once."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select

from quizapp.commands.jobs import handlers_for
from quizapp.domain.attempts import Kind, StepKind, Verdict
from quizapp.domain.errors import NotFound, Refused
from quizapp.services import closing, jobs, publishing, reviewing, studying, taking
from quizapp.services.taking import Incoming, Saved
from quizapp.store.attempts import AttemptFacts, ContributionRow, StepRow
from quizapp.store.db import reading
from tests.content import FIRST, N_FIRST, write_course
from tests.people import ALICE, MALLORY, START, Clock
from tests.services.test_taking import answer_all, at_once

pytestmark = pytest.mark.each_database

LIMIT_MINUTES = 30
DUE = START + dt.timedelta(minutes=LIMIT_MINUTES)
CLOSES = DUE + dt.timedelta(seconds=taking.GRACE_SECONDS)
TOO_LATE = CLOSES + dt.timedelta(microseconds=1)
JOB_AT = CLOSES + closing.SETTLE


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
    return taking.start(ALICE.id, FIRST, Kind.QUIZ, 7, START)


def facts(attempt_id: int) -> AttemptFacts:
    return taking.get_sheet(ALICE.id, attempt_id, []).attempt


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
    while jobs.run_due_jobs({closing.JOB: closing.close_by_job}, now):
        pass


def test_the_end_is_pinned_at_the_start_whatever_is_published_or_set_later(attempt_id: int, tmp_path: Path) -> None:
    assert (facts(attempt_id).due_at, facts(attempt_id).closes_at) == (DUE, CLOSES)
    publishing.publish_course(write_course(tmp_path / "shorter", 1), START)
    assert taking.start(ALICE.id, FIRST, Kind.QUIZ, 8, START, grace_seconds=99) == attempt_id
    assert (facts(attempt_id).due_at, facts(attempt_id).closes_at) == (DUE, CLOSES)
    hers = taking.start(MALLORY.id, FIRST, Kind.QUIZ, 7, START, grace_seconds=0)
    attempt = taking.get_sheet(MALLORY.id, hers, []).attempt
    assert attempt.due_at == attempt.closes_at == START + dt.timedelta(minutes=1)


def test_practice_and_a_quiz_without_a_limit_have_no_end(attempt_id: int, tmp_path: Path) -> None:
    practice = taking.start(ALICE.id, FIRST, Kind.PRACTICE, 1, START)
    publishing.publish_course(write_course(tmp_path / "free"), START)
    free = taking.start(MALLORY.id, FIRST, Kind.QUIZ, 1, START)
    much_later = START + dt.timedelta(days=400)
    run_jobs(much_later)
    assert closing.close_due(much_later) == 0, "the only one with an end was closed by its job"
    assert taking.open_sheet(ALICE.id, practice, much_later, []).attempt.finished_at is None
    assert taking.open_sheet(MALLORY.id, free, much_later, []).attempt.finished_at is None


def test_an_answer_counts_until_the_last_moment_of_the_grace_and_not_one_microsecond_longer(attempt_id: int) -> None:
    assert save(attempt_id, DUE, number=1).verdict is Verdict.ACCEPT
    assert save(attempt_id, CLOSES, number=2).verdict is Verdict.ACCEPT
    late = save(attempt_id, TOO_LATE, number=3)
    assert (late.verdict, late.seq, late.kept) == (Verdict.LATE, 0, "")
    assert kinds(attempt_id) == ["start", "save", "save", "finish", "late"]
    sheet = taking.get_sheet(ALICE.id, attempt_id)
    assert [m.is_answered for m in sheet.marks] == [True, True] + [False] * (N_FIRST - 2)
    assert (sheet.attempt.finished_at, sheet.attempt.is_timed_out) == (DUE, True)
    assert sheet.questions[2].state.late is not None
    assert count_graded(attempt_id) == 2
    assert reviewing.get_result(ALICE.id, attempt_id).late == (3,)


TOUCHES: dict[str, Callable[[int, dt.datetime], object]] = {
    "a page": lambda i, now: taking.open_sheet(ALICE.id, i, now, [1]),
    "a save": lambda i, now: save(i, now, "B", number=2),
    "a save of what is kept": save,
    "the finish button": lambda i, now: taking.finish(ALICE.id, i, now),
    "the list of her modules": lambda i, now: closing.close_due(now, ALICE.id),
    "a new start": lambda i, now: taking.start(ALICE.id, FIRST, Kind.QUIZ, 8, now),
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
    again = taking.start(ALICE.id, FIRST, Kind.QUIZ, 8, TOO_LATE)
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
    question = taking.get_sheet(ALICE.id, attempt_id, [1]).questions[0]
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
        taking.open_sheet(MALLORY.id, attempt_id, TOO_LATE)
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
    taking.start(ALICE.id, FIRST, Kind.QUIZ, 8, START)
    (job,) = jobs.get_desk()[1]
    assert (job.kind, job.due_at) == (closing.JOB, JOB_AT)
    assert closing.JOB in handlers_for(app.config)
    run_jobs(CLOSES)
    assert facts(attempt_id).finished_at is None
    for _ in range(2):
        closing.close_by_job({"format": 1, "attempt_id": attempt_id}, JOB_AT)
        closing.close_by_job({"format": 1, "attempt_id": 10**6}, JOB_AT)
    assert kinds(attempt_id) == ["start", "finish"]


def test_the_command_closes_what_is_due_and_says_how_many(app: Flask, attempt_id: int, clock: Clock) -> None:
    taking.start(MALLORY.id, FIRST, Kind.QUIZ, 7, START + dt.timedelta(minutes=10))
    said = []
    for minutes in (30, 1, 10, 10):
        clock.advance(minutes=minutes)
        said.append(app.test_cli_runner().invoke(args=["attempts", "close-due"]).output.strip())
    assert said == ["0 attempts closed.", "1 attempt closed.", "1 attempt closed.", "0 attempts closed."]


def test_a_clock_that_is_set_back_reopens_nothing_and_reorders_nothing(attempt_id: int) -> None:
    back = START - dt.timedelta(hours=1)
    assert save(attempt_id, START, "A", tab="t", tab_seq=1).seq == 2
    assert save(attempt_id, back, "B", tab="t", tab_seq=2).seq == 3
    assert taking.get_sheet(ALICE.id, attempt_id, [1]).questions[0].chosen == {"B"}
    assert save(attempt_id, back, "A", tab="t", tab_seq=1).verdict is Verdict.REPEAT
    run_jobs(JOB_AT)
    ended = facts(attempt_id)
    for moment in (back, START, DUE):
        assert save(attempt_id, moment, "A", tab="t", tab_seq=9).verdict is Verdict.LATE
        assert taking.open_sheet(ALICE.id, attempt_id, moment, []).attempt == ended
        assert taking.finish(ALICE.id, attempt_id, moment) == ended
        assert not closing.close_attempt(attempt_id, moment)
    assert taking.get_sheet(ALICE.id, attempt_id, [1]).questions[0].chosen == {"B"}
    assert kinds(attempt_id) == ["start", "save", "save", "finish", "late"]


@dataclass(slots=True)
class Letter:
    """A save on its way."""

    tab: str
    tab_seq: int
    number: int
    letter: str
    known_seq: int


TABS = st.sampled_from("abc")
NUMBERS = st.sampled_from([1, 1, 1, 2])
MOMENTS = [START - dt.timedelta(hours=1), START, START, DUE, CLOSES, TOO_LATE, JOB_AT]


class TimedAttempt(RuleBasedStateMachine):
    """One attempt with a time limit, several tabs, a network that delivers anything at any time, and a bad clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.id = taking.start(ALICE.id, FIRST, Kind.QUIZ, 7, self.now)
        self.letters: list[Letter] = []
        self.known: dict[tuple[str, int], int] = {}  # what a tab knows of a question
        self.n_sent: dict[str, int] = {}
        self.counts: dict[int, Letter] = {}  # question → the letter accepted last
        self.seqs: dict[int, int] = {}
        self.steps = list_steps(self.id)
        self.attempt = facts(self.id)

    def teardown(self) -> None:
        taking.finish(ALICE.id, self.id, self.now)

    @rule(tab=TABS, number=NUMBERS, letter=st.sampled_from("AB"), arrives=st.booleans())
    def send(self, tab: str, number: int, letter: str, arrives: bool) -> None:
        self.n_sent[tab] = self.n_sent.get(tab, 0) + 1
        known = self.known.get((tab, number), 0)
        self.letters.append(Letter(tab, self.n_sent[tab], number, letter, known))
        if arrives:
            self.hand_over(self.letters[-1], reply_arrives=True)

    @rule(tab=TABS, number=NUMBERS)
    def reload(self, tab: str, number: int) -> None:
        sheet = taking.get_sheet(ALICE.id, self.id, [number])
        self.known[tab, number] = sheet.questions[0].state.seq

    @rule(moment=st.sampled_from(MOMENTS))
    def set_the_clock_to(self, moment: dt.datetime) -> None:
        self.now = moment

    @precondition(lambda self: self.letters)
    @rule(data=st.data(), reply_arrives=st.booleans())
    def deliver(self, data: st.DataObject, reply_arrives: bool) -> None:
        self.hand_over(data.draw(st.sampled_from(self.letters)), reply_arrives)

    @precondition(lambda self: self.letters)
    @rule(data=st.data())
    def deliver_twice(self, data: st.DataObject) -> None:
        letter = data.draw(st.sampled_from(self.letters))
        self.hand_over(letter, reply_arrives=False)
        before = list_steps(self.id)
        self.hand_over(letter, reply_arrives=False)
        assert list_steps(self.id) == before, "the same letter once more added something"

    def hand_over(self, letter: Letter, reply_arrives: bool) -> None:
        before = self.attempt
        is_over = before.finished_at is not None or before.is_due(self.now)
        sent = Incoming(letter.number, {"answer": [letter.letter]}, known_seq=letter.known_seq)
        try:
            saved = taking.save_answers(ALICE.id, self.id, [sent], self.now, letter.tab, letter.tab_seq)[0]
        except Refused:
            assert before.finished_at is not None
            assert not before.is_timed_out, "an attempt that ended by its time keeps what comes late"
            return
        if saved.verdict is Verdict.ACCEPT:
            assert not is_over, "something was accepted after the end"
            self.check_that_it_is_not_older(letter)
            self.counts[letter.number], self.seqs[letter.number] = letter, saved.seq
        elif saved.verdict is Verdict.LATE:
            assert is_over, "something in time was called late"
            self.check_that_it_is_kept(letter)
        elif saved.verdict is Verdict.STALE:
            assert not is_over, "after the end nothing is turned away"
        if reply_arrives and saved.verdict in {Verdict.ACCEPT, Verdict.REPEAT}:
            self.known[letter.tab, letter.number] = saved.seq

    def check_that_it_is_not_older(self, letter: Letter) -> None:
        kept = self.counts.get(letter.number)
        if kept and kept.tab == letter.tab:
            assert letter.tab_seq > kept.tab_seq, "an older answer of the same tab replaced a newer one"
        elif kept:
            assert letter.known_seq >= self.seqs[letter.number], "an answer that this page never saw was replaced"

    def check_that_it_is_kept(self, letter: Letter) -> None:
        """The tab has a late answer to this question: this one, the same said earlier, or a later one."""
        position = letter.number - 1
        late = [s for s in list_steps(self.id) if (s[1], s[2], s[4]) == (StepKind.LATE, position, letter.tab)]
        assert late
        assert taking.get_sheet(ALICE.id, self.id, [letter.number]).questions[0].state.late is not None

    @rule(touch=st.sampled_from(["job", "page", "command"]))
    def close_if_due(self, touch: str) -> None:
        if touch == "job":
            closing.close_by_job({"attempt_id": self.id}, self.now)
        elif touch == "page":
            taking.open_sheet(ALICE.id, self.id, self.now, [])
        else:
            closing.close_due(self.now)
        assert not facts(self.id).is_due(self.now)

    @precondition(lambda self: len(self.letters) > 5)
    @rule()
    def finish(self) -> None:
        taking.finish(ALICE.id, self.id, self.now)

    @invariant()
    def nothing_is_broken(self) -> None:
        self.check_that_steps_are_only_added()
        self.check_that_what_counts_is_what_was_accepted_last()
        self.check_that_it_ends_once_and_that_only_late_answers_follow()

    def check_that_steps_are_only_added(self) -> None:
        before, self.steps = self.steps, list_steps(self.id)
        assert self.steps[: len(before)] == before
        assert [step[0] for step in self.steps] == list(range(1, len(self.steps) + 1))

    def check_that_it_ends_once_and_that_only_late_answers_follow(self) -> None:
        names = [step[1] for step in self.steps]
        assert names.count(StepKind.FINISH) == (0 if self.attempt.finished_at is None else 1)
        end = names.index(StepKind.FINISH) if StepKind.FINISH in names else len(names)
        assert set(names[:end]) <= {StepKind.START, StepKind.SAVE}
        assert set(names[end + 1 :]) <= {StepKind.LATE}

    def check_that_what_counts_is_what_was_accepted_last(self) -> None:
        sheet, before = taking.get_sheet(ALICE.id, self.id, [1, 2]), self.attempt
        self.attempt = sheet.attempt
        for question in sheet.questions:
            letter = self.counts.get(question.number)
            assert question.chosen == ({letter.letter} if letter else set())
        if before.finished_at is not None:
            assert self.attempt == before, "it ended twice, or was opened again"
        elif self.attempt.finished_at is not None:
            assert count_graded(self.id) == len(self.counts)


def test_no_order_of_saves_replays_and_closings_breaks_an_attempt() -> None:
    run_state_machine_as_test(TimedAttempt, settings=settings(max_examples=40, stateful_step_count=30, deadline=None))
