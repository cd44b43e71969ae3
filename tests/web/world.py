"""One of everything that a page can show, and how each route is called with it: what the harness walks through.

A new route needs a line here only if its arguments are new, or if its form needs fields to be accepted.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import update
from werkzeug.routing import Rule

from quizapp.commands.site_map import find_facts
from quizapp.domain.accommodations import Accommodation
from quizapp.domain.attempts import Kind
from quizapp.domain.corrections import Effect
from quizapp.domain.problem_reports import ProblemKind, ReportState
from quizapp.services import (
    accommodations,
    accounts,
    correcting,
    notes,
    problems,
    regrading,
    sheets,
    starting,
    studying,
    taking,
)
from quizapp.services.taking import Incoming
from quizapp.store.db import unit_of_work
from quizapp.store.jobs import Job, add_job
from quizapp.web.access import ANYONE, SIGNED_IN, PageFacts
from tests.content import COURSE, FIRST, SECOND, right_letters
from tests.people import ALICE, BOB, CAROL, PEOPLE, ZONE, Person

FORMS: dict[str, dict[str, Any]] = {
    "accounts.account": {"name": "Alice Learner", "zone": ZONE, "theme": "dark"},
    "quiz.answer": {"n": "1", "q1-answer": "A", "q1-seq": "99", "go": "next"},
    "quiz.save": {"n": "1", "q1-answer": "A", "q1-seq": "99"},
    "quiz.check": {"own": "y"},
    "notes.save": {"text": "Marbles roll.", "version": "1"},
    "notes.undo": {"version": "1"},
    "registrar.accommodation": {
        "extra_percent": "50",
        "extra_minutes": "5",
        "pause_minutes": "10",
        "extra_attempts": "1",
        "reason": "Agreed.",
    },
    "problems.report": {"kind": "wording", "text": "Which marble is meant?", "token": "t"},
    "problems.read": {"report": "1", "next": "dashboard"},
    "corrections.correct": {"what": "drop", "reason": "It asks two things."},
    "author.problem": {"state": "answered", "text": "The blue one.", "version": "1"},
}
"""What a form sends, by endpoint; nothing where that is enough."""

REFUSED: dict[tuple[str, str], int] = {
    ("POST", "accounts.demo_sign_in"): 404,  # there are no demo people among ours
}
"""Calls that the person who may make them is refused for another reason than who they are."""


@dataclass(frozen=True, slots=True)
class World:
    """Ids of what Alice has, and of what there is to administer."""

    open_quiz: int
    open_all: int
    open_practice: int
    passed: int
    failed: int
    sign_in_id: int
    job_id: int
    report_id: int
    regrade_id: int

    def url(self, app: Flask, rule: Rule) -> str:
        """The address of a route with arguments that lead to something of Alice's."""
        values: dict[str, Any] = {
            "course_id": COURSE, "module_id": FIRST, "section_id": "on-o1-1", "kind": "quiz", "number": 1,
            "reference_id": "R1", "ending": "md",
            "slug": "privacy", "token": "made-up", "job_id": self.job_id, "sign_in_id": self.sign_in_id,
            "report_id": self.report_id, "person_id": ALICE.id, "regrade_id": self.regrade_id, "item_version_id": 1,
            "attempt_id": {
                "quiz.result": self.passed, "quiz.review": self.passed, "quiz.all_questions": self.open_all,
            }.get(rule.endpoint, self.open_quiz),
        }  # fmt: skip
        with app.test_request_context():
            return app.url_for(rule.endpoint, **{name: values[name] for name in rule.arguments})


def build_world(now: dt.datetime, n_times: int = 1) -> World:
    """One of everything of Alice's; with `n_times`, that many of what piles up with time. Inside an application."""
    passed = failed = 0
    for i in range(n_times):
        failed = _take(FIRST, Kind.QUIZ, i, now, n_answered=2, finish=True)
        passed = _take(FIRST, Kind.QUIZ, 100 + i, now, n_answered=None, finish=True)
        _take(FIRST, Kind.PRACTICE, i, now, n_answered=1, finish=True)
        studying.mark_read(ALICE.id, FIRST, ("on-o1-1", "on-o1-2")[i % 2], now)
        accounts.start_sign_in(ALICE.id, "Chrome on Android", now)
        for section in ("on-o1-1", "on-o1-2"):
            known = notes.get_note(ALICE.id, FIRST, section).version
            notes.save_note(ALICE.id, FIRST, section, f"Marble {i}\n" * (i + 1), known, now)
        with unit_of_work() as connection:
            add_job(connection, "nothing", f"job {i}", {}, now)
            connection.execute(update(Job).values(failed_at=now, error="It failed."))
        _report(failed, i, now)
        _correct(i, now)
        granted = Accommodation(extra_percent=50, pause_minutes=10 + i)
        accommodations.change(ALICE.id, granted, reason="Agreed with her.", actor_id=CAROL.id, now=now)
    open_quiz = _take(FIRST, Kind.QUIZ, 7, now, n_answered=1, n_times=n_times)
    open_all = _take(SECOND, Kind.QUIZ, 7, now, n_answered=3, n_times=n_times)
    open_practice = _take(FIRST, Kind.PRACTICE, 7, now, n_answered=2, n_times=n_times)
    taking.check_answer(ALICE.id, open_practice, 1, now)
    token = accounts.start_sign_in(ALICE.id, "Safari on iPhone", now)
    signed_in = accounts.find_signed_in(token, now)
    assert signed_in is not None
    return World(
        open_quiz, open_all, open_practice, passed, failed, signed_in.sign_in_id, job_id=1, report_id=1, regrade_id=1
    )


def _correct(turn: int, now: dt.datetime) -> None:
    """A correction of Bob's that changes a score of Alice's, carried to all finished attempts."""
    item_id = f"{FIRST}-{turn % 12 + 1}"
    for regrade_id in correcting.decide(
        correcting.decide_for_item(FIRST, item_id, Effect.CREDIT), "Two were right.", now, BOB.id, by_job=False
    ):
        regrading.run(regrade_id, lambda: now)


def _report(attempt_id: int, turn: int, now: dt.datetime) -> None:
    """A report of Alice's with Bob's answer, and one that waits for an answer."""
    for kind in (ProblemKind.KEY, ProblemKind.OTHER):
        problems.report(
            ALICE.id, attempt_id, 1, kind, "Do they?", token=f"{turn}", link="https://test.example/{}".format, now=now
        )
    answered = 2 * turn + 1
    problems.answer(BOB.id, answered, ReportState.FIXED, "They do now.", 0, link="https://test.example", now=now)


def _take(
    module_id: str,
    kind: Kind,
    seed: int,
    now: dt.datetime,
    *,
    n_answered: int | None,
    finish: bool = False,
    n_times: int = 1,
) -> int:
    """An attempt of Alice's in which the first `n_answered` questions (all if None) are right; its id."""
    attempt_id = starting.start(ALICE.id, module_id, kind, seed, now).attempt.id
    for turn in range(n_times):
        questions = sheets.get_sheet(ALICE.id, attempt_id).questions[:n_answered]
        sent = [
            Incoming(q.number, {"answer": right_letters(q)}, is_flagged=turn % 2 == 1, known_seq=q.state.seq)
            for q in questions
        ]
        taking.save_answers(ALICE.id, attempt_id, sent, now)
    if finish:
        taking.finish(ALICE.id, attempt_id, now)
    return attempt_id


def facts_of(app: Flask, rule: Rule) -> PageFacts:
    """What the view of a route declares; a route that declares nothing fails the test."""
    name, facts = find_facts(app, rule)
    assert facts is not None, f"{rule.rule} ({name}) declares nobody: add @page to its view"
    return facts


def may_open(person: Person, facts: PageFacts) -> bool:
    """Whether this person may open the page, going by what it declares (`owns` apart)."""
    return facts.access in {ANYONE, SIGNED_IN} or facts.access in person.roles


def someone_who_may(facts: PageFacts) -> Person:
    """Alice, whose things they are, or whoever holds the role."""
    return next(person for person in (ALICE, BOB, CAROL, *PEOPLE) if may_open(person, facts))
