"""Ending an attempt: graded once, when its owner finishes it or when its time is over.

An attempt whose time is over is closed by whoever meets it next: a page, a save, the job that its start left behind, or
`flask attempts close-due`. It ends at the moment it was due, with the answers kept by then.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection

from quizapp.domain.attempts import (
    Kind,
    Marked,
    Score,
    Slot,
    SlotState,
    Step,
    StepKind,
    grade,
    replay,
)
from quizapp.domain.corrections import Ruling, correct
from quizapp.domain.items import Item
from quizapp.domain.modules import Module
from quizapp.services.rulings import get_rulings
from quizapp.services.versions import get_items, get_module_versions
from quizapp.store import attempts as store
from quizapp.store.attempts import AttemptFacts, Steps
from quizapp.store.db import reading, unit_of_work
from quizapp.store.marks import Contribution, add_contributions


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


def finish_locked(
    connection: Connection, attempt: AttemptFacts, steps: Steps, now: dt.datetime, *, is_agreed: bool = False
) -> AttemptFacts:
    """Finish as of now, or as of the end if that is past; for a caller who holds the row and saw that it is open.

    `is_agreed`: the person agreed to the honour statement of the module version; its version stays with the step.
    """
    finished_at = now if attempt.due_at is None else min(now, attempt.due_at)
    module = get_module_versions(connection, [attempt.module_version_id])[attempt.module_version_id]
    items = get_items(connection, [slot.item_version_id for slot in steps.slots])
    rulings = get_rulings(connection, items, hold=True)
    correction_id = max((ruling.last_id for ruling in rulings.values()), default=0)
    is_passed = None
    if attempt.kind is not Kind.PRACTICE:
        score = score_attempt(module, items, steps.slots, replay(attempt.n_slots, steps.latest), rulings)
        is_passed = score.is_passed if attempt.kind is Kind.QUIZ else None
        add_contributions(connection, attempt.id, _contribute_all(score, steps.slots))
    honour = module.facts.quiz.honour.version if is_agreed and attempt.kind is Kind.QUIZ else ""
    store.add_steps(connection, attempt.id, [Step(steps.last_seq + 1, now, StepKind.FINISH, honour=honour)])
    store.mark_finished(connection, attempt.id, finished_at, is_passed, correction_id)
    return replace(attempt, finished_at=finished_at, is_passed=is_passed, correction_id=correction_id)


def score_attempt(
    module: Module,
    items: Mapping[int, Item],
    slots: Sequence[Slot],
    states: Sequence[SlotState],
    rulings: Mapping[int, Ruling] = MappingProxyType({}),
) -> Score:
    """Grade what was kept by the rules of the module version that the attempt pinned, and by what was decided since."""
    shown = [items[slot.item_version_id] for slot in slots]
    shares = credits_of(module)
    score = grade(shown, states, module.facts.quiz.pass_percent, module.must_pass, shares)
    return correct(score, [rulings.get(slot.item_version_id) for slot in slots], shares)


def credits_of(module: Module) -> tuple[Fraction, ...]:
    """What share of the mark each try at a question of the module's quiz can earn."""
    return module.facts.quiz.credits


def contribute(marked: Marked, item_version_id: int, position: int) -> Contribution:
    """What one slot adds to the sums that reports are made of."""
    return Contribution(
        position=position,
        item_version_id=item_version_id,
        objective=marked.item.objective,
        numerator=int(marked.earned * marked.denominator),
        denominator=marked.denominator,
        response_class=marked.item.classify(marked.state.answer.response),
        weight=0 if marked.is_dropped else 1,
    )


def _contribute_all(score: Score, slots: Sequence[Slot]) -> list[Contribution]:
    pairs = zip(score.marked, slots, strict=True)
    return [contribute(marked, slot.item_version_id, i) for i, (marked, slot) in enumerate(pairs)]
