"""What every other test relies on."""

import socket

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.services.accounts import list_people
from tests.people import PEOPLE, START, Clock


def test_nothing_can_be_reached_but_this_machine() -> None:
    with socket.socket() as outside, pytest.raises(AssertionError, match="wanted to connect"):
        outside.connect(("192.0.2.1", 80))


def test_the_clock_stands_until_it_is_moved(clock: Clock) -> None:
    assert clock() == clock() == START
    assert (clock.advance(hours=1) - START).total_seconds() == 3600


@pytest.mark.each_database
def test_people_have_the_same_ids_and_roles_in_each_database(app: Flask) -> None:
    with app.app_context():
        found = {person.email: person for person in list_people()}
    for person in PEOPLE:
        assert found[person.email].id == person.id
        assert set(found[person.email].roles) == {"learner", *person.roles}


def test_one_test_sees_nothing_of_another(alice: FlaskClient) -> None:
    assert alice.get("/quiz/attempts/1").status_code == 404
