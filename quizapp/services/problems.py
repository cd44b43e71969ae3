"""Reports of a problem with a question: straight to its authors, answered there, and the answer back to the learner."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from quizapp.domain.attempts import Kind
from quizapp.domain.errors import Invalid, NotFound
from quizapp.domain.inputs import Figure
from quizapp.domain.items import Item
from quizapp.domain.items.base import Line
from quizapp.domain.modules import Module
from quizapp.domain.problem_reports import ProblemKind, ReportState, clean_report
from quizapp.services.mailing import post_mail
from quizapp.services.sheets import get_sheet
from quizapp.services.versions import get_items, get_module_versions
from quizapp.store import attempts, people
from quizapp.store import problems as store
from quizapp.store.audit import add_audit
from quizapp.store.db import reading, unit_of_work
from quizapp.store.jobs import add_job
from quizapp.store.problems import ReportFacts

JOB = "problem"
PAGE = 25
"""Reports on one page of a list."""
MAX_UNREAD = 20
"""Answers that a person has not looked at, as far as a page names them."""

KINDS = {
    ProblemKind.WORDING: "The wording: unclear, ambiguous, misspelt",
    ProblemKind.KEY: "The right answer seems wrong",
    ProblemKind.TECHNICAL: "A picture, or something technical",
    ProblemKind.OUTDATED: "It is out of date",
    ProblemKind.OTHER: "Something else",
}
STATES = {
    ReportState.OPEN: "Open",
    ReportState.ANSWERED: "Answered",
    ReportState.FIXED: "Fixed",
    ReportState.DECLINED: "Left as it is",
}


class Now(StrEnum):
    """What has become of a reported version of an item since."""

    SAME = "same"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Reported:
    """A report with its question as it was published then."""

    facts: ReportFacts
    module: Module
    item: Item
    now: Now = Now.SAME
    n_reports: int = 1
    """How often this item was reported, in all its versions together."""

    @property
    def number(self) -> int:
        """The question's number in the attempt, from 1."""
        return self.facts.position + 1

    @property
    def is_held_back(self) -> bool:
        """Whether the learner may not read an answer yet: it could give the key of an open quiz away."""
        return self.facts.attempt_kind is not Kind.PRACTICE and self.facts.finished_at is None

    @property
    def may_not_see_key(self) -> bool:
        """Whether the rules keep the key of this attempt from its learner."""
        if self.facts.attempt_kind is not Kind.QUIZ:
            return self.facts.attempt_kind is Kind.PRETEST
        review, is_over = self.module.facts.quiz.review, self.facts.finished_at is not None
        return not (is_over and (review == "finished" or (review == "passed" and bool(self.facts.is_passed))))

    @property
    def is_unread(self) -> bool:
        """Whether there is an answer that the learner may read and has not looked at."""
        return self.facts.answered_at is not None and self.facts.read_at is None and not self.is_held_back


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of reports. `after` is where the next one begins; None at the end."""

    reports: tuple[Reported, ...]
    after: ReportFacts | None


@dataclass(frozen=True, slots=True)
class Inbox:
    """What an author's list shows. `counts` has each state."""

    listing: Listing
    counts: Mapping[ReportState, int]
    item: Item | None
    """The item that the list is about, where it is about one."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One report on its author's page, with options or parts as the learner saw them, keys and rationales."""

    reported: Reported
    lines: tuple[Line, ...]
    figure: Figure | None
    """The figure with the key marked in it, where there is one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an answer. `is_stale`: another one was given meanwhile, and nothing was changed."""

    reported: Reported
    is_stale: bool = False


def make_key(token: str, kind: ProblemKind, text: str) -> str:
    """What a form that is sent twice has in common with itself: the form's own token, and what was written."""
    return sha256(f"{token}\n{kind}\n{text}".encode()).hexdigest()


def is_sent(person_id: int, token: str, kind: ProblemKind, text: str) -> bool:
    """Whether this very form has arrived already."""
    with reading() as connection:
        return store.find_sent(connection, person_id, make_key(token, kind, clean_report(text))) is not None


def report(
    person_id: int,
    attempt_id: int,
    number: int,
    kind: ProblemKind,
    text: str,
    *,
    token: str,
    link: Callable[[int], str],
    now: dt.datetime,
) -> None:
    """Keep a report on question `number`, and have its authors told. The same form twice is one report.

    `link` makes the address of a report's page for authors. Raises NotFound for another's attempt or a question that
    is not shown yet, Invalid for a blank or too long text.
    """
    kept = clean_report(text)
    attempt = get_sheet(person_id, attempt_id, [number]).attempt
    with unit_of_work() as connection:
        slot = attempts.load_steps(connection, attempt_id).slots[number - 1]
        values = {
            "person_id": person_id, "attempt_id": attempt_id, "position": number - 1,
            "item_version_id": slot.item_version_id, "module_id": attempt.module_id, "kind": kind, "text": kept,
            "key": make_key(token, kind, kept), "created_at": now,
        }  # fmt: skip
        report_id = store.add_report(connection, values)
        if report_id is not None:
            add_job(connection, JOB, str(report_id), {"report": report_id, "link": link(report_id)}, now)


def tell_authors(payload: Mapping[str, Any], now: dt.datetime) -> None:
    """The job: one letter about a report to everybody with the role author. What was written is not in it."""
    with unit_of_work() as connection:
        facts = store.find_report(connection, payload["report"])
        if facts is None:  # it has gone with its person
            return
        (reported,) = _show(connection, [facts])
        body = (
            f"A learner reported a problem with a question.\n\n"
            f"Question: {reported.item.title}\n"
            f"In: {reported.module.facts.heading}\n"
            f"Kind: {KINDS[facts.kind]}\n\n"
            f"Read and answer it here:\n{payload['link']}\n"
        )
        for author_id, address in people.list_addresses(connection, "author").items():
            key = f"problem:{facts.id}:{author_id}"
            subject = f"Problem report: {reported.item.title}"
            post_mail(connection, to=address, subject=subject, body=body, key=key, now=now)


def list_own(person_id: int, before_id: int | None = None) -> Listing:
    """A person's own reports, newest first."""
    with reading() as connection:
        facts = store.list_own(connection, person_id, before_id, PAGE + 1)
        return _page(connection, facts)


def list_unread(person_id: int) -> list[Reported]:
    """A person's reports with an answer that they may read and have not looked at."""
    with reading() as connection:
        facts = store.list_unread(connection, person_id, MAX_UNREAD)
        modules = get_module_versions(connection, {each.module_version_id for each in facts})
        items = get_items(connection, {each.item_version_id for each in facts})
    shown = [Reported(each, modules[each.module_version_id], items[each.item_version_id]) for each in facts]
    return [reported for reported in shown if reported.is_unread]


def mark_read(person_id: int, report_ids: Sequence[int], now: dt.datetime) -> None:
    """The person has looked at the answers to these reports; ids of anybody else's are passed over."""
    with unit_of_work() as connection:
        store.mark_read(connection, person_id, report_ids[:MAX_UNREAD], now)


def get_inbox(
    state: ReportState | None = None, item_id: str | None = None, after: tuple[bool, int] | None = None
) -> Inbox:
    """A page of reports for authors: in one state or all, on one item or all, open ones first, then newest.

    `after` is (whether it is answered, its id) of the last report of the page before.
    """
    with reading() as connection:
        facts = store.list_inbox(connection, state=state, item_id=item_id, after=after, limit=PAGE + 1)
        counts = store.count_by_state(connection, item_id)
        listing = _page(connection, facts)
    item = listing.reports[0].item if item_id and listing.reports else None
    return Inbox(listing, {each: counts.get(each, 0) for each in ReportState}, item)


def get_report(report_id: int) -> Opened:
    """One report for an author. Raises NotFound."""
    with reading() as connection:
        facts = _find(connection, report_id)
        (reported,) = _show(connection, [facts])
        slot = attempts.load_steps(connection, facts.attempt_id).slots[facts.position]
    item, shown = reported.item, slot.presentation
    return Opened(reported, item.explain(None, shown), item.picture(None, shown))


def answer(
    author_id: int, report_id: int, state: ReportState, text: str, known: int, *, link: str, now: dt.datetime
) -> Outcome:
    """Answer a report, or put a new answer in the place of version `known`; the learner gets a letter with `link`.

    The same answer again changes nothing. Raises NotFound, and Invalid for a blank or too long text or for `open`.
    """
    kept = clean_report(text)
    if state is ReportState.OPEN:
        raise Invalid("Choose what became of it.")
    with unit_of_work() as connection:
        facts = _find(connection, report_id, lock=True)
        (reported,) = _show(connection, [facts])
        if (facts.state, facts.answer) == (state, kept):
            return Outcome(reported)
        if facts.version != known:
            return Outcome(reported, is_stale=True)
        version = facts.version + 1
        store.answer_report(
            connection, report_id, state=state, answer=kept, version=version, author_id=author_id, now=now
        )
        add_audit(
            connection, at=now, actor_id=author_id, action="problem report answered", subject=f"problem:{report_id}",
            before={"state": facts.state, "answer": facts.answer}, after={"state": state, "answer": kept},
        )  # fmt: skip
        (learner,) = people.list_people(connection, person_id=facts.person_id)
        post_mail(
            connection, to=learner.email, subject=f"Your report was answered: {reported.item.title}",
            body=_write_letter(reported, link), key=f"problem-answer:{report_id}:{version}", now=now,
        )  # fmt: skip
    return Outcome(reported)


def _write_letter(reported: Reported, link: str) -> str:
    when = (
        "You can read the answer once you have finished the quiz that the question is in"
        if reported.is_held_back
        else "Read the answer here"
    )
    return (
        f"An author has answered what you reported about a question.\n\n"
        f"Question: {reported.item.title}\n"
        f"In: {reported.module.facts.heading}\n\n"
        f"{when}:\n{link}\n"
    )


def _find(connection: Connection, report_id: int, *, lock: bool = False) -> ReportFacts:
    facts = store.find_report(connection, report_id, lock=lock)
    if facts is None:
        raise NotFound("There is no such report. Its learner may have left, and taken it along.")
    return facts


def _page(connection: Connection, facts: Sequence[ReportFacts]) -> Listing:
    """The first PAGE of `facts`, of which one more was asked for than a page shows."""
    shown = facts[:PAGE]
    return Listing(tuple(_show(connection, shown)), shown[-1] if len(facts) > PAGE else None)


def _show(connection: Connection, facts: Sequence[ReportFacts]) -> list[Reported]:
    if not facts:
        return []
    modules = get_module_versions(connection, {each.module_version_id for each in facts})
    items = get_items(connection, {each.item_version_id for each in facts})
    item_ids = {each.item_id for each in facts}
    counts = store.count_by_item(connection, item_ids)
    current = store.list_current_versions(connection, {each.module_id for each in facts}, item_ids)
    return [
        Reported(
            each,
            modules[each.module_version_id],
            items[each.item_version_id],
            _compare(each, current.get((each.module_id, each.item_id))),
            counts[each.item_id],
        )
        for each in facts
    ]


def _compare(facts: ReportFacts, current: int | None) -> Now:
    if current is None:
        return Now.GONE
    return Now.SAME if current == facts.item_version_id else Now.CHANGED
