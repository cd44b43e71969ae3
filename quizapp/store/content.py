"""Published content: versions of modules and items. A version never changes; publishing adds one and points to it."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, ForeignKey, String, Text, UniqueConstraint, bindparam, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from quizapp.store.db import Base


class CourseRow(Base):
    """A course as last published: what `course.yaml` says."""

    __tablename__ = "course"
    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    content: Mapped[dict[str, Any]]
    published_at: Mapped[dt.datetime]


class ModuleRow(Base):
    """A course module. `current_id` is the version that new readers get."""

    __tablename__ = "course_module"
    id: Mapped[str] = mapped_column(String(60), primary_key=True)
    course_id: Mapped[str] = mapped_column(ForeignKey("course.id"))
    current_id: Mapped[int | None] = mapped_column(
        ForeignKey("module_version.id", use_alter=True, name="fk_course_module_current")
    )


class ModuleVersion(Base):
    """One published state of a module, found again by the hash of its content and of its items."""

    __tablename__ = "module_version"
    id: Mapped[int] = mapped_column(primary_key=True)
    module_id: Mapped[str] = mapped_column(ForeignKey("course_module.id"))
    hash: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any]]
    published_at: Mapped[dt.datetime]
    __table_args__ = (UniqueConstraint("module_id", "hash"),)


class ItemVersion(Base):
    """One published state of an item, found again by the hash of its content."""

    __tablename__ = "item_version"
    id: Mapped[int] = mapped_column(primary_key=True)
    item_id: Mapped[str] = mapped_column(String(80))
    hash: Mapped[str] = mapped_column(String(64))
    content: Mapped[dict[str, Any]]
    published_at: Mapped[dt.datetime]
    __table_args__ = (UniqueConstraint("item_id", "hash"),)


class PoolEntry(Base):
    """Which item versions a module version draws from. The columns after the ids are what a draw looks at.

    `tags` stand one a line. An item of no case set has no `case_id` and nought in both columns after it.
    """

    __tablename__ = "pool_entry"
    module_version_id: Mapped[int] = mapped_column(ForeignKey("module_version.id"), primary_key=True)
    item_version_id: Mapped[int] = mapped_column(ForeignKey("item_version.id"), primary_key=True)
    use: Mapped[str] = mapped_column(String(10))
    objective: Mapped[str] = mapped_column(String(20))
    bloom: Mapped[str] = mapped_column(String(12))
    difficulty: Mapped[str] = mapped_column(String(10), server_default="")
    tags: Mapped[str] = mapped_column(Text, server_default="")
    case_id: Mapped[str | None] = mapped_column(String(80))
    case_part: Mapped[int] = mapped_column(server_default="0")
    case_size: Mapped[int] = mapped_column(server_default="0")


@dataclass(frozen=True, slots=True)
class Current:
    """The current version of a module, unread."""

    module_id: str
    version_id: int


_course, _module, _pool = CourseRow.__table__.c, ModuleRow.__table__.c, PoolEntry.__table__.c
_item = ItemVersion.__table__.c

# Statements of every page are made once, on plain tables: building one costs more than SQLite needs to answer it.
_ANY_COURSE = select(_course.content).order_by(_course.id).limit(1)
_COURSE = _ANY_COURSE.where(_course.id == bindparam("course_id"))
_CURRENT = select(_module.id, _module.current_id, _module.course_id).where(_module.current_id.is_not(None))
_CURRENT_OF = select(_module.current_id).where(_module.id == bindparam("module_id"))
_POOL = (
    select(
        _pool.item_version_id, _item.item_id, _pool.objective, _pool.bloom, _pool.difficulty, _pool.tags,
        _pool.case_id, _pool.case_part, _pool.case_size,
    )
    .join_from(PoolEntry.__table__, ItemVersion.__table__, _item.id == _pool.item_version_id)
    .where(_pool.module_version_id == bindparam("version_id"), _pool.use == bindparam("use_for"))
    .order_by(_pool.item_version_id)
)  # fmt: skip


def find_course(connection: Connection, course_id: str | None = None) -> dict[str, Any] | None:
    """The course of that id; the only or first one where no id is given."""
    if course_id is None:
        return connection.scalar(_ANY_COURSE)
    return connection.scalar(_COURSE, {"course_id": course_id})


def list_current(connection: Connection, course_id: str | None = None) -> list[Current]:
    """Every module's current version."""
    rows = connection.execute(_CURRENT).all()
    return [Current(row.id, row.current_id) for row in rows if course_id in {None, row.course_id}]


def find_current(connection: Connection, module_id: str) -> int | None:
    """The id of the current version of one module."""
    return connection.scalar(_CURRENT_OF, {"module_id": module_id})


def load_module_versions(connection: Connection, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The content of module versions."""
    rows = connection.execute(select(ModuleVersion.id, ModuleVersion.content).where(ModuleVersion.id.in_(list(ids))))
    return {row.id: row.content for row in rows}


def load_item_versions(connection: Connection, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """The content of item versions."""
    rows = connection.execute(select(ItemVersion.id, ItemVersion.content).where(ItemVersion.id.in_(list(ids))))
    return {row.id: row.content for row in rows}


@dataclass(frozen=True, slots=True)
class PoolSeat:
    """Where an item stands in its case set."""

    id: str
    part: int
    n_parts: int


@dataclass(frozen=True, slots=True)
class PoolItem:
    """What a draw looks at in an item version."""

    item_version_id: int
    id: str
    """The item's, the same in all of its versions."""
    objective: str
    bloom: Any
    difficulty: str
    tags: tuple[str, ...]
    case: PoolSeat | None

    def to_row(self) -> dict[str, Any]:
        """The columns of its PoolEntry."""
        case = self.case
        return {
            "item_version_id": self.item_version_id, "objective": self.objective, "bloom": str(self.bloom),
            "difficulty": self.difficulty, "tags": "\n".join(self.tags), "case_id": case and case.id,
            "case_part": case.part if case else 0, "case_size": case.n_parts if case else 0,
        }  # fmt: skip


def list_pool(connection: Connection, module_version_id: int, use: str) -> list[PoolItem]:
    """The item versions that a quiz or a practice set of this module version draws from, in a fixed order."""
    rows = connection.execute(_POOL, {"version_id": module_version_id, "use_for": use})
    return [
        PoolItem(*row[:5], tuple(row.tags.split("\n")) if row.tags else (), PoolSeat(*row[6:]) if row.case_id else None)
        for row in rows
    ]


def list_pools(connection: Connection, module_version_ids: Sequence[int]) -> dict[int, list[int]]:
    """The ids of all item versions in each of these module versions, for quiz and practice alike, in a fixed order."""
    rows = connection.execute(
        select(PoolEntry.module_version_id, PoolEntry.item_version_id)
        .where(PoolEntry.module_version_id.in_(module_version_ids))
        .order_by(PoolEntry.item_version_id)
    )
    pools: dict[int, list[int]] = {version_id: [] for version_id in module_version_ids}
    for version_id, item_version_id in rows:
        pools[version_id].append(item_version_id)
    return pools


def has_course(connection: Connection, course_id: str) -> bool:
    """Whether the course was ever published."""
    return connection.execute(select(CourseRow.id).where(CourseRow.id == course_id)).first() is not None


def put_course(connection: Connection, course_id: str, content: dict[str, Any], now: dt.datetime) -> bool:
    """Make this the course's content. True if anything changed."""
    before = find_course(connection, course_id)
    values = {"content": content, "published_at": now}
    if before is None:
        connection.execute(insert(CourseRow).values(id=course_id, **values))
    elif before != content:
        connection.execute(update(CourseRow).where(CourseRow.id == course_id).values(**values))
    return before != content


def find_item_versions(connection: Connection, hashes: Sequence[str]) -> dict[tuple[str, str], int]:
    """(item id, hash) → version id, for those already published."""
    rows = connection.execute(
        select(ItemVersion.item_id, ItemVersion.hash, ItemVersion.id).where(ItemVersion.hash.in_(hashes))
    )
    return {(row.item_id, row.hash): row.id for row in rows}


def list_item_ids(connection: Connection, module_version_id: int) -> dict[str, str]:
    """item id → hash of the version in this module version's pool."""
    rows = connection.execute(
        select(ItemVersion.item_id, ItemVersion.hash)
        .join(PoolEntry, PoolEntry.item_version_id == ItemVersion.id)
        .where(PoolEntry.module_version_id == module_version_id)
    )
    return {row.item_id: row.hash for row in rows}


def add_item_version(
    connection: Connection, item_id: str, digest: str, content: dict[str, Any], now: dt.datetime
) -> int:
    """Add an item version."""
    row = {"item_id": item_id, "hash": digest, "content": content, "published_at": now}
    return connection.execute(insert(ItemVersion).values(row).returning(ItemVersion.id)).scalar_one()


def publish_module_version(
    connection: Connection,
    *,
    course_id: str,
    module_id: str,
    digest: str,
    content: dict[str, Any],
    pool: list[dict[str, Any]],
    now: dt.datetime,
) -> bool:
    """Make this content the current version of the module; False if it is already. `pool`: columns of PoolEntry."""
    query = select(ModuleRow.course_id, ModuleRow.current_id).where(ModuleRow.id == module_id)
    before = connection.execute(query).first()
    if before is None:
        connection.execute(insert(ModuleRow).values(id=module_id, course_id=course_id, current_id=None))
    version_id = connection.scalar(
        select(ModuleVersion.id).where(ModuleVersion.module_id == module_id, ModuleVersion.hash == digest)
    )
    if version_id is None:
        row = {"module_id": module_id, "hash": digest, "content": content, "published_at": now}
        version_id = connection.execute(insert(ModuleVersion).values(row).returning(ModuleVersion.id)).scalar_one()
        connection.execute(insert(PoolEntry), [{"module_version_id": version_id, **entry} for entry in pool])
    if before is not None and tuple(before) == (course_id, version_id):
        return False
    _point(connection, module_id, current_id=version_id, course_id=course_id)
    return True


def _point(connection: Connection, module_id: str, **values: Any) -> None:
    connection.execute(update(ModuleRow).where(ModuleRow.id == module_id).values(**values))


def find_module_hash(connection: Connection, module_id: str) -> tuple[int, str] | None:
    """(version id, hash) of a module's current version."""
    row = connection.execute(
        select(ModuleVersion.id, ModuleVersion.hash)
        .join(ModuleRow, ModuleRow.current_id == ModuleVersion.id)
        .where(ModuleRow.id == module_id)
    ).first()
    return None if row is None else (row.id, row.hash)


def withdraw_modules(connection: Connection, course_id: str, keep: Sequence[str]) -> list[str]:
    """Take the course's modules that are not in `keep` from new readers; their versions stay. The ids taken."""
    query = select(ModuleRow.id).where(
        ModuleRow.course_id == course_id, ModuleRow.current_id.is_not(None), ModuleRow.id.not_in(keep)
    )
    gone = list(connection.scalars(query.order_by(ModuleRow.id)))
    for module_id in gone:
        _point(connection, module_id, current_id=None)
    return gone
