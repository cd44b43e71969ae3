"""The sample item of every type, and a case set, by keyboard alone: right, partly and wrong; axe finds nothing."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from quizapp.domain.attempts import Kind
from quizapp.domain.items import ITEM_TYPES, Item, Sample
from tests.browser.conftest import OpenTab
from tests.browser.serving import FIRST, Site, copy_course, publish, publish_choices
from tests.browser.test_figures import go_on
from tests.browser.test_item_types import answer_by_keys
from tests.browser.test_keyboard import tab_to
from tests.browser.test_pages import RULES, find_faults
from tests.kinds import add_kinds, list_asked
from tests.people import Person

CASE = ("multiple_response", "kprim", "short_answer")
"""The types of the parts of the case set; each can be partly right."""
WORDS = {"right": "right", "partial": "partly right", "wrong": "missed"}


def start_all_types(site: Site, person: Person) -> int:
    """An open practice set with one question of every item type, and after them a case set that unfolds."""
    with TemporaryDirectory() as folder, site.app.app_context():
        publish(add_kinds(copy_course(Path(folder)), FIRST, kinds=ITEM_TYPES, case=CASE))
        try:
            return site.start(person, FIRST, Kind.PRACTICE)
        finally:
            publish_choices()


def find_sample(item: Item, name: str) -> Sample:
    """The type's sample of that name; a wrong one where a type knows nothing in between."""
    kind: str = item.type  # type: ignore[attr-defined]
    first, *_ = samples = ITEM_TYPES[kind].samples()
    fitting = [each for each in samples if each.given is not None and each.fields == first.fields]
    return next((each for each in fitting if each.name == name), None) or find_sample(item, "wrong")


def check_page(tab: Page, *, script: bool) -> None:
    """Nothing for axe to find; it is a script itself, so pages without script are seen by the other tests only."""
    if not script:
        return
    tab.evaluate(Axe().axe_script)
    assert find_faults(tab, RULES) == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize("name", WORDS)
def test_every_type_and_a_case_set_are_answered_by_keyboard_alone_and_reviewed_as_what_they_are(
    name: str, script: bool, site: Site, alice: Person, open_tab: OpenTab
) -> None:
    attempt = start_all_types(site, alice)
    asked = list_asked(site.app, attempt)
    samples = [find_sample(item, name) for item, _ in asked]
    assert [item.type for item, _ in asked] == [*ITEM_TYPES, *CASE]  # type: ignore[attr-defined]
    tab = open_tab(alice, script=script)
    tab.goto(f"/quiz/attempts/{attempt}/questions/1")
    for number, ((item, presentation), sample) in enumerate(zip(asked, samples, strict=True), 1):
        expect(tab.get_by_role("heading", level=1)).to_contain_text(f"Question {number} of {len(asked)}")
        if script:
            tab.locator("html.js").wait_for(state="attached")
        if name == "right":  # before its answer a question looks the same in all three
            check_page(tab, script=script)
        tab.locator("body").evaluate("document.activeElement.blur()")
        answer_by_keys(tab, number, item.fill(sample.given, presentation))
        go_on(tab, script=script)
    kept = [question.state.answer.response for question in site.questions(alice, attempt)]
    assert kept == [sample.given for sample in samples]
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Check")
    tab_to(tab, "Finish and see result")
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    for number, sample in enumerate(samples, 1):
        tab.goto(f"/quiz/attempts/{attempt}/review/{number}")
        expect(tab.locator("h1 + p .chip").first).to_have_text(WORDS[sample.name])
        check_page(tab, script=script)
