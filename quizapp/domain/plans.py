"""The exam plan: which items a test form has, checked against a bank and drawn with a seed.

("Exam plan" is what assessment literature calls a test blueprint; that word is Flask's here.)

What a plan asks for are places; what fills them are units: a single item, or a case set whole. Which sets of units can
be drawn together are the independent sets of a transversal matroid (Edmonds J, Fulkerson DR, J Res Natl Bur Stand
1965;69B:147-153), and in a matroid the greedy algorithm finds a base of least weight (Edmonds J, Math Program
1971;1:127-136): taking units in order of preference, each if it can be had beside those already taken, no other form
has fewer items that were seen before.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from random import Random
from typing import Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from quizapp.domain.items.base import Bloom

Difficulty = Literal["easy", "medium", "hard"]


class Seat(Protocol):
    """Where an item stands in its case set."""

    @property
    def id(self) -> str: ...
    @property
    def part(self) -> int: ...
    @property
    def n_parts(self) -> int: ...


class Plannable(Protocol):
    """What a plan looks at in an item."""

    @property
    def id(self) -> str: ...
    @property
    def objective(self) -> str: ...
    @property
    def bloom(self) -> str: ...
    @property
    def difficulty(self) -> str: ...
    @property
    def tags(self) -> Sequence[str]: ...
    @property
    def case(self) -> Seat | None: ...


class PlanPart(BaseModel):
    """`n` items drawn from those that meet each condition named; or `n` certain `items`, in every form.

    Of several levels or tags any one will do. With `case_sets` the `n` items are those of so many case sets of one
    size, each of whose items meets the conditions; without, items of case sets are never drawn.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    objective: str | None = Field(None, min_length=1)
    n: int = Field(ge=1, le=200)
    bloom: tuple[Bloom, ...] = ()
    difficulty: tuple[Difficulty, ...] = ()
    tags: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    """Ids of items that every form has."""
    case_sets: int = Field(0, ge=0, le=100)

    @model_validator(mode="after")
    def _fits_together(self) -> "PlanPart":
        if self.items and (self.objective or self.bloom or self.difficulty or self.tags or self.case_sets):
            message = "A part that names its items has no other condition"
            raise PydanticCustomError("bad_part", message, {"hint": "make two parts of it"})
        if self.items and len(self.items) != self.n:
            message, named = "The part is for {n} and names {named}", len(self.items)
            hint = f"write n: {named}, or name others"
            raise PydanticCustomError("bad_part", message, {"n": self.n, "named": named, "hint": hint})
        if self.case_sets and (self.n % self.case_sets or self.n < 2 * self.case_sets):
            message = "{n} items do not make {case_sets} case sets of one size"
            hint = "n is the number of items that the sets bring together; a set has two or more"
            raise PydanticCustomError("bad_part", message, {"n": self.n, "case_sets": self.case_sets, "hint": hint})
        return self

    @property
    def n_units(self) -> int:
        """How many single items, or case sets, it asks for."""
        return self.case_sets or self.n

    def count(self, n_units: int) -> str:
        """So many of its units, in words."""
        if not self.case_sets:
            return f"{n_units} item{'' if n_units == 1 else 's'}"
        return f"{n_units} case set{'' if n_units == 1 else 's'} of {self.n // self.case_sets} items"

    def fits(self, item: Plannable) -> bool:
        """Whether an item meets its conditions, or is one that it names."""
        if self.items:
            return item.id in self.items
        return (
            self.objective in {None, item.objective}
            and (not self.bloom or item.bloom in self.bloom)
            and (not self.difficulty or item.difficulty in self.difficulty)
            and (not self.tags or not set(self.tags).isdisjoint(item.tags))
        )

    def takes(self, unit: Sequence[Plannable]) -> bool:
        """Whether it may draw this unit; what it names is not drawn."""
        if self.items or (unit[0].case is None) != (not self.case_sets):
            return False
        return len(unit) == self.n // self.n_units and all(map(self.fits, unit))

    def __str__(self) -> str:
        if self.items:
            return f"the items {', '.join(self.items)}"
        what = [self.count(self.case_sets) if self.case_sets else str(self.n)]
        what += [f"of {self.objective or 'any objective'}"]
        what += [f"at {' or '.join(self.bloom)}"] if self.bloom else []
        what += [f"that are {' or '.join(self.difficulty)}"] if self.difficulty else []
        what += [f"tagged {' or '.join(self.tags)}"] if self.tags else []
        return " ".join(what)


class Shortage(BaseModel):
    """A part of the plan that the bank cannot fill. `available` units fit it (or, joined, it or any of its rivals)."""

    model_config = ConfigDict(frozen=True)
    part: PlanPart
    available: int
    wanted: int
    rivals: tuple[PlanPart, ...] = ()
    named: str = ""
    """The item that a part names and cannot have."""
    why: str = ""
    """Of that item, why not."""

    def __str__(self) -> str:
        if self.named:
            return f"the plan names {self.named!r}: {self.why}"
        if self.rivals:
            others = ", ".join(map(str, self.rivals))
            found = self.part.count(self.available)
            return f"the plan asks for {self.part} beside {others}, but together these find only {found}"
        return f"the plan asks for {self.part}, the bank has {self.available}"


ItemT = TypeVar("ItemT", bound=Plannable)
Unit = tuple[ItemT, ...]


def gather(pool: Sequence[ItemT]) -> list[Unit[ItemT]]:
    """The units of a pool in its order: single items, and case sets with their parts in order, if all are there."""
    units: list[list[ItemT]] = []
    cases: dict[str, list[ItemT]] = {}
    for item in pool:
        if item.case is None:
            units.append([item])
        elif item.case.id in cases:
            cases[item.case.id].append(item)
        else:
            cases[item.case.id] = [item]
            units.append(cases[item.case.id])
    return [_sort_parts(unit) for unit in units if unit[0].case is None or len(unit) == unit[0].case.n_parts]


def _sort_parts(unit: Sequence[ItemT]) -> Unit[ItemT]:
    return tuple(sorted(unit, key=lambda item: item.case.part if item.case is not None else 0))


def find_shortages(plan: Sequence[PlanPart], pool: Sequence[Plannable], times: int = 1) -> list[Shortage]:
    """Every part of `plan` that `pool` cannot fill `times` over, also where parts compete. Empty: it can be drawn.

    `times` concerns what is drawn; items that a part names are in each form as they are.
    """
    units = gather(pool)
    shortages = list(_check_named(plan, pool, units))
    named = {item_id for part in plan for item_id in part.items}
    free = [unit for unit in units if named.isdisjoint(item.id for item in unit)]
    fits = _list_fits(plan, free)
    wants = [0 if part.items else part.n_units * times for part in plan]
    for number, part in enumerate(plan):
        available = sum(number in parts for parts in fits)
        if available < wants[number]:
            shortages.append(Shortage(part=part, available=available, wanted=wants[number]))
    for group in _find_rivals(wants, fits):
        first, *others = sorted(group)
        shortages.append(
            Shortage(
                part=plan[first],
                available=sum(not group.isdisjoint(parts) for parts in fits),
                wanted=sum(wants[number] for number in group),
                rivals=tuple(plan[number] for number in others),
            )
        )
    return shortages


def _check_named(
    plan: Sequence[PlanPart], pool: Sequence[Plannable], units: Sequence[Unit[Plannable]]
) -> Iterator[Shortage]:
    """Items that parts name and cannot have: unknown ones, some named twice, a case set named in part."""
    known = {item.id: item for item in pool}
    whole = {item.id: {other.id for other in unit} for unit in units for item in unit}
    seen: set[str] = set()
    for part in plan:
        for item_id in part.items:
            case = known[item_id].case if item_id in known else None
            if item_id not in known:
                why = "the bank has no quiz item of that id"
            elif item_id in seen:
                why = "it is named already"
            elif case is not None and not whole.get(item_id, {""}) <= set(part.items):
                why = f"it belongs to a case set; name all {case.n_parts} items of it in one part"
            else:
                seen.add(item_id)
                continue
            yield Shortage(part=part, available=0, wanted=1, named=item_id, why=why)


def draw(
    plan: Sequence[PlanPart],
    pool: Sequence[ItemT],
    rng: Random,
    *,
    seen: Collection[str] = (),
    shuffle: bool = True,
) -> list[ItemT]:
    """Draw one test form: for each part its number of different items. Same seed, same form.

    No other form of the plan has fewer of the items `seen` (ids). Among equals, items of one part are equally likely
    unless parts compete for them. Items of a case set stay together in order; everything else is in random order, or
    without `shuffle` in that of the plan and, within a part, of the pool. `plan` must have no shortage in `pool`.
    """
    units = gather(pool)
    place = {item.id: number for number, unit in enumerate(units) for item in unit}
    if not all(item_id in place for part in plan for item_id in part.items):
        raise ValueError("the plan has a shortage; check it with find_shortages before drawing")
    chosen = [(part, place[item_id]) for part, each in enumerate(plan) for item_id in each.items]
    chosen = list(dict.fromkeys(chosen))
    named = {unit for _, unit in chosen}
    order = [number for number in range(len(units)) if number not in named]
    rng.shuffle(order)
    order.sort(key=lambda number: sum(item.id in seen for item in units[number]))
    wants = [0 if part.items else part.n_units for part in plan]
    owner = _match(wants, _list_fits(plan, [units[number] for number in order]))
    if len(owner) < sum(wants):
        raise ValueError("the plan has a shortage; check it with find_shortages before drawing")
    drawn = sorted((part, order[number]) for number, part in owner.items())
    chosen = sorted([*chosen, *drawn], key=lambda pair: pair[0])  # stable: named items stay as they are named
    if shuffle:
        rng.shuffle(chosen)
    return [item for _, number in chosen for item in units[number]]


# --- matching ---------------------------------------------------------------------------------------------------------


def _list_fits(plan: Sequence[PlanPart], units: Sequence[Sequence[Plannable]]) -> list[tuple[int, ...]]:
    """For each unit the parts that may draw it, worked out once for all that look alike."""
    known: dict[object, tuple[int, ...]] = {}
    fits = []
    for unit in units:
        look = tuple((i.objective, i.bloom, i.difficulty, tuple(i.tags), i.case is None) for i in unit)
        if look not in known:
            known[look] = tuple(number for number, part in enumerate(plan) if part.takes(unit))
        fits.append(known[look])
    return fits


def _match(wants: Sequence[int], fits: Sequence[tuple[int, ...]]) -> dict[int, int]:
    """A largest matching of units to parts: unit → part. Each unit in turn is taken if it can be beside the earlier.

    To make room, units move from part to part along the shortest augmenting path (Berge C, Proc Natl Acad Sci USA
    1957;43:842-844). Parts from which a search found no way out are full for good, so no later search enters them.
    """
    owner: dict[int, int] = {}
    held: list[set[int]] = [set() for _ in wants]
    full: set[int] = set()
    for unit, parts in enumerate(fits):
        if len(owner) == sum(wants):
            break
        came: dict[int, tuple[int | None, int]] = {part: (None, unit) for part in parts if part not in full}
        waiting = list(came)
        for part in waiting:
            if len(held[part]) < wants[part]:
                _move_up(part, came, owner, held)
                break
            for other in sorted(held[part]):
                for way in fits[other]:
                    if way not in came and way not in full:
                        came[way] = (part, other)
                        waiting.append(way)
        else:
            full.update(came)
    return owner


def _move_up(
    part: int, came: dict[int, tuple[int | None, int]], owner: dict[int, int], held: Sequence[set[int]]
) -> None:
    """Let each unit on the path move on by one part, so that the first place becomes free for the new one."""
    at: int | None = part
    while at is not None:
        before, unit = came[at]
        if before is not None:
            held[before].discard(unit)
        held[at].add(unit)
        owner[unit] = at
        at = before


def _find_rivals(wants: Sequence[int], fits: Sequence[tuple[int, ...]]) -> list[set[int]]:
    """Groups of parts that together want more units than fit any of them, as far as there is more than one in a group.

    From a part left short, follow the units that it could use to the parts that have them, and so on: these parts
    together have all the units there are for them (Hall P, J Lond Math Soc 1935;10:26-30).
    """
    owner = _match(wants, fits)
    have = Counter(owner.values())
    groups: list[set[int]] = []
    for short in range(len(wants)):
        if have[short] >= wants[short]:
            continue
        group, waiting = {short}, [short]
        for part in waiting:
            found = {owner[unit] for unit, parts in enumerate(fits) if part in parts} - group
            group |= found
            waiting += sorted(found)
        joined = [other for other in groups if not other.isdisjoint(group)]
        groups = [other for other in groups if other not in joined] + [group.union(*joined)]
    return [group for group in groups if len(group) > 1]
