"""`make bench-regrade`: one item's key changed in many finished attempts, killed half-way and resumed.

It prints how long `flask attempts regrade` took on its own and with a kill half-way, the memory it needed, and whether
both ended in the same rows, on SQLite and on PostgreSQL.
"""

import argparse
import hashlib
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ruamel.yaml import YAML
from sqlalchemy import Connection, delete, func, select, text, update

from bench.meter import peak_megabytes
from bench.world import MODULES, database, prepare
from config import ROOT
from quizapp.app import create_app, utc_now
from quizapp.domain.attempts import Kind
from quizapp.services import publishing, sheets, starting, taking
from quizapp.services.taking import Incoming
from quizapp.store.attempts import AttemptRow, StepRow
from quizapp.store.db import db, reading, unit_of_work
from quizapp.store.marks import ContributionRow
from quizapp.store.regrades import RegradeRow, RescoreRow

QUIZ = MODULES["all"]
N_TEMPLATES = 50
"""Attempts taken through the services; the others are copies of their rows."""


def copy_attempts(connection: Connection, n_copies: int) -> None:
    """Have each attempt `n_copies` times more, with all of its steps and contributions."""
    step = connection.scalar(select(func.max(AttemptRow.id))) or 0
    for table, own in (("attempt", "id"), ("attempt_step", "attempt_id"), ("contribution", "attempt_id")):
        names = [column.name for column in db.metadata.tables[table].columns]
        new = [
            f"a.{name} + {step} * n" if name == own else f"a.{name} + n" if name == "number" else f"a.{name}"
            for name in names
        ]
        connection.execute(
            text(
                f"WITH RECURSIVE times(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM times WHERE n < {n_copies}) "  # noqa: S608
                f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(new)} FROM {table} a, times"
            )
        )


def digest_rows() -> str:
    """One hash over every row that a regrade writes, in order, without run numbers and times."""
    a, c, r = AttemptRow, ContributionRow, RescoreRow
    queries = (
        select(a.id, a.is_passed, a.correction_id).order_by(a.id),
        select(
            c.attempt_id, c.position, c.weight, c.item_version_id, c.objective, c.numerator, c.denominator,
            c.response_class,
        ).order_by(c.attempt_id, c.position, c.regrade_id, c.weight),
        select(
            r.attempt_id, r.earned_before, r.out_of_before, r.was_passed, r.earned_after, r.out_of_after, r.is_passed,
            r.reason,
        ).order_by(r.attempt_id),
    )  # fmt: skip
    digest = hashlib.sha256()
    with unit_of_work() as connection:  # which has a transaction, as rows in portions need
        for query in queries:
            for row in connection.execute(query.execution_options(yield_per=1000)):
                digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


def forget_regrades(passed: Mapping[int, bool]) -> None:
    """Have the finished attempts as they were before any regrade. `passed`: who had passed then."""
    with unit_of_work() as connection:
        connection.execute(delete(RescoreRow))
        connection.execute(delete(ContributionRow).where(ContributionRow.regrade_id != 0))
        connection.execute(delete(RegradeRow))
        connection.execute(update(AttemptRow).values(correction_id=0))
        failed = [attempt_id for attempt_id, was_passed in passed.items() if not was_passed]
        for start in range(0, len(failed), 1000):
            chunk = failed[start : start + 1000]
            connection.execute(update(AttemptRow).where(AttemptRow.id.in_(chunk)).values(is_passed=False))


def list_passed() -> dict[int, bool]:
    """Attempt id → whether it is passed."""
    with reading() as connection:
        return {row[0]: row[1] for row in connection.execute(select(AttemptRow.id, AttemptRow.is_passed))}


def start_command(environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    """`flask …` as a process of its own."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
    return subprocess.Popen(  # noqa: S603
        command, cwd=ROOT, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def kill_half_way(process: subprocess.Popen[bytes], share: float = 0.5) -> float:
    """Kill a regrade that runs in `process` once it has come that far; the share done. Inside an application."""
    while process.poll() is None:
        with reading() as connection:
            row = connection.execute(select(RegradeRow.n_done, RegradeRow.n_total, RegradeRow.finished_at)).first()
        if row is not None and row.finished_at is None and row.n_done >= share * row.n_total:
            process.send_signal(signal.SIGKILL)
            process.wait()
            return float(row.n_done / row.n_total)
        time.sleep(0.005)
    raise RuntimeError("the regrade was over before it could be killed")


def take_templates(n: int) -> str:
    """`n` finished attempts that all ask one single best answer, answered in all ways; the item's id."""
    asked, done, person_id = "", 0, 0
    while done < n:
        person_id += 1
        now = utc_now()
        attempt_id = starting.start(person_id, QUIZ, Kind.QUIZ, person_id, now).attempt.id
        questions = sheets.get_sheet(person_id, attempt_id).questions
        asked = asked or next(q.item_id for q in questions if q.ask.kind == "one_of" and len(q.ask.choices) == 4)
        if asked in {q.item_id for q in questions}:
            sent = [Incoming(q.number, {"answer": ["ABCD"[(person_id + q.number) % 4]]}) for q in questions]
            taking.save_answers(person_id, attempt_id, sent, now)
            taking.finish(person_id, attempt_id, now)
            done += 1
    with unit_of_work() as connection:  # those that do not ask it are not wanted
        unwanted = select(AttemptRow.id).where(AttemptRow.finished_at.is_(None))
        connection.execute(delete(StepRow).where(StepRow.attempt_id.in_(unwanted)))
        connection.execute(delete(AttemptRow).where(AttemptRow.finished_at.is_(None)))
    return asked


def move_key(course: Path, item_id: str) -> None:
    """Make another option of the item the key, and publish."""
    yaml = YAML()
    yaml.width = 10_000
    path = course / QUIZ / "bank.yaml"
    bank = yaml.load(path)
    options = next(item for item in bank["items"] if item["id"] == item_id)["options"]
    key = next(i for i, option in enumerate(options) if option.pop("key", False))
    options[(key + 1) % len(options)]["key"] = True
    yaml.dump(bank, path)
    report = publishing.publish_course(course, utc_now())
    if report.problems:
        raise SystemExit("\n".join(map(str, report.problems)))


def measure(process: subprocess.Popen[bytes]) -> str:
    """Wait until a process ends well: seconds that passed, seconds of CPU, and the peak of its memory, in words."""
    started, peak = time.perf_counter(), 0.0
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    while process.poll() is None:
        with suppress(OSError):
            peak = max([peak, *peak_megabytes([process.pid])])
        time.sleep(0.01)
    if process.returncode:
        raise SystemExit(f"the regrade ended with {process.returncode}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return f"{time.perf_counter() - started:.1f} s ({cpu:.1f} s of CPU), {peak:.0f} MB"


def run(folder: Path, database_url: str, n_attempts: int) -> None:
    """Prepare, regrade, kill, resume, compare."""
    world = prepare(folder, database_url, N_TEMPLATES * 10)
    app = create_app({name: world.environment[name] for name in ("INSTANCE_PATH", "DATABASE_URL", "SECRET_KEY")})
    with app.app_context():
        item_id = take_templates(N_TEMPLATES)
        with unit_of_work() as connection:
            copy_attempts(connection, n_attempts // N_TEMPLATES - 1)
        move_key(folder / "questions", item_id)
        passed = list_passed()
        print(f"{len(passed)} finished attempts; the key of {item_id} is another one now")
        print(f"dry run: {measure(start_command(world.environment, 'attempts', 'regrade', QUIZ, '--dry-run'))}")
        whole_run = measure(start_command(world.environment, "attempts", "regrade", QUIZ))
        whole = digest_rows()
        with reading() as connection:
            done = connection.execute(select(RegradeRow.n_up, RegradeRow.n_down, RegradeRow.n_same)).one()
        print(f"regrade: {whole_run}; {done.n_up} up, {done.n_down} down, {done.n_same} the same")
        forget_regrades(passed)
        share = kill_half_way(start_command(world.environment, "attempts", "regrade", QUIZ))
        rest = measure(start_command(world.environment, "attempts", "regrade", QUIZ))
        resumed = digest_rows()
        print(f"killed at {share:.0%}, then {rest}; same rows: {resumed == whole}")
        db.engine.dispose()
    if resumed != whole:
        raise SystemExit(1)


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-regrade", description=__doc__)
    parser.add_argument("--attempts", type=int, default=100_000)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    options = parser.parse_args()
    for kind in [options.only] if options.only else ["sqlite", "postgresql"]:
        with tempfile.TemporaryDirectory(prefix="fascicle-bench-") as name, database(kind, Path(name)) as (url, _):
            print(f"\n{kind}")
            run(Path(name), url, options.attempts)


if __name__ == "__main__":
    main()
