"""The end of an attempt: where accommodations and pauses put it, and that nothing gains or loses time by them."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.domain.accommodations import MOST, NONE, Accommodation
from quizapp.domain.errors import Invalid
from quizapp.domain.timing import Timing, apply, begin, pause, resume
from tests.people import START

GRACE = dt.timedelta(seconds=10)
minutes, seconds = (lambda n: dt.timedelta(minutes=n)), (lambda n: dt.timedelta(seconds=n))


def started(limit: int = 30, **granted: int) -> Timing:
    return begin(limit, Accommodation(**granted), GRACE, START)


@pytest.mark.parametrize(
    ("percent", "extra", "limit", "becomes"),
    [(0, 0, 30, 30), (25, 0, 30, 38), (50, 0, 30, 45), (0, 10, 30, 40), (50, 10, 30, 55), (1, 0, 1, 2), (33, 0, 1, 2)],
)
def test_a_limit_becomes_longer_by_per_cent_and_by_minutes_rounded_up_to_whole_minutes(
    percent: int, extra: int, limit: int, becomes: int
) -> None:
    granted = Accommodation(extra_percent=percent, extra_minutes=extra)
    assert granted.lengthen(limit) == minutes(becomes)
    assert started(limit, extra_percent=percent, extra_minutes=extra).due_at == START + minutes(becomes)


@pytest.mark.parametrize("name", MOST)
def test_what_can_be_granted_has_bounds(name: str) -> None:
    assert Accommodation(**{name: MOST[name]})
    for wrong in (-1, MOST[name] + 1, 10**30):
        with pytest.raises(Invalid, match="from 0 to"):
            Accommodation(**{name: wrong})
    assert not NONE


def test_a_pause_moves_the_end_by_all_that_is_left_and_going_on_takes_back_what_was_not_used() -> None:
    timing = started(pause_minutes=10)
    paused = pause(timing, START + minutes(5))
    assert (paused.due_at, paused.closes_at) == (START + minutes(40), START + minutes(40) + GRACE)
    assert paused.is_paused(START + minutes(14))
    assert not paused.is_paused(START + minutes(15)), "once the allowance is used up the clock goes on by itself"
    on = resume(paused, START + minutes(7))
    assert (on.due_at, on.closes_at, on.left_seconds) == (START + minutes(32), START + minutes(32) + GRACE, 8 * 60)
    assert resume(paused, START + minutes(60)).due_at == START + minutes(40)


def test_pausing_twice_and_going_on_twice_is_once() -> None:
    paused = pause(started(pause_minutes=10), START)
    assert pause(paused, START + minutes(1)) == paused
    on = resume(paused, START + minutes(1))
    assert resume(on, START + minutes(2)) == on


def test_there_is_no_pause_without_an_allowance_nor_after_the_end() -> None:
    assert pause(started(), START) == started()
    over = started(pause_minutes=10)
    assert pause(over, over.due_at) == over


def test_more_time_moves_the_end_of_an_open_attempt_and_less_moves_it_back_but_never_into_the_past() -> None:
    timing = started()
    longer = apply(timing, Accommodation(extra_percent=50), START + minutes(5))
    assert (longer.due_at, longer.closes_at) == (START + minutes(45), START + minutes(45) + GRACE)
    assert apply(longer, NONE, START + minutes(10)).due_at == START + minutes(30)
    assert apply(longer, NONE, START + minutes(40)).due_at == START + minutes(40), "now, not ten minutes ago"
    in_grace = longer.due_at + seconds(5)
    assert apply(longer, NONE, in_grace).due_at == longer.due_at, "an end that is past stays"
    assert (
        apply(apply(longer, NONE, START + minutes(40)), Accommodation(extra_percent=50), START + minutes(40)) == longer
    )


def test_a_change_during_a_pause_leaves_the_pause_on_and_takes_back_none_of_it() -> None:
    paused = pause(started(pause_minutes=10), START + minutes(5))
    at = START + minutes(8)
    longer = apply(paused, Accommodation(extra_minutes=15, pause_minutes=10), at)
    assert longer.is_paused(at)
    assert resume(longer, at).due_at == START + minutes(30 + 15 + 3)
    none_left = apply(paused, NONE, at)
    assert not none_left.is_paused(at)
    assert none_left.due_at == START + minutes(33), "the three minutes were paused"


def test_a_clock_that_was_set_back_during_a_pause_gives_and_takes_nothing() -> None:
    paused = pause(started(pause_minutes=10), START + minutes(5))
    on = resume(paused, START + minutes(1))
    assert (on.due_at, on.left_seconds) == (START + minutes(30), 600)


def test_more_time_does_not_go_beyond_the_close_of_the_quiz_for_everybody_but_a_pause_does() -> None:
    granted = Accommodation(extra_percent=100, pause_minutes=10)
    timing = begin(30, granted, GRACE, START, START + minutes(40))
    assert timing.due_at == START + minutes(40)
    assert apply(timing, Accommodation(extra_minutes=600), START).due_at == START + minutes(40)
    assert apply(timing, NONE, START).due_at == START + minutes(30)
    assert resume(pause(timing, START), START + minutes(5)).due_at == START + minutes(45)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["pause", "resume", "apply"]),
        st.floats(0, 400),
        st.builds(Accommodation, st.integers(0, 100), st.integers(0, 20), st.integers(0, 15)),
    ),
    max_size=30,
)


@given(EVENTS)
def test_no_order_of_pauses_and_changes_gains_time_or_loses_any(events: list[tuple[str, float, Accommodation]]) -> None:
    granted, now = Accommodation(pause_minutes=10), START
    timing = begin(30, granted, GRACE, START)
    stood = dt.timedelta(0)
    for what, later, change in events:
        before = timing
        standing = before.find_left(now) if before.is_paused(now) else 0
        now += dt.timedelta(seconds=later)
        stood += min(dt.timedelta(seconds=later), seconds(standing + 1)) if standing else dt.timedelta(0)
        if what == "pause":
            timing = pause(timing, now)
        elif what == "resume":
            timing = resume(timing, now)
        else:
            timing, granted = apply(timing, change, now), change
            assert timing.due_at >= min(before.due_at, now)
        assert timing.closes_at - timing.due_at == GRACE
        assert timing.paused_seconds <= timing.pause_seconds
        standing_end = seconds(timing.left_seconds) if timing.paused_at else dt.timedelta(0)
        bare = timing.due_at - standing_end - START - seconds(timing.paused_seconds)
        assert bare == granted.lengthen(30) or timing.due_at <= now, "the end is where the rules put it, or has come"
        assert seconds(timing.paused_seconds) <= stood, "what is called paused was paused"
