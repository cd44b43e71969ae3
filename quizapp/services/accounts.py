"""People, their sign-ins and their roles."""

import datetime as dt
import re
import secrets
import unicodedata
from dataclasses import dataclass
from hashlib import sha256
from zoneinfo import available_timezones

from sqlalchemy import Connection

from quizapp.domain.errors import Invalid, NotFound, Refused
from quizapp.store import people as store
from quizapp.store.audit import add_audit
from quizapp.store.db import reading, unit_of_work
from quizapp.store.people import PersonFacts

ROLES = (store.FIRST_ROLE, "author", "reviewer", "registrar", "admin")
SIGN_IN_LASTS = dt.timedelta(days=30)
NAME_LIMIT = 200
THEMES = ("", "light", "dark")
"""The empty one follows the system."""
DEMO_PEOPLE = {
    "learner@demo.example": ("Demo Learner", ()),
    "educator@demo.example": ("Demo Educator", ("author",)),
    "reviewer@demo.example": ("Demo Reviewer", ("reviewer",)),
    "registrar@demo.example": ("Demo Registrar", ("registrar",)),
    "admin@demo.example": ("Demo Admin", ("admin",)),
}


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The signed-in person as every page needs them; made from one select."""

    id: int
    email: str
    name: str
    zone: str
    theme: str
    roles: frozenset[str]
    sign_in_id: int
    fs_uniquifier: str
    is_demo: bool = False
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """What Flask-Login keeps in the session."""
        return self.fs_uniquifier

    @property
    def first_name(self) -> str:
        return self.name.split()[0] if self.name.split() else self.email


def find_signed_in(token: str, now: dt.datetime) -> SignedIn | None:
    """Who holds this sign-in token; None if it was ended, has run out or never was."""
    with reading() as connection:
        rows = store.select_signed_in(connection, _digest(token), now - SIGN_IN_LASTS)
    if not rows:
        return None
    first = rows[0]
    return SignedIn(
        id=first.id,
        email=first.email,
        name=first.name,
        zone=first.zone,
        theme=first.theme,
        roles=frozenset(row.role for row in rows if row.role),
        sign_in_id=first.sign_in_id,
        fs_uniquifier=first.fs_uniquifier,
        is_demo=first.is_demo,
    )


def make_token() -> str:
    """A secret for one sign-in. The cookie holds it; the database only its SHA-256."""
    return secrets.token_urlsafe(32)


def open_sign_in(connection: Connection, person_id: int, token: str, user_agent: str, now: dt.datetime) -> None:
    """Put a sign-in into the caller's transaction."""
    store.add_sign_in(
        connection, person_id, _digest(token), "".join(c for c in user_agent if c.isprintable())[:300], now
    )


def close_sign_in(connection: Connection, token: str, now: dt.datetime) -> None:
    """End the sign-in of this token in the caller's transaction: every copy of its cookie is dead with the commit."""
    store.end_sign_ins(connection, now, token_hash=_digest(token))


def start_sign_in(person_id: int, user_agent: str, now: dt.datetime) -> str:
    """Sign a person in without asking for anything; the token for the session."""
    token = make_token()
    with unit_of_work() as connection:
        open_sign_in(connection, person_id, token, user_agent, now)
    return token


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Device:
    """A live sign-in in plain words."""

    id: int
    description: str
    since: dt.datetime
    is_this: bool


def list_devices(person: SignedIn, now: dt.datetime) -> list[Device]:
    """Where a person is signed in: this one first, then the newest."""
    with reading() as connection:
        found = store.list_sign_ins(connection, person.id, now - SIGN_IN_LASTS)
    here = person.sign_in_id
    devices = [Device(one.id, describe_device(one.user_agent), one.created_at, one.id == here) for one in found]
    return sorted(devices, key=lambda device: not device.is_this)


_BROWSERS = {
    "Edg": "Edge", "OPR/": "Opera", "SamsungBrowser": "Samsung Internet", "Firefox": "Firefox", "FxiOS": "Firefox",
    "CriOS": "Chrome", "Chrome": "Chrome", "Safari": "Safari",
}  # fmt: skip
_SYSTEMS = {
    "iPhone": "iPhone", "iPad": "iPad", "Android": "Android", "Windows": "Windows", "CrOS": "ChromeOS",
    "Mac OS X": "Mac", "Linux": "Linux",
}  # fmt: skip


def describe_device(user_agent: str) -> str:
    """A user agent in plain words: “Firefox on Linux”. Order matters, for most browsers also name the others."""
    browser = next((name for sign, name in _BROWSERS.items() if sign in user_agent), "")
    system = next((name for sign, name in _SYSTEMS.items() if sign in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or "A browser we do not know"


def end_sign_in(person_id: int, sign_in_id: int, now: dt.datetime) -> None:
    """End one of a person's sign-ins. NotFound if there is no such live one of theirs."""
    with unit_of_work() as connection:
        ended = store.end_sign_ins(connection, now, person_id=person_id, sign_in_id=sign_in_id)
    if not ended:
        raise NotFound("There is no such sign-in, or it has ended already.")


def end_other_sign_ins(person: SignedIn, now: dt.datetime) -> int:
    """End all of a person's sign-ins but the one of this request; how many ended."""
    with unit_of_work() as connection:
        return store.end_sign_ins(connection, now, person_id=person.id, but_id=person.sign_in_id)


def get_account(person_id: int) -> PersonFacts:
    """What the account page says about a person."""
    with reading() as connection:
        found = store.list_people(connection, person_id=person_id)
    if not found:
        raise NotFound("There is no such person.")
    return found[0]


def change_profile(person: SignedIn, *, name: str, zone: str, theme: str, now: dt.datetime) -> None:
    """Set name, time zone (IANA name) and theme. A change of name is audited, for certificates carry it."""
    name = clean_name(name)
    if zone not in available_timezones():
        raise Invalid("Choose a time zone from the list.")
    if theme not in THEMES:
        raise Invalid("Choose a theme from the list.")
    with unit_of_work() as connection:
        before = store.change_profile(connection, person.id, name=name, zone=zone, theme=theme)
        if before != name:
            _audit(connection, now, person.id, person.id, "name changed", {"name": before}, {"name": name})


_JOINERS = "\u200c\u200d"  # zero-width: spelling in Persian and in Indic scripts needs them
_FIRST_EMOJI = 0x1F000


def clean_name(text: str) -> str:
    """A name as it is kept and printed: composed (NFC), single spaces. Invalid says what cannot stand in it."""
    name = unicodedata.normalize("NFC", text.strip())
    for character in name:
        if not _can_be_printed(character):
            named = f"{unicodedata.name(character, 'control character').lower()} (U+{ord(character):04X})"
            raise Invalid(f"The name holds a character that cannot be printed on a certificate: {named}.")
    name = " ".join(name.split())
    if len(name) > NAME_LIMIT:
        raise Invalid(f"The name has {len(name)} characters; at most {NAME_LIMIT} fit on a certificate.")
    if not any(unicodedata.category(character)[0] == "L" for character in name):
        raise Invalid("Enter your name as it should stand on certificates.")
    return name


def _can_be_printed(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Sk":
        return ord(character) < _FIRST_EMOJI
    return category[0] in "LMNP" or category == "Zs" or character in _JOINERS


_EMAIL = re.compile(r"[^\s@,;<>\"]+@[^\s@,;<>\"]+\.[^\s@,;<>\"]+")


def add_person(email: str, name: str, *, zone: str, roles: tuple[str, ...], now: dt.datetime) -> int:
    """A new person without password, added on the server; the new id."""
    email = email.strip().lower()
    if not _EMAIL.fullmatch(email):
        raise Invalid(f"{email!r} is not an e-mail address.")
    name = clean_name(name)
    for role in roles:
        _check_role(role)
    with unit_of_work() as connection:
        return _add_person(connection, email, name, zone, roles, now)


def _add_person(
    connection: Connection,
    email: str,
    name: str,
    zone: str,
    roles: tuple[str, ...],
    now: dt.datetime,
    is_demo: bool = False,
) -> int:
    key = secrets.token_hex(16)
    person_id = store.add_person(
        connection, email=email, name=name, zone=zone, fs_uniquifier=key, now=now, is_demo=is_demo
    )
    held = tuple(dict.fromkeys((store.FIRST_ROLE, *roles)))
    for role in held:
        store.give_role(connection, person_id, role)
    _audit(connection, now, None, person_id, "added", None, {"email": email, "name": name, "roles": list(held)})
    return person_id


def set_password(email: str, password_hash: str, now: dt.datetime) -> None:
    """Set a password that was hashed before (20 ms that must not hold a lock), and end all sign-ins of the person."""
    with unit_of_work() as connection:
        person = _get_person(connection, email)
        store.set_password(connection, person.id, password_hash, secrets.token_hex(16))
        store.end_sign_ins(connection, now, person_id=person.id)
        _audit(connection, now, None, person.id, "password changed")


def change_role(email: str, role: str, *, give: bool, reason: str, actor_id: int | None, now: dt.datetime) -> bool:
    """Give a role or take it away; False if nothing changed. `actor_id` is None for a command on the server."""
    _check_role(role)
    with unit_of_work() as connection:
        person = _get_person(connection, email)
        if not (store.give_role if give else store.take_role)(connection, person.id, role):
            return False
        after = sorted({*person.roles, role}) if give else [held for held in person.roles if held != role]
        action = "role given" if give else "role taken"
        _audit(connection, now, actor_id, person.id, action, {"roles": list(person.roles)}, {"roles": after}, reason)
    return True


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise Invalid(f"There is no role {role!r}. Roles: {', '.join(ROLES)}.")


def _get_person(connection: Connection, email: str) -> PersonFacts:
    found = store.list_people(connection, email=email.strip().lower())
    if not found:
        raise NotFound(f"There is nobody with the e-mail address {email}.")
    return found[0]


def list_people(after_email: str = "", limit: int = 200) -> list[PersonFacts]:
    """People by e-mail address, a page at a time."""
    with reading() as connection:
        return store.list_people(connection, after_email=after_email, limit=limit)


def list_demo_people() -> list[PersonFacts]:
    """The demo people, in the order of DEMO_PEOPLE."""
    with reading() as connection:
        found = store.list_people(connection, is_demo=True)
    order = list(DEMO_PEOPLE)
    return sorted(found, key=lambda person: order.index(person.email) if person.email in order else len(order))


def get_demo_person(email: str) -> PersonFacts:
    """The demo person of that address; NotFound for anybody else."""
    with reading() as connection:
        found = store.list_people(connection, email=email, is_demo=True)
    if not found:
        raise NotFound("There is no such demo person.")
    return found[0]


def add_demo_people(*, zone: str, now: dt.datetime) -> bool:
    """Add the demo people to a database without anybody in it; False if they are there already.

    They have no password, so none can leak: a button that exists only without PUBLIC_URL signs in as one of them.
    """
    with unit_of_work() as connection:
        if store.list_people(connection, is_demo=True, limit=1):
            return False
        if store.has_people(connection):
            raise Refused("There are people in this database, so no demo people are added to it.")
        for email, (name, roles) in DEMO_PEOPLE.items():
            _add_person(connection, email, name, zone, roles, now, is_demo=True)
    return True


def remove_demo_people(now: dt.datetime) -> int:
    """Delete the demo people with everything they did; how many there were."""
    with unit_of_work() as connection:
        found = store.list_people(connection, is_demo=True)
        store.delete_people(connection, [person.id for person in found])
        for person in found:
            _audit(connection, now, None, person.id, "removed", {"email": person.email, "roles": list(person.roles)})
    return len(found)


def _audit(
    connection: Connection,
    now: dt.datetime,
    actor_id: int | None,
    person_id: int,
    action: str,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
    reason: str = "",
) -> None:
    subject = f"person:{person_id}"
    add_audit(
        connection, at=now, actor_id=actor_id, action=action, subject=subject, before=before, after=after, reason=reason
    )
