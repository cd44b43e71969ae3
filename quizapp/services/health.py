"""Whether this installation can serve."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from quizapp.domain.errors import StorageUnavailable
from quizapp.store.db import reading


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether requests can be served; `reason` is a short sentence for the person who runs the installation."""

    is_ready: bool
    reason: str = ""


@cache
def newest_migration(folder: Path) -> str | None:
    """The head of the migrations in `folder`, which are numbered; they change only with the code, so read once."""
    return max((path.name[:4] for path in (folder / "versions").glob("[0-9]*.py")), default=None)


def check_readiness(expected_head: str | None) -> Readiness:
    """Ready: the database answers and its migrations stand at `expected_head` (None: there are no migrations)."""
    try:
        with reading() as connection:
            connection.execute(text("SELECT 1"))
    except (StorageUnavailable, SQLAlchemyError):
        return Readiness(False, "The database does not answer.")
    try:
        with reading() as connection:
            found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    except (StorageUnavailable, SQLAlchemyError):  # no migration has run yet
        found = None
    if found != expected_head:
        return Readiness(
            False, f"The database stands at migration {found or 'none'}, the code at {expected_head or 'none'}."
        )
    return Readiness(True)
