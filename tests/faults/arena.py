"""What every fault needs: a world of its own, a size, an end that looks at everything, and figures."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.learners import Browser, Learner, Load
from tests.faults.oracle import Findings, examine
from tests.faults.world import Masters, Server, add_learners


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it: so many learners, each giving so many saves of one to three answers, within so many seconds."""

    learners: int
    saves: int
    seconds: float
    every: float
    """Mean seconds between two faults."""
    faults: int = 1_000_000
    """At most so many of them."""


@dataclass
class Arena:
    """What a scenario gets: a folder of its own, the master database, chance."""

    name: str
    folder: Path
    masters: Masters
    size: Size
    seed: str
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        self.folder.chmod(0o711)  # a PostgreSQL under another user has its place in here
        self.rng = random.Random(self.seed)

    @property
    def until(self) -> float:
        return time.monotonic() + self.size.seconds

    def blows(self, load: Load) -> Iterator[int]:
        """The moments for a fault while the load runs, counted from 1: a pause from nothing to twice the mean apart.

        Between two of them at least one save gets through, without the server being started again by anybody.
        """
        for n in range(1, self.size.faults + 1):
            if not load.wait(self.rng.uniform(0, 2 * self.size.every)):
                return
            yield n
            wait_for_a_save(load)
        load.join()

    def learners(self, url: str) -> list[Learner]:
        return add_learners(url, self.folder, self.size.learners, self.seed)


@dataclass
class Figures:
    """What came out, and what was done how often."""

    name: str
    what: str
    n_faults: int
    findings: Findings
    unfinishable: int
    refused: int
    """Saves and starts that were answered with 503."""
    broken: int
    """Requests whose connection broke before an answer."""
    problems: list[str]
    seconds: float

    @property
    def lost(self) -> int:
        return self.findings.acknowledged - self.findings.found

    @property
    def is_good(self) -> bool:
        f = self.findings
        is_bad = self.lost or f.damaged or self.unfinishable or self.problems or f.notes
        return not is_bad and f.acknowledged > 0 and self.n_faults > 0

    def __str__(self) -> str:
        f = self.findings
        return (
            f"{self.name:<20} {self.what:<18} {self.n_faults:>5}   "
            f"acknowledged {f.acknowledged:>6}   found {f.found:>6}   "
            f"lost {self.lost}   damaged {f.damaged}   unfinishable {self.unfinishable}   "
            f"refused {self.refused:>5}   broken off {self.broken:>5}   {self.seconds:6.1f} s"
        )


def conclude(arena: Arena, server: Server, learners: Sequence[Learner], what: str, n: int, load: Load) -> Figures:
    """Kill the server, look at what is there, finish everything, look again."""
    server.kill()
    findings = examine(server.url, arena.folder, learners)
    server.start()
    unfinishable, notes = finish_all(server.port, learners)
    server.stop()
    after = examine(server.url, arena.folder, learners)
    findings.notes += notes
    findings.notes += [f"after the end: {note}" for note in after.notes]
    findings.damaged = max(findings.damaged, after.damaged)
    findings.found = min(findings.found, after.found)
    return make_figures(arena, what, n, findings, unfinishable, load)


def make_figures(arena: Arena, what: str, n: int, findings: Findings, unfinishable: int, load: Load) -> Figures:
    """The line of a scenario that ends now."""
    seconds = time.monotonic() - arena.started
    return Figures(arena.name, what, n, findings, unfinishable, load.count(503), load.count(0), load.problems, seconds)


def finish_all(port: int, learners: Sequence[Learner]) -> tuple[int, list[str]]:
    """Finish every attempt through its pages: how many could not be, and why."""
    until = time.monotonic() + 60

    def finish(learner: Learner) -> str:
        with Browser(learner, port) as browser:
            try:
                browser.finish(until)
            except Exception as error:
                return f"attempt {learner.attempt_id} cannot be finished: {error}"
        return ""

    with ThreadPoolExecutor(4) as pool:
        notes = [note for note in pool.map(finish, [each for each in learners if each.attempt_id]) if note]
    return len(notes), notes[:3]


def wait_for_a_save(load: Load) -> None:
    before = load.count(200)
    wait_for(load, lambda: load.count(200) > before)


def wait_for(load: Load, is_so: Callable[[], bool]) -> None:
    while load.is_running() and not is_so():
        time.sleep(0.005)
