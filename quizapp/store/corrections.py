"""Decisions about published items: rows that are only added."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, ForeignKey, String, Text, bindparam, func, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.domain.corrections import Correction, Effect
from quizapp.store.content import ItemVersion, ModuleVersion, PoolEntry
from quizapp.store.db import Base


class CorrectionRow(Base):
    """One decision about one item version. `data` has `format: 1`, and `fields` of a new key or the `response`."""

    __tablename__ = "correction"
    id: Mapped[int] = mapped_column(primary_key=True)
    item_version_id: Mapped[int] = mapped_column(ForeignKey("item_version.id"), index=True)
    effect: Mapped[str] = mapped_column(String(10))
    data: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))


_correction, _pool, _version = CorrectionRow.__table__.c, PoolEntry.__table__.c, ModuleVersion.__table__.c
_CORRECTION = (
    _correction.id, _correction.item_version_id, _correction.effect, _correction.reason, _correction.at,
    _correction.data,
)  # fmt: skip
_OF_ITEMS = (
    select(*_CORRECTION)
    .where(_correction.item_version_id.in_(bindparam("ids", expanding=True)), _correction.id <= bindparam("upto_id"))
    .order_by(_correction.id)
)
_OF_ITEMS_HELD = _OF_ITEMS.with_for_update(read=True, key_share=True)
NEWEST = 2**31 - 1
"""Higher than any id."""


def _pool_of(module_id: str) -> Any:
    """The item versions that any version of the module's quiz draws from."""
    return (
        select(_pool.item_version_id)
        .join_from(PoolEntry.__table__, ModuleVersion.__table__, _version.id == _pool.module_version_id)
        .where(_version.module_id == module_id, _pool.use == "quiz")
    )


def _read(row: Any) -> Correction:
    data = row.data
    response = data.get("response")
    return Correction(
        row.id, row.item_version_id, Effect(row.effect), row.reason, row.at, data.get("fields"), _tuples(response)
    )


def _tuples(tree: Any) -> Any:
    """Responses are compared, so lists of JSON become tuples."""
    return tuple(_tuples(entry) for entry in tree) if isinstance(tree, list) else tree


def list_corrections(
    connection: Connection, item_version_ids: Collection[int], upto_id: int = NEWEST, *, hold: bool = False
) -> list[Correction]:
    """The corrections of these item versions up to that id, oldest first.

    `hold`: nobody adds another until the transaction ends; for whoever finishes an attempt, so that a regrade that
    begins with a new correction meets the attempt as a finished one.
    """
    query = _OF_ITEMS_HELD if hold else _OF_ITEMS
    return [_read(row) for row in connection.execute(query, {"ids": list(item_version_ids), "upto_id": upto_id})]


def list_quiz_corrections(connection: Connection, module_id: str) -> list[Correction]:
    """The corrections of every item version that a quiz of this module may have asked, oldest first."""
    query = select(*_CORRECTION).where(_correction.item_version_id.in_(_pool_of(module_id))).order_by(_correction.id)
    return [_read(row) for row in connection.execute(query)]


def add_correction(
    connection: Connection,
    *,
    item_version_id: int,
    effect: Effect,
    data: dict[str, Any],
    reason: str,
    now: dt.datetime,
    actor_id: int | None,
) -> int:
    """Add a decision; its id. Ids grow in the order of commits, for only one transaction at a time adds any."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE correction IN EXCLUSIVE MODE"))  # waits for those that finish an attempt
    row = {
        "item_version_id": item_version_id, "effect": effect, "data": {"format": 1, **data}, "reason": reason,
        "at": now, "actor_id": actor_id,
    }  # fmt: skip
    return connection.execute(insert(CorrectionRow).values(row).returning(CorrectionRow.id)).scalar_one()


@dataclass(frozen=True, slots=True)
class Version:
    """An item version that a quiz has or had in its pool."""

    id: int
    item_id: str
    is_current: bool
    """Whether the module's current version draws from it."""


def list_versions(connection: Connection, module_id: str, current_id: int | None) -> list[Version]:
    """Every item version that a quiz of this module may have asked, newest first."""
    item = ItemVersion.__table__.c
    is_current = func.count().filter(_pool.module_version_id == current_id)
    query = (
        select(item.id, item.item_id, is_current)
        .join_from(PoolEntry.__table__, ModuleVersion.__table__, _version.id == _pool.module_version_id)
        .join(ItemVersion.__table__, item.id == _pool.item_version_id)
        .where(_version.module_id == module_id, _pool.use == "quiz")
        .group_by(item.id, item.item_id)
        .order_by(item.id.desc())
    )
    return [Version(row[0], row[1], bool(row[2])) for row in connection.execute(query)]


def list_quizzes_of(connection: Connection, item_version_ids: Collection[int]) -> list[str]:
    """The modules on line whose quiz may have asked one of these item versions."""
    query = (
        select(_version.module_id)
        .join_from(PoolEntry.__table__, ModuleVersion.__table__, _version.id == _pool.module_version_id)
        .where(_pool.item_version_id.in_(list(item_version_ids)), _pool.use == "quiz")
        .distinct()
        .order_by(_version.module_id)
    )
    return list(connection.scalars(query))
