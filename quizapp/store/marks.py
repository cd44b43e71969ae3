"""What each item earned in each finished attempt: what reports add up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from sqlalchemy import Connection, ForeignKey, String, Table, bindparam, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.domain.attempts import Kind
from quizapp.store.attempts import AttemptRow
from quizapp.store.content import ItemVersion
from quizapp.store.db import Base


class ContributionRow(Base):
    """What one item earned in one finished attempt: the exact mark and the response's class. Reports add these up.

    Rows are only added, as in double-entry books: `weight` times the rest counts. The first has `regrade_id` 0 and
    weight 1, or 0 where the item was dropped before; a regrade that changes it adds it with weight -1, and what it
    earned then with weight 1.
    """

    __tablename__ = "contribution"
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    item_version_id: Mapped[int] = mapped_column(ForeignKey("item_version.id"), index=True)
    objective: Mapped[str] = mapped_column(String(20))
    numerator: Mapped[int]
    denominator: Mapped[int]
    response_class: Mapped[str] = mapped_column(String(40))
    regrade_id: Mapped[int] = mapped_column(primary_key=True, default=0, server_default="0")
    weight: Mapped[int] = mapped_column(primary_key=True, default=1, server_default="1")


_attempt, _contribution = AttemptRow.__table__.c, ContributionRow.__table__.c
_ADD_CONTRIBUTIONS = insert(cast(Table, ContributionRow.__table__))
_RESULTS = (
    select(
        _contribution.attempt_id, _attempt.module_id, _contribution.objective, _contribution.denominator,
        func.sum(_contribution.weight * _contribution.numerator), func.sum(_contribution.weight),
    )
    .join_from(ContributionRow.__table__, AttemptRow.__table__, _attempt.id == _contribution.attempt_id)
    .where(_attempt.person_id == bindparam("person_id"), _attempt.kind == Kind.QUIZ.value)
    .group_by(_contribution.attempt_id, _attempt.module_id, _contribution.objective, _contribution.denominator)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one item earned in one finished attempt."""

    position: int
    item_version_id: int
    objective: str
    numerator: int
    denominator: int
    response_class: str
    weight: int = 1


_CONTRIBUTION = Contribution.__slots__


def add_contributions(connection: Connection, attempt_id: int, contributions: Sequence[Contribution]) -> None:
    """Leave what each item earned, for reports."""
    add_entries(connection, 0, [(attempt_id, contribution) for contribution in contributions])


def add_entries(connection: Connection, regrade_id: int, entries: Iterable[tuple[int, Contribution]]) -> None:
    """Add rows for (attempt id, what an item earned there); `regrade_id` 0 when the attempt finishes."""
    rows = [
        {"attempt_id": attempt_id, "regrade_id": regrade_id, **{name: getattr(c, name) for name in _CONTRIBUTION}}
        for attempt_id, c in entries
    ]
    if rows:
        connection.execute(_ADD_CONTRIBUTIONS, rows)


def list_totals(connection: Connection, attempt_ids: Sequence[int]) -> dict[int, tuple[Fraction, int]]:
    """Finished attempt → (marks earned, out of)."""
    totals = dict.fromkeys(attempt_ids, (Fraction(0), 0))
    for attempt_id, denominator, numerator, n in connection.execute(_TOTALS, {"attempt_ids": list(attempt_ids)}):
        earned, out_of = totals[attempt_id]
        totals[attempt_id] = (earned + Fraction(int(numerator), denominator), out_of + int(n))
    return totals


_TOTALS = (
    select(
        _contribution.attempt_id, _contribution.denominator,
        func.sum(_contribution.weight * _contribution.numerator), func.sum(_contribution.weight),
    )
    .where(_contribution.attempt_id.in_(bindparam("attempt_ids", expanding=True)))
    .group_by(_contribution.attempt_id, _contribution.denominator)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ObjectiveResult:
    """Marks on one objective in one finished attempt."""

    attempt_id: int
    module_id: str
    objective: str
    earned: Fraction
    out_of: int


_SEEN = (
    select(ItemVersion.__table__.c.item_id)
    .join_from(ContributionRow.__table__, AttemptRow.__table__, _attempt.id == _contribution.attempt_id)
    .join(ItemVersion.__table__, ItemVersion.__table__.c.id == _contribution.item_version_id)
    .where(_attempt.person_id == bindparam("person_id"), _attempt.module_id == bindparam("module_id"))
    .distinct()
)


def list_seen(connection: Connection, person_id: int, module_id: str) -> set[str]:
    """Ids of the items that this person had in finished quizzes and pre-tests of the module, in whatever version."""
    return set(connection.scalars(_SEEN, {"person_id": person_id, "module_id": module_id}))


def list_results(connection: Connection, person_id: int) -> list[ObjectiveResult]:
    """A person's marks per finished quiz attempt and objective."""
    sums: dict[tuple[int, str, str], tuple[Fraction, int]] = {}
    for attempt_id, module_id, objective, denominator, numerator, n in connection.execute(
        _RESULTS, {"person_id": person_id}
    ):
        earned, out_of = sums.get((attempt_id, module_id, objective), (Fraction(0), 0))
        sums[attempt_id, module_id, objective] = (earned + Fraction(int(numerator), denominator), out_of + int(n))
    return [ObjectiveResult(*key, earned, out_of) for key, (earned, out_of) in sums.items() if out_of]
