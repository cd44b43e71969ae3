"""Saves, replays, late answers, pauses, moved ends and closings in any order, with a clock that jumps."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from quizapp.domain.accommodations import NONE, Accommodation
from quizapp.domain.attempts import Kind, StepKind, Verdict
from quizapp.domain.errors import Refused
from quizapp.services import accommodations, closing, publishing, sheets, starting, taking, timing
from quizapp.services.taking import Incoming
from quizapp.store.attempts import AttemptFacts
from tests.content import FIRST, write_course
from tests.people import ALICE, START
from tests.services.test_time_limits import (
    CLOSES,
    DUE,
    JOB_AT,
    LIMIT_MINUTES,
    TOO_LATE,
    count_graded,
    facts,
    list_steps,
)

pytestmark = pytest.mark.each_database


@pytest.fixture(autouse=True)
def _in_app(app: Flask, tmp_path: Path) -> Iterator[None]:
    """A course whose first quiz has a time limit."""
    with app.app_context():
        publishing.publish_course(write_course(tmp_path / "timed", LIMIT_MINUTES), START)
        yield


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
        accommodations.change(ALICE.id, NONE, reason="Anew.", actor_id=None, now=self.now)
        self.id = starting.start(ALICE.id, FIRST, Kind.QUIZ, 7, self.now).attempt.id
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
        sheet = sheets.get_sheet(ALICE.id, self.id, [number])
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
        assert sheets.get_sheet(ALICE.id, self.id, [letter.number]).questions[0].state.late is not None

    @rule(touch=st.sampled_from(["job", "page", "command"]))
    def close_if_due(self, touch: str) -> None:
        if touch == "job":
            closing.close_by_job({"attempt_id": self.id}, self.now)
        elif touch == "page":
            sheets.open_sheet(ALICE.id, self.id, self.now, [])
        else:
            closing.close_due(self.now)
        assert not facts(self.id).is_due(self.now)

    @rule(touch=st.sampled_from([timing.pause, timing.resume]))
    def stop_the_clock_or_let_it_go_on(self, touch: Callable[[int, int, dt.datetime], AttemptFacts]) -> None:
        touch(ALICE.id, self.id, self.now)

    @rule(extra=st.sampled_from([0, 5, 30]), pauses=st.sampled_from([0, 10]))
    def grant(self, extra: int, pauses: int) -> None:
        granted = Accommodation(extra_minutes=extra, pause_minutes=pauses)
        accommodations.change(ALICE.id, granted, reason="Agreed.", actor_id=None, now=self.now)

    @precondition(lambda self: len(self.letters) > 5)
    @rule()
    def finish(self) -> None:
        taking.finish(ALICE.id, self.id, self.now)

    @invariant()
    def nothing_is_broken(self) -> None:
        self.check_that_steps_are_only_added()
        self.check_that_what_counts_is_what_was_accepted_last()
        self.check_that_it_ends_once_and_that_only_late_answers_follow()
        self.check_that_the_end_follows_from_what_was_granted_and_paused()

    def check_that_steps_are_only_added(self) -> None:
        before, self.steps = self.steps, list_steps(self.id)
        assert self.steps[: len(before)] == before
        assert [step[0] for step in self.steps] == list(range(1, len(self.steps) + 1))

    def check_that_it_ends_once_and_that_only_late_answers_follow(self) -> None:
        names = [step[1] for step in self.steps]
        assert names.count(StepKind.FINISH) == (0 if self.attempt.finished_at is None else 1)
        end = names.index(StepKind.FINISH) if StepKind.FINISH in names else len(names)
        moved = {StepKind.EXTEND, StepKind.PAUSE, StepKind.RESUME}
        assert set(names[:end]) <= {StepKind.START, StepKind.SAVE} | moved
        assert set(names[end + 1 :]) <= {StepKind.LATE}

    def check_that_the_end_follows_from_what_was_granted_and_paused(self) -> None:
        time = self.attempt.timing
        assert time is not None
        assert time.closes_at - time.due_at == CLOSES - DUE
        assert time.paused_seconds <= time.pause_seconds
        assert DUE <= time.due_at <= DUE + dt.timedelta(minutes=30 + 10), (
            "less than the rules give, or more than granted"
        )

    def check_that_what_counts_is_what_was_accepted_last(self) -> None:
        sheet, before = sheets.get_sheet(ALICE.id, self.id, [1, 2]), self.attempt
        self.attempt = sheet.attempt
        for question in sheet.questions:
            letter = self.counts.get(question.number)
            assert question.chosen == ({letter.letter} if letter else set())
        if before.finished_at is not None:
            assert self.attempt == before, "it ended twice, or was opened again"
        elif self.attempt.finished_at is not None:
            assert count_graded(self.id) == len(self.counts)


def test_no_order_of_saves_replays_and_closings_breaks_an_attempt() -> None:
    run_state_machine_as_test(TimedAttempt, settings=settings(max_examples=20, stateful_step_count=30, deadline=None))
