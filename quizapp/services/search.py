"""One search over what a person may read: lessons, glossary, references and their own notes.

The published course is small, so its index is a few lists in memory: made when a version is first searched, and kept
until another is. Items, keys and reasons are not among its entries. Own notes are read from the database each time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from urllib.parse import quote
from weakref import WeakKeyDictionary

from sqlalchemy import Connection
from sqlalchemy.pool import Pool

from quizapp.banks.markup import show_inline
from quizapp.banks.plain_text import read_plain
from quizapp.domain.modules import Module
from quizapp.domain.searching import Entry, Index, Part, Query, make_snippet, mark, may_match, parse_query
from quizapp.services.notes import place_note, to_entry
from quizapp.services.studying import Versions, load_course
from quizapp.store import attempts
from quizapp.store import notes as store
from quizapp.store.db import reading

MAX_HITS = 10
"""Of one kind that a page shows."""

LABELS = {"section": "Lessons", "term": "Glossary", "note": "Your notes", "reference": "References"}
"""The kinds of what can be found, in the order in which equally good ones are shown."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found. `place` is what its address is made from: module and section, or an id.

    With `missing` its module is not open yet: these are to be passed first, and nothing of its text is here.
    """

    kind: str
    place: tuple[str, ...]
    title: tuple[Part, ...]
    where: str
    """The module that it is part of; empty for what belongs to the whole course."""
    snippet: tuple[Part, ...] = ()
    fragment: str = ""
    """A text fragment (`:~:text=…`) that leads to the first words marked; empty where only the title matched."""
    missing: tuple[Module, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """The best hits of one kind, and how many there are in all."""

    kind: str
    label: str
    hits: tuple[Hit, ...]
    n_found: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, the kind with the best hit first. `suggestion`: a query that finds something instead."""

    query: Query
    groups: tuple[Group, ...] = ()
    suggestion: str = ""

    @property
    def n_found(self) -> int:
        return sum(group.n_found for group in self.groups)


def search(person_id: int, typed: str) -> Found:
    """Look for every word of `typed`, which may be anything at all. The last word may be the beginning of one."""
    query = parse_query(typed)
    if not query:
        return Found(query)
    with reading() as connection:
        _, modules = load_course(connection)
        passed = attempts.list_passed(connection, person_id)
        index = _get_index(connection, modules)
        written = [note for note in store.list_notes(connection, person_id) if note.text]
    entries = (to_entry(place_note(note, modules, passed)) for note in written)
    notes = Index([entry for entry in entries if may_match(entry, query)])
    matches = [*index.search(query), *notes.search(query)]
    opener = _Opener(modules, passed)
    groups = [
        Group(kind, label, tuple(_to_hit(m.entry, query, opener) for m in of_kind[:MAX_HITS]), len(of_kind))
        for kind, label in LABELS.items()
        if (of_kind := [m for m in matches if m.entry.kind == kind])
    ]
    best = {kind: max(m.score for m in matches if m.entry.kind == kind) for kind in {m.entry.kind for m in matches}}
    groups.sort(key=lambda group: -best[group.kind])
    return Found(query, tuple(groups), "" if groups else index.suggest(query))


@dataclass(frozen=True, slots=True)
class _Opener:
    """Which modules somebody who has passed `passed` may read."""

    modules: Versions
    passed: set[str]

    def list_missing(self, module_id: str) -> tuple[Module, ...]:
        if module_id not in self.modules:
            return ()
        requires = self.modules[module_id][1].facts.requires
        return tuple(self.modules[r][1] for r in requires if r in self.modules and r not in self.passed)


def _to_hit(entry: Entry, query: Query, opener: _Opener) -> Hit:
    missing = opener.list_missing(entry.place[0]) if entry.kind == "section" else ()
    snippet = () if missing else make_snippet(entry.texts, query) or make_snippet(entry.headings, query)
    where = ""
    if entry.kind in {"section", "note"}:
        _, module = opener.modules.get(entry.place[0], (0, None))
        where = module.facts.heading if module else "No longer in the course"
    if not snippet and not missing and entry.texts:  # only the title has what was looked for
        snippet = (Part(_shorten(entry.texts[0])),)
    fragment = _make_fragment(snippet) if entry.kind == "section" else ""
    return Hit(entry.kind, entry.place, mark(entry.title, query), where, snippet, fragment, missing)


def _shorten(text: str, n: int = 160) -> str:
    return text if len(text) <= n else text[: text.rfind(" ", 0, n)] + " …"


def _make_fragment(snippet: Sequence[Part]) -> str:
    marked = next((part.text for part in snippet if part.is_marked), "")
    return f":~:text={quote(marked, safe='').replace('-', '%2D')}" if marked else ""


_INDEXES: WeakKeyDictionary[Pool, tuple[tuple[int, ...], Index]] = WeakKeyDictionary()
"""One index for each database: that of the versions searched last."""

_LOCK = Lock()


def _get_index(connection: Connection, modules: Versions) -> Index:
    pool, versions = connection.engine.pool, tuple(version_id for version_id, _ in modules.values())
    with _LOCK:
        held, index = _INDEXES.get(pool, ((), None))
    if index is None or held != versions:
        index = Index(list(_list_entries([module for _, module in modules.values()])))
        with _LOCK:
            _INDEXES[pool] = (versions, index)
    return index


def _list_entries(modules: Sequence[Module]) -> Iterable[Entry]:
    for module in modules:
        for section in module.sections:
            plain = read_plain(section.html)
            yield Entry("section", (module.id, section.id), section.title, plain.headings, plain.blocks)
    terms = {term_id: term for module in modules for term_id, term in module.glossary.items()}
    for term_id, term in terms.items():
        title = f"{term.term} ({term.abbreviation})" if term.abbreviation else term.term
        yield Entry("term", (term_id,), title, (), read_plain(str(show_inline(term.definition))).blocks)
    references = {i: reference for module in modules for i, reference in module.evidence.references.items()}
    for reference_id, reference in references.items():
        (citation,) = read_plain(str(show_inline(reference.citation))).blocks
        numbers = (reference.doi, reference.pmid and f"PubMed {reference.pmid}", reference.pmcid)
        yield Entry(
            "reference", (reference_id,), f"Reference {reference_id}", (), (citation, *(n for n in numbers if n))
        )
