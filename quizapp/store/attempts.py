"""Attempts and their steps. Steps are only ever added; the attempt row holds what never changes and how it ended."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, ForeignKey, Index, String, UniqueConstraint, func, insert, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from quizapp.domain.attempts import Answer, Kind, Slot, Step, StepKind
from quizapp.store.db import Base


class AttemptRow(Base):
    """One attempt at a module's quiz or practice set. Not two open ones of a kind: a double click finds the first."""

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
    __table_args__ = (
        UniqueConstraint("person_id", "module_id", "kind", "number"),
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
    """One step. `data` has `format: 1`: the slots in a start, the answer in a save."""

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


class ContributionRow(Base):
    """What one item earned in one finished attempt: the exact mark and the response's class. Reports add these up."""

    __tablename__ = "contribution"
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    item_version_id: Mapped[int] = mapped_column(ForeignKey("item_version.id"), index=True)
    objective: Mapped[str] = mapped_column(String(20))
    numerator: Mapped[int]
    denominator: Mapped[int]
    response_class: Mapped[str] = mapped_column(String(40))


class SectionRead(Base):
    """A person said they had read a section of a lesson."""

    __tablename__ = "section_read"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    module_id: Mapped[str] = mapped_column(ForeignKey("course_module.id"), primary_key=True)
    section_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    module_version_id: Mapped[int] = mapped_column(ForeignKey("module_version.id"))
    at: Mapped[dt.datetime]


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


_FACTS = (
    AttemptRow.id, AttemptRow.person_id, AttemptRow.module_id, AttemptRow.module_version_id, AttemptRow.kind,
    AttemptRow.number, AttemptRow.n_slots, AttemptRow.started_at, AttemptRow.finished_at, AttemptRow.is_passed,
)  # fmt: skip


def _facts(row: Any) -> AttemptFacts:
    return AttemptFacts(**{**dict(zip(AttemptFacts.__slots__, row, strict=True)), "kind": Kind(row[4])})


def lock_attempt(session: Session, attempt_id: int) -> AttemptFacts | None:
    """The attempt of that id; nobody else can change it until the transaction ends.

    Load its steps afterwards, in a statement of their own: on PostgreSQL a joined row would be read as it was before
    the wait for the lock.
    """
    row = session.execute(select(*_FACTS).where(AttemptRow.id == attempt_id).with_for_update()).first()
    return None if row is None else _facts(row)


def find_open(connection: Connection | Session, person_id: int, module_id: str, kind: Kind) -> int | None:
    """The id of this person's unfinished attempt of that kind."""
    query = select(AttemptRow.id).where(
        AttemptRow.person_id == person_id,
        AttemptRow.module_id == module_id,
        AttemptRow.kind == kind,
        AttemptRow.finished_at.is_(None),
    )
    return connection.scalar(query)


def list_attempts(connection: Connection, person_id: int, module_id: str | None = None) -> list[AttemptFacts]:
    """A person's attempts, newest first."""
    query = select(*_FACTS).where(AttemptRow.person_id == person_id).order_by(AttemptRow.id.desc())
    if module_id is not None:
        query = query.where(AttemptRow.module_id == module_id)
    return [_facts(row) for row in connection.execute(query)]


def list_passed(connection: Connection | Session, person_id: int) -> set[str]:
    """Modules whose quiz this person has passed."""
    query = (
        select(AttemptRow.module_id).where(AttemptRow.person_id == person_id, AttemptRow.is_passed.is_(True)).distinct()
    )
    return (
        set(connection.scalars(query)) if isinstance(connection, Session) else {r[0] for r in connection.execute(query)}
    )


def add_attempt(
    session: Session,
    *,
    person_id: int,
    module_id: str,
    module_version_id: int,
    kind: Kind,
    slots: Sequence[Slot],
    seed: int,
    now: dt.datetime,
) -> int:
    """Start an attempt: its row and its first step, which pins everything."""
    number = session.scalar(
        select(func.coalesce(func.max(AttemptRow.number), 0) + 1).where(
            AttemptRow.person_id == person_id, AttemptRow.module_id == module_id, AttemptRow.kind == kind
        )
    )
    row = AttemptRow(
        person_id=person_id, module_id=module_id, module_version_id=module_version_id, kind=kind, number=number,
        n_slots=len(slots), started_at=now, finished_at=None, is_passed=None,
    )  # fmt: skip
    session.add(row)
    session.flush()  # its id goes into the step
    data = {"format": 1, "seed": seed, "slots": [{"item": s.item_version_id, "shown": s.presentation} for s in slots]}
    session.execute(
        insert(StepRow).values(
            attempt_id=row.id, seq=1, at=now, kind=StepKind.START, position=None, data=data, tab="", tab_seq=0
        )
    )
    return row.id


@dataclass(frozen=True, slots=True)
class Steps:
    """An attempt's steps as far as they matter now: what was pinned, each slot's latest save and check."""

    slots: tuple[Slot, ...]
    latest: tuple[Step, ...]
    last_seq: int


_STEP = (StepRow.seq, StepRow.at, StepRow.kind, StepRow.position, StepRow.data, StepRow.tab, StepRow.tab_seq)


def _matters(attempt_id: int) -> Any:
    latest = (
        select(func.max(StepRow.seq))
        .where(StepRow.attempt_id == attempt_id, StepRow.position.is_not(None))
        .group_by(StepRow.position, StepRow.kind)
    )
    return (StepRow.seq == 1) | StepRow.seq.in_(latest)


def load_steps(session: Session, attempt_id: int) -> Steps:
    """The steps that matter now."""
    query = select(*_STEP).where(StepRow.attempt_id == attempt_id, _matters(attempt_id)).order_by(StepRow.seq)
    return _read_steps(session.execute(query).all())


def find_with_steps(connection: Connection, attempt_id: int) -> tuple[AttemptFacts, Steps] | None:
    """An attempt and the steps that matter now, in one statement."""
    query = (
        select(*_FACTS, *_STEP)
        .join(StepRow, StepRow.attempt_id == AttemptRow.id)
        .where(AttemptRow.id == attempt_id, _matters(attempt_id))
        .order_by(StepRow.seq)
    )
    rows = connection.execute(query).all()
    if not rows:
        return None
    n = len(_FACTS)
    return _facts(rows[0][:n]), _read_steps([row[n:] for row in rows])


def _read_steps(rows: Sequence[Any]) -> Steps:
    slots: tuple[Slot, ...] = ()
    latest = []
    for seq, at, kind_value, position, data, tab, tab_seq in rows:
        kind = StepKind(kind_value)
        if kind is StepKind.START:
            slots = tuple(Slot(s["item"], s["shown"]) for s in data["slots"])
        else:
            answer = Answer.from_json(data["answer"]) if kind is StepKind.SAVE else None
            latest.append(Step(seq, at, kind, position, answer, tab, tab_seq))
    return Steps(slots, tuple(latest), max((row[0] for row in rows), default=0))


def add_steps(session: Session, attempt_id: int, steps: Sequence[Step]) -> None:
    """Append steps; the caller holds the attempt's row."""
    rows = [
        {
            "attempt_id": attempt_id, "seq": s.seq, "at": s.at, "kind": s.kind, "position": s.position,
            "data": {"format": 1} if s.answer is None else {"format": 1, "answer": s.answer.to_json()},
            "tab": s.tab, "tab_seq": s.tab_seq,
        }
        for s in steps
    ]  # fmt: skip
    session.execute(insert(StepRow), rows)


def mark_finished(session: Session, attempt_id: int, now: dt.datetime, is_passed: bool | None) -> None:
    """Close the attempt."""
    session.execute(update(AttemptRow).where(AttemptRow.id == attempt_id).values(finished_at=now, is_passed=is_passed))


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one item earned in one finished attempt."""

    position: int
    item_version_id: int
    objective: str
    numerator: int
    denominator: int
    response_class: str


def add_contributions(session: Session, attempt_id: int, contributions: Sequence[Contribution]) -> None:
    """Leave what each item earned, for reports."""
    rows = [
        {
            "attempt_id": attempt_id,
            **{name: getattr(c, name) for name in Contribution.__slots__},
        }
        for c in contributions
    ]
    session.execute(insert(ContributionRow), rows)


@dataclass(frozen=True, slots=True)
class ObjectiveResult:
    """Marks on one objective in one finished attempt."""

    attempt_id: int
    module_id: str
    objective: str
    earned: Fraction
    out_of: int


def list_results(connection: Connection, person_id: int) -> list[ObjectiveResult]:
    """A person's marks per finished quiz attempt and objective."""
    query = (
        select(
            ContributionRow.attempt_id, AttemptRow.module_id, ContributionRow.objective, ContributionRow.denominator,
            func.sum(ContributionRow.numerator), func.count(),
        )
        .join(AttemptRow, AttemptRow.id == ContributionRow.attempt_id)
        .where(AttemptRow.person_id == person_id, AttemptRow.kind == Kind.QUIZ)
        .group_by(
            ContributionRow.attempt_id, AttemptRow.module_id, ContributionRow.objective, ContributionRow.denominator
        )
    )  # fmt: skip
    sums: dict[tuple[int, str, str], tuple[Fraction, int]] = {}
    for attempt_id, module_id, objective, denominator, numerator, n in connection.execute(query):
        earned, out_of = sums.get((attempt_id, module_id, objective), (Fraction(0), 0))
        sums[attempt_id, module_id, objective] = (earned + Fraction(int(numerator), denominator), out_of + n)
    return [ObjectiveResult(*key, *value) for key, value in sums.items()]


def add_section_read(
    session: Session, person_id: int, module_id: str, section_id: str, version_id: int, now: dt.datetime
) -> None:
    """Remember that a section was read; the first time counts."""
    if session.get(SectionRead, (person_id, module_id, section_id)) is None:
        session.add(
            SectionRead(
                person_id=person_id, module_id=module_id, section_id=section_id, module_version_id=version_id, at=now
            )
        )


def list_sections_read(connection: Connection, person_id: int) -> list[tuple[str, str, dt.datetime]]:
    """(module id, section id, when), oldest first."""
    query = (
        select(SectionRead.module_id, SectionRead.section_id, SectionRead.at)
        .where(SectionRead.person_id == person_id)
        .order_by(SectionRead.at)
    )
    return [(row.module_id, row.section_id, row.at) for row in connection.execute(query)]
