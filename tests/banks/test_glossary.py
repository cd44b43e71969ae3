"""Terms in content files: what they become, and every fault at its line."""

from pathlib import Path
from typing import Any

import pytest

from quizapp.banks.checking import check_path
from quizapp.banks.lesson import read_lesson
from quizapp.banks.markup import show_inline, show_text
from tests.banks.test_checking import edit, line_of, only
from tests.content import FIRST, write_course

GLOSSARY = """\
format: 1
terms:
  marble:
    term: Marble
    definition: A small ball [A1.1].
  marble-run:
    term: Marble run
    abbreviation: MR
    definition: What marbles roll on.
"""


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = write_course(tmp_path / "course")
    (folder / "glossary.yaml").write_text(GLOSSARY, "utf-8")
    return folder


def test_a_term_becomes_a_link_into_the_glossary() -> None:
    link = '<a class="term" href="/glossary#ctf">threshold</a>'
    assert show_inline("The [threshold](term:ctf).") == f"The {link}."
    assert show_text("The [threshold](term:ctf).") == f"<p>The {link}.</p>"


def test_a_section_knows_its_terms_and_counts_their_words() -> None:
    lesson = read_lesson(
        "## T {#t}\n\nOne [two three](term:b) [four](term:a).\n\n::: check Why [five](term:c)?\nsix [b](term:b)\n:::\n",
        "lesson.md",
    )
    assert not lesson.problems
    assert lesson.sections[0].terms == ("b", "a", "c")
    assert lesson.sections[0].words == 9
    assert lesson.terms == ((3, "b"), (3, "a"), (5, "c"), (6, "b"))


def test_a_heading_does_not_link_to_a_term() -> None:
    lesson = read_lesson("## On [it](term:it) {#t}\n\nText.\n", "lesson.md")
    assert [problem.code for problem in lesson.problems] == ["term-in-title"]


def test_a_course_with_a_glossary_has_no_faults(course: Path) -> None:
    assert not check_path(course).problems
    assert not check_path(course / "glossary.yaml").problems


def test_an_unknown_term_of_a_lesson_is_named_with_the_closest_one(course: Path) -> None:
    lesson = course / FIRST / "lesson.md"
    lesson.write_text(lesson.read_text("utf-8") + "\nA [run](term:marble-rn).\n", "utf-8")
    problem = only(course)
    assert (problem.code, problem.line) == ("unknown-term", line_of(lesson, "marble-rn"))
    assert "marble-run" in problem.hint


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("stem", "Does a [run](term:rn) roll?", "unknown-term"),
        ("vignette", "On a [run](term:marble-run).", None),
        ("title", "On a [run](term:marble-run)", "term-here"),
    ],
)
def test_items_link_to_terms_from_running_text_only(course: Path, field: str, text: str, code: str | None) -> None:
    bank = course / FIRST / "bank.yaml"
    edit(bank, lambda tree: tree["items"][0].update({field: text}))
    problems = check_path(course).problems
    assert [(p.code, p.line) for p in problems] == ([(code, line_of(bank, text))] if code else [])


def test_an_option_is_no_link(course: Path) -> None:
    bank = course / FIRST / "bank.yaml"
    edit(bank, lambda tree: tree["items"][0]["options"][1].update({"text": "a [run](term:marble-run)"}))
    assert only(course).code == "term-here"


@pytest.mark.parametrize(
    ("changed", "code", "marked"),
    [
        ({"definition": "See [A9.9]."}, "unknown-claim", "A9.9"),
        ({"definition": "A <b>ball</b>."}, "html", "<b>"),
        ({"definition": "What a [ball](term:marble) runs on."}, "term-in-definition", "runs on"),
        ({"definition": ""}, "empty", "definition: ''"),
        ({"term": "marble"}, "duplicate-term", "term: marble"),
        ({"colour": "red"}, "unknown-field", "colour"),
    ],
)
def test_each_fault_of_a_term_is_named_at_its_line(
    course: Path, changed: dict[str, Any], code: str, marked: str
) -> None:
    file = course / "glossary.yaml"
    edit(file, lambda tree: tree["terms"]["marble-run"].update(changed))
    problem = only(course)
    assert (problem.code, problem.line) == (code, line_of(file, marked))


def test_a_bad_id_of_a_term_is_named(course: Path) -> None:
    file = course / "glossary.yaml"
    file.write_text(GLOSSARY.replace("  marble-run:", "  Marble Run:"), "utf-8")
    problem = only(course)
    assert (problem.code, problem.line) == ("bad-form", line_of(file, "Marble Run:"))
