"""What may stay on a device, and what the service worker and the queue are told."""

import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.services import publishing, taking
from quizapp.web.offline import ASSETS
from tests.content import FIRST, right_letters, write_course
from tests.people import ALICE, Clock
from tests.web.taker import JSON, Taker, begin, passed

MARK = "X-Keep-Offline"


def test_pages_of_modules_sections_and_open_attempts_say_whose_they_are(app: Flask, alice: FlaskClient) -> None:
    quiz = begin(app, alice, ALICE)
    lesson = f"/learn/modules/{FIRST}"
    for path in (lesson, f"{lesson}/sections/on-o1-1", f"{quiz.url}/questions/1", f"{quiz.url}/check"):
        answer = alice.get(path)
        assert answer.status_code == 200, path
        assert answer.headers[MARK] == str(ALICE.id), path
        assert answer.headers["Cache-Control"] == "no-store", path


def test_no_other_page_may_stay_on_a_device(app: Flask, alice: FlaskClient, mallory: FlaskClient) -> None:
    done = passed(app, alice, ALICE)
    quiz = begin(app, alice, ALICE)
    paths = [f"{done.url}{end}" for end in ("", "/questions/1", "/check", "/result", "/review/1")]
    paths += [
        quiz.url,
        f"{quiz.url}/all",
        "/learn/",
        "/learn/progress",
        "/accounts/",
        "/offline/token",
        "/pages/privacy",
    ]
    for path in (*paths, f"{quiz.url}/questions/99", "/learn/modules/nothing"):
        assert MARK not in alice.get(path).headers, path
    for path in (f"/learn/modules/{FIRST}", f"{quiz.url}/questions/1"):
        assert MARK not in app.test_client().get(path).headers, path
    assert MARK not in mallory.get(f"{quiz.url}/questions/1").headers
    quiz.post(1, ["A"])
    stale = quiz.post(1, ["B"])
    assert stale.status_code == 409
    assert MARK not in stale.headers


@pytest.mark.parametrize(("kind", "may_stay"), [("quiz", False), ("practice", True)])
def test_a_page_with_reasons_may_stay_only_if_it_is_practice(
    app: Flask, alice: FlaskClient, clock: Clock, tmp_path: Path, kind: str, may_stay: bool
) -> None:
    course = write_course(tmp_path)
    facts = course / FIRST / "module.yaml"
    facts.write_text(facts.read_text("utf-8").replace("feedback: deferred", "feedback: immediate"), "utf-8")
    with app.app_context():
        assert not publishing.publish_course(course, clock()).problems
    taker = begin(app, alice, ALICE, kind=kind)
    first = taker.questions()[0]
    assert MARK in alice.get(f"{taker.url}/questions/1").headers
    taker.post(1, right_letters(first))
    with app.app_context():
        taking.check_answer(ALICE.id, taker.attempt_id, 1, clock())
    checked = alice.get(f"{taker.url}/questions/1")
    assert "RATIONALE-" in checked.text
    assert (MARK in checked.headers) is may_stay
    assert MARK in alice.get(f"{taker.url}/questions/2").headers


def test_the_worker_reaches_every_page_is_always_asked_for_anew_and_names_files_that_exist(app: Flask) -> None:
    client = app.test_client()
    answer = client.get("/sw.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get("/sw.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.text) == (304, "")
    first, _, rest = answer.text.partition("\n")
    files = json.loads(first.removeprefix("const PRECACHE = ").rstrip(";"))
    assert len(files) == len(ASSETS) + 1
    assert rest.startswith("//")
    for path in files:
        with client.get(path) as file:
            assert file.status_code == 200, path


def test_the_page_for_what_is_not_on_the_device_is_nobodys(app: Flask) -> None:
    page = app.test_client().get("/offline/").text
    assert "this page is not on this device" in page
    assert "data-person" not in page
    assert "/accounts/" not in page


def test_the_token_is_given_with_whose_it_is_and_not_to_strangers(app: Flask, alice: FlaskClient) -> None:
    given = alice.get("/offline/token", headers=JSON)
    assert given.json is not None
    assert given.json["person"] == str(ALICE.id)
    assert len(given.json["token"]) > 40
    assert given.headers["Cache-Control"] == "no-store"
    assert app.test_client().get("/offline/token", headers=JSON).status_code == 401


def test_a_page_of_a_signed_in_person_says_whose_it_is(app: Flask, alice: FlaskClient) -> None:
    assert f'<body data-person="{ALICE.id}">' in alice.get("/learn/").text
    assert "data-person" not in app.test_client().get("/").text


def test_an_answer_sent_again_by_another_page_with_its_own_numbers_is_known(app: Flask, alice: FlaskClient) -> None:
    quiz: Taker = begin(app, alice, ALICE)
    sent = {"tab": "one", "tab_seq": 3, "seq": "0"}
    verdicts = [quiz.save(1, ["A"], **sent), quiz.save(1, ["A"], **sent)]  # type: ignore[arg-type]
    assert [answer.json["slots"][0]["verdict"] for answer in verdicts if answer.json] == ["accept", "repeat"]
    quiz.save(1, ["B"], tab="two", tab_seq=1, seq="99")
    late = quiz.save(1, ["A"], **sent)  # type: ignore[arg-type]
    assert late.json is not None
    assert late.json["slots"][0]["verdict"] == "stale"
    assert quiz.questions()[0].chosen == {"B"}
