"""When an attempt can be started, and what is said where it cannot."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.domain.admission import Admission, Hindrance, NotNow, admit
from quizapp.domain.attempts import Kind
from quizapp.domain.modules import QuizRules

NOW = dt.datetime(2026, 11, 22, 9, 0, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Before:
    """An attempt of earlier: `hours` ago it ended; None: it is open."""

    kind: Kind = Kind.QUIZ
    hours: float | None = 1

    @property
    def finished_at(self) -> dt.datetime | None:
        return None if self.hours is None else NOW - self.hours * HOUR


def rules(**changes: Any) -> QuizRules:
    return QuizRules.model_validate({"plan": [{"n": 1}], **changes})


def look(
    taken: list[Before], kind: Kind = Kind.QUIZ, extra: int = 0, has_read: bool = False, **changes: Any
) -> Admission:
    return admit(kind, rules(**changes), taken, NOW, extra_attempts=extra, has_read=has_read)


def say(admission: Admission) -> str:
    return admission.say(lambda at: f"{at:%d %b %H:%M}")


def test_without_rules_there_is_always_another_attempt() -> None:
    assert look([]) == look([Before()] * 50) == Admission()
    assert say(look([])) == ""


@pytest.mark.parametrize(
    ("taken", "extra", "left", "said"),
    [
        (0, 0, 2, ""),
        (1, 0, 1, ""),
        (2, 0, 0, "You have used all 2 attempts that this quiz allows."),
        (2, 1, 1, ""),
        (3, 1, 0, "You have used all 3 attempts that this quiz allows."),
        (9, 0, 0, "You have used all 2 attempts that this quiz allows."),
    ],
)
def test_attempts_are_counted_against_those_allowed_and_those_granted(
    taken: int, extra: int, left: int, said: str
) -> None:
    found = look([Before()] * taken, attempts_allowed=2, extra=extra)
    assert (found.n_left, found.n_allowed, say(found)) == (left, 2 + extra, said)


def test_practice_and_pretests_use_no_attempt_up_and_need_no_wait() -> None:
    others = [Before(Kind.PRACTICE, 0.1), Before(Kind.PRETEST, 0.1)]
    assert look(others, attempts_allowed=1, cool_down_minutes=60).is_open
    closed: dict[str, Any] = {"attempts_allowed": 1, "closes_at": NOW - HOUR}
    assert admit(Kind.PRACTICE, rules(**closed), [Before()], NOW, has_read=True).is_open


def test_one_attempt_is_told_as_one() -> None:
    assert say(look([Before()], attempts_allowed=1)) == "You have used the one attempt that this quiz allows."


def test_the_wait_counts_from_the_end_of_the_last_attempt() -> None:
    taken = [Before(hours=30), Before(hours=2)]
    assert look(taken, cool_down_minutes=120).is_open
    found = look(taken, cool_down_minutes=121)
    assert (found.hindrance, found.at) == (Hindrance.COOLING_DOWN, NOW + dt.timedelta(minutes=1))
    assert say(found) == "You can take this quiz again from 22 Nov 09:01."


def test_a_quiz_opens_at_its_moment_and_is_closed_from_its_moment_on() -> None:
    assert look([], opens_at=NOW).is_open
    assert say(look([], opens_at=NOW + HOUR)) == "This quiz opens on 22 Nov 10:00."
    assert look([], closes_at=NOW + HOUR).is_open
    assert say(look([], closes_at=NOW)) == "This quiz closed on 22 Nov 09:00."


def test_nobody_is_told_to_come_back_after_the_quiz_has_closed() -> None:
    found = look([Before()], cool_down_minutes=24 * 60, closes_at=NOW + 2 * HOUR)
    assert say(found) == "This quiz closes on 22 Nov 11:00, before your wait between two attempts is over."
    used_up = look([Before()], cool_down_minutes=24 * 60, attempts_allowed=1)
    assert used_up.hindrance is Hindrance.USED_UP


def test_an_open_pretest_comes_before_the_quiz() -> None:
    found = look([Before(Kind.PRETEST, None)], pretest=True)
    assert found.hindrance is Hindrance.PRETEST_OPEN
    assert "Finish it first" in say(found)


@pytest.mark.parametrize(
    ("taken", "has_read", "changes", "hindrance"),
    [
        ([], False, {}, None),
        ([Before(Kind.PRACTICE)], False, {}, None),
        ([], False, {"pretest": False}, Hindrance.NO_PRETEST),
        ([Before(Kind.PRETEST)], False, {}, Hindrance.PRETEST_TAKEN),
        ([Before(Kind.QUIZ, None)], False, {}, Hindrance.QUIZ_BEGUN),
        ([], True, {}, Hindrance.LESSON_BEGUN),
        ([], False, {"opens_at": NOW + HOUR}, Hindrance.NOT_OPEN_YET),
        ([], False, {"closes_at": NOW}, Hindrance.CLOSED),
    ],
)
def test_a_pretest_is_taken_once_before_lesson_and_quiz_while_the_quiz_is_open(
    taken: list[Before], has_read: bool, changes: dict[str, Any], hindrance: Hindrance | None
) -> None:
    found = look(taken, Kind.PRETEST, has_read=has_read, **{"pretest": True, **changes})
    assert found.hindrance is hindrance
    assert bool(say(found)) == (hindrance is not None)


def test_a_refusal_carries_its_moment_so_that_a_page_can_show_it_in_any_zone() -> None:
    refusal = NotNow(look([], opens_at=NOW + HOUR))
    assert str(refusal) == "This quiz opens on 2026-11-22 10:00 UTC."
    assert refusal.admission.at == NOW + HOUR


@given(
    taken=st.lists(st.builds(Before, st.sampled_from(Kind), st.one_of(st.none(), st.integers(0, 50))), max_size=5),
    allowed=st.one_of(st.none(), st.integers(1, 3)),
    wait=st.integers(0, 600),
    opens=st.one_of(st.none(), st.integers(-5, 5)),
    lasts=st.one_of(st.none(), st.integers(1, 8)),
    extra=st.integers(0, 2),
)
def test_whatever_is_promised_holds_when_its_moment_comes(
    taken: list[Before], allowed: int | None, wait: int, opens: int | None, lasts: int | None, extra: int
) -> None:
    """Where a sentence names a moment from which on a start is possible, it is possible then."""
    opens_at = None if opens is None else NOW + opens * HOUR
    closes_at = None if lasts is None else (opens_at or NOW - 4 * HOUR) + lasts * HOUR
    given_rules = rules(attempts_allowed=allowed, cool_down_minutes=wait, opens_at=opens_at, closes_at=closes_at)
    found = admit(Kind.QUIZ, given_rules, taken, NOW, extra_attempts=extra, has_read=False)
    if found.hindrance is Hindrance.COOLING_DOWN:
        assert found.at is not None
        later = admit(Kind.QUIZ, given_rules, taken, found.at, extra_attempts=extra, has_read=False)
        assert later.is_open or later.hindrance is Hindrance.NOT_OPEN_YET
    if found.is_open:
        n_tries = sum(t.kind is Kind.QUIZ for t in taken)
        assert allowed is None or n_tries < allowed + extra
        assert opens_at is None or opens_at <= NOW
        assert closes_at is None or closes_at > NOW
