"""The time of one attempt: its end, pauses, and what moves the end.

At every moment the end is `started_at` + the lengthened limit, or when the quiz closes if that is earlier, + what was
paused + while the clock stands, all that is left to pause. So an attempt that nobody resumes still ends by itself. A
pause counts in whole seconds, rounded down, for what is left to pause and for the end alike: nobody gains time by
pausing often.
"""

import datetime as dt
from dataclasses import dataclass, replace

from quizapp.domain.accommodations import Accommodation


@dataclass(frozen=True, slots=True)
class Timing:
    """An attempt's row as far as time goes. `due_at` is the end that pages show, `closes_at` that plus the grace."""

    started_at: dt.datetime
    due_at: dt.datetime
    closes_at: dt.datetime
    limit_minutes: int
    """By the rules, before anything was added."""
    pause_seconds: int = 0
    """How long the clock may stand in all."""
    paused_seconds: int = 0
    """How long it has stood, without the pause that is on."""
    paused_at: dt.datetime | None = None
    stops_at: dt.datetime | None = None
    """When the quiz closes for everybody: more time does not go beyond that, pauses do."""

    @property
    def left_seconds(self) -> int:
        """What is left to pause, going by the pauses that are over."""
        return max(self.pause_seconds - self.paused_seconds, 0)

    def count_paused(self, now: dt.datetime) -> int:
        """The seconds of the pause that is on; 0 if none is. A clock that was set back gives and takes nothing."""
        if self.paused_at is None:
            return 0
        return min(max(int((now - self.paused_at).total_seconds()), 0), self.left_seconds)

    def find_left(self, now: dt.datetime) -> int:
        """The seconds left to pause now."""
        return self.left_seconds - self.count_paused(now)

    def is_paused(self, now: dt.datetime) -> bool:
        """Whether the clock stands: once nothing is left of the pause, it goes on though nobody said so."""
        return self.paused_at is not None and self.find_left(now) > 0

    @property
    def paused_until(self) -> dt.datetime | None:
        """When the pause that is on ends by itself."""
        return self.paused_at and self.paused_at + dt.timedelta(seconds=self.left_seconds)

    @property
    def extra_minutes(self) -> int:
        """By how many whole minutes the time is longer than the limit, pauses apart."""
        stood = self.paused_seconds + (self.left_seconds if self.paused_at else 0)
        own = self.due_at - self.started_at - dt.timedelta(minutes=self.limit_minutes, seconds=stood)
        return max(int(own.total_seconds() // 60), 0)

    def move_end(self, due_at: dt.datetime) -> "Timing":
        """The same with another end; the grace in force stays."""
        return replace(self, due_at=due_at, closes_at=due_at + (self.closes_at - self.due_at))


def pause(timing: Timing, now: dt.datetime) -> Timing:
    """Stop the clock: the end moves by all that is left to pause.

    Nothing changes if the clock stands already, if nothing is left, or if the time is over.
    """
    if timing.paused_at is not None or not timing.left_seconds or now >= timing.due_at:
        return timing
    moved = timing.move_end(timing.due_at + dt.timedelta(seconds=timing.left_seconds))
    return replace(moved, paused_at=now)


def resume(timing: Timing, now: dt.datetime) -> Timing:
    """Let the clock go on: the end moves back by what was not used. Nothing changes if no pause is on."""
    if timing.paused_at is None:
        return timing
    used = timing.count_paused(now)
    moved = timing.move_end(timing.due_at - dt.timedelta(seconds=timing.left_seconds - used))
    return replace(moved, paused_at=None, paused_seconds=timing.paused_seconds + used)


def apply(timing: Timing, granted: Accommodation, now: dt.datetime) -> Timing:
    """What a change of an accommodation makes of an open attempt.

    Less time never moves the end into the past: it is now at the earliest, and an end that is past stays. Fewer pause
    minutes never take back what was paused.
    """
    running = resume(timing, now)
    due_at = _cap(timing.started_at + granted.lengthen(timing.limit_minutes), timing.stops_at)
    due_at += dt.timedelta(seconds=running.paused_seconds)
    allowed = max(granted.pause_minutes * 60, running.paused_seconds)
    changed = replace(running, pause_seconds=allowed).move_end(max(due_at, min(running.due_at, now)))
    return pause(changed, now) if timing.is_paused(now) else changed


def begin(
    limit_minutes: int,
    granted: Accommodation,
    grace: dt.timedelta,
    now: dt.datetime,
    stops_at: dt.datetime | None = None,
) -> Timing:
    """The time of an attempt that starts now."""
    due_at = _cap(now + granted.lengthen(limit_minutes), stops_at)
    return Timing(now, due_at, due_at + grace, limit_minutes, granted.pause_minutes * 60, stops_at=stops_at)


def _cap(due_at: dt.datetime, stops_at: dt.datetime | None) -> dt.datetime:
    return due_at if stops_at is None else min(due_at, stops_at)
