"""The figure of an item: checked when its bank is read, and kept in what is published."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quizapp.banks.checking import check_path
from quizapp.banks.drawings import MAX_BYTES
from quizapp.domain.items import ITEM_TYPES, store_item
from quizapp.domain.items.hotspot import Hotspot
from quizapp.services.publishing import hash_content
from tests.banks.test_checking import edit, line_of
from tests.content import FIRST, write_course
from tests.domain.test_items import build
from tests.kinds import SHAPES, add_kinds

FIGURE = "figures/shapes.svg"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """The folder of a module whose practice set has a hotspot and a labelling item."""
    return add_kinds(write_course(tmp_path / "course"), FIRST) / FIRST


def read_hotspot(module: Path) -> Hotspot:
    checked = check_path(module.parent)
    assert not checked.problems, "\n".join(map(str, checked.problems))
    assert checked.course is not None
    items = [item for text in checked.course.modules if text.name == FIRST for item in text.bank.items]
    (found,) = [item for item in items if isinstance(item, Hotspot)]
    return found


def codes(path: Path) -> list[tuple[str, str, int]]:
    return [(problem.code, Path(problem.file).name, problem.line) for problem in check_path(path).problems]


def edit_hotspot(module: Path, change: Callable[[Any], object]) -> None:
    edit(module / "bank.yaml", lambda tree: change(next(i for i in tree["items"] if i["type"] == "hotspot")))


def test_the_drawing_is_kept_in_the_item_written_anew_and_without_words_that_tell(module: Path) -> None:
    (module / FIGURE).write_text(
        SHAPES.replace("<rect", '<g id="box"><title>Not this one</title><rect', 1).replace("<circle", "</g><circle"),
        "utf-8",
    )
    figure = read_hotspot(module).figure
    assert figure.view_box == "0 0 400 300"
    assert figure.body.startswith('<g id="fig-item-kind-hotspot-box"><rect class="c-body" x="40"')
    assert "title" not in figure.body
    assert "desc" not in figure.body
    assert store_item(read_hotspot(module))["figure"]["body"] == figure.body


def test_another_drawing_makes_another_version_and_the_same_one_does_not(module: Path) -> None:
    before = hash_content(store_item(read_hotspot(module)))
    assert hash_content(store_item(read_hotspot(module))) == before
    (module / FIGURE).write_text(SHAPES.replace('width="160"', 'width="150"'), "utf-8")
    assert hash_content(store_item(read_hotspot(module))) != before


@pytest.mark.parametrize("kind", sorted(set(ITEM_TYPES) - {"hotspot", "labelling"}))
def test_items_without_a_figure_are_published_as_before(kind: str) -> None:
    content = store_item(build(kind, ITEM_TYPES[kind].samples()[0].fields))
    assert "figure" not in content


def test_a_drawing_that_only_an_item_shows_is_no_orphan(module: Path) -> None:
    assert not codes(module.parent)
    (module / "figures" / "other.svg").write_text(SHAPES, "utf-8")
    assert codes(module.parent) == [("orphan-figure", "other.svg", 1)]


def test_a_figure_that_is_not_there_is_named_with_the_one_that_was_meant(module: Path) -> None:
    edit_hotspot(module, lambda item: item["figure"].update(file="figures/shape.svg"))
    (problem,) = check_path(module.parent).problems
    assert problem.code == "missing-figure"
    assert problem.line == line_of(module / "bank.yaml", "figures/shape.svg")
    assert "'figures/shapes.svg'" in problem.hint


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (SHAPES.replace("<circle", "<script>alert(1)</script><circle"), "svg-element", 5),
        (SHAPES.replace("<circle", '<circle onclick="alert(1)"'), "svg-attribute", 5),
        (SHAPES.replace(' viewBox="0 0 400 300"', ""), "svg-view-box", 1),
        (SHAPES.replace("</svg>", ""), "bad-svg", 9),
        (SHAPES + " " * MAX_BYTES, "file-too-large", 1),
    ],
)
def test_a_drawing_that_is_unsafe_faulty_or_too_large_never_reaches_an_item(
    module: Path, text: str, code: str, line: int
) -> None:
    (module / FIGURE).write_text(text, "utf-8")
    found = codes(module.parent)
    assert (code, "shapes.svg", line) in found
    named = [i for i, row in enumerate((module / "bank.yaml").read_text("utf-8").splitlines(), 1) if FIGURE in row]
    assert [place for fault, _, place in found if fault == "faulty-figure"] == named
    assert len(named) == 2
    assert len(found) == 3


def test_a_bank_cannot_bring_a_drawing_of_its_own(module: Path) -> None:
    edit_hotspot(module, lambda item: item["figure"].update(body="<script>alert(1)</script>", view_box="0 0 9 9"))
    line = line_of(module / "bank.yaml", "<script>")
    found = codes(module.parent)
    assert ("unknown-field", "bank.yaml", line) in found
    assert ("unknown-field", "bank.yaml", line + 1) in found


@pytest.mark.parametrize("file", ["../first/figures/shapes.svg", "/etc/passwd", "figures/../../x.svg", "shapes.svg", 7])
def test_a_figure_lies_in_the_folder_of_figures_and_nowhere_else(module: Path, file: Any) -> None:
    edit_hotspot(module, lambda item: item["figure"].update(file=file))
    (problem,) = check_path(module.parent).problems
    assert problem.code in ("bad-form", "not-text")
    assert problem.message.startswith("figure.file")


def test_a_fault_in_the_drawing_hides_none_in_the_item(module: Path) -> None:
    (module / FIGURE).unlink()
    edit_hotspot(module, lambda item: item["regions"][1].update(key=True))
    assert {code for code, _, _ in codes(module.parent)} == {"missing-figure", "key-count"}


def test_a_lone_bank_finds_the_figures_beside_it(module: Path) -> None:
    for name in ("module.yaml", "lesson.md"):
        (module / name).unlink()
    (module.parent / "course.yaml").unlink()
    assert not codes(module / "bank.yaml")
    edit_hotspot(module, lambda item: item["regions"][2].update(circle=[390, 70, 50]))
    assert [code for code, _, _ in codes(module / "bank.yaml")] == ["region-place"]
