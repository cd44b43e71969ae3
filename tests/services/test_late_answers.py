"""Late answers: listed without a name or a verdict, accepted once with a reason, and the attempt is marked again."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from quizapp.domain.attempts import Kind, StepKind
from quizapp.domain.corrections import Effect
from quizapp.domain.errors import Invalid, NotFound, Refused
from quizapp.services import correcting, late_answers, publishing, regrading, reviewing, sheets, starting, taking
from quizapp.services.taking import Incoming
from tests.content import FIRST, N_FIRST, right_letters, write_course
from tests.people import ALICE, BOB, START
from tests.services.regrades import list_asked
from tests.services.test_regrading import assert_sums_are_what_marking_anew_gives
from tests.services.test_time_limits import DUE, JOB_AT, LIMIT_MINUTES, TOO_LATE, kinds

pytestmark = pytest.mark.each_database
WHY = "The server was down."


@pytest.fixture(autouse=True)
def _in_app(app: Flask, tmp_path: Path) -> Iterator[None]:
    with app.app_context():
        assert not publishing.publish_course(write_course(tmp_path / "timed", LIMIT_MINUTES), START).problems
        yield


@pytest.fixture
def attempt_id(_in_app: None) -> int:
    """Alice's quiz: all but the first two questions right in time, the first right but late."""
    attempt_id = starting.start(ALICE.id, FIRST, Kind.QUIZ, 7, START).attempt.id
    questions = sheets.get_sheet(ALICE.id, attempt_id).questions
    in_time = [Incoming(q.number, {"answer": right_letters(q)}) for q in questions[2:]]
    taking.save_answers(ALICE.id, attempt_id, in_time, START)
    save_late(attempt_id, 1)
    return attempt_id


def save_late(attempt_id: int, number: int, now: dt.datetime = TOO_LATE) -> None:
    question = sheets.get_sheet(ALICE.id, attempt_id, [number]).questions[0]
    taking.save_answers(ALICE.id, attempt_id, [Incoming(number, {"answer": right_letters(question)})], now)


def accept_first(reason: str = WHY) -> None:
    late = late_answers.list_late().answers[0]
    late_answers.accept(late.attempt_id, late.number, late.seq, reason, JOB_AT, BOB.id)


def test_the_list_says_how_late_and_what_was_given_but_not_whether_it_is_right(attempt_id: int) -> None:
    (late,) = late_answers.list_late().answers
    assert (late.attempt_id, late.number, late.came_at, late.late_by) == (attempt_id, 1, TOO_LATE, TOO_LATE - DUE)
    assert late.given
    assert late.instead_of == ""


def test_an_accepted_late_answer_counts_and_both_scores_are_kept(attempt_id: int) -> None:
    before = reviewing.get_result(ALICE.id, attempt_id)
    assert (before.score.earned, before.attempt.is_passed, before.late) == (N_FIRST - 2, False, (1,))
    accept_first()
    after = reviewing.get_result(ALICE.id, attempt_id)
    assert (after.score.earned, after.attempt.is_passed, after.late) == (N_FIRST - 1, True, ())
    (rescore,) = after.rescores
    assert (rescore.earned_before, rescore.earned_after, rescore.reason) == (4, 5, WHY)
    assert kinds(attempt_id)[-1] == StepKind.ACCEPT
    assert late_answers.list_late().answers == ()
    assert_sums_are_what_marking_anew_gives(ALICE.id, attempt_id)
    assert [each.attempt_id for each in regrading.list_unseen(ALICE.id)] == [attempt_id]


def test_it_is_accepted_once_and_only_as_it_was_shown(attempt_id: int) -> None:
    (late,) = late_answers.list_late().answers
    taking.save_answers(ALICE.id, attempt_id, [Incoming(1, {"answer": ["B"]})], JOB_AT, "t", 1)
    with pytest.raises(Refused, match="another one came"):
        late_answers.accept(attempt_id, 1, late.seq, WHY, JOB_AT, BOB.id)
    accept_first()
    with pytest.raises(Refused, match="accepted already"):
        late_answers.accept(attempt_id, 1, late.seq, WHY, JOB_AT, BOB.id)


def test_without_a_reason_nothing_is_accepted(attempt_id: int) -> None:
    with pytest.raises(Invalid, match="Say why"):
        accept_first("  ")
    assert StepKind.ACCEPT not in kinds(attempt_id)


def test_only_attempts_that_their_time_ended_are_among_them(attempt_id: int) -> None:
    again = starting.start(ALICE.id, FIRST, Kind.QUIZ, 8, JOB_AT).attempt.id
    taking.finish(ALICE.id, again, JOB_AT)
    for number in (again, 10**6):
        with pytest.raises(NotFound):
            late_answers.accept(number, 1, 2, WHY, JOB_AT, BOB.id)


def test_a_regrade_afterwards_goes_by_the_accepted_answer(attempt_id: int) -> None:
    accept_first()
    first = list_asked(ALICE.id, attempt_id)[0]
    for effect, earned, out_of in ((Effect.DROP, 4, 5), (Effect.UNDO, 5, 6)):
        decisions = correcting.decide_for_item(FIRST, first, effect)
        for run in correcting.decide(decisions, WHY, JOB_AT, None, by_job=False):
            regrading.run(run, lambda: JOB_AT)
        score = reviewing.get_result(ALICE.id, attempt_id).score
        assert (score.earned, score.out_of) == (earned, out_of)
        assert_sums_are_what_marking_anew_gives(ALICE.id, attempt_id)


def test_an_answer_accepted_before_an_older_run_comes_to_its_attempt_is_marked_by_both(attempt_id: int) -> None:
    first = list_asked(ALICE.id, attempt_id)[0]
    (older,) = correcting.decide(
        correcting.decide_for_item(FIRST, first, Effect.DROP), "It was unclear.", START, None, by_job=False
    )
    accept_first()
    regrading.run(older, lambda: JOB_AT)
    assert_sums_are_what_marking_anew_gives(ALICE.id, attempt_id)
    (undo,) = correcting.decide(correcting.decide_for_item(FIRST, first, Effect.UNDO), WHY, JOB_AT, None, by_job=False)
    regrading.run(undo, lambda: JOB_AT)
    score = reviewing.get_result(ALICE.id, attempt_id).score
    assert (score.earned, score.out_of) == (5, 6)
    assert_sums_are_what_marking_anew_gives(ALICE.id, attempt_id)


def test_a_page_holds_the_late_answers_of_so_many_attempts_and_names_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_answers, "PAGE", 2)
    made = []
    for i in range(3):
        now = START + dt.timedelta(days=i)
        attempt_id = starting.start(ALICE.id, FIRST, Kind.QUIZ, i, now).attempt.id
        save_late(attempt_id, 1, now + (TOO_LATE - START))
        made.append(attempt_id)
    first = late_answers.list_late()
    assert ([late.attempt_id for late in first.answers], first.next_before) == ([made[2], made[1]], made[1])
    second = late_answers.list_late(first.next_before)
    assert ([late.attempt_id for late in second.answers], second.next_before) == ([made[0]], 0)


def test_what_was_changed_back_to_what_counts_is_not_offered(attempt_id: int) -> None:
    late = Incoming(1, {})
    taking.save_answers(ALICE.id, attempt_id, [late], JOB_AT)
    assert late_answers.list_late().answers == ()
