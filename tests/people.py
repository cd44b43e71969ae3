"""The people of the tests, and how they sign in without typing a password."""

import datetime as dt
from dataclasses import dataclass

from flask import Flask
from flask.testing import FlaskClient
from flask_security import hash_password

from quizapp.services import accounts

PASSWORD = "lateral gastrocnemius 7"
ZONE = "Australia/Melbourne"
START = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)


class Clock:
    """The application's clock in a test: it stands until it is moved."""

    def __init__(self, at: dt.datetime = START) -> None:
        self.at = at

    def __call__(self) -> dt.datetime:
        return self.at

    def advance(self, **by: float) -> dt.datetime:
        """Move on by days, hours, minutes or seconds; the new time."""
        self.at += dt.timedelta(**by)
        return self.at


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the master database; `id` is the same in each copy. All have PASSWORD and a confirmed address."""

    id: int
    email: str
    name: str
    roles: tuple[str, ...] = ()


ALICE = Person(1, "alice@test.example", "Alice Learner")
BOB = Person(2, "bob@test.example", "Bob Author", ("author",))
CAROL = Person(3, "carol@test.example", "Carol Admin", ("admin", "registrar"))
MALLORY = Person(4, "mallory@test.example", "Mallory Stranger")
PEOPLE = (ALICE, BOB, CAROL, MALLORY)


def add_people(now: dt.datetime) -> None:
    """Put the people into the database of the application that is current."""
    password = hash_password(PASSWORD)
    for person in PEOPLE:
        assert accounts.add_person(person.email, person.name, zone=ZONE, roles=person.roles, now=now) == person.id
        accounts.set_password(person.email, password, now)


def sign_in(app: Flask, person: Person, clock: Clock) -> FlaskClient:
    """A browser in which `person` is signed in."""
    with app.app_context():
        token = accounts.start_sign_in(person.id, "Firefox on Linux", clock())
        found = accounts.find_signed_in(token, clock())
    assert found is not None
    client = app.test_client()
    with client.session_transaction() as session:
        session.permanent = True
        session |= {"sign_in": token, "_user_id": found.fs_uniquifier, "_fresh": True}
    return client
