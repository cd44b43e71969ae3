"""Whether the parts of a course fit together. Works on the trees as written, so that no fault hides another."""

from collections.abc import Iterable, Iterator
from typing import Any

from quizapp.banks.course import Bank, CourseText, ModuleText, Written, list_sources, list_terms
from quizapp.banks.final_checks import check_final
from quizapp.banks.item_checks import check_citation, check_dates, check_drafts, check_term, check_unique
from quizapp.banks.item_figures import list_figures
from quizapp.banks.lesson import Lesson
from quizapp.banks.markup import Sources, find_slips
from quizapp.banks.plan_checks import check_plan, list_objectives, unknown_objective
from quizapp.domain.evidence import Register, find_citations
from quizapp.domain.faults import closest
from quizapp.domain.glossary import Glossary, find_terms
from quizapp.domain.problems import Problem


def check_course(course: CourseText) -> Iterator[Problem]:
    """Everything that concerns more than one file of a course."""
    yield from _check_module_list(course)
    yield from check_evidence(course.evidence)
    yield from check_glossary(course.glossary, list_sources(course.evidence))
    yield from _check_unique(course.modules)
    yield from _check_prerequisites(course.modules)
    for module in course.modules:
        yield from check_module(module, course)


def check_module(module: ModuleText, course: CourseText | None = None) -> Iterator[Problem]:
    """Everything that concerns one module; what needs the rest of the course only where there is one."""
    evidence = course.evidence if course is not None else None
    terms = list_terms(course.glossary) if course is not None else None
    objectives = list_objectives(module.facts)
    yield from _check_facts(module, course)
    if module.is_final:
        yield from check_final(module, course)
        yield from check_plan(module, course)
        return
    yield from check_plan(module, course)
    if module.lesson is not None:
        yield from _check_lesson(module, module.lesson, objectives, list_sources(evidence))
        for line, term in module.lesson.terms:
            yield from check_term(term, module.file("lesson.md"), line, terms)
    yield from _check_bank(module, objectives)
    yield from check_drafts(module.bank.drafts, evidence, terms)


def check_evidence(evidence: Written[Register]) -> Iterator[Problem]:
    """Claims can be cited and rest on references that are there."""
    sheet, known = evidence.sheet, evidence.tree.get("references")
    for claim, references in (list_sources(evidence) or {}).items():
        if [cited.claim for cited in find_citations(f"[{claim}]")] != [claim]:
            hint = "a letter A to F and a number, such as A1.1"
            yield sheet.problem(("claims", claim), "bad-claim-id", f"{claim[:40]!r} cannot be cited", hint)
        for number, reference in enumerate(references):
            if isinstance(known, dict) and reference not in known:
                at = ("claims", claim, "references", number)
                yield sheet.problem(at, "unknown-reference", f"there is no reference {reference[:40]!r}", "add it")


def check_glossary(glossary: Written[Glossary], sources: Sources | None = None) -> Iterator[Problem]:
    """Each term is defined once, in text that shows as meant and cites claims that are there."""
    sheet, names = glossary.sheet, dict[str, str]()
    terms = glossary.tree.get("terms")
    for term_id, fields in terms.items() if isinstance(terms, dict) else ():
        if not isinstance(fields, dict):
            continue  # reported with the rest of the file
        name = str(fields.get("term", "")).casefold()
        if name and names.setdefault(name, term_id) != term_id:
            message = f"the term {name[:60]!r} is defined as {names[name]!r} already"
            yield sheet.problem(("terms", term_id, "term"), "duplicate-term", message, "keep one")
        at, text = ("terms", term_id, "definition"), str(fields.get("definition", ""))
        for slip in find_slips(text):
            yield sheet.problem(at, slip.code, slip.message, slip.hint)
        for cited in find_citations(text):
            yield from check_citation(cited, sheet.file, sheet.line_of(*at), sources)
        if find_terms(text):
            yield sheet.problem(at, "term-in-definition", "a definition does not link to a term", "say it in words")


# --- the course --------------------------------------------------------------------------------------------------


def _check_module_list(course: CourseText) -> Iterator[Problem]:
    sheet, listed = course.course.sheet, _list(course.course.tree, "modules")
    folders = [module.name for module in course.modules]
    for number, name in enumerate(listed):
        if name in listed[:number]:
            yield sheet.problem(("modules", number), "duplicate-module", f"{name!r} is listed twice", "keep one")
        elif name not in folders:
            hint = closest(name, [f for f in folders if f not in listed], "make it, or take the line out")
            yield sheet.problem(("modules", number), "no-module-folder", f"there is no module folder {name!r}", hint)
    for name in folders:
        if listed and name not in listed:
            message = f"the module folder {name!r} is not listed"
            yield sheet.problem(("modules",), "unlisted-module", message, "add it, or take the folder away")


def _check_unique(modules: Iterable[ModuleText]) -> Iterator[Problem]:
    """Item ids, module numbers and objectives belong to one module each."""
    items: dict[str, str] = {}
    numbers: dict[int, str] = {}
    objectives: dict[str, str] = {}
    for module in modules:
        yield from check_unique(module.bank.drafts, f"{module.name}/bank.yaml:", items)
        sheet, number = module.facts.sheet, module.facts.tree.get("number")
        if isinstance(number, int) and numbers.setdefault(number, module.name) != module.name:
            message = f"the module number {number} is taken by {numbers[number]!r}"
            yield sheet.problem(("number",), "duplicate-number", message, "choose another")
        for i, objective in enumerate(list_objectives(module.facts) or ()):
            if objectives.setdefault(objective, module.name) != module.name:
                message = f"the objective {objective[:40]} belongs to {objectives[objective]!r}"
                yield sheet.problem(("objectives", i, "id"), "duplicate-objective", message, "number it anew")


def _check_prerequisites(modules: Iterable[ModuleText]) -> Iterator[Problem]:
    needs = {m.name: [n for n in _list(m.facts.tree, "requires") if isinstance(n, str)] for m in modules}
    for module in modules:
        sheet = module.facts.sheet
        for number, name in enumerate(needs[module.name]):
            if name not in needs:
                hint = closest(name, list(needs), "take it out")
                yield sheet.problem(("requires", number), "unknown-module", f"the course has no module {name!r}", hint)
            elif module.name in _reachable(name, needs):
                message = f"{module.name!r} requires {name!r}, which requires it in turn"
                yield sheet.problem(("requires", number), "circle", message, "nobody could begin: take one out")


def _reachable(start: str, needs: dict[str, list[str]]) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        new = set(needs.get(waiting.pop(), ())) - found
        found |= new
        waiting += new
    return found


# --- one module --------------------------------------------------------------------------------------------------


def _check_facts(module: ModuleText, course: CourseText | None) -> Iterator[Problem]:
    sheet, tree = module.facts.sheet, module.facts.tree
    if "id" in tree and tree["id"] != module.name:
        message = f"the id {tree['id']!r} is not the folder's name"
        yield sheet.problem(("id",), "wrong-folder", message, f"write {module.name}")
    yield from check_dates(tree, sheet.file, sheet.lines, "reviewed", "review_due")
    yield from check_dates(tree, sheet.file, sheet.lines, "released", "credit_ends")
    objectives = list_objectives(module.facts) or []
    for number, objective in enumerate(objectives):
        if objective in objectives[:number]:
            message = f"the objective {objective[:40]} is there twice"
            yield sheet.problem(("objectives", number, "id"), "duplicate-objective", message, "number it anew")
    method = tree["credit"].get("method") if isinstance(tree.get("credit"), dict) else None
    methods = course.credit.tree.get("methods") if course is not None else None
    if isinstance(method, str) and isinstance(methods, dict) and method not in methods:
        hint = closest(method, list(methods), "add it to credit.yaml")
        yield sheet.problem(("credit", "method"), "unknown-method", f"credit.yaml has no method {method!r}", hint)


def _check_lesson(
    module: ModuleText, lesson: Lesson, objectives: list[str] | None, sources: Sources | None
) -> Iterator[Problem]:
    file = module.file("lesson.md")
    for section in lesson.sections:
        for objective in section.objectives:
            if objectives is not None and objective not in objectives:
                yield unknown_objective(file, lesson.section_lines[section.id], objective, objectives)
    for path, line in lesson.figures.items():
        if path not in module.drawings:
            hint = closest(path, list(module.drawings), "draw it, or correct the path: figures/name.svg")
            yield Problem(file, line, "missing-figure", f"there is no drawing {path[:80]!r}", hint)
    shown = {*lesson.figures, *list_figures(module.bank.drafts)}
    for path in module.drawings:
        if path not in shown:
            message, hint = "no lesson and no item shows this drawing", "show it, or take it away"
            yield Problem(module.file(path), 1, "orphan-figure", message, hint)
    for line, cited in lesson.citations:
        yield from check_citation(cited, file, line, sources)


def _check_bank(module: ModuleText, objectives: list[str] | None) -> Iterator[Problem]:
    bank: Bank = module.bank
    sheet, named = bank.head.sheet, bank.head.tree.get("module")
    if isinstance(named, str) and named != module.name:
        message = f"{named!r} is not the folder's name"
        yield sheet.problem(("module",), "wrong-module", message, f"write {module.name}")
    if bank.drafts and all(draft.fields.get("use") == "quiz" for draft in bank.drafts):
        message, hint = "the practice set is empty", "mark some items use: practice"
        yield sheet.problem(("items",), "no-practice-items", message, hint)
    sections = list(module.lesson.section_lines) if module.lesson is not None else None
    for draft in bank.drafts:
        objective, section = draft.fields.get("objective"), draft.fields.get("section")
        if objectives is not None and isinstance(objective, str) and objective not in objectives:
            yield unknown_objective(draft.file, draft.line_of(("objective",)), objective, objectives)
        if sections is not None and isinstance(section, str) and section not in sections:
            message = f"the lesson has no section {section[:80]!r}"
            hint = closest(section, sections, "use the id of a ## heading of lesson.md")
            yield Problem(draft.file, draft.line_of(("section",)), "unknown-section", message, hint)


def _list(tree: Any, name: str) -> list[Any]:
    found = tree.get(name) if isinstance(tree, dict) else None
    return found if isinstance(found, list) else []
