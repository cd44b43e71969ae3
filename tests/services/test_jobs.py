"""The job table and its runner."""

import datetime as dt
import threading
import time
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask

from quizapp.commands import jobs as command
from quizapp.services import jobs, mailing
from quizapp.store.db import unit_of_work
from quizapp.store.jobs import MAX_TRIES, add_job, take_jobs
from tests.conftest import MakeApp
from tests.people import Clock


def add(kind: str, key: str, now: dt.datetime, **payload: Any) -> None:
    with unit_of_work() as connection:
        add_job(connection, kind, key, payload, now)


def fail(_payload: Mapping[str, Any], _now: dt.datetime) -> None:
    raise ValueError("no such thing")


def test_a_job_is_done_once_and_its_payload_is_forgotten(app: Flask, clock: Clock) -> None:
    done: list[Any] = []
    with app.app_context():
        add("note", "1", clock(), text="hello")
        add("note", "1", clock(), text="again")
        for _ in range(2):
            jobs.run_due_jobs({"note": lambda payload, _now: done.append(payload["text"])}, clock())
        assert done == ["hello"]
        assert jobs.get_desk() == ({"waiting": 0, "failed": 0, "done": 1}, [])


def test_a_job_is_done_when_it_is_due_and_not_before(app: Flask, clock: Clock) -> None:
    done: list[dt.datetime] = []
    with app.app_context():
        with unit_of_work() as connection:
            add_job(connection, "note", "1", {}, clock(), clock() + dt.timedelta(minutes=10))
        for _ in range(3):
            jobs.run_due_jobs({"note": lambda _payload, now: done.append(now)}, clock())
            clock.advance(minutes=6)
    assert done == [clock() - dt.timedelta(minutes=6)]


def test_a_job_that_fails_is_put_off_longer_each_time_then_given_up_and_stops_no_other(
    app: Flask, clock: Clock
) -> None:
    done: list[str] = []
    with app.app_context():
        add("bad", "1", clock())
        add("good", "1", clock())
        tried_at = []
        while not jobs.get_desk()[0]["failed"]:
            counts, (row, *_) = jobs.get_desk()
            if row.due_at <= clock():
                tried_at.append(clock())
            jobs.run_due_jobs({"bad": fail, "good": lambda *_: done.append("good")}, clock())
            clock.advance(minutes=1)
        counts, (row,) = jobs.get_desk()
    waits = [(b - a).total_seconds() / 60 for a, b in pairwise(tried_at)]
    assert waits == [1, 2, 4, 8, 16, 32, 64]
    assert done == ["good"]
    assert (row.tries, row.error) == (MAX_TRIES, "ValueError: no such thing")
    assert counts == {"waiting": 0, "failed": 1, "done": 1}


def test_a_job_that_nobody_does_is_shown_not_lost(app: Flask, clock: Clock) -> None:
    with app.app_context():
        add("unheard of", "1", clock())
        jobs.run_due_jobs({}, clock())
        assert "nobody does jobs of kind 'unheard of'" in jobs.get_desk()[1][0].error


def test_a_job_whose_runner_was_killed_is_taken_again_and_in_the_end_given_up(app: Flask, clock: Clock) -> None:
    done: list[str] = []
    with app.app_context():
        add("deadly", "1", clock())
        for _ in range(MAX_TRIES):
            with unit_of_work() as connection:
                assert len(take_jobs(connection, clock(), jobs.LEASE, 1)) == 1  # and then the process is gone
            with unit_of_work() as connection:
                assert take_jobs(connection, clock(), jobs.LEASE, 1) == []
            clock.advance(minutes=6)
        jobs.run_due_jobs({"deadly": lambda *_: done.append("done")}, clock())
        (row,) = jobs.get_desk()[1]
    assert not done
    assert row.failed_at is not None
    assert "the runner stopped in the middle of this job each time" in row.error


@pytest.mark.each_database
def test_two_runners_never_do_the_same_job(make_app: MakeApp, clock: Clock) -> None:
    app = make_app()
    done: list[str] = []
    with app.app_context():
        for number in range(40):
            add("note", str(number), clock(), number=str(number))

    def work() -> None:
        with app.app_context():
            while jobs.run_due_jobs({"note": lambda payload, _now: done.append(payload["number"])}, clock(), limit=3):
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done, key=int) == [str(number) for number in range(40)]


def test_the_runner_outlives_a_fault_of_the_database_and_stops_when_asked(
    app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "IDLE_SECONDS", 0.01)
    with app.app_context():
        mailing.post_mail_now(to="alice@test.example", subject="Hello", body="Hello", key="1", now=clock())
    calls = []

    def now() -> dt.datetime:
        calls.append(1)
        if len(calls) == 1:
            raise OSError("the disk is gone for a moment")
        return clock()

    app.config["CLOCK"] = now
    stop = threading.Event()
    thread = threading.Thread(target=command.run_jobs_forever, args=(app, stop))
    thread.start()
    deadline = time.monotonic() + 10
    with app.app_context():
        while not jobs.get_desk()[0]["done"] and time.monotonic() < deadline:
            time.sleep(0.02)
        counts = jobs.get_desk()[0]
    stop.set()
    thread.join(timeout=5)
    assert counts["done"] == 1
    assert not thread.is_alive()
