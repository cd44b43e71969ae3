"""`flask people …`: accounts from a shell."""

import click
from flask import current_app
from flask.cli import AppGroup
from flask_security import hash_password

from quizapp.domain.errors import FascicleError
from quizapp.services import accounts

group = AppGroup("people", help="People and their roles.")
role_group = AppGroup("role", help="Give and take roles; each change is audited.")
group.add_command(role_group)

_ROLE = click.Choice(accounts.ROLES)


@group.command("list")
def list_() -> None:
    """List people by e-mail address."""
    after = ""
    while page := accounts.list_people(after):
        for person in page:
            marks = [
                mark for mark, is_on in (("demo", person.is_demo), ("not confirmed", not person.is_confirmed)) if is_on
            ]
            click.echo(f"{person.email}  {person.name}  {', '.join([*person.roles, *marks])}")
        after = page[-1].email


@group.command("add")
@click.argument("email")
@click.option("--name", required=True, help="As it should stand on certificates.")
@click.option("--role", "roles", multiple=True, type=_ROLE, help="May be given several times; everybody is a learner.")
def add(email: str, name: str, roles: tuple[str, ...]) -> None:
    """Add a person without password: `flask people password` or the page “Forgotten password” sets one."""
    config = current_app.config
    try:
        accounts.add_person(email, name, zone=config["PROVIDER_ZONE"], roles=roles, now=config["CLOCK"]())
    except FascicleError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"Added {email}.")


@group.command("password")
@click.argument("email")
def password(email: str) -> None:
    """Set a person's password by prompt. All their sign-ins end."""
    security = current_app.extensions["security"]
    typed = click.prompt("New password", hide_input=True, confirmation_prompt=True)
    faults, typed = security.password_util.validate(typed, True)
    if faults:
        raise click.ClickException(" ".join(str(fault) for fault in faults))
    try:
        accounts.set_password(email, hash_password(typed), current_app.config["CLOCK"]())
    except FascicleError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"The password of {email} is set; all their sign-ins have ended.")


def _change_role(email: str, role: str, *, give: bool, reason: str) -> None:
    try:
        now = current_app.config["CLOCK"]()
        is_changed = accounts.change_role(email, role, give=give, reason=reason, actor_id=None, now=now)
    except FascicleError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{email} {'is now' if give else 'is no longer'} {role}." if is_changed else "Nothing to change.")


@role_group.command("add")
@click.argument("email")
@click.argument("role", type=_ROLE)
@click.option("--reason", default="", help="Kept in the audit trail.")
def add_role(email: str, role: str, reason: str) -> None:
    """Give the person with EMAIL the ROLE."""
    _change_role(email, role, give=True, reason=reason)


@role_group.command("remove")
@click.argument("email")
@click.argument("role", type=_ROLE)
@click.option("--reason", default="", help="Kept in the audit trail.")
def remove_role(email: str, role: str, reason: str) -> None:
    """Take the ROLE from the person with EMAIL."""
    _change_role(email, role, give=False, reason=reason)
