"""How Alembic runs our migrations. Our own, for the stock file of Flask-Migrate calls the deprecated `get_engine()`.

On SQLite a changed table is copied and the old one dropped (batch mode), so foreign keys are off meanwhile: a dropped
table would otherwise take the rows that point at it along. They are checked before the commit instead.
"""

from typing import Any

from alembic import context
from flask import current_app
from flask_security import AsaList
from sqlalchemy import Connection, text

from quizapp.store.db import UtcDateTime

migrate = current_app.extensions["migrate"]
db = migrate.db


def write_type(kind: str, thing: Any, _context: Any) -> str | bool:
    """Write our column types into migrations as the database sees them: old migrations then import nothing of ours."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, AsaList):
        return "sa.UnicodeText()"
    return False


def configure(**where: Any) -> None:
    options = {"compare_type": True, **migrate.configure_args}
    context.configure(target_metadata=db.metadata, render_item=write_type, transactional_ddl=True, **options, **where)


def run_offline() -> None:
    """Print the SQL instead of running it: `flask db upgrade --sql`."""
    configure(url=db.engine.url, literal_binds=True, dialect_opts={"paramstyle": "named"})
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """All steps in one transaction, on SQLite as the only writer."""
    with db.engine.connect().execution_options(fascicle_write=True) as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            set_foreign_keys(connection, "OFF")
        try:
            configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
                if is_sqlite and (broken := connection.execute(text("PRAGMA foreign_key_check")).all()):
                    raise RuntimeError(f"the migration leaves rows that point nowhere: {broken[:5]}")
        finally:
            if is_sqlite:
                connection.rollback()
                set_foreign_keys(connection, "ON")


def set_foreign_keys(connection: Connection, state: str) -> None:
    """Outside of any transaction, where alone SQLite listens to it."""
    dbapi: Any = connection.connection.dbapi_connection
    dbapi.execute(f"PRAGMA foreign_keys={state}").close()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
