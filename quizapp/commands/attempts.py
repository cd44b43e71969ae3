"""`flask attempts …`: attempts from a shell."""

import click
from flask import current_app
from flask.cli import AppGroup

from quizapp.services import closing

group = AppGroup("attempts", help="Attempts at quizzes.")


@group.command("close-due")
def close_due() -> None:
    """Close and grade every open attempt whose time is over. The job runner does this by itself."""
    n_closed = closing.close_due(current_app.config["CLOCK"]())
    click.echo(f"{n_closed} {'attempt' if n_closed == 1 else 'attempts'} closed.")
