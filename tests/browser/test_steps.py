"""Several tries, no going back and a case that unfolds in a browser: by keyboard, in two tabs, without a connection."""

import re

import pytest
from playwright.sync_api import Page, expect

from quizapp.services import taking
from quizapp.services.taking import Incoming
from tests.browser.conftest import OpenTab
from tests.browser.device import EVERYTHING, PATIENT, SAVED, list_rows, wait_until, wait_until_stored
from tests.browser.serving import Site
from tests.browser.stepping import start_changed, with_case, with_tries, without_way_back
from tests.browser.test_keyboard import press, tab_to
from tests.people import Person
from tests.steps import CASE, WORDS, list_words

NUMBER = 3
"""The first part of the case: one of its four options is right."""
RIGHT = WORDS[0][3][0]
WRONG = WORDS[0][3][1:]


@pytest.fixture
def tries(site: Site, alice: Person) -> int:
    """Alice's open quiz with three tries at each question."""
    return start_changed(site, alice, with_tries)


@pytest.fixture
def linear(site: Site, alice: Person) -> int:
    """Alice's open quiz without backtracking, at its third question."""
    attempt_id = start_changed(site, alice, without_way_back)
    with site.app.app_context():
        for number in (1, 2):
            assert taking.pass_question(alice.id, attempt_id, number, site.now(), is_blank_meant=True)
    return attempt_id


@pytest.fixture
def case(site: Site, alice: Person) -> int:
    """Alice's open quiz whose questions 3 to 5 unfold."""
    return start_changed(site, alice, with_case)


def open_question(tab: Page, attempt: int, number: int = NUMBER) -> None:
    tab.goto(f"/quiz/attempts/{attempt}/questions/{number}")
    tab.locator("html.js").wait_for(state="attached")


def option(tab: Page, text: str) -> str:
    """The letter that stands before an option."""
    return tab.locator(".opt", has_text=text).locator("input").first.get_attribute("value") or ""


def choose(tab: Page, text: str) -> None:
    tab.locator(".opt label", has_text=text).click()


def choose_by_keys(tab: Page, text: str) -> None:
    """Reach the options with Tab and choose with the arrow keys."""
    letter = option(tab, text)
    tab_to(tab, f"q{NUMBER}-answer")
    tab.keyboard.press("Space")
    for _ in range(4):
        if tab.evaluate("document.activeElement.value") == letter:
            return
        tab.keyboard.press("ArrowDown")
    raise AssertionError("the arrow keys do not reach the option")


def heading(tab: Page, number: int) -> None:
    expect(tab.get_by_role("heading", level=1)).to_contain_text(f"Question {number} of 6")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_two_tries_by_keyboard_first_say_what_is_left_and_then_why(
    script: bool, site: Site, alice: Person, tries: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice, script=script)
    tab.goto(f"/quiz/attempts/{tries}/questions/{NUMBER}")
    for text in (WRONG[0], RIGHT):
        if script:
            tab.locator("html.js").wait_for(state="attached")
        choose_by_keys(tab, text)
        tab_to(tab, "Check this answer")
        with tab.expect_navigation():
            tab.keyboard.press("Enter")
        if text != RIGHT:
            expect(tab.locator("#checked")).to_contain_text(
                "Not right yet. 2 tries left; the next can earn 50 % of the mark."
            )
            assert "RATIONALE-" not in tab.content()
    expect(tab.locator("#reasons")).to_contain_text("RATIONALE-night-1")
    expect(tab.locator("#reasons li")).to_contain_text([WRONG[0], RIGHT])
    expect(tab.get_by_role("button", name="Check this answer")).to_have_count(0)
    press_next = tab.locator(".qbar .btn-primary")
    with tab.expect_navigation():
        press_next.press("Enter")
    heading(tab, NUMBER + 1)


def test_a_double_click_on_the_check_uses_one_try(site: Site, alice: Person, tries: int, open_tab: OpenTab) -> None:
    tab = open_tab(alice)
    open_question(tab, tries)
    choose(tab, WRONG[0])
    tab.get_by_role("button", name="Check this answer").dblclick()
    expect(tab.locator("#checked")).to_contain_text("2 tries left")
    tab.wait_for_timeout(300)
    assert len(site.questions(alice, tries)[NUMBER - 1].tries) == 1


def test_without_a_connection_a_check_says_that_it_needs_one_and_the_answer_is_kept(
    site: Site, alice: Person, tries: int, tab: Page
) -> None:
    open_question(tab, tries)
    tab.context.set_offline(True)
    choose(tab, WRONG[0])
    tab.get_by_role("button", name="Check this answer").click()
    expect(tab.locator("#save")).to_contain_text("Offline: checking an answer needs a connection. Your answer is kept")
    heading(tab, NUMBER)
    tab.context.set_offline(False)
    expect(tab.locator("#save")).to_have_text(SAVED, timeout=PATIENT)
    assert site.questions(alice, tries)[NUMBER - 1].tries == ()
    with tab.expect_navigation():
        tab.get_by_role("button", name="Check this answer").click()
    expect(tab.locator("#checked")).to_contain_text("2 tries left")


def test_going_on_by_keyboard_locks_and_the_browsers_back_button_leads_nowhere_else(
    site: Site, alice: Person, linear: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice)
    open_question(tab, linear)
    expect(tab.locator(f"#no-way-back-{NUMBER}")).to_have_text("You cannot come back to this question.")
    expect(tab.get_by_role("button", name="Previous")).to_have_count(0)
    choose_by_keys(tab, RIGHT)
    press(tab, "Enter")
    heading(tab, NUMBER + 1)
    tab.go_back()
    heading(tab, NUMBER + 1)
    expect(tab.locator(".note")).to_contain_text([f"Question {NUMBER} is locked"])
    marks = tab.locator(".qmap button")
    expect(marks.nth(NUMBER - 1)).to_be_disabled()
    expect(marks.nth(NUMBER - 1)).to_have_accessible_name(f"{NUMBER} , answered, locked")
    expect(marks.nth(5)).to_have_accessible_name("6 , not reached yet")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_going_on_from_an_empty_question_is_asked_once_by_keyboard(
    script: bool, site: Site, alice: Person, linear: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice, script=script, may_complain=True)
    tab.goto(f"/quiz/attempts/{linear}/questions/{NUMBER}")
    with tab.expect_navigation():
        tab.locator(".qbar .btn-primary").press("Enter")
    expect(tab.get_by_role("alert")).to_contain_text(f"Question {NUMBER} has no answer")
    if script:
        expect(tab.get_by_role("alert")).to_be_focused()
    tab_to(tab, "Go on without an answer")
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    heading(tab, NUMBER + 1)
    assert site.questions(alice, linear)[NUMBER - 1].described == ""


def test_without_a_connection_nobody_goes_on_where_that_locks_and_the_answer_is_kept(
    site: Site, alice: Person, linear: int, tab: Page
) -> None:
    open_question(tab, linear)
    wait_until_stored(tab, f"/quiz/attempts/{linear}/questions/{NUMBER}", f"/quiz/attempts/{linear}/check")
    tab.context.set_offline(True)
    choose(tab, RIGHT)
    tab.locator(".qbar .btn-primary").click()
    expect(tab.locator("#save")).to_contain_text("Offline: going on locks this question, which needs a connection.")
    heading(tab, NUMBER)
    tab.context.set_offline(False)
    expect(tab.locator("#save")).to_have_text(SAVED, timeout=PATIENT)
    with tab.expect_navigation():
        tab.locator(".qbar .btn-primary").click()
    heading(tab, NUMBER + 1)
    wait_until(tab, "async (path) => !(await caches.match(path))", f"/quiz/attempts/{linear}/questions/{NUMBER}")


def test_an_answer_to_a_question_that_another_tab_went_on_from_is_shown_until_it_was_read(
    site: Site, alice: Person, linear: int, open_tab: OpenTab
) -> None:
    first = open_tab(alice, may_complain=True)
    second = first.context.new_page()
    for each in (first, second):
        open_question(each, linear)
    choose(second, RIGHT)
    expect(second.locator("#save")).to_have_text(SAVED)
    with second.expect_navigation():
        second.locator(".qbar .btn-primary").click()
    choose(first, WRONG[0])
    notice = first.locator(f"#locked-{NUMBER}")
    expect(notice).to_contain_text(f"Question {NUMBER} was locked before this arrived")
    expect(notice).to_contain_text(re.compile(f"it counts: .*{RIGHT}.*Not kept: .*{WRONG[0]}"))
    expect(first.locator("#save")).to_have_text(f"Not saved: question {NUMBER} is locked")
    first.goto("/learn/")
    expect(first.locator("#not-kept")).to_contain_text(WRONG[0])
    first.goto(f"/quiz/attempts/{linear}")
    heading(first, NUMBER + 1)
    first.get_by_role("button", name="I have read this: go on").click()
    expect(notice).to_have_count(0)
    heading(first, NUMBER + 1)
    assert list_rows(first, "queue") == []


def test_what_was_given_without_a_connection_and_locked_meanwhile_is_not_lost(
    site: Site, alice: Person, linear: int, tab: Page
) -> None:
    open_question(tab, linear)
    tab.context.set_offline(True)
    choose(tab, WRONG[0])
    expect(tab.locator("#save")).to_contain_text("Offline: kept on this device")
    with site.app.app_context():
        sent = [Incoming(NUMBER, {"answer": [option(tab, RIGHT)]})]
        taking.save_answers(alice.id, linear, sent, site.now())
        taking.pass_question(alice.id, linear, NUMBER, site.now())
    tab.context.set_offline(False)
    expect(tab.locator(f"#locked-{NUMBER}")).to_contain_text(WRONG[0], timeout=PATIENT)
    assert [row["is_locked"] for row in list_rows(tab, "queue")] == [True]


def test_nothing_of_a_part_that_is_ahead_is_in_the_page_or_on_the_device(case: int, tab: Page) -> None:
    open_question(tab, case)
    place = f"/quiz/attempts/{case}"
    wait_until_stored(tab, f"{place}/questions/3", f"{place}/questions/6", f"{place}/check")
    for part in (1, 2):
        kept = "".join([*tab.evaluate(EVERYTHING), tab.content()])
        assert [word for word in list_words(*range(part + 1, 4)) if word in kept] == []
        tab.locator(".opt label").first.click()
        expect(tab.locator("#save")).to_have_text(SAVED)
        with tab.expect_navigation():
            tab.get_by_role("main").get_by_role("button", name="Save and show the next part").click()
        heading(tab, NUMBER + part)
        expect(tab.get_by_text(f"Case: {CASE}, part {part + 1} of 3")).to_be_visible()
        tab.locator("html.js").wait_for(state="attached")


def test_a_part_without_an_answer_says_so_and_leaving_is_always_possible(
    alice: Person, case: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice, may_complain=True)
    open_question(tab, case)
    with tab.expect_navigation():
        tab.locator(".qbar .btn-primary").press("Enter")
    expect(tab.get_by_role("alert")).to_contain_text("This part has no answer yet")
    tab.get_by_role("button", name="Save and leave").click()
    tab.wait_for_url("**/learn/")


def test_around_a_case_one_goes_on_without_a_connection_but_not_within_it(
    site: Site, alice: Person, case: int, tab: Page
) -> None:
    open_question(tab, case, 2)
    place = f"/quiz/attempts/{case}"
    wait_until_stored(tab, *(f"{place}/questions/{n}" for n in (1, 2, 3, 6)), f"{place}/check")
    wait_until(tab, "navigator.serviceWorker.controller !== null")
    tab.context.set_offline(True)
    tab.locator(".qbar .btn-primary").click()
    heading(tab, 3)
    tab.locator("html.js").wait_for(state="attached")
    choose(tab, RIGHT)
    tab.locator(".qbar .btn-primary").click()
    expect(tab.locator("#save")).to_contain_text("needs a connection")
    tab.locator(".qmap button").nth(5).click()
    heading(tab, 6)
