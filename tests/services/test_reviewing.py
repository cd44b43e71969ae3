"""Looking back: what passed, what was missed, and when keys and reasons are shown."""

from collections.abc import Iterator
from fractions import Fraction

import pytest
from flask import Flask

from quizapp.domain.attempts import Confidence, Kind
from quizapp.domain.errors import NotFound, Refused
from quizapp.services import reviewing, sheets, starting, taking
from quizapp.services.reviewing import show_marks
from quizapp.services.taking import Incoming
from tests.content import FIRST, N_FIRST, N_SECOND, SECOND, right_letters, wrong_letters
from tests.people import ALICE, START, Clock
from tests.services.test_taking import answer_all

pytestmark = pytest.mark.each_database


@pytest.fixture(autouse=True)
def _in_app(app: Flask) -> Iterator[None]:
    context = app.app_context()
    context.push()
    yield
    context.pop()


def take(module_id: str = FIRST, n_wrong: int = 0) -> int:
    """A finished quiz of Alice's; its id."""
    attempt_id = starting.start(ALICE.id, module_id, Kind.QUIZ, 11, START).attempt.id
    answer_all(ALICE.id, attempt_id, n_wrong)
    taking.finish(ALICE.id, attempt_id, START)
    return attempt_id


def test_an_open_attempt_has_no_result() -> None:
    attempt_id = starting.start(ALICE.id, FIRST, Kind.QUIZ, 1, START).attempt.id
    with pytest.raises(Refused, match="not finished"):
        reviewing.get_result(ALICE.id, attempt_id)


def test_a_pass_shows_key_and_reason_of_every_option() -> None:
    result = reviewing.get_result(ALICE.id, take())
    assert result.score.is_passed
    assert result.earned == str(N_FIRST)
    assert len(result.reviewed) == N_FIRST
    assert all(q.is_right and q.is_answered and all(line.rationale for line in q.lines) for q in result.reviewed)
    assert result.missed == ()


def test_one_mark_missed_of_six_still_passes_and_two_do_not() -> None:
    assert reviewing.get_result(ALICE.id, take(n_wrong=1)).score.is_passed
    result = reviewing.get_result(ALICE.id, take(n_wrong=2))
    assert not result.score.is_passed
    assert (result.score.pass_marks, result.score.out_of) == (5, N_FIRST)


def test_a_result_that_is_not_a_pass_keeps_keys_back_and_names_what_to_reread() -> None:
    attempt_id = take(n_wrong=N_FIRST)
    result = reviewing.get_result(ALICE.id, attempt_id)
    assert not result.shows_keys
    assert result.reviewed == ()
    assert {line.objective.id for line in result.missed} == {"O1.1", "O1.2"}
    assert [s.id for line in result.missed for s in line.reread] == ["on-o1-1", "on-o1-2"]
    with pytest.raises(Refused, match="once you have passed"):
        reviewing.get_reviewed(ALICE.id, attempt_id, 1)


def test_a_missed_must_pass_objective_fails_a_quiz_with_nineteen_of_twenty() -> None:
    take()
    attempt_id = starting.start(ALICE.id, SECOND, Kind.QUIZ, 5, START).attempt.id
    questions = sheets.get_sheet(ALICE.id, attempt_id).questions
    must = next(q.number for q in questions if int(q.item_id.rsplit("-", 1)[1]) <= 4)
    sent = [
        Incoming(q.number, {"answer": wrong_letters(q) if q.number == must else right_letters(q)}) for q in questions
    ]
    taking.save_answers(ALICE.id, attempt_id, sent, START)
    assert taking.finish(ALICE.id, attempt_id, START).is_passed is False
    result = reviewing.get_result(ALICE.id, attempt_id)
    assert result.score.earned == N_SECOND - 1
    assert result.score.missed_must_pass == ("O2.1",)
    assert not result.shows_keys


def test_practice_shows_everything_and_has_no_pass() -> None:
    attempt_id = starting.start(ALICE.id, FIRST, Kind.PRACTICE, 1, START).attempt.id
    taking.finish(ALICE.id, attempt_id, START)
    result = reviewing.get_result(ALICE.id, attempt_id)
    assert result.attempt.is_passed is None
    assert result.shows_keys
    assert not any(q.is_answered for q in result.reviewed)


def test_confidence_is_counted_by_right_and_missed_and_sure_but_missed_is_marked() -> None:
    attempt_id = starting.start(ALICE.id, FIRST, Kind.QUIZ, 2, START).attempt.id
    for q in sheets.get_sheet(ALICE.id, attempt_id).questions:
        letters = wrong_letters(q) if q.number == 1 else right_letters(q)
        said = "sure" if q.number <= 2 else "guess"
        taking.save_answers(ALICE.id, attempt_id, [Incoming(q.number, {"answer": letters}, confidence=said)], START)
    taking.finish(ALICE.id, attempt_id, START)
    result = reviewing.get_result(ALICE.id, attempt_id)
    assert result.confidence == (
        (Confidence.SURE, 1, 1), (Confidence.THINK_SO, 0, 0), (Confidence.GUESS, N_FIRST - 2, 0),
    )  # fmt: skip
    assert [q.number for q in result.reviewed if q.is_sure_and_missed] == [1]


def test_one_question_is_looked_at_by_its_number_and_others_are_not_found() -> None:
    attempt_id = take()
    _, reviewed = reviewing.get_reviewed(ALICE.id, attempt_id, N_FIRST)
    assert reviewed.number == N_FIRST
    for number in (0, N_FIRST + 1):
        with pytest.raises(NotFound):
            reviewing.get_reviewed(ALICE.id, attempt_id, number)


def test_minutes_are_counted_from_start_to_finish(clock: Clock) -> None:
    attempt_id = starting.start(ALICE.id, FIRST, Kind.QUIZ, 2, clock()).attempt.id
    taking.finish(ALICE.id, attempt_id, clock.advance(minutes=12, seconds=10))
    assert reviewing.get_result(ALICE.id, attempt_id).minutes == 12


@pytest.mark.parametrize(
    ("marks", "shown"),
    [
        (Fraction(0), "0"), (Fraction(8), "8"), (Fraction(15, 2), "7.5"), (Fraction(23, 3), "7.66"),
        (Fraction(1, 3), "0.33"), (Fraction(799, 100), "7.99"), (Fraction(7999, 1000), "7.99"),
    ],
)  # fmt: skip
def test_marks_are_rounded_down_so_that_nothing_looks_like_a_pass_that_is_none(marks: Fraction, shown: str) -> None:
    assert show_marks(marks) == shown


def test_sources_behind_the_reasons_come_with_the_claims_they_carry() -> None:
    result = reviewing.get_result(ALICE.id, take())
    sources = reviewing.list_cited(result.module, [line.rationale for q in result.reviewed for line in q.lines])
    assert [source.id for source in sources] == ["R1"]
