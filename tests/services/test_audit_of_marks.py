"""What changes marks afterwards is audited; how sure somebody said they were never counts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from quizapp.domain.attempts import Confidence, Kind
from quizapp.domain.corrections import Effect
from quizapp.services import correcting, late_answers, publishing, reviewing, sheets, starting, taking
from quizapp.services.taking import Incoming
from quizapp.store.audit import AuditEntry
from quizapp.store.db import reading
from tests.content import FIRST, right_letters, write_course, wrong_letters
from tests.people import ALICE, BOB, START
from tests.services.regrades import list_asked, take
from tests.services.test_time_limits import JOB_AT, LIMIT_MINUTES, TOO_LATE

pytestmark = pytest.mark.each_database
WHY = "Two options can be defended."


@pytest.fixture(autouse=True)
def _in_app(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def list_audit(action: str) -> list[Any]:
    with reading() as connection:
        return list(connection.execute(select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))


@pytest.mark.parametrize(
    ("effect", "answer"),
    [(Effect.CREDIT, ""), (Effect.DROP, ""), (Effect.ACCEPT, "B"), (Effect.UNDO, "")],
)  # fmt: skip
def test_a_correction_is_audited_with_who_when_what_and_why(effect: Effect, answer: str) -> None:
    item_id = list_asked(ALICE.id, take(ALICE.id))[0]
    decisions = correcting.decide_for_item(FIRST, item_id, effect, answer)
    correcting.decide(decisions, WHY, START, BOB.id, by_job=False)
    entries = list_audit("item corrected")
    assert [(e.at, e.actor_id, e.after["effect"], e.reason) for e in entries] == [
        (START, BOB.id, effect.value, WHY) for _ in decisions
    ]
    assert entries
    assert all(item_id in e.subject for e in entries)


def test_an_accepted_late_answer_is_audited_with_who_when_what_and_why(tmp_path: Path) -> None:
    assert not publishing.publish_course(write_course(tmp_path / "timed", LIMIT_MINUTES), START).problems
    attempt_id = starting.start(ALICE.id, FIRST, Kind.QUIZ, 7, START).attempt.id
    taking.save_answers(ALICE.id, attempt_id, [Incoming(1, {"answer": ["A"]})], TOO_LATE)
    (late,) = late_answers.list_late().answers
    late_answers.accept(attempt_id, 1, late.seq, WHY, JOB_AT, BOB.id)
    (entry,) = list_audit("late answer accepted")
    assert (entry.at, entry.actor_id, entry.subject, entry.reason) == (JOB_AT, BOB.id, f"attempt {attempt_id}", WHY)
    assert (entry.after["question"], entry.after["late"]) == (1, late.seq)


@pytest.mark.parametrize("said", [None, "sure", "think_so", "guess"])
def test_how_sure_somebody_was_changes_no_mark_and_no_pass(said: Confidence | None) -> None:
    attempt_id = starting.start(ALICE.id, FIRST, Kind.QUIZ, 7, START).attempt.id
    asked = sheets.get_sheet(ALICE.id, attempt_id).questions
    sent = [
        Incoming(q.number, {"answer": wrong_letters(q) if q.number == 1 else right_letters(q)}, confidence=said)
        for q in asked
    ]
    taking.save_answers(ALICE.id, attempt_id, sent, START)
    taking.finish(ALICE.id, attempt_id, START)
    result = reviewing.get_result(ALICE.id, attempt_id)
    assert (result.score.earned, result.attempt.is_passed) == (len(asked) - 1, True)
