"""One attempt through everything that can happen to it, in any order: answers, old answers, pauses, more and less time,
the end, late answers and their acceptance, new keys, credits, drops and undos, regrades, the course published anew.

What its marks should be is worked out here a second time, from the answers that the machine itself saw accepted.
"""

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from quizapp.domain.accommodations import NONE, Accommodation
from quizapp.domain.attempts import Kind, StepKind, Verdict
from quizapp.domain.corrections import Correction, Effect, key_fields
from quizapp.domain.errors import Refused
from quizapp.domain.items.single_best_answer import SingleBestAnswer
from quizapp.services import (
    accommodations,
    closing,
    correcting,
    late_answers,
    publishing,
    regrading,
    reviewing,
    sheets,
    starting,
    taking,
    timing,
    versions,
)
from quizapp.services.correcting import Decision
from quizapp.services.taking import Incoming
from quizapp.store import attempts as store
from quizapp.store.corrections import NEWEST, list_corrections
from quizapp.store.db import reading
from tests.content import FIRST, write_course
from tests.people import ALICE, BOB, CAROL, START
from tests.services.regrades import edit_bank, list_rows
from tests.services.test_time_limits import list_steps

pytestmark = pytest.mark.each_database

COURSE: list[Path] = []
WHY = "It was asked for."


@pytest.fixture(autouse=True)
def _in_app(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(regrading, "BREATH_SECONDS", 0)
    with app.app_context():
        COURSE[:] = [write_course(tmp_path / "timed", 30)]
        assert not publishing.publish_course(COURSE[0], START).problems
        yield


GRANTS = st.sampled_from(
    [
        NONE,
        Accommodation(extra_percent=50),
        Accommodation(extra_minutes=20, pause_minutes=10),
        Accommodation(extra_percent=100, extra_minutes=5, pause_minutes=30),
    ]
)
NUMBERS = st.integers(1, 6)
LETTERS = st.sampled_from("ABC")


class WholeLife(RuleBasedStateMachine):
    """Alice's attempt, Bob's decisions, Carol's accommodations."""

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        accommodations.change(ALICE.id, NONE, reason=WHY, actor_id=CAROL.id, now=self.now)
        self.id = starting.start(ALICE.id, FIRST, Kind.QUIZ, 7, self.now).attempt.id
        sheet = sheets.get_sheet(ALICE.id, self.id)
        self.row = sheet.attempt
        self.shown = [(q.item_id, q.stem, q.ask) for q in sheet.questions]
        with reading() as connection:
            found = store.find_with_steps(connection, self.id)
            assert found is not None
            self.slots = found[1].slots
            self.items = versions.get_items(connection, [slot.item_version_id for slot in self.slots])
        self.answers: dict[int, Any] = {}  # position → the response that counts
        self.late: dict[int, Any] = {}
        self.steps = list_steps(self.id)
        self.runs: list[int] = []
        self.n_published = self.n_tabs = 0
        self.first_score: tuple[Fraction, int, bool] | None = None

    def teardown(self) -> None:
        taking.finish(ALICE.id, self.id, self.now)
        for run in self.runs:
            regrading.run(run, lambda: self.now)

    # --- what the learner does ---

    def _send(self, number: int, letter: str, known_seq: int, tab: str, tab_seq: int) -> Verdict | None:
        slot = self.slots[number - 1]
        raw = {"answer": [letter]}
        is_over = self.row.finished_at is not None or self.row.is_due(self.now)
        try:
            saved = taking.save_answers(
                ALICE.id, self.id, [Incoming(number, raw, known_seq=known_seq)], self.now, tab, tab_seq
            )[0]
        except Refused:
            assert self.row.finished_at is not None
            assert not self.row.is_timed_out
            return None
        response = self.items[slot.item_version_id].parse(raw, slot.presentation)
        if saved.verdict is Verdict.ACCEPT:
            assert not is_over, "something was accepted after the end"
            self.answers[number - 1] = response
        elif saved.verdict is Verdict.LATE:
            assert is_over, "something in time was called late"
            self.late[number - 1] = response
        elif saved.verdict is Verdict.REPEAT:
            assert self.answers.get(number - 1) == response, "called a repeat, and it is not what is kept"
            if is_over:  # changed back to what counts: kept like any late answer, and nothing is left to accept
                self.late[number - 1] = response
        return saved.verdict

    @rule(number=NUMBERS, letter=LETTERS)
    def answer(self, number: int, letter: str) -> None:
        seq = sheets.get_sheet(ALICE.id, self.id, [number]).questions[0].state.seq
        verdict = self._send(number, letter, seq, "", 0)
        assert verdict is not Verdict.STALE

    @rule(number=NUMBERS, letter=LETTERS)
    def answer_from_an_old_page(self, number: int, letter: str) -> None:
        before = self.answers.get(number - 1)
        self.n_tabs += 1
        verdict = self._send(number, letter, 0, f"old-{self.n_tabs}", 2)
        if verdict is Verdict.ACCEPT:
            assert before is None, "an old page replaced a newer answer"

    @rule()
    def pause(self) -> None:
        timing.pause(ALICE.id, self.id, self.now)

    @rule()
    def resume(self) -> None:
        timing.resume(ALICE.id, self.id, self.now)

    @rule(minutes=st.sampled_from([0.1, 1, 4, 16, 31]))
    def let_time_pass(self, minutes: float) -> None:
        self.now += dt.timedelta(minutes=minutes)

    @precondition(lambda self: len(self.steps) > 8)
    @rule()
    def finish(self) -> None:
        taking.finish(ALICE.id, self.id, self.now)

    @rule()
    def close_what_is_due(self) -> None:
        closing.close_due(self.now)

    # --- what the others do ---

    @rule(granted=GRANTS)
    def grant(self, granted: Accommodation) -> None:
        before = self.row.due_at
        accommodations.change(ALICE.id, granted, reason=WHY, actor_id=CAROL.id, now=self.now)
        after = sheets.get_sheet(ALICE.id, self.id, []).attempt.due_at
        assert before is not None
        assert after is not None
        assert after >= min(before, self.now), "an end was moved into the past"

    @precondition(lambda self: self.late)
    @rule(data=st.data())
    def accept_a_late_answer(self, data: st.DataObject) -> None:
        mine = [late for late in late_answers.list_late().answers if late.attempt_id == self.id]
        if not mine:
            return
        late = data.draw(st.sampled_from(mine))
        late_answers.accept(self.id, late.number, late.seq, WHY, self.now, BOB.id)
        self.answers[late.number - 1] = self.late[late.number - 1]

    @rule(number=NUMBERS, effect=st.sampled_from(list(Effect)), option=st.integers(0, 1))
    def decide(self, number: int, effect: Effect, option: int) -> None:
        version_id = self.slots[number - 1].item_version_id
        item = self.items[version_id]
        if not isinstance(item, SingleBestAnswer):
            return
        decision = Decision(version_id, effect)
        if effect is Effect.KEY:
            decision = Decision(version_id, effect, fields=key_fields(item.with_key((option,))))
        elif effect is Effect.ACCEPT:
            decision = Decision(version_id, effect, response=(option,))
        self.runs += correcting.decide([decision], WHY, self.now, BOB.id, by_job=False)

    @precondition(lambda self: self.runs)
    @rule()
    def regrade(self) -> None:
        regrading.run(self.runs.pop(0), lambda: self.now)

    @precondition(lambda self: self.n_published < 1)
    @rule()
    def publish_anew(self) -> None:
        self.n_published += 1

        def reword(items: dict[str, Any]) -> None:
            for item in items.values():
                item["stem"] = f"{item['stem'].split(' #')[0]} #{self.n_published}"

        edit_bank(COURSE[0], reword)

    # --- what must hold whatever happened ---

    @invariant()
    def nothing_is_broken(self) -> None:
        before, self.row = self.row, sheets.get_sheet(ALICE.id, self.id, []).attempt
        self.check_steps()
        self.check_what_is_shown_and_kept()
        self.check_the_end(before)
        if self.row.finished_at is not None and self.row.is_passed is not None:
            self.check_marks(before)

    def check_steps(self) -> None:
        before, self.steps = self.steps, list_steps(self.id)
        assert self.steps[: len(before)] == before, "a step was changed or taken away"
        assert [step[0] for step in self.steps] == list(range(1, len(self.steps) + 1))
        names = [step[1] for step in self.steps]
        end = names.index(StepKind.FINISH) if StepKind.FINISH in names else len(names)
        assert names.count(StepKind.FINISH) == (self.row.finished_at is not None)
        assert set(names[end + 1 :]) <= {StepKind.LATE, StepKind.ACCEPT}
        assert not set(names[:end]) & {StepKind.LATE, StepKind.ACCEPT}

    def check_what_is_shown_and_kept(self) -> None:
        questions = sheets.get_sheet(ALICE.id, self.id).questions if self.row.finished_at is None else ()
        for i, question in enumerate(questions):
            if not self.row.is_paused(self.now):
                assert (question.item_id, question.stem, question.ask) == self.shown[i], "a question changed"
            assert question.state.answer.response == self.answers.get(i)

    def check_the_end(self, before: Any) -> None:
        assert self.row.due_at is not None
        assert self.row.closes_at - self.row.due_at == before.closes_at - before.due_at, "the grace changed"
        if before.finished_at is not None:
            assert self.row.finished_at == before.finished_at, "it ended twice"
            assert self.row.due_at == before.due_at, "the end of what had ended was moved"
            assert self.row.correction_id >= before.correction_id
            assert self.row.is_passed or not before.is_passed, "a pass fell"

    def check_marks(self, before: Any) -> None:
        result = reviewing.get_result(ALICE.id, self.id)
        earned, out_of = self.work_out()
        assert (result.score.earned, result.score.out_of) == (earned, out_of)
        rows = list_rows(self.id)["contributions"]
        assert sum((row[3] * Fraction(row[6], row[7]) for row in rows), Fraction(0)) == earned
        assert sum(row[3] for row in rows) == out_of
        if before.finished_at is None:
            self.first_score = (earned, out_of, bool(self.row.is_passed))
        scores = [(r.earned_before, r.out_of_before, r.was_passed) for r in result.rescores]
        later = [(r.earned_after, r.out_of_after, r.is_passed) for r in result.rescores]
        now = (earned, out_of, bool(self.row.is_passed))
        assert [*scores, now] == [self.first_score, *later], "a score that was shown is not kept"

    def work_out(self) -> tuple[Fraction, int]:
        """The marks by our own reckoning, with the decisions that the attempt takes into account."""
        with reading() as connection:
            decided = list_corrections(connection, list(self.items), NEWEST)
        earned, out_of = Fraction(0), 0
        for i, slot in enumerate(self.slots):
            item = self.items[slot.item_version_id]
            mine = [c for c in decided if c.item_version_id == slot.item_version_id and c.id <= self.row.correction_id]
            response = self.answers.get(i)
            mark = Fraction(0) if response is None else Fraction(item.grade(response), item.denominator)
            if mine and isinstance(item, SingleBestAnswer):
                right, is_credited, is_dropped = self.fold(item, mine)
                mark = Fraction(1) if is_credited else Fraction(int(response is not None and response[0] in right))
                if is_dropped:
                    continue
            earned += mark
            out_of += 1
        return earned, out_of

    @staticmethod
    def fold(item: SingleBestAnswer, decided: list[Correction]) -> tuple[set[int], bool, bool]:
        """The options that earn the mark, whether everybody has it, whether it counts for nobody."""
        published = {i for i, option in enumerate(item.options) if option.key}
        key, accepted, is_credited, is_dropped = published, set[int](), False, False
        for c in decided:
            is_credited, is_dropped = c.effect is Effect.CREDIT, c.effect is Effect.DROP
            if c.effect is Effect.UNDO:
                key, accepted = published, set()
            elif c.effect is Effect.KEY and c.fields is not None:
                key = {i for i, option in enumerate(c.fields["options"]) if option["key"]}
            elif c.effect is Effect.ACCEPT and c.response is not None:
                accepted |= set(c.response)
        return key | accepted, is_credited, is_dropped


QUICK = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each step writes to disk: to shrink a failure takes minutes
)


def test_no_order_of_events_breaks_an_attempt() -> None:
    run_state_machine_as_test(WholeLife, settings=QUICK)
