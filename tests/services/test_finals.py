"""A final: the same item versions as its modules, a version that follows theirs, results that count where taught."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from sqlalchemy import func, select

from config import ROOT
from quizapp.domain.attempts import Kind
from quizapp.domain.errors import NotFound, Refused
from quizapp.domain.evidence import find_citations
from quizapp.domain.plans import draw
from quizapp.domain.progress import Reach
from quizapp.services import publishing, reviewing, sheets, sources, starting, studying, taking, versions
from quizapp.services.publishing import Report, State
from quizapp.services.taking import Incoming
from quizapp.store import content as store
from quizapp.store.content import ItemVersion
from quizapp.store.db import reading
from tests.content import (
    FINAL,
    FIRST,
    N_FINAL,
    SECOND,
    add_final,
    make_item,
    right_letters,
    write_course,
    wrong_letters,
)
from tests.people import ALICE, MALLORY, START
from tests.services.test_publishing import replace_text

pytestmark = pytest.mark.each_database
LATER = START + dt.timedelta(days=1)


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return add_final(write_course(tmp_path / "course"))


@pytest.fixture(autouse=True)
def _published(app: Flask, course: Path) -> Iterator[None]:
    context = app.app_context()
    context.push()
    assert not publishing.publish_course(course, START).problems
    yield
    context.pop()


def current(module_id: str) -> int:
    with reading() as connection:
        version_id = store.find_current(connection, module_id)
    assert version_id is not None
    return version_id


def pool(module_id: str, version_id: int | None = None) -> set[int]:
    with reading() as connection:
        return {
            entry.item_version_id for entry in store.list_pool(connection, version_id or current(module_id), "quiz")
        }


def changes(report: Report) -> dict[str, State]:
    assert not report.problems
    return {name: state for name, state in (*report.modules, *report.items) if state is not State.UNCHANGED}


def take(module_id: str, missed: str = "", seed: int = 3) -> int:
    """A finished quiz of Alice's in which only items of the objective `missed` are wrong; its id."""
    attempt_id = starting.start(ALICE.id, module_id, Kind.QUIZ, seed, START).attempt.id
    sent = [
        Incoming(q.number, {"answer": wrong_letters(q) if missed and _asks(q.item_id, missed) else right_letters(q)})
        for q in sheets.get_sheet(ALICE.id, attempt_id).questions
    ]
    taking.save_answers(ALICE.id, attempt_id, sent, START)
    taking.finish(ALICE.id, attempt_id, START)
    return attempt_id


def _asks(item_id: str, objective: str) -> bool:
    """Whether an item of the small course is on an objective, going by its number (see tests/content.py)."""
    module, number = item_id.rsplit("-", 1)
    at = int(number) - 1
    return objective == {FIRST: "O1.1" if at < 6 else "O1.2", SECOND: "O2.1" if at < 4 else "O2.2"}[module]


def pass_both() -> None:
    take(FIRST)
    take(SECOND)


def test_a_final_is_published_without_a_second_version_of_any_item(course: Path) -> None:
    with reading() as connection:
        n_items = connection.scalar(select(func.count()).select_from(ItemVersion))
    assert n_items == 36
    assert pool(FINAL) == pool(FIRST) | pool(SECOND)
    again = publishing.publish_course(course, LATER)
    assert again.modules == ((FIRST, State.UNCHANGED), (SECOND, State.UNCHANGED), (FINAL, State.UNCHANGED))
    assert len(again.items) == 36


def test_a_first_publishing_of_everything_together_finds_the_items_it_has_just_added(course: Path) -> None:
    replace_text(course / FIRST / "bank.yaml", "for marble 1 of first", "for marble 1, the red one, of first")
    replace_text(course / SECOND / "bank.yaml", "for marble 1 of second", "for marble 1, the blue one, of second")
    publishing.publish_course(course, LATER)
    assert pool(FINAL) == pool(FIRST) | pool(SECOND)


def test_the_pool_leaves_out_what_the_plan_cannot_ask_for(course: Path) -> None:
    replace_text(course / FINAL / "module.yaml", "  - objective: O1.2\n    n: 1\n", "")
    publishing.publish_course(course, LATER)
    assert len(pool(FINAL)) == 6 + 20


def test_the_published_final_freezes_what_it_tests_cites_and_where_to_reread(course: Path) -> None:
    replace_text(course / "course.yaml", f"- {FIRST}\n- {SECOND}\n", f"- {SECOND}\n- {FIRST}\n")
    replace_text(course / SECOND / "module.yaml", f"requires:\n- {FIRST}\n", "requires: []\n")
    publishing.publish_course(course, LATER)
    with reading() as connection:
        module = versions.get_module_version(connection, current(FINAL))
        items = versions.get_items(connection, pool(FINAL))
    assert module.is_final
    assert [d.id for d in module.drawn] == [SECOND, FIRST], "in course order"
    assert {o.id for o in module.tested} == {"O1.1", "O1.2", "O2.1", "O2.2"}
    assert module.must_pass == {"O2.1"}
    assert module.objectives == ()
    assert module.credit is None
    assert module.credit_hours == 0
    assert [(p.module_id, p.id) for p in module.list_places("O1.2")] == [(FIRST, "on-o1-1"), (FIRST, "on-o1-2")]
    assert {c.claim for item in items.values() for t in item.texts() for c in find_citations(t)} == set(
        module.evidence.claims
    )


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("bank.yaml", "for marble 1 of first", "for marble 1, the red one, of first"),
        ("module.yaml", "Say what O1.1 says of marbles", "Say what marbles say of O1.1"),
        ("lesson.md", "## On O1.1", "## About O1.1"),
    ],
)
def test_a_change_of_what_it_draws_from_makes_a_new_version_of_the_final(
    course: Path, file: str, old: str, new: str
) -> None:
    replace_text(course / FIRST / file, old, new)
    changed = changes(publishing.publish_course(course, LATER))
    assert changed[FINAL] is changed[FIRST] is State.CHANGED
    assert SECOND not in changed


def test_an_attempt_under_way_keeps_its_version_and_a_new_one_draws_from_the_new(course: Path) -> None:
    pass_both()
    before = current(FINAL)
    attempt_id = starting.start(ALICE.id, FINAL, Kind.QUIZ, 1, START).attempt.id
    asked = [(q.item_id, q.stem) for q in sheets.get_sheet(ALICE.id, attempt_id).questions]
    for path in (course / FIRST / "bank.yaml", course / SECOND / "bank.yaml"):
        path.write_text(path.read_text("utf-8").replace("of marble", "of that marble"), "utf-8")
    replace_text(course / FIRST / "lesson.md", "## On O1.1", "## About O1.1")
    publishing.publish_course(course, LATER)
    assert current(FINAL) != before
    assert pool(FINAL, before) != pool(FINAL) == pool(FIRST) | pool(SECOND)
    assert [(q.item_id, q.stem) for q in sheets.get_sheet(ALICE.id, attempt_id).questions] == asked
    taking.finish(ALICE.id, attempt_id, START)
    result = reviewing.get_result(ALICE.id, attempt_id)
    assert "On O1.1" in {place.title for line in result.missed for place in line.reread}


def test_a_final_opens_when_every_module_it_draws_from_is_passed() -> None:
    with pytest.raises(Refused, match="“Marbles that roll” and “Marbles that are lost”"):
        starting.start(ALICE.id, FINAL, Kind.QUIZ, 1, START)
    take(FIRST)
    assert [m.id for m in studying.get_standing(ALICE.id, FINAL)[1].missing] == [SECOND]
    take(SECOND)
    assert studying.get_standing(ALICE.id, FINAL)[1].missing == ()
    attempt_id = starting.start(ALICE.id, FINAL, Kind.QUIZ, 1, START).attempt.id
    asked = sheets.get_sheet(ALICE.id, attempt_id).questions
    assert len({q.item_id for q in asked}) == N_FINAL
    assert [sum(_asks(q.item_id, o) for q in asked) for o in ("O1.1", "O1.2", "O2.1", "O2.2")] == [2, 1, 1, 1]
    with pytest.raises(NotFound):
        reviewing.get_result(MALLORY.id, attempt_id)


def test_a_final_has_no_practice_set_and_no_lesson() -> None:
    pass_both()
    with pytest.raises(NotFound, match="no practice set"):
        starting.start(ALICE.id, FINAL, Kind.PRACTICE, 1, START)
    with pytest.raises(NotFound):
        studying.get_section(ALICE.id, FINAL, "on-o1-1")


def test_a_missed_objective_names_its_module_and_the_section_there() -> None:
    pass_both()
    result = reviewing.get_result(ALICE.id, take(FINAL, missed="O1.1"))
    assert result.attempt.is_passed is False
    (line,) = result.missed
    assert (line.objective.id, line.drawn and line.drawn.id) == ("O1.1", FIRST)
    assert [(p.module_id, p.id, p.title) for p in line.reread] == [(FIRST, "on-o1-1", "On O1.1")]
    assert [x.drawn.number for x in result.objectives if x.drawn] == [1, 1, 2, 2]


def test_a_must_pass_objective_of_a_module_is_must_pass_in_the_final() -> None:
    pass_both()
    result = reviewing.get_result(ALICE.id, take(FINAL, missed="O2.1"))
    assert result.score.earned == result.score.pass_marks == N_FINAL - 1
    assert result.score.missed_must_pass == ("O2.1",)
    assert result.attempt.is_passed is False


def test_a_pass_shows_each_question_with_the_section_of_its_own_module() -> None:
    pass_both()
    result = reviewing.get_result(ALICE.id, take(FINAL))
    assert result.attempt.is_passed
    places = {(q.place.module_id, q.place.id) for q in result.reviewed if q.place}
    assert places == {(FIRST, "on-o1-1"), (FIRST, "on-o1-2"), (SECOND, "on-o2-1"), (SECOND, "on-o2-2")}


def test_results_of_the_final_count_for_the_objectives_where_they_are_taught(course: Path) -> None:
    for name in (FIRST, SECOND):  # the old pass mark is met with less
        replace_text(course / name / "module.yaml", "pass_percent: 80", "pass_percent: 10")
    publishing.publish_course(course, START)
    take(FIRST, missed="O1.2")
    take(SECOND)
    for name in (FIRST, SECOND):
        replace_text(course / name / "module.yaml", "pass_percent: 10", "pass_percent: 80")
    publishing.publish_course(course, LATER)
    before = studying.get_standing(ALICE.id, FIRST)[1]
    assert before.reach == {"O1.1": Reach.MET, "O1.2": Reach.STARTED}
    take(FINAL)
    overview, progress = studying.get_progress(ALICE.id) or (None, {})
    assert overview is not None
    first, _, final = overview.standings
    assert first.reach == {"O1.1": Reach.MET, "O1.2": Reach.MET}
    assert progress[FIRST][1].marks == ((Fraction(0), 2), (Fraction(1), 1))
    assert (final.reach, progress[FINAL]) == ({}, [])
    assert overview.next_up is None


def test_the_final_is_next_up_once_all_else_is_passed() -> None:
    pass_both()
    overview = studying.get_overview(ALICE.id)
    assert overview is not None
    assert overview.next_up is overview.standings[-1]
    assert overview.next_up.module.id == FINAL


def test_what_rests_on_a_source_counts_no_item_twice() -> None:
    traced = sources.get_reference("R1", ALICE.id, with_items=True)
    assert [(use.module.id, use.n_items) for use in traced.cited.uses] == [(FIRST, 15), (SECOND, 21)]


def test_an_item_added_to_a_module_is_new_once_and_drawn_by_the_final(course: Path) -> None:
    path = course / FIRST / "bank.yaml"
    item = make_item(FIRST, 30, "O1.2")
    lines = [f"  {key}: {value!r}" for key, value in item.items() if isinstance(value, str)]
    options = "".join(
        f"  - {{text: {o['text']}, key: {str(o.get('key', False)).lower()}, rationale: '{o['rationale']}'}}\n"
        for o in item["options"]
    )
    block = "- " + "\n".join(lines).strip() + "\n  options:\n" + options
    path.write_text(path.read_text("utf-8").rstrip("\n") + "\n" + block, "utf-8")
    report = publishing.publish_course(course, LATER)
    assert changes(report) == {FIRST: State.CHANGED, FINAL: State.CHANGED, f"{FIRST}-31": State.NEW}
    assert pool(FINAL) == pool(FIRST) | pool(SECOND)


def test_the_final_of_this_checkout_asks_30_questions_on_every_objective_and_two_where_all_must_be_right() -> None:
    assert not publishing.publish_course(ROOT / "questions", LATER).problems
    with reading() as connection:
        current_ids = [row.version_id for row in store.list_current(connection, "muscle-cramps")]
        modules = versions.get_module_versions(connection, current_ids).values()
        (final,) = (module for module in modules if module.is_final)
        entries = store.list_pool(connection, current(final.id), "quiz")
    asked = Counter(entry.objective for entry in draw(final.facts.quiz.plan, entries, Random(1)))
    assert asked.total() == final.facts.quiz.n_items == 30
    assert set(asked) == {o.id for module in modules for o in module.objectives} == {o.id for o in final.tested}
    assert final.must_pass == {"O3.2", "O3.3", "O5.3", "O5.4"}
    assert all(asked[objective] == 2 for objective in final.must_pass)
