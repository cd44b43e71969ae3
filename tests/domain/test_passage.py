"""Which questions of an attempt can be seen: in any order of going on, at any place of cases."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from quizapp.domain.attempts import Slot, SlotState
from quizapp.domain.items.base import CasePlace
from quizapp.domain.passage import Passage, find_open, find_passages, is_followed, unfolds_from


def slots_of(cases: str) -> list[Slot]:
    """One letter for each slot: `.` stands alone, a capital unfolds, a small letter is a case that does not."""
    found = []
    for i, letter in enumerate(cases):
        part = 1 + len(cases[:i]) - len(cases[:i].rstrip(letter))
        place = CasePlace(id=letter, part=part, n_parts=9, unfolds=letter.isupper())
        found.append(Slot(i, {}, None if letter == "." else place))
    return found


def show(cases: str, passed: str = "", *, backtracking: bool = True) -> str:
    """The passage of each slot by its first letter, after going on from the slots marked `x`."""
    states = [SlotState(is_passed=mark == "x") for mark in passed.ljust(len(cases))]
    return "".join(each[0] for each in find_passages(slots_of(cases), states, backtracking=backtracking))


def test_a_quiz_with_backtracking_and_without_cases_is_open() -> None:
    assert show("....") == "oooo"
    assert show(".aaa.") == "ooooo"


def test_parts_of_an_unfolding_case_come_one_after_the_other_and_the_rest_is_free() -> None:
    assert show(".AAA.") == "ooaao"
    assert show(".AAA.", " x") == "opoao"
    assert show(".AAA.", " xx") == "oppoo"


def test_two_cases_side_by_side_unfold_each_for_itself() -> None:
    assert show("AABB") == "oaoa"
    assert show("AABB", "  x") == "oapo"


def test_without_backtracking_everything_comes_one_after_the_other() -> None:
    assert show(".AA.", backtracking=False) == "oaaa"
    assert show(".AA.", "xx", backtracking=False) == "ppoa"


def test_only_a_part_with_another_after_it_asks_for_an_answer() -> None:
    assert [unfolds_from(slots_of(".AAb"), i) for i in range(-1, 5)] == [False, False, True, False, False, False]


CASES = st.text(".AAABBbc", min_size=1, max_size=12)


@given(CASES, st.booleans(), st.lists(st.integers(0, 11), max_size=20))
def test_however_one_goes_on_one_question_is_open_and_nothing_is_skipped(
    cases: str, backtracking: bool, wishes: list[int]
) -> None:
    slots = slots_of(cases)
    states = [SlotState()] * len(slots)
    seen: set[int] = set()
    for wish in [0, *wishes]:
        passages = find_passages(slots, states, backtracking=backtracking)
        assert Passage.OPEN in passages
        at = min(wish, len(slots) - 1)
        stands_for = find_open(passages, at)
        assert passages[stands_for] is Passage.OPEN
        assert (stands_for == at) == (passages[at] is Passage.OPEN)
        for i, (before, after) in enumerate(pairwise(passages)):
            if is_followed(slots, i, backtracking=backtracking):
                assert (before is Passage.PASSED) == (after is not Passage.AHEAD), (
                    "a part appears when the one before is passed"
                )
        closed = {i for i in seen if passages[i] is Passage.AHEAD}
        assert not closed, "what was shown once is never ahead again"
        seen |= {i for i, each in enumerate(passages) if each is Passage.OPEN}
        if passages[at] is Passage.OPEN and is_followed(slots, at, backtracking=backtracking):
            states[at] = replace(states[at], is_passed=True)
