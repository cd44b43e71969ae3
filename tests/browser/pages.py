"""Every page of the site and how to get there: one list, for the accessibility test and for the screenshots.

A new page is one line in PAGES. What a path names in braces is made by `prepare`.
"""

import datetime as dt
import re
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
from quizapp.domain.inputs import OneOf, SomeOf
from quizapp.services import jobs, mailing, notes, studying, taking
from quizapp.services.taking import Incoming
from quizapp.store.db import unit_of_work
from quizapp.store.jobs import add_job
from tests.browser.correcting import CORRECTIONS, ask_for_a_credit, ask_for_nothing, correct_questions
from tests.browser.reports import report_problems
from tests.browser.serving import FINAL, FIRST, SECOND, Site, copy_course, publish, publish_choices
from tests.browser.stepping import AT, start_steps
from tests.browser.tasting import answer_kinds, start_kinds
from tests.browser.timed import grant_nothing, see_the_warning, show_time, start_timed
from tests.kinds import KINDS
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


def _send_an_old_version(tab: Tab) -> None:
    _send_note(tab, "Ask which muscle, and what let it go.")


def _send_too_much(tab: Tab) -> None:
    _send_note(tab, "All of it. " * 2_000)


def _send_note(tab: Tab, text: str) -> None:
    """As a page without script sends it, from the first version."""
    with tab.expect_navigation():
        tab.evaluate(
            """(text) => {
                const form = document.querySelector("form[data-note]");
                form.elements.text.value = text;
                form.elements.version.value = "1";
                form.submit();
            }""",
            text,
        )


def _send_nothing(tab: Tab) -> None:
    with tab.expect_navigation():
        tab.get_by_role("main").get_by_role("button", name="Send the").click()


def _go_on_without_an_answer(tab: Tab) -> None:
    with tab.expect_navigation():
        tab.get_by_role("main").get_by_role("button", name="Save and go on").click()


def _fold_out(tab: Tab) -> None:
    tab.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")


def _sections() -> dict[str, Page]:
    """Every whole lesson, and the sections of the first two modules, as their lessons name them."""
    lessons = sorted((ROOT / "questions").glob("*/lesson.md"))
    found = {f"lesson-{p.parent.name}": Page("graduate", f"/learn/modules/{p.parent.name}/lesson") for p in lessons}
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
    "question-several-answers": Page("chooser", "/quiz/attempts/{choosing}/questions/{several}"),
    **{
        f"question-{kind.replace('_', '-')}": Page("taster", "/quiz/attempts/{kinds}/questions/" + str(i))
        for i, kind in enumerate(KINDS, 1)
    },
    **{
        f"review-{kind}": Page("taster", "/quiz/attempts/{kinds_done}/review/" + str(KINDS.index(kind) + 1))
        for kind in ("hotspot", "labelling")
    },
    "review-kinds": Page("taster", "/quiz/attempts/{kinds_done}/result", _fold_out),
    "check-kinds": Page("taster", "/quiz/attempts/{kinds}/check"),
    "question-not-right-yet": Page("trying", f"/quiz/attempts/{{trying}}/questions/{AT}"),
    "question-tries-used": Page("tried", f"/quiz/attempts/{{tried}}/questions/{AT}"),
    "question-no-way-back": Page("onward", f"/quiz/attempts/{{onward}}/questions/{AT}"),
    "question-empty": Page(
        "blank", f"/quiz/attempts/{{blank}}/questions/{AT}", _go_on_without_an_answer, is_refusal=True
    ),
    "question-unfolding": Page("unfolding", f"/quiz/attempts/{{unfolding}}/questions/{AT + 1}"),
    "check-no-way-back": Page("onward", "/quiz/attempts/{onward}/check"),
    "check-unfolding": Page("unfolding", "/quiz/attempts/{unfolding}/check"),
    "questions-all": Page("learner", "/quiz/attempts/{all}/all"),
    "practice-checked": Page("learner", "/quiz/attempts/{practice}/questions/1"),
    "check": Page("learner", "/quiz/attempts/{open}/check"),
    "check-refused": Page("learner", "/quiz/attempts/{open}/check", _finish_without_the_tick, is_refusal=True),
    "result-not-passed": Page("learner", "/quiz/attempts/{missed}/result"),
    "result-passed": Page("learner", "/quiz/attempts/{passed}/result"),
    "result-passed-open": Page("learner", "/quiz/attempts/{passed}/result", _fold_out),
    "result-practice": Page("learner", "/quiz/attempts/{practised}/result"),
    "review": Page("learner", "/quiz/attempts/{passed}/review/1"),
    "module-gain": Page("measured", f"/learn/modules/{SECOND}"),
    "result-pretest": Page("measured", "/quiz/attempts/{pretest}/result"),
    "final-locked": Page("learner", f"/learn/modules/{FINAL}"),
    "final": Page("finisher", f"/learn/modules/{FINAL}"),
    "final-next": Page("finisher", "/learn/"),
    "final-not-passed": Page("finisher", "/quiz/attempts/{final_missed}/result"),
    "final-passed": Page("graduate", "/quiz/attempts/{final_passed}/result"),
    "final-review": Page("graduate", "/quiz/attempts/{final_passed}/review/1"),
    "progress-final": Page("graduate", "/learn/progress"),
    "progress": Page("learner", "/learn/progress"),
    "progress-new": Page("newcomer", "/learn/progress"),
    "glossary": Page("", "/glossary"),
    "glossary-found": Page("learner", "/glossary?q=leg"),
    "glossary-none": Page("learner", "/glossary?q=marmalade"),
    "glossary-term": Page("learner", "/glossary#ctf"),
    "search": Page("learner", "/search"),
    "search-found": Page("learner", "/search?q=stretch"),
    "search-locked": Page("newcomer", "/search?q=pickle+juice"),
    "search-none": Page("learner", "/search?q=picle+jiuce"),
    "notes": Page("learner", "/notes"),
    "notes-found": Page("learner", "/notes?q=replay"),
    "notes-new": Page("newcomer", "/notes"),
    "note": Page("learner", f"/notes/{FIRST}/what-a-cramp-is"),
    "note-removed": Page("learner", f"/notes/{FIRST}/mimics"),
    "note-two-versions": Page("learner", f"/notes/{FIRST}/what-a-cramp-is", _send_an_old_version, is_refusal=True),
    "note-too-long": Page("learner", f"/notes/{FIRST}/what-a-cramp-is", _send_too_much, is_refusal=True),
    "report": Page("learner", "/problems/attempts/{open}/questions/{one}"),
    "report-refused": Page("learner", "/problems/attempts/{open}/questions/{one}", _send_nothing, is_refusal=True),
    "report-from-review": Page("learner", "/problems/attempts/{passed}/questions/1"),
    "reports": Page("learner", "/problems/"),
    "reports-none": Page("newcomer", "/problems/"),
    "author-problems": Page("author", "/author/problems"),
    "author-problems-none": Page("author", "/author/problems?state=declined"),
    "author-problem": Page("author", "/author/problems/{reported}"),
    "author-problem-refused": Page("author", "/author/problems/{reported}", _send_nothing, is_refusal=True),
    "author-problem-answered": Page("author", "/author/problems/{answered}"),
    **{name: Page("author", path) for name, path in CORRECTIONS.items()},
    "correction-refused": Page("author", CORRECTIONS["correction"], ask_for_nothing, is_refusal=True),
    "correction-preview": Page("author", CORRECTIONS["correction"], ask_for_a_credit),
    "dashboard-marked-again": Page("corrected", "/learn/"),
    "result-marked-again": Page("corrected", "/quiz/attempts/{corrected}/result", _fold_out),
    "author-account": Page("author", "/accounts/"),
    "references": Page("", "/references/"),
    "references-found": Page("learner", "/references/?q=dehydration"),
    "references-none": Page("learner", "/references/?q=marmalade"),
    "reference": Page("learner", "/references/R10"),
    "reference-stranger": Page("", "/references/R41"),
    "reference-educator": Page("author", "/references/R10"),
    "account-granted": Page("granted", "/accounts/"),
    "question-timed": Page("granted", "/quiz/attempts/{timed}/questions/1", show_time),
    "question-warned": Page("hurried", "/quiz/attempts/{hurried}/questions/1", see_the_warning),
    "paused": Page("pausing", "/clock/{paused}?at=1"),
    "accommodations": Page("registrar", "/registrar/accommodations"),
    "accommodations-found": Page("registrar", "/registrar/accommodations?q=alice"),
    "accommodations-nobody": Page("registrar", "/registrar/accommodations?q=marmalade"),
    "accommodation": Page("registrar", "/registrar/accommodations/{granted}"),
    "accommodation-new": Page("registrar", "/registrar/accommodations/{pausing}"),
    "accommodation-refused": Page("registrar", "/registrar/accommodations/{granted}", grant_nothing, is_refusal=True),
    "admin-jobs": Page("admin", "/admin/jobs"),
}


def prepare(site: Site) -> World:
    """Bring people, attempts and jobs about that show each page in a telling state. The last days are invented."""
    people = {
        "newcomer": site.add_person("Mallory Newcomer"),
        "learner": site.add_person("Alice Learner"),
        "taster": site.add_person("Alice Taster"),
        "finisher": site.add_person("Alice Finisher"),
        "measured": site.add_person("Alice Measured"),
        "graduate": site.add_person("Alice Graduate"),
        "author": site.add_person("Bob Author", ("author",)),
        "admin": site.add_person("Carol Admin", ("admin",)),
        "registrar": site.add_person("Carol Registrar", ("registrar",)),
        "granted": site.add_person("Alice Granted"),
        "hurried": site.add_person("Alice Hurried"),
        "pausing": site.add_person("Alice Pausing"),
        "corrected": site.add_person("Alice Corrected"),
    }
    alice, start = people["learner"], utc_now() - dt.timedelta(days=3)
    numbers = {}
    site.read_lesson(alice, FIRST, 6, start)
    numbers["missed"] = _take(site, alice, start + dt.timedelta(minutes=40), n_missed=5)
    numbers["passed"] = _take(site, alice, start + dt.timedelta(days=1), n_missed=1)
    numbers["practised"] = _take(site, alice, start + dt.timedelta(days=1, hours=1), n_missed=1, kind=Kind.PRACTICE)
    stepping, steps = start_steps(site)
    people |= stepping
    numbers |= steps
    numbers["all"] = _start_all_on_one_page(site, alice)
    numbers["kinds_done"] = start_kinds(site, people["taster"])
    answer_kinds(site, people["taster"], numbers["kinds_done"])
    with site.app.app_context():
        taking.finish(people["taster"].id, numbers["kinds_done"], utc_now())
    numbers["kinds"] = start_kinds(site, people["taster"])
    answer_kinds(site, people["taster"], numbers["kinds"])
    site.read_lesson(alice, SECOND, 2, start + dt.timedelta(days=2))
    numbers["practice"] = site.start(alice, FIRST, Kind.PRACTICE)
    _answer(site, alice, numbers["practice"], utc_now(), 1, 0)
    with site.app.app_context():
        taking.check_answer(alice.id, numbers["practice"], 1, utc_now())
    numbers["open"] = site.start(alice)
    people["chooser"], numbers["choosing"], numbers["several"] = _start_with_several(site)
    _answer(site, alice, numbers["open"], utc_now(), 4, 0)
    asked = site.questions(alice, numbers["open"])
    numbers["one"] = next(question.number for question in asked if isinstance(question.ask, OneOf))
    with site.app.app_context():
        touched = [Incoming(n, {"answer": []}, is_flagged=True, struck=("B",)) for n in (6, 8)]
        taking.save_answers(alice.id, numbers["open"], touched, utc_now())
    _take(site, people["measured"], start, 0)
    numbers["pretest"] = _take(site, people["measured"], start, 6, Kind.PRETEST, SECOND)
    _take(site, people["measured"], start + dt.timedelta(hours=1), 1, module_id=SECOND)
    numbers["final_missed"] = _take_final(site, people["finisher"], start, n_missed=9)
    numbers["final_passed"] = _take_final(site, people["graduate"], start, n_missed=0)
    numbers |= start_timed(site, people)
    _write_notes(site, alice)
    numbers |= correct_questions(site, people["corrected"], people["author"])
    numbers |= report_problems(site, alice, people["author"], numbers["open"], numbers["passed"])
    _fail_a_job(site)
    site.make_cookie(alice)  # on a second device
    return World(site, people, numbers, {who: site.make_cookie(person) for who, person in people.items()})


def _take_final(site: Site, person: Person, at: dt.datetime, n_missed: int) -> int:
    """Pass every module that the final draws from, then take it; the attempt's id."""
    with site.app.app_context():
        drawn = studying.get_standing(person.id, FINAL)[1].module.drawn
    for module in drawn:
        _take(site, person, at, 0, module_id=module.id)
    return _take(site, person, at + dt.timedelta(days=1), n_missed, module_id=FINAL)


def _take(
    site: Site, person: Person, at: dt.datetime, n_missed: int, kind: Kind = Kind.QUIZ, module_id: str = FIRST
) -> int:
    attempt_id = site.start(person, module_id, kind, seed=int(at.timestamp()), at=at)
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
        course = copy_course(Path(folder))
        facts = course / SECOND / "module.yaml"
        facts.write_text(facts.read_text("utf-8").replace("layout: one", "layout: all", 1), "utf-8")
        publish(course)
        attempt_id = site.start(person, SECOND)
        publish_choices()
    return attempt_id


def _start_with_several(site: Site) -> tuple[Person, int, int]:
    """Somebody's open quiz that asks for several answers in one question: whose, its id, and that question's number."""
    for seed in range(1, 50):
        person = site.add_person("Alice Chooser")
        attempt_id = site.start(person, seed=seed)
        for question in site.questions(person, attempt_id):
            if isinstance(question.ask, SomeOf):
                return person, attempt_id, question.number
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


def _write_notes(site: Site, person: Person) -> None:
    """Two notes, one of them changed, and one that was emptied."""
    at = utc_now() - dt.timedelta(days=1)
    texts = {
        "what-a-cramp-is": ("Ask for the replay.", "Ask for the replay:\n- what did the muscle do?\n- what let it go?"),
        "misleading-names": ("“Spasm” is a loose word. Write what the client said.",),
        "mimics": ("Print the table.", ""),
    }
    with site.app.app_context():
        for i, (section, versions) in enumerate(texts.items()):
            for known, text in enumerate(versions):
                notes.save_note(person.id, FIRST, section, text, known, at + dt.timedelta(hours=i + known))
