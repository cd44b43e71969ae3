"""Ending an attempt: graded once, when its owner finishes it or when its time is over.

An attempt whose time is over is closed by whoever meets it next: a page, a save, the job that its start left behind, or
`flask attempts close-due`. It ends at the moment it was due, with the answers kept by then.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from quizapp.domain.attempts import Kind, Score, Slot, SlotState, Step, StepKind, grade, replay
from quizapp.domain.items import Item
from quizapp.domain.modules import Module
from quizapp.services.versions import get_items, get_module_versions
from quizapp.store import attempts as store
from quizapp.store.attempts import AttemptFacts, Steps
from quizapp.store.db import reading, unit_of_work
from quizapp.store.jobs import add_job
from quizapp.store.marks import Contribution, add_contributions

JOB = "close_attempt"
SETTLE = dt.timedelta(seconds=5)
"""The job that closes leaves this to saves that came in time and still wait for the database."""


def post_closing(connection: Connection, attempt_id: int, closes_at: dt.datetime, now: dt.datetime) -> None:
    """Leave the job that closes an attempt with a time limit, in the transaction that starts it."""
    add_job(connection, JOB, str(attempt_id), {"attempt_id": attempt_id}, now, closes_at + SETTLE)


def close_attempt(attempt_id: int, now: dt.datetime) -> bool:
    """Close and grade the attempt if its time is over and nobody has yet; whether this call did."""
    with unit_of_work() as connection:
        attempt = store.lock_attempt(connection, attempt_id)
        if attempt is None or not attempt.is_due(now):
            return False
        finish_locked(connection, attempt, store.load_steps(connection, attempt_id), now)
        return True


def close_due(now: dt.datetime, person_id: int | None = None) -> int:
    """Close every attempt (of that person) whose time is over; how many this call closed."""
    with reading() as connection:
        due = store.list_due(connection, now, person_id)
    return sum(close_attempt(attempt_id, now) for attempt_id in due)


def close_by_job(payload: Mapping[str, Any], now: dt.datetime) -> None:
    """The job that a start with a time limit leaves behind: it closes what nobody has touched since the end."""
    close_attempt(payload["attempt_id"], now)


def finish_locked(connection: Connection, attempt: AttemptFacts, steps: Steps, now: dt.datetime) -> AttemptFacts:
    """Finish as of now, or as of the end if that is past; for a caller who holds the row and saw that it is open."""
    finished_at = now if attempt.due_at is None else min(now, attempt.due_at)
    module = get_module_versions(connection, [attempt.module_version_id])[attempt.module_version_id]
    items = get_items(connection, [slot.item_version_id for slot in steps.slots])
    is_passed = None
    if attempt.kind is Kind.QUIZ:
        score = score_attempt(module, items, steps.slots, replay(attempt.n_slots, steps.latest))
        is_passed = score.is_passed
        add_contributions(connection, attempt.id, _contribute(score, steps.slots))
    store.add_steps(connection, attempt.id, [Step(steps.last_seq + 1, now, StepKind.FINISH)])
    store.mark_finished(connection, attempt.id, finished_at, is_passed)
    return replace(attempt, finished_at=finished_at, is_passed=is_passed)


def score_attempt(
    module: Module, items: Mapping[int, Item], slots: Sequence[Slot], states: Sequence[SlotState]
) -> Score:
    """Grade what was kept by the rules of the module version that the attempt pinned."""
    shown = [items[slot.item_version_id] for slot in slots]
    return grade(shown, states, module.facts.quiz.pass_percent, module.must_pass)


def _contribute(score: Score, slots: Sequence[Slot]) -> list[Contribution]:
    return [
        Contribution(
            position=i,
            item_version_id=slot.item_version_id,
            objective=m.item.objective,
            numerator=int(m.earned * m.item.denominator),
            denominator=m.item.denominator,
            response_class=m.item.classify(m.state.answer.response),
        )
        for i, (m, slot) in enumerate(zip(score.marked, slots, strict=True))
    ]
