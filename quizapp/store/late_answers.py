"""Attempts in which an answer came late and waits for somebody to accept it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import aliased

from quizapp.domain.attempts import Kind, StepKind
from quizapp.store.attempts import (
    FACT_COLUMNS,
    STEP_COLUMNS,
    AttemptFacts,
    AttemptRow,
    StepRow,
    Steps,
    read_facts,
    read_steps,
)

_attempt, _step = AttemptRow.__table__.c, StepRow.__table__.c


def list_with_late(connection: Connection, before_id: int, limit: int) -> list[AttemptFacts]:
    """Quiz attempts that their time ended with a late answer that nobody has accepted, newest first.

    `before_id`: those with a smaller id only; 0 for the newest.
    """
    late, accepted = aliased(StepRow), aliased(StepRow)
    answered = select(accepted.seq).where(
        accepted.attempt_id == late.attempt_id,
        accepted.position == late.position,
        accepted.kind == StepKind.ACCEPT,
        accepted.seq > late.seq,
    )
    waiting = select(late.attempt_id).where(late.kind == StepKind.LATE, ~answered.exists())
    query = select(*FACT_COLUMNS).where(
        _attempt.id.in_(waiting), _attempt.kind == Kind.QUIZ.value, _attempt.finished_at >= _attempt.due_at
    )
    if before_id:
        query = query.where(_attempt.id < before_id)
    return [read_facts(row) for row in connection.execute(query.order_by(_attempt.id.desc()).limit(limit))]


def load_all_steps(connection: Connection, attempt_ids: Sequence[int]) -> dict[int, Steps]:
    """Every step of these attempts."""
    query = select(_step.attempt_id, *STEP_COLUMNS).where(_step.attempt_id.in_(attempt_ids))
    rows: dict[int, list[Any]] = {attempt_id: [] for attempt_id in attempt_ids}
    for attempt_id, *values in connection.execute(query.order_by(_step.attempt_id, _step.seq)):
        rows[attempt_id].append(values)
    return {attempt_id: read_steps(steps) for attempt_id, steps in rows.items()}
