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
    case,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.domain.attempts import Answer, Kind, Slot, Step, StepKind
from quizapp.domain.items.base import CasePlace
from quizapp.domain.timing import Timing
from quizapp.store.db import Base


class AttemptRow(Base):
    """One attempt at a module's quiz or practice set. Not two open ones of a kind: a double click finds the first.

    `due_at` is the end that pages show, `closes_at` that plus the grace in force at the start. Both are set then; only
    pauses and changed accommodations move them. What stands for what: `domain/timing.py`.
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
    stops_at: Mapped[dt.datetime | None]
    limit_minutes: Mapped[int | None]
    pause_seconds: Mapped[int] = mapped_column(default=0, server_default="0")
    paused_seconds: Mapped[int] = mapped_column(default=0, server_default="0")
    paused_at: Mapped[dt.datetime | None]
    correction_id: Mapped[int] = mapped_column(default=0, server_default="0")
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
    """One step. `data` has `format: 1`: the slots in a start, the answer in a save or late answer.

    A check has the answer that was checked and `final`; in older ones both are absent, and it was final.
    """

    __tablename__ = "attempt_step"
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[dt.datetime]
    kind: Mapped[str] = mapped_column(String(10))
    position: Mapped[int | None]
    data: Mapped[dict[str, Any]]
    tab: Mapped[str] = mapped_column(String(40), default="")
    tab_seq: Mapped[int] = mapped_column(default=0)
    __table_args__ = (
        Index(None, "attempt_id", "position", "seq"),
        Index(
            "ix_attempt_step_late",
            "attempt_id",
            sqlite_where=text("kind = 'late'"),
            postgresql_where=text("kind = 'late'"),
        ),
    )


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
    limit_minutes: int | None = None
    """The time limit by the rules, before anything was added."""
    pause_seconds: int = 0
    paused_seconds: int = 0
    paused_at: dt.datetime | None = None
    correction_id: int = 0
    """The last correction of its items that its marks take into account; 0 for none."""
    stops_at: dt.datetime | None = None
    """When the quiz closes for everybody, as it was when the attempt started."""

    @property
    def timing(self) -> Timing | None:
        """How its time stands; None without a time limit."""
        if self.due_at is None or self.closes_at is None or self.limit_minutes is None:
            return None
        return Timing(
            self.started_at,
            self.due_at,
            self.closes_at,
            self.limit_minutes,
            self.pause_seconds,
            self.paused_seconds,
            self.paused_at,
            self.stops_at,
        )

    def is_paused(self, now: dt.datetime) -> bool:
        """Whether it is open and its clock stands."""
        return self.finished_at is None and self.timing is not None and self.timing.is_paused(now)

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
FACT_COLUMNS = tuple(_attempt[name] for name in AttemptFacts.__slots__)
STEP_COLUMNS = (_step.seq, _step.at, _step.kind, _step.position, _step.data, _step.tab, _step.tab_seq)
_MATTERS = _step.seq.in_(
    select(func.max(_step.seq))
    .where(_step.attempt_id == bindparam("attempt_id"))
    .group_by(_step.position, _step.kind, case((_step.kind == StepKind.CHECK, _step.seq)))  # each check is a try
    .scalar_subquery()
)
_LOCK = select(*FACT_COLUMNS).where(_given).with_for_update()
_STEPS = select(*STEP_COLUMNS).where(_step.attempt_id == bindparam("attempt_id"), _MATTERS).order_by(_step.seq)
_WITH_STEPS = (
    select(*FACT_COLUMNS, *STEP_COLUMNS)
    .join_from(AttemptRow.__table__, StepRow.__table__, _step.attempt_id == _attempt.id)
    .where(_given, _MATTERS)
    .order_by(_step.seq)
)
_MINE = select(*FACT_COLUMNS).where(_mine).order_by(_attempt.id.desc())
_MINE_AT = _MINE.where(_attempt.module_id == bindparam("module_id"))
_DUE = select(_attempt.id).where(_attempt.finished_at.is_(None), _attempt.closes_at < bindparam("now"))
_DUE_OF_ALL, _DUE_OF_MINE = _DUE.order_by(_attempt.id), _DUE.where(_mine).order_by(_attempt.id)
_ADD_STEPS = insert(cast(Table, StepRow.__table__))
_ADD = insert(cast(Table, AttemptRow.__table__)).returning(_attempt.id)
_FINISH = (
    update(cast(Table, AttemptRow.__table__))
    .where(_given)
    .values(finished_at=bindparam("ended_at"), is_passed=bindparam("passed"), correction_id=bindparam("corrected_to"))
)


def read_facts(row: Any) -> AttemptFacts:
    """An attempt from a row of FACT_COLUMNS."""
    return AttemptFacts(**{**dict(zip(AttemptFacts.__slots__, row, strict=True)), "kind": Kind(row[4])})


def lock_attempt(connection: Connection, attempt_id: int) -> AttemptFacts | None:
    """The attempt of that id; nobody else can change it until the transaction ends.

    Load its steps afterwards, in a statement of their own: on PostgreSQL a joined row would be read as it was before
    the wait for the lock.
    """
    row = connection.execute(_LOCK, {"attempt_id": attempt_id}).first()
    return None if row is None else read_facts(row)


def list_due(connection: Connection, now: dt.datetime, person_id: int | None = None) -> list[int]:
    """Ids of open attempts (of that person) in which no answer counts any more, oldest first."""
    if person_id is None:
        return list(connection.scalars(_DUE_OF_ALL, {"now": now}))
    return list(connection.scalars(_DUE_OF_MINE, {"now": now, "person_id": person_id}))


def list_attempts(connection: Connection, person_id: int) -> list[AttemptFacts]:
    """A person's attempts, newest first."""
    return [read_facts(row) for row in connection.execute(_MINE, {"person_id": person_id})]


def list_attempts_at(connection: Connection, person_id: int, module_id: str) -> list[AttemptFacts]:
    """A person's attempts at one module, of every kind, newest first."""
    return [read_facts(row) for row in connection.execute(_MINE_AT, {"person_id": person_id, "module_id": module_id})]


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
    number: int,
    slots: Sequence[Slot],
    seed: int,
    now: dt.datetime,
    timing: Timing | None = None,
    ends: tuple[dt.datetime, dt.datetime] | None = None,
    backtracking: bool = True,
) -> AttemptFacts:
    """Start an attempt: its row and its first step, which pins everything.

    `number` counts the person's attempts of that kind at the module; one that is taken is an IntegrityError, so whoever
    counted them before knows that nobody has started another since. Without a time limit (`timing`) it ends when the
    quiz closes: `ends` is that and the last moment that counts. Without either it has no end.
    """
    whose = {"person_id": person_id, "module_id": module_id, "kind": kind}
    row = {
        **whose, "module_version_id": module_version_id, "number": number, "n_slots": len(slots), "started_at": now,
        "finished_at": None, "is_passed": None, "correction_id": 0, **timing_values(timing),
    }  # fmt: skip
    if ends is not None:
        row |= {"due_at": ends[0], "closes_at": ends[1], "stops_at": ends[0]}
    attempt_id = connection.execute(_ADD, row).scalar_one()
    data = {"format": 1, "seed": seed, "slots": [_write_slot(s) for s in slots], "backtracking": backtracking}
    first = {
        "attempt_id": attempt_id, "seq": 1, "at": now, "kind": StepKind.START, "position": None, "data": data,
        "tab": "", "tab_seq": 0,
    }  # fmt: skip
    connection.execute(_ADD_STEPS, first)
    return read_facts([attempt_id, *(row[name] for name in AttemptFacts.__slots__[1:])])


def _write_slot(slot: Slot) -> dict[str, Any]:
    pinned = {"item": slot.item_version_id, "shown": slot.presentation}
    return pinned if slot.case is None else {**pinned, "case": slot.case.model_dump()}


def _read_slot(pinned: dict[str, Any]) -> Slot:
    case_place = CasePlace(**pinned["case"]) if "case" in pinned else None
    return Slot(pinned["item"], pinned["shown"], case_place)


@dataclass(frozen=True, slots=True)
class Steps:
    """An attempt's steps as far as they matter now.

    What was pinned, every check, and of each slot the latest of each other kind.
    """

    slots: tuple[Slot, ...]
    latest: tuple[Step, ...]
    last_seq: int
    backtracking: bool = True
    """Whether one may go back to an earlier question; pinned too."""


def load_steps(connection: Connection, attempt_id: int) -> Steps:
    """The steps that matter now."""
    return read_steps(connection.execute(_STEPS, {"attempt_id": attempt_id}).all())


def find_with_steps(connection: Connection, attempt_id: int) -> tuple[AttemptFacts, Steps] | None:
    """An attempt and the steps that matter now, in one statement."""
    rows = connection.execute(_WITH_STEPS, {"attempt_id": attempt_id}).all()
    if not rows:
        return None
    n = len(FACT_COLUMNS)
    return read_facts(rows[0][:n]), read_steps([row[n:] for row in rows])


def list_saves(connection: Connection, attempt_id: int, positions: Sequence[int]) -> list[Step]:
    """Every save and late answer of these slots, in order."""
    query = (
        select(*STEP_COLUMNS)
        .where(
            StepRow.attempt_id == attempt_id,
            StepRow.position.in_(positions),
            StepRow.kind.in_([StepKind.SAVE, StepKind.LATE]),
        )
        .order_by(StepRow.seq)
    )
    return list(read_steps(connection.execute(query).all()).latest)


def read_steps(rows: Sequence[Any]) -> Steps:
    """Steps from rows of STEP_COLUMNS, in order."""
    slots: tuple[Slot, ...] = ()
    backtracking = True
    latest = []
    for seq, at, kind_value, position, data, tab, tab_seq in rows:
        kind = StepKind(kind_value)
        if kind is StepKind.START:
            slots = tuple(_read_slot(s) for s in data["slots"])
            backtracking = data.get("backtracking", True)
        else:
            answer = Answer.from_json(data["answer"]) if "answer" in data else None
            is_final, honour = data.get("final", True), data.get("honour", "")
            latest.append(Step(seq, at, kind, position, answer, tab, tab_seq, is_final, honour=honour))
    return Steps(slots, tuple(latest), max((row[0] for row in rows), default=0), backtracking)


def add_steps(connection: Connection, attempt_id: int, steps: Sequence[Step]) -> None:
    """Append steps; the caller holds the attempt's row."""
    rows = [
        {
            "attempt_id": attempt_id, "seq": s.seq, "at": s.at, "kind": s.kind, "position": s.position,
            "data": _write_step(s), "tab": s.tab, "tab_seq": s.tab_seq,
        }
        for s in steps
    ]  # fmt: skip
    connection.execute(_ADD_STEPS, rows)


def _write_step(step: Step) -> dict[str, Any]:
    data: dict[str, Any] = {"format": 1}
    if step.answer is not None:
        data["answer"] = step.answer.to_json()
    if step.kind is StepKind.CHECK:
        data["final"] = step.is_final
    if step.honour:
        data["honour"] = step.honour
    if step.moved is not None:
        data |= {"from": step.moved[0].isoformat(), "to": step.moved[1].isoformat()}
    return data


def timing_values(timing: Timing | None) -> dict[str, Any]:
    """The columns of an attempt that hold its time."""
    return {
        "due_at": timing and timing.due_at, "closes_at": timing and timing.closes_at,
        "limit_minutes": timing and timing.limit_minutes, "pause_seconds": timing.pause_seconds if timing else 0,
        "paused_seconds": timing.paused_seconds if timing else 0, "paused_at": timing and timing.paused_at,
        "stops_at": timing and timing.stops_at,
    }  # fmt: skip


def mark_finished(
    connection: Connection, attempt_id: int, finished_at: dt.datetime, is_passed: bool | None, correction_id: int
) -> None:
    """Close the attempt, marked by the corrections up to that one."""
    ended = {"ended_at": finished_at, "passed": is_passed, "corrected_to": correction_id}
    connection.execute(_FINISH, {"attempt_id": attempt_id, **ended})
