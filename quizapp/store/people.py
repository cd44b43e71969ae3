"""People, roles and sign-in sessions, and the datastore through which Flask-Security reads and writes them.

No IP address is kept anywhere here.
"""

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import current_app, g
from flask_security import AsaList, RoleMixin, SQLAlchemyUserDatastore, UserMixin
from sqlalchemy import (
    Boolean,
    Connection,
    ForeignKey,
    Index,
    String,
    Text,
    bindparam,
    delete,
    exists,
    false,
    inspect,
    select,
    true,
    update,
)  # fmt: skip
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.mutable import MutableList
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from quizapp.domain.errors import Refused
from quizapp.store.attempts import AttemptRow, ContributionRow, StepRow
from quizapp.store.audit import add_audit
from quizapp.store.db import Base, db, reading, unit_of_work

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
    roles: Mapped[list[Role]] = relationship(secondary="person_role", lazy="selectin")  # type: ignore[assignment]

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


def select_signed_in(connection: Connection, token_hash: str, since: dt.datetime) -> Sequence[Any]:
    """The person of a live sign-in made after `since`: one row per role, one with role None without any, else none."""
    return connection.execute(_SIGNED_IN, {"token_hash": token_hash, "since": since}).all()


def add_sign_in(session: Session, person_id: int, token_hash: str, user_agent: str, now: dt.datetime) -> None:
    """Start a sign-in session."""
    session.add(SignIn(person_id=person_id, token_hash=token_hash, user_agent=user_agent, created_at=now))


def end_sign_ins(
    session: Session,
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
    return len(session.execute(query.returning(SignIn.id)).all())


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


def list_people(
    connection: Connection | Session,
    *,
    person_id: int | None = None,
    email: str | None = None,
    is_demo: bool | None = None,
    after_email: str = "",
    limit: int = 200,
) -> list[PersonFacts]:
    """People by e-mail address, after `after_email`; those that all given arguments name."""
    query = select(
        Person.id, Person.email, Person.name, Person.is_demo, Person.confirmed_at.is_not(None),
        Person.password.is_not(None), Person.tf_primary_method.is_not(None), Person.mf_recovery_codes,
    ).where(Person.email > after_email)  # fmt: skip
    for column, value in ((Person.id, person_id), (Person.email, email), (Person.is_demo, is_demo)):
        if value is not None:
            query = query.where(column == value)
    rows = connection.execute(query.order_by(Person.email).limit(limit)).all()
    if not rows:
        return []
    held: dict[int, list[str]] = {row.id: [] for row in rows}
    roles = select(PersonRole.person_id, Role.name).join(Role).where(PersonRole.person_id.in_(held)).order_by(Role.name)
    for holder, role in connection.execute(roles):
        held[holder].append(role)
    return [PersonFacts(*row[:7], len(row[7] or ()), tuple(held[row.id])) for row in rows]


def has_people(connection: Connection | Session) -> bool:
    """Whether anybody has an account."""
    return bool(connection.execute(select(exists(select(Person.id)))).scalar())


def add_person(
    session: Session, *, email: str, name: str, zone: str, fs_uniquifier: str, now: dt.datetime, is_demo: bool
) -> int:
    """A new person without password; the new id. Refused if the address is taken. A demo person counts as confirmed."""
    if list_people(session, email=email):
        raise Refused(f"There is already a person with the e-mail address {email}.")
    person = Person(email=email, name=name, zone=zone, fs_uniquifier=fs_uniquifier, created_at=now, is_demo=is_demo)
    person.confirmed_at = now if is_demo else None
    session.add(person)
    session.flush()
    return person.id


def change_profile(session: Session, person_id: int, *, name: str, zone: str, theme: str) -> str:
    """Set what a person may change freely; the name before."""
    before = session.scalar(select(Person.name).where(Person.id == person_id))
    session.execute(update(Person).where(Person.id == person_id).values(name=name, zone=zone, theme=theme))
    return before or ""


def set_password(session: Session, person_id: int, password_hash: str, fs_uniquifier: str) -> None:
    """Set a password that was hashed before. The new `fs_uniquifier` makes older letters and cookies worthless."""
    values = {"password": password_hash, "fs_uniquifier": fs_uniquifier}
    session.execute(update(Person).where(Person.id == person_id).values(values))


def give_role(session: Session, person_id: int, name: str) -> bool:
    """Give a person a role; False if they hold it already."""
    make = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(make(Role).values(name=name, description="").on_conflict_do_nothing(index_elements=["name"]))
    held = select(Role.id).where(Role.name == name).scalar_subquery()
    given = session.execute(
        make(PersonRole)
        .values(person_id=person_id, role_id=held)
        .on_conflict_do_nothing(index_elements=["person_id", "role_id"])
        .returning(PersonRole.role_id)
    )
    return given.first() is not None


def take_role(session: Session, person_id: int, name: str) -> bool:
    """Take a role from a person; False if they do not hold it."""
    held = select(Role.id).where(Role.name == name).scalar_subquery()
    mine = delete(PersonRole).where(PersonRole.person_id == person_id, PersonRole.role_id == held)
    taken = session.execute(mine.returning(PersonRole.role_id))
    return taken.first() is not None


def delete_people(session: Session, person_ids: Collection[int]) -> None:
    """Delete people with their attempts. Only for demo people, who hold no record that must be kept."""
    attempts = select(AttemptRow.id).where(AttemptRow.person_id.in_(person_ids))
    session.execute(delete(StepRow).where(StepRow.attempt_id.in_(attempts)))
    session.execute(delete(ContributionRow).where(ContributionRow.attempt_id.in_(attempts)))
    session.execute(delete(AttemptRow).where(AttemptRow.person_id.in_(person_ids)))
    session.execute(delete(Person).where(Person.id.in_(person_ids)))


Action = Callable[[Session], None]


@dataclass(slots=True)
class _Pending:
    people: list[Person] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)


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
            return session.scalar(select(Person).where(getattr(Person, name) == value))

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
            with unit_of_work() as session:
                _write(session, pending, now)
        except IntegrityError as error:
            raise Refused("This was sent twice at the same moment. Go back and look whether it was done.") from error


def _pending() -> _Pending:
    if "people_pending" not in g:
        g.people_pending = _Pending()
    pending: _Pending = g.people_pending
    return pending


def _write(session: Session, pending: _Pending, now: dt.datetime) -> None:
    changes = [(person, _describe_changes(person)) for person in pending.people]
    session.add_all(pending.people)
    session.flush()
    for person, described in changes:
        if "registered" in described:
            give_role(session, person.id, FIRST_ROLE)
        if "password changed" in described:
            end_sign_ins(session, now, person_id=person.id)
        for action, (before, after) in described.items():
            subject = f"person:{person.id}"
            add_audit(session, at=now, actor_id=person.id, action=action, subject=subject, before=before, after=after)
    for do in pending.actions:
        do(session)


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
