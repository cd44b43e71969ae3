"""The time of attempts that run: moved ends and pauses. The columns are in `store/attempts.py`."""

from sqlalchemy import Connection, func, select, update

from quizapp.domain.timing import Timing
from quizapp.store.attempts import FACT_COLUMNS, AttemptFacts, AttemptRow, StepRow, read_facts, timing_values


def set_timing(connection: Connection, attempt_id: int, timing: Timing) -> None:
    """Move the end of an attempt, or note a pause; the caller holds the row and adds the step that says so."""
    connection.execute(update(AttemptRow).where(AttemptRow.id == attempt_id).values(timing_values(timing)))


def lock_open_timed(connection: Connection, person_id: int) -> list[AttemptFacts]:
    """A person's unfinished attempts with a time limit, oldest first; nobody else can change them meanwhile."""
    query = (
        select(*FACT_COLUMNS)
        .where(
            AttemptRow.person_id == person_id,
            AttemptRow.finished_at.is_(None),
            AttemptRow.limit_minutes.is_not(None),
        )
        .order_by(AttemptRow.id)
        .with_for_update()
    )
    return [read_facts(row) for row in connection.execute(query)]


def find_last_seq(connection: Connection, attempt_id: int) -> int:
    """The number of an attempt's newest step."""
    return connection.scalar(select(func.max(StepRow.seq)).where(StepRow.attempt_id == attempt_id)) or 0
