"""Which sections of lessons a person has read."""

import datetime as dt

from sqlalchemy import Connection, ForeignKey, String, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.store.db import Base, insert_once


class SectionRead(Base):
    """A person said they had read a section of a lesson."""

    __tablename__ = "section_read"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    module_id: Mapped[str] = mapped_column(ForeignKey("course_module.id"), primary_key=True)
    section_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    module_version_id: Mapped[int] = mapped_column(ForeignKey("module_version.id"))
    at: Mapped[dt.datetime]


_read = SectionRead.__table__.c
_READ = (
    select(_read.module_id, _read.section_id, _read.at)
    .where(_read.person_id == bindparam("person_id"))
    .order_by(_read.at)
)


def add_section_read(
    connection: Connection, person_id: int, module_id: str, section_id: str, version_id: int, now: dt.datetime
) -> None:
    """Remember that a section was read; the first time counts."""
    key = {"person_id": person_id, "module_id": module_id, "section_id": section_id}
    insert_once(connection, SectionRead, list(key), {**key, "module_version_id": version_id, "at": now})


def list_sections_read(connection: Connection, person_id: int) -> list[tuple[str, str, dt.datetime]]:
    """(module id, section id, when), oldest first."""
    return [(row.module_id, row.section_id, row.at) for row in connection.execute(_READ, {"person_id": person_id})]
