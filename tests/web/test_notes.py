"""Own notes on pages: by plain form and by background save, all on one page, as a file."""

import io
import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from quizapp.services import notes
from quizapp.store.db import unit_of_work
from tests.content import FIRST, SECOND
from tests.people import ALICE, START
from tests.web.taker import JSON

URL = f"/notes/{FIRST}/on-o1-1"
SECTION = f"/learn/modules/{FIRST}/sections/on-o1-1"


def save(client: FlaskClient, text: str, version: int, url: str = URL) -> dict[str, object]:
    answer = client.post(url, data={"text": text, "version": version}, headers=JSON)
    assert answer.json is not None
    return {"status": answer.status_code, **answer.json}


def test_a_note_is_kept_by_a_plain_form_and_shown_below_the_text(alice: FlaskClient) -> None:
    page = alice.get(SECTION).text
    assert '<details class="panel mt-4 no-print" id="note">' in page, "closed while empty"
    sent = alice.post(URL, data={"text": "\nMarbles <b>roll</b>.\r\nAnd roll.", "version": "0"})
    assert (sent.status_code, sent.location) == (302, f"{SECTION}#note")
    page = alice.get(SECTION).text
    assert '<details class="panel mt-4" id="note" open>' in page
    assert "\n\nMarbles &lt;b&gt;roll&lt;/b&gt;.\nAnd roll.</textarea>" in page
    assert "Saved 22 Nov 2026, 20:00" in page, "in her own zone"
    assert 'name="version" value="1"' in page


def test_a_background_save_is_acknowledged_with_its_version_and_time(alice: FlaskClient) -> None:
    answer = save(alice, "one", 0)
    assert answer == {"status": 200, "verdict": "saved", "version": 1, "saved_at": "20:00", "can_undo": False}
    assert save(alice, "", 1)["can_undo"] is True


def test_two_devices_never_overwrite_each_other(alice: FlaskClient) -> None:
    save(alice, "from the phone", 0)
    stale = save(alice, "from the desk", 0)
    assert (stale["status"], stale["verdict"], stale["kept"]) == (409, "stale", "from the phone")
    page = alice.post(URL, data={"text": "from the desk", "version": "0"})
    assert page.status_code == 409
    for words in ("There are two versions of this note", "from the phone", "from the desk</textarea>", 'value="1"'):
        assert words in page.text
    assert "from the phone" in alice.get("/notes").text
    assert save(alice, "from the desk", 1)["version"] == 2


def test_emptying_a_note_removes_it_and_an_undo_brings_it_back(alice: FlaskClient) -> None:
    save(alice, "keep me", 0)
    page = alice.post(URL, data={"text": " ", "version": "1"}, follow_redirects=True).text
    assert "Your note was removed." in page
    assert "Bring the removed note back" in page
    assert "keep me" not in page
    assert "Removed notes that you can bring back" in alice.get("/notes").text
    back = alice.post(f"{URL}/undo", data={"version": "2"}, follow_redirects=True).text
    assert "keep me</textarea>" in back


def test_a_note_that_is_too_long_comes_back_with_a_kind_word_and_nothing_is_lost(alice: FlaskClient) -> None:
    long = "x" * 20_001
    page = alice.post(URL, data={"text": long, "version": "0"})
    assert page.status_code == 400
    assert "Shorten it by 1, then save it again." in page.text
    assert f"{long}</textarea>" in page.text
    answer = save(alice, long, 0)
    assert (answer["status"], answer["verdict"]) == (400, "too-long")
    assert notes_of(alice) == 0


def notes_of(client: FlaskClient) -> int:
    return client.get("/notes").text.count("Change this note")


@pytest.mark.parametrize("version", ["", "-1", "one", "9" * 30, "²", "1.0"])
def test_a_version_that_makes_no_sense_overwrites_nothing(alice: FlaskClient, version: str) -> None:
    save(alice, "one", 0)
    assert alice.post(URL, data={"text": "two", "version": version}).status_code == 409


@pytest.mark.parametrize("url", [f"/notes/{SECOND}/on-o2-1", f"/notes/{FIRST}/nowhere", "/notes/nothing/on-o1-1"])
def test_there_is_no_note_on_what_cannot_be_read(alice: FlaskClient, url: str) -> None:
    assert alice.get(url).status_code in {404, 409}
    assert alice.post(url, data={"text": "x", "version": "0"}).status_code in {404, 409}
    assert alice.post(f"{url}/undo", data={"version": "0"}).status_code in {302, 404, 409}


def test_all_notes_stand_on_one_page_and_can_be_searched_and_taken_along(alice: FlaskClient) -> None:
    assert "No notes yet" in alice.get("/notes/").text
    save(alice, "Électrolytes & <i>marbles</i>\nsecond line", 0)
    save(alice, "nothing of the kind", 0, f"/notes/{FIRST}/on-o1-2")
    page = alice.get("/notes").text
    assert "Électrolytes &amp; &lt;i&gt;marbles&lt;/i&gt;\nsecond line" in page
    assert "Changed last: <a" in page
    found = alice.get("/notes", query_string={"q": "electro"}).text
    assert "1 of 2 notes" in found
    assert "nothing of the kind" not in found
    for ending, kind in (("md", "text/markdown"), ("txt", "text/plain")):
        file = alice.get(f"/notes/my-notes.{ending}")
        assert file.mimetype == kind
        assert file.headers["Content-Disposition"] == f"attachment; filename=my-notes.{ending}"
        assert "Changed 22 Nov 2026, 20:00" in file.text
        assert "second line" in file.text
    assert alice.get("/notes/my-notes.exe").status_code == 404


def test_nobody_else_reads_a_note(alice: FlaskClient, mallory: FlaskClient, carol: FlaskClient) -> None:
    save(alice, "SECRETMARBLE stays", 0)
    for other in (mallory, carol):
        for path in (SECTION, URL, "/notes", "/notes/my-notes.md", "/search?q=SECRETMARBLE"):
            assert "stays" not in other.get(path).text, path


def test_a_note_outlives_its_section(app: Flask, alice: FlaskClient) -> None:
    save(alice, "still here", 0)
    with app.app_context(), unit_of_work() as connection:
        connection.execute(text("UPDATE note SET section_id = 'taken-out'"))
    assert "No longer in the course" in alice.get("/notes").text
    url = f"/notes/{FIRST}/taken-out"
    assert "still here</textarea>" in alice.get(url).text
    assert alice.post(url, data={"text": "changed", "version": "1", "next": "note"}).location == url


def test_a_note_never_reaches_a_log_even_when_the_database_refuses_it(app: Flask, alice: FlaskClient) -> None:
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    loggers = [logging.getLogger(name) for name in (None, "fascicle", "fascicle.request", "quizapp", "sqlalchemy")]
    for logger in loggers:
        logger.addHandler(handler)
    app.logger.addHandler(handler)
    with app.app_context(), unit_of_work() as connection:
        connection.execute(
            text("CREATE TRIGGER full BEFORE INSERT ON note BEGIN SELECT RAISE(ABORT, 'disk is full'); END")
        )
    refused = alice.post(URL, data={"text": "SECRETMARBLE", "version": "0"})
    for logger in (*loggers, app.logger):
        logger.removeHandler(handler)
    assert refused.status_code == 503
    assert "storage unavailable" in lines.getvalue()
    assert "SECRETMARBLE" not in lines.getvalue()


def test_the_service_keeps_what_the_page_sends(app: Flask, alice: FlaskClient) -> None:
    save(alice, "one", 0)
    with app.app_context():
        note = notes.get_note(ALICE.id, FIRST, "on-o1-1")
    assert (note.text, note.updated_at) == ("one", START)
