"""Correcting a question in the browser: choose, preview, confirm, watch; and what the learner is told."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from quizapp.commands.jobs import handlers_for
from quizapp.services import correcting, jobs, publishing
from quizapp.store.audit import AuditEntry
from quizapp.store.db import reading
from tests.conftest import SignIn
from tests.content import FIRST, N_FIRST, change_quiz, write_course, wrong_letters
from tests.people import ALICE, MALLORY, Clock
from tests.web.taker import Taker, begin, passed

WHY = "Two options were right."


@pytest.fixture
def failed(app: Flask, alice: FlaskClient) -> Taker:
    """A quiz of Alice's with two questions missed, one short of a pass."""
    quiz = begin(app, alice, ALICE)
    quiz.answer_all(n_wrong=2)
    quiz.finish()
    return quiz


def page_of_first(app: Flask, quiz: Taker) -> str:
    """The address where the first question of an attempt is corrected."""
    item_id = quiz.questions()[0].item_id
    with app.app_context():
        listed = correcting.list_items(FIRST, item_id).items
    version = next(each.version_id for each in listed if each.item_id == item_id)
    return f"/author/corrections/quizzes/{FIRST}/{version}"


def run_jobs(app: Flask, clock: Clock) -> None:
    with app.app_context():
        while jobs.run_due_jobs(handlers_for(app.config), clock()):
            pass


def test_an_author_finds_the_question_previews_confirms_and_the_learner_is_told(
    app: Flask, alice: FlaskClient, bob: FlaskClient, failed: Taker, clock: Clock
) -> None:
    assert f"/author/corrections/quizzes/{FIRST}" in bob.get("/author/corrections").text
    address = page_of_first(app, failed)
    assert address in bob.get(f"/author/corrections/quizzes/{FIRST}?q=first").text
    preview = bob.post(address, data={"what": "credit", "reason": WHY}).text
    assert "Nothing has been changed yet." in preview
    assert "1: 1 up, 0 down, 0 the same" in preview
    assert "Alice" not in preview
    assert "Not yet passed: 4 of 6" in alice.get(f"{failed.url}/result").text
    answer = bob.post(address, data={"what": "credit", "reason": WHY, "go": "do"})
    run = answer.location
    assert "Being marked again" in bob.get(run).text
    run_jobs(app, clock)
    assert "1: 1 up, 0 down, 0 the same" in bob.get(run).text
    dashboard = alice.get("/learn/").text
    assert (
        "Marked again on 22 Nov 2026: 4 of 6 before, 5 of 6 now, and with that passed. Two options were right."
        in dashboard
    )
    result = alice.get(f"{failed.url}/result").text
    assert "You passed: 5 of 6" in result
    assert WHY in result
    assert "Everybody has the whole mark here" in result
    assert alice.post(f"{failed.url}/rescored").location == "/learn/"
    assert WHY not in alice.get("/learn/").text
    assert WHY in alice.get(f"{failed.url}/result").text
    with app.app_context(), reading() as connection:
        noted = connection.execute(select(AuditEntry.action, AuditEntry.actor_id, AuditEntry.reason)).all()
    assert ("item corrected", 2, WHY) in [tuple(row) for row in noted]
    assert "regrade finished" in [row.action for row in noted]


@pytest.mark.parametrize("what", ["key", "accept"])
def test_the_answer_chosen_on_the_page_becomes_right(
    app: Flask, alice: FlaskClient, bob: FlaskClient, failed: Taker, clock: Clock, what: str
) -> None:
    address = page_of_first(app, failed)
    question = failed.questions()[0]
    with app.app_context():
        case = correcting.get_case(FIRST, int(address.rsplit("/", 1)[1]))
        given = next(c.text for c in question.ask.choices if c.value in wrong_letters(question))
        letters = [c.value for c in case.item.ask(case.shown).choices if c.text == given]
    page = bob.get(address).text
    assert 'class="strike"' not in page, "nothing is ruled out here"
    data = {"what": what, "q1-answer": letters, "reason": WHY}
    preview = bob.post(address, data=data).text
    kept = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', preview))
    assert (kept["what"], kept["q1-answer"], kept["reason"]) == (what, letters[0], WHY)
    bob.post(address, data={**data, "go": "do"})
    run_jobs(app, clock)
    assert "You passed: 5 of 6" in alice.get(f"{failed.url}/result").text
    assert "Decided so far" in bob.get(address).text


def test_a_form_without_reason_choice_or_answer_is_given_back_as_it_was(
    app: Flask, bob: FlaskClient, failed: Taker
) -> None:
    address = page_of_first(app, failed)
    for data, said in (
        ({"what": "drop", "reason": ""}, "Say why"),
        ({"what": "key", "reason": WHY}, "with all its parts"),
        ({"what": "burn", "reason": WHY}, "Choose what is to be done"),
        ({"reason": WHY}, "Choose what is to be done"),
    ):
        answer = bob.post(address, data=data)
        assert answer.status_code == 400
        assert said in answer.text
        assert data["reason"] in answer.text
    assert "Nothing has been corrected yet." in bob.get("/author/corrections").text


def test_only_authors_correct_and_only_the_owner_puts_a_notice_away(
    app: Flask, alice: FlaskClient, carol: FlaskClient, mallory: FlaskClient, failed: Taker
) -> None:
    address = page_of_first(app, failed)
    for client in (alice, carol, mallory):
        for path in (address, "/author/corrections", "/author/corrections/late"):
            assert client.get(path).status_code == 403
        assert client.post(address, data={"what": "drop", "reason": WHY, "go": "do"}).status_code == 403
        assert client.post("/author/corrections/late", data={}).status_code == 403
    assert mallory.post(f"{failed.url}/rescored").status_code == 404


def test_what_is_not_there_is_not_found(bob: FlaskClient) -> None:
    for path in ("quizzes/nothing", f"quizzes/{FIRST}/9999", "quizzes/nothing/1", "runs/1"):
        assert bob.get(f"/author/corrections/{path}").status_code == 404


def test_a_question_without_attempts_is_corrected_for_whoever_comes(app: Flask, bob: FlaskClient) -> None:
    address = f"/author/corrections/quizzes/{FIRST}/1"
    answer = bob.post(address, data={"what": "drop", "reason": WHY, "go": "do"}, follow_redirects=True)
    assert "No finished attempt is marked otherwise; whoever finishes from now on is." in answer.text


def test_a_dropped_question_says_so_in_the_review_and_the_map_keeps_its_numbers(
    app: Flask, bob: FlaskClient, sign_in: SignIn, clock: Clock
) -> None:
    mallory = sign_in(MALLORY)
    quiz = passed(app, mallory, MALLORY)
    bob.post(page_of_first(app, quiz), data={"what": "drop", "reason": WHY, "go": "do"})
    run_jobs(app, clock)
    result = mallory.get(f"{quiz.url}/result").text
    assert f"You passed: 5 of {N_FIRST - 1}" in result
    assert "does not count" in result
    review = mallory.get(f"{quiz.url}/review/{N_FIRST}").text
    assert f"Question {N_FIRST} of {N_FIRST}" in review


def test_a_dropped_question_is_not_among_the_missed(
    app: Flask, alice: FlaskClient, bob: FlaskClient, failed: Taker, clock: Clock
) -> None:
    bob.post(page_of_first(app, failed), data={"what": "drop", "reason": WHY, "go": "do"})
    run_jobs(app, clock)
    result = alice.get(f"{failed.url}/result").text
    assert "You passed: 4 of 5" in result
    assert ">Missed 1<" in result


def test_a_quiz_that_keeps_its_marks_back_tells_the_reason_of_a_regrade_and_no_score(
    app: Flask, alice: FlaskClient, bob: FlaskClient, clock: Clock, tmp_path: Path
) -> None:
    with app.app_context():
        course = change_quiz(write_course(tmp_path / "course"), after_fail="nothing", review="never")
        assert not publishing.publish_course(course, clock()).problems
    quiz = begin(app, alice, ALICE)
    quiz.answer_all(n_wrong=4)
    quiz.finish()
    bob.post(page_of_first(app, quiz), data={"what": "credit", "reason": WHY, "go": "do"})
    run_jobs(app, clock)
    for page in (alice.get("/learn/").text, alice.get(f"{quiz.url}/result").text):
        assert f"Marked again on 22 Nov 2026. {WHY}" in page
        assert "of 6" not in page


def test_a_late_answer_is_accepted_from_the_list_with_a_reason(
    app: Flask, alice: FlaskClient, bob: FlaskClient, clock: Clock, tmp_path: Path
) -> None:
    with app.app_context():
        publishing.publish_course(write_course(tmp_path / "timed", 30), clock())
    quiz = begin(app, alice, ALICE)
    clock.advance(minutes=31)
    quiz.save(1, ["A"], tab="t", tab_seq=1)
    page = bob.get("/author/corrections/late").text
    assert "1 minute after the end" in page
    assert "Alice" not in page
    fields = dict(re.findall(r'<input type="hidden" name="(attempt|number|seq)" value="(\d+)"', page))
    assert "Say why" in bob.post("/author/corrections/late", data=fields, follow_redirects=True).text
    answer = bob.post("/author/corrections/late", data={**fields, "reason": WHY}, follow_redirects=True)
    assert "was marked again with the late answer to question 1" in answer.text
    assert "No late answer waits." in answer.text
    assert WHY in alice.get(f"{quiz.url}/result").text
    bad = bob.post("/author/corrections/late", data={"attempt": "x", "reason": WHY}, follow_redirects=True)
    assert "Choose one of the answers" in bad.text
