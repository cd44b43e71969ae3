"""Several tries: what uses one up, what each earns, what locks, and who may act on what."""

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from quizapp.domain.attempts import Kind, StepKind, Verdict
from quizapp.domain.corrections import Effect
from quizapp.domain.errors import Refused
from quizapp.services import correcting, publishing, regrading, reviewing, sheets, starting, taking
from quizapp.services.sheets import Question
from quizapp.services.taking import Incoming
from quizapp.store.db import reading
from quizapp.store.marks import ContributionRow
from tests.content import FIRST, N_FIRST, right_letters, write_course
from tests.people import ALICE, BOB, START
from tests.services.test_taking import at_once, count_steps
from tests.steps import set_rules

pytestmark = pytest.mark.each_database

LIMIT_MINUTES = 30


@pytest.fixture(autouse=True)
def _in_app(app: Flask, tmp_path: Path) -> Iterator[None]:
    """A course whose first quiz has three tries, and a time limit."""
    with app.app_context():
        course = write_course(tmp_path / "tries", LIMIT_MINUTES)
        report = publishing.publish_course(set_rules(course, feedback="several_tries"), START)
        assert not report.problems, "\n".join(map(str, report.problems))
        yield


@pytest.fixture
def attempt_id(_in_app: None) -> int:
    """Alice's open quiz."""
    return starting.start(ALICE.id, FIRST, Kind.QUIZ, 7, START).attempt.id


def question(attempt_id: int, number: int) -> Question:
    return sheets.get_sheet(ALICE.id, attempt_id, [number]).questions[0]


def single(attempt_id: int) -> int:
    """The number of a question of which one of four options is right."""
    questions = sheets.get_sheet(ALICE.id, attempt_id).questions
    return next(q.number for q in questions if q.ask.kind == "one_of" and len(q.ask.choices) == 4)


def wrong_ones(asked: Question) -> list[str]:
    return [choice.value for choice in asked.ask.choices if choice.value not in right_letters(asked)]  # type: ignore[union-attr]


def save(attempt_id: int, number: int, letters: list[str], known_seq: int = 999) -> taking.Saved:
    sent = Incoming(number, {"answer": letters}, known_seq=known_seq)
    return taking.save_answers(ALICE.id, attempt_id, [sent], START)[0]


def check(attempt_id: int, number: int, letters: list[str]) -> Question:
    """Save an answer and check it; the question afterwards."""
    saved = save(attempt_id, number, letters)
    taking.check_answer(ALICE.id, attempt_id, number, START, saved.seq)
    return question(attempt_id, number)


def finish_and_mark(attempt_id: int, number: int) -> Fraction:
    taking.finish(ALICE.id, attempt_id, START)
    marked = reviewing.get_result(ALICE.id, attempt_id).score.marked[number - 1]
    with reading() as connection:
        row = connection.execute(
            select(ContributionRow.numerator, ContributionRow.denominator).where(
                ContributionRow.attempt_id == attempt_id, ContributionRow.position == number - 1
            )
        ).one()
    assert Fraction(*row) == marked.earned, "the sums of reports are as exact as the score"
    return marked.earned


def test_a_right_answer_is_locked_with_its_reasons_and_earns_the_whole_mark(attempt_id: int) -> None:
    n = single(attempt_id)
    after = check(attempt_id, n, right_letters(question(attempt_id, n)))
    assert (after.state.is_checked, bool(after.explained), after.percents) == (True, True, ())
    assert finish_and_mark(attempt_id, n) == 1


def test_an_answer_that_is_not_right_stays_open_without_reasons_and_the_next_try_earns_less(attempt_id: int) -> None:
    n = single(attempt_id)
    before = question(attempt_id, n)
    assert before.percents == (100, 50, 25)
    after = check(attempt_id, n, wrong_ones(before)[:1])
    assert (after.state.is_locked, after.explained, after.percents) == (False, (), (50, 25))
    assert len(after.tries) == 1
    last = check(attempt_id, n, right_letters(before))
    assert last.state.is_checked
    assert last.explained
    assert finish_and_mark(attempt_id, n) == Fraction(1, 2)


def test_the_last_try_locks_whatever_it_is(attempt_id: int) -> None:
    n = single(attempt_id)
    for letter in wrong_ones(question(attempt_id, n)):
        after = check(attempt_id, n, [letter])
    assert after.state.is_checked
    assert len(after.tries) == 3
    assert save(attempt_id, n, right_letters(after)).verdict is Verdict.STALE
    assert finish_and_mark(attempt_id, n) == 0


def test_the_same_answer_checked_again_uses_up_no_try(attempt_id: int) -> None:
    n = single(attempt_id)
    first, second, _ = wrong_ones(question(attempt_id, n))
    for letter in (first, first, second, first):
        after = check(attempt_id, n, [letter])
    assert len(after.tries) == 2
    assert count_steps(attempt_id, StepKind.CHECK) == 2


def test_an_answer_changed_after_the_last_check_counts_as_the_next_try(attempt_id: int) -> None:
    n = single(attempt_id)
    asked = question(attempt_id, n)
    check(attempt_id, n, wrong_ones(asked)[:1])
    save(attempt_id, n, right_letters(asked))
    assert finish_and_mark(attempt_id, n) == Fraction(1, 2)


def test_an_answer_never_checked_is_the_first_try(attempt_id: int) -> None:
    n = single(attempt_id)
    save(attempt_id, n, right_letters(question(attempt_id, n)))
    assert finish_and_mark(attempt_id, n) == 1


def test_a_partly_right_try_is_worth_no_less_for_a_worse_one_after_it(attempt_id: int) -> None:
    questions = sheets.get_sheet(ALICE.id, attempt_id).questions
    n = next(q.number for q in questions if q.ask.kind == "some_of")
    half = right_letters(question(attempt_id, n))[:1]
    assert not check(attempt_id, n, half).state.is_locked
    save(attempt_id, n, wrong_ones(question(attempt_id, n))[:1])
    assert finish_and_mark(attempt_id, n) == Fraction(1, 2)


def test_a_check_pressed_in_eight_threads_is_one_try(app: Flask, attempt_id: int) -> None:
    n = single(attempt_id)
    saved = save(attempt_id, n, wrong_ones(question(attempt_id, n))[:1])

    def press(_: int) -> bool:
        try:
            taking.check_answer(ALICE.id, attempt_id, n, START, saved.seq)
        except Refused:  # it knew the answer from before the first check
            return False
        return True

    assert at_once(app, 8, press).count(True) == 1
    assert count_steps(attempt_id, StepKind.CHECK) == 1
    assert question(attempt_id, n).percents == (50, 25)


def test_the_answer_of_another_tab_is_not_checked_unseen(attempt_id: int) -> None:
    n = single(attempt_id)
    first, second, _ = wrong_ones(question(attempt_id, n))
    mine = save(attempt_id, n, [first])
    save(attempt_id, n, [second])
    with pytest.raises(Refused, match="changed in another tab"):
        taking.check_answer(ALICE.id, attempt_id, n, START, mine.seq)
    assert count_steps(attempt_id, StepKind.CHECK) == 0


def test_a_page_that_has_not_seen_a_check_cannot_overwrite_what_was_checked(attempt_id: int) -> None:
    n = single(attempt_id)
    first, second, _ = wrong_ones(question(attempt_id, n))
    before = save(attempt_id, n, [first])
    check(attempt_id, n, [first])
    assert save(attempt_id, n, [second], known_seq=before.seq).verdict is Verdict.STALE
    assert save(attempt_id, n, [second], known_seq=question(attempt_id, n).state.seq).verdict is Verdict.ACCEPT


def test_after_the_end_nothing_is_checked(attempt_id: int) -> None:
    n = single(attempt_id)
    saved = save(attempt_id, n, wrong_ones(question(attempt_id, n))[:1])
    late = START + dt.timedelta(minutes=LIMIT_MINUTES + 1)
    taking.check_answer(ALICE.id, attempt_id, n, late, saved.seq)
    assert sheets.get_sheet(ALICE.id, attempt_id, []).attempt.finished_at is not None
    assert count_steps(attempt_id, StepKind.CHECK) == 0


def test_only_an_answer_can_be_checked(attempt_id: int) -> None:
    with pytest.raises(Refused, match="Answer first"):
        taking.check_answer(ALICE.id, attempt_id, 1, START)


def test_a_check_goes_by_what_was_decided_about_the_question_since_it_was_published(attempt_id: int) -> None:
    asked = question(attempt_id, single(attempt_id))
    decisions = correcting.decide_for_item(FIRST, asked.item_id, Effect.CREDIT)
    correcting.decide(decisions, "The key was wrong.", START, BOB.id, by_job=False)
    assert check(attempt_id, asked.number, wrong_ones(asked)[:1]).state.is_checked
    assert finish_and_mark(attempt_id, asked.number) == 1


def test_a_correction_marks_every_try_anew(attempt_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regrading, "BREATH_SECONDS", 0)
    asked = question(attempt_id, single(attempt_id))
    (letter, *_) = wrong_ones(asked)
    check(attempt_id, asked.number, [letter])
    check(attempt_id, asked.number, right_letters(asked))
    assert finish_and_mark(attempt_id, asked.number) == Fraction(1, 2)
    text = next(choice.text for choice in asked.ask.choices if choice.value == letter)  # type: ignore[union-attr]
    decisions = correcting.decide_for_item(FIRST, asked.item_id, Effect.ACCEPT, "-ABCD"[int(text[-1])])
    for begun in correcting.decide(decisions, "It is right as well.", START, BOB.id, by_job=False):
        regrading.run(begun, lambda: START)
    assert reviewing.get_result(ALICE.id, attempt_id).score.marked[asked.number - 1].earned == 1


def test_a_quiz_all_right_at_the_second_try_has_half_the_marks(attempt_id: int) -> None:
    for asked in sheets.get_sheet(ALICE.id, attempt_id).questions:
        check(attempt_id, asked.number, wrong_ones(asked)[:1])
        check(attempt_id, asked.number, right_letters(asked))
    assert taking.finish(ALICE.id, attempt_id, START).is_passed is False
    assert reviewing.get_result(ALICE.id, attempt_id).score.earned == Fraction(N_FIRST, 2)
