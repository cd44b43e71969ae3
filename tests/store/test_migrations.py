"""The migrated database is the one the code describes, and each step down and up again loses nothing it need not."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import inspect, text

from config import ROOT
from quizapp.app import init_migrations
from quizapp.domain.attempts import Kind
from quizapp.services import starting, studying, taking
from quizapp.services.health import newest_migration
from quizapp.store.db import db, reading
from tests import databases
from tests.content import FIRST
from tests.people import ALICE, START

pytestmark = pytest.mark.each_database

STEPS = [script.revision for script in ScriptDirectory(str(ROOT / "migrations")).walk_revisions()][::-1]


def describe() -> dict[str, Any]:
    """Every table's columns, indexes and constraints as the database tells them."""
    found = inspect(db.engine)
    return {
        table: (
            [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in found.get_columns(table)],
            sorted((str(i["name"]), tuple(i["column_names"]), bool(i["unique"])) for i in found.get_indexes(table)),
            sorted((str(k["name"]), k["referred_table"]) for k in found.get_foreign_keys(table)),
            sorted((str(u["name"]), tuple(u["column_names"])) for u in found.get_unique_constraints(table)),
        )
        for table in sorted(found.get_table_names())
    }


def count_rows() -> dict[str, int]:
    with reading() as connection:
        tables = inspect(connection).get_table_names()
        return {t: connection.execute(text(f'SELECT count(*) FROM "{t}"')).scalar_one() for t in tables}


def test_the_migrated_database_is_what_the_code_describes(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, db.metadata) == []


@pytest.fixture
def empty_database(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table, of the same kind as `database`."""
    with ExitStack() as stack:
        if database.startswith("sqlite"):
            yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        else:
            yield stack.enter_context(databases.new_postgres(request.getfixturevalue("postgres_server")))


def test_tables_made_from_the_models_are_those_that_the_migrations_make(make_app: Any, empty_database: str) -> None:
    migrated, made = make_app(), make_app(DATABASE_URL=empty_database)
    with migrated.app_context():
        by_migrations = {table: facts for table, facts in describe().items() if table != "alembic_version"}
    with made.app_context():
        db.create_all()
        assert describe() == by_migrations


def test_two_open_attempts_of_a_kind_are_refused_by_the_database_itself(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        indexes = {index["name"]: index for index in inspect(connection).get_indexes("attempt")}
        assert indexes["uq_attempt_open"]["unique"]
        dialect = connection.dialect.name
        where = str(indexes["uq_attempt_open"]["dialect_options"][f"{dialect}_where"])
        assert where.strip("()").lower() == "finished_at is null"


@pytest.mark.parametrize("step", range(len(STEPS)), ids=STEPS)
def test_each_migration_goes_down_and_up_on_a_filled_database(app: Flask, step: int) -> None:
    with app.app_context():
        attempt_id = starting.start(ALICE.id, FIRST, Kind.QUIZ, 1, START).attempt.id
        taking.finish(ALICE.id, attempt_id, START)
        studying.mark_read(ALICE.id, FIRST, "on-o1-1", START)
        migrate = init_migrations(app)
        migrate.downgrade(revision=STEPS[step])
        schema, filled = describe(), count_rows()
        migrate.downgrade(revision=STEPS[step - 1] if step else "base")
        lower = count_rows()
        migrate.upgrade(revision=STEPS[step])
        assert describe() == schema
        after = count_rows()
        kept = {table for table in lower if table in filled and table != "alembic_version"}
        assert {t: after[t] for t in kept} == {t: filled[t] for t in kept}
        if step == 0:
            assert set(lower) == {"alembic_version"}


def test_the_newest_migration_is_the_one_with_the_highest_number() -> None:
    assert newest_migration(ROOT / "migrations") == STEPS[-1]


def test_a_web_worker_does_without_the_tool_that_migrates() -> None:
    code = "import sys, wsgi; print(sorted({'alembic', 'flask_migrate', 'psycopg'} & set(sys.modules)))"
    seen = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "[]"


def test_pools_from_before_are_filled_from_the_items_as_they_were_published(app: Flask) -> None:
    def read_pool() -> list[Any]:
        columns = "item_version_id, difficulty, tags, case_id, case_part, case_size"
        with reading() as connection:
            return list(
                connection.execute(text(f"SELECT {columns} FROM pool_entry ORDER BY module_version_id, 1")).all()
            )

    with app.app_context():
        case = '{"id": "fall", "part": 2, "n_parts": 3, "unfolds": false}'
        with db.engine.begin() as connection:
            content = connection.execute(text("SELECT content FROM item_version WHERE id = 1")).scalar_one()
            fields = content if isinstance(content, dict) else json.loads(content)
            changed = {**fields, "tags": ["calf", "night cramp"], "difficulty": "hard", "case": json.loads(case)}
            connection.execute(
                text("UPDATE item_version SET content = :content WHERE id = 1"), {"content": json.dumps(changed)}
            )
        migrate = init_migrations(app)
        migrate.downgrade(revision="0003")
        migrate.upgrade()
        first, *others = read_pool()
        assert tuple(first) == (1, "hard", "calf\nnight cramp", "fall", 2, 3)
        assert {tuple(row[1:]) for row in others} == {("medium", "marble", None, 0, 0)}
