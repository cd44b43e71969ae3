"""Every page of the site and how to get there: one list, for the accessibility test and for the screenshots.

A new page is one line in PAGES. What a path names in braces is made by `prepare`.
"""

import datetime as dt
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import BrowserContext
from playwright.sync_api import Page as Tab

from config import ROOT
from quizapp.app import utc_now
from quizapp.domain.attempts import Kind
from quizapp.domain.inputs import SomeOf
from quizapp.services import jobs, mailing, taking
from quizapp.services.taking import Incoming
from quizapp.store.db import unit_of_work
from quizapp.store.jobs import add_job
from tests.browser.serving import FIRST, SECOND, Site, publish
from tests.people import Person

WIDTHS = {1280: 900, 390: 844}
"""Widths to look at, with the height of such a window."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page: whose browser (a key of World.people; empty for a stranger's), its path, and what to do there."""

    who: str
    path: str
    then: Callable[[Tab], None] | None = None
    is_refusal: bool = False
    """The server answers with a status from 400 on, which the browser notes as an error."""


@dataclass(frozen=True, slots=True)
class World:
    """What the pages show: people, and the numbers that stand in paths."""

    site: Site
    people: dict[str, Person]
    numbers: dict[str, int]
    cookies: dict[str, dict[str, Any]]
    """Each person is signed in once, so that the page about sign-ins does not grow with the number of tests."""

    def enter(self, context: BrowserContext, page: Page) -> None:
        """Sign the person of `page` in, in a fresh browser context."""
        if page.who:
            context.add_cookies([self.cookies[page.who]])  # type: ignore[list-item]

    def open(self, tab: Tab, page: Page) -> None:
        """Go to `page`."""
        tab.goto(self.site.url + page.path.format(**self.numbers))
        if page.then:
            page.then(tab)


def _finish_without_the_tick(tab: Tab) -> None:
    with tab.expect_navigation():
        tab.evaluate("document.querySelector('main form').submit()")  # the browser itself would ask for the tick


def _sign_in_wrongly(tab: Tab) -> None:
    tab.get_by_label("E-mail address").fill("alice@test.example")
    tab.get_by_label("Password").fill("not the password")
    tab.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    tab.get_by_role("alert").wait_for()


def _register_wrongly(tab: Tab) -> None:
    tab.get_by_role("button", name="Create the account").click()
    tab.get_by_role("alert").wait_for()


def _show_the_code(tab: Tab) -> None:
    tab.get_by_role("button", name="Set it up").click()
    tab.get_by_role("img", name="QR code").wait_for()


def _fold_out(tab: Tab) -> None:
    tab.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")


def _sections() -> dict[str, Page]:
    """The sections of both modules, as their lessons name them."""
    found = {}
    for module in (FIRST, SECOND):
        for name in re.findall(
            r"^## .*\{#([\w-]+)", (ROOT / "questions" / module / "lesson.md").read_text("utf-8"), re.M
        ):
            found[f"section-{name}"] = Page("learner", f"/learn/modules/{module}/sections/{name}")
    return found


PAGES: dict[str, Page] = {
    "landing": Page("", "/"),
    "accessibility": Page("", "/pages/accessibility"),
    "privacy": Page("", "/pages/privacy"),
    "terms": Page("", "/pages/terms"),
    "how-credit-is-worked-out": Page("", "/pages/how-credit-is-worked-out"),
    "contact": Page("", "/pages/contact"),
    "error": Page("", "/pages/nothing-here", is_refusal=True),
    "no-connection": Page("", "/offline/"),
    "sign-in": Page("", "/accounts/sign-in"),
    "sign-in-refused": Page("", "/accounts/sign-in", _sign_in_wrongly),
    "register": Page("", "/accounts/register"),
    "register-refused": Page("", "/accounts/register", _register_wrongly),
    "reset": Page("", "/accounts/reset"),
    "confirm": Page("", "/accounts/confirm"),
    "account": Page("learner", "/accounts/"),
    "account-new": Page("newcomer", "/accounts/"),
    "change-password": Page("learner", "/accounts/change"),
    "sign-ins": Page("learner", "/accounts/sign-ins"),
    "two-factor": Page("learner", "/accounts/two-factor-setup"),
    "two-factor-code": Page("learner", "/accounts/two-factor-setup", _show_the_code),
    "recovery-codes": Page("learner", "/accounts/two-factor-recovery-codes"),
    "dashboard-new": Page("newcomer", "/learn/"),
    "dashboard": Page("learner", "/learn/"),
    "course": Page("learner", "/learn/courses/muscle-cramps"),
    "module-new": Page("newcomer", f"/learn/modules/{FIRST}"),
    "module": Page("learner", f"/learn/modules/{FIRST}"),
    "module-locked": Page("newcomer", f"/learn/modules/{SECOND}"),
    **_sections(),
    "question-one-answer": Page("learner", "/quiz/attempts/{open}/questions/{one}"),
    "question-several-answers": Page("learner", "/quiz/attempts/{open}/questions/{several}"),
    "questions-all": Page("learner", "/quiz/attempts/{all}/all"),
    "practice-checked": Page("learner", "/quiz/attempts/{practice}/questions/1"),
    "check": Page("learner", "/quiz/attempts/{open}/check"),
    "check-refused": Page("learner", "/quiz/attempts/{open}/check", _finish_without_the_tick, is_refusal=True),
    "result-not-passed": Page("learner", "/quiz/attempts/{missed}/result"),
    "result-passed": Page("learner", "/quiz/attempts/{passed}/result"),
    "result-passed-open": Page("learner", "/quiz/attempts/{passed}/result", _fold_out),
    "result-practice": Page("learner", "/quiz/attempts/{practised}/result"),
    "review": Page("learner", "/quiz/attempts/{passed}/review/1"),
    "progress": Page("learner", "/learn/progress"),
    "progress-new": Page("newcomer", "/learn/progress"),
    "admin-jobs": Page("admin", "/admin/jobs"),
}


def prepare(site: Site) -> World:
    """Bring people, attempts and jobs about that show each page in a telling state. The last days are invented."""
    people = {
        "newcomer": site.add_person("Mallory Newcomer"),
        "learner": site.add_person("Alice Learner"),
        "admin": site.add_person("Carol Admin", ("admin",)),
    }
    alice, start = people["learner"], utc_now() - dt.timedelta(days=3)
    numbers = {}
    site.read_lesson(alice, FIRST, 6, start)
    numbers["missed"] = _take(site, alice, start + dt.timedelta(minutes=40), n_missed=5)
    numbers["passed"] = _take(site, alice, start + dt.timedelta(days=1), n_missed=1)
    numbers["practised"] = _take(site, alice, start + dt.timedelta(days=1, hours=1), n_missed=1, kind=Kind.PRACTICE)
    numbers["all"] = _start_all_on_one_page(site, alice)
    site.read_lesson(alice, SECOND, 2, start + dt.timedelta(days=2))
    numbers["practice"] = site.start(alice, FIRST, Kind.PRACTICE)
    _answer(site, alice, numbers["practice"], utc_now(), 1, 0)
    with site.app.app_context():
        taking.check_answer(alice.id, numbers["practice"], 1, utc_now())
    numbers["open"] = site.start(alice, seed=_find_seed(site))
    _answer(site, alice, numbers["open"], utc_now(), 4, 0)
    asked = site.questions(alice, numbers["open"])
    several = [isinstance(question.ask, SomeOf) for question in asked]
    numbers |= {"one": several.index(False) + 1, "several": several.index(True) + 1}
    with site.app.app_context():
        touched = [Incoming(n, {"answer": []}, is_flagged=True, struck=("B",)) for n in (6, 8)]
        taking.save_answers(alice.id, numbers["open"], touched, utc_now())
    _fail_a_job(site)
    site.make_cookie(alice)  # on a second device
    return World(site, people, numbers, {who: site.make_cookie(person) for who, person in people.items()})


def _take(site: Site, person: Person, at: dt.datetime, n_missed: int, kind: Kind = Kind.QUIZ) -> int:
    attempt_id = site.start(person, FIRST, kind, seed=int(at.timestamp()), at=at)
    _answer(site, person, attempt_id, at, None, n_missed)
    with site.app.app_context():
        taking.finish(person.id, attempt_id, at + dt.timedelta(minutes=14))
    return attempt_id


def _answer(site: Site, person: Person, attempt_id: int, at: dt.datetime, n: int | None, n_missed: int) -> None:
    """Answer the first `n` questions (all if None): `n_missed` wrongly, with every way of being sure."""
    right, wrong = site.right_letters(attempt_id), site.wrong_letters(attempt_id)
    letters = [wrong[i] if i < n_missed else right[i] for i in range(len(right))][:n]
    sent = [
        Incoming(i + 1, {"answer": chosen}, confidence=("sure", "think_so", "guess")[i % 3], is_flagged=i % 4 == 1)
        for i, chosen in enumerate(letters)
    ]
    with site.app.app_context():
        taking.save_answers(person.id, attempt_id, sent, at)


def _start_all_on_one_page(site: Site, person: Person) -> int:
    """An open quiz of the second module as it would be if its author asked for all questions on one page."""
    with TemporaryDirectory() as folder, site.app.app_context():
        course = Path(folder) / "questions"
        shutil.copytree(ROOT / "questions", course)
        facts = course / SECOND / "module.yaml"
        facts.write_text(facts.read_text("utf-8").replace("layout: one", "layout: all", 1), "utf-8")
        publish(course)
        attempt_id = site.start(person, SECOND)
        publish(ROOT / "questions")
    return attempt_id


def _find_seed(site: Site) -> int:
    """A draw of the first quiz that asks for several answers in one question and for one in another."""
    for seed in range(1, 50):
        person = site.add_person("Nobody Atall")
        asked = site.questions(person, site.start(person, seed=seed))
        if any(isinstance(question.ask, SomeOf) for question in asked[4:]):
            return seed
    raise AssertionError("no draw asks for several answers")


def _fail_a_job(site: Site) -> None:
    """One job that was given up, and a letter that waits."""
    at = utc_now() - dt.timedelta(days=2)
    with site.app.app_context():
        with unit_of_work() as connection:
            add_job(connection, "typeset", "demo", {}, at)
        for hours in range(9):
            jobs.run_due_jobs({}, at + dt.timedelta(hours=4 * hours))
        mailing.post_mail_now(to="alice@test.example", subject="Hello", body="Hello\n", key="hello", now=utc_now())
