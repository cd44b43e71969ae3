"""Reading the course: what is open, what was read, what was reached."""

from collections.abc import Iterator

import pytest
from flask import Flask

from quizapp.domain.attempts import Kind
from quizapp.domain.errors import NotFound, Refused
from quizapp.domain.progress import Reach
from quizapp.services import starting, studying, taking
from tests.content import COURSE, FIRST, SECOND
from tests.people import ALICE, MALLORY, START, Clock
from tests.services.test_taking import answer_all

pytestmark = pytest.mark.each_database


@pytest.fixture(autouse=True)
def _in_app(app: Flask) -> Iterator[None]:
    context = app.app_context()
    context.push()
    yield
    context.pop()


def test_anybody_sees_what_the_course_offers() -> None:
    course, modules = studying.list_public_modules()
    assert course is not None
    assert course.id == COURSE
    assert [(m.id, m.number, m.n_objectives) for m in modules] == [(FIRST, 1, 2), (SECOND, 2, 2)]


def test_a_new_learner_starts_with_the_first_module_and_the_second_names_it() -> None:
    overview = studying.get_overview(ALICE.id)
    assert overview is not None
    assert overview.is_new
    first, second = overview.standings
    assert overview.next_up is first
    assert not first.is_locked
    assert [m.id for m in second.missing] == [FIRST]
    assert set(first.reach.values()) == {Reach.TO_DO}


def test_reading_a_section_is_remembered_once_and_leads_to_the_next(clock: Clock) -> None:
    following = studying.mark_read(ALICE.id, FIRST, "on-o1-1", clock())
    assert following is not None
    assert following.id == "on-o1-2"
    studying.mark_read(ALICE.id, FIRST, "on-o1-1", clock.advance(hours=1))
    assert studying.mark_read(ALICE.id, FIRST, "on-o1-2", clock()) is None
    _, standing = studying.get_standing(ALICE.id, FIRST)
    assert standing.read == {"on-o1-1", "on-o1-2"}
    assert standing.next_section is None
    assert standing.minutes_left == 0
    assert standing.reach == {"O1.1": Reach.STARTED, "O1.2": Reach.STARTED}
    overview = studying.get_overview(ALICE.id)
    assert overview is not None
    assert overview.last_at == clock.at


def test_what_one_person_reads_is_not_read_by_another() -> None:
    studying.mark_read(ALICE.id, FIRST, "on-o1-1", START)
    assert studying.get_standing(MALLORY.id, FIRST)[1].read == frozenset()


def test_unknown_modules_and_sections_are_not_found() -> None:
    with pytest.raises(NotFound):
        studying.get_standing(ALICE.id, "third")
    with pytest.raises(NotFound):
        studying.get_section(ALICE.id, FIRST, "on-nothing")
    with pytest.raises(NotFound):
        studying.get_overview(ALICE.id, "no-such-course")


def test_a_locked_module_is_described_but_its_lesson_is_refused() -> None:
    assert studying.get_standing(ALICE.id, SECOND)[1].is_locked
    with pytest.raises(Refused, match="Marbles that roll"):
        studying.get_section(ALICE.id, SECOND, "on-o2-1")
    with pytest.raises(Refused):
        studying.mark_read(ALICE.id, SECOND, "on-o2-1", START)


def test_passing_a_module_opens_the_one_that_requires_it_and_meets_its_objectives() -> None:
    attempt_id = starting.start(ALICE.id, FIRST, Kind.QUIZ, 1, START).attempt.id
    overview = studying.get_overview(ALICE.id)
    assert overview is not None
    assert overview.next_up is not None
    assert overview.next_up.open_quiz is not None
    answer_all(ALICE.id, attempt_id)
    taking.finish(ALICE.id, attempt_id, START)
    overview = studying.get_overview(ALICE.id)
    assert overview is not None
    first, second = overview.standings
    assert first.is_passed
    assert set(first.reach.values()) == {Reach.MET}
    assert not second.is_locked
    assert overview.next_up is second
    assert studying.get_section(ALICE.id, SECOND, "on-o2-1")[2].id == "on-o2-1"


def test_progress_lists_marks_by_objective_oldest_first() -> None:
    for n_wrong in (6, 0):
        attempt_id = starting.start(ALICE.id, FIRST, Kind.QUIZ, n_wrong, START).attempt.id
        answer_all(ALICE.id, attempt_id, n_wrong)
        taking.finish(ALICE.id, attempt_id, START)
    found = studying.get_progress(ALICE.id)
    assert found is not None
    _, progress = found
    assert [line.marks for line in progress[FIRST]] == [((0, 4), (4, 4)), ((0, 2), (2, 2))]
    assert [line.reach for line in progress[FIRST]] == [Reach.MET, Reach.MET]
    assert [s.id for line in progress[FIRST] for s in line.sections] == ["on-o1-1", "on-o1-2"]


def test_practice_leaves_no_marks() -> None:
    attempt_id = starting.start(ALICE.id, FIRST, Kind.PRACTICE, 1, START).attempt.id
    answer_all(ALICE.id, attempt_id)
    taking.finish(ALICE.id, attempt_id, START)
    found = studying.get_progress(ALICE.id)
    assert found is not None
    assert all(line.marks == () for line in found[1][FIRST])
    assert not studying.get_standing(ALICE.id, FIRST)[1].is_passed
