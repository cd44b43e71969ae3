"""Questions on a figure as pages: what they show while a question is open, and after."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.domain.items import ITEM_TYPES
from quizapp.services import publishing
from tests.content import FIRST, write_course
from tests.kinds import SHAPES, add_kinds, fill_right
from tests.people import ALICE, Clock
from tests.web.taker import Taker, begin
from tests.web.test_item_types import find, send

EACH = pytest.mark.parametrize("kind", ["hotspot", "labelling"])
ONE = ITEM_TYPES["hotspot"].samples()[6].fields
DRAWING = SHAPES.replace("<circle", '<g id="ring"><title>The ring</title><circle').replace("<path", "</g><path")


@pytest.fixture
def feedback() -> str:
    return "deferred"


@pytest.fixture
def course(tmp_path: Path, feedback: str) -> Path:
    folder = add_kinds(write_course(tmp_path / "kinds"), FIRST, feedback)
    (folder / FIRST / "figures" / "shapes.svg").write_text(DRAWING, "utf-8")
    return folder


@pytest.fixture
def practice(app: Flask, alice: FlaskClient, clock: Clock, course: Path) -> Taker:
    """Alice's open practice set."""
    publish(app, course, clock)
    return begin(app, alice, ALICE, kind="practice")


def publish(app: Flask, course: Path, clock: Clock) -> None:
    with app.app_context():
        report = publishing.publish_course(course, clock())
    assert not report.problems, "\n".join(map(str, report.problems))


def read_figure(page: str) -> str:
    found = re.findall(r'<div class="picture.*?</svg>.*?</div>', page, re.S)
    assert len(found) == 1, "each figure stands once on a page, so that its ids do too"
    return str(found[0])


@EACH
def test_an_open_question_shows_its_drawing_with_marks_that_say_nothing(practice: Taker, kind: str) -> None:
    number, item, presentation = find(practice, kind)
    figure = read_figure(practice.open(number))
    assert f'role="img" aria-label="{item.figure.alternative}"' in figure  # type: ignore[attr-defined]
    assert f'<g id="fig-item-kind-{kind}-ring"><circle' in figure
    assert "The ring" not in figure
    assert "Shapes" not in figure
    n = 4 if kind == "hotspot" else 3
    assert re.findall(r'<g class="(place[^"]*)"', figure) == [
        f"place m-{value}" for value in ("ABCD" if kind == "hotspot" else "123")[:n]
    ]
    send(practice, number, fill_right(item, presentation))
    assert read_figure(practice.open(number)) == figure, "what is chosen is told by the fields alone"


@EACH
@pytest.mark.parametrize("feedback", ["immediate"])
def test_a_checked_question_shows_what_is_right_in_the_same_figure(practice: Taker, kind: str, feedback: str) -> None:
    number, item, presentation = find(practice, kind)
    wrong = item.fill((1, 2) if kind == "hotspot" else (1, 0, None), presentation)
    page = send(practice, number, wrong, go=f"mark-{number}").text
    figure = read_figure(page)
    looks = re.findall(r'class="place m-\w (\w+)"', figure)
    assert sorted(looks) == (["missed", "missed", "right", "right"] if kind == "hotspot" else ["missed"] * 3)
    assert "Your answer: " in figure or "Missed: 1, 2, 3." in figure


@EACH
def test_a_review_shows_the_figure_even_without_an_answer(practice: Taker, kind: str) -> None:
    number, _, _ = find(practice, kind)
    practice.client.post(f"{practice.url}/check", data={})
    figure = read_figure(practice.client.get(f"{practice.url}/review/{number}").text)
    assert "data-n=" not in figure, "there is nothing left to point at"
    assert ("Thick line: the right answer, " in figure) == (kind == "hotspot")
    assert "Your answer" not in figure


def test_an_attempt_keeps_the_drawing_it_began_with(practice: Taker, app: Flask, course: Path, clock: Clock) -> None:
    number, _, _ = find(practice, "hotspot")
    before = read_figure(practice.open(number))
    (course / FIRST / "figures" / "shapes.svg").write_text(SHAPES.replace('r="45"', 'r="30"'), "utf-8")
    publish(app, course, clock)
    assert read_figure(practice.open(number)) == before
    assert 'r="45"' in before


def test_a_place_can_be_ruled_out_as_an_option_can(practice: Taker) -> None:
    number, _, _ = find(practice, "hotspot")
    send(practice, number, {}, go=f"strike-{number}:B")
    assert practice.questions()[number - 1].struck == {"B"}
    assert 'class="opt struck"' in practice.open(number)


def test_one_place_is_asked_for_by_radio_buttons_and_its_regions_can_be_hidden(
    app: Flask, alice: FlaskClient, clock: Clock, tmp_path: Path
) -> None:
    publish(app, add_kinds(write_course(tmp_path / "one"), FIRST, instead={"hotspot": ONE}), clock)
    practice = begin(app, alice, ALICE, kind="practice")
    number, item, presentation = find(practice, "hotspot")
    page = practice.open(number)
    assert len(re.findall(rf'type="radio" name="q{number}-answer"', page)) == 5
    assert 'class="point unlined"' in page
    assert "never goes below zero" not in page
    elsewhere = item.fill((4,), presentation)
    assert "E. Elsewhere in the figure" in send(practice, number, elsewhere).text
