"""Who has which accommodation; its history is in the audit entries."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, ForeignKey, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.orm import Mapped, aliased, mapped_column

from quizapp.domain.accommodations import MOST, NONE, Accommodation
from quizapp.store.audit import AuditEntry
from quizapp.store.db import Base
from quizapp.store.people import Person

ACTION = "accommodation changed"


class AccommodationRow(Base):
    """What a person was granted; no row means nothing."""

    __tablename__ = "accommodation"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    extra_percent: Mapped[int]
    extra_minutes: Mapped[int]
    pause_minutes: Mapped[int]
    extra_attempts: Mapped[int]


_AMOUNTS = tuple(getattr(AccommodationRow, name) for name in MOST)
_OF_PERSON = select(*_AMOUNTS).where(AccommodationRow.person_id == bindparam("person_id"))


@dataclass(frozen=True, slots=True)
class Granted:
    """A person as the page about accommodations names them, and what they were granted. Nothing else of them."""

    person_id: int
    name: str
    email: str
    accommodation: Accommodation


@dataclass(frozen=True, slots=True)
class Change:
    """One change as the audit has it. `actor` is empty where a command on the server did it, or the account is gone."""

    at: dt.datetime
    actor: str
    before: Accommodation
    after: Accommodation
    reason: str


def find_accommodation(connection: Connection, person_id: int) -> Accommodation:
    """What a person was granted; NONE if nothing."""
    row = connection.execute(_OF_PERSON, {"person_id": person_id}).first()
    return NONE if row is None else Accommodation(*row)


def lock_person(connection: Connection, person_id: int, *, alone: bool) -> bool:
    """Keep a change of an accommodation and the starts of attempts apart; False if there is nobody of that id.

    `alone` for the change, which waits for starts under way, as they wait for it.
    """
    query = select(Person.id).where(Person.id == person_id).with_for_update(read=not alone, key_share=not alone)
    return connection.scalar(query) is not None


def put_accommodation(connection: Connection, person_id: int, granted: Accommodation) -> None:
    """Set what a person was granted; the caller holds the person alone."""
    if not granted:
        connection.execute(delete(AccommodationRow).where(AccommodationRow.person_id == person_id))
        return
    mine = update(AccommodationRow).where(AccommodationRow.person_id == person_id).values(granted.to_json())
    if connection.execute(mine.returning(AccommodationRow.person_id)).first() is None:
        connection.execute(insert(AccommodationRow).values(person_id=person_id, **granted.to_json()))


def list_granted(connection: Connection, after_email: str = "", limit: int = 50) -> list[Granted]:
    """People with an accommodation, by e-mail address."""
    query = (
        select(Person.id, Person.name, Person.email, *_AMOUNTS)
        .join(AccommodationRow, AccommodationRow.person_id == Person.id)
        .where(Person.email > after_email)
        .order_by(Person.email)
        .limit(limit)
    )
    return _read(connection.execute(query).all())


def search_people(connection: Connection, text: str, limit: int = 20) -> list[Granted]:
    """People whose name or e-mail address holds `text`, by e-mail address."""
    held = text.lower()
    query = (
        select(Person.id, Person.name, Person.email, *_AMOUNTS)
        .outerjoin(AccommodationRow, AccommodationRow.person_id == Person.id)
        .where(
            or_(func.lower(Person.name).contains(held, autoescape=True), Person.email.contains(held, autoescape=True))
        )
        .order_by(Person.email)
        .limit(limit)
    )
    return _read(connection.execute(query).all())


def find_granted(connection: Connection, person_id: int) -> Granted | None:
    """One person with what they were granted; None if there is nobody of that id."""
    query = (
        select(Person.id, Person.name, Person.email, *_AMOUNTS)
        .outerjoin(AccommodationRow, AccommodationRow.person_id == Person.id)
        .where(Person.id == person_id)
    )
    return next(iter(_read(connection.execute(query).all())), None)


def _read(rows: Sequence[Any]) -> list[Granted]:
    return [Granted(r[0], r[1], r[2], NONE if r[3] is None else Accommodation(*r[3:])) for r in rows]


def list_changes(connection: Connection, person_id: int, limit: int = 50) -> list[Change]:
    """The changes of a person's accommodation, newest first."""
    actor = aliased(Person)
    query = (
        select(AuditEntry.at, actor.name, AuditEntry.before, AuditEntry.after, AuditEntry.reason)
        .outerjoin(actor, actor.id == AuditEntry.actor_id)
        .where(AuditEntry.subject == f"person:{person_id}", AuditEntry.action == ACTION)
        .order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
        .limit(limit)
    )
    return [
        Change(at, name or "", _from_audit(before), _from_audit(after), reason)
        for at, name, before, after, reason in connection.execute(query)
    ]


def _from_audit(data: dict[str, Any] | None) -> Accommodation:
    return Accommodation(**{name: (data or {}).get(name, 0) for name in MOST})
