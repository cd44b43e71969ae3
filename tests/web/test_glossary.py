"""The glossary: anybody may look a term up; sections are links where they are open."""

import datetime as dt
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.services import publishing
from quizapp.services.glossary import list_terms
from tests.content import FIRST, SECOND, write_course

MONDAY = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
GLOSSARY = """\
format: 1
terms:
  run:
    term: Marble run
    abbreviation: MR
    definition: What marbles *roll* on [A1.1, A1.2].
  ball:
    term: Ball
    definition: Something round.
  nobody:
    term: Nobody's term
    definition: No lesson uses it.
  question:
    term: Question
    definition: Only an item uses it.
"""


@pytest.fixture
def terms(app: Flask, tmp_path: Path) -> None:
    """The small course gets a glossary and is published again."""
    folder = write_course(tmp_path / "with-terms")
    (folder / "glossary.yaml").write_text(GLOSSARY, "utf-8")
    for module, words in ((FIRST, "A [run](term:run)."), (SECOND, "A [ball](term:ball) on a [run](term:run).")):
        lesson = folder / module / "lesson.md"
        lesson.write_text(lesson.read_text("utf-8") + f"\n{words}\n", "utf-8")
    bank = folder / FIRST / "bank.yaml"
    bank.write_text(
        bank.read_text("utf-8").replace("stem: Which one", "stem: The [question](term:question) is, which one", 1)
    )
    with app.app_context():
        report = publishing.publish_course(folder, MONDAY)
    assert not report.problems, report.problems


def terms_of(page: str) -> list[str]:
    return re.findall(r'<div id="([\w-]+)">', page)


@pytest.mark.usefixtures("terms")
def test_anybody_sees_every_term_that_the_course_uses_alphabetically(app: Flask) -> None:
    page = app.test_client().get("/glossary").text
    assert terms_of(page) == ["ball", "run", "question"]
    assert 'href="#letter-b"' in page
    assert 'id="letter-b"' in page
    assert "What marbles <em>roll</em> on." in page


@pytest.mark.usefixtures("terms")
def test_a_definition_says_how_sure_it_is_and_on_which_references_it_rests(app: Flask) -> None:
    run = app.test_client().get("/glossary", query_string={"q": "marble run"}).text
    assert "Settled knowledge" in run
    assert "Low certainty" in run
    assert 'href="/references/R1"' in run
    assert 'href="/references/R2"' in run


@pytest.mark.parametrize(
    ("words", "found"),
    [("mr", ["run"]), ("ROLL marble", ["run"]), ("round", ["ball"]), ("  ", ["ball", "run", "question"]), ("a1.1", [])],
)
@pytest.mark.usefixtures("terms")
def test_a_search_looks_at_name_abbreviation_and_definition(app: Flask, words: str, found: list[str]) -> None:
    page = app.test_client().get("/glossary", query_string={"q": words}).text
    assert terms_of(page) == found
    if not found:
        assert "Try one word instead of several" in page
        assert "Show all terms" in page


@pytest.mark.usefixtures("terms")
def test_what_was_searched_is_shown_as_text(app: Flask) -> None:
    page = app.test_client().get("/glossary", query_string={"q": "<script>"}).text
    assert "<script>" not in page
    assert "0 of 3 terms" in page


@pytest.mark.usefixtures("terms")
def test_sections_are_links_only_where_the_module_is_open(app: Flask, alice: FlaskClient) -> None:
    opened, locked = f"/learn/modules/{FIRST}/sections/on-o1-2", f"/learn/modules/{SECOND}/sections/on-o2-2"
    assert opened in alice.get("/glossary").text
    assert locked not in alice.get("/glossary").text
    assert "On O2.2" in alice.get("/glossary").text
    stranger = app.test_client().get("/glossary").text
    assert opened not in stranger
    assert "Sign in to read the lessons" in stranger


@pytest.mark.usefixtures("terms")
def test_a_lesson_leads_to_its_term_and_the_pages_of_the_course_to_the_glossary(app: Flask, alice: FlaskClient) -> None:
    section = alice.get(f"/learn/modules/{FIRST}/sections/on-o1-2").text
    assert '<a class="term" href="/glossary#run">run</a>' in section
    for page in (section, alice.get(f"/learn/modules/{FIRST}").text, alice.get("/learn/courses/small-course").text):
        assert 'href="/glossary"' in page


@pytest.mark.usefixtures("terms")
def test_a_version_keeps_the_terms_it_uses_with_the_claims_of_their_definitions(app: Flask) -> None:
    with app.app_context():
        defined = {d.id: d for d in list_terms()[0]}
    assert list(defined["run"].claims) == ["A1.1", "A1.2"]
    assert [use.module.id for use in defined["run"].uses] == [FIRST, SECOND]
    assert not defined["question"].uses


def test_a_course_without_terms_says_so(app: Flask) -> None:
    page = app.test_client().get("/glossary").text
    assert "No terms yet" in page
