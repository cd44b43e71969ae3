"""People, roles and sign-in sessions.

No IP address is kept anywhere here.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from flask_security import AsaList, RoleMixin, UserMixin
from sqlalchemy import (
    Boolean,
    Connection,
    ForeignKey,
    Index,
    Select,
    String,
    Table,
    Text,
    bindparam,
    delete,
    exists,
    false,
    insert,
    select,
    true,
    update,
)  # fmt: skip
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, mapped_column, relationship

from quizapp.domain.errors import Refused
from quizapp.store.attempts import AttemptRow, StepRow
from quizapp.store.db import Base, insert_once
from quizapp.store.marks import ContributionRow

AsaList.cache_ok = True  # the type has no state; without this each select of a person is compiled anew, with a warning

FIRST_ROLE = "learner"
"""The role of everybody who registers."""


class PersonRole(Base):
    """A role a person holds."""

    __tablename__ = "person_role"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("role.id", ondelete="CASCADE"), primary_key=True)


class Role(Base, RoleMixin):
    """Learner, author, reviewer, registrar or admin."""

    __tablename__ = "role"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    description: Mapped[str] = mapped_column(String(200), default="")
    permissions: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(AsaList()), default=None)


class Person(Base, UserMixin):
    """Somebody with an account. The names of the columns that Flask-Security reads are its own."""

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(255), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    zone: Mapped[str] = mapped_column(String(60), default="Australia/Melbourne")
    theme: Mapped[str] = mapped_column(String(10), default="")
    is_demo: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    created_at: Mapped[dt.datetime]
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true())
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    confirmed_at: Mapped[dt.datetime | None]
    tf_primary_method: Mapped[str | None] = mapped_column(String(64))
    tf_totp_secret: Mapped[str | None] = mapped_column(String(255))
    tf_phone_number: Mapped[str | None] = mapped_column(String(128))
    tf_last_counter: Mapped[int | None]
    """The time step of the last authenticator code that was accepted, so that none is accepted twice."""
    mf_recovery_codes: Mapped[list[str] | None] = mapped_column(MutableList.as_mutable(AsaList()))
    roles: Mapped[list[Role]] = relationship(secondary="person_role", lazy="joined")  # type: ignore[assignment]

    @property
    def first_name(self) -> str:
        return self.name.split()[0]


class SignIn(Base):
    """One sign-in session. The cookie holds a secret; here is only its SHA-256. Ended means the cookie is dead."""

    __tablename__ = "sign_in"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    user_agent: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (Index(None, "person_id", "created_at"),)


# The statement of every request of a signed-in person: made once, on plain tables, for building it costs most.
_person, _sign_in, _role, _held = (table.__table__ for table in (Person, SignIn, Role, PersonRole))
_SIGNED_IN = (
    select(
        *(_person.c[name] for name in ("id", "email", "name", "zone", "theme", "fs_uniquifier", "is_demo")),
        _sign_in.c.id.label("sign_in_id"), _role.c.name.label("role"),
    )
    .join_from(_person, _sign_in, _sign_in.c.person_id == _person.c.id)
    .outerjoin(_held, _held.c.person_id == _person.c.id)
    .outerjoin(_role, _role.c.id == _held.c.role_id)
    .where(
        _sign_in.c.token_hash == bindparam("token_hash"), _sign_in.c.ended_at.is_(None),
        _sign_in.c.created_at > bindparam("since"), _person.c.active,
    )
)  # fmt: skip

_ADD_SIGN_IN = insert(cast(Table, _sign_in))


def select_signed_in(connection: Connection, token_hash: str, since: dt.datetime) -> Sequence[Any]:
    """The person of a live sign-in made after `since`: one row per role, one with role None without any, else none."""
    return connection.execute(_SIGNED_IN, {"token_hash": token_hash, "since": since}).all()


def add_sign_in(connection: Connection, person_id: int, token_hash: str, user_agent: str, now: dt.datetime) -> None:
    """Start a sign-in session."""
    row = {"person_id": person_id, "token_hash": token_hash, "user_agent": user_agent, "created_at": now}
    connection.execute(_ADD_SIGN_IN, row)


def end_sign_ins(
    connection: Connection,
    now: dt.datetime,
    *,
    person_id: int | None = None,
    sign_in_id: int | None = None,
    but_id: int | None = None,
    token_hash: str | None = None,
) -> int:
    """End the live sign-ins that all given arguments name (`but_id`: all except that one); how many ended."""
    query = update(SignIn).where(SignIn.ended_at.is_(None)).values(ended_at=now)
    for column, value in ((SignIn.person_id, person_id), (SignIn.id, sign_in_id), (SignIn.token_hash, token_hash)):
        if value is not None:
            query = query.where(column == value)
    if but_id is not None:
        query = query.where(SignIn.id != but_id)
    return len(connection.execute(query.returning(SignIn.id)).all())


@dataclass(frozen=True, slots=True)
class SignInFacts:
    """A live sign-in as its owner sees it."""

    id: int
    created_at: dt.datetime
    user_agent: str


def list_sign_ins(connection: Connection, person_id: int, since: dt.datetime, limit: int = 100) -> list[SignInFacts]:
    """The live sign-ins of a person made after `since`, newest first."""
    query = (
        select(SignIn.id, SignIn.created_at, SignIn.user_agent)
        .where(SignIn.person_id == person_id, SignIn.ended_at.is_(None), SignIn.created_at > since)
        .order_by(SignIn.created_at.desc(), SignIn.id.desc())
        .limit(limit)
    )
    return [SignInFacts(*row) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """A person without any secret. `roles` in alphabetical order."""

    id: int
    email: str
    name: str
    is_demo: bool
    is_confirmed: bool
    has_password: bool
    has_second_factor: bool
    n_recovery_codes: int
    roles: tuple[str, ...] = ()


@cache
def _select_people(*named: str) -> Select[Any]:
    table = _person.c
    return (
        select(
            table.id, table.email, table.name, table.is_demo, table.confirmed_at.is_not(None),
            table.password.is_not(None), table.tf_primary_method.is_not(None), table.mf_recovery_codes,
        )
        .where(table.email > bindparam("after_email"), *(table[name] == bindparam(name) for name in named))
        .order_by(table.email)
        .limit(bindparam("n_rows"))
    )  # fmt: skip


def list_people(
    connection: Connection,
    *,
    person_id: int | None = None,
    email: str | None = None,
    is_demo: bool | None = None,
    after_email: str = "",
    limit: int = 200,
) -> list[PersonFacts]:
    """People by e-mail address, after `after_email`; those that all given arguments name."""
    named = {name: v for name, v in (("id", person_id), ("email", email), ("is_demo", is_demo)) if v is not None}
    values = {**named, "after_email": after_email, "n_rows": limit}
    rows: Sequence[Any] = connection.execute(_select_people(*named), values).all()
    if not rows:
        return []
    held: dict[int, list[str]] = {row.id: [] for row in rows}
    roles = select(PersonRole.person_id, Role.name).join(Role).where(PersonRole.person_id.in_(held)).order_by(Role.name)
    for holder, role in connection.execute(roles):
        held[holder].append(role)
    return [
        PersonFacts(r[0], r[1], r[2], r[3], r[4], r[5], r[6], n_recovery_codes=len(r[7] or ()), roles=tuple(held[r.id]))
        for r in rows
    ]


def list_addresses(connection: Connection, role: str) -> dict[int, str]:
    """By id the e-mail address of everybody who holds `role` and can sign in."""
    query = select(Person.id, Person.email).join(PersonRole).join(Role).where(Role.name == role, Person.active)
    return dict(connection.execute(query.order_by(Person.id)).all())


def has_people(connection: Connection) -> bool:
    """Whether anybody has an account."""
    return bool(connection.execute(select(exists(select(Person.id)))).scalar())


def add_person(
    connection: Connection, *, email: str, name: str, zone: str, fs_uniquifier: str, now: dt.datetime, is_demo: bool
) -> int:
    """A new person without password; the new id. Refused if the address is taken. A demo person counts as confirmed."""
    if list_people(connection, email=email):
        raise Refused(f"There is already a person with the e-mail address {email}.")
    values = {
        "email": email, "name": name, "zone": zone, "fs_uniquifier": fs_uniquifier, "created_at": now,
        "is_demo": is_demo, "confirmed_at": now if is_demo else None,
    }  # fmt: skip
    return connection.execute(insert(Person).values(values).returning(Person.id)).scalar_one()


def change_profile(connection: Connection, person_id: int, *, name: str, zone: str, theme: str) -> str:
    """Set what a person may change freely; the name before."""
    before = connection.scalar(select(Person.name).where(Person.id == person_id))
    connection.execute(update(Person).where(Person.id == person_id).values(name=name, zone=zone, theme=theme))
    return before or ""


def set_password(connection: Connection, person_id: int, password_hash: str, fs_uniquifier: str) -> None:
    """Set a password that was hashed before. The new `fs_uniquifier` makes older letters and cookies worthless."""
    values = {"password": password_hash, "fs_uniquifier": fs_uniquifier}
    connection.execute(update(Person).where(Person.id == person_id).values(values))


def give_role(connection: Connection, person_id: int, name: str) -> bool:
    """Give a person a role; False if they hold it already."""
    insert_once(connection, Role, ["name"], {"name": name, "description": ""})
    held = select(Role.id).where(Role.name == name).scalar_subquery()
    return insert_once(connection, PersonRole, ["person_id", "role_id"], {"person_id": person_id, "role_id": held})


def take_role(connection: Connection, person_id: int, name: str) -> bool:
    """Take a role from a person; False if they do not hold it."""
    held = select(Role.id).where(Role.name == name).scalar_subquery()
    mine = delete(PersonRole).where(PersonRole.person_id == person_id, PersonRole.role_id == held)
    taken = connection.execute(mine.returning(PersonRole.role_id))
    return taken.first() is not None


def delete_people(connection: Connection, person_ids: Collection[int]) -> None:
    """Delete people with their attempts. Only for demo people, who hold no record that must be kept."""
    attempts = select(AttemptRow.id).where(AttemptRow.person_id.in_(person_ids))
    connection.execute(delete(StepRow).where(StepRow.attempt_id.in_(attempts)))
    connection.execute(delete(ContributionRow).where(ContributionRow.attempt_id.in_(attempts)))
    connection.execute(delete(AttemptRow).where(AttemptRow.person_id.in_(person_ids)))
    connection.execute(delete(Person).where(Person.id.in_(person_ids)))
