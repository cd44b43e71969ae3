"""Whether the parts of a course fit together. Works on the trees as written, so that no fault hides another."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from quizapp.banks.course import Bank, CourseText, ModuleText, Written, list_sources
from quizapp.banks.markup import find_slips
from quizapp.domain.drafts import Draft, Path
from quizapp.domain.evidence import Citation, Register, find_citations
from quizapp.domain.faults import closest
from quizapp.domain.items.base import Bloom
from quizapp.domain.modules import ModuleFacts
from quizapp.domain.plans import PlanPart, find_shortages
from quizapp.domain.problems import Problem


def check_course(course: CourseText) -> Iterator[Problem]:
    """Everything that concerns more than one file of a course."""
    yield from _check_module_list(course)
    yield from _check_evidence(course.evidence)
    yield from _check_unique_items(course.modules)
    yield from _check_unique_facts(course.modules)
    yield from _check_prerequisites(course.modules)
    for module in course.modules:
        yield from check_module(module, course)


def check_module(module: ModuleText, course: CourseText | None = None) -> Iterator[Problem]:
    """Everything that concerns one module; what needs the rest of the course only where there is one."""
    evidence = course.evidence if course is not None else None
    if module.facts is not None:
        yield from _check_facts(module, module.facts, course)
    objectives = _objectives(module.facts)
    if module.lesson is not None:
        yield from _check_lesson(module, objectives, evidence)
    if module.bank is not None:
        yield from _check_bank(module, module.bank, objectives)
        yield from check_drafts(module.bank.drafts, evidence)


def check_drafts(drafts: Iterable[Draft], evidence: Written[Register] | None = None) -> Iterator[Problem]:
    """What can be said of each item without its module."""
    for draft in drafts:
        yield from _check_dates(draft.fields, draft.file, draft.lines, ("reviewed", "review_due"))
        yield from _check_texts(draft)
        yield from _check_claims(draft, evidence)


def check_unique_ids(bank: Bank) -> Iterator[Problem]:
    """Item ids within one bank."""
    return _check_unique(bank.drafts, "")


# --- the course --------------------------------------------------------------------------------------------------


def _check_module_list(course: CourseText) -> Iterator[Problem]:
    if course.course is None or not isinstance(course.course.tree.get("modules"), list):
        return
    sheet, listed = course.course.sheet, course.course.tree["modules"]
    folders = [module.name for module in course.modules]
    for number, name in enumerate(listed):
        line = sheet.line_of("modules", number)
        if name in listed[:number]:
            yield Problem(sheet.file, line, "duplicate-module", f"{name!r} is listed twice", "keep one")
        elif name not in folders:
            hint = closest(name, [f for f in folders if f not in listed], "make it, or take the line out")
            yield Problem(sheet.file, line, "no-module-folder", f"there is no module folder {name!r}", hint)
    for name in folders:
        if name not in listed:
            yield Problem(sheet.file, sheet.line_of("modules"), "unlisted-module", f"the module folder {name!r} is not listed", "add it")


def _check_evidence(evidence: Written[Register] | None) -> Iterator[Problem]:
    if evidence is None or not isinstance(evidence.tree.get("references"), dict):
        return
    sheet, known = evidence.sheet, list(evidence.tree["references"])
    for claim, references in (list_sources(evidence) or {}).items():
        line = sheet.line_of("claims", claim)
        if [c.claim for c in find_citations(f"[{claim}]")] != [claim]:
            yield Problem(sheet.file, line, "bad-claim-id", f"{claim[:40]!r} cannot be cited", "a letter A to F and a number, such as A1.1")
        for number, reference in enumerate(references):
            if reference not in known:
                at = sheet.line_of("claims", claim, "references", number)
                yield Problem(sheet.file, at, "unknown-reference", f"there is no reference {reference!r}", "add it, or correct it")


def _check_unique_items(modules: Iterable[ModuleText]) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for module in modules:
        yield from _check_unique(module.bank.drafts if module.bank else (), f"{module.name}/bank.yaml:", seen)


def _check_unique(drafts: Iterable[Draft], where: str, seen: dict[str, str] | None = None) -> Iterator[Problem]:
    seen = {} if seen is None else seen
    for draft in drafts:
        item_id, line = draft.fields.get("id"), draft.line_of(("id",))
        if isinstance(item_id, str) and item_id in seen:
            yield Problem(draft.file, line, "duplicate-item", f"the item id {item_id!r} is taken in {seen[item_id]}", "choose another")
        elif isinstance(item_id, str):
            seen[item_id] = f"{where}{line}" if where else f"line {line}"


def _check_unique_facts(modules: Iterable[ModuleText]) -> Iterator[Problem]:
    numbers: dict[int, str] = {}
    objectives: dict[str, str] = {}
    for module in modules:
        if module.facts is None:
            continue
        sheet, number = module.facts.sheet, module.facts.tree.get("number")
        if isinstance(number, int) and numbers.setdefault(number, module.name) != module.name:
            message = f"the module number {number} is taken by {numbers[number]!r}"
            yield Problem(sheet.file, sheet.line_of("number"), "duplicate-number", message, "choose another")
        for i, objective in enumerate(_objectives(module.facts) or ()):
            if objectives.setdefault(objective, module.name) != module.name:
                message = f"the objective {objective} belongs to {objectives[objective]!r}"
                yield Problem(sheet.file, sheet.line_of("objectives", i, "id"), "duplicate-objective", message, "number it anew")


def _check_prerequisites(modules: Iterable[ModuleText]) -> Iterator[Problem]:
    needs = {m.name: [n for n in _list(m.facts.tree, "requires") if isinstance(n, str)] for m in modules if m.facts is not None}
    for module in modules:
        for number, name in enumerate(needs.get(module.name, ())):
            assert module.facts is not None  # noqa: S101 - only these are in `needs`
            sheet = module.facts.sheet
            line = sheet.line_of("requires", number)
            if name not in needs:
                hint = closest(name, list(needs), "take it out")
                yield Problem(sheet.file, line, "unknown-module", f"the course has no module {name!r}", hint)
            elif module.name in _reachable(name, needs):
                yield Problem(sheet.file, line, "circle", f"{module.name!r} and {name!r} require each other", "nobody could begin: take one out")


def _reachable(start: str, needs: dict[str, list[str]]) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        for name in needs.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return found


# --- one module --------------------------------------------------------------------------------------------------


def _check_facts(module: ModuleText, facts: Written[ModuleFacts], course: CourseText | None) -> Iterator[Problem]:
    sheet, tree = facts.sheet, facts.tree
    if "id" in tree and tree["id"] != module.name:
        yield Problem(sheet.file, sheet.line_of("id"), "wrong-folder", f"the id {tree['id']!r} is not the folder's name", f"write {module.name!r}")
    yield from _check_dates(tree, sheet.file, sheet.lines, ("reviewed", "review_due"))
    yield from _check_dates(tree, sheet.file, sheet.lines, ("released", "credit_ends"))
    objectives = _objectives(facts) or []
    for number, objective in enumerate(objectives):
        if objective in objectives[:number]:
            line = sheet.line_of("objectives", number, "id")
            yield Problem(sheet.file, line, "duplicate-objective", f"{objective} is there twice", "number it anew")
    method = tree["credit"].get("method") if isinstance(tree.get("credit"), dict) else None
    methods = course.credit.tree.get("methods") if course is not None and course.credit is not None else None
    if isinstance(method, str) and isinstance(methods, dict) and method not in methods:
        hint = closest(method, list(methods), "add it to credit.yaml")
        yield Problem(sheet.file, sheet.line_of("credit", "method"), "unknown-method", f"credit.yaml has no method {method!r}", hint)
    yield from _check_plan(module, facts, objectives)


def _check_plan(module: ModuleText, facts: Written[ModuleFacts], objectives: list[str]) -> Iterator[Problem]:
    sheet = facts.sheet
    pool = _pool(module.bank)
    parts: dict[int, PlanPart] = {}
    for number, raw in enumerate(_list(facts.tree.get("quiz"), "plan")):
        try:
            part = PlanPart.model_validate(raw)
        except ValidationError:
            continue  # reported with the rest of the file
        if part.objective in objectives:
            parts[number] = part
        else:
            line = sheet.line_of("quiz", "plan", number, "objective")
            yield _unknown_objective(sheet.file, line, part.objective, objectives)
    if pool is None:
        return
    for shortage in find_shortages(list(parts.values()), pool):
        number = next(number for number, part in parts.items() if part is shortage.part)
        yield Problem(sheet.file, sheet.line_of("quiz", "plan", number), "plan-shortage", str(shortage), "write more items, or ask for fewer")
    for number, objective in enumerate(objectives):
        if not any(seed.objective == objective for seed in pool):
            line = sheet.line_of("objectives", number)
            yield Problem(sheet.file, line, "objective-without-item", f"no quiz item asks about {objective}", "write one, or drop the objective")


@dataclass(frozen=True, slots=True)
class _Seed:
    """What a plan looks at, of an item that may have faults elsewhere. A level that is none fits parts without levels."""

    objective: str
    bloom: Bloom


def _pool(bank: Bank | None) -> list[_Seed] | None:
    if bank is None or bank.head.sheet.tree is None:
        return None
    return [
        _Seed(str(d.fields.get("objective")), d.fields.get("bloom", ""))
        for d in bank.drafts
        if d.fields.get("use") == "quiz"
    ]


def _check_lesson(module: ModuleText, objectives: list[str] | None, evidence: Written[Register] | None) -> Iterator[Problem]:
    lesson, file = module.lesson, module.file("lesson.md")
    if lesson is None:
        return
    for section in lesson.sections:
        for objective in section.objectives:
            if objectives is not None and objective not in objectives:
                yield _unknown_objective(file, lesson.section_lines[section.id], objective, objectives)
    for path, line in lesson.figures.items():
        if path not in module.drawings:
            hint = closest(path, list(module.drawings), "draw it, or correct the path: figures/name.svg")
            yield Problem(file, line, "missing-figure", f"there is no drawing {path[:80]!r}", hint)
    for path in module.drawings:
        if path not in lesson.figures:
            yield Problem(module.file(path), 1, "orphan-figure", "no lesson shows this drawing", "show it, or take it away")
    for line, cited in lesson.citations:
        yield from _check_citation(cited, file, line, evidence)


def _check_bank(module: ModuleText, bank: Bank, objectives: list[str] | None) -> Iterator[Problem]:
    sheet = bank.head.sheet
    named = bank.head.tree.get("module")
    if isinstance(named, str) and named != module.name:
        yield Problem(sheet.file, sheet.line_of("module"), "wrong-module", f"{named!r} is not the folder's name", f"write {module.name!r}")
    if bank.drafts and not any(draft.fields.get("use") == "practice" for draft in bank.drafts):
        yield Problem(sheet.file, sheet.line_of("items"), "no-practice-items", "the practice set is empty", "mark some items use: practice")
    sections = list(module.lesson.section_lines) if module.lesson is not None else None
    for draft in bank.drafts:
        objective, section = draft.fields.get("objective"), draft.fields.get("section")
        if objectives is not None and isinstance(objective, str) and objective not in objectives:
            yield _unknown_objective(draft.file, draft.line_of(("objective",)), objective, objectives)
        if sections is not None and isinstance(section, str) and section not in sections:
            hint = closest(section, sections, "use the id of a ## heading of lesson.md")
            yield Problem(draft.file, draft.line_of(("section",)), "unknown-section", f"the lesson has no section {section[:80]!r}", hint)


# --- one item ----------------------------------------------------------------------------------------------------


def _check_texts(draft: Draft) -> Iterator[Problem]:
    for path, text in _texts(draft.fields):
        line = draft.line_of(path)
        if path == ("title",) and find_citations(text):
            yield Problem(draft.file, line, "citation-in-title", "a title does not cite", "cite in the rationales")
        if path[-1] == "rationale" and text.strip() and not find_citations(text):
            yield Problem(draft.file, line, "uncited", f"{_name(path)}: no claim is cited", "end it with a claim of evidence.yaml, such as [A1.1]")
        for slip in find_slips(text):
            yield Problem(draft.file, line, slip.code, f"{_name(path)}: {slip.message}", slip.hint)


def _check_claims(draft: Draft, evidence: Written[Register] | None) -> Iterator[Problem]:
    cited: set[str] = set()
    for path, text in _texts(draft.fields):
        for citation in find_citations(text):
            cited.add(citation.claim)
            yield from _check_citation(citation, draft.file, draft.line_of(path), evidence)
    claims = evidence.tree.get("claims") if evidence is not None else None
    if not isinstance(claims, dict) or draft.fields.get("use") != "quiz":
        return
    confidence = {claims[c].get("confidence") for c in cited if isinstance(claims.get(c), dict)}
    if confidence == {"c"}:
        message = f"it rests on tentative claims alone: {', '.join(sorted(cited))}"
        yield Problem(draft.file, draft.line_of(("id",)), "tentative-evidence", message, "cite a claim of confidence a or b, or make it a practice item")


def _check_citation(cited: Citation, file: str, line: int, evidence: Written[Register] | None) -> Iterator[Problem]:
    sources = list_sources(evidence)
    if sources is None:
        return
    if cited.claim not in sources:
        hint = closest(cited.claim, list(sources), "see evidence.yaml")
        yield Problem(file, line, "unknown-claim", f"evidence.yaml has no claim {cited.claim}", hint)
        return
    for reference in cited.references:
        if reference not in sources[cited.claim]:
            hint = f"it rests on {', '.join(sources[cited.claim]) or 'none'}"
            yield Problem(file, line, "unknown-reference", f"the claim {cited.claim} does not rest on {reference}", hint)


# --- small things ------------------------------------------------------------------------------------------------


def _unknown_objective(file: str, line: int, objective: str, known: list[str]) -> Problem:
    return Problem(file, line, "unknown-objective", f"the module has no objective {objective[:40]!r}", f"one of {', '.join(known)}")


def _check_dates(tree: Any, file: str, lines: Any, names: tuple[str, str]) -> Iterator[Problem]:
    """The second date comes after the first."""
    first, second = (_date(tree.get(name)) for name in names)
    if first is not None and second is not None and second <= first:
        line = lines.get((names[1],), lines.get((), 1))
        yield Problem(file, line, "date-order", f"{names[1]} {second} is not after {names[0]} {first}", "correct one of them")


def _date(value: Any) -> dt.date | None:
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, dt.date) else None


def _objectives(facts: Written[ModuleFacts] | None) -> list[str] | None:
    """The ids of the objectives as written; None where they cannot be read."""
    if facts is None or not isinstance(facts.tree.get("objectives"), list):
        return None
    return [str(o.get("id")) for o in facts.tree["objectives"] if isinstance(o, dict)]


def _list(tree: Any, name: str) -> list[Any]:
    found = tree.get(name) if isinstance(tree, dict) else None
    return found if isinstance(found, list) else []


def _texts(tree: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text in a tree with its path."""
    if isinstance(tree, str):
        yield path, tree
    elif isinstance(tree, dict):
        for name, part in tree.items():
            yield from _texts(part, (*path, name))
    elif isinstance(tree, list):
        for number, part in enumerate(tree):
            yield from _texts(part, (*path, number))


def _name(path: Path) -> str:
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path)
