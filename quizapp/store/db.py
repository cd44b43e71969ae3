"""The database: one engine, two paths that never mix.

*Reading* opens a connection that never writes; each of its selects sees what is committed then, on both databases. The
*unit of work* opens its own connection and transaction, on SQLite with BEGIN IMMEDIATE so that it owns the write lock
from its first statement: a transaction that reads first and writes later fails at once with "database is locked" when
somebody else wrote in between. Both speak Core: the mapped classes describe tables, and only Flask-Security's datastore
in store/datastore.py handles them as entities.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, TypeDecorator, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.types import JSON

from quizapp.domain.errors import StorageUnavailable

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware UTC time; SQLite keeps it without zone, PostgreSQL with one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times in the database are aware")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    """Base of all rows."""

    registry = registry(
        metadata=MetaData(naming_convention=NAMING),
        type_annotation_map={dt.datetime: UtcDateTime, dict[str, Any]: JSON, list[Any]: JSON},
    )


db = SQLAlchemy(model_class=Base, disable_autonaming=True)


def init_database(app: Flask) -> None:
    """Bind the engine to `app` and set SQLite up for durable writes by several threads."""
    db.init_app(app)
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            event.listen(db.engine, "connect", _set_pragmas)
            event.listen(db.engine, "begin", _begin)
        event.listen(db.engine, "before_cursor_execute", _refuse_to_write)
        alone = {} if db.engine.dialect.name == "sqlite" else {"isolation_level": "AUTOCOMMIT"}
        app.extensions["fascicle-read"] = db.engine.execution_options(fascicle_read=True, **alone)
        app.extensions["fascicle-write"] = db.engine.execution_options(fascicle_write=True)


def _set_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _refuse_to_write(connection: Connection, _cursor: Any, statement: str, *_: Any) -> None:
    """A reading has no transaction: what it wrote by mistake would stand at once, without audit row or lock."""
    if connection.get_execution_options().get("fascicle_read") and not statement.lstrip().startswith(
        ("SELECT", "WITH")
    ):
        raise RuntimeError("a reading never writes: use unit_of_work()")


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("fascicle_write"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _engine(path: str) -> Engine:
    engine: Engine = current_app.extensions[path]
    return engine


@contextmanager
def reading() -> Iterator[Connection]:
    """A connection for selects. Close it before a unit of work is opened."""
    with _clear_errors(), _engine("fascicle-read").connect() as connection:
        yield connection


@contextmanager
def unit_of_work() -> Iterator[Connection]:
    """The one place that commits: all of it or nothing. No hashing, rendering, typesetting or mail inside."""
    with _clear_errors(), _engine("fascicle-write").begin() as connection:
        yield connection


def insert_once(connection: Connection, row_class: type[Base], key: Sequence[str], values: dict[str, Any]) -> bool:
    """Insert a row unless there is one with the same `key` (columns of a unique constraint); whether it was added."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    new = make(row_class).values(values).on_conflict_do_nothing(index_elements=key)
    return connection.execute(new.returning(*(getattr(row_class, name) for name in key))).first() is not None


@contextmanager
def _clear_errors() -> Iterator[None]:
    """A full, locked or lost database becomes StorageUnavailable; anything else stays what it is."""
    try:
        yield
    except PoolTimeoutError as error:
        raise StorageUnavailable("The database is busy.") from error
    except DBAPIError as error:
        if is_unavailable(error):
            raise StorageUnavailable("The database is full, locked or out of reach.") from error
        raise


def is_unavailable(error: DBAPIError) -> bool:
    """Whether trying again later may help: the disk, a lock or the connection is at fault, not the statement."""
    text = str(error.orig)
    signs = ("disk is full", "database is locked", "disk I/O error", "unable to open", "readonly database")
    return error.connection_invalidated or any(sign in text for sign in signs) or _is_postgres_trouble(error)


def _is_postgres_trouble(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # no server answered at all
        return type(error.orig).__module__.startswith("psycopg") and type(error.orig).__name__ == "OperationalError"
    return state[:2] in {"08", "53", "57"} or state in {"40001", "40P01", "55P03"}
