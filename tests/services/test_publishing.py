"""Publishing: versions that never change, refusals that write nothing, and reading back from a bounded cache."""

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from quizapp.commands import modules
from quizapp.domain.errors import NotFound
from quizapp.domain.evidence import find_citations
from quizapp.services import versions
from quizapp.services.publishing import Report, State, publish_course
from quizapp.services.versions import get_items, get_module_version, get_module_versions
from quizapp.store import content as store
from quizapp.store.content import CourseRow, ItemVersion, ModuleVersion, PoolEntry
from quizapp.store.db import Base, db, init_database, reading
from tests.content import FIRST, SECOND, write_course

MONDAY = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
TUESDAY = MONDAY + dt.timedelta(days=1)
REAL = Path(__file__).parents[2] / "questions"


def make_empty_app(file: Path) -> Flask:
    """Tables and nothing in them."""
    app = Flask("quizapp")
    app.config["SQLALCHEMY_DATABASE_URI"] = f"sqlite:///{file}"
    init_database(app)
    with app.app_context():
        Base.metadata.create_all(db.engine)
    return app


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Flask]:
    app = make_empty_app(tmp_path / "empty.sqlite3")
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return write_course(tmp_path / "course")


def replace_text(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def count_rows() -> dict[str, int]:
    with reading() as connection:
        return {
            row.__tablename__: connection.scalar(select(func.count()).select_from(row)) or 0
            for row in (CourseRow, ModuleVersion, ItemVersion, PoolEntry)
        }


def current(module_id: str) -> int:
    with reading() as connection:
        version_id = store.find_current(connection, module_id)
    assert version_id is not None
    return version_id


def changes(report: Report) -> dict[str, State]:
    return {name: state for name, state in (*report.modules, *report.items) if state is not State.UNCHANGED}


def test_a_first_publishing_stores_everything_and_calls_it_new(empty: Flask, course: Path) -> None:
    with empty.app_context():
        report = publish_course(course, MONDAY)
        assert not report.problems
        assert report.course is State.NEW
        assert report.modules == ((FIRST, State.NEW), (SECOND, State.NEW))
        assert report.count(report.items) == {State.NEW: 36}
        assert count_rows() == {"course": 1, "module_version": 2, "item_version": 36, "pool_entry": 36}


def test_publishing_twice_writes_nothing_the_second_time(empty: Flask, course: Path) -> None:
    with empty.app_context():
        publish_course(course, MONDAY)
        before, first = count_rows(), current(FIRST)
        writes: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if not statement.lstrip().upper().startswith(("SELECT", "BEGIN", "PRAGMA", "COMMIT")):
                writes.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        report = publish_course(course, TUESDAY)
        event.remove(db.engine, "before_cursor_execute", note)
        assert not writes
        assert report.course is State.UNCHANGED
        assert not changes(report)
        assert (count_rows(), current(FIRST)) == (before, first)


def test_a_changed_item_makes_one_new_version_and_the_old_one_stays(empty: Flask, course: Path) -> None:
    with empty.app_context():
        publish_course(course, MONDAY)
        before, first, second = count_rows(), current(FIRST), current(SECOND)
        with reading() as connection:
            old_pool = store.list_pool(connection, first, "quiz")
            old_items = get_items(connection, [entry.item_version_id for entry in old_pool])
        replace_text(course / FIRST / "bank.yaml", "for marble 1 of first", "for marble 1, the red one, of first")
        report = publish_course(course, TUESDAY)
        assert changes(report) == {FIRST: State.CHANGED, f"{FIRST}-1": State.CHANGED}
        after = count_rows()
        assert after["item_version"] == before["item_version"] + 1
        assert after["module_version"] == before["module_version"] + 1
        assert current(FIRST) != first
        assert current(SECOND) == second
        with reading() as connection:
            assert store.list_pool(connection, first, "quiz") == old_pool
            assert get_items(connection, [entry.item_version_id for entry in old_pool]) == old_items
            new = get_items(
                connection, [e.item_version_id for e in store.list_pool(connection, current(FIRST), "quiz")]
            )
        assert any("the red one" in item.stem for item in new.values())


def test_going_back_to_an_earlier_text_points_at_the_earlier_version(empty: Flask, course: Path) -> None:
    with empty.app_context():
        publish_course(course, MONDAY)
        first = current(FIRST)
        replace_text(course / FIRST / "lesson.md", "##", "##  ")
        replace_text(course / FIRST / "module.yaml", "Short and round.", "Round and short.")
        publish_course(course, TUESDAY)
        rows = count_rows()
        replace_text(course / FIRST / "module.yaml", "Round and short.", "Short and round.")
        report = publish_course(course, TUESDAY)
        assert changes(report) == {FIRST: State.CHANGED}
        assert current(FIRST) == first
        assert count_rows() == rows


def test_a_course_with_a_fault_is_refused_whole(empty: Flask, course: Path) -> None:
    with empty.app_context():
        publish_course(course, MONDAY)
        before = count_rows()
        replace_text(course / FIRST / "module.yaml", "Short and round.", "Round and short.")
        replace_text(course / SECOND / "bank.yaml", "use: quiz", "use: quizz")
        replace_text(course / SECOND / "module.yaml", "format: 1", "format: 2")
        report = publish_course(course, TUESDAY)
        assert {Path(p.file).name for p in report.problems} == {"bank.yaml", "module.yaml"}
        assert report.course is None
        assert not report.modules
        assert count_rows() == before


def test_a_part_of_a_course_is_not_published(empty: Flask, course: Path) -> None:
    with empty.app_context():
        (problem,) = publish_course(course / FIRST, MONDAY).problems
        assert problem.code == "no-course"
        assert count_rows()["course"] == 0


def test_an_item_or_a_module_taken_out_is_withdrawn_and_its_versions_stay(empty: Flask, course: Path) -> None:
    with empty.app_context():
        publish_course(course, MONDAY)
        before, second = count_rows(), current(SECOND)
        shutil.rmtree(course / SECOND)
        replace_text(course / "course.yaml", f"- {SECOND}\n", "")
        report = publish_course(course, TUESDAY)
        assert changes(report)[SECOND] is State.WITHDRAWN
        assert count_rows() == before
        with reading() as connection:
            assert [row.module_id for row in store.list_current(connection)] == [FIRST]
            assert get_module_version(connection, second).id == SECOND


def test_a_published_module_carries_all_that_its_pages_show(empty: Flask, course: Path) -> None:
    with empty.app_context():
        publish_course(course, MONDAY)
        with reading() as connection:
            module = get_module_version(connection, current(FIRST))
            pool = store.list_pool(connection, current(FIRST), "quiz")
            items = get_items(connection, [entry.item_version_id for entry in pool])
        assert [entry.item_version_id for entry in pool] == list(items)
        cited = {c.claim for item in items.values() for text in item.texts() for c in find_citations(text)}
        cited |= {claim for section in module.sections for claim in section.cites}
        assert set(module.evidence.claims) == cited
        assert {r for c in module.evidence.claims.values() for r in c.references} == set(module.evidence.references)
        assert module.credit is not None
        assert module.credit.words == module.words > 0
        assert module.credit.items == module.facts.quiz.n_items
        assert all("<svg" in s.html for s in module.sections if "<figure" in s.html)


def test_the_course_of_this_checkout_can_be_published(empty: Flask) -> None:
    with empty.app_context():
        report = publish_course(REAL, MONDAY)
        assert not report.problems
        with reading() as connection:
            versions = [row.version_id for row in store.list_current(connection)]
            modules = get_module_versions(connection, versions)
        assert [m.id for m in modules.values()]
        assert all(m.credit_hours > 0 or m.is_final for m in modules.values())


def test_versions_are_read_once_and_then_kept(empty: Flask, course: Path) -> None:
    with empty.app_context():
        publish_course(course, MONDAY)
        statements: list[str] = []
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
        with reading() as connection:
            ids = [entry.item_version_id for entry in store.list_pool(connection, current(FIRST), "quiz")]
            statements.clear()
            first = get_items(connection, ids[:4])
            again = get_items(connection, [*ids[:4], ids[1]])
            wider = get_items(connection, ids)
        assert len([s for s in statements if s.startswith("SELECT")]) == 2
        assert all(again[i] is first[i] is wider[i] for i in ids[:4])
        assert list(wider) == ids


def test_a_version_that_is_not_there_is_not_found(empty: Flask) -> None:
    with empty.app_context(), reading() as connection:
        with pytest.raises(NotFound):
            get_items(connection, [1])
        with pytest.raises(NotFound):
            get_module_version(connection, 1)
        assert get_items(connection, []) == {}


def test_two_databases_never_share_what_they_keep(tmp_path: Path, course: Path) -> None:
    apps = [make_empty_app(tmp_path / f"{name}.sqlite3") for name in ("a", "b")]
    stems = []
    for title, app in zip(("title: Marble 1 of first", "title: Another title"), apps, strict=True):
        replace_text(course / FIRST / "bank.yaml", "title: Marble 1 of first", title)
        with app.app_context():
            publish_course(course, MONDAY)
            with reading() as connection:
                stems.append(get_items(connection, [1])[1].title)
            db.engine.dispose()
    assert stems == ["Marble 1 of first", "Another title"]


def test_the_cache_drops_what_was_used_longest_ago_when_it_is_full() -> None:
    cache = versions._Cache(max_bytes=100)
    cache.hold(str, 1, "one", 40)
    cache.hold(str, 2, "two", 40)
    assert cache.find(str, 1) == "one"
    cache.hold(str, 3, "three", 40)
    assert cache.find(str, 2) is None
    assert (cache.find(str, 1), cache.find(str, 3)) == ("one", "three")
    cache.hold(str, 4, "too large", 101)
    assert cache.find(str, 4) is None
    cache.hold(str, 5, "five", 10)
    cache.hold(str, 5, "five", 10)
    assert cache.n_bytes == 10
    assert cache.find(int, 5) is None


@pytest.mark.each_database
def test_a_change_is_published_on_each_database(app: Flask, tmp_path: Path) -> None:
    course = write_course(tmp_path / "again")
    with app.app_context():
        assert not changes(publish_course(course, MONDAY))
        replace_text(course / FIRST / "bank.yaml", "title: Marble 1 of first", "title: “Ćerný” – 球")
        assert changes(publish_course(course, TUESDAY)) == {FIRST: State.CHANGED, f"{FIRST}-1": State.CHANGED}
        with reading() as connection:
            ids = [e.item_version_id for e in store.list_pool(connection, current(FIRST), "quiz")]
            assert "“Ćerný” – 球" in {item.title for item in get_items(connection, ids).values()}


def test_the_command_says_what_is_new_and_then_that_nothing_is(empty: Flask, course: Path) -> None:
    empty.config |= {"QUESTIONS_PATH": str(course), "CLOCK": lambda: MONDAY}
    empty.cli.add_command(modules.group)
    runner = empty.test_cli_runner()
    first = runner.invoke(args=["modules", "publish"])
    assert (first.exit_code, first.output.splitlines()[-1]) == (0, "course new; items: 36 new")
    second = runner.invoke(args=["modules", "publish", str(course)])
    assert second.output.splitlines() == [
        f"unchanged  module {FIRST}", f"unchanged  module {SECOND}", "course unchanged; items: 36 unchanged",
    ]  # fmt: skip
    replace_text(course / SECOND / "bank.yaml", "use: quiz", "use: quizz")
    refused = runner.invoke(args=["modules", "publish"])
    assert refused.exit_code == 1
    assert "not-allowed" in refused.output
    assert "Nothing was published: 1 fault." in refused.output
