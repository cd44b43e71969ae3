"""A real server process on a database of its own, with learners who are signed in without a password."""

import datetime as dt
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from flask import Flask, session
from flask_wtf.csrf import generate_csrf

from config import ROOT, read_settings
from quizapp.app import create_app, init_migrations, utc_now
from quizapp.services import accounts, publishing
from quizapp.store.db import db
from tests.content import write_course
from tests.faults.learners import Learner
from tests.people import ZONE

SECRET = "a secret for faults only"
START_SECONDS = 40
HOST = "127.0.0.1"


def settings(url: str, folder: Path) -> dict[str, str]:
    """The environment of a server of ours."""
    return {
        "INSTANCE_PATH": str(folder / "instance"), "DATABASE_URL": url, "MAIL_FOLDER": str(folder / "mail"),
        "SECRET_KEY": SECRET, "PROVIDER_ZONE": ZONE, "CONTACT_EMAIL": "help@fascicle.example",
        "QUESTIONS_PATH": str(ROOT / "questions"), "PUBLIC_URL": "", "MAIL_SERVER": "", "LOG_LEVEL": "ERROR",
        "THREADS": "4",
    }  # fmt: skip


@contextmanager
def application(url: str, folder: Path) -> Iterator[Flask]:
    """The application in this process on a fresh engine, its context entered; for looking behind the server."""
    app = create_app(read_settings(settings(url, folder)))
    with app.app_context():
        try:
            yield app
        finally:
            db.engine.dispose()


def fill(url: str, folder: Path) -> None:
    """Tables and the small course of the tests."""
    with application(url, folder) as app:
        init_migrations(app).upgrade()
        report = publishing.publish_course(write_course(folder / "course"), utc_now())
        assert not report.problems, "\n".join(map(str, report.problems))


def add_learners(url: str, folder: Path, n: int, seed: str) -> list[Learner]:
    """`n` new people, each with a sign-in of their own; what their browsers hold is made here."""
    learners = []
    with application(url, folder) as app:
        signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        with app.test_request_context():
            token = generate_csrf()
            raw = session["csrf_token"]
        now = utc_now()
        for i in range(n):
            person_id = accounts.add_person(f"learner-{i}@test.example", "Alice Learner", zone=ZONE, roles=(), now=now)
            sign_in = accounts.start_sign_in(person_id, "Firefox on Linux", now)
            cookie = signer.dumps({"_permanent": True, "sign_in": sign_in, "csrf_token": raw})
            learners.append(Learner(person_id, str(cookie), token, random.Random(f"{seed}/{i}")))
    return learners


def free_port() -> int:
    """A port on loopback that nobody has now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@dataclass
class Server:
    """`make run`'s server in a process group of its own, so that all of it can be killed by that group's number."""

    folder: Path
    url: str
    target: str = "wsgi:app"
    before: Sequence[str] = ()
    more: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it can serve."""
        command = [
            *self.before, sys.executable, "-m", "granian", "--interface", "wsgi", "--host", HOST, "--port",
            str(self.port), "--workers", "1", "--blocking-threads", "4", "--no-ws", "--log-level", "error", self.target,
        ]  # fmt: skip
        environment = {**os.environ, **settings(self.url, self.folder), **self.more}
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if self._is_ready():
                return
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"the server did not start:\n{(self.folder / 'server.log').read_text()[-2000:]}")

    def _is_ready(self) -> bool:
        connection = HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def kill(self) -> None:
        """SIGKILL to all of it at once; nothing of it gets to run another instruction."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end; after a while, make it."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, how)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=20)
        _wait_for_group(self.process.pid)
        self.process = None

    def pids(self) -> list[int]:
        """All processes of the server."""
        assert self.process is not None
        return group_members(self.process.pid)

    def __enter__(self) -> "Server":
        self.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()


def group_members(group: int) -> list[int]:
    """The processes of a process group that are not dead."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _parent, its_group = path.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                found.append(int(path.parent.name))
    return found


def _wait_for_group(group: int) -> None:
    """An orphaned worker holds the port and the database: wait until it is gone, and end it if it will not go."""
    deadline = time.monotonic() + 10
    while group_members(group) and time.monotonic() < deadline:
        time.sleep(0.01)
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


class Masters:
    """The filled SQLite file, built once per run and copied."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "master.sqlite3"
        if not self.path.exists():
            fill(f"sqlite:///{self.path}", folder)

    def copy(self, folder: Path) -> str:
        """The URL of a fresh copy in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.path, folder / "faults.sqlite3")
        return f"sqlite:///{folder / 'faults.sqlite3'}"


def shown_now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M UTC")
