"""What each item earned in each finished attempt: what reports add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

from sqlalchemy import Connection, ForeignKey, String, Table, bindparam, func, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.domain.attempts import Kind
from quizapp.store.attempts import AttemptRow
from quizapp.store.db import Base


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


_attempt, _contribution = AttemptRow.__table__.c, ContributionRow.__table__.c
_ADD_CONTRIBUTIONS = insert(cast(Table, ContributionRow.__table__))
_RESULTS = (
    select(
        _contribution.attempt_id, _attempt.module_id, _contribution.objective, _contribution.denominator,
        func.sum(_contribution.numerator), func.count(),
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


def add_contributions(connection: Connection, attempt_id: int, contributions: Sequence[Contribution]) -> None:
    """Leave what each item earned, for reports."""
    rows = [
        {
            "attempt_id": attempt_id,
            **{name: getattr(c, name) for name in Contribution.__slots__},
        }
        for c in contributions
    ]
    connection.execute(_ADD_CONTRIBUTIONS, rows)


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
    sums: dict[tuple[int, str, str], tuple[Fraction, int]] = {}
    for attempt_id, module_id, objective, denominator, numerator, n in connection.execute(
        _RESULTS, {"person_id": person_id}
    ):
        earned, out_of = sums.get((attempt_id, module_id, objective), (Fraction(0), 0))
        sums[attempt_id, module_id, objective] = (earned + Fraction(int(numerator), denominator), out_of + n)
    return [ObjectiveResult(*key, *value) for key, value in sums.items()]
