"""Without a connection no answer is lost: it waits on the device until the server has it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from quizapp.services import taking
from quizapp.services.taking import Incoming
from tests.browser.device import (
    OFFLINE,
    PATIENT,
    SAVED,
    choose,
    choose_offline,
    enter,
    find_kept,
    kill_browser,
    list_rows,
    open_quiz,
    path,
    press_next,
    wait_until,
    wait_until_kept,
    wait_until_stored,
)
from tests.browser.serving import CHROMIUM_ARGUMENTS, FIRST, Site, find_chromium
from tests.people import Person

FILL_THE_DISK = """() => {
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (...row) {
    const request = put.apply(this, row);
    this.transaction.abort();
    return request;
  };
}"""
"""What IndexedDB does where there is no room: the whole transaction is undone."""


def test_ten_answers_given_without_a_connection_all_reach_the_server(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    letters = [options[i % 2] for i, options in enumerate(site.list_options(attempt))]
    open_quiz(tab, attempt)
    tab.context.set_offline(True)
    for number, letter in enumerate(letters, 1):
        choose_offline(tab, letter)
        if number == 1:
            tab.get_by_text("Think so", exact=True).click()
            tab.get_by_role("button", name="Flag this question for later").click()
        if number < 10:
            press_next(tab, number + 1)
    expect(tab.locator("#counts")).to_have_text("10 answered, 1 flagged")
    expect(tab.locator("#stored")).to_contain_text("Offline: this page is from ")
    assert find_kept(site, alice, attempt) == [""] * 10
    tab.context.set_offline(False)
    expect(tab.locator("#save")).to_have_text(SAVED, timeout=PATIENT)
    assert find_kept(site, alice, attempt) == letters
    first = site.questions(alice, attempt)[0].state.answer
    assert (first.confidence, first.is_flagged) == ("think_so", True)
    assert list_rows(tab, "queue") == []


def test_a_reload_without_a_connection_shows_the_page_and_the_answer_and_a_later_change_of_it_counts(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    open_quiz(tab, attempt)
    choose(tab, "A")
    expect(tab.locator("#save")).to_have_text(SAVED)
    tab.context.set_offline(True)
    tab.reload()
    expect(tab.locator(".opt input[value=A]")).to_be_checked()  # saved after the page was stored
    tab.get_by_role("button", name="Rule out option C", exact=True).click()
    choose_offline(tab, "B")
    tab.reload()
    expect(tab.locator(".opt input[value=B]")).to_be_checked()
    expect(tab.get_by_role("button", name="Rule out option C", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(tab.locator("#save")).to_have_text(OFFLINE)
    choose_offline(tab, "D" if "D" in site.list_options(attempt)[0] else "A")
    tab.context.set_offline(False)
    expect(tab.locator("#save")).to_have_text(SAVED, timeout=PATIENT)
    assert find_kept(site, alice, attempt)[0] in {"D", "A"}


def test_an_answer_that_arrived_while_the_acknowledgement_was_lost_may_be_changed_after_a_reload(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    open_quiz(tab, attempt)
    tab.route("**/save", lambda route: (route.fetch(), route.abort()))
    choose(tab, "A")
    expect(tab.locator("#save")).to_have_text(OFFLINE)
    assert find_kept(site, alice, attempt)[0] == "A"
    tab.unroute("**/save")
    tab.context.set_offline(True)
    tab.reload()
    choose_offline(tab, "B")
    tab.context.set_offline(False)
    expect(tab.locator("#save")).to_have_text(SAVED, timeout=PATIENT)
    assert find_kept(site, alice, attempt)[0] == "B"


def test_after_the_browser_was_killed_and_a_new_sign_in_the_answers_are_sent(
    site: Site, alice: Person, attempt: int, browser: Browser, tmp_path: Path
) -> None:
    def start() -> BrowserContext:
        return browser.browser_type.launch_persistent_context(
            str(tmp_path / "profile"), executable_path=find_chromium(), args=list(CHROMIUM_ARGUMENTS), base_url=site.url
        )

    context = start()
    enter(context, site, alice)
    tab = context.new_page()
    open_quiz(tab, attempt)
    context.set_offline(True)
    choose_offline(tab, "B")
    press_next(tab, 2)
    choose_offline(tab, "A")
    with context.expect_event("close"):
        kill_browser(str(tmp_path / "profile"))
    context = start()
    context.clear_cookies()
    tab = context.new_page()
    tab.goto("/learn/")
    assert "/accounts/sign-in" in tab.url
    assert find_kept(site, alice, attempt)[:2] == ["", ""]
    enter(context, site, alice)
    tab.goto("/learn/")
    expect(tab.locator("#sent")).to_contain_text("2 answers sent and saved at ")
    assert find_kept(site, alice, attempt)[:2] == ["B", "A"]
    context.close()


def test_a_sign_in_that_ran_out_keeps_the_answers_until_the_next_one(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    open_quiz(tab, attempt)
    tab.context.clear_cookies()
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text("Not saved: sign in again")
    expect(tab.get_by_role("link", name="Sign in again")).to_be_visible()
    enter(tab.context, site, alice)
    tab.goto("/learn/progress")
    expect(tab.locator("#sent")).to_contain_text("1 answer sent and saved at ")
    assert find_kept(site, alice, attempt)[0] == "B"


def test_somebody_else_on_the_same_device_sees_nothing_and_sends_nothing(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    mallory = site.add_person("Mallory Stranger")
    open_quiz(tab, attempt)
    tab.context.set_offline(True)
    choose_offline(tab, "B")
    enter(tab.context, site, mallory)
    tab.context.set_offline(False)
    saves: list[str] = []
    tab.on("request", lambda request: saves.append(request.url) if request.url.endswith("/save") else None)
    tab.goto("/learn/")
    wait_until(tab, "async (name) => !(await caches.keys()).includes(name)", f"fascicle-pages-{alice.id}")
    expect(tab.locator("#waiting, #not-kept, #sent")).to_have_count(0)
    tab.context.set_offline(True)
    tab.goto(path(attempt))
    expect(tab.get_by_role("heading", level=1)).to_contain_text("No connection")
    tab.context.set_offline(False)
    tab.goto("/accounts/")
    tab.get_by_role("button", name="Sign out").click()
    tab.wait_for_url(f"{site.url}/")
    assert saves == []
    assert find_kept(site, alice, attempt)[0] == ""
    enter(tab.context, site, alice)
    tab.goto("/learn/")
    wait_until_kept(site, tab, alice, attempt, ["B", *[""] * 9])


def test_signing_out_asks_while_answers_are_unsent_and_then_leaves_nothing_behind(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    open_quiz(tab, attempt)
    tab.route("**/save", lambda route: route.abort())
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text(OFFLINE)
    tab.goto("/accounts/")
    expect(tab.locator("#waiting")).to_contain_text("1 answer is waiting to be sent, kept on this device since ")
    tab.get_by_role("button", name="Sign out").click()
    asked = tab.locator("#leaving")
    expect(asked).to_contain_text("1 answer on this device is not saved on the server.")
    asked.get_by_role("button", name="Send first").click()
    expect(asked).to_contain_text("1 answer could not be sent. You are still signed in.")
    asked.get_by_role("button", name="Sign out and lose 1 answer").click()
    tab.wait_for_url(f"{site.url}/")
    assert list_rows(tab, "queue") == []
    assert "fascicle-pages" not in "".join(tab.evaluate("caches.keys()"))
    assert find_kept(site, alice, attempt)[0] == ""


def test_signing_out_can_send_first(site: Site, alice: Person, attempt: int, tab: Page) -> None:
    open_quiz(tab, attempt)
    tab.route("**/save", lambda route: route.abort())
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text(OFFLINE)
    tab.goto("/accounts/")
    expect(tab.locator("#waiting")).to_contain_text("1 answer is waiting")
    tab.get_by_role("button", name="Sign out").click()
    tab.unroute("**/save")
    tab.locator("#leaving").get_by_role("button", name="Send first").click()
    tab.wait_for_url(f"{site.url}/")
    assert find_kept(site, alice, attempt)[0] == "B"


@pytest.mark.parametrize("keeps_own", [True, False])
def test_what_was_answered_on_another_device_meanwhile_is_not_overwritten_and_the_person_chooses(
    site: Site, alice: Person, attempt: int, tab: Page, keeps_own: bool
) -> None:
    open_quiz(tab, attempt)
    tab.context.set_offline(True)
    choose_offline(tab, "B")
    with site.app.app_context():
        taking.save_answers(alice.id, attempt, [Incoming(1, {"answer": ["A"]})], site.app.config["CLOCK"]())
    tab.context.set_offline(False)
    expect(tab.locator("#save")).to_have_text("Not saved: question 1 was changed elsewhere", timeout=PATIENT)
    assert find_kept(site, alice, attempt)[0] == "A"
    tab.goto("/learn/")
    expect(tab.locator("#not-kept")).to_contain_text("question 1 was changed elsewhere")
    tab.locator("#not-kept").get_by_role("link", name="question 1").click()
    alert = tab.get_by_role("alert")
    expect(alert).to_contain_text("Question 1 was changed in another tab or on another device")
    expect(tab.locator(".opt input[value=B]")).to_be_checked()
    alert.get_by_role("button", name="Keep this one instead" if keeps_own else "Show the kept one").click()
    expect(alert).to_have_count(0)
    letter = "B" if keeps_own else "A"
    expect(tab.locator(f".opt input[value={letter}]")).to_be_checked()
    expect(tab.locator("#save")).to_have_text(SAVED)
    assert find_kept(site, alice, attempt)[0] == letter
    assert list_rows(tab, "queue") == []


def test_finishing_waits_for_answers_that_are_not_sent(site: Site, attempt: int, alice: Person, tab: Page) -> None:
    open_quiz(tab, attempt)
    tab.route("**/save", lambda route: route.abort())
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text(OFFLINE)
    tab.goto(f"/quiz/attempts/{attempt}/check")
    tab.get_by_label("These are my own answers.").check()
    tab.get_by_role("button", name="Finish and see result").click()
    expect(tab.get_by_role("alert")).to_contain_text("Not finished: 1 answer of this attempt is not sent yet")
    tab.unroute("**/save")
    tab.get_by_role("button", name="Finish and see result").click()
    wait_until_kept(site, tab, alice, attempt, ["B", *[""] * 9])


def test_without_a_place_to_keep_answers_the_page_says_so(attempt: int, tab: Page) -> None:
    tab.add_init_script("Object.defineProperty(window, 'indexedDB', { get() { throw new Error('refused'); } })")
    tab.goto(path(attempt))
    expect(tab.locator("html")).to_have_class("js")
    tab.context.set_offline(True)
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text("Offline: kept on this page only")
    tab.get_by_role("main").get_by_role("button", name="Save and next").click()  # leaving would lose it
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Question 1 of 10")
    expect(tab.locator(".opt input[value=B]")).to_be_checked()
    tab.context.set_offline(False)
    expect(tab.locator("#save")).to_have_text(SAVED, timeout=PATIENT)


def test_where_the_worker_is_refused_everything_works_and_nothing_is_promised(
    site: Site, alice: Person, attempt: int, open_tab: Callable[..., Page]
) -> None:
    tab = open_tab(alice, service_workers="block", may_complain=True)
    tab.goto(f"/learn/modules/{FIRST}")
    tab.goto(path(attempt))
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text(SAVED)
    press_next(tab, 2)
    assert find_kept(site, alice, attempt)[0] == "B"


def test_what_a_full_disk_refuses_stays_on_the_page_and_what_was_kept_before_is_sent_with_it(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    open_quiz(tab, attempt)
    tab.context.set_offline(True)
    choose_offline(tab, "B")
    press_next(tab, 2)
    tab.evaluate(FILL_THE_DISK)
    choose(tab, "A")
    expect(tab.locator("#save")).to_have_text("Offline: kept on this page only")
    assert [row["slot"] for row in list_rows(tab, "queue")] == [1]
    tab.get_by_role("main").get_by_role("button", name="Save and next").click()  # leaving would lose it
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Question 2 of 10")
    tab.context.set_offline(False)
    expect(tab.locator("#save")).to_have_text(SAVED, timeout=PATIENT)
    assert find_kept(site, alice, attempt)[:2] == ["B", "A"]
    assert list_rows(tab, "queue") == []


def test_a_new_version_of_the_worker_leaves_answers_and_pages_where_they_are(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    open_quiz(tab, attempt)
    tab.route("**/save", lambda route: route.abort())
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text(OFFLINE)
    tab.evaluate(
        """async () => {
          const taken = new Promise((resolve) => {
            navigator.serviceWorker.addEventListener("controllerchange", resolve, { once: true });
          });
          await navigator.serviceWorker.register("/sw.js?newer");
          await taken;
        }"""
    )
    assert tab.evaluate("navigator.serviceWorker.controller.scriptURL").endswith("?newer")
    assert len(list_rows(tab, "queue")) == 1
    wait_until_stored(tab, path(attempt), path(attempt, 10))
    tab.unroute("**/save")
    tab.reload()
    expect(tab.locator(".opt input[value=B]")).to_be_checked()
    expect(tab.locator("#save")).to_have_text(SAVED)
    assert find_kept(site, alice, attempt)[0] == "B"


def test_after_a_night_with_the_page_open_and_a_new_sign_in_elsewhere_the_answer_is_sent(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    tab.clock.install()
    open_quiz(tab, attempt)
    tab.context.set_offline(True)
    choose_offline(tab, "B")
    tab.context.clear_cookies()
    tab.context.set_offline(False)
    tab.clock.fast_forward("09:00:00")  # as a lid that is opened again: what was due fires once
    expect(tab.locator("#save")).to_have_text("Not saved: sign in again", timeout=PATIENT)
    assert len(list_rows(tab, "queue")) == 1
    enter(tab.context, site, alice)
    tab.evaluate("dispatchEvent(new Event('focus'))")  # a browser without a window sends none by itself
    expect(tab.locator("#save")).to_have_text(SAVED)
    assert find_kept(site, alice, attempt)[0] == "B"


def test_over_plain_http_answers_wait_on_the_device_and_no_page_is_promised(
    site: Site, alice: Person, attempt: int, browser: Browser
) -> None:
    arguments = [*CHROMIUM_ARGUMENTS, "--host-resolver-rules=MAP learn.test 127.0.0.1"]
    far = site.url.replace("127.0.0.1", "learn.test")
    with browser.browser_type.launch(executable_path=find_chromium(), args=arguments) as other:
        context = other.new_context(base_url=far)
        context.add_cookies([{**site.make_cookie(alice), "url": far}])  # type: ignore[list-item]
        tab = context.new_page()
        tab.goto(f"/learn/modules/{FIRST}")
        assert tab.evaluate("[isSecureContext, 'serviceWorker' in navigator]") == [False, False]
        expect(tab.get_by_role("button", name="Keep for offline")).to_have_count(0)
        tab.goto(path(attempt))
        wait_until(tab, "document.documentElement.classList.contains('js')")
        context.set_offline(True)
        choose_offline(tab, "B")
        tab.get_by_role("main").get_by_role("button", name="Save and next").click()  # nothing leads on from here
        expect(tab.get_by_role("heading", level=1)).to_contain_text("Question 1 of 10")
        context.set_offline(False)
        tab.goto("/learn/")
        wait_until_kept(site, tab, alice, attempt, ["B", *[""] * 9])
