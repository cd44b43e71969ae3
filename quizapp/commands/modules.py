"""`flask modules`: put content on line."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from quizapp.services.publishing import Report, State, publish_course


@click.group("modules")
def group() -> None:
    """Publish course modules."""


@group.command("publish")
@click.argument("path", required=False, type=click.Path(exists=True, path_type=Path))
@with_appcontext
def publish(path: Path | None) -> None:
    """Publish a course folder (QUESTIONS_PATH if none is named). One with faults is refused whole: exit status 1."""
    report = publish_course(path or Path(current_app.config["QUESTIONS_PATH"]), current_app.config["CLOCK"]())
    for problem in report.problems:
        click.echo(str(problem))
    if report.problems:
        click.echo(f"Nothing was published: {len(report.problems)} fault{'s' * (len(report.problems) != 1)}.", err=True)
        raise SystemExit(1)
    _print_changes(report)


def _print_changes(report: Report) -> None:
    for module_id, state in report.modules:
        click.echo(f"{state:10} module {module_id}")
    for item_id, state in report.items:
        if state is not State.UNCHANGED:
            click.echo(f"{state:10} item   {item_id}")
    counts = ", ".join(f"{n} {state}" for state, n in report.count(report.items).items())
    click.echo(f"course {report.course}; items: {counts}")
