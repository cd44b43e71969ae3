"""Work that nobody waits for: a row written in the transaction that causes it, taken by a runner under a lease."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Index, String, Text, UniqueConstraint, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.store.db import Base, insert_once

MAX_TRIES = 8


class Job(Base):
    """One piece of work. `key` makes it unique within its kind: adding it twice adds it once."""

    __tablename__ = "job"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(200))
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[dt.datetime]
    due_at: Mapped[dt.datetime]
    tries: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[dt.datetime | None]
    done_at: Mapped[dt.datetime | None]
    failed_at: Mapped[dt.datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (UniqueConstraint("kind", "key"), Index(None, "done_at", "failed_at", "due_at"))


@dataclass(frozen=True, slots=True)
class Taken:
    """A job under lease."""

    id: int
    kind: str
    payload: dict[str, Any]
    tries: int


def add_job(
    connection: Connection,
    kind: str,
    key: str,
    payload: dict[str, Any],
    now: dt.datetime,
    due_at: dt.datetime | None = None,
) -> None:
    """Add a job to the caller's transaction; a job of the same kind and key stays as it is."""
    row = {
        "kind": kind,
        "key": key,
        "payload": {"format": 1, **payload},
        "created_at": now,
        "due_at": due_at or now,
        "tries": 0,
        "error": "",
    }
    insert_once(connection, Job, ["kind", "key"], row)


def take_jobs(connection: Connection, now: dt.datetime, lease: dt.timedelta, limit: int) -> list[Taken]:
    """Lease up to `limit` due jobs. Two runners never get the same one while its lease lasts."""
    free = (Job.leased_until.is_(None)) | (Job.leased_until < now)
    due = (
        select(Job.id)
        .where(Job.done_at.is_(None), Job.failed_at.is_(None), Job.due_at <= now, free)
        .order_by(Job.due_at, Job.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = list(connection.scalars(due))
    if not ids:
        return []
    connection.execute(update(Job).where(Job.id.in_(ids)).values(leased_until=now + lease, tries=Job.tries + 1))
    rows = connection.execute(
        select(Job.id, Job.kind, Job.payload, Job.tries).where(Job.id.in_(ids)).order_by(Job.due_at, Job.id)
    )
    return [Taken(*row) for row in rows]


def mark_done(connection: Connection, job_id: int, now: dt.datetime) -> None:
    """The job is done; its payload is emptied, for it may hold a letter with a secret link."""
    connection.execute(
        update(Job).where(Job.id == job_id).values(done_at=now, leased_until=None, error="", payload={"format": 1})
    )


def mark_failed(connection: Connection, job_id: int, tries: int, error: str, now: dt.datetime) -> None:
    """Put the job off (1, 2, 4 … minutes), or give it up after MAX_TRIES and show it on the admin page."""
    values: dict[str, Any] = {"leased_until": None, "error": error[:2000]}
    if tries >= MAX_TRIES:
        values["failed_at"] = now
    else:
        values["due_at"] = now + dt.timedelta(minutes=2 ** (tries - 1))
    connection.execute(
        update(Job).where(Job.id == job_id, Job.tries == tries).values(values)
    )  # unless leased anew since


def retry_job(connection: Connection, job_id: int, now: dt.datetime) -> bool:
    """Give a failed job another round of tries. False if there is no failed job of that id."""
    changed = connection.execute(
        update(Job)
        .where(Job.id == job_id, Job.failed_at.is_not(None))
        .values(failed_at=None, tries=0, due_at=now)
        .returning(Job.id)
    )
    return changed.first() is not None


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job as the admin page shows it: without its payload."""

    id: int
    kind: str
    key: str
    created_at: dt.datetime
    due_at: dt.datetime
    tries: int
    failed_at: dt.datetime | None
    error: str


def list_open_jobs(connection: Connection, limit: int = 100) -> list[JobRow]:
    """Jobs that failed or wait, failed first."""
    query = (
        select(Job.id, Job.kind, Job.key, Job.created_at, Job.due_at, Job.tries, Job.failed_at, Job.error)
        .where(Job.done_at.is_(None))
        .order_by(Job.failed_at.is_(None), Job.due_at)
        .limit(limit)
    )
    return [JobRow(*row) for row in connection.execute(query)]


def count_jobs(connection: Connection) -> dict[str, int]:
    """How many jobs are waiting, failed and done."""
    query = select(
        func.count().filter(Job.done_at.is_(None), Job.failed_at.is_(None)),
        func.count().filter(Job.failed_at.is_not(None)),
        func.count().filter(Job.done_at.is_not(None)),
    )
    waiting, failed, done = connection.execute(query).one()
    return {"waiting": waiting, "failed": failed, "done": done}
