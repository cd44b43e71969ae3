"""`flask mail …`: does mail work here?"""

import click
from flask import current_app
from flask.cli import AppGroup

from quizapp.commands.jobs import mail_settings
from quizapp.domain.errors import FascicleError
from quizapp.services import mailing

group = AppGroup("mail", help="Mail.")


@group.command("test")
@click.argument("address")
def test(address: str) -> None:
    """Send a letter to ADDRESS right now and say how it went."""
    settings = mail_settings(current_app.config)
    try:
        mailing.send_test(settings, address, current_app.config["CLOCK"]())
    except (OSError, FascicleError) as error:  # smtplib's faults are OSErrors
        raise click.ClickException(f"The letter could not be sent: {error}") from error
    if settings.server:
        click.echo(f"{settings.server}:{settings.port} took the letter to {address}.")
    else:
        click.echo(f"MAIL_SERVER is not set: the letter to {address} lies as an .eml file in {settings.folder}.")
