"""Attempts and their steps. Steps are only ever added; the attempt row holds what never changes and how it ended."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import (
    Connection,
    ForeignKey,
    Index,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.domain.attempts import Answer, Kind, Slot, Step, StepKind
from quizapp.store.db import Base


class AttemptRow(Base):
    """One attempt at a module's quiz or practice set. Not two open ones of a kind: a double click finds the first.

    `due_at` is the end that pages show, `closes_at` that plus the grace in force at the start: both are pinned then.
    """

    __tablename__ = "attempt"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    module_id: Mapped[str] = mapped_column(ForeignKey("course_module.id"))
    module_version_id: Mapped[int] = mapped_column(ForeignKey("module_version.id"))
    kind: Mapped[str] = mapped_column(String(10))
    number: Mapped[int]
    n_slots: Mapped[int]
    started_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]
    is_passed: Mapped[bool | None]
    due_at: Mapped[dt.datetime | None]
    closes_at: Mapped[dt.datetime | None]
    __table_args__ = (
        UniqueConstraint("person_id", "module_id", "kind", "number"),
        Index(
            "ix_attempt_open_closes_at",
            "closes_at",
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
        Index(
            "uq_attempt_open",
            "person_id",
            "module_id",
            "kind",
            unique=True,
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
    )


class StepRow(Base):
    """One step. `data` has `format: 1`: the slots in a start, the answer in a save or late answer."""

    __tablename__ = "attempt_step"
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    kind: Mapped[str] = mapped_column(String(10))
    position: Mapped[int | None]
    data: Mapped[dict[str, Any]]
    tab: Mapped[str] = mapped_column(String(40), default="")
    tab_seq: Mapped[int] = mapped_column(default=0)
    __table_args__ = (Index(None, "attempt_id", "position", "seq"),)


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """An attempt's row."""

    id: int
    person_id: int
    module_id: str
    module_version_id: int
    kind: Kind
    number: int
    n_slots: int
    started_at: dt.datetime
    finished_at: dt.datetime | None
    is_passed: bool | None
    due_at: dt.datetime | None = None
    """When its time ends; None without a time limit."""
    closes_at: dt.datetime | None = None
    """The last moment at which an answer still counts: `due_at` and the grace."""

    @property
    def is_timed_out(self) -> bool:
        """Whether it ended because its time did."""
        return self.finished_at is not None and self.due_at is not None and self.finished_at >= self.due_at

    def is_due(self, now: dt.datetime) -> bool:
        """Whether it is open though no answer counts any more: whoever meets it closes it."""
        return self.finished_at is None and self.closes_at is not None and now > self.closes_at


# Statements of every page are made once, on plain tables: building one costs more than SQLite needs to answer it.
_attempt, _step = AttemptRow.__table__.c, StepRow.__table__.c
_given, _mine = _attempt.id == bindparam("attempt_id"), _attempt.person_id == bindparam("person_id")
_FACTS = tuple(_attempt[name] for name in AttemptFacts.__slots__)
_STEP = (_step.seq, _step.at, _step.kind, _step.position, _step.data, _step.tab, _step.tab_seq)
_MATTERS = _step.seq.in_(
    select(func.max(_step.seq))
    .where(_step.attempt_id == bindparam("attempt_id"))
    .group_by(_step.position, _step.kind)
    .scalar_subquery()
)
_LOCK = select(*_FACTS).where(_given).with_for_update()
_STEPS = select(*_STEP).where(_step.attempt_id == bindparam("attempt_id"), _MATTERS).order_by(_step.seq)
_WITH_STEPS = (
    select(*_FACTS, *_STEP)
    .join_from(AttemptRow.__table__, StepRow.__table__, _step.attempt_id == _attempt.id)
    .where(_given, _MATTERS)
    .order_by(_step.seq)
)
_OPEN = select(*_FACTS).where(
    _mine,
    _attempt.module_id == bindparam("module_id"),
    _attempt.kind == bindparam("kind"),
    _attempt.finished_at.is_(None),
)
_MINE = select(*_FACTS).where(_mine).order_by(_attempt.id.desc())
_DUE = select(_attempt.id).where(_attempt.finished_at.is_(None), _attempt.closes_at < bindparam("now"))
_DUE_OF_ALL, _DUE_OF_MINE = _DUE.order_by(_attempt.id), _DUE.where(_mine).order_by(_attempt.id)
_ADD_STEPS = insert(cast(Table, StepRow.__table__))
_ADD = insert(cast(Table, AttemptRow.__table__)).returning(_attempt.id)
_FINISH = (
    update(cast(Table, AttemptRow.__table__))
    .where(_given)
    .values(finished_at=bindparam("ended_at"), is_passed=bindparam("passed"))
)
_NEXT_NUMBER = select(func.coalesce(func.max(_attempt.number), 0) + 1).where(
    _mine, _attempt.module_id == bindparam("module_id"), _attempt.kind == bindparam("kind")
)


def _facts(row: Any) -> AttemptFacts:
    return AttemptFacts(**{**dict(zip(AttemptFacts.__slots__, row, strict=True)), "kind": Kind(row[4])})


def lock_attempt(connection: Connection, attempt_id: int) -> AttemptFacts | None:
    """The attempt of that id; nobody else can change it until the transaction ends.

    Load its steps afterwards, in a statement of their own: on PostgreSQL a joined row would be read as it was before
    the wait for the lock.
    """
    row = connection.execute(_LOCK, {"attempt_id": attempt_id}).first()
    return None if row is None else _facts(row)


def find_open(connection: Connection, person_id: int, module_id: str, kind: Kind) -> AttemptFacts | None:
    """This person's unfinished attempt of that kind."""
    row = connection.execute(_OPEN, {"person_id": person_id, "module_id": module_id, "kind": kind}).first()
    return None if row is None else _facts(row)


def list_due(connection: Connection, now: dt.datetime, person_id: int | None = None) -> list[int]:
    """Ids of open attempts (of that person) in which no answer counts any more, oldest first."""
    if person_id is None:
        return list(connection.scalars(_DUE_OF_ALL, {"now": now}))
    return list(connection.scalars(_DUE_OF_MINE, {"now": now, "person_id": person_id}))


def list_attempts(connection: Connection, person_id: int) -> list[AttemptFacts]:
    """A person's attempts, newest first."""
    return [_facts(row) for row in connection.execute(_MINE, {"person_id": person_id})]


def list_passed(connection: Connection, person_id: int) -> set[str]:
    """Modules whose quiz this person has passed."""
    query = (
        select(AttemptRow.module_id).where(AttemptRow.person_id == person_id, AttemptRow.is_passed.is_(True)).distinct()
    )
    return set(connection.scalars(query))


def add_attempt(
    connection: Connection,
    *,
    person_id: int,
    module_id: str,
    module_version_id: int,
    kind: Kind,
    slots: Sequence[Slot],
    seed: int,
    now: dt.datetime,
    due_at: dt.datetime | None = None,
    closes_at: dt.datetime | None = None,
) -> AttemptFacts:
    """Start an attempt: its row and its first step, which pins everything."""
    whose = {"person_id": person_id, "module_id": module_id, "kind": kind}
    number = connection.scalar(_NEXT_NUMBER, whose)
    row = {
        **whose, "module_version_id": module_version_id, "number": number, "n_slots": len(slots), "started_at": now,
        "finished_at": None, "is_passed": None, "due_at": due_at, "closes_at": closes_at,
    }  # fmt: skip
    attempt_id = connection.execute(_ADD, row).scalar_one()
    data = {"format": 1, "seed": seed, "slots": [{"item": s.item_version_id, "shown": s.presentation} for s in slots]}
    first = {
        "attempt_id": attempt_id, "seq": 1, "at": now, "kind": StepKind.START, "position": None, "data": data,
        "tab": "", "tab_seq": 0,
    }  # fmt: skip
    connection.execute(_ADD_STEPS, first)
    return _facts([attempt_id, *(row[name] for name in AttemptFacts.__slots__[1:])])


@dataclass(frozen=True, slots=True)
class Steps:
    """An attempt's steps as far as they matter now: what was pinned, each slot's latest of each kind, the finish."""

    slots: tuple[Slot, ...]
    latest: tuple[Step, ...]
    last_seq: int


def load_steps(connection: Connection, attempt_id: int) -> Steps:
    """The steps that matter now."""
    return _read_steps(connection.execute(_STEPS, {"attempt_id": attempt_id}).all())


def find_with_steps(connection: Connection, attempt_id: int) -> tuple[AttemptFacts, Steps] | None:
    """An attempt and the steps that matter now, in one statement."""
    rows = connection.execute(_WITH_STEPS, {"attempt_id": attempt_id}).all()
    if not rows:
        return None
    n = len(_FACTS)
    return _facts(rows[0][:n]), _read_steps([row[n:] for row in rows])


def list_saves(connection: Connection, attempt_id: int, positions: Sequence[int]) -> list[Step]:
    """Every save and late answer of these slots, in order."""
    query = (
        select(*_STEP)
        .where(
            StepRow.attempt_id == attempt_id,
            StepRow.position.in_(positions),
            StepRow.kind.in_([StepKind.SAVE, StepKind.LATE]),
        )
        .order_by(StepRow.seq)
    )
    return list(_read_steps(connection.execute(query).all()).latest)


def _read_steps(rows: Sequence[Any]) -> Steps:
    slots: tuple[Slot, ...] = ()
    latest = []
    for seq, at, kind_value, position, data, tab, tab_seq in rows:
        kind = StepKind(kind_value)
        if kind is StepKind.START:
            slots = tuple(Slot(s["item"], s["shown"]) for s in data["slots"])
        else:
            answer = Answer.from_json(data["answer"]) if "answer" in data else None
            latest.append(Step(seq, at, kind, position, answer, tab, tab_seq))
    return Steps(slots, tuple(latest), max((row[0] for row in rows), default=0))


def add_steps(connection: Connection, attempt_id: int, steps: Sequence[Step]) -> None:
    """Append steps; the caller holds the attempt's row."""
    rows = [
        {
            "attempt_id": attempt_id, "seq": s.seq, "at": s.at, "kind": s.kind, "position": s.position,
            "data": {"format": 1} if s.answer is None else {"format": 1, "answer": s.answer.to_json()},
            "tab": s.tab, "tab_seq": s.tab_seq,
        }
        for s in steps
    ]  # fmt: skip
    connection.execute(_ADD_STEPS, rows)


def mark_finished(connection: Connection, attempt_id: int, finished_at: dt.datetime, is_passed: bool | None) -> None:
    """Close the attempt."""
    connection.execute(_FINISH, {"attempt_id": attempt_id, "ended_at": finished_at, "passed": is_passed})
