"""The exam plan: how many items from each objective and level, checked against a bank and drawn with a seed.

("Exam plan" is what assessment literature calls a test blueprint; that word is Flask's here.)
"""

from collections.abc import Sequence
from random import Random
from typing import Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from quizapp.domain.items.base import Bloom


class Plannable(Protocol):
    """What a plan looks at in an item."""

    @property
    def objective(self) -> str: ...
    @property
    def bloom(self) -> Bloom: ...


class PlanPart(BaseModel):
    """`n` items from one objective, at one of the levels named (all levels if none is)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    objective: str = Field(min_length=1)
    n: int = Field(ge=1, le=200)
    bloom: tuple[Bloom, ...] = ()

    def fits(self, item: Plannable) -> bool:
        return item.objective == self.objective and (not self.bloom or item.bloom in self.bloom)

    def __str__(self) -> str:
        levels = f" at {' or '.join(self.bloom)}" if self.bloom else ""
        return f"{self.n} of {self.objective}{levels}"


class Shortage(BaseModel):
    """A part of the plan that the bank cannot fill. `available` items fit it (or, joined, fit all its rivals)."""

    model_config = ConfigDict(frozen=True)
    part: PlanPart
    available: int
    rivals: tuple[PlanPart, ...] = ()

    def __str__(self) -> str:
        if self.rivals:
            others = ", ".join(map(str, self.rivals))
            return f"the plan asks for {self.part} beside {others}, but together these find only {self.available} items"
        return f"the plan asks for {self.part}, the bank has {self.available}"


ItemT = TypeVar("ItemT", bound=Plannable)


def find_shortages(plan: Sequence[PlanPart], pool: Sequence[Plannable]) -> list[Shortage]:
    """Every part of `plan` that `pool` cannot fill, also where parts compete for the same items. Empty: draw it."""
    shortages = []
    for part in plan:
        available = sum(part.fits(item) for item in pool)
        if available < part.n:
            shortages.append(Shortage(part=part, available=available))
    if shortages:
        return shortages
    taken = _match(plan, pool)
    filled = [sum(owner == i for owner in taken.values()) for i in range(len(plan))]
    for i, part in enumerate(plan):
        if filled[i] < part.n:
            rivals = tuple(other for j, other in enumerate(plan) if j != i and other.objective == part.objective)
            together = sum(any(p.fits(item) for p in (part, *rivals)) for item in pool)
            shortages.append(Shortage(part=part, available=together, rivals=rivals))
    return shortages


def draw(plan: Sequence[PlanPart], pool: Sequence[ItemT], rng: Random) -> list[ItemT]:
    """Draw one test form: for each part its number of different items, in random order. Same seed, same form.

    `plan` must have no shortage in `pool`. Items of one part are equally likely unless parts compete for them.
    """
    shuffled = list(pool)
    rng.shuffle(shuffled)
    taken = _match(plan, shuffled)
    if len(taken) < sum(part.n for part in plan):
        raise ValueError("the plan has a shortage; check it with find_shortages before drawing")
    form = [shuffled[i] for i in taken]
    rng.shuffle(form)
    return form


def _match(plan: Sequence[PlanPart], pool: Sequence[Plannable]) -> dict[int, int]:
    """A largest matching of plan places to items (Kuhn's augmenting paths): item position → plan part."""
    owner: dict[int, int] = {}

    def place(part: int, seen: set[int]) -> bool:
        for i, item in enumerate(pool):
            if i not in seen and plan[part].fits(item):
                seen.add(i)
                if i not in owner or place(owner[i], seen):
                    owner[i] = part
                    return True
        return False

    for number, part in enumerate(plan):
        for _ in range(part.n):
            place(number, set())
    return owner
