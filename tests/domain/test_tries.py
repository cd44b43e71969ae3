"""Several tries: what each earns, by tables worked out by hand, and that leaving steps out changes nothing."""

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.domain.attempts import (
    WHOLE,
    Answer,
    Feedback,
    SlotState,
    Step,
    StepKind,
    Verdict,
    find_credits,
    grade,
    judge_late,
    judge_save,
    mark_tries,
    replay,
)
from tests.domain.test_items import build, first_of

NOW = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)
CREDITS = find_credits(Feedback.SEVERAL_TRIES, (100, 50, 25))
HALF_KEY = build("multiple_response", first_of("multiple_response")[0].to_draft().fields)
"""Three keys: one earns 1/3, two 2/3, three the whole mark; a wrong choice takes one back."""
ALL = tuple(i for i, option in enumerate(HALF_KEY.options) if option.key)  # type: ignore[attr-defined]
NONE = tuple(i for i, option in enumerate(HALF_KEY.options) if not option.key)[:1]  # type: ignore[attr-defined]
ONE, TWO = ALL[:1], ALL[:2]


@pytest.mark.parametrize(
    ("what", "tries", "last", "earned"),
    [
        ("never checked, right", (), ALL, "1"),
        ("never checked, partly right", (), TWO, "2/3"),
        ("never answered", (), None, "0"),
        ("right at the first", (ALL,), ALL, "1"),
        ("right at the second: 1 × 1/2", (NONE, ALL), ALL, "1/2"),
        ("right at the third: 1 × 1/4 beats 1/3 × 1/2", (NONE, ONE, ALL), ALL, "1/4"),
        ("right at the third after two without any: 1 × 1/4", (NONE, (), ALL), ALL, "1/4"),
        ("two thirds first, then right: 2/3 beats 1 × 1/2", (TWO, ALL), ALL, "2/3"),
        ("one third first, then right: 1 × 1/2 beats 1/3", (ONE, ALL), ALL, "1/2"),
        ("two thirds, then worse", (TWO, NONE), NONE, "2/3"),
        ("wrong, then right but not checked: the next try", (NONE,), ALL, "1/2"),
        ("wrong twice, then right but not checked: the third", (NONE, ONE), ALL, "1/4"),
        ("partly right, then taken back without a check", (TWO,), None, "2/3"),
        ("never right: 1/3 × 1/2 and 2/3 × 1/4 are the same", (NONE, ONE, TWO), TWO, "1/6"),
        ("changed back to what was checked: no further try", (NONE, ONE), NONE, "1/6"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) and " " in value else "",
)
def test_the_mark_is_the_best_over_the_tries_of_mark_times_credit(
    what: str, tries: tuple[tuple[int, ...], ...], last: tuple[int, ...] | None, earned: str
) -> None:
    state = SlotState(Answer(last), tries=tries, is_checked=len(tries) == 3)
    assert mark_tries(HALF_KEY, state, CREDITS) == Fraction(earned), what


@pytest.mark.parametrize(
    ("feedback", "percents", "shares"),
    [
        (Feedback.DEFERRED, (100, 50, 25), WHOLE),
        (Feedback.IMMEDIATE, (100, 50, 25), WHOLE),
        (Feedback.SEVERAL_TRIES, (100, 50, 25), (Fraction(1), Fraction(1, 2), Fraction(1, 4))),
        (Feedback.SEVERAL_TRIES, (100, 67), (Fraction(1), Fraction(67, 100))),
        (Feedback.SEVERAL_TRIES, (100, 0), (Fraction(1), Fraction(0))),
    ],
)
def test_what_a_try_can_earn_goes_by_the_rules(
    feedback: Feedback, percents: tuple[int, ...], shares: tuple[Fraction, ...]
) -> None:
    assert find_credits(feedback, percents) == shares


def test_what_was_earned_is_a_whole_number_over_a_denominator_that_the_rules_fix() -> None:
    states = [SlotState(Answer(ALL), tries=tries) for tries in ((ALL,), (NONE, ALL), (ONE, NONE, ALL))]
    graded = grade([HALF_KEY] * 3, states, 80, frozenset(), CREDITS)
    assert {m.denominator for m in graded.marked} == {12}, "thirds of quarters"
    assert [m.earned * m.denominator for m in graded.marked] == [12, 6, 4]
    assert [m.is_right for m in graded.marked] == [True, False, False]


def test_a_must_pass_item_that_was_right_at_a_later_try_only_is_missed() -> None:
    state = SlotState(Answer(ALL), tries=(NONE, ALL), is_checked=True)
    graded = grade([HALF_KEY], [state], 40, frozenset({HALF_KEY.objective}), CREDITS)
    assert graded.missed_must_pass == (HALF_KEY.objective,)
    assert not graded.is_passed


def test_a_check_from_before_there_were_several_tries_is_final_and_checked_what_was_kept() -> None:
    steps = [Step(2, NOW, StepKind.SAVE, 0, Answer(ALL), "a", 1), Step(3, NOW, StepKind.CHECK, 0)]
    (state,) = replay(1, steps)
    assert (state.is_checked, state.tries) == (True, (ALL,))
    assert mark_tries(HALF_KEY, state, WHOLE) == 1


@pytest.mark.parametrize(
    "locked", [SlotState(Answer(ONE), 5, is_checked=True), SlotState(Answer(ONE), 5, is_passed=True)]
)
def test_a_locked_slot_takes_no_other_answer_in_time_or_late(locked: SlotState) -> None:
    assert judge_save(locked, Answer(TWO), 99, "tab", 99) is Verdict.STALE
    assert judge_save(locked, Answer(ONE), 0, "tab", 99) is Verdict.REPEAT
    assert judge_late(locked, [], Answer(TWO), "tab", 99) == (Verdict.STALE, False)
    assert judge_late(locked, [], Answer(ONE), "tab", 99) == (Verdict.REPEAT, False)


RESPONSES = st.sampled_from([None, NONE, ONE, TWO, ALL])
DEEDS = st.lists(
    st.tuples(st.sampled_from(["save", "check", "final", "pass", "late"]), st.integers(0, 1), RESPONSES), max_size=25
)


def live(deeds: list[tuple[str, int, tuple[int, ...] | None]]) -> list[Step]:
    """Steps as a server would add them: nothing is saved or checked once a slot is locked."""
    steps: list[Step] = []
    for kind, slot, response in deeds:
        state = replay(2, steps)[slot]
        seq, tab_seq = len(steps) + 2, len(steps) + 1
        if kind == "save" and judge_save(state, Answer(response), state.seq, "t", tab_seq) is Verdict.ACCEPT:
            steps.append(Step(seq, NOW, StepKind.SAVE, slot, Answer(response), "t", tab_seq))
        elif kind in {"check", "final"} and not state.is_locked and state.answer.response not in {None, *state.tries}:
            steps.append(Step(seq, NOW, StepKind.CHECK, slot, state.answer, is_final=kind == "final"))
        elif kind == "pass" and not state.is_passed:
            steps.append(Step(seq, NOW, StepKind.PASS, slot))
        elif kind == "late":
            steps.append(Step(seq, NOW, StepKind.LATE, slot, Answer(response), "t", tab_seq))
    return steps


@given(DEEDS)
def test_every_check_and_the_last_step_of_each_other_kind_are_enough(
    deeds: list[tuple[str, int, tuple[int, ...] | None]],
) -> None:
    steps = live(deeds)
    last = {(step.kind, step.position): step.seq for step in steps}
    kept = [s for s in steps if s.kind is StepKind.CHECK or last[s.kind, s.position] == s.seq]
    assert replay(2, kept) == replay(2, steps)


@given(DEEDS)
def test_once_locked_a_slot_keeps_its_answer_its_tries_and_its_mark(
    deeds: list[tuple[str, int, tuple[int, ...] | None]],
) -> None:
    steps = live(deeds)
    locked: dict[int, tuple[Answer, object]] = {}
    for n in range(len(steps) + 1):
        for slot, state in enumerate(replay(2, steps[:n])):
            mark = mark_tries(HALF_KEY, state, CREDITS)
            assert 0 <= mark <= 1
            if slot in locked:
                assert locked[slot] == (state.answer, mark)
            elif state.is_locked:
                locked[slot] = (state.answer, mark)


@given(st.lists(st.sampled_from([NONE, ONE, TWO, ALL]), max_size=3, unique=True), RESPONSES)
def test_a_check_never_costs_what_was_earned_before_it(
    tries: list[tuple[int, ...]], last: tuple[int, ...] | None
) -> None:
    marks = [
        mark_tries(HALF_KEY, SlotState(Answer(last), tries=tuple(tries[:n])), CREDITS) for n in range(len(tries) + 1)
    ]
    checked = [
        max(Fraction(HALF_KEY.grade(t), 3) * c for t, c in zip(tries[:n], CREDITS, strict=False))
        for n in range(1, len(tries) + 1)
    ]
    assert all(mark >= floor for mark, floor in zip(marks[1:], checked, strict=True))
