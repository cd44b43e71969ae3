"""The time on a question page: warnings once each, shown when asked for, moved ends, pauses, what was looked at."""

import datetime as dt
import re

import pytest
from playwright.sync_api import Page, expect

from quizapp.app import utc_now
from quizapp.domain.accommodations import Accommodation
from tests.browser.conftest import OpenTab
from tests.browser.device import OFFLINE, PATIENT, SAVED, choose, open_quiz, path, wait_until
from tests.browser.serving import Site
from tests.browser.timed import LIMIT_MINUTES, grant, pause, set_end
from tests.people import Person

FIVE, ONE = re.compile(r"^5 minutes left\. At \d\d:\d\d the quiz closes by itself"), re.compile(r"^1 minute left\. ")


def minutes(n: float) -> dt.timedelta:
    return dt.timedelta(minutes=n)


def open_question(tab: Page, attempt: int, number: int = 1) -> None:
    tab.goto(path(attempt, number))
    wait_until(tab, "document.documentElement.classList.contains('js')")


def seconds(site: Site, person: Person, attempt: int, number: int = 1) -> int:
    return site.questions(person, attempt)[number - 1].state.answer.seconds


def test_it_warns_at_five_minutes_and_at_one_minute_once_each_on_whichever_page(
    site: Site, attempt: int, tab: Page
) -> None:
    tab.clock.install()
    set_end(site, attempt, minutes(7))
    open_question(tab, attempt)
    warning = tab.locator("#warning")
    expect(warning).to_have_attribute("role", "status")
    expect(warning).to_be_empty()
    tab.clock.fast_forward(119_000)
    expect(warning).to_be_empty()
    tab.clock.fast_forward(2_000)
    expect(warning).to_have_text(FIVE)
    expect(warning).to_be_visible()
    set_end(site, attempt, minutes(4.5))  # the clock of the server has gone on meanwhile, too
    for number in (1, 2):
        open_question(tab, attempt, number)
        tab.clock.fast_forward(2_000)
        expect(warning).to_be_empty()
    tab.clock.fast_forward(3.5 * 60_000)
    expect(warning).to_have_text(ONE)
    set_end(site, attempt, minutes(0.9))
    open_question(tab, attempt, 3)
    tab.clock.fast_forward(2_000)
    expect(warning).to_be_empty()


def test_a_page_that_opens_in_the_last_minute_gives_one_warning(site: Site, attempt: int, tab: Page) -> None:
    set_end(site, attempt, minutes(0.4))
    open_question(tab, attempt)
    expect(tab.locator("#warning p")).to_have_count(1)
    expect(tab.locator("#warning")).to_contain_text("Less than 1 minute left.")


def test_warnings_follow_an_end_that_moves_while_the_page_is_open(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    set_end(site, attempt, minutes(4))
    open_question(tab, attempt)
    warning = tab.locator("#warning")
    expect(warning).to_contain_text("4 minutes left.")
    before = tab.locator("#ends").inner_text()
    grant(site, alice, Accommodation(extra_minutes=20))
    choose(tab, "A")
    expect(tab.locator("#save")).to_have_text(SAVED)
    expect(warning).to_be_empty()
    expect(tab.locator("#ends")).not_to_have_text(before)
    ends = tab.locator("#ends").inner_text().removeprefix("Ends at ")
    expect(tab.locator("#closes")).to_contain_text(f"At {ends} the quiz closes by itself")
    tab.clock.set_fixed_time(utc_now() + minutes(19.1))
    expect(warning).to_have_text(FIVE)


def test_the_time_is_hidden_until_asked_for_and_this_device_remembers(site: Site, attempt: int, tab: Page) -> None:
    set_end(site, attempt, minutes(20.5))
    open_question(tab, attempt)
    button = tab.locator("#time")
    expect(button).to_have_text("Show time")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.focus()
    tab.keyboard.press("Space")
    expect(button).to_have_text("20 min left")
    expect(button).to_have_attribute("aria-pressed", "true")
    open_question(tab, attempt, 2)
    expect(button).to_have_text("20 min left")
    button.focus()
    tab.keyboard.press("Enter")
    expect(button).to_have_text("Show time")
    tab.reload()
    wait_until(tab, "document.documentElement.classList.contains('js')")
    expect(button).to_have_text("Show time")


def test_without_a_limit_the_time_that_was_used_can_be_shown_and_nothing_warns(attempt: int, tab: Page) -> None:
    open_question(tab, attempt)
    tab.locator("#time").click()
    expect(tab.locator("#time")).to_have_text("0 min used")
    expect(tab.locator("#warning")).to_be_empty()


@pytest.mark.parametrize("wrong_by", [-90, 90])
def test_a_wrong_clock_of_the_device_changes_nothing(site: Site, attempt: int, tab: Page, wrong_by: int) -> None:
    set_end(site, attempt, minutes(20.5))
    tab.clock.set_system_time(utc_now() + minutes(wrong_by))
    open_question(tab, attempt)
    tab.locator("#time").click()
    expect(tab.locator("#time")).to_have_text("20 min left")
    expect(tab.locator("#warning")).to_be_empty()
    expect(tab.locator("#over")).to_have_count(0)


def test_a_page_that_thinks_the_time_is_over_asks_and_learns_that_the_clock_was_stopped_elsewhere(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    set_end(site, attempt, dt.timedelta(seconds=6), pause_minutes=10)
    open_question(tab, attempt)
    pause(site, alice, attempt)
    before = tab.locator("form#quiz").get_attribute("data-closes")
    expect(tab.locator("form#quiz")).not_to_have_attribute("data-closes", before or "", timeout=PATIENT)
    expect(tab.locator("#over")).to_have_count(0)
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text(SAVED)
    assert site.list_attempts(alice)[0].paused_at is None


@pytest.mark.parametrize("script", [True, False])
def test_the_clock_is_stopped_and_goes_on_by_keyboard(
    site: Site, alice: Person, attempt: int, open_tab: OpenTab, script: bool
) -> None:
    set_end(site, attempt, minutes(20), pause_minutes=10)
    tab = open_tab(alice, script=script)
    tab.goto(path(attempt, 2))
    if script:
        wait_until(tab, "document.documentElement.classList.contains('js')")
    expect(tab.locator("#ends")).to_have_text(re.compile(r"^Ends at \d\d:\d\d$"))
    tab.get_by_label(re.compile("^Sure")).focus()
    tab.keyboard.press("Space")
    tab.get_by_role("button", name="Save and pause the clock").focus()
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Paused")
    expect(tab.get_by_role("main")).to_contain_text("of pause left")
    tab.goto(path(attempt, 1))
    expect(tab.get_by_role("heading", level=1)).to_have_text("Paused")
    tab.goto(f"/clock/{attempt}?at=2")
    tab.get_by_role("button", name="Go on with the quiz").focus()
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    assert tab.url.endswith(path(attempt, 2))
    expect(tab.get_by_label(re.compile("^Sure"))).to_be_checked()
    attempt_row = site.list_attempts(alice)[0]
    assert attempt_row.paused_at is None
    assert attempt_row.due_at is not None
    assert attempt_row.due_at < utc_now() + minutes(21)


def test_without_a_connection_the_clock_is_not_stopped_and_the_page_says_so(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    set_end(site, attempt, minutes(20), pause_minutes=10)
    open_quiz(tab, attempt)
    tab.context.set_offline(True)
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text(OFFLINE)
    tab.get_by_role("button", name="Save and pause the clock").click()
    expect(tab.locator("#save")).to_contain_text("pausing the clock, which goes on, needs a connection")
    assert tab.url.endswith(path(attempt))
    assert site.list_attempts(alice)[0].paused_at is None


def test_what_was_looked_at_is_counted_while_the_page_is_seen_and_over_all_visits(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    set_end(site, attempt, minutes(LIMIT_MINUTES - 25))  # begun 25 minutes ago: no more is believed
    tab.clock.install()
    open_question(tab, attempt)
    tab.clock.run_for(40_000)
    choose(tab, "A")
    expect(tab.locator("#save")).to_have_text(SAVED)
    assert 40 <= seconds(site, alice, attempt) <= 50
    tab.clock.run_for(15 * 60_000)
    with tab.expect_navigation():
        tab.get_by_role("main").get_by_role("button", name="Save and next").click()
    first = seconds(site, alice, attempt)
    assert first == 600, "of one visit no more than ten minutes"
    open_question(tab, attempt)
    tab.clock.run_for(30_000)
    with tab.expect_navigation():
        tab.get_by_role("main").get_by_role("button", name="Save and next").click()
    assert 630 <= seconds(site, alice, attempt) <= 640, "also where the answer stays as it is"


def test_what_was_counted_without_a_connection_arrives_with_the_answer(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    set_end(site, attempt, minutes(LIMIT_MINUTES - 25))
    tab.clock.install()
    open_quiz(tab, attempt)
    tab.context.set_offline(True)
    tab.clock.run_for(50_000)
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text(OFFLINE)
    tab.reload()
    wait_until(tab, "document.documentElement.classList.contains('js')")
    tab.clock.run_for(20_000)
    tab.context.set_offline(False)
    choose(tab, "A")
    expect(tab.locator("#save")).to_have_text(SAVED)
    assert 70 <= seconds(site, alice, attempt) <= 90
