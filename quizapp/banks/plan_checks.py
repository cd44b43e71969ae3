"""Whether an exam plan finds its items in the bank, and how many there are for each place.

Works on the trees as written, so that an item with a fault elsewhere still counts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from quizapp.banks.course import CourseText, ModuleText, Written
from quizapp.banks.final_checks import list_drawn
from quizapp.domain.drafts import Draft
from quizapp.domain.faults import closest
from quizapp.domain.modules import Facts
from quizapp.domain.plans import PlanPart, find_shortages, gather
from quizapp.domain.problems import Problem

ITEMS_PER_PLACE = 3
"""So that a second and a third attempt are not the same test."""


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """One part of an exam plan against the bank. Parts may share what is available."""

    module: str
    part: str
    needed: int
    """Items, or case sets."""
    available: int
    per_place: float
    """Rounded down to one decimal place; of items that a part names, each place has its own."""


@dataclass(frozen=True, slots=True)
class _Seat:
    id: str
    part: int
    n_parts: int


@dataclass(frozen=True, slots=True)
class _Seed:
    """What a plan looks at, of an item that may have faults elsewhere. A level that is none fits parts without one."""

    id: str
    objective: str
    bloom: str
    difficulty: str
    tags: tuple[str, ...]
    case: _Seat | None


def check_plan(module: ModuleText, course: CourseText | None) -> Iterator[Problem]:
    """Each part names an objective (where all of them are known) and finds its items; each objective has an item.

    The plan of a final is checked against the banks that it draws from, as far as they can be read.
    """
    if module.is_final and course is None:
        return
    drawn = list_drawn(module, course) if module.is_final and course is not None else [module]
    objectives = [objective for other in drawn for objective in list_objectives(other.facts) or ()]
    is_whole = not module.is_final or (
        len(drawn) == len(_list(module.facts.tree, "draws_from")) and all(other.facts.value for other in drawn)
    )
    if module.is_final and not is_whole and not objectives:
        return
    parts: dict[int, PlanPart] = {}
    for number, part in _read_parts(module).items():
        if part.objective is None or part.objective in objectives:
            parts[number] = part
        elif is_whole:
            line = module.facts.sheet.line_of("quiz", "plan", number, "objective")
            yield unknown_objective(module.facts.sheet.file, line, part.objective, objectives)
    drafts = [draft for other in drawn for draft in other.bank.drafts]
    if not drafts:
        return
    pool = _read_pool(drafts)
    yield from _check_shortages(module, parts, pool)
    for number, objective in enumerate(list_objectives(module.facts) or ()):
        if not any(seed.objective == objective for seed in pool):
            message = f"no quiz item asks about {objective[:40]}"
            hint = "write one, or drop the objective"
            yield module.facts.sheet.problem(("objectives", number), "objective-without-item", message, hint)


def _check_shortages(module: ModuleText, parts: Mapping[int, PlanPart], pool: Sequence[_Seed]) -> Iterator[Problem]:
    sheet, known = module.facts.sheet, [seed.id for seed in pool]
    for shortage in find_shortages(list(parts.values()), pool):
        number = next(number for number, part in parts.items() if part is shortage.part)
        at: tuple[str | int, ...] = ("quiz", "plan", number)
        if shortage.named and shortage.named not in known:
            hint = closest(shortage.named, known, "name an item of the bank with use: quiz")
            yield sheet.problem((*at, "items"), "unknown-item", str(shortage), hint)
        elif shortage.named:
            yield sheet.problem((*at, "items"), "plan-shortage", str(shortage), "correct the list")
        else:
            hint = "write more items, or ask for fewer"
            yield sheet.problem((*at, "n"), "plan-shortage", str(shortage), hint)


def note_thin_parts(module: ModuleText, course: CourseText | None) -> Iterator[Problem]:
    """Parts, or parts that share their items, for which there are fewer than three items for each place."""
    parts, pool = _read_plan(module, course)
    plan = list(parts.values())
    if not pool or find_shortages(plan, pool):
        return
    for shortage in find_shortages(plan, pool, times=ITEMS_PER_PLACE):
        number = next(number for number, part in parts.items() if part is shortage.part)
        found, places = shortage.part.count(shortage.available), shortage.wanted // ITEMS_PER_PLACE
        beside = f" beside {', '.join(map(str, shortage.rivals))}" if shortage.rivals else ""
        message = f"{shortage.part}{beside}: {found} for {places} place{'' if places == 1 else 's'}"
        hint = f"{ITEMS_PER_PLACE} for each make another attempt another test"
        yield module.facts.sheet.problem(("quiz", "plan", number), "few-per-place", message, hint)


def list_plan_figures(module: ModuleText, course: CourseText | None) -> list[PlanFigures]:
    """How many items each part of the plan needs and finds; of a final only where its course is there."""
    parts, pool = _read_plan(module, course)
    units = gather(pool)
    figures = []
    for part in parts.values():
        available = sum(map(part.fits, pool)) if part.items else sum(map(part.takes, units))
        per_place = 10 * available // part.n_units / 10
        figures.append(PlanFigures(module.name, str(part), part.n_units, available, per_place))
    return figures


def _read_plan(module: ModuleText, course: CourseText | None) -> tuple[dict[int, PlanPart], list[_Seed]]:
    """The parts that can be read, by their number, and what they draw from."""
    drawn = [module] if not module.is_final else list_drawn(module, course) if course is not None else []
    return _read_parts(module), _read_pool([draft for other in drawn for draft in other.bank.drafts])


def _read_parts(module: ModuleText) -> dict[int, PlanPart]:
    parts = {}
    for number, raw in enumerate(_list(module.facts.tree.get("quiz"), "plan")):
        try:
            parts[number] = PlanPart.model_validate(raw)
        except ValidationError:
            continue  # reported with the rest of the file
    return parts


def _read_pool(drafts: Sequence[Draft]) -> list[_Seed]:
    return [_read_seed(draft.fields) for draft in drafts if draft.fields.get("use") != "practice"]


def _read_seed(fields: Mapping[str, Any]) -> _Seed:
    case, tags = fields.get("case"), fields.get("tags")
    return _Seed(
        str(fields.get("id")),
        str(fields.get("objective")),
        str(fields.get("bloom")),
        str(fields.get("difficulty")),
        tuple(map(str, tags)) if isinstance(tags, list) else (),
        _Seat(str(case["id"]), int(case["part"]), int(case["n_parts"])) if isinstance(case, dict) else None,
    )


def unknown_objective(file: str, line: int, objective: str, known: list[str]) -> Problem:
    """The fault of naming an objective that is not there."""
    message = f"the module has no objective {objective[:40]!r}"
    return Problem(file, line, "unknown-objective", message, f"one of {', '.join(known)}" if known else "")


def list_objectives(facts: Written[Facts]) -> list[str] | None:
    """The ids of the objectives as written; None where they cannot be read."""
    if not isinstance(facts.tree.get("objectives"), list):
        return None
    return [str(o.get("id")) for o in facts.tree["objectives"] if isinstance(o, dict)]


def _list(tree: Any, name: str) -> list[Any]:
    found = tree.get(name) if isinstance(tree, dict) else None
    return found if isinstance(found, list) else []
