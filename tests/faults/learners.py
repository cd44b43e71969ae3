"""Learners who remember what they sent and what was acknowledged: the truth that the database is compared with."""

import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from queue import Empty, Queue
from urllib.parse import urlencode

from tests.content import FIRST, N_FIRST

HOST = "127.0.0.1"
ATTEMPT = re.compile(r"/quiz/attempts/(\d+)")
ACKNOWLEDGED = frozenset({"accept", "repeat"})
PAUSE_SECONDS = 0.02


@dataclass(slots=True)
class Sent:
    """One answer as it was sent. `index` counts a learner's answers in the order in which they were given."""

    index: int
    number: int
    tab: str
    tab_seq: int
    letters: tuple[str, ...]
    sure: str
    flag: bool
    known_seq: int
    verdict: str = ""
    at: float = 0.0
    """When the first acknowledgement was read, in seconds since the epoch."""

    @property
    def is_acknowledged(self) -> bool:
        return self.verdict in ACKNOWLEDGED


@dataclass(slots=True)
class Learner:
    """One person with one attempt. `seqs` is what the open page knows of each question."""

    person_id: int
    cookie: str
    token: str
    rng: random.Random
    attempt_id: int = 0
    started_at: float = 0.0
    finished_at: float = 0.0
    sent: list[Sent] = field(default_factory=list)
    seqs: dict[int, int] = field(default_factory=dict)
    tab: str = ""
    tab_seq: int = 0

    @property
    def path(self) -> str:
        return f"/quiz/attempts/{self.attempt_id}"

    def open_page(self) -> None:
        """A page just loaded: its own tab, nothing sent from it."""
        self.tab, self.tab_seq = f"{self.rng.getrandbits(96):024x}", 0

    def give(self, n_max: int = 3) -> list[Sent]:
        """Change one to `n_max` questions at random: what one save carries."""
        self.tab_seq += 1
        numbers = sorted(self.rng.sample(range(1, N_FIRST + 1), self.rng.randint(1, n_max)))
        made = [
            Sent(
                index=len(self.sent) + i, number=number, tab=self.tab, tab_seq=self.tab_seq,
                letters=self.rng.choice((("A",), ("B",), ("A",), ("B",), ())),
                sure=self.rng.choice(("", "sure", "think_so", "guess")), flag=self.rng.random() < 0.3,
                known_seq=self.seqs.get(number, 0),
            )
            for i, number in enumerate(numbers)
        ]  # fmt: skip
        self.sent += made
        return made

    def body(self, answers: Sequence[Sent]) -> str:
        """The form that quiz.js sends."""
        data = [("csrf_token", self.token), ("tab", answers[0].tab), ("tab_seq", str(answers[0].tab_seq))]
        for a in answers:
            field_ = f"q{a.number}-"
            data += [("n", str(a.number)), (field_ + "seq", str(a.known_seq)), (field_ + "sure", a.sure)]
            data += [(field_ + "answer", letter) for letter in a.letters]
            data += [(field_ + "flag", "1" if a.flag else "0")]
        return urlencode(data)

    def take(self, answers: Sequence[Sent], raw: bytes) -> None:
        """Note what the server acknowledged."""
        at = time.time()
        slots = {slot["number"]: slot for slot in json.loads(raw)["slots"]}
        for a in answers:
            slot = slots[a.number]
            if not a.is_acknowledged:
                a.verdict, a.at = slot["verdict"], at
            self.seqs[a.number] = max(self.seqs.get(a.number, 0), slot["seq"])


class UnexpectedAnswerError(Exception):
    """The server answered something that no learner should see."""


@dataclass
class Browser:
    """One learner's connection, kept alive and opened again when it breaks."""

    learner: Learner
    port: int
    statuses: Counter[int] = field(default_factory=Counter)
    connection: HTTPConnection | None = None

    def send(
        self, method: str, path: str, body: str | None = None, accept: str = "text/html"
    ) -> tuple[int, bytes, str]:
        """(status, body, location). Raises OSError or HTTPException when the connection breaks."""
        if self.connection is None:
            self.connection = HTTPConnection(HOST, self.port, timeout=30)
        headers = {"Cookie": f"fascicle={self.learner.cookie}", "Accept": accept, "Host": "localhost"}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            raw = answer.read()
        except (OSError, HTTPException):
            self.close()
            self.statuses[0] += 1
            raise
        self.statuses[answer.status] += 1
        return answer.status, raw, answer.headers.get("Location", "")

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def insist(
        self, method: str, path: str, body: str | None, accept: str, until: float, good: Iterable[int] = (200, 302)
    ) -> tuple[int, bytes, str]:
        """Send the same until it is answered; 503 and a broken connection are tried again, anything else is wrong."""
        while True:
            with suppress(OSError, HTTPException):
                status, raw, where = self.send(method, path, body, accept)
                if status in good:
                    return status, raw, where
                if status != 503:
                    raise UnexpectedAnswerError(f"{method} {path} answered {status}: {raw[:300]!r}")
            if time.monotonic() > until:
                raise UnexpectedAnswerError(f"{method} {path} was not answered in time")
            time.sleep(PAUSE_SECONDS)

    def start(self, until: float) -> None:
        """Press the button that starts the quiz; sent again, it finds the attempt that the first one started."""
        learner = self.learner
        body = urlencode([("csrf_token", learner.token)])
        _, _, where = self.insist("POST", f"/quiz/modules/{FIRST}/quiz", body, "text/html", until)
        found = ATTEMPT.search(where)
        if found is None:
            raise UnexpectedAnswerError(f"the start led to {where}")
        learner.attempt_id, learner.started_at = int(found[1]), time.time()

    def save(self, answers: Sequence[Sent], until: float) -> None:
        """Send the same save until it is answered. What was out of date is given again, as the page has it now."""
        learner = self.learner
        _, raw, _ = self.insist(
            "POST", f"{learner.path}/save", learner.body(answers), "application/json", until, good=(200,)
        )
        learner.take(answers, raw)

    def finish(self, until: float) -> None:
        """Finish, and look at the result."""
        learner = self.learner
        body = urlencode([("csrf_token", learner.token), ("own", "y")])
        _, _, where = self.insist("POST", f"{learner.path}/check", body, "text/html", until, good=(302,))
        if not where.endswith("/result"):
            raise UnexpectedAnswerError(f"finishing led to {where}")
        learner.finished_at = learner.finished_at or time.time()
        self.insist("GET", f"{learner.path}/result", None, "text/html", until, good=(200,))


Save = Callable[[Browser, float], None]
"""Gives and sends one save, or some, in the way of a scenario."""


def save_plainly(browser: Browser, until: float) -> None:
    browser.save(browser.learner.give(), until)


@dataclass
class Load:
    """`n_threads` learners at a time, each from start to `n_saves` saves; every fourth finishes, the rest stay open."""

    port: int
    learners: Sequence[Learner]
    n_saves: int
    until: float
    """Monotonic seconds after which nothing new is begun and nothing is tried again."""
    save: Save = save_plainly
    n_threads: int = 6
    problems: list[str] = field(default_factory=list)
    browsers: list[Browser] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Load":
        waiting: Queue[Learner] = Queue()
        for learner in self.learners:
            waiting.put(learner)
        self.threads = [
            threading.Thread(target=self._work, args=(waiting,), daemon=True) for _ in range(self.n_threads)
        ]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self.stopping.set()
        self.join()

    def count(self, status: int) -> int:
        """How many requests were answered so until now; 0 stands for a connection that broke."""
        return sum(browser.statuses[status] for browser in self.browsers)

    def join(self) -> None:
        for thread in self.threads:
            thread.join()

    def is_running(self) -> bool:
        return any(thread.is_alive() for thread in self.threads)

    def wait(self, seconds: float) -> bool:
        """Let it run for a while; whether it still does."""
        end = time.monotonic() + seconds
        while self.is_running() and time.monotonic() < end:
            time.sleep(0.005)
        return self.is_running()

    def _work(self, waiting: "Queue[Learner]") -> None:
        while not self.stopping.is_set() and time.monotonic() < self.until:
            try:
                learner = waiting.get_nowait()
            except Empty:
                return
            with Browser(learner, self.port) as browser:
                self.browsers.append(browser)
                try:
                    self._learn(browser)
                except Exception as error:
                    self.problems.append(f"{type(error).__name__}: {error}")

    def _learn(self, browser: Browser) -> None:
        learner = browser.learner
        browser.start(self.until)
        learner.open_page()
        for _ in range(self.n_saves):
            if self.stopping.is_set() or time.monotonic() > self.until:
                return
            self.save(browser, self.until)
        if learner.rng.random() < 0.25:
            browser.finish(self.until)
