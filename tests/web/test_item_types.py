"""Each kind of input from the question's page to the review, as a browser without script sends it."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.domain.inputs import Blank, Blanks, Text
from quizapp.domain.items import Item
from quizapp.domain.items.base import Presentation
from quizapp.services import publishing
from tests.content import FIRST, write_course
from tests.kinds import KINDS, add_kinds, fill_right, list_asked
from tests.people import ALICE, Clock
from tests.web.taker import JSON, Taker, begin

EACH = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def feedback() -> str:
    return "deferred"


@pytest.fixture
def practice(app: Flask, alice: FlaskClient, clock: Clock, tmp_path: Path, feedback: str) -> Taker:
    """Alice's open practice set with one question of each kind."""
    folder = add_kinds(write_course(tmp_path / "kinds"), FIRST, feedback)
    with app.app_context():
        report = publishing.publish_course(folder, clock())
    assert not report.problems, "\n".join(map(str, report.problems))
    return begin(app, alice, ALICE, kind="practice")


def find(practice: Taker, kind: str) -> tuple[int, Item, Presentation]:
    asked = list_asked(practice.app, practice.attempt_id)
    number = next(i for i, (item, _) in enumerate(asked, 1) if item.type == kind)  # type: ignore[attr-defined]
    return number, *asked[number - 1]


def send(practice: Taker, number: int, fields: dict[str, list[str]], go: str = "check", seq: int = 9) -> Any:
    data = {"n": str(number), f"q{number}-seq": str(seq), "go": go}
    data |= {f"q{number}-{name}": values for name, values in fields.items()}
    if go == "save":
        return practice.client.post(f"{practice.url}/save", data=data, headers=JSON)
    return practice.client.post(f"{practice.url}/answers", data=data, follow_redirects=True)


def read_form(page: str, number: int) -> dict[str, list[str]]:
    """What the form of a page would send as the answer to a question."""
    found: dict[str, list[str]] = {}
    for tag in re.findall(rf'<input[^>]*name="q{number}-answer[^>]*>', page):
        name, value = (re.search(rf'{key}="([^"]*)"', tag)[1] for key in ("name", "value"))  # type: ignore[index]
        if 'type="text"' in tag or " checked" in tag:
            found.setdefault(name.removeprefix(f"q{number}-"), []).append(unescape(value))
    for name, body in re.findall(rf'<select[^>]*name="q{number}-(answer[^"]*)"[^>]*>(.*?)</select>', page, re.S):
        found[name] = [re.search(r'value="([^"]*)" selected', body)[1]]  # type: ignore[index]
    return found


@EACH
def test_an_answer_is_kept_shown_again_and_told_in_words(practice: Taker, kind: str) -> None:
    number, item, presentation = find(practice, kind)
    fields = fill_right(item, presentation)
    check = send(practice, number, fields).text
    assert practice.questions()[number - 1].filled == fields
    assert read_form(practice.open(number), number) == fields
    assert "second look" not in check
    assert f"1 of {len(KINDS)} answers saved" in check
    assert check.count("none yet") == len(KINDS) - 1


@EACH
def test_every_field_of_an_answer_has_a_label(practice: Taker, kind: str) -> None:
    number, _, _ = find(practice, kind)
    page = practice.open(number)
    for found in re.findall(rf'<(?:select|input type="text")[^>]*name="(q{number}-answer[^"]*)"', page):
        assert f'for="{found}"' in page
    assert ("Rule out" in page) == (kind == "hotspot")


@EACH
def test_the_page_of_an_open_question_holds_no_key_and_no_reason(practice: Taker, kind: str) -> None:
    number, item, presentation = find(practice, kind)
    send(practice, number, fill_right(item, presentation))
    page = practice.open(number)
    for line in item.explain(None, presentation):
        assert line.rationale.removesuffix(" [A1.1]") not in page
    assert "% of the mark" not in page


@EACH
def test_a_review_shows_the_answer_the_key_and_every_reason(practice: Taker, kind: str) -> None:
    number, item, presentation = find(practice, kind)
    send(practice, number, fill_right(item, presentation))
    assert practice.client.post(f"{practice.url}/check", data={}).status_code == 302
    page = practice.client.get(f"{practice.url}/review/{number}").text
    lines = item.explain(item.parse(fill_right(item, presentation), presentation), presentation)
    assert page.count('class="why') == len(lines)
    assert "your answer" in page
    for line in lines:
        assert line.rationale.removesuffix(" [A1.1]") in unescape(page)
    assert "is-wrong" not in page.split("Question and reasons")[1]


@EACH
def test_a_question_left_empty_can_be_reviewed_too(practice: Taker, kind: str) -> None:
    number, _, _ = find(practice, kind)
    practice.client.post(f"{practice.url}/check", data={})
    page = practice.client.get(f"{practice.url}/review/{number}").text
    assert "No answer was given" in page
    assert "your answer" not in page


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
    [
        ("numeric", {"answer": ["a dozen"]}, "cannot read this as a number"),
        ("kprim", {"answer-1": ["true"]}, "No answer yet for statements 2, 3, 4."),
        ("matching", {"answer-1": ["A"], "answer-3": ["A"]}, "No answer yet for row 2."),
        ("ordering", {"answer-A": ["1"], "answer-B": ["1"], "answer-C": ["2"]}, "Not in order yet: A, B, D."),
        ("hotspot", {"answer": ["A"]}, "2 places are asked for, 1 chosen."),
        ("labelling", {"answer-2": ["A"]}, "No answer yet for places 1, 3."),
        ("cloze", {"answer-1": ["eight"]}, "No answer yet for blanks 2, 3. We cannot read blank 1 as a number."),
    ],
)
def test_an_answer_that_is_unreadable_or_incomplete_is_kept_and_told_before_finishing(
    practice: Taker, kind: str, fields: dict[str, list[str]], told: str
) -> None:
    number, _, _ = find(practice, kind)
    check = send(practice, number, fields).text
    assert "1 answer needs a second look" in check
    assert told in check
    page = practice.open(number)
    assert told in page
    kept = send(practice, number, fields, go="save").json["slots"][0]
    assert told in kept["caution"]


@pytest.mark.parametrize("kind", ["short_answer", "numeric", "cloze"])
def test_what_a_person_typed_is_shown_as_typed_and_never_as_markup(practice: Taker, kind: str) -> None:
    number, _, _ = find(practice, kind)
    typed = "<b>*x* [A1.1] [y](//z)"
    name = "answer-2" if kind == "cloze" else "answer"
    check = send(practice, number, {name: [typed]}).text
    practice.client.post(f"{practice.url}/check", data={})
    for page in (check, practice.client.get(f"{practice.url}/review/{number}").text):
        assert "&lt;b&gt;*x* [A1.1] [y](//z)" in page


def test_an_answer_that_came_too_late_stands_in_the_form_still(practice: Taker) -> None:
    number, item, presentation = find(practice, "cloze")
    fields = fill_right(item, presentation)
    send(practice, number, {"answer-1": ["3"]})
    page = send(practice, number, fields, seq=0).text
    assert "was changed in another tab" in page
    assert read_form(page, number) == fields


@EACH
@pytest.mark.parametrize("feedback", ["immediate"])
def test_an_answer_that_was_checked_is_locked_and_shows_its_reasons(practice: Taker, kind: str, feedback: str) -> None:
    number, item, presentation = find(practice, kind)
    assert "Answer first" in send(practice, number, {}, go=f"mark-{number}").text
    page = send(practice, number, fill_right(item, presentation), go=f"mark-{number}").text
    assert page.count('class="why') == len(item.explain(None, presentation))
    fields = re.findall(rf'<(?:input|select)[^>]*name="q{number}-answer[^>]*>', page)
    assert fields
    assert all(" disabled" in field for field in fields)
    assert read_form(page, number) == fill_right(item, presentation)


def test_quotes_and_emphasis_around_a_blank_find_their_ends(app: Flask) -> None:
    blank = Blank("1", Text(20))
    asked = Blanks((('He says: "it', blank, '" and *never', blank, " again*."), (blank, " ends.")))
    macros: Any = app.jinja_env.get_template("macros/inputs.html").module
    page = str(macros.macros["blanks"](1, asked, {}, False, None))
    text = " ".join(re.sub(r"<label.*?</label>|<input.*?>", "_", page).split())
    assert "He says: “it__” and <em>never__ again</em>.</p>" in text
    assert ">__ ends.</p>" in text


def test_a_partly_right_answer_is_neither_called_missed_nor_shown_as_missed(practice: Taker) -> None:
    number, item, presentation = find(practice, "matching")
    send(practice, number, dict(list(fill_right(item, presentation).items())[:2]))
    practice.client.post(f"{practice.url}/check", data={})
    result = practice.client.get(f"{practice.url}/result").text
    assert f"Missed or partly right {len(KINDS)}" in result
    summary = result.split("Your answers</h2>")[1].split('class="visually-hidden">partly right')[0]
    assert 'class="is-note"' in summary.rsplit("<summary", 1)[1]
    chip = practice.client.get(f"{practice.url}/review/{number}").text.split("partly right</span>")[0]
    assert chip.rsplit("<span", 1)[1].startswith(' class="chip is-note"')
