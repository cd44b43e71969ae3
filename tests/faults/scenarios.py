"""The faults: each builds its own world, puts load on it, does its damage, and answers with figures."""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from copy import copy
from pathlib import Path

from tests.faults import powercut
from tests.faults.arena import Arena, Figures, Size, conclude, finish_all, make_figures, wait_for
from tests.faults.learners import HOST, Browser, Learner, Load, Save, Sent, UnexpectedAnswerError
from tests.faults.oracle import Findings, examine
from tests.faults.postgres import Postgres
from tests.faults.proxy import CuttingProxy, read_message
from tests.faults.world import Masters, Server, fill


def sigkill(arena: Arena) -> Figures:
    """The server is killed at random moments, all of it or only its worker, and started again."""
    url = arena.masters.copy(arena.folder)
    return _sigkill(arena, url)


def _sigkill(arena: Arena, url: str) -> Figures:
    learners = arena.learners(url)
    n = 0
    with Server(arena.folder, url) as server:
        with Load(server.port, learners, arena.size.saves, arena.until) as load:
            for n in arena.blows(load):  # noqa: B007 - the last one counts
                workers = [pid for pid in server.pids() if server.process and pid != server.process.pid]
                if workers and arena.rng.random() < 0.3:
                    with suppress(ProcessLookupError):
                        os.kill(arena.rng.choice(workers), signal.SIGKILL)
                    load.wait(0.05)
                server.kill()
                server.start()
        return conclude(arena, server, learners, "kills", n, load)


def sigkill_on_postgres(arena: Arena) -> Figures:
    """The same with PostgreSQL behind the server."""
    with Postgres(arena.folder / "postgres") as postgres:
        fill(postgres.url, arena.folder)
        return _sigkill(arena, postgres.url)


def postgres_backend(arena: Arena) -> Figures:
    """Single processes of PostgreSQL are killed; it then throws everybody out and recovers. The server stays up."""
    with Postgres(arena.folder / "postgres") as postgres:
        return _harm_postgres(arena, postgres, lambda: postgres.kill_backend(arena.rng.random()), "backends killed")


def postgres_postmaster(arena: Arena) -> Figures:
    """All of PostgreSQL is killed and started again. The server stays up."""
    with Postgres(arena.folder / "postgres") as postgres:
        return _harm_postgres(arena, postgres, postgres.kill_postmaster, "kills of it")


def _harm_postgres(arena: Arena, postgres: Postgres, harm: Callable[[], None], what: str) -> Figures:
    fill(postgres.url, arena.folder)
    learners = arena.learners(postgres.url)
    n = 0
    with Server(arena.folder, postgres.url) as server:
        with Load(server.port, learners, arena.size.saves, arena.until) as load:
            for n in arena.blows(load):  # noqa: B007 - the last one counts
                harm()
        postgres.wait_until_ready()
        return conclude(arena, server, learners, what, n, load)


def can_mount() -> bool:
    """Whether a small file system of our own may be made here."""
    return os.geteuid() == 0 and shutil.which("mount") is not None


DISK_MB = 24


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of DISK_MB in memory."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def disk_full(arena: Arena) -> Figures:
    """The file system under the database is filled to the last byte, and freed; the server stays up."""
    with small_disk(arena.folder / "disk") as disk:
        ballast = disk / "ballast"

        def fill_up(_server: Server) -> None:
            with ballast.open("wb", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(65536))
            with ballast.open("ab", buffering=0) as file, suppress(OSError):
                while True:
                    file.write(bytes(512))

        def free(_server: Server) -> None:
            ballast.unlink()

        return _fill_and_free(arena, arena.masters.copy(disk), fill_up, free, "times full")


def file_limit(arena: Arena) -> Figures:
    """The server may not write any file beyond 4 kB (RLIMIT_FSIZE), and may again: write errors without a full disk."""

    def limit(to: int) -> Callable[[Server], None]:
        def apply(server: Server) -> None:
            for pid in server.pids():
                hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (to, hard))

        return apply

    url = arena.masters.copy(arena.folder)
    return _fill_and_free(arena, url, limit(4096), limit(resource.RLIM_INFINITY), "times limited")


def _fill_and_free(
    arena: Arena, url: str, fill_up: Callable[[Server], None], free: Callable[[Server], None], what: str
) -> Figures:
    learners = arena.learners(url)
    n = 0
    with Server(arena.folder, url) as server:
        with Load(server.port, learners, arena.size.saves, arena.until) as load:
            for n in arena.blows(load):  # noqa: B007 - the last one counts
                refused = load.count(503)
                fill_up(server)
                try:
                    _wait_for_refusal(load, refused)
                    load.wait(arena.rng.uniform(0, 0.5))
                finally:
                    free(server)
        return conclude(arena, server, learners, what, n, load)


def _wait_for_refusal(load: Load, before: int) -> None:
    wait_for(load, lambda: load.count(503) > before)


def cut_off(arena: Arena) -> Figures:
    """Every fifth request is cut off: before the server, after it, or in its answer. The page sends the same again."""
    url = arena.masters.copy(arena.folder)
    learners = arena.learners(url)
    with Server(arena.folder, url) as server:
        with (
            CuttingProxy(server.port, 0.2, arena.rng) as proxy,
            Load(proxy.port, learners, arena.size.saves, arena.until) as load,
        ):
            load.join()
        return conclude(arena, server, learners, "cuts", proxy.cuts.total(), load)


def out_of_order(arena: Arena) -> Figures:
    """Five saves are under way at once, over two connections, in any order, some of them twice, some much later."""
    late: dict[int, list[list[Sent]]] = {}
    n = 0

    def save(browser: Browser, until: float) -> None:
        nonlocal n
        learner = browser.learner
        batch = [learner.give() for _ in range(5)]
        waiting = late.setdefault(learner.person_id, [])
        order = batch + [each for each in batch if learner.rng.random() < 0.5]
        order += [waiting.pop(learner.rng.randrange(len(waiting)))] if waiting else []
        learner.rng.shuffle(order)
        waiting += [each for each in batch if learner.rng.random() < 0.2]
        n += len(order) - len(batch)
        with Browser(learner, browser.port) as second, ThreadPoolExecutor(1) as pool:
            other = pool.submit(save_all, second, order[::2], until)
            save_all(browser, order[1::2], until)
            other.result()

    figures = _harm_by_client(arena, save, "again or late", n_threads=3)
    figures.n_faults = n
    return figures


def save_all(browser: Browser, saves: Sequence[Sequence[Sent]], until: float) -> None:
    for each in saves:
        browser.save(each, until)


SEQ = re.compile(r'name="q(\d+)-seq"[^>]*value="(\d+)"')
INPUT = re.compile(r'<input[^>]*name="q\d+-answer"[^>]*>')


def reload(arena: Arena) -> Figures:
    """The page is loaded anew at any moment of a save: request half sent, sent, answer half read, read."""
    n = 0

    def save(browser: Browser, until: float) -> None:
        nonlocal n
        learner = browser.learner
        browser.close()
        answers = learner.give(n_max=1)
        body = learner.body(answers).encode()
        head = (
            f"POST {learner.path}/save HTTP/1.1\r\nHost: localhost\r\nCookie: fascicle={learner.cookie}\r\n"
            "Accept: application/json\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        _send_and_leave(browser, head.encode() + body, answers)
        n += 1
        number = answers[0].number
        _, raw, _ = browser.insist("GET", f"{learner.path}/questions/{number}", None, "text/html", until, good=(200,))
        _compare_page(learner, number, raw.decode())
        browser.save(learner.give(n_max=2), until)

    figures = _harm_by_client(arena, save, "reloads")
    figures.n_faults = n
    return figures


def _send_and_leave(browser: Browser, request: bytes, answers: Sequence[Sent]) -> None:
    rng = browser.learner.rng
    stage = rng.choice(("half sent", "sent", "a moment later", "half read", "read"))
    with suppress(OSError), socket.create_connection((HOST, browser.port), timeout=30) as line:
        line.sendall(request[: rng.randrange(len(request))] if stage == "half sent" else request)
        if stage == "a moment later":
            time.sleep(rng.uniform(0, 0.01))
        elif stage == "half read":
            line.recv(rng.randrange(1, 200))
        elif stage == "read":
            answer = read_message(line)
            if b" 200 " in answer[:20]:
                browser.statuses[200] += 1
                browser.learner.take(answers, answer.partition(b"\r\n\r\n")[2])


def _compare_page(learner: Learner, number: int, page: str) -> None:
    """The page shows what was acknowledged last or something given later, and is a new tab that knows its count."""
    seqs = {int(n): int(seq) for n, seq in SEQ.findall(page)}
    if seqs.get(number, -1) < learner.seqs.get(number, 0):
        raise UnexpectedAnswerError(f"the page of question {number} knows step {seqs}, acknowledged was {learner.seqs}")
    shown = {value[1] for i in INPUT.findall(page) if " checked" in i and (value := re.search(r'value="(\w)"', i))}
    sent = [s for s in learner.sent if s.number == number]
    last = max((i for i, s in enumerate(sent) if s.is_acknowledged), default=0)
    possible = [set(s.letters) for s in sent[last:]] + ([set()] if not any(s.is_acknowledged for s in sent) else [])
    possible += [set(s.letters) for s in sent if not any(t.is_acknowledged for t in sent)]
    if shown not in possible:
        raise UnexpectedAnswerError(f"the page of question {number} shows {shown}, given was {possible}")
    learner.open_page()
    learner.seqs[number] = seqs[number]


def _harm_by_client(arena: Arena, save: Save, what: str, n_threads: int = 6) -> Figures:
    url = arena.masters.copy(arena.folder)
    learners = arena.learners(url)
    with Server(arena.folder, url) as server:
        with Load(server.port, learners, arena.size.saves, arena.until, save=save, n_threads=n_threads) as load:
            load.join()
        return conclude(arena, server, learners, what, 0, load)


HOURS = 3600.0


def clock(arena: Arena) -> Figures:
    """The machine's clock is set back and forth, by seconds up to days."""
    url = arena.masters.copy(arena.folder)
    learners = arena.learners(url)
    offset = arena.folder / "offset"
    offset.write_text("0")
    server = Server(arena.folder, url, target="tests.faults.jumping:app", more={"CLOCK_OFFSET_FILE": str(offset)})
    n = 0
    with server:
        with Load(server.port, learners, arena.size.saves, arena.until) as load:
            for n in arena.blows(load):  # noqa: B007 - the last one counts
                span = arena.rng.choice((2.0, HOURS, 12 * HOURS, 9 * 24 * HOURS))
                made = offset.with_suffix(".new")
                made.write_text(str(arena.rng.uniform(-span, span)))
                made.rename(offset)
        return conclude(arena, server, learners, "times set", n, load)


def power_cut(arena: Arena, target: str = "wsgi:app") -> Figures:
    """The files as a disk could hold them after a power cut at any moment, each rebuilt from what was fsynced."""
    url = arena.masters.copy(arena.folder)
    learners = arena.learners(url)
    path = arena.folder / "faults.sqlite3"
    base = {str(path): path.read_bytes()}
    record = arena.folder / "record"
    traced = powercut.tracer((path, Path(f"{path}-wal")), record)
    server = Server(arena.folder, url, target=target, before=traced)
    with server:
        with Load(server.port, learners, arena.size.saves, arena.until) as load:
            load.join()
        server.kill()
        calls = list(powercut.read_record(record))
    told = sorted(s.at for learner in learners for s in learner.sent if s.is_acknowledged)
    findings = Findings()
    unfinishable = 0
    for i in range(arena.size.faults):
        cut = arena.rng.uniform(told[0], told[-1])
        files = powercut.rebuild(calls, base, cut, powercut.VARIANTS[i % len(powercut.VARIANTS)], arena.rng)
        after, unfinished = _survive(arena, files, str(path), [copy(each) for each in learners], cut)
        findings.damaged += after.damaged
        findings.notes += after.notes
        findings.found -= after.acknowledged - after.found
        unfinishable += unfinished
    findings.acknowledged = len(told)
    findings.found += len(told)
    return make_figures(arena, "cuts", arena.size.faults, findings, unfinishable, load)


def _survive(
    arena: Arena, files: dict[str, bytes], path: str, learners: list[Learner], cut: float
) -> tuple[Findings, int]:
    """Open the rebuilt files as a server would, look, finish everything that had been started, look again."""
    folder = arena.folder / "after"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in files.items():
        (folder / name.replace(path, "faults.sqlite3")).write_bytes(data)
    url = f"sqlite:///{folder / 'faults.sqlite3'}"
    findings = examine(url, folder, learners, until=cut)
    there = [each for each in learners if each.attempt_id and each.started_at <= cut]
    with Server(folder, url) as server:
        unfinishable, notes = finish_all(server.port, there)
    after = examine(url, folder, there, until=cut)
    findings.notes += notes + after.notes
    findings.damaged = max(findings.damaged, after.damaged)
    return findings, unfinishable


SCENARIOS: dict[str, Callable[[Arena], Figures]] = {
    "sigkill": sigkill,
    "disk-full": disk_full,
    "file-limit": file_limit,
    "cut-off": cut_off,
    "out-of-order": out_of_order,
    "reload": reload,
    "clock": clock,
    "power-cut": power_cut,
    "sigkill-postgres": sigkill_on_postgres,
    "postgres-backend": postgres_backend,
    "postgres-postmaster": postgres_postmaster,
}

SHORT = {
    "sigkill": Size(6, 60, 100, 0.2, 3), "disk-full": Size(6, 60, 100, 0.1, 4), "file-limit": Size(6, 60, 100, 0.1, 4),
    "cut-off": Size(6, 50, 100, 0), "out-of-order": Size(3, 10, 100, 0), "reload": Size(6, 20, 100, 0),
    "clock": Size(6, 60, 100, 0.05), "power-cut": Size(3, 40, 100, 0, 3), "sigkill-postgres": Size(6, 40, 100, 0.2, 2),
    "postgres-backend": Size(6, 50, 100, 0.1, 3), "postgres-postmaster": Size(6, 50, 100, 0.1, 2),
}  # fmt: skip
LONG = {
    "sigkill": Size(150, 120, 300, 1), "disk-full": Size(60, 120, 200, 0.5), "file-limit": Size(60, 120, 200, 0.5),
    "cut-off": Size(60, 120, 200, 0), "out-of-order": Size(30, 30, 200, 0), "reload": Size(60, 100, 200, 0),
    "clock": Size(60, 120, 200, 0.1), "power-cut": Size(30, 120, 200, 0, 30), "sigkill-postgres": Size(40, 120, 250, 1),
    "postgres-backend": Size(40, 120, 250, 1), "postgres-postmaster": Size(40, 120, 250, 1),
}  # fmt: skip


def why_not(name: str) -> str:
    """What this machine lacks for a scenario; empty if nothing."""
    if name == "disk-full" and not can_mount():
        return "mounting a small file system needs root"
    if name == "power-cut" and shutil.which("strace") is None:
        return "strace is not on this machine"
    return ""


def run(name: str, folder: Path, masters: Masters, size: Size, seed: str) -> Figures:
    """One scenario from beginning to end."""
    return SCENARIOS[name](Arena(name, folder, masters, size, f"{seed}/{name}"))
