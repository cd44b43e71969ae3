"""The references of the course: anybody may look them up; which items rest on them is for educators."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from quizapp.services import sources
from quizapp.store.content import CourseRow, ModuleRow, ModuleVersion, PoolEntry
from quizapp.store.db import unit_of_work
from tests.content import FIRST, N_PRACTICE, SECOND, find_marks
from tests.people import ALICE
from tests.web.taker import begin, passed

SECRETS = ("RATIONALE-", "KEYTEXT-", "OTHERTEXT-", "Marble 1 of first", "first-1", "second-1", "Which one is best")
"""Reasons, options, titles, ids and stems of items."""


def test_anybody_sees_every_reference_with_how_it_was_read_and_where_it_is_found(app: Flask) -> None:
    page = app.test_client().get("/references/").text
    assert "2 references" in page
    assert page.index("On rolling. J Marbles") < page.index("On losing. J Marbles")
    assert "https://doi.org/10.5555/marbles.1" in page
    assert "https://pubmed.ncbi.nlm.nih.gov/12345678/" in page
    assert "The wording that confirms what we cite it for was read" in page
    assert "Module 1: 2 sections, 15 questions." in page


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("LOSING 2002", ["R2"]),
        ("r1", ["R1"]),
        ("10.5555/marbles.1", ["R1"]),
        ("12345678", ["R2"]),
        ("marble", ["R1", "R2"]),
        ("  ", ["R1", "R2"]),
        ("losing rolling", []),
        ("<script>", []),
    ],
)
def test_a_search_finds_the_references_that_hold_every_word(app: Flask, words: str, found: list[str]) -> None:
    page = app.test_client().get("/references/", query_string={"q": words}).text
    assert re.findall(r'<li class="pt-2" id="(\w+)"', page) == found
    assert "<script>" not in page
    if words.strip():
        assert f"{len(found)} of 2 references" in page
        assert "Show all references" in page


def test_a_reference_shows_the_claims_that_cite_it_with_their_certainty_and_what_rests_on_it(
    alice: FlaskClient,
) -> None:
    page = alice.get("/references/R1").text
    for words in (
        "Marbles roll.",
        "Settled knowledge",
        "Marbles may be lost.",
        "Low certainty",
        "2 claims that cite it",
    ):
        assert words in page
    assert f"/learn/modules/{FIRST}/sections/on-o1-1#R1" in page
    assert "Marbles that are lost" in page
    only_lost = alice.get("/references/R2").text
    assert "1 claim that cites it" in only_lost
    assert "Marbles roll." not in only_lost
    assert "question" not in only_lost.split("What rests on it")[1], "no item cites a claim of R2"


def test_a_section_leads_from_its_list_to_the_page_of_each_reference(alice: FlaskClient) -> None:
    page = alice.get(f"/learn/modules/{FIRST}/sections/on-o1-1").text
    assert 'href="/references/R1"' in page
    assert alice.get("/references/R1").status_code == 200


def test_sections_are_links_only_where_the_module_is_open(app: Flask, alice: FlaskClient) -> None:
    locked = f"/learn/modules/{SECOND}/sections/on-o2-1"
    assert locked not in alice.get("/references/R1").text
    assert "/sections/" not in app.test_client().get("/references/R1").text
    passed(app, alice, ALICE)
    assert locked in alice.get("/references/R1").text
    assert alice.get(locked).status_code == 200


@pytest.mark.parametrize("who", ["alice", "mallory"])
def test_learners_and_strangers_see_how_many_items_rest_on_a_reference_and_nothing_of_them(
    app: Flask, request: pytest.FixtureRequest, who: str
) -> None:
    client = request.getfixturevalue(who)
    if who == "alice":
        begin(app, client, ALICE)
    for reader in (client, app.test_client()):
        for path in ("/references/", "/references/R1", "/references/R2", "/references/?q=marble"):
            page = reader.get(path).text
            assert find_marks(page, SECRETS) == [], path
    assert f"{12 + N_PRACTICE} questions of its quiz and practice" in client.get("/references/R1").text


@pytest.mark.parametrize("who", ["bob", "carol"])
def test_educators_see_which_items_rest_on_a_reference_but_no_option_and_no_reason(
    request: pytest.FixtureRequest, who: str
) -> None:
    page = request.getfixturevalue(who).get("/references/R1").text
    assert "Items that rest on it" in page
    for words in ("Marble 1 of first", "first-1", "Marble 21 of second"):
        assert words in page
    assert find_marks(page, ("RATIONALE-", "KEYTEXT-", "OTHERTEXT-", "Which one is best")) == []
    assert "No item cites one of its claims." in request.getfixturevalue(who).get("/references/R2").text


@pytest.mark.parametrize("name", ["R3", "r1", "A1.1", "R1%00", "nothing"])
def test_a_reference_that_is_not_there_is_not_found(app: Flask, name: str) -> None:
    assert app.test_client().get(f"/references/{name}").status_code == 404


def test_an_installation_without_content_says_so_and_fails_nowhere(app: Flask) -> None:
    with app.app_context(), unit_of_work() as connection:
        connection.execute(update(ModuleRow).values(current_id=None))
        for row in (PoolEntry, ModuleVersion, ModuleRow, CourseRow):
            connection.execute(delete(row))
    assert "Nothing has been published" in app.test_client().get("/references/").text
    assert app.test_client().get("/references/R1").status_code == 404


def test_what_rests_on_one_claim_is_told_apart_from_what_rests_on_its_reference(app: Flask) -> None:
    with app.app_context():
        traced = sources.get_reference("R1", ALICE.id, with_items=True)
    rolls, lost = traced.claims
    assert (rolls.id, lost.id) == ("A1.1", "A1.2")
    assert [use.n_items for use in rolls.uses] == [15, 21]
    assert [use.n_items for use in lost.uses] == [0, 0]
    assert all(len(use.sections) == 2 for use in (*rolls.uses, *lost.uses))
    assert [len(use.items) for use in traced.cited.uses] == [15, 21]
    assert traced.open_ids == {FIRST}


def test_items_stay_out_of_what_a_page_for_learners_is_made_from(app: Flask) -> None:
    with app.app_context():
        traced = sources.get_reference("R1", ALICE.id)
    assert all(use.items == () for use in (*traced.cited.uses, *(u for c in traced.claims for u in c.uses)))
