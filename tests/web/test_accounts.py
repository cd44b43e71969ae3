"""A person's own account and sign-ins, and the demo people."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape
from sqlalchemy import event, select

from quizapp.services import accounts
from quizapp.store.audit import AuditEntry
from quizapp.store.db import db, reading, unit_of_work
from quizapp.store.people import Person, delete_people
from quizapp.web.accounts import SECURITY_PAGES
from tests.conftest import MakeApp
from tests.people import ALICE, PEOPLE, ZONE, Clock, sign_in

PROFILE = {"name": "Alice O’Neill-Müller", "zone": "Europe/Berlin", "theme": "dark"}
LEARNER = {"email": "learner@demo.example"}


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/accounts/").status_code == 200


def make_demo(make_app: MakeApp, clock: Clock, **settings: Any) -> Flask:
    """An installation with nobody but the demo people."""
    app = make_app(**settings)
    with app.app_context():
        with unit_of_work() as connection:
            delete_people(connection, [person.id for person in PEOPLE])
        assert accounts.add_demo_people(zone=ZONE, now=clock())
    return app


def test_a_person_changes_name_time_zone_and_colours(app: Flask, alice: FlaskClient) -> None:
    page = alice.post("/accounts/", data=PROFILE, follow_redirects=True).text
    assert "Saved." in page
    assert "Alice O’Neill-Müller" in page
    assert 'data-bs-theme="dark"' in page
    assert '<option selected value="Europe/Berlin">' in page
    with app.app_context(), reading() as connection:
        entry = connection.execute(select(AuditEntry).where(AuditEntry.action == "name changed")).one()
    assert (entry.before["name"], entry.after["name"]) == (ALICE.name, PROFILE["name"])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "Enter your name"),
        ("   ", "Enter your name"),
        ("123", "Enter your name"),
        ("x" * 300, "The name has 300 characters"),
        ("Alice 😀", "grinning face (U+1F600)"),
        ("Alice\x07", "control character (U+0007)"),
        ("Alice\r\nBcc: mallory@test.example", "control character (U+000D)"),
        ("Alice \u202egnikcah", "right-to-left override (U+202E)"),
        ("Alice \u2066x", "left-to-right isolate (U+2066)"),
        ("Alice \ue000", "cannot be printed"),
        ("<script>alert(1)</script>", "less-than sign (U+003C)"),
    ],
)
def test_a_name_that_no_certificate_could_carry_is_refused_by_what_is_wrong_with_it(
    alice: FlaskClient, name: str, message: str
) -> None:
    answer = alice.post("/accounts/", data={**PROFILE, "name": name})
    assert answer.status_code == 400
    assert message in answer.text
    assert 'href="#name"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert 'aria-describedby="name-hint name-error"' in answer.text


@pytest.mark.parametrize(
    "name",
    [
        "Nguyễn Thị Minh Khai",
        "مریم میرزاخانی",
        "李小龍",
        "Jean-Luc d’Arc III.",
        "O'Brien (née Smith)",
        "Alice {{ 7 * 7 }} & Co.",
    ],
)
def test_names_of_the_world_are_kept_as_written(alice: FlaskClient, name: str) -> None:
    assert alice.post("/accounts/", data={**PROFILE, "name": f"  {name} "}).status_code == 302
    assert str(escape(name)) in alice.get("/accounts/").text


@pytest.mark.parametrize(("field", "value"), [("zone", "Mars/Olympus"), ("zone", "../etc/passwd"), ("theme", "pink")])
def test_only_what_the_page_offers_can_be_chosen(alice: FlaskClient, field: str, value: str) -> None:
    assert alice.post("/accounts/", data={**PROFILE, field: value}).status_code == 400


def test_a_person_sees_where_they_are_signed_in_and_ends_one(app: Flask, alice: FlaskClient, clock: Clock) -> None:
    clock.advance(hours=1)
    with app.app_context():
        accounts.start_sign_in(ALICE.id, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Safari/604.1", clock())
        person = accounts.find_signed_in(accounts.start_sign_in(ALICE.id, "", clock()), clock())
    assert person
    page = alice.get("/accounts/sign-ins").text
    assert page.index("Firefox on Linux") < page.index("this one") < page.index("Safari on iPhone")
    assert page.count("this one") == 1
    answer = alice.post(f"/accounts/sign-ins/{person.sign_in_id}/end", follow_redirects=True).text
    assert "That sign-in has ended." in answer
    assert "A browser we do not know" not in answer
    assert alice.post(f"/accounts/sign-ins/{person.sign_in_id}/end").status_code == 404


def test_a_person_ends_all_other_sign_ins(app: Flask, alice: FlaskClient, clock: Clock) -> None:
    others = [sign_in(app, ALICE, clock) for _ in range(3)]
    page = alice.post("/accounts/sign-ins/end-others", follow_redirects=True).text
    assert "3 other sign-ins ended." in page
    assert is_signed_in(alice)
    assert not any(is_signed_in(other) for other in others)


def test_nobody_ends_the_sign_in_of_somebody_else(app: Flask, alice: FlaskClient, mallory: FlaskClient) -> None:
    with app.app_context():
        (mine,) = [d for d in accounts.list_devices(_who(alice, app), app.config["CLOCK"]()) if d.is_this]
    assert mallory.post(f"/accounts/sign-ins/{mine.id}/end").status_code == 404
    assert is_signed_in(alice)


def _who(client: FlaskClient, app: Flask) -> accounts.SignedIn:
    with client.session_transaction() as session:
        person = accounts.find_signed_in(session["sign_in"], app.config["CLOCK"]())
    assert person
    return person


def test_the_signed_in_person_costs_one_statement(app: Flask, alice: FlaskClient) -> None:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    alice.get("/accounts/sign-ins")
    event.remove(engine, "before_cursor_execute", note)
    assert len([s for s in statements if s.startswith("SELECT")]) == 2
    assert not [s for s in statements if "IMMEDIATE" in s], "reading a page takes no write lock"


def test_without_a_database_a_signed_in_person_is_told_so_and_not_that_they_are_signed_out(make_app: MakeApp) -> None:
    client = make_app(DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing").test_client()
    with client.session_transaction() as session:
        session["sign_in"] = "some token"
    answer = client.get("/accounts/")
    assert answer.status_code == 503
    assert "We cannot save at the moment" in answer.text


@pytest.mark.parametrize("url", ["/accounts/", "/accounts/sign-ins"])
def test_a_stranger_is_sent_to_the_sign_in_page(client: FlaskClient, url: str) -> None:
    assert client.get(url).location.startswith("/accounts/sign-in?next=")


def test_the_demo_learner_signs_in_with_one_button(make_app: MakeApp, clock: Clock) -> None:
    client = make_demo(make_app, clock).test_client()
    page = client.get("/accounts/sign-in").text
    for who in ("learner", "educator", "reviewer", "registrar", "admin"):
        assert f"Sign in as the demo {who}" in page
    assert client.post("/accounts/demo", data=LEARNER).status_code == 302
    account = client.get("/accounts/").text
    assert "Demo Learner" in account
    assert "demo</span>" in account
    assert client.get("/accounts/change").status_code == 403
    assert client.post("/accounts/two-factor-setup", data={"setup": "authenticator"}).status_code == 403
    client.post("/accounts/sign-out")
    assert not is_signed_in(client)


def test_a_demo_person_has_no_password_that_could_be_guessed(make_app: MakeApp, clock: Clock) -> None:
    app = make_demo(make_app, clock)
    client = app.test_client()
    for password in ("", "demo", "password", "!"):
        client.post("/accounts/sign-in", data={**LEARNER, "password": password})
        assert not is_signed_in(client)
    with app.app_context(), reading() as connection:
        assert connection.scalar(select(Person.id).where(Person.password.is_not(None))) is None


def test_there_are_no_demo_people_on_a_public_server(make_app: MakeApp, clock: Clock) -> None:
    demo = make_demo(make_app, clock).test_client()
    demo.post("/accounts/demo", data=LEARNER)
    assert is_signed_in(demo)
    with demo.session_transaction() as session:
        copied = dict(session)
    public = make_app(PUBLIC_URL="https://learn.example").test_client()
    assert "demo" not in public.get("/accounts/sign-in").text.lower()
    assert public.post("/accounts/demo", data=LEARNER).status_code == 404
    with public.session_transaction(base_url="https://learn.example") as session:
        session.update(copied)
    assert public.get("/accounts/", base_url="https://learn.example").status_code == 302


def test_the_demo_button_signs_in_as_nobody_else(make_app: MakeApp, client: FlaskClient) -> None:
    assert client.post("/accounts/demo", data={"email": ALICE.email}).status_code == 404
    assert "demo" not in client.get("/accounts/sign-in").text.lower()


def test_each_page_of_flask_security_has_its_row(app: Flask) -> None:
    routes = {rule.endpoint for rule in app.url_map.iter_rules() if rule.endpoint.startswith("security.")}
    assert routes == SECURITY_PAGES.keys()
