"""Reports of a problem with a question: one row each, with the answer that an author gave."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Connection,
    ForeignKey,
    Index,
    Select,
    String,
    Text,
    UniqueConstraint,
    bindparam,
    case,
    func,
    select,
    update,
)  # fmt: skip
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.domain.attempts import Kind
from quizapp.domain.problem_reports import ProblemKind, ReportState
from quizapp.store.attempts import AttemptRow
from quizapp.store.content import ItemVersion, ModuleRow, PoolEntry
from quizapp.store.db import Base, insert_once


class ProblemReportRow(Base):
    """A report. `key` tells a form that is sent twice from a second report; `version` counts the answers to it.

    It goes with its person and with its attempt: what a learner wrote is theirs.
    """

    __tablename__ = "problem_report"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id", ondelete="CASCADE"))
    position: Mapped[int]
    item_version_id: Mapped[int] = mapped_column(ForeignKey("item_version.id"))
    module_id: Mapped[str] = mapped_column(ForeignKey("course_module.id"))
    kind: Mapped[str] = mapped_column(String(12))
    text: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime]
    state: Mapped[str] = mapped_column(String(12))
    answer: Mapped[str] = mapped_column(Text)
    answered_at: Mapped[dt.datetime | None]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    version: Mapped[int]
    read_at: Mapped[dt.datetime | None]
    __table_args__ = (
        UniqueConstraint("person_id", "key"),
        Index(None, "attempt_id"),
        Index(None, "item_version_id"),
        Index(None, "state", "id"),
    )


@dataclass(frozen=True, slots=True)
class ReportFacts:
    """A report with what is known of its attempt and item. `position` counts from 0."""

    id: int
    person_id: int
    attempt_id: int
    position: int
    item_version_id: int
    module_id: str
    kind: ProblemKind
    text: str
    created_at: dt.datetime
    state: ReportState
    answer: str
    answered_at: dt.datetime | None
    version: int
    read_at: dt.datetime | None
    item_id: str
    published_at: dt.datetime
    """When the version of the item that the learner saw was published."""
    module_version_id: int
    attempt_kind: Kind
    finished_at: dt.datetime | None
    is_passed: bool | None


_report, _attempt, _item = ProblemReportRow.__table__.c, AttemptRow.__table__.c, ItemVersion.__table__.c
_OF_REPORT = ReportFacts.__slots__[:14]
_FACTS = (
    select(
        *(_report[name] for name in _OF_REPORT),
        _item.item_id, _item.published_at, _attempt.module_version_id, _attempt.kind, _attempt.finished_at,
        _attempt.is_passed,
    )
    .join_from(ProblemReportRow.__table__, AttemptRow.__table__, _attempt.id == _report.attempt_id)
    .join(ItemVersion.__table__, _item.id == _report.item_version_id)
)  # fmt: skip
_UNREAD = (
    _FACTS.where(
        _report.person_id == bindparam("person_id"), _report.answered_at.is_not(None), _report.read_at.is_(None)
    )
    .order_by(_report.answered_at.desc(), _report.id.desc())
    .limit(bindparam("most"))
)
_is_done = case((_report.state == ReportState.OPEN, 0), else_=1)


def _read(row: Sequence[Any]) -> ReportFacts:
    values = dict(zip(ReportFacts.__slots__, row, strict=True))
    named = {"kind": ProblemKind, "state": ReportState, "attempt_kind": Kind}
    return ReportFacts(**{**values, **{name: made(values[name]) for name, made in named.items()}})


def add_report(connection: Connection, values: dict[str, Any]) -> int | None:
    """Add a report; its id, or None if the person has sent it already (the same `key`)."""
    row = {**values, "state": ReportState.OPEN, "answer": "", "version": 0}
    if not insert_once(connection, ProblemReportRow, ["person_id", "key"], row):
        return None
    return find_sent(connection, values["person_id"], values["key"])


def find_sent(connection: Connection, person_id: int, key: str) -> int | None:
    """The id of the report that this person has sent under `key`."""
    return connection.scalar(select(_report.id).where(_report.person_id == person_id, _report.key == key))


def find_report(connection: Connection, report_id: int, *, lock: bool = False) -> ReportFacts | None:
    """One report; with `lock` nobody else answers it until the unit of work ends."""
    if lock:  # in a statement of its own: on PostgreSQL a joined row would be read as it was before the wait
        connection.execute(select(_report.id).where(_report.id == report_id).with_for_update())
    row = connection.execute(_FACTS.where(_report.id == report_id)).first()
    return None if row is None else _read(row)


def list_own(connection: Connection, person_id: int, before_id: int | None, limit: int) -> list[ReportFacts]:
    """A person's reports before `before_id`, newest first."""
    query = _FACTS.where(_report.person_id == person_id).order_by(_report.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(_report.id < before_id)
    return [_read(row) for row in connection.execute(query)]


def list_unread(connection: Connection, person_id: int, limit: int) -> list[ReportFacts]:
    """A person's reports whose answer they have not looked at, newest answer first."""
    return [_read(row) for row in connection.execute(_UNREAD, {"person_id": person_id, "most": limit})]


def mark_read(connection: Connection, person_id: int, report_ids: Collection[int], now: dt.datetime) -> None:
    """The person has looked at the answers to these of their reports."""
    mine = (_report.person_id == person_id, _report.id.in_(report_ids), _report.answered_at.is_not(None))
    connection.execute(update(ProblemReportRow).where(*mine, _report.read_at.is_(None)).values(read_at=now))


def list_inbox(
    connection: Connection,
    *,
    state: ReportState | None,
    item_id: str | None,
    after: tuple[bool, int] | None,
    limit: int,
) -> list[ReportFacts]:
    """Reports in `state` (all if None) on an item (any if None), open ones first, then newest.

    `after` is (whether it is answered, its id) of the last one that was shown.
    """
    query = _about(_FACTS, item_id).order_by(_is_done, _report.id.desc()).limit(limit)
    if state is not None:
        query = query.where(_report.state == state)
    if after is not None:
        is_done, last_id = int(after[0]), after[1]
        query = query.where((_is_done > is_done) | ((_is_done == is_done) & (_report.id < last_id)))
    return [_read(row) for row in connection.execute(query)]


def count_by_state(connection: Connection, item_id: str | None) -> dict[ReportState, int]:
    """How many reports on an item (any if None) are in each state; states without any left out."""
    counted = select(_report.state, func.count()).join_from(
        ProblemReportRow.__table__, ItemVersion.__table__, _item.id == _report.item_version_id
    )
    rows = connection.execute(_about(counted, item_id).group_by(_report.state))
    return {ReportState(state): n for state, n in rows}


def _about(query: Select[Any], item_id: str | None) -> Select[Any]:
    return query if item_id is None else query.where(_item.item_id == item_id)


def count_by_item(connection: Connection, item_ids: Collection[str]) -> dict[str, int]:
    """How often each of these items was reported, in all its versions together."""
    query = (
        select(_item.item_id, func.count())
        .join_from(ProblemReportRow.__table__, ItemVersion.__table__, _item.id == _report.item_version_id)
        .where(_item.item_id.in_(item_ids))
        .group_by(_item.item_id)
    )
    return dict(connection.execute(query).all())


def list_current_versions(
    connection: Connection, module_ids: Collection[str], item_ids: Collection[str]
) -> dict[tuple[str, str], int]:
    """(module, item) → the version that the module draws from now; items it no longer has are left out."""
    query = (
        select(ModuleRow.id, ItemVersion.item_id, ItemVersion.id)
        .join_from(ModuleRow, PoolEntry, PoolEntry.module_version_id == ModuleRow.current_id)
        .join(ItemVersion, ItemVersion.id == PoolEntry.item_version_id)
        .where(ModuleRow.id.in_(module_ids), ItemVersion.item_id.in_(item_ids))
    )
    return {(module_id, item_id): version_id for module_id, item_id, version_id in connection.execute(query)}


def answer_report(
    connection: Connection,
    report_id: int,
    *,
    state: ReportState,
    answer: str,
    version: int,
    author_id: int,
    now: dt.datetime,
) -> None:
    """Put an answer in the place of the one before; its person has not looked at it yet."""
    values = {
        "state": state, "answer": answer, "version": version, "answered_by": author_id, "answered_at": now,
        "read_at": None,
    }  # fmt: skip
    connection.execute(update(ProblemReportRow).where(_report.id == report_id).values(values))
