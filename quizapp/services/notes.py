"""A learner's own notes on sections: kept with a version, so that no device overwrites what another has written."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import groupby

from quizapp.domain.modules import Module, Section
from quizapp.domain.notes import Note, choose_previous, clean_note
from quizapp.domain.searching import Entry, Index, may_match, parse_query
from quizapp.services.studying import Versions, get_section, load_course
from quizapp.store import attempts
from quizapp.store import notes as store
from quizapp.store.db import reading, unit_of_work


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a save: the note as it is kept now. `is_stale`: that is another one, and nothing was changed."""

    note: Note
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A note with what it is about; None where the course has no such module or section any more."""

    note: Note
    module: Module | None
    section: Section | None
    is_open: bool
    """Whether its person may read the section now."""

    @property
    def title(self) -> str:
        """What it is called: the section's title, or its id where the course has none any more."""
        return self.section.title if self.section else self.note.section_id


@dataclass(frozen=True, slots=True)
class Notebook:
    """A person's notes by module and section. `emptied`: those that can be put back."""

    notes: tuple[Placed, ...]
    emptied: tuple[Placed, ...]
    n_all: int
    """How many notes there are, found or not."""
    newest: Placed | None
    """The note that was changed last."""

    @property
    def by_module(self) -> list[tuple[str, list[Placed]]]:
        """The notes under the names of their modules."""
        return [(name, list(placed)) for name, placed in groupby(self.notes, name_module)]


def get_note(person_id: int, module_id: str, section_id: str) -> Note:
    """The note of this person on a section, found or blank."""
    with reading() as connection:
        return store.find_note(connection, person_id, module_id, section_id) or Note(module_id, section_id)


def get_placed(person_id: int, module_id: str, section_id: str) -> Placed:
    """A note with what it is about. Raises NotFound, or Refused while the module is locked, unless there is a note."""
    note = get_note(person_id, module_id, section_id)
    if not note.version:
        get_section(person_id, module_id, section_id)
    with reading() as connection:
        _, modules = load_course(connection)
        passed = attempts.list_passed(connection, person_id)
    return place_note(note, modules, passed)


def save_note(person_id: int, module_id: str, section_id: str, text: str, known: int, now: dt.datetime) -> Outcome:
    """Keep `text` if it was written on version `known` of the note; empty text empties it, and an undo can follow.

    A repeated save is harmless. Raises Invalid if it is too long, NotFound or Refused as a section does when opened.
    """
    kept = clean_note(text)
    if not get_note(person_id, module_id, section_id).version:
        get_section(person_id, module_id, section_id)
    return _change(person_id, Note(module_id, section_id), known, now, lambda _: kept)


def undo(person_id: int, module_id: str, section_id: str, known: int, now: dt.datetime) -> Outcome:
    """Put back the text from before; a second undo takes that back. Where there is nothing to put back, do nothing."""
    return _change(
        person_id, Note(module_id, section_id), known, now, lambda note: note.previous if note.can_undo else note.text
    )


def _change(person_id: int, blank: Note, known: int, now: dt.datetime, choose: Callable[[Note], str]) -> Outcome:
    with unit_of_work() as connection:
        found = store.find_note(connection, person_id, blank.module_id, blank.section_id, lock=True)
        old = found or blank
        text = choose(old)
        if text == old.text:
            return Outcome(old)
        if found and found.version != known:
            return Outcome(old, is_stale=True)
        is_undo = text == old.previous
        previous = old.text if is_undo else choose_previous(old, text, now)
        new = replace(old, text=text, previous=previous, version=old.version + 1, updated_at=now)
        if found:
            store.change_note(connection, person_id, new)
        elif not store.add_note(connection, person_id, new):  # another request was faster
            kept = store.find_note(connection, person_id, blank.module_id, blank.section_id) or blank
            return Outcome(kept, is_stale=kept.text != text)
    return Outcome(new)


def list_notes(person_id: int, words: str = "") -> Notebook:
    """The notes of a person that have every one of `words`, or all where there is none, in the order of the course."""
    with reading() as connection:
        _, modules = load_course(connection)
        passed = attempts.list_passed(connection, person_id)
        notes = store.list_notes(connection, person_id)
    placed = [place_note(note, modules, passed) for note in notes]
    written = [p for p in placed if p.note.text]
    ordered = sorted(written, key=lambda p: _order(p, modules))
    query = parse_query(words)
    if query:
        entries = [to_entry(p) for p in ordered]
        matches = Index([entry for entry in entries if may_match(entry, query)]).search(query)
        found = {match.entry.place for match in matches}
        ordered = [p for p in ordered if (p.note.module_id, p.note.section_id) in found]
    emptied = tuple(p for p in placed if not p.note.text and p.note.can_undo)
    return Notebook(tuple(ordered), emptied, len(written), written[0] if written else None)


def to_entry(placed: Placed) -> Entry:
    """A note as a search looks at it."""
    note = placed.note
    return Entry(
        "note", (note.module_id, note.section_id), placed.title, (), tuple(filter(None, note.text.split("\n")))
    )


def write_out(notebook: Notebook, *, as_markdown: bool, show_moment: Callable[[dt.datetime], str]) -> str:
    """All notes as one text file, with headings by module and section."""
    lines = [_heading("My notes", 1, as_markdown=as_markdown)]
    for name, group in notebook.by_module:
        lines.append(_heading(name, 2, as_markdown=as_markdown))
        for placed in group:
            note = placed.note
            lines.append(_heading(placed.title, 3, as_markdown=as_markdown))
            lines.append(f"Changed {show_moment(note.updated_at)}\n" if note.updated_at else "")
            lines.append((note.text.replace("\n", "  \n") if as_markdown else note.text) + "\n")
    return "\n".join(lines)


def name_module(placed: Placed) -> str:
    """What stands above the notes of one module."""
    return placed.module.facts.heading if placed.module else "No longer in the course"


def _heading(text: str, level: int, *, as_markdown: bool) -> str:
    if as_markdown:
        return f"{'#' * level} {text}\n"
    return f"{text}\n{'=-'[level > 1] * len(text)}\n" if level < 3 else f"{text}\n"


def place_note(note: Note, modules: Versions, passed: set[str]) -> Placed:
    """A note with what it is about, for somebody who has passed `passed`."""
    _, module = modules.get(note.module_id, (0, None))
    section = module.find_section(note.section_id) if module else None
    if module is None or section is None:
        return Placed(note, None, None, is_open=False)
    is_open = all(r in passed or r not in modules for r in module.facts.requires)
    return Placed(note, module, section, is_open)


def _order(placed: Placed, modules: Versions) -> tuple[int, int]:
    if placed.module is None or placed.section is None:
        return len(modules), 0
    return list(modules).index(placed.module.id), placed.module.sections.index(placed.section)
