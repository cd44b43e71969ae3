"""Regrades: runs that carry corrections to finished attempts, a batch at a time, and both scores of each attempt."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from sqlalchemy import Connection, ForeignKey, String, Text, bindparam, case, func, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.domain.attempts import Kind, Step, StepKind
from quizapp.store.attempts import STEP_COLUMNS, AttemptRow, StepRow, read_steps
from quizapp.store.corrections import CorrectionRow
from quizapp.store.db import Base
from quizapp.store.marks import Contribution, ContributionRow


class RegradeRow(Base):
    """One run over the finished attempts at a quiz, or over the one attempt in which a late answer was accepted.

    It stands in the table from its first batch on: `last_attempt_id` is where it goes on after a stop.
    """

    __tablename__ = "regrade"
    id: Mapped[int] = mapped_column(primary_key=True)
    module_id: Mapped[str] = mapped_column(ForeignKey("course_module.id"), index=True)
    upto_id: Mapped[int]
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("attempt.id"))
    reason: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    started_at: Mapped[dt.datetime]
    finished_at: Mapped[dt.datetime | None]
    last_attempt_id: Mapped[int] = mapped_column(default=0)
    n_total: Mapped[int]
    n_done: Mapped[int] = mapped_column(default=0)
    n_up: Mapped[int] = mapped_column(default=0)
    n_down: Mapped[int] = mapped_column(default=0)
    n_same: Mapped[int] = mapped_column(default=0)
    n_won: Mapped[int] = mapped_column(default=0)
    n_kept: Mapped[int] = mapped_column(default=0)


class RescoreRow(Base):
    """Both scores of one attempt: before and after one regrade. Marks are exact fractions as text."""

    __tablename__ = "rescore"
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    regrade_id: Mapped[int] = mapped_column(ForeignKey("regrade.id"), primary_key=True)
    at: Mapped[dt.datetime]
    earned_before: Mapped[str] = mapped_column(String(80))
    out_of_before: Mapped[int]
    was_passed: Mapped[bool]
    earned_after: Mapped[str] = mapped_column(String(80))
    out_of_after: Mapped[int]
    is_passed: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    seen_at: Mapped[dt.datetime | None]


_attempt, _step, _entry = AttemptRow.__table__.c, StepRow.__table__.c, ContributionRow.__table__.c
_regrade, _rescore = RegradeRow.__table__.c, RescoreRow.__table__.c
_SCORED = (_attempt.kind != Kind.PRACTICE.value) & _attempt.finished_at.is_not(None)
_ENTRY = tuple(_entry[name] for name in Contribution.__slots__)


@dataclass(frozen=True, slots=True)
class Regrade:
    """One run. The counts are of attempts: looked at, marks up, down or the same, passes won, passes kept."""

    id: int
    module_id: str
    upto_id: int
    attempt_id: int | None
    reason: str
    started_at: dt.datetime
    finished_at: dt.datetime | None
    last_attempt_id: int
    n_total: int
    n_done: int
    n_up: int
    n_down: int
    n_same: int
    n_won: int
    n_kept: int


_REGRADE = tuple(_regrade[name] for name in Regrade.__slots__)


def add_regrade(
    connection: Connection,
    *,
    module_id: str,
    upto_id: int,
    reason: str,
    n_total: int,
    now: dt.datetime,
    actor_id: int | None,
    attempt_id: int | None = None,
) -> int:
    """Begin a run over the finished attempts at a quiz, or over the one that is named; its id."""
    row = {
        "module_id": module_id, "upto_id": upto_id, "reason": reason, "n_total": n_total, "started_at": now,
        "actor_id": actor_id, "attempt_id": attempt_id,
    }  # fmt: skip
    return connection.execute(insert(RegradeRow).values(row).returning(RegradeRow.id)).scalar_one()


def find_regrade(connection: Connection, regrade_id: int, *, lock: bool = False) -> Regrade | None:
    """The run of that id; with `lock` nobody else takes its next batch until the transaction ends."""
    query = select(*_REGRADE).where(_regrade.id == regrade_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else Regrade(*row)


def find_open_regrade(connection: Connection, module_id: str) -> Regrade | None:
    """The oldest run over this quiz that has not come to its end."""
    query = select(*_REGRADE).where(_regrade.module_id == module_id, _regrade.finished_at.is_(None))
    row = connection.execute(query.order_by(_regrade.id).limit(1)).first()
    return None if row is None else Regrade(*row)


def list_regrades(connection: Connection, limit: int = 20) -> list[Regrade]:
    """The newest runs over whole quizzes, newest first."""
    query = select(*_REGRADE).where(_regrade.attempt_id.is_(None)).order_by(_regrade.id.desc()).limit(limit)
    return [Regrade(*row) for row in connection.execute(query)]


@dataclass(slots=True)
class Counts:
    """How many attempts a batch looked at, and what became of those that it concerned."""

    n_done: int = 0
    n_up: int = 0
    n_down: int = 0
    n_same: int = 0
    n_won: int = 0
    n_kept: int = 0

    def __iadd__(self, other: "Counts") -> "Counts":
        for name in Counts.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self


def move_on(
    connection: Connection, regrade_id: int, counts: Counts, last_attempt_id: int, finished_at: dt.datetime | None
) -> None:
    """Note how far a run has come, in the transaction of the batch."""
    values: dict[str, Any] = {name: _regrade[name] + getattr(counts, name) for name in Counts.__slots__}
    values |= {"last_attempt_id": last_attempt_id, "finished_at": finished_at}
    connection.execute(update(RegradeRow).where(_regrade.id == regrade_id).values(values))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A finished attempt at a quiz that a run looks at; `is_passed` is None where nothing can be passed."""

    id: int
    module_version_id: int
    is_passed: bool | None
    correction_id: int


_CANDIDATE = (_attempt.id, _attempt.module_version_id, _attempt.is_passed, _attempt.correction_id)


def list_candidates(
    connection: Connection, module_id: str, upto_id: int, after_id: int, size: int, *, lock: bool
) -> list[Candidate]:
    """The next finished attempts at a quiz whose marks may not take all corrections up to that id into account.

    With `lock` nobody else changes them until the transaction ends; what somebody else changed meanwhile is left out.
    """
    query = (
        select(*_CANDIDATE)
        .where(_attempt.module_id == module_id, _SCORED, _attempt.correction_id < upto_id, _attempt.id > after_id)
        .order_by(_attempt.id)
        .limit(size)
    )
    return [Candidate(*row) for row in connection.execute(query.with_for_update() if lock else query)]


def get_candidate(connection: Connection, attempt_id: int) -> Candidate:
    """One finished attempt; the caller holds its row."""
    return Candidate(*connection.execute(select(*_CANDIDATE).where(_attempt.id == attempt_id)).one())


def count_candidates(connection: Connection, module_id: str, upto_id: int) -> int:
    """How many attempts a run up to that correction looks at."""
    wanted = (_attempt.module_id == module_id, _SCORED, _attempt.correction_id < upto_id)
    return connection.scalar(select(func.count()).where(*wanted)) or 0


def find_before_newest(connection: Connection, module_id: str, n: int) -> int:
    """The id after which the `n` newest finished attempts at the quiz come; 0 if there are not so many."""
    query = select(_attempt.id).where(_attempt.module_id == module_id, _SCORED).order_by(_attempt.id.desc())
    return connection.scalar(query.offset(n).limit(1)) or 0


def is_pending(connection: Connection, module_id: str) -> bool:
    """Whether a finished attempt at the quiz is marked without a correction of one of its items."""
    c = CorrectionRow.__table__.c
    last = select(c.item_version_id, func.max(c.id).label("id")).group_by(c.item_version_id).subquery()
    query = (
        select(_attempt.id)
        .join_from(last, ContributionRow.__table__, _entry.item_version_id == last.c.item_version_id)
        .join(AttemptRow.__table__, _attempt.id == _entry.attempt_id)
        .where(_attempt.module_id == module_id, _SCORED, _entry.regrade_id == 0, _attempt.correction_id < last.c.id)
        .limit(1)
    )
    return connection.execute(query).first() is not None


Place = tuple[int, int]
"""Attempt id and position."""


def list_entries(
    connection: Connection, first_id: int, last_id: int, item_version_ids: Collection[int]
) -> dict[Place, tuple[int, Contribution | None]]:
    """Where these item versions stand in attempts of that range of ids: item version, and what counts for it now.

    None where nothing counts, because the item was dropped. Of what was added the one counts that nothing has taken
    away; ids of runs do not tell, for an older one may come to an attempt after a newer.
    """
    query = (
        select(_entry.attempt_id, *_ENTRY)
        .where(_entry.attempt_id.between(first_id, last_id), _entry.item_version_id.in_(list(item_version_ids)))
        .order_by(_entry.attempt_id, _entry.position)
    )
    sums: dict[Place, Counter[Contribution]] = {}
    for attempt_id, *values in connection.execute(query):
        entry = Contribution(*values)
        bare = entry if entry.weight == 1 else replace(entry, weight=1)
        sums.setdefault((attempt_id, entry.position), Counter())[bare] += entry.weight
    return {
        place: (next(iter(entries)).item_version_id, next((e for e, n in entries.items() if n > 0), None))
        for place, entries in sums.items()
    }


@dataclass(frozen=True, slots=True)
class Total:
    """What an attempt's marks come to now, by the sums of what was added for it."""

    earned: Fraction
    out_of: int
    n_missed_must_pass: int
    """Items of must-pass objectives that did not earn the whole mark."""


def sum_up(connection: Connection, attempt_ids: Sequence[int], must_pass: Collection[str]) -> dict[int, Total]:
    """The totals of these attempts, which are in order of their ids."""
    is_missed = _entry.objective.in_(list(must_pass)) & (_entry.numerator < _entry.denominator)
    missed = case((is_missed, _entry.weight), else_=0)
    query = (
        select(
            _entry.attempt_id, _entry.denominator, func.sum(_entry.weight * _entry.numerator),
            func.sum(_entry.weight), func.sum(missed),
        )
        .where(_entry.attempt_id.between(attempt_ids[0], attempt_ids[-1]))
        .group_by(_entry.attempt_id, _entry.denominator)
    )  # fmt: skip
    totals = dict.fromkeys(attempt_ids, Total(Fraction(0), 0, 0))
    for attempt_id, denominator, numerator, n, n_missed in connection.execute(query):
        before = totals.get(attempt_id)
        if before is not None:
            earned = before.earned + Fraction(int(numerator), denominator)
            totals[attempt_id] = Total(earned, before.out_of + int(n), before.n_missed_must_pass + int(n_missed))
    return totals


def list_changes(
    connection: Connection, first_id: int, last_id: int, item_version_ids: Collection[int]
) -> dict[Place, tuple[Step, ...]]:
    """The steps that say what was answered to these item versions in attempts of that range, in order."""
    query = (
        select(_step.attempt_id, *STEP_COLUMNS)
        .join_from(
            ContributionRow.__table__,
            StepRow.__table__,
            (_step.attempt_id == _entry.attempt_id) & (_step.position == _entry.position),
        )
        .where(
            _entry.attempt_id.between(first_id, last_id),
            _entry.item_version_id.in_(list(item_version_ids)),
            _entry.regrade_id == 0,
            _step.kind.in_([StepKind.SAVE, StepKind.CHECK, StepKind.ACCEPT]),
        )
        .order_by(_step.attempt_id, _step.seq)
    )
    rows: dict[Place, list[Any]] = defaultdict(list)
    for attempt_id, *values in connection.execute(query):
        rows[attempt_id, values[3]].append(values)
    return {place: read_steps(steps).latest for place, steps in rows.items()}


@dataclass(frozen=True, slots=True)
class Rescore:
    """Both scores of one attempt. `regrade_id` says which run, `reason` why, for the person whose attempt it is."""

    attempt_id: int
    regrade_id: int
    at: dt.datetime
    earned_before: Fraction
    out_of_before: int
    was_passed: bool
    earned_after: Fraction
    out_of_after: int
    is_passed: bool
    reason: str
    seen_at: dt.datetime | None = None


_RESCORE = tuple(_rescore[name] for name in Rescore.__slots__)
_OF_ATTEMPT = select(*_RESCORE).where(_rescore.attempt_id == bindparam("attempt_id")).order_by(_rescore.regrade_id)
_UNSEEN = (
    select(_attempt.module_version_id, _attempt.kind, _attempt.is_passed, *_RESCORE)
    .join_from(AttemptRow.__table__, RescoreRow.__table__, _rescore.attempt_id == _attempt.id)
    .where(_attempt.person_id == bindparam("person_id"), _rescore.seen_at.is_(None))
    .order_by(_rescore.regrade_id.desc(), _rescore.attempt_id.desc())
    .limit(20)
)


def _read_rescore(row: Any) -> Rescore:
    values = dict(zip(Rescore.__slots__, row, strict=True))
    return Rescore(**{**values, **{name: Fraction(values[name]) for name in ("earned_before", "earned_after")}})


def add_rescores(connection: Connection, rescores: Iterable[Rescore]) -> None:
    """Keep both scores."""
    rows = [
        {
            **{name: getattr(r, name) for name in Rescore.__slots__},
            "earned_before": str(r.earned_before), "earned_after": str(r.earned_after),
        }
        for r in rescores
    ]  # fmt: skip
    if rows:
        connection.execute(insert(RescoreRow), rows)


def mark_corrected(connection: Connection, attempt_ids: Sequence[int], upto_id: int, won: Sequence[int]) -> None:
    """The marks of these attempts take every correction up to that id into account; those of `won` have passed."""
    connection.execute(update(AttemptRow).where(_attempt.id.in_(attempt_ids)).values(correction_id=upto_id))
    if won:
        connection.execute(update(AttemptRow).where(_attempt.id.in_(won)).values(is_passed=True))


def list_rescores(connection: Connection, attempt_id: int) -> list[Rescore]:
    """How an attempt was marked again, oldest first."""
    return [_read_rescore(row) for row in connection.execute(_OF_ATTEMPT, {"attempt_id": attempt_id})]


def list_unseen(connection: Connection, person_id: int) -> list[tuple[int, Kind, bool, Rescore]]:
    """This person's attempts marked again and not put away, newest first.

    Of each the module version, its kind, whether it is passed now, and both scores.
    """
    rows = connection.execute(_UNSEEN, {"person_id": person_id})
    return [(row[0], Kind(row[1]), bool(row[2]), _read_rescore(row[3:])) for row in rows]


def mark_seen(connection: Connection, attempt_id: int, now: dt.datetime) -> None:
    """The person has read how this attempt was marked again."""
    connection.execute(
        update(RescoreRow).where(_rescore.attempt_id == attempt_id, _rescore.seen_at.is_(None)).values(seen_at=now)
    )


def count_answered(connection: Connection, item_version_ids: Sequence[int]) -> Mapping[int, int]:
    """In how many finished attempts, of whatever quiz, each of these item versions stood."""
    query = (
        select(_entry.item_version_id, func.count())
        .where(_entry.item_version_id.in_(item_version_ids), _entry.regrade_id == 0)
        .group_by(_entry.item_version_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
