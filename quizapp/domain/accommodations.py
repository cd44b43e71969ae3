"""What a person was granted for every quiz: more time, pauses, more attempts. Granted once, applied everywhere."""

import datetime as dt
from dataclasses import asdict, dataclass

from quizapp.domain.errors import Invalid

MOST = {"extra_percent": 400, "extra_minutes": 600, "pause_minutes": 600, "extra_attempts": 100}
"""The most that can be granted of each; more is a slip of the keyboard."""


@dataclass(frozen=True, slots=True)
class Accommodation:
    """`extra_percent` of a time limit and `extra_minutes` are added up; `pause_minutes` are for each timed attempt.

    `extra_attempts` are for each quiz that allows only so many. Invalid, naming the field, beyond MOST or below 0.
    """

    extra_percent: int = 0
    extra_minutes: int = 0
    pause_minutes: int = 0
    extra_attempts: int = 0

    def __post_init__(self) -> None:
        for name, most in MOST.items():
            if not 0 <= getattr(self, name) <= most:
                raise Invalid(f"{name.replace('_', ' ').capitalize()}: from 0 to {most}.")

    def __bool__(self) -> bool:
        return self != NONE

    def lengthen(self, limit_minutes: int) -> dt.timedelta:
        """The time that a limit becomes, in whole minutes, rounded up."""
        extra = -(-limit_minutes * self.extra_percent // 100)
        return dt.timedelta(minutes=limit_minutes + extra + self.extra_minutes)

    def to_json(self) -> dict[str, int]:
        return asdict(self)


NONE = Accommodation()
