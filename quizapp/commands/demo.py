"""`flask demo …`: marked demo people for a fresh installation."""

import click
from flask import current_app
from flask.cli import AppGroup

from quizapp.domain.errors import FascicleError
from quizapp.services import accounts

group = AppGroup("demo", help="Demo people.")


@group.command("add")
def add() -> None:
    """Add demo people to a database without anybody in it."""
    config = current_app.config
    if config["PUBLIC_URL"]:
        raise click.ClickException("PUBLIC_URL is set, so this is no place for demo people.")
    try:
        is_added = accounts.add_demo_people(zone=config["PROVIDER_ZONE"], now=config["CLOCK"]())
    except FascicleError as error:
        raise click.ClickException(str(error)) from error
    if is_added:
        click.echo(
            f"Added {', '.join(accounts.DEMO_PEOPLE)}. The sign-in page has a button for each; none has a password."
        )
    else:
        click.echo("The demo people are here already.")


@group.command("remove")
def remove() -> None:
    """Delete the demo people with everything they did."""
    click.echo(f"Removed {accounts.remove_demo_people(current_app.config['CLOCK']())} demo people.")
