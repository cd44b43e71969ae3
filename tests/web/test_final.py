"""The final through its pages: locked, taken, not passed, read again, passed."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.services import publishing
from tests.content import (
    FINAL,
    FIRST,
    N_FINAL,
    SECOND,
    add_final,
    find_marks,
    right_letters,
    write_course,
    wrong_letters,
)
from tests.people import ALICE, Clock
from tests.web.taker import Taker, begin, passed

URL = f"/learn/modules/{FINAL}"


@pytest.fixture(autouse=True)
def _published(app: Flask, tmp_path: Path, clock: Clock) -> None:
    with app.app_context():
        assert not publishing.publish_course(add_final(write_course(tmp_path / "course")), clock()).problems


def pass_both(app: Flask, client: FlaskClient) -> None:
    for module_id in (FIRST, SECOND):
        passed(app, client, ALICE, module_id)


def answer(quiz: Taker, missed: str = "") -> str:
    """Answer all, those of items whose id begins with `missed` wrongly; finish; the result page."""
    for q in quiz.questions():
        letters = wrong_letters(q) if missed and q.item_id.startswith(missed) else right_letters(q)
        assert quiz.post(q.number, letters, seq=str(q.state.seq)).status_code == 302
    assert quiz.finish().status_code == 302
    return quiz.client.get(f"{quiz.url}/result").text


def test_a_learner_passes_the_modules_fails_the_final_reads_again_and_passes(app: Flask, alice: FlaskClient) -> None:
    locked = alice.get(URL).text
    assert "The final is not open yet" in locked
    assert "Module 1: Marbles that roll" in locked
    assert "Start the quiz" not in locked
    refused = alice.post(f"/quiz/modules/{FINAL}/quiz")
    assert refused.status_code == 409
    assert "“Marbles that roll” and “Marbles that are lost”" in refused.text
    passed(app, alice, ALICE, FIRST)
    assert "Opens after module 2" in alice.get("/learn/").text
    passed(app, alice, ALICE, SECOND)

    home = alice.get("/learn/").text
    assert "You have passed all its modules" in home
    assert "Start the final" in home
    quiz = begin(app, alice, ALICE, FINAL)
    assert len(quiz.questions()) == N_FINAL
    page = quiz.open(1)
    assert "Final quiz: " in page
    assert find_marks(page) == []
    assert '<h2 id="go">Final quiz</h2>' in alice.get("/learn/").text
    assert "<strong>Final quiz</strong>" in alice.get(f"{quiz.url}/check").text

    result = answer(quiz, missed=FIRST)
    assert f"Not yet passed: 2 of {N_FINAL}" in result
    assert "Read again in module 1:" in result
    assert "Read again in module 2:" not in result
    for section in ("on-o1-1", "on-o1-2"):
        link = f"/learn/modules/{FIRST}/sections/{section}"
        assert f'href="{link}"' in result
        assert alice.get(link).status_code == 200
    assert f"/learn/modules/{FINAL}/sections/" not in result
    assert find_marks(result) == []

    result = answer(begin(app, alice, ALICE, FINAL))
    assert f"You passed: {N_FINAL} of {N_FINAL}" in result
    assert result.index("Module 1: Marbles that roll</th>") < result.index("Module 2: Marbles that are lost</th>")
    again = re.findall(r'href="(/learn/modules/[^"]+/sections/[^"]+)">Read again', result)
    assert set(again) <= {
        f"/learn/modules/{m}/sections/on-o{n}-{i}" for n, m in ((1, FIRST), (2, SECOND)) for i in (1, 2)
    }
    assert len(again) == N_FINAL
    assert "You have passed every module that is open" in alice.get("/learn/").text


def test_its_facts_are_said_plainly_before_the_start(app: Flask, alice: FlaskClient) -> None:
    pass_both(app, alice)
    page = alice.get(URL).text
    assert "<h1>Final quiz</h1>" in page
    for words in (f"{N_FINAL} questions, pass mark 4", "None of its own", "it adds no contact hours", "must pass",
                  "Module 2: Marbles that are lost", "Nothing to disclose", "Start the quiz"):  # fmt: skip
        assert words in page, words
    for words in ("The lesson", "Practise", "Keep for offline", "keep.js", "Credit ends", "Start reading", "Module 3"):
        assert words not in page, words


def test_missed_must_pass_questions_are_named_by_objective_and_by_the_final(app: Flask, alice: FlaskClient) -> None:
    pass_both(app, alice)
    result = answer(begin(app, alice, ALICE, FINAL), missed=SECOND)
    assert "The final asks for every question on “Say what O2.1 says of marbles” to be right" in result


def test_lists_name_the_final_without_bands_hours_or_a_module_number(
    app: Flask, alice: FlaskClient, client: FlaskClient
) -> None:
    landing = client.get("/").text
    assert "2 modules and a final" in landing
    assert f"{N_FINAL} questions from 2 modules" in landing
    assert "no hours of its own" in landing
    for path in ("/learn/", "/learn/courses/small-course"):
        page = alice.get(path).text
        assert f"{N_FINAL} questions from 2 modules" in page
        assert "Opens after modules 1 and 2" in page
        assert page.count('aria-label="Objectives in module') == 2
    assert "2 modules and a final" in alice.get("/learn/").text
    assert "<strong>0 of 4 met.</strong>" in alice.get("/learn/").text


def test_progress_shows_each_objective_once_and_the_finals_attempts(app: Flask, alice: FlaskClient) -> None:
    pass_both(app, alice)
    assert "No attempt yet." in alice.get("/learn/progress").text
    answer(begin(app, alice, ALICE, FINAL))
    page = alice.get("/learn/progress").text
    assert page.count("Say what O1.1 says of marbles") == 1
    assert "4 of 4, then 2 of 2" in page
    assert "its marks count there" in page


def test_the_review_of_a_question_leads_to_the_section_of_its_module(app: Flask, alice: FlaskClient) -> None:
    pass_both(app, alice)
    quiz = begin(app, alice, ALICE, FINAL)
    answer(quiz)
    for q in quiz.questions():
        page = alice.get(f"{quiz.url}/review/{q.number}").text
        assert f'href="/learn/modules/{q.item_id.rsplit("-", 1)[0]}/sections/' in page
        assert "J Marbles" in page


def test_a_final_is_its_owners_only_and_has_no_practice(app: Flask, alice: FlaskClient, mallory: FlaskClient) -> None:
    pass_both(app, alice)
    quiz = begin(app, alice, ALICE, FINAL)
    for path in ("", "/questions/1", "/all", "/check", "/result", "/review/1"):
        assert mallory.get(f"{quiz.url}{path}").status_code == 404, path
    assert mallory.post(f"{quiz.url}/save", data={"n": "1", "q1-answer": "A"}).status_code == 404
    assert alice.post(f"/quiz/modules/{FINAL}/practice").status_code == 404
    assert alice.get(f"{URL}/sections/on-o1-1").status_code == 404
