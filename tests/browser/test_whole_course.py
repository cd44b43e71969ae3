"""The course as it is published, with every item type: whatever is asked is answered, saved, finished and reviewed."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from config import ROOT
from quizapp.app import utc_now
from quizapp.domain.attempts import Kind
from quizapp.domain.inputs import Blanks, InputSpec, OneOf, Order, Pairs, Point, SomeOf
from quizapp.services import sheets, studying, taking
from quizapp.services.taking import Incoming
from tests.browser.conftest import OpenTab
from tests.browser.serving import FINAL, FIRST, Site, publish, publish_choices
from tests.browser.test_item_types import answer_by_keys
from tests.browser.test_keyboard import press, tab_to
from tests.people import Person

Fields = dict[str, list[str]]


def fill_anything(ask: InputSpec) -> Fields:
    """Some answer with nothing left open: the first choices, different places, a number where something is typed."""
    if isinstance(ask, OneOf):
        return {"answer": [ask.choices[0].value]}
    if isinstance(ask, SomeOf | Point):
        n = ask.n if isinstance(ask, Point) else 2
        return {"answer": [choice.value for choice in ask.choices[:n]]}
    if isinstance(ask, Pairs):
        return {f"answer-{row.value}": [ask.choices[i % len(ask.choices)].value] for i, row in enumerate(ask.rows)}
    if isinstance(ask, Order):
        return {f"answer-{entry.value}": [str(i)] for i, entry in enumerate(ask.entries, 1)}
    if isinstance(ask, Blanks):
        blanks = [part for row in ask.paragraphs for part in row if not isinstance(part, str)]
        return {f"answer-{blank.value}": fill_anything(blank.ask)["answer"] for blank in blanks}
    return {"answer": ["10"]}


@pytest.fixture
def graduate(site: Site, alice: Person) -> Person:
    """Alice has passed every module, so that all are open to her."""
    with site.app.app_context():
        modules = studying.get_standing(alice.id, FINAL)[1].module.drawn
    for module in modules:
        attempt_id = site.start(alice, module.id)
        sent = [Incoming(i, {"answer": letters}) for i, letters in enumerate(site.right_letters(attempt_id), 1)]
        with site.app.app_context():
            taking.save_answers(alice.id, attempt_id, sent, utc_now())
            taking.finish(alice.id, attempt_id, utc_now())
    return alice


@pytest.fixture
def whole_course(site: Site, graduate: Person) -> Iterator[Person]:
    """The whole course is published while the test runs; who has it open."""
    with site.app.app_context():
        publish(ROOT / "questions")
    yield graduate
    with site.app.app_context():
        publish_choices()


def get_question(site: Site, person: Person, attempt_id: int, number: int) -> sheets.Question:
    with site.app.app_context():
        return sheets.get_sheet(person.id, attempt_id, [number]).questions[0]


def count_questions(site: Site, person: Person, attempt_id: int) -> int:
    """All questions of an attempt, with those that are still ahead."""
    with site.app.app_context():
        return len(sheets.get_sheet(person.id, attempt_id).marks)


def check_answer(tab: Page) -> None:
    """See the reasons of one answer of a practice set."""
    expect(tab.locator("#save")).to_contain_text("Saved")
    with tab.expect_navigation():
        tab.get_by_role("button", name="Check this answer").press("Enter")
    expect(tab.locator(".why").first).to_be_visible()
    tab.locator("html.js").wait_for(state="attached")


@pytest.mark.parametrize(
    ("module_id", "kind"),
    [(FIRST, Kind.QUIZ), ("dry-needling", Kind.QUIZ), ("dry-needling", Kind.PRACTICE),
     ("education-and-prevention", Kind.PRACTICE), ("professional-practice", Kind.PRACTICE)],
)  # fmt: skip
def test_whatever_the_course_asks_is_answered_saved_finished_and_reviewed(
    module_id: str, kind: Kind, site: Site, whole_course: Person, open_tab: OpenTab
) -> None:
    attempt = site.start(whole_course, module_id, kind)
    tab = open_tab(whole_course)
    tab.goto(f"/quiz/attempts/{attempt}")
    n = count_questions(site, whole_course, attempt)
    for number in range(1, n + 1):
        expect(tab.get_by_role("heading", level=1)).to_contain_text(f"Question {number} of {n}")
        tab.locator("html.js").wait_for(state="attached")
        fields = fill_anything(get_question(site, whole_course, attempt, number).ask)
        answer_by_keys(tab, number, fields)
        if kind is Kind.PRACTICE:
            check_answer(tab)
        else:
            expect(tab.locator("#save")).to_contain_text("Saved")
        assert get_question(site, whole_course, attempt, number).filled == fields
        press_main(tab)
    expect(tab.get_by_text(f"{n} of {n} answered")).to_be_visible()
    if kind is Kind.QUIZ:
        tab.get_by_label("These are my own answers.").check()
    tab_to(tab, "Finish and see result")
    press(tab, "Enter")
    expect(tab).to_have_url(f"{site.url}/quiz/attempts/{attempt}/result")
    (done,) = [each for each in site.list_attempts(whole_course) if each.id == attempt]
    assert done.finished_at is not None
    if kind is Kind.PRACTICE:
        expect(tab.get_by_role("region", name="Your answers").locator("details")).to_have_count(n)


def press_main(tab: Page) -> None:
    """The main button of the question."""
    with tab.expect_navigation():
        tab.locator("button[name=go][value=next]:visible").last.press("Enter")
