"""Accommodations as the registrar grants them and as their owner sees them."""

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.services import publishing
from tests.content import FIRST, write_course
from tests.people import ALICE, BOB, CAROL, MALLORY, Clock
from tests.web.taker import JSON, begin

LIMIT_MINUTES = 30
LIST = "/registrar/accommodations"
NOTHING = {"extra_percent": "0", "extra_minutes": "0", "pause_minutes": "0", "extra_attempts": "0", "reason": "Agreed."}


@pytest.fixture(autouse=True)
def _timed(app: Flask, clock: Clock, tmp_path: Path) -> None:
    """A course whose first quiz has a time limit of half an hour. It is 9:00 UTC, 20:00 where these people live."""
    with app.app_context():
        assert not publishing.publish_course(write_course(tmp_path / "timed", LIMIT_MINUTES), clock()).problems


def grant(carol: FlaskClient, **granted: Any) -> str:
    """Grant Alice something; the page that follows."""
    answer = carol.post(f"{LIST}/{ALICE.id}", data={**NOTHING, **granted}, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer.text


def words(page: str) -> str:
    """The page as one reads it."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).replace("&nbsp;", " ").split())


# --- granting -------------------------------------------------------------------------------------------------------


def test_the_registrar_finds_a_person_grants_with_a_reason_and_sees_it_in_list_and_history(carol: FlaskClient) -> None:
    assert "Nobody yet." in carol.get(LIST).text
    found = carol.get(f"{LIST}?q=LICE").text
    assert f'href="{LIST}/{ALICE.id}"' in found
    assert BOB.name not in found
    page = words(grant(carol, extra_percent="50", extra_minutes="5", pause_minutes="10", reason="Agreed with her."))
    assert "Kept. It is in force now." in page
    assert "50 % more time, and 5 minutes 10 minutes of pause in each attempt" in page
    assert f"{CAROL.name} From: nothing To: 50 % more time" in page
    assert "Reason: Agreed with her." in page
    assert "nothing changed" in grant(carol, extra_percent="50", extra_minutes="5", pause_minutes="10")
    assert ALICE.email in carol.get(LIST).text
    grant(carol)
    assert "Nobody yet." in carol.get(LIST).text


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"reason": ""}, "Say why: it stands in the history."),
        ({"reason": "x" * 501}, "A reason has at most 500 characters."),
        ({"extra_percent": "-1"}, "Extra time in per cent: a whole number from 0 to 400."),
        ({"extra_minutes": "601"}, "Extra minutes: a whole number from 0 to 600."),
        ({"pause_minutes": "ten"}, "Minutes of pause: a whole number from 0 to 600."),
        ({"extra_attempts": ""}, "Extra attempts: a whole number from 0 to 100."),
        ({"extra_attempts": "9" * 5000}, "Extra attempts: a whole number from 0 to 100."),
    ],
)
def test_what_cannot_be_granted_is_said_at_its_field_and_nothing_changes(
    carol: FlaskClient, wrong: dict[str, str], said: str
) -> None:
    answer = carol.post(f"{LIST}/{ALICE.id}", data={**NOTHING, "extra_percent": "50", **wrong})
    assert answer.status_code == 400
    (name,) = wrong
    assert f'<a href="#{name}">{said}</a>' in answer.text
    assert answer.text.count(f'href="#{name}"') == 1
    assert "Nothing was granted so far." in carol.get(f"{LIST}/{ALICE.id}").text


def test_the_page_says_nothing_else_of_a_person_and_a_stranger_to_the_role_sees_none_of_it(
    carol: FlaskClient, alice: FlaskClient, bob: FlaskClient
) -> None:
    page = words(carol.get(f"{LIST}?q=alice").text)
    assert f"{ALICE.name} {ALICE.email} nothing Grant" in page
    assert carol.get(f"{LIST}/999999").status_code == 404
    for other in (alice, bob):
        for path in (LIST, f"{LIST}?q=a", f"{LIST}/{ALICE.id}"):
            assert other.get(path).status_code == 403
        assert other.post(f"{LIST}/{ALICE.id}", data=NOTHING).status_code == 403


def test_a_search_for_odd_characters_is_a_search(carol: FlaskClient) -> None:
    for text in ("%", "_", "<script>", "a" * 5000, "’"):
        answer = carol.get(LIST, query_string={"q": text})
        assert answer.status_code == 200
        assert "<script>" not in answer.text
        assert ALICE.email not in answer.text


def test_the_list_goes_on_page_by_page(carol: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quizapp.services.accommodations.PAGE", 1)
    grant(carol, extra_minutes="5")
    carol.post(f"{LIST}/{MALLORY.id}", data={**NOTHING, "extra_minutes": "5"})
    first = carol.get(LIST).text
    assert ALICE.email in first
    assert MALLORY.email not in first
    more = re.search(r'href="([^"]*after=[^"]*)"', first)
    assert more
    second = carol.get(more[1].replace("&amp;", "&")).text
    assert MALLORY.email in second
    assert "First page" in second


# --- being told -----------------------------------------------------------------------------------------------------


def test_its_owner_sees_it_on_the_account_page_before_the_start_and_while_the_quiz_runs(
    app: Flask, alice: FlaskClient, mallory: FlaskClient, carol: FlaskClient
) -> None:
    assert "Granted to you" not in alice.get("/accounts/").text
    page = alice.get(f"/learn/modules/{FIRST}").text
    assert "30 minutes, then it closes by itself; answers sent up to 10 seconds later still count" in page
    grant(carol, extra_percent="50", pause_minutes="1", reason="A secret diagnosis.")
    account = words(alice.get("/accounts/").text)
    assert "Granted to you for every quiz 50 % more time 1 minute of pause in each attempt" in account
    page = words(alice.get(f"/learn/modules/{FIRST}").text)
    assert "30 minutes, with your extra time 45, then it closes by itself; answers sent up to 10 seconds" in page
    assert "You can pause the clock for 1 minute in all" in page
    quiz = begin(app, alice, ALICE)
    question = words(quiz.open(1))
    assert "Ends at 20:45" in question
    assert "The limit of 30 minutes is 45 for you." in question
    assert "You can pause the clock: 1 minute left." in question
    assert "secret diagnosis" not in account + page + question
    assert "Granted" not in mallory.get("/accounts/").text


def test_a_page_that_is_open_learns_of_a_moved_end_with_its_next_save_or_by_asking(
    app: Flask, alice: FlaskClient, carol: FlaskClient, clock: Clock
) -> None:
    quiz = begin(app, alice, ALICE)
    start = clock()
    clock.advance(minutes=20)
    grant(carol, extra_minutes="15")
    answer = quiz.save(1, ["A"], tab="t", tab_seq=1).json
    asked = alice.get(f"/clock/{quiz.attempt_id}", headers=JSON).json
    assert answer is not None
    assert asked is not None
    time = {
        "due": "20:45", "now": clock().isoformat(), "due_at": (start + dt.timedelta(minutes=45)).isoformat(),
        "closes_at": (start + dt.timedelta(minutes=45, seconds=10)).isoformat(),
    }  # fmt: skip
    assert answer["time"] == time
    assert asked == {"is_over": False, "is_paused": False, "time": time}
    clock.advance(hours=1)
    over = alice.get(f"/clock/{quiz.attempt_id}", headers=JSON).json
    assert over is not None
    assert over["is_over"]
    assert alice.get(f"/clock/{quiz.attempt_id}").location == quiz.url


@pytest.mark.each_database
def test_a_search_with_a_character_that_nobody_can_type_finds_as_without_it(carol: FlaskClient) -> None:
    assert ALICE.email in carol.get(f"{LIST}?q=%00alice&after=%00").text
