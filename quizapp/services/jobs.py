"""The runner of the job table: take due jobs under a lease, do them, put failures off."""

import datetime as dt
import logging
from collections.abc import Callable, Mapping
from typing import Any

from quizapp.domain.errors import NotFound
from quizapp.store import jobs as store
from quizapp.store.db import reading, unit_of_work
from quizapp.store.jobs import JobRow

log = logging.getLogger("fascicle.jobs")

LEASE = dt.timedelta(minutes=5)
Handler = Callable[[Mapping[str, Any], dt.datetime], None]


def run_due_jobs(handlers: Mapping[str, Handler], now: dt.datetime, limit: int = 20) -> int:
    """Do the jobs that are due now; how many were taken. A handler may run twice for one job, so it is idempotent.

    A handler's fault puts its job off and never stops the others. A job whose runner was killed each time, so that
    nobody could note a fault, is given up like one that failed as often.
    """
    with unit_of_work() as connection:
        taken = store.take_jobs(connection, now, LEASE, limit)
    for job in taken:
        try:
            if job.tries > store.MAX_TRIES:
                raise RuntimeError("the runner stopped in the middle of this job each time")
            handler = handlers.get(job.kind)
            if handler is None:
                raise LookupError(f"nobody does jobs of kind {job.kind!r}")
            handler(job.payload, now)
        except Exception as error:
            log.exception("job failed", extra={"job": job.id, "kind": job.kind, "tries": job.tries})
            with unit_of_work() as connection:
                store.mark_failed(connection, job.id, job.tries, f"{type(error).__name__}: {error}", now)
        else:
            with unit_of_work() as connection:
                store.mark_done(connection, job.id, now)
    return len(taken)


def get_desk() -> tuple[dict[str, int], list[JobRow]]:
    """What the admin page shows: counts, and the jobs that failed or wait."""
    with reading() as connection:
        return store.count_jobs(connection), store.list_open_jobs(connection)


def retry(job_id: int, now: dt.datetime) -> None:
    """Give a failed job another round of tries. NotFound if there is no failed job of that id."""
    with unit_of_work() as connection:
        if not store.retry_job(connection, job_id, now):
            raise NotFound("This job is not among those that failed: it may have been tried again already.")
