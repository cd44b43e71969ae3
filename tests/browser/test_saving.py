"""quiz.js says "Saved" only after the server did, loses nothing without a connection, and overwrites nothing newer."""

import re

from playwright.sync_api import Page, Route, expect

from quizapp.domain.attempts import Kind
from tests.browser.conftest import OpenTab
from tests.browser.serving import Site
from tests.people import PASSWORD, Person

SAVED = re.compile(r"^Saved \d\d:\d\d$")
SAVE = "**/save"
RETRY_MS = 8_000
"""Longer than the page waits before it tries again."""


def open_question(tab: Page, attempt: int, number: int = 1) -> None:
    tab.goto(f"/quiz/attempts/{attempt}/questions/{number}")
    expect(tab.locator("html")).to_have_class("js")


def choose(tab: Page, letter: str) -> None:
    tab.locator(".opt label").filter(has=tab.locator(f"[value={letter}]")).click()


def hold(tab: Page, held: list[Route]) -> None:
    """Keep the next save from reaching the server until the test lets it go on."""

    def keep(route: Route) -> None:
        held.append(route)

    tab.route(SAVE, keep, times=1)


def find_kept(site: Site, alice: Person, attempt: int, number: int = 1) -> set[str]:
    return set(site.questions(alice, attempt)[number - 1].chosen)


def test_saved_is_said_only_after_the_server_has_the_answer(
    site: Site, alice: Person, attempt: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice)
    open_question(tab, attempt)
    status = tab.locator("#save")
    held: list[Route] = []
    hold(tab, held)
    with tab.expect_request(SAVE):
        choose(tab, "B")
    expect(status).to_have_text("Saving…")
    assert find_kept(site, alice, attempt) == set()
    held[0].continue_()
    expect(status).to_have_text(SAVED)
    assert find_kept(site, alice, attempt) == {"B"}


def test_what_was_chosen_while_a_save_was_under_way_is_saved_after_it(
    site: Site, alice: Person, attempt: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice)
    open_question(tab, attempt)
    held: list[Route] = []
    hold(tab, held)
    with tab.expect_request(SAVE):
        choose(tab, "B")
    expect(tab.locator("#save")).to_have_text("Saving…")
    choose(tab, "A")
    choose(tab, "C")
    held[0].continue_()
    expect(tab.locator("#save")).to_have_text(SAVED)
    assert find_kept(site, alice, attempt) == {"C"}
    assert site.count_steps(attempt) == 3


def test_without_a_connection_the_page_says_where_the_answer_is_and_saves_once_it_is_back(
    site: Site, alice: Person, attempt: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice, may_complain=True)
    open_question(tab, attempt)
    tab.context.set_offline(True)
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text("Offline: kept on this device")
    assert find_kept(site, alice, attempt) == set()
    tab.context.set_offline(False)
    expect(tab.locator("#save")).to_have_text(SAVED, timeout=RETRY_MS)
    assert find_kept(site, alice, attempt) == {"B"}


def test_when_the_server_cannot_save_the_page_says_so_and_keeps_trying(
    site: Site, alice: Person, attempt: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice, may_complain=True)
    open_question(tab, attempt)
    tab.route(SAVE, lambda route: route.fulfill(status=503, json={"error": "The database is full."}))
    choose(tab, "B")
    expect(tab.locator("#save")).to_contain_text("Not saved yet: the server is busy")
    tab.unroute(SAVE)
    expect(tab.locator("#save")).to_have_text(SAVED, timeout=RETRY_MS)
    assert find_kept(site, alice, attempt) == {"B"}


def test_a_tab_that_is_out_of_date_is_told_and_overwrites_nothing(
    site: Site, alice: Person, attempt: int, open_tab: OpenTab
) -> None:
    first = open_tab(alice)
    second = first.context.new_page()
    open_question(first, attempt)
    open_question(second, attempt)
    choose(second, "A")
    expect(second.locator("#save")).to_have_text(SAVED)
    choose(first, "B")
    expect(first.locator("#save")).to_have_text("Not saved: question 1 was changed elsewhere")
    assert find_kept(site, alice, attempt) == {"A"}
    expect(first.locator(".opt label input[value=B]")).to_be_checked()
    first.get_by_role("button", name="Show the kept one").click()
    expect(first.locator(".opt label input[value=A]")).to_be_checked()
    choose(first, "B")
    expect(first.locator("#save")).to_have_text(SAVED)
    assert find_kept(site, alice, attempt) == {"B"}


def test_a_reload_shows_what_was_kept_with_flag_and_ruled_out_options_and_how_sure(
    alice: Person, attempt: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice)
    open_question(tab, attempt)
    tab.get_by_role("button", name="Rule out option A", exact=True).click()
    choose(tab, "B")
    tab.get_by_text("Think so", exact=True).click()
    tab.get_by_role("button", name="Flag this question for later").click()
    expect(tab.locator("#save")).to_have_text(SAVED)
    tab.reload()
    expect(tab.locator(".opt label input[value=B]")).to_be_checked()
    expect(tab.get_by_role("radio", name="Think so")).to_be_checked()
    expect(tab.get_by_role("button", name="Rule out option A", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(tab.get_by_role("button", name="Flag this question for later")).to_have_attribute("aria-pressed", "true")


def test_choosing_an_option_that_was_ruled_out_puts_it_back(
    site: Site, alice: Person, attempt: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice)
    open_question(tab, attempt)
    choose(tab, "A")
    tab.get_by_role("button", name="Rule out option A", exact=True).click()
    expect(tab.locator(".opt label input[value=A]")).not_to_be_checked()
    choose(tab, "A")
    expect(tab.locator(".opt.struck")).to_have_count(0)
    expect(tab.locator("#save")).to_have_text(SAVED)
    question = site.questions(alice, attempt)[0]
    assert (question.chosen, question.struck) == ({"A"}, set())


def test_map_strip_and_counts_follow_what_is_done(alice: Person, attempt: int, open_tab: OpenTab) -> None:
    tab = open_tab(alice)
    open_question(tab, attempt, 2)
    expect(tab.locator("#counts")).to_have_text("0 answered, 0 flagged")
    choose(tab, "A")
    tab.get_by_role("button", name="Flag this question for later").click()
    expect(tab.locator("#counts")).to_have_text("1 answered, 1 flagged")
    expect(tab.locator(".qmap button").nth(1)).to_have_accessible_name(re.compile("this question, answered, flagged"))
    expect(tab.locator("#strip li").nth(1)).to_have_class("here done flag")
    with tab.expect_navigation():
        tab.locator(".qmap button").nth(4).click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Question 5 of 10")
    expect(tab.locator(".qmap button").nth(1)).to_have_accessible_name(re.compile(", answered, flagged"))


def test_a_double_click_on_start_makes_one_attempt_and_on_finish_one_result(
    site: Site, alice: Person, open_tab: OpenTab
) -> None:
    tab = open_tab(alice)
    tab.goto("/learn/modules/cramp-or-not")
    tab.get_by_role("button", name="Start the quiz").dblclick()
    tab.wait_for_url("**/questions/1")
    (attempt,) = site.list_attempts(alice)
    tab.goto(f"/quiz/attempts/{attempt.id}/check")
    tab.get_by_label("These are my own answers.").check()
    tab.get_by_role("button", name="Finish and see result").dblclick()
    tab.wait_for_url("**/result")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Not yet passed: 0 of 10")
    assert [(a.kind, a.is_passed) for a in site.list_attempts(alice)] == [(Kind.QUIZ, False)]
    assert site.count_steps(attempt.id) == 2


def test_without_script_a_form_that_is_out_of_date_shows_both_answers_and_one_press_keeps_the_own_one(
    site: Site, alice: Person, attempt: int, open_tab: OpenTab
) -> None:
    first, second = (open_tab(alice, script=False, may_complain=True) for _ in range(2))
    for tab in (first, second):
        tab.goto(f"/quiz/attempts/{attempt}/questions/1")
    for tab, letter in ((second, "A"), (first, "B")):
        choose(tab, letter)
        with tab.expect_response("**/answers") as answer, tab.expect_navigation():
            tab.get_by_role("main").get_by_role("button", name="Save and next").click()
    assert answer.value.status == 409
    alert = first.get_by_role("alert")
    expect(alert).to_contain_text("Question 1 was changed in another tab or on another device")
    expect(alert).to_contain_text(site.questions(alice, attempt)[0].described)
    expect(first.locator(".opt label input[value=B]")).to_be_checked()
    assert find_kept(site, alice, attempt) == {"A"}
    with first.expect_navigation():
        first.get_by_role("main").get_by_role("button", name="Save and next").click()
    expect(first.get_by_role("heading", level=1)).to_contain_text("Question 2 of 10")
    assert find_kept(site, alice, attempt) == {"B"}


def test_somebody_who_was_signed_out_is_told_and_can_sign_in_again_in_another_tab(
    site: Site, alice: Person, attempt: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice, may_complain=True)
    open_question(tab, attempt)
    other = tab.context.new_page()
    other.goto("/accounts/")
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url(f"{site.url}/")
    choose(tab, "B")
    expect(tab.locator("#save")).to_contain_text("Not saved: sign in again")
    other.goto("/accounts/sign-in")
    other.get_by_label("E-mail address").fill(alice.email)
    other.get_by_label("Password").fill(PASSWORD)
    other.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    other.wait_for_url("**/learn/")
    tab.evaluate("dispatchEvent(new Event('focus'))")  # a browser without a window sends none by itself
    expect(tab.locator("#save")).to_have_text(SAVED)
    assert find_kept(site, alice, attempt) == {"B"}
