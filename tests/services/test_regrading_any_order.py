"""Finishing, deciding, regrading batch by batch and republishing in any order: sums, pages and passes stay in step."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import ClassVar

import pytest
from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from quizapp.domain.attempts import Kind
from quizapp.domain.corrections import Effect
from quizapp.services import accounts, correcting, regrading, reviewing, sheets, starting, taking
from quizapp.services.taking import Incoming
from tests.content import FIRST, right_letters, write_course, wrong_letters
from tests.people import START, ZONE
from tests.services.regrades import edit_bank, list_rows, move_key

pytestmark = pytest.mark.each_database
ITEMS = [f"{FIRST}-{n}" for n in (1, 2, 3, 7)]
_numbers = Counter[str]()


@pytest.fixture(autouse=True)
def _in_app(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(regrading, "BREATH_SECONDS", 0)
    monkeypatch.setattr(regrading, "BATCH", 1)
    Regrades.course = write_course(tmp_path / "course")
    with app.app_context():
        yield


class Regrades(RuleBasedStateMachine):
    """Some learners, one author who changes their mind, and runners that stop after any batch."""

    course: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.open: dict[int, int] = {}  # attempt → person
        self.done: dict[int, int] = {}
        self.passed: set[int] = set()
        self.keys: dict[str, int] = {}

    @initialize()
    def one_has_finished(self) -> None:
        self.start(seed=1)
        self.finish(data=None, n_wrong=2)

    @rule(seed=st.integers(0, 5))
    def start(self, seed: int) -> None:
        _numbers["people"] += 1
        email = f"any{_numbers['people']}@test.example"
        person_id = accounts.add_person(email, "Any Learner", zone=ZONE, roles=(), now=START)
        self.open[starting.start(person_id, FIRST, Kind.QUIZ, seed, START).attempt.id] = person_id

    @precondition(lambda self: self.open)
    @rule(data=st.data(), n_wrong=st.integers(0, 3))
    def finish(self, data: st.DataObject | None, n_wrong: int) -> None:
        attempt_id = min(self.open) if data is None else data.draw(st.sampled_from(sorted(self.open)))
        person_id = self.open.pop(attempt_id)
        sent = [
            Incoming(q.number, {"answer": wrong_letters(q) if q.number <= n_wrong else right_letters(q)})
            for q in sheets.get_sheet(person_id, attempt_id).questions
        ]
        taking.save_answers(person_id, attempt_id, sent, START)
        taking.finish(person_id, attempt_id, START)
        self.done[attempt_id] = person_id

    @rule(item_id=st.sampled_from(ITEMS), effect=st.sampled_from([Effect.CREDIT, Effect.DROP, Effect.UNDO]))
    def decide(self, item_id: str, effect: Effect) -> None:
        correcting.decide(correcting.decide_for_item(FIRST, item_id, effect), "Why.", START, None, by_job=False)

    @rule(item_id=st.sampled_from(ITEMS), letter=st.sampled_from("AB"))
    def accept(self, item_id: str, letter: str) -> None:
        decisions = correcting.decide_for_item(FIRST, item_id, Effect.ACCEPT, letter)
        correcting.decide(decisions, "Why.", START, None, by_job=False)

    @rule(item_id=st.sampled_from([ITEMS[0], ITEMS[3]]))
    def republish_with_another_key(self, item_id: str) -> None:
        self.keys[item_id] = (self.keys.get(item_id, 0) + 1) % 4
        edit_bank(self.course, lambda items: move_key(items[item_id], self.keys[item_id]))
        changes = correcting.find_bank_changes(FIRST)
        if changes.decisions:
            correcting.decide(changes.decisions, "Why.", START, None, by_job=False)

    @rule()
    def run_one_batch(self) -> None:
        waiting = regrading.find_open_regrade(FIRST)
        if waiting is not None:
            regrading.Runner(waiting.id).step(START)

    @invariant()
    def sums_say_what_the_page_works_out_and_no_pass_falls(self) -> None:
        rows = list_rows()["contributions"]
        for attempt_id, person_id in self.done.items():
            result = reviewing.get_result(person_id, attempt_id)
            mine = [row for row in rows if row[0] == attempt_id]
            assert sum((row[3] * Fraction(row[6], row[7]) for row in mine), Fraction(0)) == result.score.earned
            assert sum(row[3] for row in mine) == result.score.out_of
            assert result.attempt.is_passed or not result.score.is_passed
            assert result.attempt.is_passed or attempt_id not in self.passed
            if result.attempt.is_passed:
                self.passed.add(attempt_id)

    def teardown(self) -> None:
        while (waiting := regrading.find_open_regrade(FIRST)) is not None:
            regrading.run(waiting.id, lambda: START)
        self.sums_say_what_the_page_works_out_and_no_pass_falls()
        assert correcting.begin_pending(FIRST, START) is None
        for attempt_id, person_id in self.open.items():
            taking.finish(person_id, attempt_id, START)


def test_no_order_of_events_brings_sums_pages_and_passes_out_of_step() -> None:
    run_state_machine_as_test(Regrades, settings=settings(max_examples=8, stateful_step_count=12))  # type: ignore[no-untyped-call]
