"""How far a learner is with each learning objective, and what they gained from pre-test to quiz."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Reach(StrEnum):
    """Met: one finished quiz attempt reached the pass mark on it. Started: a section read, or an item answered."""

    TO_DO = "to_do"
    STARTED = "started"
    MET = "met"

    @property
    def label(self) -> str:
        return {"to_do": "to do", "started": "started", "met": "met"}[self]


def reach(
    objectives: Iterable[str],
    read: Iterable[str],
    results: Iterable[Mapping[str, tuple[Fraction, int]]],
    pass_percent: int,
) -> dict[str, Reach]:
    """The reach of each objective.

    `read`: objectives of the sections read. `results`: per finished quiz attempt, objective → (marks earned, out of).
    """
    started = set(read)
    met = set()
    for result in results:
        for objective, (earned, out_of) in result.items():
            started.add(objective)
            if out_of and earned * 100 >= pass_percent * out_of:
                met.add(objective)
    return {o: Reach.MET if o in met else Reach.STARTED if o in started else Reach.TO_DO for o in objectives}


@dataclass(frozen=True, slots=True)
class Share:
    """Marks earned in one attempt, of how many."""

    earned: Fraction
    out_of: int

    @property
    def percent(self) -> Fraction:
        return Fraction(self.earned * 100, self.out_of) if self.out_of else Fraction(0)


@dataclass(frozen=True, slots=True)
class Gain:
    """What changed from the pre-test to the first quiz, which have the same exam plan and other items."""

    before: Share
    after: Share

    @property
    def points(self) -> Fraction:
        """Percentage points; below zero where the quiz went worse."""
        return self.after.percent - self.before.percent

    @property
    def normalised(self) -> Fraction | None:
        """Of what was left to gain, the share that was gained: (post - pre) / (100 - pre), as Hake defines it.

        None where the pre-test was full, for then nothing was left (Hake RR, Am J Phys 1998;66:64-74).
        """
        left = 100 - self.before.percent
        return self.points / left if left else None
