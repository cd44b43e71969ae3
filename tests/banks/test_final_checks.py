"""A final: what it draws from has to be there, come first and hold enough, and every fault has its line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quizapp.banks.checking import check_path
from tests.banks.test_checking import codes, edit, line_of, only
from tests.content import FINAL, FIRST, SECOND, add_final, write_course

MODULE = f"{FINAL}/module.yaml"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return add_final(write_course(tmp_path / "course"))


def test_a_final_adds_a_module_and_no_items(course: Path) -> None:
    checked = check_path(course)
    assert not checked.problems, "\n".join(map(str, checked.problems))
    assert (checked.n_modules, checked.n_items) == (3, 36)
    assert sum(checked.counts["objective"].values()) == 36
    assert FINAL not in checked.counts["module"]


def test_a_final_is_checked_within_its_course_as_folder_and_as_file(course: Path, tmp_path: Path) -> None:
    edit(course / MODULE, lambda t: t["quiz"]["plan"][0].update(objective="O9.9"))
    edit(course / FIRST / "module.yaml", lambda t: t.pop("title"))
    for path in (course / FINAL, course / MODULE):
        assert codes(check_path(path)) == [], "objectives are not judged while a module cannot be read"
    edit(course / FIRST / "module.yaml", lambda t: t.update(title="Again"))
    for path in (course / FINAL, course / MODULE):
        assert codes(check_path(path)) == ["unknown-objective"]
    alone = tmp_path / "alone" / "module.yaml"
    alone.parent.mkdir()
    alone.write_bytes((course / MODULE).read_bytes())
    assert not check_path(alone).problems
    edit(alone, lambda t: t.update(draws_from=[]))
    assert only(alone).code == "too-few"


def _with(**fields: Any) -> Callable[[Any], object]:
    return lambda tree: tree.update(fields)


@pytest.mark.parametrize(
    ("change", "code", "marker", "hint"),
    [
        (_with(draws_from=["frist", SECOND]), "unknown-module", "- frist", "did you mean 'first'?"),
        (_with(draws_from=[FIRST, SECOND, FIRST]), "duplicate-module", None, "keep one"),
        (_with(draws_from=[FIRST, SECOND, FINAL]), "unknown-module", None, "take it out"),
        (_with(requires=[SECOND]), "drawn-unrequired", None, "add first to requires"),
        (_with(objectives=[]), "unknown-field", "objectives:", "check the spelling or take it out"),
        (_with(credit={"method": "mergener", "difficulty": 2}), "unknown-field", "credit:",
         "check the spelling or take it out"),
        (lambda t: t["quiz"]["plan"][0].update(n=7), "plan-shortage", "n: 7", "write more items, or ask for fewer"),
        (lambda t: t["quiz"]["plan"][0].update(objective="O9.9"), "unknown-objective", "O9.9",
         "one of O1.1, O1.2, O2.1, O2.2"),
        (lambda t: t["quiz"]["plan"][0].update(bloom=["create"]), "plan-shortage", "n: 2",
         "write more items, or ask for fewer"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_at_its_line_with_what_to_do(
    course: Path, change: Callable[[Any], object], code: str, marker: str | None, hint: str
) -> None:
    edit(course / MODULE, change)
    problem = only(course)
    assert (problem.file, problem.code, problem.hint) == (str(course / MODULE), code, hint)
    if marker is not None:
        assert problem.line == line_of(course / MODULE, marker)


def test_a_final_that_draws_from_one_module_asks_only_about_that_one(course: Path) -> None:
    edit(course / MODULE, _with(draws_from=[FIRST]))
    assert codes(check_path(course)) == ["unknown-objective", "unknown-objective"]


def test_a_module_that_comes_after_the_final_cannot_be_drawn_from(course: Path) -> None:
    edit(course / "course.yaml", _with(modules=[FIRST, FINAL, SECOND]))
    problem = only(course)
    assert (problem.code, problem.line) == ("drawn-too-early", line_of(course / MODULE, "draws_from") + 2)
    edit(course / "course.yaml", _with(modules=[FIRST, FINAL]))
    assert codes(check_path(course)) == ["unlisted-module", "unknown-module"]


def test_a_final_does_not_draw_from_a_final(course: Path) -> None:
    edit(course / SECOND / "module.yaml", lambda t: t.update(draws_from=[FIRST]))
    assert "draws-from-a-final" in codes(check_path(course))


def test_a_final_has_no_bank_lesson_or_drawing_of_its_own(course: Path) -> None:
    for name in ("bank.yaml", "lesson.md", "figures/line.svg"):
        target = course / FINAL / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((course / FIRST / name).read_bytes())
    assert [(p.code, Path(p.file).name) for p in check_path(course).problems] == [
        ("not-in-a-final", name) for name in ("bank.yaml", "line.svg", "lesson.md")
    ]


def test_every_fault_of_a_final_is_named_at_once(course: Path) -> None:
    edit(course / MODULE, lambda t: (t.pop("title"), t.update(requires=[]), t["quiz"]["plan"][2].update(n=9)))
    assert sorted(codes(check_path(course))) == [
        "drawn-unrequired", "drawn-unrequired", "missing-field", "plan-shortage",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [None, 3, "first", [], [None], [[FIRST]], {FIRST: 1}, [{}]])
def test_no_value_of_draws_from_brings_the_check_down(course: Path, value: Any) -> None:
    edit(course / MODULE, _with(draws_from=value))
    assert {p.file for p in check_path(course).problems} == {str(course / MODULE)}
