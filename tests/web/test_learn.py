"""The pages on which a course is read."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from config import ROOT
from quizapp.services import publishing, studying
from quizapp.store.content import CourseRow, ModuleRow, ModuleVersion, PoolEntry
from quizapp.store.db import unit_of_work
from tests.content import COURSE, FIRST, SECOND, find_marks
from tests.people import ALICE, Clock
from tests.web.taker import begin, passed


def test_a_new_learner_is_led_to_the_first_module(alice: FlaskClient) -> None:
    page = alice.get("/learn/").text
    assert "Alice" in page
    assert f"/learn/modules/{FIRST}" in page
    assert "Opens after module 1" in page


def test_a_module_says_everything_before_it_starts(alice: FlaskClient) -> None:
    page = alice.get(f"/learn/modules/{FIRST}").text
    for words in (
        "Before you start",
        "pass mark 5",
        "22 Nov 2026",
        "Nothing to disclose",
        "Start the quiz",
        "Practise",
    ):
        assert words in page


def test_the_whole_lesson_stands_on_one_page_once_the_module_is_open(alice: FlaskClient) -> None:
    page = alice.get(f"/learn/modules/{FIRST}/lesson")
    assert page.status_code == 200
    assert re.findall(r'<section id="(on-[a-z0-9-]+)"', page.text) == ["on-o1-1", "on-o1-2"]
    assert page.text.count('id="references"') <= 1
    assert alice.get(f"/learn/modules/{SECOND}/lesson").status_code == 409
    assert alice.get("/learn/modules/no-such-module/lesson").status_code == 404


def test_reading_section_by_section_ends_at_the_quiz(alice: FlaskClient) -> None:
    url = f"/learn/modules/{FIRST}/sections"
    page = alice.get(f"{url}/on-o1-1")
    assert page.status_code == 200
    assert "Marbles roll" in page.text
    assert "J Marbles" in page.text
    assert alice.post(f"{url}/on-o1-1").location == f"{url}/on-o1-2"
    assert alice.post(f"{url}/on-o1-2").location == f"/learn/modules/{FIRST}#quiz"
    assert "Read the lesson again" in alice.get(f"/learn/modules/{FIRST}").text


def test_a_locked_module_can_be_looked_at_but_not_read(alice: FlaskClient) -> None:
    page = alice.get(f"/learn/modules/{SECOND}").text
    assert "This module is not open yet" in page
    assert "Start the quiz" not in page
    section = f"/learn/modules/{SECOND}/sections/on-o2-1"
    for refused in (alice.get(section), alice.post(section)):
        assert refused.status_code == 409
        assert "Marbles that roll" in refused.text


def test_passing_opens_the_next_module_and_progress_says_met(app: Flask, alice: FlaskClient) -> None:
    passed(app, alice, ALICE)
    assert alice.get(f"/learn/modules/{SECOND}/sections/on-o2-1").status_code == 200
    progress = alice.get("/learn/progress").text
    assert len(re.findall(r'<span class="chip is-right">(?:<svg.*?</svg>)?met</span>', progress)) == 2
    assert "4 of 4" in progress


def test_an_open_quiz_comes_first_on_the_dashboard(app: Flask, alice: FlaskClient) -> None:
    quiz = begin(app, alice, ALICE)
    page = alice.get("/learn/").text
    assert f'href="{quiz.url}"' in page


def test_the_course_page_lists_its_modules(alice: FlaskClient) -> None:
    page = alice.get(f"/learn/courses/{COURSE}").text
    assert page.index("Marbles that roll") < page.index("Marbles that are lost")


@pytest.mark.parametrize(
    "path", ["courses/no-such-course", "modules/third", f"modules/{FIRST}/sections/none", "modules/third/sections/x"]
)
def test_what_is_not_there_is_told_so(alice: FlaskClient, path: str) -> None:
    assert alice.get(f"/learn/{path}").status_code == 404


def test_no_page_of_the_lesson_gives_a_reason_away(alice: FlaskClient) -> None:
    for path in (
        "/learn/",
        f"/learn/courses/{COURSE}",
        f"/learn/modules/{FIRST}",
        f"/learn/modules/{FIRST}/sections/on-o1-1",
    ):
        assert find_marks(alice.get(path).text, ["RATIONALE-", "KEYTEXT-"]) == []


def test_an_installation_without_content_says_so_and_fails_nowhere(app: Flask, alice: FlaskClient) -> None:
    with app.app_context(), unit_of_work() as connection:
        connection.execute(update(ModuleRow).values(current_id=None))
        for row in (PoolEntry, ModuleVersion, ModuleRow, CourseRow):
            connection.execute(delete(row))
    for path in ("/learn/", "/learn/progress"):
        answer = alice.get(path)
        assert answer.status_code == 200
        assert "No course" in answer.text, path
    assert app.test_client().get("/").status_code == 200
    assert alice.get(f"/learn/courses/{COURSE}").status_code == 404


def test_every_page_of_the_real_course_can_be_opened_and_every_quiz_drawn(
    app: Flask, alice: FlaskClient, clock: Clock
) -> None:
    with app.app_context():
        report = publishing.publish_course(ROOT / "questions", clock())
        assert report.problems == ()
        again = publishing.publish_course(ROOT / "questions", clock())
    assert {state for _, state in (*again.modules, *again.items)} == {publishing.State.UNCHANGED}
    for path in (
        "/",
        "/learn/courses/muscle-cramps",
        "/learn/modules/cramp-or-not",
        "/learn/modules/why-muscles-cramp",
    ):
        answer = alice.get(path, follow_redirects=True)
        assert answer.status_code == 200, path
    for section in publishing_sections(app, "cramp-or-not"):
        page = alice.get(f"/learn/modules/cramp-or-not/sections/{section}")
        assert page.status_code == 200, section
    for kind in ("quiz", "practice"):
        quiz = begin(app, alice, ALICE, "cramp-or-not", kind)
        for q in quiz.questions():
            assert quiz.client.get(f"{quiz.url}/questions/{q.number}").status_code == 200


def publishing_sections(app: Flask, module_id: str) -> list[str]:
    """The ids of a module's sections."""
    with app.app_context():
        return [s.id for s in studying.get_standing(ALICE.id, module_id)[1].module.sections]
