"""How far a learner is with each learning objective."""

from collections.abc import Iterable, Mapping
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
