"""The pre-test: once, before the lesson, never a pass, no key; the first quiz after it tells the gain."""

import datetime as dt
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from quizapp.domain.admission import NotNow
from quizapp.domain.attempts import Feedback, Kind
from quizapp.domain.corrections import Effect
from quizapp.domain.errors import Refused
from quizapp.domain.progress import Gain, Reach, Share
from quizapp.services import correcting, publishing, regrading, reviewing, sheets, starting, studying, taking
from quizapp.services.studying import Standing
from quizapp.services.taking import Incoming
from tests.content import FIRST, N_FIRST, SECOND, change_quiz, right_letters, write_course, wrong_letters
from tests.people import ALICE, MALLORY, START
from tests.services.test_regrading import assert_sums_are_what_marking_anew_gives
from tests.services.test_taking import at_once

pytestmark = pytest.mark.each_database
LATER = START + dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _in_app(app: Flask, tmp_path: Path) -> Any:
    context = app.app_context()
    context.push()
    publish(tmp_path)
    yield
    context.pop()


def publish(folder: Path, **rules: Any) -> None:
    course = change_quiz(write_course(folder / "course"), **{"pretest": True, "feedback": "immediate", **rules})
    assert not publishing.publish_course(course, START).problems


def take(kind: Kind, n_right: int, *, seed: int = 1, at: dt.datetime = START, person_id: int = ALICE.id) -> int:
    attempt_id = starting.start(person_id, FIRST, kind, seed, at).attempt.id
    sent = [
        Incoming(q.number, {"answer": right_letters(q) if q.number <= n_right else wrong_letters(q)})
        for q in sheets.get_sheet(person_id, attempt_id).questions
    ]
    taking.save_answers(person_id, attempt_id, sent, at)
    taking.finish(person_id, attempt_id, at)
    return attempt_id


def standing(module_id: str = FIRST) -> Standing:
    return studying.get_standing(ALICE.id, module_id)[1]


def asked(attempt_id: int) -> set[str]:
    return {q.item_id for q in sheets.get_sheet(ALICE.id, attempt_id).questions}


def test_a_pretest_has_the_plan_of_the_quiz_and_shows_nothing_before_its_end() -> None:
    sheet = starting.start(ALICE.id, FIRST, Kind.PRETEST, 1, START)
    assert len(sheet.marks) == N_FIRST
    assert sheet.feedback is Feedback.DEFERRED
    taking.save_answers(ALICE.id, sheet.attempt.id, [Incoming(1, {"answer": ["A"]})], START)
    with pytest.raises(Refused, match="shown after you finish"):
        taking.check_answer(ALICE.id, sheet.attempt.id, 1, START)


def test_a_full_pretest_passes_nothing_opens_nothing_and_counts_for_no_objective() -> None:
    attempt_id = take(Kind.PRETEST, N_FIRST)
    mine = standing()
    assert mine.pretest is not None
    assert (mine.pretest.id, mine.pretest.is_passed, mine.is_passed) == (attempt_id, None, False)
    assert set(mine.reach.values()) == {Reach.TO_DO}
    assert standing(SECOND).is_locked
    assert not any(row.marks for row in studying.get_progress(ALICE.id)[1][FIRST])
    assert mine.finished_quizzes == ()


def test_a_pretest_tells_marks_by_objective_and_never_a_key(tmp_path: Path) -> None:
    for review in ("passed", "finished", "never"):
        publish(tmp_path, review=review)
        person_id = {"passed": ALICE.id, "finished": MALLORY.id, "never": 2}[review]
        attempt_id = take(Kind.PRETEST, 6, person_id=person_id)
        result = reviewing.get_result(person_id, attempt_id)
        assert [(line.objective.id, line.earned, line.out_of) for line in result.objectives] == [
            ("O1.1", "4", 4),
            ("O1.2", "2", 2),
        ]
        assert result.reviewed == ()
        with pytest.raises(Refused, match="belong to the quiz"):
            reviewing.get_reviewed(person_id, attempt_id, 1)


def test_a_pretest_is_taken_once_and_pressed_twice_it_is_one() -> None:
    first = starting.start(ALICE.id, FIRST, Kind.PRETEST, 1, START).attempt.id
    assert starting.start(ALICE.id, FIRST, Kind.PRETEST, 2, START).attempt.id == first
    taking.finish(ALICE.id, first, START)
    with pytest.raises(NotNow, match="taken once"):
        starting.start(ALICE.id, FIRST, Kind.PRETEST, 2, START)


def test_a_pretest_comes_before_any_section_and_before_any_quiz() -> None:
    starting.start(MALLORY.id, FIRST, Kind.QUIZ, 1, START)
    with pytest.raises(NotNow, match="before the quiz"):
        starting.start(MALLORY.id, FIRST, Kind.PRETEST, 1, START)
    studying.mark_read(ALICE.id, FIRST, "on-o1-1", START)
    with pytest.raises(NotNow, match="before the lesson"):
        starting.start(ALICE.id, FIRST, Kind.PRETEST, 1, START)


def test_a_quiz_waits_for_an_open_pretest() -> None:
    attempt_id = starting.start(ALICE.id, FIRST, Kind.PRETEST, 1, START).attempt.id
    with pytest.raises(NotNow, match="Finish it first"):
        starting.start(ALICE.id, FIRST, Kind.QUIZ, 1, START)
    taking.finish(ALICE.id, attempt_id, START)
    assert starting.start(ALICE.id, FIRST, Kind.QUIZ, 1, START).attempt.number == 1


def test_items_of_the_pretest_count_as_seen() -> None:
    for seed in range(4):
        person = 1 + seed
        pre = starting.start(person, FIRST, Kind.PRETEST, seed, START).attempt.id
        taking.finish(person, pre, START)
        quiz = starting.start(person, FIRST, Kind.QUIZ, seed, START).attempt.id
        shown = [{q.item_id for q in sheets.get_sheet(person, a).questions} for a in (pre, quiz)]
        assert len(shown[0] & shown[1]) == 2, "of six items on O1.1 four were seen, and four are asked"


def test_the_gain_goes_from_the_pretest_to_the_first_quiz_whatever_comes_later() -> None:
    take(Kind.PRETEST, 3)
    assert standing().gain is None
    studying.mark_read(ALICE.id, FIRST, "on-o1-1", LATER)
    take(Kind.QUIZ, 5, at=LATER)
    take(Kind.QUIZ, 6, seed=2, at=LATER)
    gain = standing().gain
    assert gain is not None
    assert (gain.before.out_of, gain.after.out_of) == (6, 6)
    assert gain.points == gain.after.percent - gain.before.percent > 0
    assert starting.get_outlook(ALICE.id, FIRST, LATER).gain == gain
    overview, _ = studying.get_progress(ALICE.id)
    assert overview is not None
    assert overview.standings[0].gain == gain


def test_a_lesson_begun_before_the_pretest_was_finished_leaves_no_gain_to_tell() -> None:
    attempt_id = starting.start(ALICE.id, FIRST, Kind.PRETEST, 1, START).attempt.id
    studying.mark_read(ALICE.id, FIRST, "on-o1-1", START)
    taking.finish(ALICE.id, attempt_id, LATER)
    take(Kind.QUIZ, 6, at=LATER)
    assert standing().is_pretest_late
    assert standing().gain is None
    assert starting.get_outlook(ALICE.id, FIRST, LATER).gain is None


def test_a_pretest_is_regraded_like_its_quiz_and_still_passes_nothing() -> None:
    pretest = take(Kind.PRETEST, 4, person_id=MALLORY.id)
    quiz = take(Kind.QUIZ, 6, at=LATER, person_id=MALLORY.id)
    missed = sheets.get_sheet(MALLORY.id, pretest).questions[5].item_id
    in_quiz = missed in {q.item_id for q in sheets.get_sheet(MALLORY.id, quiz).questions}
    before = starting.get_outlook(MALLORY.id, FIRST, LATER).gain
    for effect, marks, percent in ((Effect.CREDIT, (5, 6), 83), (Effect.DROP, (4, 5), 80), (Effect.UNDO, (4, 6), 66)):
        decisions = correcting.decide_for_item(FIRST, missed, effect)
        (begun,) = correcting.decide(decisions, "It was unclear.", LATER, None, by_job=False)
        run = regrading.run(begun, lambda: LATER)
        assert (run.n_done, run.n_won, run.n_kept) == (1 + in_quiz, 0, 0)
        result = reviewing.get_result(MALLORY.id, pretest)
        assert (result.score.earned, result.score.out_of) == marks
        assert (result.attempt.is_passed, result.reviewed) == (None, ())
        assert_sums_are_what_marking_anew_gives(MALLORY.id, pretest)
        gain = starting.get_outlook(MALLORY.id, FIRST, LATER).gain
        assert gain is not None
        assert int(gain.before.percent) == percent
    assert gain == before
    assert len(result.rescores) == 3


def test_a_score_that_the_rules_keep_back_is_not_told_by_the_gain(tmp_path: Path) -> None:
    publish(tmp_path, after_fail="nothing")
    take(Kind.PRETEST, 3)
    take(Kind.QUIZ, 2, at=LATER)
    assert standing().gain is None
    assert starting.get_outlook(ALICE.id, FIRST, LATER).gain is None


def test_pretests_use_no_attempt_up(tmp_path: Path) -> None:
    publish(tmp_path, attempts_allowed=1, cool_down_minutes=600)
    take(Kind.PRETEST, 3)
    take(Kind.QUIZ, 3)
    with pytest.raises(NotNow, match="one attempt"):
        starting.start(ALICE.id, FIRST, Kind.QUIZ, 2, START)


def test_a_pretest_is_timed_as_the_quiz_is(tmp_path: Path) -> None:
    publish(tmp_path, time_limit_minutes=20)
    sheet = starting.start(ALICE.id, FIRST, Kind.PRETEST, 1, START)
    assert sheet.attempt.due_at == START + dt.timedelta(minutes=20)
    assert sheets.open_sheet(ALICE.id, sheet.attempt.id, LATER, []).attempt.is_passed is None


@pytest.mark.parametrize(
    ("before", "after", "points", "normalised"),
    [
        ((2, 10), (6, 10), 40, Fraction(1, 2)),
        ((4, 10), (4, 10), 0, Fraction(0)),
        ((5, 10), (10, 10), 50, Fraction(1)),
        ((5, 10), (4, 10), -10, Fraction(-1, 5)),
        ((10, 10), (9, 10), -10, None),
        ((0, 6), (3, 12), 25, Fraction(1, 4)),
    ],
)
def test_the_gain_is_counted_in_points_and_as_hake_normalises_it(
    before: tuple[int, int], after: tuple[int, int], points: int, normalised: Fraction | None
) -> None:
    """By hand: (post - pre) / (100 - pre), both in per cent; there is none where the pre-test was full."""
    gain = Gain(Share(Fraction(before[0]), before[1]), Share(Fraction(after[0]), after[1]))
    assert (gain.points, gain.normalised) == (points, normalised)


@pytest.mark.parametrize("rules", [{}, {"time_limit_minutes": 30}], ids=["no limit", "limit"])
def test_a_pretest_and_the_quiz_started_in_the_same_moment_are_never_both_open(
    app: Flask, tmp_path: Path, rules: dict[str, Any]
) -> None:
    if rules:
        publish(tmp_path / "limited", **rules)

    def begin(seed: int) -> Kind | None:
        kind = (Kind.PRETEST, Kind.QUIZ)[seed % 2]
        try:
            return starting.start(ALICE.id, FIRST, kind, seed, START).attempt.kind
        except NotNow:
            return None

    assert len(set(at_once(app, 8, begin)) - {None}) == 1
