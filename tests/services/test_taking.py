"""Taking a quiz: one attempt however often it is started, nothing lost, nothing overwritten, graded once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from flask import Flask
from sqlalchemy import func, select

from quizapp.domain.attempts import Kind, StepKind, Verdict
from quizapp.domain.errors import NotFound, Refused
from quizapp.domain.inputs import SomeOf
from quizapp.services import reviewing, sheets, starting, taking
from quizapp.services.taking import Incoming
from quizapp.store.attempts import AttemptRow, StepRow
from quizapp.store.db import reading
from quizapp.store.marks import ContributionRow
from tests.content import FIRST, N_FIRST, N_PRACTICE, N_SECOND, SECOND, right_letters, wrong_letters
from tests.people import ALICE, MALLORY, START, Clock

pytestmark = pytest.mark.each_database
T = TypeVar("T")


@pytest.fixture
def attempt_id(app: Flask) -> int:
    """Alice's open quiz of the first module."""
    with app.app_context():
        return starting.start(ALICE.id, FIRST, Kind.QUIZ, 7, START).attempt.id


@pytest.fixture(autouse=True)
def _in_app(app: Flask, attempt_id: int) -> Iterator[None]:
    context = app.app_context()
    context.push()
    yield
    context.pop()


def at_once(app: Flask, n_threads: int, do: Callable[[int], T]) -> list[T]:
    """What `do` returns in each of several threads that run at the same time."""

    def run(number: int) -> T:
        with app.app_context():
            return do(number)

    with ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(run, range(n_threads)))


def count_steps(attempt_id: int, kind: StepKind | None = None) -> int:
    query = select(func.count()).select_from(StepRow).where(StepRow.attempt_id == attempt_id)
    if kind is not None:
        query = query.where(StepRow.kind == kind)
    with reading() as connection:
        return int(connection.scalar(query) or 0)


def save(
    attempt_id: int, number: int, letters: list[str], known_seq: int = 0, tab: str = "", tab_seq: int = 0
) -> taking.Saved:
    sent = Incoming(number, {"answer": letters}, known_seq=known_seq)
    return taking.save_answers(ALICE.id, attempt_id, [sent], START, tab, tab_seq)[0]


def answer_all(person_id: int, attempt_id: int, n_wrong: int = 0) -> None:
    """Answer every question, the first `n_wrong` of them wrongly."""
    questions = sheets.get_sheet(person_id, attempt_id).questions
    sent = [
        Incoming(q.number, {"answer": wrong_letters(q) if q.number <= n_wrong else right_letters(q)}) for q in questions
    ]
    taking.save_answers(person_id, attempt_id, sent, START)


def test_starting_twice_finds_the_same_attempt(attempt_id: int) -> None:
    assert starting.start(ALICE.id, FIRST, Kind.QUIZ, 8, START).attempt.id == attempt_id
    assert count_steps(attempt_id) == 1


def test_starting_from_eight_threads_at_once_makes_one_attempt(app: Flask) -> None:
    ids = at_once(app, 8, lambda seed: starting.start(MALLORY.id, FIRST, Kind.QUIZ, seed, START).attempt.id)
    assert len(set(ids)) == 1
    with reading() as connection:
        query = select(func.count()).select_from(AttemptRow).where(AttemptRow.person_id == MALLORY.id)
        assert connection.scalar(query) == 1
    assert count_steps(ids[0]) == 1


def test_a_quiz_and_a_practice_set_may_be_open_at_the_same_time(attempt_id: int) -> None:
    assert starting.start(ALICE.id, FIRST, Kind.PRACTICE, 1, START).attempt.id != attempt_id


def test_a_module_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound):
        starting.start(ALICE.id, "third", Kind.QUIZ, 1, START)


def test_a_locked_module_is_refused_by_name_until_the_one_before_is_passed(attempt_id: int) -> None:
    with pytest.raises(Refused, match="Marbles that roll"):
        starting.start(ALICE.id, SECOND, Kind.QUIZ, 1, START)
    answer_all(ALICE.id, attempt_id, n_wrong=2)
    assert taking.finish(ALICE.id, attempt_id, START).is_passed is False
    with pytest.raises(Refused):
        starting.start(ALICE.id, SECOND, Kind.QUIZ, 1, START)
    again = starting.start(ALICE.id, FIRST, Kind.QUIZ, 2, START).attempt.id
    answer_all(ALICE.id, again)
    assert taking.finish(ALICE.id, again, START).is_passed is True
    second = starting.start(ALICE.id, SECOND, Kind.QUIZ, 1, START).attempt.id
    assert len(sheets.get_sheet(ALICE.id, second).questions) == N_SECOND


def test_the_same_seed_draws_the_same_quiz_and_another_seed_another_one(attempt_id: int) -> None:
    def shown(attempt: int, person_id: int) -> list[object]:
        return [(q.item_id, q.ask) for q in sheets.get_sheet(person_id, attempt).questions]

    mine = shown(attempt_id, ALICE.id)
    assert shown(starting.start(MALLORY.id, FIRST, Kind.QUIZ, 7, START).attempt.id, MALLORY.id) == mine
    taking.finish(ALICE.id, attempt_id, START)
    assert shown(starting.start(ALICE.id, FIRST, Kind.QUIZ, 8, START).attempt.id, ALICE.id) != mine
    assert len(mine) == N_FIRST


def test_what_was_saved_is_shown_again_as_it_was_chosen(attempt_id: int) -> None:
    for question in sheets.get_sheet(ALICE.id, attempt_id).questions:
        letters = [c.value for c in question.ask.choices][:2] if isinstance(question.ask, SomeOf) else ["B"]
        assert save(attempt_id, question.number, letters).verdict is Verdict.ACCEPT
        again = sheets.get_sheet(ALICE.id, attempt_id, [question.number]).questions[0]
        assert again.chosen == set(letters)
        assert again.described
    assert sheets.get_sheet(ALICE.id, attempt_id, []).unanswered == ()


def test_confidence_flag_and_ruled_out_options_are_kept_and_a_chosen_option_is_never_ruled_out(attempt_id: int) -> None:
    sent = Incoming(1, {"answer": ["A"]}, confidence="guess", is_flagged=True, struck=("A", "B", "Z"))
    taking.save_answers(ALICE.id, attempt_id, [sent], START)
    question = sheets.get_sheet(ALICE.id, attempt_id, [1]).questions[0]
    assert question.struck == {"B"}
    assert question.state.answer.confidence == "guess"
    assert question.state.answer.is_flagged
    assert sheets.get_sheet(ALICE.id, attempt_id, []).n_flagged == 1


def test_a_made_up_confidence_is_no_confidence(attempt_id: int) -> None:
    taking.save_answers(ALICE.id, attempt_id, [Incoming(1, {"answer": ["A"]}, confidence="'; DROP TABLE")], START)
    assert sheets.get_sheet(ALICE.id, attempt_id, [1]).questions[0].state.answer.confidence is None


def test_a_save_sent_twice_is_one_step(attempt_id: int) -> None:
    first = save(attempt_id, 1, ["A"], tab="t", tab_seq=1)
    second = save(attempt_id, 1, ["A"], tab="t", tab_seq=1)
    assert (first.verdict, second.verdict) == (Verdict.ACCEPT, Verdict.REPEAT)
    assert first.seq == second.seq
    assert count_steps(attempt_id, StepKind.SAVE) == 1


def test_a_save_from_a_page_that_is_out_of_date_changes_nothing_and_says_what_is_kept(attempt_id: int) -> None:
    kept = save(attempt_id, 1, ["A"], tab="phone", tab_seq=1)
    late = save(attempt_id, 1, ["B"], tab="desktop", tab_seq=4, known_seq=0)
    assert late.verdict is Verdict.STALE
    assert (late.seq, late.kept, late.at) == (kept.seq, kept.kept, START)
    assert save(attempt_id, 1, ["B"], tab="desktop", tab_seq=5, known_seq=late.seq).verdict is Verdict.ACCEPT
    assert sheets.get_sheet(ALICE.id, attempt_id, [1]).questions[0].chosen == {"B"}


def test_an_older_save_of_the_same_tab_that_comes_late_changes_nothing(attempt_id: int) -> None:
    save(attempt_id, 1, ["A"], tab="t", tab_seq=1)
    save(attempt_id, 1, ["A"], tab="t", tab_seq=3)
    assert save(attempt_id, 1, ["B"], tab="t", tab_seq=2).verdict is Verdict.REPEAT
    assert sheets.get_sheet(ALICE.id, attempt_id, [1]).questions[0].chosen == {"A"}


def test_several_questions_are_saved_in_one_go_each_with_its_own_verdict(attempt_id: int) -> None:
    save(attempt_id, 1, ["A"])
    sent = [Incoming(n, {"answer": ["B"]}) for n in (1, 2, 3)]
    saved = taking.save_answers(ALICE.id, attempt_id, sent, START)
    assert [s.verdict for s in saved] == [Verdict.STALE, Verdict.ACCEPT, Verdict.ACCEPT]
    assert [s.seq for s in saved] == [2, 3, 4]


def test_answers_from_many_threads_are_all_kept_in_steps_without_gaps(app: Flask, attempt_id: int) -> None:
    saved = at_once(app, N_FIRST, lambda i: save(attempt_id, i + 1, ["A"], tab=f"t{i}", tab_seq=1))
    assert sorted(s.seq for s in saved) == list(range(2, N_FIRST + 2))
    assert sheets.get_sheet(ALICE.id, attempt_id, []).n_answered == N_FIRST


@pytest.mark.parametrize("number", [0, -1, N_FIRST + 1, 10**9])
def test_a_question_that_is_not_in_the_attempt_is_not_found_and_nothing_is_kept(attempt_id: int, number: int) -> None:
    with pytest.raises(NotFound):
        taking.save_answers(
            ALICE.id, attempt_id, [Incoming(1, {"answer": ["A"]}), Incoming(number, {"answer": ["A"]})], START
        )
    with pytest.raises(NotFound):
        sheets.get_sheet(ALICE.id, attempt_id, [number])
    assert count_steps(attempt_id) == 1


def test_the_attempt_of_somebody_else_is_not_found_whatever_is_tried(attempt_id: int) -> None:
    tries: list[Callable[[], object]] = [
        lambda: sheets.get_sheet(MALLORY.id, attempt_id),
        lambda: taking.save_answers(MALLORY.id, attempt_id, [Incoming(1, {"answer": ["A"]})], START),
        lambda: taking.check_answer(MALLORY.id, attempt_id, 1, START),
        lambda: taking.finish(MALLORY.id, attempt_id, START),
        lambda: reviewing.get_result(MALLORY.id, attempt_id),
    ]
    for attempt_number in tries:
        with pytest.raises(NotFound):
            attempt_number()
    assert count_steps(attempt_id) == 1
    with pytest.raises(NotFound):
        sheets.get_sheet(ALICE.id, 10**6)


def test_finishing_from_eight_threads_grades_once(app: Flask, attempt_id: int) -> None:
    answer_all(ALICE.id, attempt_id, n_wrong=1)
    results = at_once(app, 8, lambda _: taking.finish(ALICE.id, attempt_id, START))
    assert {r.is_passed for r in results} == {True}
    assert len(set(results)) == 1
    assert count_steps(attempt_id, StepKind.FINISH) == 1
    with reading() as connection:
        query = select(func.count()).select_from(ContributionRow).where(ContributionRow.attempt_id == attempt_id)
        assert connection.scalar(query) == N_FIRST


def test_finishing_later_keeps_the_first_time(attempt_id: int, clock: Clock) -> None:
    first = taking.finish(ALICE.id, attempt_id, clock())
    assert taking.finish(ALICE.id, attempt_id, clock.advance(hours=1)) == first


def test_a_finished_attempt_takes_no_more_answers(attempt_id: int) -> None:
    save(attempt_id, 1, ["A"])
    taking.finish(ALICE.id, attempt_id, START)
    with pytest.raises(Refused, match="finished"):
        save(attempt_id, 1, ["B"], known_seq=99)
    assert sheets.get_sheet(ALICE.id, attempt_id, [1]).questions[0].chosen == {"A"}


def test_a_save_and_a_finish_at_the_same_moment_leave_either_a_graded_or_a_refused_answer(
    app: Flask, attempt_id: int
) -> None:
    def go(thread: int) -> str:
        if thread == 0:
            taking.finish(ALICE.id, attempt_id, START)
            return "finished"
        try:
            return str(save(attempt_id, thread, ["A"], tab=f"t{thread}", tab_seq=1).verdict)
        except Refused:
            return "refused"

    outcomes = at_once(app, 5, go)
    n_answered = sheets.get_sheet(ALICE.id, attempt_id, []).n_answered
    assert n_answered == outcomes.count("accept")
    with reading() as connection:
        query = select(func.count()).where(
            ContributionRow.attempt_id == attempt_id, ContributionRow.response_class != "blank"
        )
        assert connection.scalar(query) == n_answered


def test_a_new_attempt_after_a_finished_one_has_the_next_number(attempt_id: int) -> None:
    taking.finish(ALICE.id, attempt_id, START)
    again = starting.start(ALICE.id, FIRST, Kind.QUIZ, 9, START).attempt.id
    assert sheets.get_sheet(ALICE.id, again, []).attempt.number == 2


def test_practice_opens_the_reasons_of_one_answer_at_a_time_and_locks_it() -> None:
    practice = starting.start(ALICE.id, FIRST, Kind.PRACTICE, 3, START).attempt.id
    questions = sheets.get_sheet(ALICE.id, practice).questions
    assert len(questions) == N_PRACTICE
    with pytest.raises(Refused, match="Answer first"):
        taking.check_answer(ALICE.id, practice, 1, START)
    assert questions[0].explained == ()
    save(practice, 1, wrong_letters(questions[0]))
    taking.check_answer(ALICE.id, practice, 1, START)
    taking.check_answer(ALICE.id, practice, 1, START)
    assert count_steps(practice, StepKind.CHECK) == 1
    checked, other, _ = sheets.get_sheet(ALICE.id, practice).questions
    lines = checked.explained
    assert [line.letter for line in lines if line.is_chosen] == wrong_letters(questions[0])
    assert [line.letter for line in lines if line.is_key] == right_letters(questions[0])
    assert all("RATIONALE-" in line.rationale for line in lines)
    assert other.explained == ()
    assert save(practice, 1, right_letters(questions[0]), known_seq=99).verdict is Verdict.STALE
    assert taking.finish(ALICE.id, practice, START).is_passed is None


def test_an_answer_of_a_scored_quiz_cannot_be_checked_early(attempt_id: int) -> None:
    save(attempt_id, 1, ["A"])
    with pytest.raises(Refused, match="after you finish"):
        taking.check_answer(ALICE.id, attempt_id, 1, START)
    assert sheets.get_sheet(ALICE.id, attempt_id, [1]).questions[0].explained == ()


@pytest.mark.parametrize("number", [0, N_PRACTICE + 1])
def test_a_question_that_is_not_in_the_practice_set_cannot_be_checked(number: int) -> None:
    practice = starting.start(ALICE.id, FIRST, Kind.PRACTICE, 3, START).attempt.id
    with pytest.raises(NotFound):
        taking.check_answer(ALICE.id, practice, number, START)
