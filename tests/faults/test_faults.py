"""The short form of each fault; and that what looks for lost answers would see one. `make faults` is the long form."""

import os
import random
import sqlite3
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests import databases
from tests.faults.arena import Arena, Size
from tests.faults.learners import Learner, Load
from tests.faults.oracle import Findings, examine
from tests.faults.powercut import Call, rebuild
from tests.faults.scenarios import SCENARIOS, SHORT, power_cut, run, why_not
from tests.faults.world import Masters, Server, add_learners

_numbers = count(1)


@pytest.fixture(scope="session")
def masters() -> Masters:
    folder = databases.run_folder() / f"faults-{os.getpid()}"
    folder.mkdir(mode=0o711)
    return Masters(folder)


@pytest.fixture
def folder(masters: Masters) -> Path:
    """A folder that is not there yet, where a PostgreSQL under another user can get to."""
    return masters.path.parent / str(next(_numbers))


@pytest.mark.parametrize("name", list(SCENARIOS))
def test_no_answer_is_lost(name: str, folder: Path, masters: Masters) -> None:
    if reason := why_not(name):
        pytest.skip(reason)
    figures = run(name, folder, masters, SHORT[name], seed="short")
    print(figures)
    assert figures.is_good, "\n".join([str(figures), *figures.findings.notes, *figures.problems])


def test_a_database_that_does_not_wait_for_the_disk_is_seen_to_lose_answers(folder: Path, masters: Masters) -> None:
    if reason := why_not("power-cut"):
        pytest.skip(reason)
    arena = Arena("careless", folder, masters, Size(2, 10, 40, 0, faults=1), "careless")
    figures = power_cut(arena, target="tests.faults.careless:app")
    assert figures.lost > 0


def test_of_a_disk_after_a_power_cut_only_what_was_fsynced_is_certain() -> None:
    def call(name: str, at: int, data: bytes, began: float) -> Call:
        return Call(name, "f", at, data, began, began + 0.5)

    calls = [
        call("pwrite64", 0, b"first", 1), call("fsync", 0, b"", 2), call("pwrite64", 5, b"second", 3),
        call("fsync", 0, b"", 4), call("ftruncate", 3, b"", 5),
    ]  # fmt: skip

    def after(cut: float, variant: str = "nothing") -> bytes:
        return rebuild(calls, {"f": b""}, cut, variant, random.Random(1))["f"]

    assert after(1.9) == b""
    assert after(2.4) == b""  # the fsync had not returned
    assert after(2.5) == b"first"
    assert after(3.9) == b"first"
    assert after(3.9, "everything") == b"firstsecond"
    assert after(3.9, "a part") in {b"first", b"firstsecond"}
    assert after(9) == b"firstsecond"
    assert after(9, "everything") == b"fir"


@dataclass(frozen=True, slots=True)
class Used:
    """A database after some learning, with the learners who know what it must hold."""

    path: Path
    learners: list[Learner]

    def examine_after(self, folder: Path, *statements: str) -> Findings:
        """What is found in a copy to which these statements were done."""
        folder.mkdir()
        path = folder / "copy.sqlite3"
        path.write_bytes(self.path.read_bytes())
        connection = sqlite3.connect(path)
        for statement in statements:
            assert connection.execute(statement).rowcount > 0
        connection.commit()
        connection.close()
        return examine(f"sqlite:///{path}", folder, self.learners)


@pytest.fixture(scope="module")
def used(masters: Masters) -> Used:
    folder = masters.path.parent / "used"
    url = masters.copy(folder)
    learners = add_learners(url, folder, 2, "used")
    with Server(folder, url) as server, Load(server.port, learners, 15, time.monotonic() + 40) as load:
        load.join()
    assert not load.problems
    path = folder / "faults.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # all of it in the one file that is copied
    connection.close()
    return Used(path, learners)


LAST = "(SELECT max(seq) FROM attempt_step WHERE kind = 'save' AND attempt_id = 1)"


def test_an_untouched_database_has_every_answer(used: Used, folder: Path) -> None:
    found = used.examine_after(folder)
    assert found.acknowledged == found.found > 30
    assert not found.damaged
    assert not found.notes


def test_a_lost_answer_is_seen(used: Used, folder: Path) -> None:
    found = used.examine_after(folder, f"DELETE FROM attempt_step WHERE attempt_id = 1 AND seq = {LAST}")
    assert found.acknowledged - found.found == 1


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM attempt_step WHERE attempt_id = 1 AND seq = 4",
        "UPDATE attempt_step SET data = replace(data, 'false', 'true') WHERE attempt_id = 1 AND seq > 1",
        "UPDATE attempt_step SET tab = 'another' WHERE attempt_id = 1 AND seq = 4",
        "UPDATE attempt SET finished_at = '2026-11-22 09:00:00.000000' WHERE finished_at IS NULL",
    ],
    ids=["a gap", "another answer", "another tab", "an end without a step"],
)
def test_a_damaged_attempt_is_seen(used: Used, folder: Path, statement: str) -> None:
    found = used.examine_after(folder, statement)
    assert found.damaged
    assert found.notes


def test_an_older_answer_over_a_newer_one_is_seen(used: Used, folder: Path) -> None:
    """Two saves of one question that changed places: every answer is there, but the wrong one counts."""
    learner = used.learners[0]
    number = next(n for n in range(1, 7) if len({s.letters for s in learner.sent if s.number == n}) > 1)
    saves = f"SELECT seq FROM attempt_step WHERE attempt_id = {learner.attempt_id} AND position = {number - 1}"
    first, last = f"({saves} ORDER BY seq LIMIT 1)", f"({saves} ORDER BY seq DESC LIMIT 1)"
    with sqlite3.connect(used.path) as connection:
        low, high = (connection.execute(f"SELECT {each}").fetchone()[0] for each in (first, last))
    connection.close()
    here = f"attempt_id = {learner.attempt_id} AND seq ="
    found = used.examine_after(
        folder,
        f"UPDATE attempt_step SET seq = 100000 WHERE {here} {low}",
        f"UPDATE attempt_step SET seq = {low} WHERE {here} {high}",
        f"UPDATE attempt_step SET seq = {high} WHERE {here} 100000",
    )
    assert found.acknowledged - found.found == 1
