"""Registering, signing in and out, letters, passwords and the second step: through the pages, as a browser does."""

import re
import time
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from passlib.totp import TOTP
from sqlalchemy import select

from quizapp.commands.jobs import handlers_for
from quizapp.services import accounts, jobs
from quizapp.store.audit import AuditEntry
from quizapp.store.db import reading
from quizapp.store.people import Person, SignIn
from tests.conftest import MakeApp
from tests.people import ALICE, PASSWORD, Clock

NEW = "soleus and plantaris"
DAVE = {"name": "Dave Newcomer", "email": "dave@test.example", "password": NEW}


def read_letters(app: Flask) -> list[Any]:
    """Send what is due, and read the letters from the folder, oldest job first."""
    with app.app_context():
        while jobs.run_due_jobs(handlers_for(app.config), app.config["CLOCK"]()):
            pass
    folder = Path(app.config["MAIL_FOLDER"])
    files = sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]


def find_link(letter: Any) -> str:
    """The path of the first link in a letter."""
    found = re.search(r"https?://[^/\s]+(/\S+)", letter.get_content())
    assert found
    return found[1]


def type_password(client: FlaskClient, email: str = ALICE.email, password: str = PASSWORD, **more: str) -> Any:
    return client.post("/accounts/sign-in", data={"email": email, "password": password, **more})


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/accounts/").status_code == 200


def find_rows(app: Flask, query: Any) -> list[Any]:
    with app.app_context(), reading() as connection:
        return list(connection.execute(query))


def list_actions(app: Flask, person_id: int) -> list[str]:
    query = select(AuditEntry.action).where(AuditEntry.subject == f"person:{person_id}").order_by(AuditEntry.id)
    return [row.action for row in find_rows(app, query)]


def test_a_newcomer_registers_confirms_the_address_by_the_letter_and_signs_in(app: Flask, client: FlaskClient) -> None:
    answer = client.post("/accounts/register", data=DAVE, follow_redirects=True)
    assert "A letter to dave@test.example is on its way" in answer.text
    assert app.config["MAIL_FOLDER"] in answer.text
    type_password(client, DAVE["email"], NEW)
    assert "Not yet" in client.get("/accounts/").text
    (letter,) = read_letters(app)
    assert letter["To"] == "dave@test.example"
    assert DAVE["name"] not in letter.get_content(), "a stranger must not be able to write into our letters"
    client.get(find_link(letter))
    assert "Not yet" not in client.get("/accounts/").text
    (person,) = find_rows(app, select(Person.id, Person.password).where(Person.email == "dave@test.example"))
    assert person.password.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert list_actions(app, person.id) == ["registered", "e-mail confirmed"]


def test_a_newcomer_is_a_learner(app: Flask, client: FlaskClient) -> None:
    client.post("/accounts/register", data=DAVE)
    with app.app_context():
        assert [p.roles for p in accounts.list_people() if p.email == "dave@test.example"] == [("learner",)]


def test_registering_an_address_twice_looks_the_same_and_tells_its_owner_by_letter(make_app: MakeApp) -> None:
    app = make_app()
    answers = []
    for email in ("dave@test.example", "DAVE@test.example"):
        client = app.test_client()
        answer = client.post("/accounts/register", data={**DAVE, "email": email, "password": f"{NEW} {email}"})
        with client.session_transaction() as session:
            answers.append((answer.status_code, answer.location, sorted(session), session["_flashes"]))
    assert answers[0] == answers[1]
    assert [letter["To"] for letter in read_letters(app)] == ["dave@test.example"] * 2
    assert len(find_rows(app, select(Person.id).where(Person.email == "dave@test.example"))) == 1


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(client: FlaskClient) -> None:
    wrong = type_password(client, password="not the password").text
    unknown = type_password(client, email="nobody@test.example").text
    assert "E-mail address or password is not right." in wrong
    assert wrong.replace(ALICE.email, "") == unknown.replace("nobody@test.example", "")
    assert 'role="alert"' in wrong


def test_an_unknown_address_and_a_known_one_get_the_same_answer_when_a_new_password_is_asked_for(app: Flask) -> None:
    known, unknown = (
        app.test_client().post("/accounts/reset", data={"email": email}).text.replace(email, "")
        for email in (ALICE.email, "nobody@test.example")
    )
    assert known == unknown
    assert [letter["To"] for letter in read_letters(app)] == [ALICE.email]


def test_the_address_is_the_same_in_capitals(client: FlaskClient) -> None:
    type_password(client, email="ALICE@Test.Example")
    assert is_signed_in(client)


def test_a_letter_sets_a_new_password_once_and_ends_every_sign_in(app: Flask, alice: FlaskClient) -> None:
    stranger = app.test_client()
    stranger.post("/accounts/reset", data={"email": ALICE.email})
    link = find_link(read_letters(app)[0])
    assert stranger.get(link).status_code == 200
    assert "Use at least 10 characters." in stranger.post(link, data={"password": "short"}).text
    assert stranger.post(link, data={"password": NEW}).status_code == 302
    assert not is_signed_in(alice)
    assert not is_signed_in(stranger), "the letter alone signs nobody in"
    assert stranger.post(link, data={"password": "another password"}).location.endswith("/accounts/reset")
    type_password(stranger, password=NEW)
    assert is_signed_in(stranger)
    assert list_actions(app, ALICE.id)[-1] == "password changed"
    assert "was set anew" in read_letters(app)[-1]["Subject"]


def test_changing_the_password_ends_all_other_sign_ins_but_not_this_one(app: Flask, alice: FlaskClient) -> None:
    here = app.test_client()
    type_password(here)
    with here.session_transaction() as session:
        copied = dict(session)
    refused = here.post("/accounts/change", data={"password": "wrong", "new_password": NEW})
    assert "This password is not right." in refused.text
    assert is_signed_in(alice)
    here.post("/accounts/change", data={"password": PASSWORD, "new_password": NEW})
    assert is_signed_in(here)
    assert not is_signed_in(alice)
    thief = app.test_client()
    with thief.session_transaction() as session:
        session.update(copied)
    assert not is_signed_in(thief), "a copy of the cookie from before the change is dead"


def test_a_copied_cookie_dies_with_sign_out(app: Flask, client: FlaskClient) -> None:
    type_password(client)
    thief = app.test_client()
    cookie = client.get_cookie("fascicle")
    assert cookie
    thief.set_cookie("fascicle", cookie.value)
    assert is_signed_in(thief)
    client.post("/accounts/sign-out")
    assert not is_signed_in(client)
    assert not is_signed_in(thief)


def test_the_database_holds_no_token_that_a_cookie_could_be_made_from(app: Flask, client: FlaskClient) -> None:
    type_password(client)
    with client.session_transaction() as session:
        token = session["sign_in"]
    assert token not in {row.token_hash for row in find_rows(app, select(SignIn.token_hash))}


def test_a_sign_in_survives_the_browser_and_ends_after_thirty_days(client: FlaskClient, clock: Clock) -> None:
    type_password(client)
    cookie = client.get_cookie("fascicle")
    assert cookie
    assert cookie.expires is not None
    assert cookie.http_only
    clock.advance(days=29)
    assert is_signed_in(client)
    clock.advance(days=2)
    assert not is_signed_in(client)


def test_signing_out_needs_a_button_not_a_link(alice: FlaskClient) -> None:
    assert alice.get("/accounts/sign-out").status_code == 405
    assert is_signed_in(alice)


def test_nobody_signs_in_from_a_form_of_another_site(make_app: MakeApp) -> None:
    client = make_app(WTF_CSRF_ENABLED=True).test_client()
    answer = type_password(client)
    assert answer.status_code == 400
    assert "Reload the page and send it again" in answer.text
    token = re.search(r'name="csrf_token" type="hidden" value="([^"]+)"', client.get("/accounts/sign-in").text)
    assert token
    type_password(client, csrf_token=token[1])
    assert is_signed_in(client)
    assert client.post("/accounts/sign-out").status_code == 400


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "\\\\evil.example",
        "https:evil.example",
        " //evil.example",
    ],
)
def test_signing_in_never_leads_to_another_site(client: FlaskClient, target: str) -> None:
    answer = client.post(
        "/accounts/sign-in",
        query_string={"next": target},
        data={"email": ALICE.email, "password": PASSWORD, "next": target},
    )
    assert answer.status_code == 302
    assert "//" not in answer.location.removeprefix("http://localhost")
    assert is_signed_in(client)


def test_signing_in_leads_back_to_the_page_that_asked_for_it(client: FlaskClient) -> None:
    asked = client.get("/accounts/sign-ins").location
    assert asked == "/accounts/sign-in?next=/accounts/sign-ins"
    assert 'name="next" type="hidden" value="/accounts/sign-ins"' in client.get(asked).text
    assert type_password(client, next="/accounts/sign-ins").location == "/accounts/sign-ins"


def test_a_link_in_a_letter_names_the_public_address_whatever_the_host_header_says(make_app: MakeApp) -> None:
    app = make_app(PUBLIC_URL="https://learn.example")
    headers = {"Host": "evil.example"}
    app.test_client().post("/accounts/reset", data={"email": ALICE.email}, headers=headers)
    content = read_letters(app)[0].get_content()
    assert "https://learn.example/accounts/reset/" in content
    assert "evil.example" not in content


def test_guessing_a_password_is_slowed_down_for_that_account_only(make_app: MakeApp) -> None:
    client = make_app(RATELIMIT_ENABLED=True).test_client()
    answers = [type_password(client, password="guess").status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]
    refused = type_password(client)
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "Too many tries" in refused.text
    assert type_password(client, email="bob@test.example").status_code == 302


@pytest.mark.parametrize(("n_trusted", "last"), [(0, 429), (1, 200)])
def test_an_address_behind_a_proxy_counts_only_where_the_proxy_is_trusted(
    make_app: MakeApp, n_trusted: int, last: int
) -> None:
    client = make_app(RATELIMIT_ENABLED=True, TRUSTED_PROXIES=n_trusted).test_client()
    guess = {"email": ALICE.email, "password": "guess"}
    answers = [
        client.post("/accounts/sign-in", data=guess, headers={"X-Forwarded-For": f"203.0.113.{i}"}).status_code
        for i in range(11)
    ]
    assert answers == [200] * 10 + [last]


def test_nobody_is_flooded_with_letters(make_app: MakeApp) -> None:
    app = make_app(RATELIMIT_ENABLED=True)
    answers = [app.test_client().post("/accounts/reset", data={"email": ALICE.email}).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]
    assert len(read_letters(app)) == 5


@pytest.mark.parametrize("url", ["/accounts/sign-in", "/accounts/register", "/accounts/reset"])
def test_hostile_forms_are_refused_with_a_page(client: FlaskClient, url: str) -> None:
    assert client.post(url, data={"email": "x" * 2_000_000}).status_code == 413
    assert client.post(url, json=[1]).status_code == 415
    for email in (
        "",
        "@",
        "a@b@c",
        "x" * 10_000 + "@test.example",
        "alice@test.example\nBcc: m@evil.example",
    ):
        answer = client.post(url, data={"email": email, "password": NEW, "name": "Dave"})
        assert answer.status_code == 200
        assert 'role="alert"' in answer.text or "on its way" in answer.text
    assert client.post(url, data={"email": "a\x00@test.example", "password": NEW}).status_code == 400


def set_up_second_step(client: FlaskClient) -> Any:
    """The authenticator app of somebody who just turned the second step on."""
    page = client.post("/accounts/two-factor-setup", data={"setup": "authenticator"}).text
    assert '<img src="data:image/svg+xml' in page
    key, action = (
        re.search(r'<code class="text-break">([^<]+)</code>', page),
        re.search(r'action="([^"]*setup/[^"]+)"', page),
    )
    assert key
    assert action
    app = TOTP(key=key[1])
    assert "This code is not right" in client.post(action[1], data={"code": "000000"}, follow_redirects=True).text
    assert client.post(action[1], data={"code": app.generate().token}).location.endswith("/accounts/")
    return app


def test_with_a_second_step_the_password_alone_signs_nobody_in(app: Flask) -> None:
    here, there = app.test_client(), app.test_client()
    type_password(here)
    authenticator = set_up_second_step(here)
    asked = type_password(there, next="/accounts/sign-ins").location
    assert "/accounts/two-factor-code" in asked
    assert not is_signed_in(there)
    assert "This code is not right" in there.post(asked, data={"code": "000000"}).text
    assert not is_signed_in(there)
    code = authenticator.generate(time=time.time() + 30).token  # the one at set-up was used
    assert there.post(asked, data={"code": code}).location == "/accounts/sign-ins"
    assert is_signed_in(there)
    replay = app.test_client()
    type_password(replay)
    assert "used before" in replay.post("/accounts/two-factor-code", data={"code": code}).text
    assert not is_signed_in(replay)
    assert "second factor set" in list_actions(app, ALICE.id)


def test_a_recovery_code_signs_in_once(app: Flask) -> None:
    here = app.test_client()
    type_password(here)
    set_up_second_step(here)
    codes = re.findall(r"<code>([0-9a-f-]{14})</code>", here.post("/accounts/two-factor-recovery-codes").text)
    assert len(codes) == 8
    stored = find_rows(app, select(Person.mf_recovery_codes).where(Person.id == ALICE.id))[0][0]
    assert not set(codes) & set(stored), "the codes are kept encrypted"
    for is_first in (True, False):
        browser = app.test_client()
        type_password(browser)
        answer = browser.post("/accounts/two-factor-recovery", data={"code": codes[0]})
        assert is_signed_in(browser) is is_first
    assert "used before" in answer.text
    assert "7 left" in here.get("/accounts/").text


def test_turning_the_second_step_off_takes_its_codes_away(app: Flask, client: FlaskClient) -> None:
    type_password(client)
    set_up_second_step(client)
    client.post("/accounts/two-factor-recovery-codes")
    client.post("/accounts/two-factor-setup", data={"setup": "disable"})
    (row,) = find_rows(app, select(Person.tf_totp_secret, Person.mf_recovery_codes).where(Person.id == ALICE.id))
    assert row.tf_totp_secret is None
    assert not row.mf_recovery_codes
    assert "second factor removed" in list_actions(app, ALICE.id)


def test_an_old_sign_in_enters_the_password_again_before_the_second_step_changes(alice: FlaskClient) -> None:
    asked = alice.get("/accounts/two-factor-setup").location
    assert asked.startswith("/accounts/verify")
    assert "This password is not right." in alice.post(asked, data={"password": "wrong"}).text
    assert alice.post(asked, data={"password": PASSWORD}).status_code == 302
    assert alice.get("/accounts/two-factor-setup").status_code == 200


def test_the_second_step_cannot_be_entered_without_the_password(client: FlaskClient) -> None:
    for url in ("/accounts/two-factor-code", "/accounts/two-factor-recovery", "/accounts/two-factor-setup"):
        assert client.get(url).location.endswith("/accounts/sign-in")
