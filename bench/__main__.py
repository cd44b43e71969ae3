"""`python -m bench OUT.json`: the learner's journey against a real server, beside floors in the same run."""

import argparse
import json
import os
import platform
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from flask_security import verify_password
from sqlalchemy import select

from bench.client import Browser
from bench.journey import take
from bench.meter import cpu_seconds, peak_megabytes, tree
from bench.world import PASSWORD, World, database, prepare, serve
from quizapp.app import create_app
from quizapp.store.attempts import AttemptRow
from quizapp.store.db import reading
from quizapp.store.people import Person

SITE_PORT, FLOOR_PORT = 5811, 5812
THREADS = 4
N_PEOPLE = 64
NOISE = 1.35
"""Two runs of the same code on a shared machine differ by up to a third in these ratios."""


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of `values` lie (nearest rank)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def run_alone(world: World, layout: str, pids: list[int], n: int) -> dict[str, Any]:
    """`n` journeys one after the other: CPU by step, as the operating system accounts it."""
    browser = Browser("127.0.0.1", SITE_PORT)
    for email in world.emails[:3]:
        list(take(browser, email, layout))  # warm up
    browser.log.clear()
    browser.n_requests = 0
    spent: dict[str, float] = defaultdict(float)
    before = started = cpu_seconds(pids)
    for i in range(n):
        for step in take(browser, world.emails[i % len(world.emails)], layout):
            now = cpu_seconds(pids)
            spent[step] += now - before
            before = now
        now = cpu_seconds(pids)
        spent["review"] += now - before
        before = now
    return {
        "journeys": n,
        "requests": browser.n_requests / n,
        "cpu_seconds": (before - started) / n,
        "cpu_seconds_by_step": {step: seconds / n for step, seconds in spent.items()},
    }


def run_together(world: World, layout: str, pids: list[int], n_learners: int, seconds: float) -> dict[str, Any]:
    """`n_learners` in a closed loop for about `seconds`: rates and response times."""
    browsers = [Browser("127.0.0.1", SITE_PORT) for _ in range(n_learners)]
    faults: list[Exception] = []
    done = [0] * n_learners
    before, started = cpu_seconds(pids), time.perf_counter()
    until = started + seconds

    def learn(i: int) -> None:
        try:
            while time.perf_counter() < until:
                for _ in take(browsers[i], world.emails[i], layout):
                    pass
                done[i] += 1
        except Exception as fault:
            faults.append(fault)

    threads = [threading.Thread(target=learn, args=(i,)) for i in range(n_learners)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    took, spent = time.perf_counter() - started, cpu_seconds(pids) - before
    by_step: dict[str, list[float]] = defaultdict(list)
    for browser in browsers:
        for step, duration in browser.log:
            by_step[step].append(duration)
    return {
        "learners": n_learners,
        "journeys": sum(done),
        "journeys_per_second": sum(done) / took,
        "requests_per_second": sum(b.n_requests for b in browsers) / took,
        "cpu_seconds_per_journey": spent / max(1, sum(done)),
        "ms": {
            step: {f"p{p}": 1000 * percentile(values, p / 100) for p in (50, 95, 99)}
            for step, values in by_step.items()
        },
    }


def hash_cost(world: World, n: int = 40) -> float:
    """CPU seconds of one password check, measured in this process with the stored hash."""
    app = create_app(_settings(world))
    with app.app_context():
        with reading() as connection:
            hashed = connection.scalar(select(Person.password).limit(1))
        verify_password(PASSWORD, hashed)
        started = time.process_time()
        for _ in range(n):
            verify_password(PASSWORD, hashed)
        return (time.process_time() - started) / n


def floors(world: World, pids: list[int], n: int) -> dict[str, float]:
    """CPU seconds per request of each floor, `n` requests each after a warm-up."""
    app = create_app(_settings(world))
    with app.app_context(), reading() as connection:
        attempt_id = connection.scalar(select(AttemptRow.id).limit(1))
    browser = Browser("127.0.0.1", FLOOR_PORT)
    costs = {}
    for name, method, path in (
        ("bare", "GET", "/bare"),
        ("save", "POST", f"/save/{attempt_id}"),
        ("page", "GET", "/page"),
    ):
        for _ in range(n // 10):
            browser.step(name, method, path, [] if method == "POST" else None)
        before = cpu_seconds(pids)
        for _ in range(n):
            browser.step(name, method, path, [] if method == "POST" else None)
        costs[name] = (cpu_seconds(pids) - before) / n
    return costs


def site_costs(world: World, pids: list[int], n: int) -> dict[str, float]:
    """CPU seconds of the product's background save and of its page of 20 questions, measured as the floors are."""
    browser = Browser("127.0.0.1", SITE_PORT)
    steps = take(browser, world.emails[0], "all")
    for step in steps:
        if step == "start":
            break
    app = create_app(_settings(world))
    with app.app_context(), reading() as connection:
        query = select(AttemptRow.id).where(AttemptRow.finished_at.is_(None)).order_by(AttemptRow.id.desc()).limit(1)
        attempt_id = connection.scalar(query)
    costs = {}
    for name, count in (("save", n), ("page", n)):
        before = 0.0
        for i in range(-(n // 10), count):
            if i == 0:
                before = cpu_seconds(pids)
            if name == "page":
                browser.step(name, "GET", f"/quiz/attempts/{attempt_id}/all")
            else:
                letter = "AB"[i % 2]
                fields = [("n", "1"), ("q1-answer", letter), ("q1-seq", "0"), ("tab", "floor"), ("tab_seq", str(i + n))]
                browser.step(name, "POST", f"/quiz/attempts/{attempt_id}/save", fields, accept="application/json")
        costs[name] = (cpu_seconds(pids) - before) / count
    browser.step("finish", "POST", f"/quiz/attempts/{attempt_id}/check", [("own", "y")])
    return costs


def _settings(world: World) -> dict[str, Any]:
    names = ("INSTANCE_PATH", "DATABASE_URL", "QUESTIONS_PATH", "SECRET_KEY", "LOG_LEVEL")
    return {name: world.environment[name] for name in names}


def measure(kind: str, options: argparse.Namespace) -> dict[str, Any]:
    """Everything on one kind of database."""
    folder = Path(tempfile.mkdtemp(prefix="fascicle-bench-"))
    workers = 1 if kind == "sqlite" else os.cpu_count() or 1
    try:
        with ExitStack() as stack:
            url, servers = stack.enter_context(database(kind, folder))
            world = prepare(folder, url, N_PEOPLE)
            site = stack.enter_context(serve("bench.site:app", SITE_PORT, world.environment, THREADS, workers))
            floor = stack.enter_context(serve("bench.floor:app", FLOOR_PORT, world.environment, THREADS, 1))

            def site_pids() -> list[int]:
                return [pid for root in (site, *servers) for pid in tree(root)]

            result: dict[str, Any] = {"workers": workers, "threads": THREADS}
            result["journey"] = run_alone(world, "all", site_pids(), options.journeys)
            result["journey_one_a_page"] = run_alone(world, "one", site_pids(), max(3, options.journeys // 4))
            result["hash_cpu_seconds"] = hash_cost(world)
            for name in ("journey", "journey_one_a_page"):
                result[name]["cpu_seconds_without_hash"] = result[name]["cpu_seconds"] - result["hash_cpu_seconds"]
            floor_pids = [pid for root in (floor, *servers) for pid in tree(root)]
            result["floor"] = {"cpu_seconds": floors(world, floor_pids, options.requests)}
            result["floor"]["cpu_seconds_per_request"] = result["floor"]["cpu_seconds"]["bare"]
            result["site"] = {"cpu_seconds": site_costs(world, site_pids(), options.requests)}
            result["ratio"] = {
                name: result["site"]["cpu_seconds"][name] / result["floor"]["cpu_seconds"][name]
                for name in ("save", "page")
            }
            result["loops"] = [
                run_together(world, layout, site_pids(), n, options.seconds)
                for layout in ("all", "one")
                for n in (1, 8, 50)
            ]
            for loop, layout in zip(result["loops"], ["all"] * 3 + ["one"] * 3, strict=True):
                loop["layout"] = layout
            result["peak_megabytes"] = peak_megabytes(site_pids())
            return result
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def show(kind: str, result: dict[str, Any]) -> None:
    """The figures as a table."""
    journey, ms = result["journey"], 1000.0
    print(f"\n{kind}: {result['workers']} worker(s) of {result['threads']} threads")
    for name in ("journey", "journey_one_a_page"):
        j = result[name]
        print(
            f"  {name:20} {j['requests']:5.1f} requests  {j['cpu_seconds'] * ms:7.1f} ms CPU, "
            f"without the password hash (argon2id 19 MiB, t=2, p=1: {result['hash_cpu_seconds'] * ms:.1f} ms) "
            f"{j['cpu_seconds_without_hash'] * ms:6.1f} ms"
        )
    for step, seconds in journey["cpu_seconds_by_step"].items():
        print(f"    {step:18} {seconds * ms:7.2f} ms CPU")
    for name, seconds in result["floor"]["cpu_seconds"].items():
        site = result["site"]["cpu_seconds"].get(name)
        beside = f"   product {site * ms:6.2f} ms   ratio {result['ratio'][name]:.2f}" if site else ""
        print(f"  floor {name:6} {seconds * ms:7.2f} ms CPU{beside}")
    for loop in result["loops"]:
        p = [statistics.fmean(v[f"p{q}"] for v in loop["ms"].values()) for q in (50, 95, 99)]
        print(
            f"  {loop['layout']:3} {loop['learners']:3} learners {loop['journeys_per_second']:7.2f} journeys/s "
            f"{loop['requests_per_second']:8.1f} requests/s   mean over steps "
            f"p50 {p[0]:6.1f} p95 {p[1]:6.1f} p99 {p[2]:6.1f} ms"
        )
    print(f"  peak memory of each process: {', '.join(f'{m:.0f} MB' for m in result['peak_megabytes'])}")


def ratios(figures: dict[str, Any]) -> dict[str, float]:
    """What can be compared between machines: the product's cost in units of a floor measured in the same run."""
    found = {}
    for kind in ("sqlite", "postgresql"):
        if kind in figures:
            result = figures[kind]
            bare = result["floor"]["cpu_seconds"]["bare"]
            found[f"{kind} save / floor"] = result["ratio"]["save"]
            found[f"{kind} page / floor"] = result["ratio"]["page"]
            found[f"{kind} journey without hash / bare request"] = result["journey"]["cpu_seconds_without_hash"] / bare
    return found


def compare(figures: dict[str, Any], stored: dict[str, Any]) -> bool:
    """Print each ratio beside the stored one; False if any is worse by more than NOISE."""
    good = True
    before = ratios(stored)
    for name, value in ratios(figures).items():
        worse = name in before and value > before[name] * NOISE
        good = good and not worse
        print(f"  {name:45} {value:8.2f}   stored {before.get(name, float('nan')):8.2f}{'   WORSE' if worse else ''}")
    return good


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("out", nargs="?", help="a JSON file for the figures")
    parser.add_argument("--journeys", type=int, default=40)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    parser.add_argument("--check", help="a stored JSON file: fail where a ratio is worse beyond noise")
    options = parser.parse_args()
    random.seed(1)
    kinds = [options.only] if options.only else ["sqlite", "postgresql"]
    figures: dict[str, Any] = {"machine": {"cores": os.cpu_count(), "python": platform.python_version()}}
    for kind in kinds:
        figures[kind] = measure(kind, options)
        show(kind, figures[kind])
    main_kind = kinds[0]
    figures |= {name: figures[main_kind][name] for name in ("journey", "floor")}
    if options.out:
        Path(options.out).write_text(json.dumps(figures, indent=1) + "\n")
        print(f"\nwritten to {options.out}", file=sys.stderr)
    if options.check and not compare(figures, json.loads(Path(options.check).read_text())):
        sys.exit(1)


if __name__ == "__main__":
    main()
