"""An answer that reaches the server after the attempt has ended: kept, told, and nobody is moved by surprise."""

import datetime as dt
import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from quizapp.app import utc_now
from quizapp.domain.attempts import StepKind
from quizapp.services import taking
from quizapp.store import attempts as store
from quizapp.store.db import reading, unit_of_work
from tests.browser.device import (
    OFFLINE,
    PATIENT,
    SAVED,
    choose,
    choose_offline,
    find_kept,
    list_rows,
    open_quiz,
    path,
    press_next,
    wait_until,
)
from tests.browser.serving import Site
from tests.people import Person

GRACE = dt.timedelta(seconds=10)
ENDED = re.compile(r"The time ended at \d\d:\d\d")


def end_at(site: Site, attempt: int, due_at: dt.datetime) -> None:
    """Move the end of an attempt, which in life stays where the start has put it."""
    with site.app.app_context(), unit_of_work() as session:
        session.execute(
            update(store.AttemptRow)
            .where(store.AttemptRow.id == attempt)
            .values(due_at=due_at, closes_at=due_at + GRACE)
        )


def end_soon(site: Site, attempt: int) -> None:
    end_at(site, attempt, utc_now() + dt.timedelta(minutes=20))


def end_before(site: Site, attempt: int) -> None:
    end_at(site, attempt, utc_now() - dt.timedelta(minutes=1))


def find_late(site: Site, attempt: int) -> list[int]:
    """The numbers of the questions with a late answer, in the order in which they came."""
    with site.app.app_context(), reading() as connection:
        rows = connection.execute(
            select(store.StepRow.position)
            .where(store.StepRow.attempt_id == attempt, store.StepRow.kind == StepKind.LATE)
            .order_by(store.StepRow.seq)
        )
        return [row.position + 1 for row in rows]


def finish_elsewhere(site: Site, person: Person, attempt: int) -> None:
    with site.app.app_context():
        taking.finish(person.id, attempt, utc_now())


def see_the_result_by_keyboard(tab: Page, attempt: int) -> None:
    """The notice has the focus, its link is the next stop."""
    expect(tab.locator("#over")).to_be_focused()
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("link", name="See the result")).to_be_focused()
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    assert tab.url.endswith(f"/quiz/attempts/{attempt}/result")


def test_answers_given_in_time_without_a_connection_and_sent_after_the_end_are_told_to_be_late(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    end_soon(site, attempt)
    open_quiz(tab, attempt)
    tab.context.set_offline(True)
    choose_offline(tab, "B")
    press_next(tab, 2)
    choose_offline(tab, "A")
    end_before(site, attempt)
    tab.context.set_offline(False)
    alert = tab.get_by_role("alert")
    expect(alert).to_contain_text(ENDED, timeout=PATIENT)
    expect(alert).to_contain_text("What arrived before then counts.")
    expect(alert).to_contain_text("Your answers to questions 1 and 2 arrived late. They are kept and marked late")
    expect(tab.locator("#save")).to_have_text(ENDED)
    assert tab.url.endswith(path(attempt, 2))
    expect(tab.locator(".opt input[value=A]")).to_be_checked()
    expect(tab.locator("form#quiz :is(input:not([type=hidden]), button):enabled")).to_have_count(0)
    expect(tab.locator(".qbar")).to_be_hidden()
    assert list_rows(tab, "queue") == []
    assert find_late(site, attempt) == [1, 2]
    see_the_result_by_keyboard(tab, attempt)
    expect(tab.get_by_role("main")).to_contain_text("Answers to questions 1, 2 arrived after that")
    assert list_rows(tab, "saved") == []


def test_an_answer_that_was_given_after_the_end_on_line_is_told_to_be_late(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    end_soon(site, attempt)
    open_quiz(tab, attempt)
    choose(tab, "A")
    expect(tab.locator("#save")).to_have_text(SAVED)
    end_before(site, attempt)
    choose(tab, "B")
    expect(tab.get_by_role("alert")).to_contain_text("Your answer to question 1 arrived late. It is kept")
    tab.keyboard.press("c")  # a single key does nothing any more
    tab.keyboard.press("]")
    expect(tab.locator(".opt input[value=B]")).to_be_checked()
    assert find_late(site, attempt) == [1]
    assert find_kept(site, alice, attempt)[0] == "A"
    see_the_result_by_keyboard(tab, attempt)


def test_when_the_time_runs_out_on_an_open_page_it_says_so_and_stays(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    end_at(site, attempt, utc_now() - GRACE + dt.timedelta(seconds=6))
    tab.goto(path(attempt))
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text(SAVED)
    alert = tab.get_by_role("alert")
    expect(alert).to_contain_text(ENDED, timeout=PATIENT)
    expect(alert).to_contain_text("What was saved by then is graded.")
    expect(tab.locator("#save")).to_have_text(ENDED)
    assert tab.url.endswith(path(attempt))
    assert find_late(site, attempt) == []
    assert find_kept(site, alice, attempt)[0] == "B"
    see_the_result_by_keyboard(tab, attempt)


def test_a_clock_of_the_browser_that_runs_ahead_ends_nothing(site: Site, attempt: int, tab: Page) -> None:
    end_soon(site, attempt)
    tab.clock.set_system_time(utc_now() + dt.timedelta(hours=1))
    with tab.expect_response(f"**{path(attempt)}") as asked:
        tab.goto(path(attempt))
    assert asked.value.status == 200
    wait_until(tab, "document.documentElement.classList.contains('js')")
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text(SAVED)
    expect(tab.locator("#over")).to_have_count(0)


def test_answers_to_an_attempt_that_was_finished_on_another_device_stay_readable_until_they_have_been_read(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    open_quiz(tab, attempt)
    tab.context.set_offline(True)
    choose_offline(tab, "B")
    words = tab.locator(".opt").filter(has=tab.locator("[value=B]")).locator(".text").inner_text()
    press_next(tab, 2)
    choose_offline(tab, "A")
    finish_elsewhere(site, alice, attempt)
    tab.context.set_offline(False)
    alert = tab.get_by_role("alert")
    expect(alert).to_contain_text("This attempt was already finished", timeout=PATIENT)
    expect(alert.get_by_role("listitem").first).to_have_text(f"Question 1: B. {words}")
    expect(alert.get_by_role("listitem")).to_have_count(2)
    see_the_result_by_keyboard(tab, attempt)
    tab.reload()
    told = tab.locator("#not-kept")
    expect(told.get_by_role("listitem").first).to_contain_text(f"Question 1: B. {words}. Given ")
    assert [row["state"] for row in list_rows(tab, "queue")] == ["refused"] * 2
    told.get_by_role("button", name="I have read this: remove it from this device").click()
    expect(told).to_have_count(0)
    expect(tab.locator("#main")).to_be_focused()
    assert list_rows(tab, "queue") == []
    assert find_kept(site, alice, attempt) == [""] * 10


@pytest.mark.parametrize("page", ["/learn/", "check"])
def test_another_page_that_sends_late_answers_says_so_and_does_not_move(
    site: Site, alice: Person, attempt: int, tab: Page, page: str
) -> None:
    end_soon(site, attempt)
    open_quiz(tab, attempt)
    tab.route("**/save", lambda route: route.abort())
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text(OFFLINE)
    tab.goto(page if page != "check" else f"/quiz/attempts/{attempt}/check")
    expect(tab.locator("#waiting")).to_contain_text("1 answer is waiting")
    end_before(site, attempt)
    tab.unroute("**/save")
    tab.evaluate("dispatchEvent(new Event('online'))")
    said = tab.locator("#late")
    expect(said).to_contain_text(ENDED)
    expect(said).to_contain_text("Your answer to question 1 arrived late. It is kept")
    expect(tab.locator("#waiting")).to_have_count(0)
    assert find_late(site, attempt) == [1]
    said.get_by_role("link", name="See the result").click()
    tab.wait_for_url("**/result")


def test_two_tabs_with_unsent_answers_at_the_end_both_say_so_and_each_answer_arrives_once(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    end_soon(site, attempt)
    open_quiz(tab, attempt)
    other = tab.context.new_page()
    other.goto(path(attempt, 2))
    expect(other.locator("html")).to_have_class("js")
    tab.context.set_offline(True)
    choose_offline(tab, "B")
    choose_offline(other, "A")
    end_before(site, attempt)
    tab.context.set_offline(False)
    for each, number in ((tab, 1), (other, 2)):
        expect(each.locator("#over")).to_contain_text(ENDED, timeout=PATIENT)
        expect(each.locator("#over")).to_contain_text(re.compile(rf"questions? [12 and]*{number}"))
    assert sorted(find_late(site, attempt)) == [1, 2]
    assert list_rows(tab, "queue") == []


def test_a_tab_that_slept_while_another_one_sent_its_answer_and_went_to_the_result_is_told_when_it_wakes(
    site: Site, attempt: int, tab: Page
) -> None:
    end_soon(site, attempt)
    tab.clock.install()
    open_quiz(tab, attempt)
    tab.route("**/save", lambda route: route.abort())
    tab.clock.pause_at(utc_now() + dt.timedelta(minutes=1))
    choose_offline(tab, "B")
    end_before(site, attempt)
    other = tab.context.new_page()
    other.goto("/learn/")
    expect(other.locator("#late")).to_contain_text(ENDED)
    other.get_by_role("link", name="See the result").click()
    other.wait_for_url("**/result")
    expect(other.locator("h1")).to_contain_text("Not yet passed")
    other.wait_for_timeout(500)
    assert [*list_rows(other, "queue"), *list_rows(other, "saved")] == []
    expect(tab.locator("#save")).to_have_text(OFFLINE)
    tab.unroute("**/save")
    tab.clock.resume()
    expect(tab.get_by_role("alert")).to_contain_text("Your answer to question 1 arrived late.", timeout=PATIENT)
    assert find_late(site, attempt) == [1]


def test_a_browser_that_keeps_nothing_is_told_of_late_answers_too(site: Site, attempt: int, tab: Page) -> None:
    end_soon(site, attempt)
    tab.add_init_script("Object.defineProperty(window, 'indexedDB', { get() { throw new Error('refused'); } })")
    tab.goto(path(attempt))
    wait_until(tab, "document.documentElement.classList.contains('js')")
    tab.context.set_offline(True)
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text("Offline: kept on this page only")
    end_before(site, attempt)
    tab.context.set_offline(False)
    expect(tab.get_by_role("alert")).to_contain_text("Your answer to question 1 arrived late.", timeout=PATIENT)
    assert find_late(site, attempt) == [1]
    see_the_result_by_keyboard(tab, attempt)


@pytest.mark.parametrize(
    "status",
    [404, 413, 422],
)
def test_what_the_server_refuses_for_good_is_not_sent_again_and_stays_readable(
    attempt: int, tab: Page, status: int
) -> None:
    open_quiz(tab, attempt)
    tab.route("**/save", lambda route: route.fulfill(status=status, json={"error": "The reason."}))
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text("Not saved: The reason.")
    assert [row["state"] for row in list_rows(tab, "queue")] == ["refused"]
    tab.unroute("**/save")
    tab.goto("/learn/")
    told = tab.locator("#not-kept")
    expect(told).to_contain_text("Question 1: B. ")
    expect(told).to_contain_text("could not be saved: The reason.")
    told.get_by_role("button", name="Remove it from this device").click()
    expect(told).to_have_count(0)
    assert list_rows(tab, "queue") == []


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (200, OFFLINE),  # the sign-in page of a hotel's network
        (302, OFFLINE),
        (400, "Not saved yet: the server is busy"),
        (403, "Not saved yet: the server is busy"),  # a proxy speaks for itself, not for the server
        (404, "Not saved yet: the server is busy"),
        (410, "Not saved yet: the server is busy"),
        (413, "Not saved yet: the server is busy"),
        (429, "Not saved yet: the server is busy"),
        (500, "Not saved yet: the server is busy"),
        (504, "Not saved yet: the server is busy"),
    ],
)
def test_an_answer_of_something_in_between_loses_nothing_and_it_is_sent_again(
    site: Site, alice: Person, attempt: int, tab: Page, status: int, said: str
) -> None:
    open_quiz(tab, attempt)
    where = {"Location": "/accounts/sign-in"} if status == 302 else {}
    tab.route(
        "**/save",
        lambda route: route.fulfill(status=status, headers={"Content-Type": "text/html", **where}, body="<p>"),
    )
    choose(tab, "B")
    expect(tab.locator("#save")).to_contain_text(said)
    assert [row["state"] for row in list_rows(tab, "queue")] == ["waiting"]
    tab.unroute("**/save")
    tab.evaluate("dispatchEvent(new Event('online'))")
    expect(tab.locator("#save")).to_have_text(SAVED)
    assert find_kept(site, alice, attempt)[0] == "B"
    assert list_rows(tab, "queue") == []
