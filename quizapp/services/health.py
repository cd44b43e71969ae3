"""Whether this installation can serve."""

from dataclasses import dataclass

from alembic.migration import MigrationContext
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from quizapp.domain.errors import StorageUnavailable
from quizapp.store.db import reading


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether requests can be served; `reason` is a short sentence for the person who runs the installation."""

    is_ready: bool
    reason: str = ""


def check_readiness(expected_head: str | None) -> Readiness:
    """Ready: the database answers and its migrations stand at `expected_head` (None: there are no migrations)."""
    try:
        with reading() as connection:
            connection.execute(select(1))
            found = MigrationContext.configure(connection).get_current_revision()
    except (StorageUnavailable, SQLAlchemyError):
        return Readiness(False, "The database does not answer.")
    if found != expected_head:
        return Readiness(
            False, f"The database stands at migration {found or 'none'}, the code at {expected_head or 'none'}."
        )
    return Readiness(True)
