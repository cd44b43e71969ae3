"""Own notes: nothing is overwritten unseen, nothing is lost, nobody else sees them."""

import datetime as dt
from collections.abc import Iterator
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select

from quizapp.domain.errors import Invalid, NotFound, Refused
from quizapp.services import accounts, notes
from quizapp.store.db import reading, unit_of_work
from quizapp.store.notes import NoteRow
from quizapp.store.people import delete_people
from tests.content import FIRST, SECOND
from tests.people import ALICE, MALLORY, START, ZONE

pytestmark = pytest.mark.each_database
SECTION = "on-o1-1"


@pytest.fixture(autouse=True)
def _in_app(app: Flask) -> Iterator[None]:
    context = app.app_context()
    context.push()
    yield
    context.pop()


def save(text: str, known: int, minutes: float = 0, section: str = SECTION) -> notes.Outcome:
    return notes.save_note(ALICE.id, FIRST, section, text, known, START + dt.timedelta(minutes=minutes))


def undo(known: int, minutes: float = 0) -> notes.Outcome:
    return notes.undo(ALICE.id, FIRST, SECTION, known, START + dt.timedelta(minutes=minutes))


def test_a_section_without_a_note_has_a_blank_one() -> None:
    note = notes.get_note(ALICE.id, FIRST, SECTION)
    assert (note.text, note.version, note.updated_at, note.can_undo) == ("", 0, None, False)


def test_each_save_on_the_newest_version_makes_the_next_and_a_repeated_one_changes_nothing() -> None:
    assert save("one", 0).note.version == 1
    assert save("one", 0, 1).note.version == 1, "its acknowledgement was lost"
    outcome = save("one\r\ntwo ", 1, 2)
    assert (outcome.note.text, outcome.note.version, outcome.is_stale) == ("one\ntwo", 2, False)
    assert notes.get_note(ALICE.id, FIRST, SECTION).updated_at == START + dt.timedelta(minutes=2)


@pytest.mark.parametrize("known", [0, 1, 3, 999])
def test_a_save_on_another_version_changes_nothing_and_says_what_is_kept(known: int) -> None:
    save("one", 0)
    save("two", 1)
    outcome = save("mine", known)
    assert outcome.is_stale
    assert (outcome.note.text, outcome.note.version) == ("two", 2)
    assert notes.get_note(ALICE.id, FIRST, SECTION).text == "two"


def test_an_emptied_note_can_be_brought_back() -> None:
    save("one", 0)
    emptied = save("", 1)
    assert (emptied.note.text, emptied.note.can_undo) == ("", True)
    assert notes.list_notes(ALICE.id).n_all == 0
    assert [p.note.section_id for p in notes.list_notes(ALICE.id).emptied] == [SECTION]
    assert undo(2).note.text == "one"
    assert not notes.get_note(ALICE.id, FIRST, SECTION).can_undo, "an empty text is nothing to put back"


def test_an_undo_goes_back_to_before_the_sitting_and_is_refused_on_another_version() -> None:
    save("yesterday", 0)
    for i, text in enumerate(("t", "to", "tod", "today")):
        save(text, 1 + i, 600 + i)
    assert undo(2, 605).is_stale
    assert undo(5, 605).note.text == "yesterday"
    assert undo(6, 606).note.text == "today"


def test_an_undo_where_there_is_nothing_to_put_back_does_nothing() -> None:
    assert undo(0).note.version == 0
    save("one", 0)
    assert undo(1).note == notes.get_note(ALICE.id, FIRST, SECTION)


def test_a_note_needs_a_section_that_its_person_may_read() -> None:
    with pytest.raises(NotFound):
        save("x", 0, section="nowhere")
    with pytest.raises(NotFound):
        notes.save_note(ALICE.id, "nothing", SECTION, "x", 0, START)
    with pytest.raises(Refused):
        notes.save_note(ALICE.id, SECOND, "on-o2-1", "x", 0, START)
    with pytest.raises(Invalid):
        save("x" * 20_001, 0)
    with reading() as connection:
        assert connection.execute(select(NoteRow.text)).all() == []


def test_nobody_else_sees_a_note() -> None:
    save("mine", 0)
    assert notes.get_note(MALLORY.id, FIRST, SECTION).text == ""
    assert notes.list_notes(MALLORY.id).notes == ()


def test_notes_come_in_the_order_of_the_course_and_the_newest_is_named() -> None:
    save("later section", 0, 1, section="on-o1-2")
    save("earlier section", 0, 2)
    book = notes.list_notes(ALICE.id)
    assert [p.note.section_id for p in book.notes] == ["on-o1-1", "on-o1-2"]
    assert [name for name, _ in book.by_module] == ["Module 1: Marbles that roll"]
    assert book.newest is not None
    assert book.newest.note.section_id == "on-o1-1"
    found = notes.list_notes(ALICE.id, "LATER sec")
    assert ([p.note.section_id for p in found.notes], found.n_all) == (["on-o1-2"], 2)


def test_two_first_saves_at_the_same_moment_lose_neither_text(app: Flask) -> None:
    outcomes: list[notes.Outcome] = []
    start = Barrier(2)

    def write(text: str) -> None:
        with app.app_context():
            start.wait()
            outcomes.append(notes.save_note(ALICE.id, FIRST, SECTION, text, 0, START))

    threads = [Thread(target=write, args=(text,)) for text in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.is_stale for outcome in outcomes) == [False, True]
    assert len({outcome.note.text for outcome in outcomes}) == 1


def test_notes_go_with_the_person() -> None:
    person_id = accounts.add_person("gone@test.example", "Gone Soon", zone=ZONE, roles=(), now=START)
    notes.save_note(person_id, FIRST, SECTION, "mine", 0, START)
    save("Alice's", 0)
    with unit_of_work() as connection:
        delete_people(connection, [person_id])
    with reading() as connection:
        assert connection.execute(select(NoteRow.person_id, NoteRow.text)).all() == [(ALICE.id, "Alice's")]


def test_a_file_of_notes_has_them_under_their_modules_and_sections() -> None:
    save("# one\ntwo", 0)
    book = notes.list_notes(ALICE.id)
    markdown = notes.write_out(book, as_markdown=True, show_moment=str)
    assert markdown.startswith("# My notes\n\n## Module 1: Marbles that roll\n\n### On O1.1\n")
    assert "# one  \ntwo\n" in markdown
    text = notes.write_out(book, as_markdown=False, show_moment=str)
    assert "Module 1: Marbles that roll\n---------------------------\n" in text
    assert "# one\ntwo\n" in text
