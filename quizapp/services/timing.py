"""The time of an attempt while it runs: pauses, moved ends, and the job that closes it when nobody does."""

import datetime as dt
from dataclasses import replace

from sqlalchemy import Connection

from quizapp.domain import timing as domain
from quizapp.domain.attempts import Step, StepKind
from quizapp.domain.errors import NotFound
from quizapp.domain.timing import Timing
from quizapp.store import attempts as store
from quizapp.store import timing as times
from quizapp.store.attempts import AttemptFacts
from quizapp.store.db import unit_of_work
from quizapp.store.jobs import add_job

JOB = "close_attempt"
SETTLE = dt.timedelta(seconds=5)
"""The job that closes leaves this to saves that came in time and still wait for the database."""


def post_closing(
    connection: Connection, attempt_id: int, closes_at: dt.datetime, now: dt.datetime, seq: int = 1
) -> None:
    """Leave the job that closes an attempt, in the transaction that starts it or moves its end (step `seq`).

    A moved end gets a job of its own: the one before may be under way. What comes too early or twice does nothing.
    """
    key = str(attempt_id) if seq == 1 else f"{attempt_id}/{seq}"
    add_job(connection, JOB, key, {"attempt_id": attempt_id}, now, closes_at + SETTLE)


def move_end(
    connection: Connection, attempt: AttemptFacts, changed: Timing, kind: StepKind, last_seq: int, now: dt.datetime
) -> AttemptFacts:
    """Give an attempt another end, with the step that says from when to when; the caller holds the row."""
    before = attempt.due_at
    assert before is not None  # noqa: S101 - only what has an end can be moved
    times.set_timing(connection, attempt.id, changed)
    store.add_steps(connection, attempt.id, [Step(last_seq + 1, now, kind, moved=(before, changed.due_at))])
    if changed.closes_at != attempt.closes_at:
        post_closing(connection, attempt.id, changed.closes_at, now, last_seq + 1)
    return replace(
        attempt,
        due_at=changed.due_at,
        closes_at=changed.closes_at,
        pause_seconds=changed.pause_seconds,
        paused_seconds=changed.paused_seconds,
        paused_at=changed.paused_at,
    )


def pause(person_id: int, attempt_id: int, now: dt.datetime) -> AttemptFacts:
    """Stop the clock of an attempt, if there is anything left to pause. Twice is once. NotFound for another's."""
    return _change(person_id, attempt_id, StepKind.PAUSE, now)


def resume(person_id: int, attempt_id: int, now: dt.datetime) -> AttemptFacts:
    """Let the clock go on. Twice is once. NotFound for another's."""
    return _change(person_id, attempt_id, StepKind.RESUME, now)


def _change(person_id: int, attempt_id: int, kind: StepKind, now: dt.datetime) -> AttemptFacts:
    with unit_of_work() as connection:
        attempt = store.lock_attempt(connection, attempt_id)
        if attempt is None or attempt.person_id != person_id:
            raise NotFound("There is no such attempt, or it belongs to somebody else.")
        timing = attempt.timing
        if timing is None or attempt.finished_at is not None or attempt.is_due(now):
            return attempt
        last_seq = times.find_last_seq(connection, attempt_id)
        if kind is StepKind.RESUME or not timing.is_paused(now):
            attempt = resume_locked(connection, attempt, last_seq, now)
            last_seq += attempt.timing != timing
        timing = attempt.timing
        if kind is StepKind.PAUSE and timing is not None:
            changed = domain.pause(timing, now)
            if changed != timing:
                attempt = move_end(connection, attempt, changed, StepKind.PAUSE, last_seq, now)
        return attempt


def resume_locked(connection: Connection, attempt: AttemptFacts, last_seq: int, now: dt.datetime) -> AttemptFacts:
    """End the pause that is on, if one is; for a caller who holds the row of an open attempt."""
    timing = attempt.timing
    if timing is None or timing.paused_at is None:
        return attempt
    return move_end(connection, attempt, domain.resume(timing, now), StepKind.RESUME, last_seq, now)
