"""The real application with the real course behind a real server on a loopback port."""

import datetime as dt
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from flask_security import hash_password
from sqlalchemy import func, select

from config import ROOT, read_settings
from quizapp.app import create_app, init_migrations, utc_now
from quizapp.domain.attempts import Kind
from quizapp.services import accounts, publishing, sheets, starting, studying
from quizapp.services.versions import get_items
from quizapp.store import attempts as store
from quizapp.store.db import db, reading
from tests.people import PASSWORD, ZONE, Clock, Person, sign_in

FIRST = "cramp-or-not"
SECOND = "why-muscles-cramp"
FINAL = "muscle-cramps-final"
CHOICES = ("single_best_answer", "multiple_response", "true_false")
START_SECONDS = 30
CHROMIUM_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic", "--no-first-run",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
_numbers = count(1)


def find_chromium() -> str | None:
    """The system's Chromium; None if there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass(frozen=True, slots=True)
class Site:
    """A server that runs. `app` is the same application in this process, on the same database, for looking behind."""

    url: str
    app: Flask

    def add_person(self, name: str = "Alice Learner", roles: tuple[str, ...] = ()) -> Person:
        """Somebody new with PASSWORD, so that tests do not get into each other's way."""
        email = f"{name.split()[0].lower()}-{next(_numbers)}@test.example"
        with self.app.app_context():
            person_id = accounts.add_person(email, name, zone=ZONE, roles=roles, now=utc_now())
            accounts.set_password(email, hash_password(PASSWORD), utc_now())
        return Person(person_id, email, name, roles)

    def make_cookie(self, person: Person) -> dict[str, Any]:
        """A cookie of somebody who has just typed their password."""
        client = sign_in(self.app, person, Clock(utc_now()))
        with client.session_transaction() as session:
            session["fs_paa"] = time.time()
        cookie = client.get_cookie(self.app.config["SESSION_COOKIE_NAME"])
        assert cookie is not None
        return {"name": cookie.key, "value": cookie.value, "url": self.url, "httpOnly": True, "sameSite": "Lax"}

    def start(
        self,
        person: Person,
        module_id: str = FIRST,
        kind: Kind = Kind.QUIZ,
        seed: int = 1,
        at: dt.datetime | None = None,
    ) -> int:
        """Start an attempt; its id."""
        with self.app.app_context():
            return starting.start(person.id, module_id, kind, seed, at or utc_now()).attempt.id

    @staticmethod
    def now() -> dt.datetime:
        """The server's time."""
        return utc_now()

    def questions(self, person: Person, attempt_id: int) -> tuple[sheets.Question, ...]:
        """All questions of an attempt as they are shown, with what is kept."""
        with self.app.app_context():
            return sheets.get_sheet(person.id, attempt_id).questions

    def right_letters(self, attempt_id: int) -> list[list[str]]:
        """For each question what to choose for the full mark, as letters shown. The pages never tell."""
        return [[letter for letter, is_key in lines if is_key] for lines in self._keys(attempt_id)]

    def wrong_letters(self, attempt_id: int) -> list[list[str]]:
        """For each question one option that is not right."""
        return [[letter for letter, is_key in lines if not is_key][:1] for lines in self._keys(attempt_id)]

    def list_secrets(self, attempt_id: int) -> list[str]:
        """The first words of every rationale of an attempt's questions: what a page must not hold."""
        return [line.rationale.split("[")[0].strip()[:40] for lines in self._explain(attempt_id) for line in lines]

    def list_options(self, attempt_id: int) -> list[list[str]]:
        """For each question the letters of its options."""
        return [[letter for letter, _ in lines] for lines in self._keys(attempt_id)]

    def _keys(self, attempt_id: int) -> list[list[tuple[str, bool]]]:
        return [[(line.letter, line.is_key) for line in lines] for lines in self._explain(attempt_id)]

    def _explain(self, attempt_id: int) -> list[Any]:
        with self.app.app_context(), reading() as connection:
            found = store.find_with_steps(connection, attempt_id)
            assert found is not None
            slots = found[1].slots
            items = get_items(connection, [slot.item_version_id for slot in slots])
        return [items[slot.item_version_id].explain(None, slot.presentation) for slot in slots]

    def count_steps(self, attempt_id: int) -> int:
        """How many steps an attempt has."""
        with self.app.app_context(), reading() as connection:
            query = select(func.count()).where(store.StepRow.attempt_id == attempt_id)
            return int(connection.scalar(query) or 0)

    def list_attempts(self, person: Person) -> list[store.AttemptFacts]:
        with self.app.app_context(), reading() as connection:
            return store.list_attempts(connection, person.id)

    def read_lesson(self, person: Person, module_id: str, n_sections: int, at: dt.datetime) -> None:
        """Mark the first sections of a module as read."""
        with self.app.app_context():
            _, standing = studying.get_standing(person.id, module_id)
            for section in standing.module.sections[:n_sections]:
                studying.mark_read(person.id, module_id, section.id, at)

    def find_letter_link(self, email: str) -> str:
        """Let the job runner do what is due, then find the link in the letter to `email`."""
        outcome = self.app.test_cli_runner().invoke(args=["jobs", "run", "--once"])
        assert outcome.exit_code == 0, outcome.output
        for path in Path(self.app.config["MAIL_FOLDER"]).glob("*.eml"):
            letter: Any = message_from_bytes(path.read_bytes(), policy=policy.default)
            if letter["To"] == email:
                found = re.search(r"https?://\S+", letter.get_content())
                assert found, letter.get_content()
                return found[0]
        raise AssertionError(f"no letter to {email}")


@contextmanager
def serve(folder: Path) -> Iterator[Site]:
    """Build a database with demo people and the real course in `folder`, and serve it until the end of the block.

    Of its items only those with choices: these tests answer by letters. tests/kinds.py has the other kinds.
    """
    port = _free_port()
    environment = {
        "INSTANCE_PATH": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'site.sqlite3'}",
        "MAIL_FOLDER": str(folder / "mail"),
        "SECRET_KEY": secrets.token_hex(16),
        "PROVIDER_ZONE": ZONE,
        "CONTACT_EMAIL": "help@fascicle.example",
        "QUESTIONS_PATH": str(ROOT / "questions"),
        "PUBLIC_URL": "",
        "MAIL_SERVER": "",
        "LOG_LEVEL": "CRITICAL",
        "THREADS": "4",
    }
    app = create_app(read_settings(environment))
    with app.app_context():
        init_migrations(app).upgrade()
        accounts.add_demo_people(zone=ZONE, now=utc_now())
        publish_choices()
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1", "--blocking-threads", "4", "--no-ws", "--log-level", "error", "wsgi:app",
    ]  # fmt: skip
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, stdout=log, stderr=log)
        try:
            _wait_for(port, server, folder / "server.log")
            yield Site(f"http://127.0.0.1:{port}", app)
        finally:
            server.terminate()
            server.wait(timeout=20)
            with app.app_context():
                db.engine.dispose()


def publish(folder: Path) -> None:
    """Publish a course folder in the current application context."""
    report = publishing.publish_course(folder, utc_now())
    assert not report.problems, "\n".join(map(str, report.problems))


def publish_choices() -> None:
    """Publish the real course with its choice items."""
    with TemporaryDirectory() as folder:
        publish(copy_course(Path(folder)))


def copy_course(folder: Path) -> Path:
    """A copy of the real course in `folder`, without the items that are answered otherwise than by letters."""
    course = shutil.copytree(ROOT / "questions", folder / "questions")
    for bank in course.glob("*/bank.yaml"):
        head, *entries = re.split(r"^(?=  - id: )", bank.read_text("utf-8"), flags=re.M)
        kept = [entry for entry in entries if re.search(rf"^    type: (?:{'|'.join(CHOICES)})$", entry, re.M)]
        bank.write_text(head + "".join(kept), "utf-8")
        lesson = (bank.parent / "lesson.md").read_text("utf-8")
        for figure in bank.parent.glob("figures/*.svg"):
            if figure.name not in lesson:
                figure.unlink()
    return course


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise RuntimeError(f"the server did not start:\n{log.read_text()}")
