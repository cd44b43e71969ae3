"""`flask jobs …`: the runner of the job table."""

import datetime as dt
import logging
import signal
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from quizapp.services import closing, jobs, mailing, problems, regrading, timing

IDLE_SECONDS = 1.0

log = logging.getLogger("fascicle.jobs")
group = AppGroup("jobs", help="Work that nobody waits for: mail, closing attempts whose time is over.")


def mail_settings(config: Mapping[str, Any]) -> mailing.MailSettings:
    """Where mail goes, by the application's configuration."""
    return mailing.MailSettings(
        folder=Path(config["MAIL_FOLDER"]),
        sender=config["MAIL_FROM"],
        server=config["MAIL_SERVER"],
        port=config["MAIL_PORT"],
        username=config["MAIL_USERNAME"],
        password=config["MAIL_PASSWORD"],
    )


def handlers_for(config: Mapping[str, Any]) -> dict[str, jobs.Handler]:
    """Who does which kind of job: the one place where kinds are listed."""
    return {
        mailing.KIND: mailing.mail_handler(mail_settings(config)),
        timing.JOB: closing.close_by_job,
        problems.JOB: problems.tell_authors,
        regrading.JOB: regrading.run_by_job,
    }


def run_jobs_forever(app: Flask, stop: threading.Event) -> None:
    """Do jobs as they fall due until `stop` is set; the job in hand is finished first. No fault ends the loop."""
    handlers = handlers_for(app.config)
    while not stop.is_set():
        try:
            with app.app_context():
                n_taken = jobs.run_due_jobs(handlers, app.config["CLOCK"](), limit=1)
        except Exception:
            log.exception("the job runner met a fault and goes on")
            n_taken = 0
        if not n_taken:
            stop.wait(IDLE_SECONDS)


@group.command("run")
@click.option("--once", is_flag=True, help="Do what is due now, then stop.")
def run(once: bool) -> None:
    """Do jobs as they fall due. SIGTERM and Ctrl-C stop it after the job in hand."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    if once:
        handlers = handlers_for(app.config)
        n_done = 0
        while jobs.run_due_jobs(handlers, app.config["CLOCK"](), limit=1):
            n_done += 1
        click.echo(f"{n_done} jobs taken.")
        return
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run_jobs_forever(app, stop)


@group.command("list")
def list_() -> None:
    """List the jobs that failed or wait."""
    counts, rows = jobs.get_desk()
    click.echo(f"{counts['failed']} failed, {counts['waiting']} waiting, {counts['done']} done.")
    for row in rows:
        state = "failed" if row.failed_at else f"due {row.due_at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
        click.echo(
            f"{row.id:>6}  {row.kind:<12} {state}, tries {row.tries}  {row.error.splitlines()[0] if row.error else ''}"
        )
