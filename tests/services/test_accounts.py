"""People, sign-ins and roles: the service, its commands, and many at the same time."""

import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from quizapp.domain.errors import Invalid, NotFound, Refused
from quizapp.services import accounts
from quizapp.services.accounts import describe_device
from quizapp.store.audit import AuditEntry
from quizapp.store.db import reading, unit_of_work
from quizapp.store.people import delete_people
from tests.conftest import MakeApp
from tests.people import ALICE, BOB, PEOPLE, ZONE, Clock, sign_in


@pytest.mark.each_database
def test_who_is_signed_in_comes_with_all_roles_from_one_token(make_app: MakeApp, clock: Clock) -> None:
    app = make_app()
    with app.app_context():
        accounts.change_role(BOB.email, "reviewer", give=True, reason="trained", actor_id=None, now=clock())
        person = accounts.find_signed_in(accounts.start_sign_in(BOB.id, "Firefox", clock()), clock())
        assert person
        assert (person.id, person.name, person.zone) == (BOB.id, BOB.name, ZONE)
        assert person.roles == {"learner", "author", "reviewer"}
        assert accounts.find_signed_in("made up", clock()) is None
        accounts.end_sign_in(BOB.id, person.sign_in_id, clock())
        assert accounts.end_other_sign_ins(person, clock()) == 0
        with pytest.raises(NotFound):
            accounts.end_sign_in(BOB.id, person.sign_in_id, clock())


@pytest.mark.each_database
def test_a_role_is_given_and_taken_once_and_each_change_is_audited(make_app: MakeApp, clock: Clock) -> None:
    app = make_app()
    change: dict[str, Any] = {"reason": "moved on", "actor_id": BOB.id, "now": clock()}
    with app.app_context():
        assert accounts.change_role(ALICE.email, "registrar", give=True, **change)
        assert not accounts.change_role(ALICE.email, "registrar", give=True, **change)
        assert accounts.change_role(ALICE.email, "registrar", give=False, **change)
        assert not accounts.change_role(ALICE.email, "registrar", give=False, **change)
        with pytest.raises(Invalid, match="no role 'emperor'"):
            accounts.change_role(ALICE.email, "emperor", give=True, **change)
        with pytest.raises(NotFound):
            accounts.change_role("nobody@test.example", "admin", give=True, **change)
        with reading() as connection:
            query = select(AuditEntry).where(AuditEntry.action.like("role %")).order_by(AuditEntry.id)
            entries = connection.execute(query).all()
    told = [(e.actor_id, e.action, e.before["roles"], e.after["roles"], e.reason) for e in entries]
    assert told == [
        (BOB.id, "role given", ["learner"], ["learner", "registrar"], "moved on"),
        (BOB.id, "role taken", ["learner", "registrar"], ["learner"], "moved on"),
    ]


def test_nobody_is_added_twice_or_without_an_address(app: Flask, clock: Clock) -> None:
    with app.app_context():
        with pytest.raises(Refused, match="already a person"):
            accounts.add_person(" ALICE@test.example ", "Alice Again", zone=ZONE, roles=(), now=clock())
        for email in ("", "alice", "alice@", "a b@test.example", "a@test.example, b@test.example"):
            with pytest.raises(Invalid):
                accounts.add_person(email, "Dave", zone=ZONE, roles=(), now=clock())


@pytest.mark.each_database
def test_demo_people_come_only_to_an_empty_database_and_go_without_a_trace(make_app: MakeApp, clock: Clock) -> None:
    app = make_app()
    with app.app_context():
        with pytest.raises(Refused):
            accounts.add_demo_people(zone=ZONE, now=clock())
        with unit_of_work() as connection:
            delete_people(connection, [person.id for person in PEOPLE])
        assert accounts.add_demo_people(zone=ZONE, now=clock())
        assert not accounts.add_demo_people(zone=ZONE, now=clock())
        people = accounts.list_demo_people()
        assert people[0].name == "Demo Learner"
        assert all(person.is_demo and not person.has_password for person in people)
        accounts.start_sign_in(people[0].id, "", clock())
        assert accounts.remove_demo_people(clock()) == 5
        assert accounts.list_people() == []


def test_user_agents_become_plain_words() -> None:
    windows = (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
    )
    assert describe_device(windows) == "Chrome on Windows"
    assert describe_device(f"{windows} Edg/140.0") == "Edge on Windows"
    assert describe_device("Mozilla/5.0 (Linux; Android 16) Firefox/140.0") == "Firefox on Android"
    assert describe_device("curl/8.0") == "A browser we do not know"


@pytest.mark.each_database
def test_four_people_writing_fifty_times_each_while_signed_in_meet_no_lock(make_app: MakeApp, clock: Clock) -> None:
    app = make_app()
    faults: list[str] = []

    def write(person: Any) -> None:
        client = sign_in(app, person, clock)
        for number in range(50):
            name = f"{person.name} {'I' * (number % 5)}X"
            answer = client.post("/accounts/", data={"name": name, "zone": ZONE, "theme": ""})
            if answer.status_code != 302:
                faults.append(f"{answer.status_code}: {answer.text[:2000]}")

    threads = [threading.Thread(target=write, args=(person,)) for person in PEOPLE]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults


def test_the_commands_do_what_they_say(app: Flask) -> None:
    runner = app.test_cli_runner()

    def say(*words: str, **more: Any) -> tuple[int, str]:
        result = runner.invoke(args=words, **more)
        return result.exit_code, result.output

    assert say("people", "add", "dave@test.example", "--name", "Dave", "--role", "author") == (
        0,
        "Added dave@test.example.\n",
    )
    assert "dave@test.example  Dave  author, learner, not confirmed" in say("people", "list")[1]
    assert say("people", "role", "add", "dave@test.example", "admin")[0] == 0
    assert say("people", "role", "remove", "dave@test.example", "author")[0] == 0
    assert "Dave  admin, learner" in say("people", "list")[1]
    assert say("people", "role", "add", "nobody@test.example", "admin")[0] == 1
    assert say("people", "role", "add", "dave@test.example", "emperor")[0] == 2
    assert say("people", "password", "dave@test.example", input="short\nshort\n")[0] == 1
    code, said = say("people", "password", "dave@test.example", input="a long password\na long password\n")
    assert (code, "a long password" in said) == (0, False)
    answer = app.test_client().post(
        "/accounts/sign-in", data={"email": "dave@test.example", "password": "a long password"}
    )
    assert answer.status_code == 302
    assert say("demo", "add")[0] == 1
    assert say("demo", "remove") == (0, "Removed 0 demo people.\n")
    assert say("mail", "test", "nonsense")[0] == 1
    assert app.config["MAIL_FOLDER"] in say("mail", "test", "dave@test.example")[1]
    assert say("jobs", "run", "--once") == (0, "0 jobs taken.\n")
    assert say("jobs", "list") == (0, "0 failed, 0 waiting, 0 done.\n")
