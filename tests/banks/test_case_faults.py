"""What an author may get wrong in a case set is named in one pass, each fault once and at its own line."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from quizapp.banks.checking import check_path
from quizapp.banks.content_check import check_content
from tests.banks.test_case_sets import BANK, the_case, with_case
from tests.banks.test_checking import codes, edit, line_of
from tests.content import FIRST, SECOND, write_course


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bank.yaml"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return write_course(tmp_path / "course")


FAULTY = """\
format: 1
module: alone
items:
  - id: Night Calf
    type: case_set
    titel: A calf that wakes her
    vignette: She <b>wakes</b> [A1.1; A1.2].
    unfolds: perhaps
    use: quiz
    objective: O2.1
    section: here
    bloom: aply
    difficulty: easy
    author: Bob
    reviewed: 2026-11-22
    review_due: 2026-11-21
    colour: blue
    parts:
      - id: night-calf-1
        type: single_best_answer
        more: New.
        stem: What is it?
        options:
          - {text: A cramp, rationale: "It is one [A1.1]."}
          - {text: A clot, rationale: "It passed."}
      - id: night-calf-2
        type: kprim
        use: practice
        more: She took a <i>statin</i>.
        vignette: Another one.
        stem: Which of these are true?
        statements:
          - {text: It may matter, answer: perhaps, rationale: "It may [A1.2]."}
          - {text: It never matters, answer: false, rationale: "It may [A1.2]."}
          - {text: It always matters, answer: false, rationale: "It may [A1.2]."}
      - just a text
      - id: inner
        type: case_set
        parts: []
      - id: night-calf-1
        type: true_flase
        bloom: apply
        more: [a list]
        case: {id: other, part: 1, n_parts: 2}
        stem: She should stretch.
        answer: true
        if_true: {rationale: "Yes [A1.1]."}
        if_false: {}
  - id: single
    type: true_false
    case: {id: other, part: 1, n_parts: 2}
    use: quiz
    objective: O2.1
    section: here
    bloom: apply
    difficulty: easy
    author: Bob
    reviewed: 2026-11-22
    review_due: 2027-11-22
    title: Alone
    stem: She should stretch.
    answer: true
    if_true: {rationale: "Yes [A1.1]."}
    if_false: {rationale: "Yes [A1.1]."}
"""


def test_every_fault_of_a_case_is_named_in_one_pass_at_its_line(path: Path) -> None:
    path.write_text(FAULTY, "utf-8")
    checked = check_path(path)
    assert [(problem.line, problem.code) for problem in checked.problems] == [
        (4, "bad-form"),  # the id
        (6, "unknown-field"),  # titel
        (7, "bad-citation"),
        (7, "html"),
        (8, "not-true-or-false"),
        (12, "not-allowed"),  # bloom, once for the two parts that take it from here
        (16, "date-order"),
        (17, "unknown-field"),  # colour
        (21, "more-in-first-part"),
        (23, "key-count"),
        (25, "uncited"),
        (28, "mixed-use"),
        (29, "html"),
        (30, "vignette-in-part"),
        (33, "not-true-or-false"),
        (36, "not-a-mapping"),
        (38, "case-in-case"),
        (40, "duplicate-item"),
        (41, "unknown-type"),
        (43, "not-text"),
        (44, "case-by-hand"),
        (48, "missing-field"),
        (51, "case-by-hand"),
    ]
    hints = {p.line: p.hint for p in checked.problems}
    assert hints[6] == "did you mean 'title'?"
    assert hints[12] == "did you mean 'apply'?"
    assert hints[41] == "did you mean 'true_false'?"


@pytest.mark.parametrize(
    ("change", "line", "code"),
    [
        (lambda case: case.update(parts=case["parts"][:1]), "parts:", "single-part"),
        (lambda case: case.update(parts=[]), "parts:", "single-part"),
        (lambda case: case.update(parts="none"), "parts:", "not-a-list"),
        (lambda case: case.pop("parts"), "- id: night-calf", "missing-field"),
        (lambda case: case.pop("vignette"), "- id: night-calf", "missing-field"),
        (lambda case: case.pop("id"), "- type: case_set", "missing-field"),
        (lambda case: case.update(id=["a"]), "- id:", "not-text"),
        (lambda case: case.update(vignette=7), "vignette:", "not-text"),
        (lambda case: case.update(title=""), "title:", "empty"),
        (lambda case: case.update(title="A <b>calf</b>"), "title: A <b>", "html"),
        (lambda case: case.update(title="A calf [A1.1]"), "title: A calf", "citation-in-title"),
        (lambda case: case["parts"][0].update(title="A calf [A1.1]"), "title: A calf [", "citation-in-title"),
        (lambda case: case.update(title="t" * 86), "title:", "too-long"),
        (lambda case: case["parts"][1].update(more=""), "more:", "empty"),
        (lambda case: case["parts"][1].update(more="m" * 9990), "more:", "too-long"),
        (lambda case: case["parts"][0].update(type="case_set"), "type: case_set", "case-in-case"),
        (lambda case: case["parts"][1].update(id="night-calf"), "id: night-calf", "duplicate-item"),
        (lambda case: case["parts"][1].pop("type"), "id: night-calf-2", "missing-field"),
        (lambda case: case["parts"][2].update(case=None), "case:", "case-by-hand"),
        (lambda case: case.update(use=[]), "use:", "not-allowed"),
        (lambda case: case.update(tags="night"), "tags:", "not-a-list"),
        (lambda case: case.pop("objective"), "- id: night-calf-1", "missing-field"),
    ],
)  # fmt: skip
def test_a_fault_of_a_case_is_named_once_where_it_stands(path: Path, change: Any, line: str, code: str) -> None:
    case = the_case()
    change(case)
    with path.open("w", encoding="utf-8") as file:
        YAML().dump({"format": 1, "module": "alone", "items": [case]}, file)
    checked = check_path(path)
    lines = [n for n, text in enumerate(path.read_text("utf-8").splitlines(), 1) if line in text]
    own = [problem for problem in checked.problems if problem.code == code]
    assert own, checked.problems
    assert own[0].line in lines, (own, lines)
    others = [problem for problem in checked.problems if problem.code != code]
    assert not others, others


def test_a_misspelt_case_set_is_recognised_and_its_other_faults_are_named(path: Path) -> None:
    path.write_text(BANK.replace("type: case_set", "type: caseset").replace("A calf that wakes her", '""'), "utf-8")
    checked = check_path(path)
    assert codes(checked) == ["unknown-type", "empty"]
    assert checked.problems[0].hint == "did you mean 'case_set'?"


def test_ids_of_cases_and_items_are_taken_once_in_a_course(course: Path) -> None:
    first, second = with_case(course), with_case(course, SECOND)
    problems = [p for p in check_path(course).problems if p.file == str(second)]
    assert {p.code for p in problems} == {"duplicate-item"}
    assert [p.line for p in problems] == [
        line_of(second, f"id: {name}") for name in ("night-calf", "night-calf-1", "night-calf-2", "night-calf-3")
    ]
    assert f"{FIRST}/bank.yaml:{line_of(first, 'id: night-calf')}" in problems[0].message
    assert "case set id" in problems[0].message


def test_parts_are_checked_against_their_module_like_any_item(course: Path) -> None:
    bank = with_case(course, section="nowhere")
    edit(bank, lambda t: t["items"][-1]["parts"][2].update(objective="O9.9"))
    found = {(p.code, p.line) for p in check_path(course).problems}
    assert found == {
        ("unknown-section", line_of(bank, "section: nowhere")),
        ("unknown-objective", line_of(bank, "objective: O9.9")),
    }


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(alphabet="O1.a[]-{}<:# ", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "type", "more", "case"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(data=st.data())
def test_no_value_anywhere_in_a_case_brings_a_check_down(course: Path, data: st.DataObject) -> None:
    bank = course / FIRST / "bank.yaml"
    before = bank.read_text("utf-8")
    tree = YAML(typ="safe").load(before)
    case = the_case() | {"section": tree["items"][0]["section"]}
    tree["items"].append(case)
    parent: Any = case
    while True:
        key = data.draw(st.sampled_from(list(parent) if isinstance(parent, dict) else list(range(len(parent)))))
        if not isinstance(parent[key], dict | list) or not parent[key] or data.draw(st.booleans()):
            break
        parent = parent[key]
    parent[key] = data.draw(VALUES)
    try:
        bank.write_text(json.dumps(tree, default=str), "utf-8")
        for problem in check_path(course).problems:
            assert problem.line >= 1
            assert problem.message
        check_content(course)
    finally:
        bank.write_text(before, "utf-8")
