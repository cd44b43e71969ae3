"""Whether an attempt can be started now, and if not, why not and from when on.

An open attempt plays no part here: whoever has one goes on with that.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from quizapp.domain.attempts import Kind
from quizapp.domain.errors import Refused
from quizapp.domain.modules import QuizRules


class Hindrance(StrEnum):
    """What stands in the way of a start."""

    PRETEST_OPEN = "pretest_open"
    USED_UP = "used_up"
    CLOSED = "closed"
    NOT_OPEN_YET = "not_open_yet"
    CLOSES_FIRST = "closes_first"
    COOLING_DOWN = "cooling_down"
    NO_PRETEST = "no_pretest"
    PRETEST_TAKEN = "pretest_taken"
    QUIZ_BEGUN = "quiz_begun"
    LESSON_BEGUN = "lesson_begun"


class Taken(Protocol):
    """What a start looks at in a person's earlier attempts at the module."""

    @property
    def kind(self) -> Kind: ...
    @property
    def finished_at(self) -> dt.datetime | None: ...


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether an attempt can be started. `at` is the moment that its sentence names."""

    hindrance: Hindrance | None = None
    at: dt.datetime | None = None
    n_allowed: int | None = None
    """Attempts at the quiz in all, those granted to the person included; None without end."""
    n_left: int | None = None

    @property
    def is_open(self) -> bool:
        return self.hindrance is None

    def say(self, show: Callable[[dt.datetime], str]) -> str:
        """Why not, and from when on, in a sentence; empty where nothing hinders. `show` writes a moment."""
        at = show(self.at) if self.at is not None else ""
        all_used = "the one attempt" if self.n_allowed == 1 else f"all {self.n_allowed} attempts"
        return {
            None: "",
            Hindrance.PRETEST_OPEN: "Your pre-test is still open. Finish it first, then you can start the quiz.",
            Hindrance.USED_UP: f"You have used {all_used} that this quiz allows.",
            Hindrance.CLOSED: f"This quiz closed on {at}.",
            Hindrance.NOT_OPEN_YET: f"This quiz opens on {at}.",
            Hindrance.CLOSES_FIRST: f"This quiz closes on {at}, before your wait between two attempts is over.",
            Hindrance.COOLING_DOWN: f"You can take this quiz again from {at}.",
            Hindrance.NO_PRETEST: "This module has no pre-test.",
            Hindrance.PRETEST_TAKEN: "The pre-test is taken once, and you have taken it.",
            Hindrance.QUIZ_BEGUN: "The pre-test comes before the quiz, and you have started the quiz already.",
            Hindrance.LESSON_BEGUN: "The pre-test comes before the lesson, and you have read some of it already.",
        }[self.hindrance]


class NotNow(Refused):
    """An attempt cannot be started. The message has its time in UTC; pages show it in the person's own zone."""

    def __init__(self, admission: Admission) -> None:
        super().__init__(admission.say(lambda at: f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"))
        self.admission = admission


def admit(
    kind: Kind, rules: QuizRules, taken: Sequence[Taken], now: dt.datetime, *, extra_attempts: int = 0, has_read: bool
) -> Admission:
    """Whether a new attempt of this kind can be started, beside what must be passed first.

    `taken` are the person's attempts at the module, `has_read` says whether they have read any section of its lesson.
    Practice is always open. After a pass the quiz can be taken again while attempts are left.
    """
    if kind is Kind.PRACTICE:
        return Admission()
    if kind is Kind.PRETEST:
        return _admit_pretest(rules, taken, now, has_read)
    return _admit_quiz(rules, taken, now, extra_attempts)


def _admit_pretest(rules: QuizRules, taken: Sequence[Taken], now: dt.datetime, has_read: bool) -> Admission:
    if not rules.pretest:
        return Admission(Hindrance.NO_PRETEST)
    if any(t.kind is Kind.PRETEST for t in taken):
        return Admission(Hindrance.PRETEST_TAKEN)
    if any(t.kind is Kind.QUIZ for t in taken):
        return Admission(Hindrance.QUIZ_BEGUN)
    return Admission(Hindrance.LESSON_BEGUN) if has_read else _look_at_window(rules, now) or Admission()


def _admit_quiz(rules: QuizRules, taken: Sequence[Taken], now: dt.datetime, extra_attempts: int) -> Admission:
    tries = [t for t in taken if t.kind is Kind.QUIZ]
    allowed = None if rules.attempts_allowed is None else rules.attempts_allowed + extra_attempts
    left = None if allowed is None else max(allowed - len(tries), 0)
    ended_at = max((t.finished_at for t in tries if t.finished_at is not None), default=None)
    cool_down = dt.timedelta(minutes=rules.cool_down_minutes)
    free_at = ended_at + cool_down if ended_at is not None and cool_down else None  # a clock set back keeps nobody out
    found = Admission()
    if any(t.kind is Kind.PRETEST and t.finished_at is None for t in taken):
        found = Admission(Hindrance.PRETEST_OPEN)
    elif left == 0:
        found = Admission(Hindrance.USED_UP)
    elif window := _look_at_window(rules, now):
        found = window
    elif free_at is not None and now < free_at and rules.closes_at is not None and free_at >= rules.closes_at:
        found = Admission(Hindrance.CLOSES_FIRST, rules.closes_at)
    elif free_at is not None and now < free_at:
        found = Admission(Hindrance.COOLING_DOWN, free_at)
    return Admission(found.hindrance, found.at, allowed, left)


def _look_at_window(rules: QuizRules, now: dt.datetime) -> Admission | None:
    if rules.closes_at is not None and now >= rules.closes_at:
        return Admission(Hindrance.CLOSED, rules.closes_at)
    if rules.opens_at is not None and now < rules.opens_at:
        return Admission(Hindrance.NOT_OPEN_YET, rules.opens_at)
    return None
