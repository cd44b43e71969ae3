"""Going on where there is no way back: in a quiz without backtracking, and from part to part of a case that unfolds."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from quizapp.domain.attempts import Kind, StepKind, Verdict
from quizapp.domain.errors import NotFound, Refused
from quizapp.services import publishing, reviewing, sheets, starting, taking
from quizapp.services.sheets import Sheet
from quizapp.services.taking import Incoming
from tests.content import FIRST, N_FIRST, write_course
from tests.people import ALICE, MALLORY, START
from tests.services.test_taking import at_once, count_steps
from tests.steps import add_case, set_rules

pytestmark = pytest.mark.each_database

LIMIT_MINUTES = 30
Start = Callable[..., int]


@pytest.fixture
def start(app: Flask, tmp_path: Path) -> Iterator[Start]:
    """Publish the small course with one more change, and start Alice's quiz (or practice set) of its first module."""

    def begin(change: Callable[[Path], Path], kind: Kind = Kind.QUIZ) -> int:
        report = publishing.publish_course(change(write_course(tmp_path / "course", LIMIT_MINUTES)), START)
        assert not report.problems, "\n".join(map(str, report.problems))
        return starting.start(ALICE.id, FIRST, kind, 7, START).attempt.id

    with app.app_context():
        yield begin


@pytest.fixture
def linear(start: Start) -> int:
    """A quiz without backtracking."""
    return start(lambda course: set_rules(course, backtracking=False))


@pytest.fixture
def case(start: Start) -> int:
    """A quiz whose questions 3 to 5 are a case that unfolds, with backtracking otherwise."""
    return start(add_case)


def look(attempt_id: int) -> Sheet:
    return sheets.get_sheet(ALICE.id, attempt_id)


def passages(attempt_id: int) -> str:
    """Each question as a letter: open, passed, ahead."""
    return "".join(mark.passage[0] for mark in look(attempt_id).marks)


def save(attempt_id: int, number: int, letter: str = "A", known_seq: int = 0) -> taking.Saved:
    sent = Incoming(number, {"answer": [letter]}, known_seq=known_seq)
    return taking.save_answers(ALICE.id, attempt_id, [sent], START)[0]


def go_on(attempt_id: int, number: int, *, is_blank_meant: bool = False) -> bool:
    return taking.pass_question(ALICE.id, attempt_id, number, START, is_blank_meant=is_blank_meant)


def answer_and_go_on(attempt_id: int, number: int) -> None:
    save(attempt_id, number)
    assert go_on(attempt_id, number)


def test_without_backtracking_going_on_locks_a_question_and_opens_the_next(linear: int) -> None:
    assert passages(linear) == "oaaaaa"
    answer_and_go_on(linear, 1)
    assert passages(linear) == "poaaaa"
    assert save(linear, 1, "B", known_seq=99).verdict is Verdict.STALE
    again = save(linear, 1)
    assert (again.verdict, again.is_locked) == (Verdict.REPEAT, True)
    assert look(linear).first_open == 2


def test_the_last_question_stays_open_until_the_end(linear: int) -> None:
    for number in range(1, N_FIRST + 1):
        answer_and_go_on(linear, number)
    assert passages(linear) == "p" * (N_FIRST - 1) + "o"
    assert save(linear, N_FIRST, "B", known_seq=99).verdict is Verdict.ACCEPT


def test_going_on_from_an_empty_question_has_to_be_meant(linear: int) -> None:
    assert not go_on(linear, 1)
    assert passages(linear) == "oaaaaa"
    assert go_on(linear, 1, is_blank_meant=True)
    assert passages(linear) == "poaaaa"
    sheet = look(linear)
    assert (sheet.left_blank, sheet.unanswered, sheet.ahead) == ((1,), (2,), (3, 4, 5, 6))


def test_a_question_that_is_ahead_is_not_there_whatever_is_tried(linear: int) -> None:
    tries: list[Callable[[], object]] = [
        lambda: sheets.get_sheet(ALICE.id, linear, [2]),
        lambda: save(linear, 2),
        lambda: taking.check_answer(ALICE.id, linear, 2, START),
        lambda: go_on(linear, 2),
    ]
    for attempt in tries:
        with pytest.raises((NotFound, Refused)):
            attempt()
    assert [question.number for question in look(linear).questions] == [1]
    assert count_steps(linear) == 1


def test_a_save_that_holds_one_question_too_many_keeps_nothing(linear: int) -> None:
    sent = [Incoming(1, {"answer": ["A"]}), Incoming(2, {"answer": ["A"]})]
    with pytest.raises(NotFound):
        taking.save_answers(ALICE.id, linear, sent, START)
    assert count_steps(linear) == 1


def test_going_on_in_eight_threads_passes_one_question(app: Flask, linear: int) -> None:
    save(linear, 1)
    assert all(at_once(app, 8, lambda _: go_on(linear, 1)))
    assert count_steps(linear, StepKind.PASS) == 1
    assert passages(linear) == "poaaaa"


def test_nobody_goes_on_from_an_answer_that_they_have_not_seen(linear: int) -> None:
    mine = save(linear, 1)
    save(linear, 1, "B", known_seq=mine.seq)
    with pytest.raises(Refused, match="changed in another tab"):
        taking.pass_question(ALICE.id, linear, 1, START, mine.seq)
    assert passages(linear) == "oaaaaa"


def test_what_arrives_after_the_end_for_a_passed_question_is_handed_back(linear: int) -> None:
    answer_and_go_on(linear, 1)
    late = START + dt.timedelta(minutes=LIMIT_MINUTES + 1)
    sent = [Incoming(1, {"answer": ["B"]}), Incoming(2, {"answer": ["B"]})]
    first, second = taking.save_answers(ALICE.id, linear, sent, late, "tab", 9)
    assert (first.verdict, first.is_locked) == (Verdict.STALE, True)
    assert first.sent != first.kept
    assert second.verdict is Verdict.LATE


def test_after_the_end_nobody_goes_on(linear: int) -> None:
    save(linear, 1)
    late = START + dt.timedelta(minutes=LIMIT_MINUTES + 1)
    assert taking.pass_question(ALICE.id, linear, 1, late)
    assert count_steps(linear, StepKind.PASS) == 0


def test_the_attempt_of_somebody_else_cannot_be_gone_on_in(linear: int) -> None:
    save(linear, 1)
    with pytest.raises(NotFound):
        taking.pass_question(MALLORY.id, linear, 1, START)
    assert passages(linear) == "oaaaaa"


def test_what_was_not_reached_scores_nothing_and_is_in_the_result(linear: int) -> None:
    answer_and_go_on(linear, 1)
    taking.finish(ALICE.id, linear, START)
    score = reviewing.get_result(ALICE.id, linear).score
    assert (score.out_of, len(score.marked)) == (N_FIRST, N_FIRST)
    assert all(m.earned == 0 for m in score.marked[1:])


def test_a_rule_that_changes_while_an_attempt_runs_changes_nothing_in_it(linear: int, tmp_path: Path) -> None:
    publishing.publish_course(write_course(tmp_path / "again"), START)
    assert passages(linear) == "oaaaaa"


def test_a_part_of_a_case_appears_once_the_one_before_is_answered_and_passed(case: int) -> None:
    assert passages(case) == "oooaao"
    save(case, 3)
    assert passages(case) == "oooaao"
    assert go_on(case, 3)
    assert passages(case) == "oopoao"
    answer_and_go_on(case, 4)
    assert passages(case) == "ooppoo"
    assert go_on(case, 5), "nothing follows: it stays open"
    assert passages(case) == "ooppoo"


def test_an_empty_part_opens_nothing_even_if_that_is_meant(case: int) -> None:
    assert not go_on(case, 3, is_blank_meant=True)
    assert passages(case) == "oooaao"
    assert taking.finish(ALICE.id, case, START).finished_at is not None, "one can always finish"


def test_there_is_no_way_back_within_a_case_and_every_way_elsewhere(case: int) -> None:
    answer_and_go_on(case, 3)
    sheet = look(case)
    assert [sheet.find_open(n) for n in range(1, 7)] == [1, 2, 4, 4, 4, 6]
    assert (sheet.find_previous(4), sheet.find_next(2), sheet.find_next(4)) == (2, 4, 6)
    assert save(case, 6).verdict is Verdict.ACCEPT
    assert save(case, 1).verdict is Verdict.ACCEPT


def test_a_part_says_where_in_its_case_it_is_and_that_going_on_needs_an_answer(case: int) -> None:
    question = look(case).questions[2]
    assert question.case is not None
    assert (question.case.title, question.case.part, question.case.n_parts) == ("Marbles at night", 1, 3)
    assert (question.must_answer, question.is_followed) == (True, True)
    assert not look(case).questions[1].is_followed


def test_a_case_that_does_not_unfold_is_open_from_the_start(start: Start) -> None:
    attempt_id = start(lambda course: add_case(course, unfolds=False))
    assert passages(attempt_id) == "oooooo"


def test_a_case_unfolds_in_a_practice_set_too(start: Start) -> None:
    attempt_id = start(lambda course: add_case(course, "practice"), Kind.PRACTICE)
    assert passages(attempt_id) == "ooooaa"
    save(attempt_id, 4)
    taking.check_answer(ALICE.id, attempt_id, 4, START)
    assert go_on(attempt_id, 4)
    assert passages(attempt_id) == "ooopoa"


def test_a_case_in_a_quiz_without_backtracking_still_asks_for_an_answer(start: Start) -> None:
    attempt_id = start(lambda course: set_rules(add_case(course), backtracking=False))
    assert passages(attempt_id) == "oaaaaa"
    assert go_on(attempt_id, 1, is_blank_meant=True)
    assert go_on(attempt_id, 2, is_blank_meant=True)
    assert not go_on(attempt_id, 3, is_blank_meant=True)
    answer_and_go_on(attempt_id, 3)
    assert passages(attempt_id) == "pppoaa"


def test_all_questions_on_one_page_cannot_be_taken_without_going_back(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        course = set_rules(write_course(tmp_path / "course"), backtracking=False, layout="all")
        report = publishing.publish_course(course, START)
    (problem,) = report.problems
    assert "module.yaml" in str(problem)
    assert "without going back" in str(problem)
