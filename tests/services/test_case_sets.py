"""Case sets from the bank to an attempt: published as items that know their place, and shown together in order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from quizapp.domain.attempts import Kind
from quizapp.domain.items import CasePlace, Item
from quizapp.services import publishing, starting
from quizapp.services.publishing import State
from tests.banks.test_checking import edit
from tests.content import FIRST, write_course
from tests.kinds import list_asked
from tests.people import ALICE, START
from tests.steps import add_case

pytestmark = pytest.mark.each_database


@pytest.fixture
def course(app: Flask, tmp_path: Path) -> Iterator[Path]:
    with app.app_context():
        yield write_course(tmp_path / "course")


def start(app: Flask, course: Path, kind: Kind) -> list[Item]:
    report = publishing.publish_course(course, START)
    assert not report.problems, "\n".join(map(str, report.problems))
    return [item for item, _ in list_asked(app, starting.start(ALICE.id, FIRST, kind, 7, START).attempt.id)]


def change(course: Path, part: int) -> None:
    """Make one part of the case another version."""

    def tag(tree: Any) -> None:
        case = next(entry for entry in tree["items"] if entry["type"] == "case_set")
        case["parts"][part - 1]["tags"] = ["changed"]

    edit(course / FIRST / "bank.yaml", tag)


def places(items: list[Item]) -> list[int]:
    return [item.case.part if item.case else 0 for item in items]


def test_a_part_is_published_with_its_place_and_all_that_is_told_by_then(app: Flask, course: Path) -> None:
    items = [item for item in start(app, add_case(course), Kind.QUIZ) if item.case]
    title = items[0].case.title if items[0].case else ""
    assert title
    assert [item.case for item in items] == [
        CasePlace(id="night", part=n, n_parts=3, unfolds=True, title=title) for n in (1, 2, 3)
    ]
    assert items[1].vignette.startswith(items[0].vignette)
    assert items[2].vignette.startswith(items[1].vignette.replace("\n\n---\n\n", "\n\n"))
    assert len({item.vignette for item in items}) == 3


def test_in_a_practice_set_a_case_stays_together_though_one_part_is_younger(app: Flask, course: Path) -> None:
    publishing.publish_course(add_case(course, "practice"), START)
    change(course, 1)
    items = start(app, course, Kind.PRACTICE)
    assert items[places(items).index(1)].tags == ("changed",)
    found = places(items)
    assert found[found.index(1) :][:3] == [1, 2, 3]
    assert sum(map(bool, found)) == 3


def test_one_part_that_changes_is_the_only_new_version(course: Path) -> None:
    publishing.publish_course(add_case(course), START)
    before = publishing.publish_course(course, START)
    assert {state for _, state in before.items} == {State.UNCHANGED}
    change(course, 3)
    report = publishing.publish_course(course, START)
    assert [item_id for item_id, state in report.items if state is State.CHANGED] == ["night-3"]
