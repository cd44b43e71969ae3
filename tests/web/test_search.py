"""One search over lessons, glossary, references and own notes."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.services import notes, publishing
from tests.content import FIRST, REAL, SECOND, find_marks
from tests.people import ALICE, START
from tests.web.taker import passed

SECRETS = ("RATIONALE-", "KEYTEXT-", "OTHERTEXT-", "Marble 1 of first", "Which one is best")


def search(client: FlaskClient, words: str) -> str:
    answer = client.get("/search", query_string={"q": words})
    assert answer.status_code == 200
    return answer.text


def hits(page: str) -> list[tuple[str, str]]:
    """Address and title of each hit."""
    found = re.findall(r'<h3 class="mb-0"><a class="hit" href="([^"]*)"><span>(.*?)</span>', page)
    return [(address, re.sub(r"<.*?>", "", title)) for address, title in found]


def test_a_hit_leads_to_the_words_in_the_lesson_and_shows_them_marked(alice: FlaskClient) -> None:
    page = search(alice, "marb roll")
    assert hits(page) == []
    page = search(alice, "roll MARBLES")
    assert (f"/learn/modules/{FIRST}/sections/on-o1-1#:~:text=Marbles%20roll", "On O1.1") in hits(page)
    assert "<mark>Marbles roll</mark>. " in page or "<mark>Marbles roll</mark>." in page
    assert "Module 1: Marbles that roll" in page


def test_a_locked_lesson_is_named_with_what_opens_it_and_none_of_its_text(app: Flask, alice: FlaskClient) -> None:
    page = search(alice, "O2.1")
    (address, title), *_ = hits(page)
    assert (address, title) == (f"/learn/modules/{SECOND}", "On O2.1")
    assert "Opens when you have passed “Marbles that roll”." in page
    locked = page.split("On ")[1]
    assert "Marbles roll" not in locked.split("</li>")[0]
    passed(app, alice, ALICE)
    assert (f"/learn/modules/{SECOND}/sections/on-o2-1", "On O2.1") in hits(search(alice, "O2.1"))


def test_figures_references_and_notes_are_found_in_the_same_step(app: Flask, alice: FlaskClient) -> None:
    assert "left to <mark>right</mark>" in search(alice, "right"), "a figure's description"
    assert "drawn <mark>once</mark>" in search(alice, "once"), "a figure's caption"
    assert ("/references/R2", "Reference R2") in hits(search(alice, "losing 2002"))
    assert ("/references/R1", "Reference R1") in hits(search(alice, "10.5555/marbles.1"))
    with app.app_context():
        notes.save_note(ALICE.id, FIRST, "on-o1-2", "Ask about zebras\nand lions", 0, START)
    page = search(alice, "zebra")
    assert hits(page) == [(f"/notes#{FIRST}.on-o1-2", "On O1.2")]
    assert "Ask about <mark>zebras</mark>" in page


def test_neither_items_nor_keys_nor_reasons_can_be_found(alice: FlaskClient) -> None:
    for words in ("RATIONALE", "KEYTEXT", "OTHERTEXT", "best", "rationale-first-1-1", "Select all that apply"):
        page = search(alice, words)
        assert hits(page) == [], words
        assert find_marks(page.replace(words, ""), SECRETS) == []


@pytest.mark.parametrize(
    "words",
    [
        "a" * 10_000,
        "   ",
        "",
        "(.*)[a-z]+\\b$",
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "nul\0nul",
        "שלום עולם",
        "\u202egnikcah\u202c",
        "%F0%9F%92%A9 \U0001f4a9",
        '"' * 300,
        "' OR 1=1 --",
        "{{ 7 * 7 }}",
        "x " * 5_000,
    ],
)
def test_whatever_is_typed_gets_a_clear_answer(alice: FlaskClient, words: str) -> None:
    page = search(alice, words)
    assert any(
        said in page
        for said in ("Nothing found for", "What are you looking for?", "There is no word in that", " for “<bdi>")
    )
    assert "<script>alert" not in page
    assert "<img" not in page
    assert "\0" not in page
    assert "\u202e" not in page


def test_bytes_that_are_no_text_get_an_answer_too(alice: FlaskClient) -> None:
    assert alice.get("/search?q=%FF%FE%00%ED%A0%80").status_code == 200
    assert alice.get("/search/").status_code == 200


def test_nothing_found_says_what_to_do_and_names_the_closest_word(alice: FlaskClient) -> None:
    page = search(alice, "marbels")
    assert "Nothing found for" in page
    assert re.search(r'Did you mean <a class="fw-semibold" href="/search\?q=marbles">marbles</a>', page)
    assert "That was more than we look for at once." in search(alice, "x " * 500)


def test_a_search_field_stands_on_the_course_the_module_and_the_section(alice: FlaskClient) -> None:
    for path in ("/learn/courses/small-course", f"/learn/modules/{FIRST}", f"/learn/modules/{FIRST}/sections/on-o1-1"):
        page = alice.get(path).text
        assert '<form class="find" method="get" action="/search" role="search">' in page
        assert "Search the course</label>" in page


def test_what_was_published_since_is_found_at_once(app: Flask, alice: FlaskClient) -> None:
    assert hits(search(alice, "pickle juice")) == []
    with app.app_context():
        report = publishing.publish_course(REAL, START)
        assert not report.problems, "\n".join(map(str, report.problems))
    for words, address in (("pickle juice", "/sections/"), ("Homans", "/glossary#homans"), ("LABA", "/glossary#laba")):
        page = search(alice, words)
        assert any(address in found or "/learn/modules/" in found for found, _ in hits(page)), words
        assert "Nothing found" not in page
