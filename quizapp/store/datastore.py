"""The datastore through which Flask-Security reads and writes people, and the only place that handles entities."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from flask import current_app, g
from flask_security import SQLAlchemyUserDatastore, UserMixin
from sqlalchemy import Connection, Select, bindparam, inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from quizapp.domain.errors import Refused
from quizapp.store.audit import add_audit
from quizapp.store.db import db, reading, unit_of_work
from quizapp.store.people import FIRST_ROLE, Person, Role, end_sign_ins, give_role

Action = Callable[[Connection], None]


@dataclass(slots=True)
class _Pending:
    people: list[Person] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)


@cache
def _select_entity(name: str) -> Select[Any]:
    return select(Person).where(getattr(Person, name) == bindparam("value"))


class Datastore(SQLAlchemyUserDatastore):
    """What Flask-Security reads and writes people through, on our two paths.

    A find reads on its own connection and hands out a detached entity; what is put, and what is to happen with it
    (`also`), waits in this request until `commit` writes all of it in one unit of work together with the audit rows.
    """

    def __init__(self) -> None:
        super().__init__(db, Person, Role)

    def find_user(self, case_insensitive: bool = False, **kwargs: Any) -> Person | None:  # noqa: ARG002
        """The person with this one attribute. Addresses are kept in lower case, so case needs no function."""
        ((name, value),) = kwargs.items()
        with reading() as connection, Session(connection, expire_on_commit=False) as session:
            found: Person | None = session.scalars(_select_entity(name), {"value": value}).unique().one_or_none()
            return found

    def find_role(self, role: str) -> Role | None:
        """The role of that name."""
        with reading() as connection, Session(connection, expire_on_commit=False) as session:
            return session.scalar(select(Role).where(Role.name == role))

    def create_user(self, **kwargs: Any) -> UserMixin:
        """A new person, written at the next commit, with the first role."""
        now = current_app.config["CLOCK"]()
        return super().create_user(**{"created_at": now, "zone": current_app.config["PROVIDER_ZONE"], **kwargs})

    def tf_reset(self, user: UserMixin) -> None:
        """Remove the second factor, and what only served it."""
        super().tf_reset(user)
        user.tf_last_counter = None  # type: ignore[attr-defined]
        self.mf_set_recovery_codes(user, None)

    def put(self, model: Any) -> Any:
        """Keep `model` for the next commit."""
        person = getattr(model, "_get_current_object", lambda: model)()  # current_user is a proxy
        if not any(person is other for other in _pending().people):
            _pending().people.append(person)
        return model

    def delete(self, model: Any) -> None:  # noqa: ARG002
        """Nobody deletes people this way: `delete_people` says what must go with them."""
        raise Refused("People are not deleted through Flask-Security.")

    def also(self, action: Action) -> None:
        """Do `action` in the next commit, after the people put before are in the database and have ids."""
        _pending().actions.append(action)

    def commit(self) -> None:
        """Flask-Security's name for it."""
        self.write_all()

    def write_all(self) -> None:
        """Write what was put, and its audit rows, in one unit of work. A changed password ends all sign-ins."""
        pending = _pending()
        if not pending.people and not pending.actions:
            return
        g.pop("people_pending")
        now = current_app.config["CLOCK"]()
        try:
            with unit_of_work() as connection:
                _write(connection, pending, now)
        except IntegrityError as error:
            raise Refused("This was sent twice at the same moment. Go back and look whether it was done.") from error


def _pending() -> _Pending:
    if "people_pending" not in g:
        g.people_pending = _Pending()
    pending: _Pending = g.people_pending
    return pending


def _write(connection: Connection, pending: _Pending, now: dt.datetime) -> None:
    changes = [(person, _describe_changes(person)) for person in pending.people]
    if pending.people:
        with Session(connection, expire_on_commit=False) as session:
            session.add_all(pending.people)
            session.flush()
            session.expunge_all()
    for person, described in changes:
        if "registered" in described:
            give_role(connection, person.id, FIRST_ROLE)
        if "password changed" in described:
            end_sign_ins(connection, now, person_id=person.id)
        for action, (before, after) in described.items():
            subject = f"person:{person.id}"
            add_audit(
                connection, at=now, actor_id=person.id, action=action, subject=subject, before=before, after=after
            )
    for do in pending.actions:
        do(connection)


Change = tuple[dict[str, Any] | None, dict[str, Any] | None]


def _describe_changes(person: Person) -> dict[str, Change]:
    """What is about to change, in words, with before and after; never a secret."""
    state = inspect(person)
    if state.transient:
        return {"registered": (None, {"email": person.email, "name": person.name})}
    touched = {attribute.key for attribute in state.attrs if attribute.history.has_changes()}
    described: dict[str, Change] = {}
    if "password" in touched and "fs_uniquifier" in touched:
        described["password changed"] = (None, None)
    elif "password" in touched:  # only its hash is written anew, with newer parameters
        described["password rehashed"] = (None, None)
    if "confirmed_at" in touched:
        described["e-mail confirmed"] = ({"is_confirmed": False}, {"is_confirmed": True})
    if touched & {"tf_primary_method", "tf_totp_secret"}:
        described["second factor set" if person.tf_primary_method else "second factor removed"] = (
            {"method": next(iter(state.attrs.tf_primary_method.history.deleted or [person.tf_primary_method]))},
            {"method": person.tf_primary_method},
        )
    if "mf_recovery_codes" in touched:
        described["recovery codes changed"] = (None, {"n_codes": len(person.mf_recovery_codes or ())})
    if "active" in touched:
        described["account opened" if person.active else "account closed"] = (None, None)
    return described
