"""Publishing: a course folder becomes immutable versions; and reading those versions back, cached.

A version is known by the SHA-256 of its canonical JSON. Publishing a folder twice writes nothing the second time.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from quizapp.banks.checking import check_path
from quizapp.banks.course import CourseText, ModuleText
from quizapp.domain.credit import work_out
from quizapp.domain.glossary import find_terms
from quizapp.domain.items import Item, store_item
from quizapp.domain.modules import DrawnModule, DrawnSection, FinalFacts, Module, ModuleFacts, QuizRules
from quizapp.domain.plans import gather
from quizapp.domain.problems import Problem
from quizapp.services.versions import canonical_json
from quizapp.store import content as store
from quizapp.store.content import PoolItem, PoolSeat
from quizapp.store.db import unit_of_work


class State(StrEnum):
    """What publishing did to a module or an item."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Report:
    """What publishing did, or why it did nothing: with `problems` the course was refused whole."""

    problems: tuple[Problem, ...] = ()
    course: State | None = None
    modules: tuple[tuple[str, State], ...] = ()
    items: tuple[tuple[str, State], ...] = ()

    def count(self, changes: Iterable[tuple[str, State]]) -> dict[State, int]:
        """How many of `modules` or `items` are in each state, states without any left out."""
        states = [state for _, state in changes]
        return {state: states.count(state) for state in State if state in states}


@dataclass(frozen=True, slots=True)
class _Ready:
    """A module ready to be stored: all work that needs no database is done."""

    module_id: str
    content: dict[str, Any]
    digest: str
    items: tuple[tuple[Item, dict[str, Any], str], ...]
    """Item, content, hash."""
    is_final: bool
    """Its items are other modules' own."""


def publish_course(path: Path, now: dt.datetime) -> Report:
    """Check the course folder at `path` and make it what learners get, in one transaction, or refuse it whole."""
    checked = check_path(path)
    if checked.problems or checked.course is None:
        problem = Problem(
            str(path), 1, "no-course", "this is not the folder of a course", "name the folder that holds course.yaml"
        )
        return Report(problems=checked.problems or (problem,))
    text, course = checked.course, checked.course.course.whole
    folders = {module.name: module for module in text.modules}
    ready = [_prepare(folders[name], text) for name in course.modules]
    with unit_of_work() as connection:
        return _store(connection, course.id, course.model_dump(mode="json"), ready, now)


def build_module(text: ModuleText, course: CourseText) -> Module:
    """The module as it is published, from files without faults."""
    facts, methods = text.facts.whole, course.credit.whole.methods
    sections = text.lesson.sections if text.lesson is not None else ()
    cited = [f"[{claim}]" for section in sections for claim in section.cites]
    written = [part for item in list_items(text, course) for part in item.texts()]
    linked = {term for section in sections for term in section.terms}
    glossary = course.glossary.whole.used_by(linked | {term for part in written for _, term in find_terms(part)})
    cited += [*written, *(term.definition for term in glossary.values())]
    words = sum(section.words for section in sections)
    return Module(
        facts=facts,
        sections=sections,
        drawn=tuple(_describe(drawn, facts.quiz) for drawn in list_drawn(text, course)),
        evidence=course.evidence.whole.cited_by(cited),
        glossary=glossary,
        credit=work_out(methods[facts.credit.method], words, facts.quiz.n_items, facts.credit.difficulty)
        if isinstance(facts, ModuleFacts)
        else None,
    )


def list_drawn(text: ModuleText, course: CourseText) -> list[ModuleText]:
    """The modules that a final draws from, in course order; none for any other module."""
    facts, listed = text.facts.whole, course.course.whole.modules
    named = facts.draws_from if isinstance(facts, FinalFacts) else ()
    return sorted((m for m in course.modules if m.name in named), key=lambda m: listed.index(m.name))


def list_items(text: ModuleText, course: CourseText) -> list[Item]:
    """The items of a module; of a final those quiz items of the modules it draws from that its plan can ask for."""
    own = [item for item in text.bank.items if item is not None]
    return own + [item for module in list_drawn(text, course) for item in _list_asked(module, text.facts.whole.quiz)]


def _list_asked(text: ModuleText, quiz: QuizRules) -> list[Item]:
    """The quiz items of a bank that a plan names or may draw, case sets whole."""
    asked = [item for item in text.bank.items if item is not None and item.use == "quiz"]
    named = {item_id for part in quiz.plan for item_id in part.items}
    units = [
        unit
        for unit in gather(asked)
        if any(item.id in named for item in unit) or any(part.takes(unit) for part in quiz.plan)
    ]
    wanted = {item.id for unit in units for item in unit}
    return [item for item in asked if item.id in wanted]


def _describe(text: ModuleText, quiz: QuizRules) -> DrawnModule:
    """What a final keeps of a module that it draws from."""
    facts, tested = text.facts.whole, {item.objective for item in _list_asked(text, quiz)}
    objectives = facts.objectives if isinstance(facts, ModuleFacts) else ()
    sections = text.lesson.sections if text.lesson is not None else ()
    return DrawnModule(
        id=facts.id,
        number=facts.number,
        title=facts.title,
        objectives=tuple(o for o in objectives if o.id in tested),
        sections=tuple(DrawnSection(id=s.id, title=s.title) for s in sections),
    )


def hash_content(content: Any) -> str:
    """SHA-256 of the canonical JSON: keys sorted, no spaces, UTF-8."""
    return sha256(canonical_json(content).encode()).hexdigest()


def _prepare(text: ModuleText, course: CourseText) -> _Ready:
    module = build_module(text, course)
    stored = [(item, store_item(item)) for item in list_items(text, course)]
    items = tuple((item, content, hash_content(content)) for item, content in stored)
    content = module.model_dump(mode="json")
    digest = hash_content({"module": content, "items": sorted([item.id, item_hash] for item, _, item_hash in items)})
    return _Ready(module.id, content, digest, items, module.is_final)


def _store(
    connection: Connection, course_id: str, content: dict[str, Any], ready: list[_Ready], now: dt.datetime
) -> Report:
    is_new = not store.has_course(connection, course_id)
    is_changed = store.put_course(connection, course_id, content, now)
    known = store.find_item_versions(connection, [digest for module in ready for _, _, digest in module.items])
    modules: list[tuple[str, State]] = []
    items: list[tuple[str, State]] = []
    for module in ready:
        before = store.find_module_hash(connection, module.module_id)
        old_items = store.list_item_ids(connection, before[0]) if before is not None else {}
        pool = []
        for item, item_content, digest in module.items:
            version_id = known.get((item.id, digest)) or store.add_item_version(
                connection, item.id, digest, item_content, now
            )
            pool.append({"use": item.use, **_describe_item(version_id, item).to_row()})
            known[item.id, digest] = version_id  # a final finds what its modules have just added
            if not module.is_final:
                items.append((item.id, _compare(old_items.pop(item.id, None), digest)))
        if not module.is_final:
            items += [(item_id, State.WITHDRAWN) for item_id in sorted(old_items)]
        store.publish_module_version(
            connection,
            course_id=course_id,
            module_id=module.module_id,
            digest=module.digest,
            content=module.content,
            pool=pool,
            now=now,
        )
        modules.append((module.module_id, _compare(before and before[1], module.digest)))
    gone = store.withdraw_modules(connection, course_id, keep=[module.module_id for module in ready])
    modules += [(module_id, State.WITHDRAWN) for module_id in gone]
    state = State.NEW if is_new else State.CHANGED if is_changed else State.UNCHANGED
    return Report(course=state, modules=tuple(modules), items=tuple(items))


def _describe_item(version_id: int, item: Item) -> PoolItem:
    case = item.case
    seat = PoolSeat(case.id, case.part, case.n_parts) if case is not None else None
    return PoolItem(version_id, item.id, item.objective, item.bloom, item.difficulty, item.tags, seat)


def _compare(before: str | None, after: str) -> State:
    if before is None:
        return State.NEW
    return State.UNCHANGED if before == after else State.CHANGED
