"""What every test can ask for: an application on a database of its own, a clock, and people who are signed in."""

import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings

from quizapp.app import create_app, init_migrations
from quizapp.services import publishing
from quizapp.store.db import db
from tests import databases, people
from tests.content import write_course
from tests.people import Clock, Person

# Always the same examples, so that a run says something about the code only; and no time limit for one of them, for
# the machine may be busy. Nothing is written beside the code.
settings.register_profile("house", database=None, deadline=None, derandomize=True, max_examples=40)
settings.register_profile("thorough", database=None, deadline=None, max_examples=1000)  # make fuzz
settings.load_profile("house")


def pytest_xdist_auto_num_workers() -> int:
    """Half as many workers again as cores: browser tests wait for timers and pages much of the time."""
    n_cores = os.cpu_count() or 2
    return n_cores + n_cores // 2


MakeApp = Callable[..., Flask]
SignIn = Callable[[Person], FlaskClient]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "each_database: run on SQLite and on PostgreSQL")
    if not hasattr(config, "workerinput"):
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that a run that is stopped cleans up as well
        config.stash[_RUN] = databases.begin_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    if _RUN in config.stash:
        databases.end_run(config.stash[_RUN])


_RUN = pytest.StashKey[Path]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames and metafunc.definition.get_closest_marker("each_database"):
        metafunc.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def _nothing_leaves_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections to anywhere else: a test that needs the internet is wrong."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"a test wanted to connect to {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


def app_settings(url: str, folder: Path, clock: Clock) -> dict[str, Any]:
    return {
        "TESTING": True,
        "PROPAGATE_EXCEPTIONS": True,
        "SECRET_KEY": "test",
        "PUBLIC_URL": "",
        "INSTANCE_PATH": str(folder),
        "MAIL_FOLDER": str(folder / "mail"),
        "MAIL_SERVER": "",
        "PROVIDER_ZONE": people.ZONE,
        "DATABASE_URL": url,
        "RATELIMIT_ENABLED": False,
        "WTF_CSRF_ENABLED": False,
        "CLOCK": clock,
        "LOG_LEVEL": "ERROR",
        "THREADS": 8,
    }


def fill_master(url: str) -> None:
    """Tables by our migrations, people and the small course through the services that make them."""
    folder = databases.run_folder() / "making"
    folder.mkdir(exist_ok=True)
    clock = Clock()
    app = create_app(app_settings(url, folder, clock))
    with app.app_context():
        init_migrations(app).upgrade()
        people.add_people(clock())
        report = publishing.publish_course(write_course(folder / "course"), clock())
        assert not report.problems, "\n".join(map(str, report.problems))
        db.engine.dispose()


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The URL of the run's PostgreSQL, without a database name."""
    programs = databases.find_postgres()
    if programs is None:
        pytest.skip("PostgreSQL is not on this machine (no initdb in /usr/lib/postgresql/*/bin or on the PATH)")
    return databases.start_postgres(programs)


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh copy of the master database: SQLite, or by the marker `each_database` one of each."""
    if getattr(request, "param", "sqlite") == "postgresql":
        with databases.postgres_copy(fill_master, request.getfixturevalue("postgres_server")) as url:
            yield url
    else:
        with databases.sqlite_copy(fill_master, tmp_path) as url:
            yield url


@pytest.fixture
def clock() -> Clock:
    """The application's clock: 22 November 2026, 9:00 UTC, until the test moves it."""
    return Clock()


@pytest.fixture
def make_app(database: str, tmp_path: Path, clock: Clock) -> Iterator[MakeApp]:
    """Build applications on this test's database; keyword arguments override settings."""
    made: list[Flask] = []

    def make(**settings: Any) -> Flask:
        app = create_app({**app_settings(database, tmp_path / "instance", clock), **settings})
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()
    for handler in logging.getLogger("fascicle").handlers:
        handler.close()


@pytest.fixture
def app(make_app: MakeApp) -> Flask:
    """The application. Enter `app.app_context()` only around calls of services, never around a client's requests."""
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A stranger's browser."""
    return app.test_client()


@pytest.fixture
def sign_in(app: Flask, clock: Clock) -> SignIn:
    """A browser in which the given person is signed in."""
    return lambda person: people.sign_in(app, person, clock)


@pytest.fixture
def alice(sign_in: SignIn) -> FlaskClient:
    """Alice's browser."""
    return sign_in(people.ALICE)


@pytest.fixture
def bob(sign_in: SignIn) -> FlaskClient:
    """Bob's browser."""
    return sign_in(people.BOB)


@pytest.fixture
def carol(sign_in: SignIn) -> FlaskClient:
    """Carol's browser."""
    return sign_in(people.CAROL)


@pytest.fixture
def mallory(sign_in: SignIn) -> FlaskClient:
    """Mallory's browser."""
    return sign_in(people.MALLORY)
