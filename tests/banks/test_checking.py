"""Whole courses, modules and lone files: every fault in one pass, each at its place."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from quizapp.banks.checking import Checked, check_path
from tests.content import FIRST, SECOND, write_course

REAL = Path(__file__).parents[2] / "questions"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return write_course(tmp_path / "course")


def edit(path: Path, change: Callable[[Any], object]) -> None:
    """Change a YAML file as an author would."""
    yaml = YAML()
    tree = yaml.load(path.read_text("utf-8"))
    change(tree)
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(tree, file)


def line_of(path: Path, text: str) -> int:
    """The line of the first line that holds `text`."""
    return next(i for i, line in enumerate(path.read_text("utf-8").splitlines(), 1) if text in line)


def codes(checked: Checked) -> list[str]:
    return [problem.code for problem in checked.problems]


def only(path: Path) -> Any:
    checked = check_path(path)
    assert len(checked.problems) == 1, "\n".join(map(str, checked.problems))
    return checked.problems[0]


FAULTY_BANK = """\
format: 1
module: lonely
items:
  - id: first-item
    type: single_best_answer
    use: exam
    objective: O1.1
    section: here
    bloom: rember
    difficulty: easy
    author: Bob
    reviewed: 2026-11-22
    review_due: 2026-11-21
    title: A title
    stem: What is it?
    options:
      - text: Apple
        keys: true
        rationale: Because it is [A1.1].
      - text: Brick
        key: true
        rationale: It is <b>not</b> [A1.1].
      - {text: Chair, rationale: "Nor is this [A1.1]."}
  - id: First Item
    type: true_flase
    use: quiz
    objective: O1.1
    section: here
    bloom: apply
    difficulty: easy
    author: Bob
    reviewed: 2026-11-22
    review_due: 2027-02-30
    title: A title
    stem: It is.
    answer: perhaps
    if_true: {rationale: Nobody says so.}
    if_false: {rationale: "As it says [A1.1; A1.2]."}
"""


def test_every_fault_of_a_bank_is_named_in_one_pass_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bank.yaml"
    path.write_text(FAULTY_BANK, "utf-8")
    checked = check_path(path)
    assert [(p.line, p.code) for p in checked.problems] == [
        (6, "not-allowed"),
        (9, "not-allowed"),
        (13, "date-order"),
        (16, "key-count"),
        (18, "unknown-field"),
        (22, "html"),
        (24, "bad-form"),
        (25, "unknown-type"),
        (33, "bad-date"),
        (36, "not-true-or-false"),
        (37, "uncited"),
        (38, "bad-citation"),
    ]
    assert checked.n_items == 2
    hints = {p.line: p.hint for p in checked.problems}
    assert hints[18] == "did you mean 'key'?"
    assert hints[25] == "did you mean 'true_false'?"
    assert hints[9] == "did you mean 'remember'?"


def test_a_fault_of_the_whole_item_is_seen_behind_a_fault_of_a_field(tmp_path: Path) -> None:
    path = tmp_path / "bank.yaml"
    path.write_text(FAULTY_BANK.replace("keys: true", "key: true").replace("    stem: What is it?\n", ""), "utf-8")
    found = {problem.code: problem.line for problem in check_path(path).problems}
    assert found["key-count"] == 15
    assert found["missing-field"] == 4


def test_the_courses_of_this_checkout_and_of_the_tests_have_no_faults(course: Path) -> None:
    for path in (course, REAL):
        checked = check_path(path)
        assert not checked.problems, "\n".join(map(str, checked.problems))
    assert checked.n_modules >= 2
    assert sum(checked.counts["use"].values()) == checked.n_items


def test_faults_name_files_as_whoever_asked_wrote_them(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(course / FIRST / "bank.yaml", lambda t: t["items"][0].pop("stem"))
    monkeypatch.chdir(course.parent)
    for asked in ("course", f"course/{FIRST}", f"course/{FIRST}/bank.yaml"):
        assert only(Path(asked)).file == f"course/{FIRST}/bank.yaml"


def test_a_part_of_a_course_is_checked_within_it_and_only_its_own_faults_are_told(course: Path) -> None:
    edit(course / FIRST / "bank.yaml", lambda t: t["items"][0].update(objective="O9.9"))
    edit(course / SECOND / "module.yaml", lambda t: t.pop("title"))
    assert codes(check_path(course / FIRST)) == ["unknown-objective"]
    assert codes(check_path(course / FIRST / "bank.yaml")) == ["unknown-objective"]
    assert codes(check_path(course / SECOND)) == ["missing-field"]
    assert not check_path(course / "evidence.yaml").problems
    assert len(check_path(course).problems) == 2


@pytest.mark.parametrize(
    "name", ["course.yaml", "evidence.yaml", "credit.yaml", "module.yaml", "lesson.md", "bank.yaml"]
)
def test_each_file_can_be_checked_alone(course: Path, tmp_path: Path, name: str) -> None:
    source = course / name if (course / name).is_file() else course / FIRST / name
    alone = tmp_path / "alone" / name
    alone.parent.mkdir()
    shutil.copyfile(source, alone)
    assert not check_path(alone).problems
    renamed = alone.with_stem("mine")
    alone.rename(renamed)
    assert not check_path(renamed).problems
    renamed.write_text("?", "utf-8")
    assert check_path(renamed).problems


@pytest.mark.parametrize("name", ["course.yaml", "evidence.yaml", "credit.yaml"])
def test_a_missing_file_of_the_course_is_named(course: Path, name: str) -> None:
    (course / name).unlink()
    assert ("missing-file", str(course / name)) in [(p.code, p.file) for p in check_path(course).problems]


@pytest.mark.parametrize("name", ["module.yaml", "lesson.md", "bank.yaml"])
def test_a_missing_file_of_a_module_is_named(course: Path, name: str) -> None:
    (course / FIRST / name).unlink()
    assert ("missing-file", str(course / FIRST / name)) in [(p.code, p.file) for p in check_path(course).problems]


def test_a_folder_without_content_says_so(tmp_path: Path) -> None:
    assert only(tmp_path).code == "nothing-here"


def _set(*path: Any, to: Any) -> Callable[[Any], object]:
    def change(tree: Any) -> None:
        for part in path[:-1]:
            tree = tree[part]
        tree[path[-1]] = to

    return change


def _raise_confidence(tree: Any) -> None:
    for claim in tree["claims"].values():
        claim["confidence"] = "c"


@pytest.mark.parametrize(
    ("file", "change", "code", "marker"),
    [
        ("course.yaml", lambda t: t["modules"].append("thrid"), "no-module-folder", "thrid"),
        ("course.yaml", lambda t: t["modules"].append(FIRST), "duplicate-module", None),
        ("course.yaml", lambda t: t.update(modules=[FIRST]), "unlisted-module", "modules:"),
        (f"{FIRST}/module.yaml", _set("id", to="other"), "wrong-folder", "id: other"),
        (f"{FIRST}/module.yaml", _set("requires", to=["zeroth"]), "unknown-module", "zeroth"),
        (f"{FIRST}/module.yaml", _set("review_due", to="2026-11-22"), "date-order", "review_due"),
        (f"{FIRST}/module.yaml", _set("credit_ends", to="2020-01-01"), "date-order", "credit_ends"),
        (f"{FIRST}/module.yaml", _set("credit", "method", to="mergner"), "unknown-method", "mergner"),
        (f"{FIRST}/module.yaml", _set("quiz", "plan", 0, "objective", to="O9.9"), "unknown-objective", "O9.9"),
        (f"{FIRST}/module.yaml", _set("quiz", "plan", 0, "n", to=7), "plan-shortage", "n: 7"),
        (f"{SECOND}/module.yaml", _set("number", to=1), "duplicate-number", "number: 1"),
        (f"{FIRST}/bank.yaml", _set("module", to=SECOND), "wrong-module", "module:"),
        (f"{FIRST}/bank.yaml", _set("items", 1, "section", to="on-o1-3"), "unknown-section", "on-o1-3"),
        (f"{FIRST}/bank.yaml", _set("items", 1, "objective", to="O2.1"), "unknown-objective", "O2.1"),
        (f"{FIRST}/bank.yaml", _set("items", 1, "stem", to="Is it so [C9.9]?"), "unknown-claim", "C9.9"),
        (f"{FIRST}/bank.yaml", _set("items", 1, "stem", to="Is it so [A1.1 R2]?"), "unknown-reference", "A1.1 R2"),
        (f"{FIRST}/bank.yaml", _set("items", 1, "title", to="It is so [A1.1]"), "citation-in-title", "It is so"),
        (f"{SECOND}/bank.yaml", _set("items", 0, "id", to=f"{FIRST}-1"), "duplicate-item", f"id: {FIRST}-1"),
        ("evidence.yaml", _set("claims", "A1.2", "references", to=["R1", "R9"]), "unknown-reference", "R9"),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_named_at_its_line(
    course: Path, file: str, change: Callable[[Any], object], code: str, marker: str | None
) -> None:
    edit(course / file, change)
    problem = only(course)
    assert (problem.file, problem.code) == (str(course / file), code)
    if marker is not None:
        assert problem.line == line_of(course / file, marker)


def test_modules_that_require_each_other_are_named_on_both_sides(course: Path) -> None:
    edit(course / FIRST / "module.yaml", _set("requires", to=[SECOND]))
    problems = check_path(course).problems
    assert [(p.file, p.code) for p in problems] == [
        (str(course / name / "module.yaml"), "circle") for name in (FIRST, SECOND)
    ]


def test_an_objective_without_a_quiz_item_is_named(course: Path) -> None:
    def drop(tree: Any) -> None:
        tree["items"] = [i for i in tree["items"] if i["objective"] != "O1.2"]

    edit(course / FIRST / "bank.yaml", drop)
    assert codes(check_path(course)) == ["objective-without-item", "plan-shortage"]


def test_every_shortage_of_a_plan_is_named(course: Path) -> None:
    edit(course / FIRST / "module.yaml", lambda t: [part.update(n=99) for part in t["quiz"]["plan"]])
    assert codes(check_path(course)) == ["plan-shortage", "plan-shortage"]


def test_an_empty_practice_set_is_named(course: Path) -> None:
    edit(course / FIRST / "bank.yaml", lambda t: [item.update(use="quiz") for item in t["items"]])
    assert only(course).code == "no-practice-items"


def test_a_scored_item_on_tentative_claims_alone_is_named_a_practice_item_is_not(course: Path) -> None:
    edit(course / "evidence.yaml", _raise_confidence)
    checked = check_path(course / FIRST)
    assert set(codes(checked)) == {"tentative-evidence"}
    assert len(checked.problems) == checked.counts["use"]["quiz"]


def test_a_drawing_that_nobody_shows_and_one_that_nobody_drew_are_named(course: Path) -> None:
    figures = course / FIRST / "figures"
    (figures / "line.svg").rename(figures / "lines.svg")
    problems = check_path(course).problems
    assert {p.code for p in problems} == {"missing-figure", "orphan-figure"}
    assert next(p for p in problems if p.code == "missing-figure").hint == "did you mean 'figures/lines.svg'?"


def test_faults_of_a_drawing_and_of_a_lesson_are_told_with_the_rest(course: Path) -> None:
    (course / FIRST / "figures" / "line.svg").write_text("<svg/>", "utf-8")
    with (course / FIRST / "lesson.md").open("a", encoding="utf-8") as file:
        file.write("\n::: warn\nx\n")
    edit(course / SECOND / "bank.yaml", lambda t: t["items"][0].pop("stem"))
    found = check_path(course).problems
    assert {"svg-title", "unknown-box", "missing-field"} <= {p.code for p in found}
    assert list(found) == sorted(found)


def test_a_file_that_is_not_yaml_hides_no_fault_of_another(course: Path) -> None:
    (course / "evidence.yaml").write_text("a: b: c", "utf-8")
    (course / FIRST / "module.yaml").write_bytes(b"\xff\xfe")
    edit(course / SECOND / "bank.yaml", lambda t: t["items"][0].pop("stem"))
    assert {"bad-yaml", "not-utf8", "missing-field"} <= set(codes(check_path(course)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(alphabet="O1.a[]-{}<:# ", max_size=6),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "n", "x", "text"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(data=st.data())
def test_no_value_anywhere_brings_the_check_down(course: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["course.yaml", "evidence.yaml", f"{FIRST}/module.yaml", f"{FIRST}/bank.yaml"]))
    path = course / name
    before = path.read_text("utf-8")
    tree = YAML(typ="safe").load(before)
    parent = tree
    while True:
        keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(parent[key], dict | list) or not parent[key] or data.draw(st.booleans()):
            break
        parent = parent[key]
    parent[key] = data.draw(json_values)
    try:
        path.write_text(json.dumps(tree, default=str), "utf-8")
        for problem in check_path(course).problems:
            assert problem.line >= 1
            assert problem.message
    finally:
        path.write_text(before, "utf-8")
