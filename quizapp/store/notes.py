"""Own notes on sections: one row for a person and section. An emptied note stays as a row, so that it can come back."""

import datetime as dt

from sqlalchemy import Connection, ForeignKey, String, Text, bindparam, select, update
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.domain.notes import Note
from quizapp.store.db import Base, insert_once


class NoteRow(Base):
    """A note. `version` counts its saves; a save is refused if it was made on an older one."""

    __tablename__ = "note"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    module_id: Mapped[str] = mapped_column(ForeignKey("course_module.id"), primary_key=True)
    section_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
    updated_at: Mapped[dt.datetime]


_note = NoteRow.__table__.c
_OF_PERSON = select(
    _note.module_id, _note.section_id, _note.text, _note.previous, _note.version, _note.updated_at
).where(_note.person_id == bindparam("person_id"))
_ONE = _OF_PERSON.where(_note.module_id == bindparam("module_id"), _note.section_id == bindparam("section_id"))


def find_note(
    connection: Connection, person_id: int, module_id: str, section_id: str, *, lock: bool = False
) -> Note | None:
    """One note; with `lock` nobody else changes it until the unit of work ends."""
    statement = _ONE.with_for_update() if lock else _ONE
    values = {"person_id": person_id, "module_id": module_id, "section_id": section_id}
    row = connection.execute(statement, values).first()
    return None if row is None else Note(*row)


def list_notes(connection: Connection, person_id: int) -> list[Note]:
    """All notes of a person, emptied ones too, newest change first."""
    rows = connection.execute(
        _OF_PERSON.order_by(_note.updated_at.desc(), _note.module_id, _note.section_id), {"person_id": person_id}
    ).all()
    return [Note(*row) for row in rows]


def add_note(connection: Connection, person_id: int, note: Note) -> bool:
    """Add a note; False if another request has added one meanwhile."""
    key = {"person_id": person_id, "module_id": note.module_id, "section_id": note.section_id}
    rest = {"text": note.text, "previous": note.previous, "version": note.version, "updated_at": note.updated_at}
    return insert_once(connection, NoteRow, list(key), {**key, **rest})


def change_note(connection: Connection, person_id: int, note: Note) -> None:
    """Put `note` in the place of the one that is there."""
    connection.execute(
        update(NoteRow)
        .where(
            NoteRow.person_id == person_id, NoteRow.module_id == note.module_id, NoteRow.section_id == note.section_id
        )
        .values(text=note.text, previous=note.previous, version=note.version, updated_at=note.updated_at)
    )
