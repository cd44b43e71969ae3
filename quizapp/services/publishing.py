"""Publishing: a course folder becomes immutable versions; and reading those versions back, cached.

A version is known by the SHA-256 of its canonical JSON. Publishing a folder twice writes nothing the second time.
"""

import datetime as dt
import json
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection
from sqlalchemy.orm import Session
from sqlalchemy.pool import Pool

from quizapp.banks.checking import check_path
from quizapp.banks.course import CourseText, ModuleText
from quizapp.domain.credit import work_out
from quizapp.domain.errors import NotFound
from quizapp.domain.items import Item, restore_item, store_item
from quizapp.domain.modules import Module
from quizapp.domain.problems import Problem
from quizapp.store import content as store
from quizapp.store.db import unit_of_work

CACHE_BYTES = 32_000_000
"""Of JSON text per database; the objects made from it take a small multiple."""


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
    with unit_of_work() as session:
        return _store(session, course.id, course.model_dump(mode="json"), ready, now)


def build_module(text: ModuleText, course: CourseText) -> Module:
    """The module as it is published, from files without faults."""
    facts, methods = text.facts.whole, course.credit.whole.methods
    sections = text.lesson.sections if text.lesson is not None else ()
    cited = [f"[{claim}]" for section in sections for claim in section.cites]
    cited += [written for item in text.bank.items if item is not None for written in item.texts()]
    words = sum(section.words for section in sections)
    return Module(
        facts=facts,
        sections=sections,
        evidence=course.evidence.whole.cited_by(cited),
        credit=work_out(methods[facts.credit.method], words, facts.quiz.n_items, facts.credit.difficulty),
    )


def hash_content(content: Any) -> str:
    """SHA-256 of the canonical JSON: keys sorted, no spaces, UTF-8."""
    return sha256(_canonical(content).encode()).hexdigest()


def _canonical(content: Any) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _prepare(text: ModuleText, course: CourseText) -> _Ready:
    module = build_module(text, course)
    stored = [(item, store_item(item)) for item in text.bank.items if item is not None]
    items = tuple((item, content, hash_content(content)) for item, content in stored)
    content = module.model_dump(mode="json")
    digest = hash_content({"module": content, "items": sorted([item.id, item_hash] for item, _, item_hash in items)})
    return _Ready(module.id, content, digest, items)


def _store(session: Session, course_id: str, content: dict[str, Any], ready: list[_Ready], now: dt.datetime) -> Report:
    is_new = not store.has_course(session, course_id)
    is_changed = store.put_course(session, course_id, content, now)
    known = store.find_item_versions(session, [digest for module in ready for _, _, digest in module.items])
    modules: list[tuple[str, State]] = []
    items: list[tuple[str, State]] = []
    for module in ready:
        before = store.find_module_hash(session, module.module_id)
        old_items = store.list_item_ids(session, before[0]) if before is not None else {}
        pool = []
        for item, item_content, digest in module.items:
            version_id = known.get((item.id, digest)) or store.add_item_version(
                session, item.id, digest, item_content, now
            )
            pool.append(
                {"item_version_id": version_id, "use": item.use, "objective": item.objective, "bloom": item.bloom.value}
            )
            items.append((item.id, _compare(old_items.pop(item.id, None), digest)))
        items += [(item_id, State.WITHDRAWN) for item_id in sorted(old_items)]
        store.publish_module_version(
            session,
            course_id=course_id,
            module_id=module.module_id,
            digest=module.digest,
            content=module.content,
            pool=pool,
            now=now,
        )
        modules.append((module.module_id, _compare(before and before[1], module.digest)))
    gone = store.withdraw_modules(session, course_id, keep=[module.module_id for module in ready])
    modules += [(module_id, State.WITHDRAWN) for module_id in gone]
    state = State.NEW if is_new else State.CHANGED if is_changed else State.UNCHANGED
    return Report(course=state, modules=tuple(modules), items=tuple(items))


def _compare(before: str | None, after: str) -> State:
    if before is None:
        return State.NEW
    return State.UNCHANGED if before == after else State.CHANGED


# --- reading back ------------------------------------------------------------------------------------------------

T = TypeVar("T")
Load = Callable[[Connection | Session, Iterable[int]], dict[int, dict[str, Any]]]


class _Cache:
    """The versions of one database that were used last, bounded in bytes of their JSON."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.n_bytes = 0
        self._held: OrderedDict[tuple[type, int], tuple[Any, int]] = OrderedDict()
        self._lock = Lock()

    def find(self, kind: type[T], version_id: int) -> T | None:
        with self._lock:
            found = self._held.get((kind, version_id))
            if found is None:
                return None
            self._held.move_to_end((kind, version_id))
            return found[0]  # type: ignore[no-any-return]

    def hold(self, kind: type, version_id: int, value: object, n_bytes: int) -> None:
        with self._lock:
            _, before = self._held.pop((kind, version_id), (None, 0))
            self._held[kind, version_id] = (value, n_bytes)
            self.n_bytes += n_bytes - before
            while self.n_bytes > self.max_bytes:
                _, (_, freed) = self._held.popitem(last=False)
                self.n_bytes -= freed


_CACHES: WeakKeyDictionary[Pool, _Cache] = WeakKeyDictionary()
_CACHES_LOCK = Lock()


def _cache_of(connection: Connection | Session) -> _Cache:
    """The cache of the database behind `connection`: one per pool of connections, gone when that is."""
    engine = connection.connection().engine if isinstance(connection, Session) else connection.engine
    with _CACHES_LOCK:
        return _CACHES.setdefault(engine.pool, _Cache(CACHE_BYTES))


def get_module_version(connection: Connection | Session, version_id: int) -> Module:
    """A published module version."""
    return get_module_versions(connection, [version_id])[version_id]


def get_module_versions(connection: Connection | Session, version_ids: Iterable[int]) -> dict[int, Module]:
    """Published module versions by id, in the order asked for; one select at most, none when all are cached."""
    return _get(connection, version_ids, Module, store.load_module_versions, Module.model_validate)


def get_items(connection: Connection | Session, version_ids: Iterable[int]) -> dict[int, Item]:
    """Published item versions by id, in the order asked for; one select at most, none when all are cached."""
    return _get(connection, version_ids, Item, store.load_item_versions, restore_item)  # type: ignore[type-abstract]


def _get(
    connection: Connection | Session,
    version_ids: Iterable[int],
    kind: type[T],
    load: Load,
    restore: Callable[[dict[str, Any]], T],
) -> dict[int, T]:
    cache = _cache_of(connection)
    wanted = list(dict.fromkeys(version_ids))
    found = {i: value for i in wanted if (value := cache.find(kind, i)) is not None}
    absent = [i for i in wanted if i not in found]
    if absent:
        loaded = load(connection, absent)
        if len(loaded) < len(absent):
            raise NotFound("There is no such version of this content.")
        for i, content in loaded.items():
            found[i] = restore(content)
            cache.hold(kind, i, found[i], len(_canonical(content)))
    return {i: found[i] for i in wanted}
