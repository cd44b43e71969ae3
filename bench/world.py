"""What the bench runs on: a course with two quizzes of 20 questions, people with passwords, and servers."""

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask_security import hash_password
from ruamel.yaml import YAML
from sqlalchemy import insert

from config import ROOT
from quizapp.app import create_app, init_migrations, utc_now
from quizapp.services import publishing
from quizapp.store.db import unit_of_work
from quizapp.store.people import Person
from tests.databases import begin_run, end_run, execute, find_postgres, new_postgres, start_postgres

PASSWORD = "bench-only-password"  # noqa: S105 - people of a throw-away database
PLAN = [("O1.1", 4), ("O1.2", 10), ("O1.3", 3), ("O1.4", 3)]
MODULES = {"all": "all-on-one-page", "one": "one-a-page"}
SOURCE = ROOT / "questions" / "cramp-or-not"
CHOICES = frozenset({"single_best_answer", "multiple_response", "true_false"})
"""The item types that the journey answers; others would be left blank, and figures could not be compared over time."""


def write_course(folder: Path) -> None:
    """A course from the first module's real lesson and items, once with all questions on one page, once one a page."""
    yaml = YAML()
    yaml.width = 10_000
    for name in ("evidence.yaml", "glossary.yaml", "credit.yaml"):
        shutil.copy(ROOT / "questions" / name, folder)
    course = {
        "format": 1,
        "id": "bench",
        "title": "Bench",
        "summary": "Bench.",
        "notice": "Bench.",
        "modules": list(MODULES.values()),
    }
    yaml.dump(course, folder / "course.yaml")
    for number, (layout, module_id) in enumerate(MODULES.items(), start=1):
        target = folder / module_id
        shutil.copytree(SOURCE, target)
        facts = yaml.load(target / "module.yaml")
        facts |= {"id": module_id, "number": number, "requires": []}
        for objective in facts["objectives"]:
            objective["id"] = objective["id"].replace("O1.", f"O{number}.")
        facts["quiz"]["layout"] = layout
        facts["quiz"]["plan"] = [{"objective": o.replace("O1.", f"O{number}."), "n": n} for o, n in PLAN]
        yaml.dump(facts, target / "module.yaml")
        bank = yaml.load(target / "bank.yaml")
        bank["module"] = module_id
        bank["items"] = [item for item in bank["items"] if item["type"] in CHOICES]
        for item in bank["items"]:
            item["id"] = f"{item['id']}-{number}"
            item["objective"] = item["objective"].replace("O1.", f"O{number}.")
        yaml.dump(bank, target / "bank.yaml")
        lesson = (target / "lesson.md").read_text()
        (target / "lesson.md").write_text(lesson.replace(" O1.", f" O{number}."))


@dataclass(frozen=True, slots=True)
class World:
    """A prepared database and its settings."""

    environment: dict[str, str]
    emails: list[str]


def prepare(folder: Path, database_url: str, n_people: int) -> World:
    """Migrate, publish and add people; all have one password, hashed once."""
    course = folder / "questions"
    course.mkdir(parents=True)
    write_course(course)
    settings: dict[str, Any] = {
        "INSTANCE_PATH": str(folder / "instance"),
        "DATABASE_URL": database_url,
        "QUESTIONS_PATH": str(course),
        "SECRET_KEY": "bench",
        "LOG_LEVEL": "WARNING",
    }
    app = create_app(settings)
    emails = [f"learner{i}@bench.example" for i in range(n_people)]
    with app.app_context():
        init_migrations(app).upgrade()
        report = publishing.publish_course(course, utc_now())
        if report.problems:
            raise SystemExit("\n".join(map(str, report.problems)))
        hashed = hash_password(PASSWORD)
        rows = [
            {
                "email": email,
                "name": f"Learner {i}",
                "zone": "Australia/Melbourne",
                "theme": "",
                "created_at": utc_now(),
                "password": hashed,
                "fs_uniquifier": f"bench-{i}",
                "confirmed_at": utc_now(),
            }
            for i, email in enumerate(emails)
        ]
        with unit_of_work() as connection:
            connection.execute(insert(Person), rows)
    return World({**os.environ, **{k: str(v) for k, v in settings.items()}}, emails)


@contextmanager
def database(kind: str, folder: Path) -> Iterator[tuple[str, list[int]]]:
    """A fresh database: its address and the process ids of its server (none for SQLite)."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'bench.sqlite3'}", []
        return
    programs = find_postgres()
    if programs is None:
        raise SystemExit("There is no PostgreSQL on this machine: apt-get install postgresql, or --only sqlite.")
    run = begin_run()
    try:
        server = start_postgres(programs)
        for name in ("fsync", "full_page_writes"):  # tests do without, a figure must not
            execute(server, f"ALTER SYSTEM SET {name} = 'on'")
        execute(server, "SELECT pg_reload_conf()")
        pid = int((run / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
        with new_postgres(server) as url:
            yield url, [pid]
    finally:
        end_run(run)


@contextmanager
def serve(target: str, port: int, environment: dict[str, str], threads: int, workers: int) -> Iterator[int]:
    """A granian server of `target` on loopback; yields its process id once it answers."""
    command = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(workers), "--blocking-threads", str(threads), "--log-level", "warning", target,
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env=environment)  # noqa: S603
    try:
        for _ in range(200):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                    break
            except OSError:
                time.sleep(0.1)
        else:
            raise SystemExit(f"{target} did not answer on port {port}")
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)
