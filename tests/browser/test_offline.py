"""Without a connection nothing is lost: answers wait on the device, pages opened or taken along can be read."""

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from config import ROOT
from quizapp.domain.attempts import Kind
from quizapp.services import taking
from quizapp.services.taking import Incoming
from tests.browser.conftest import OpenTab
from tests.browser.serving import CHROMIUM_ARGUMENTS, FIRST, Site, find_chromium
from tests.people import Person

SAVED = re.compile(r"^Saved \d\d:\d\d$")
OFFLINE = "Offline: kept on this device"
PATIENT = 15_000
"""Longer than a page waits before it tries again."""

IS_STORED = "async (path) => Boolean(await caches.match(path, { ignoreVary: true }))"
EVERYTHING = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      found.push(name, request.url, await (await cache.match(request, { ignoreVary: true })).text());
    }
  }
  for (const { name, version } of await indexedDB.databases()) {
    const base = await new Promise((resolve) => {
      const opening = indexedDB.open(name, version);
      opening.onsuccess = () => resolve(opening.result);
    });
    for (const store of base.objectStoreNames) {
      const rows = await new Promise((resolve) => {
        const all = base.transaction(store).objectStore(store).getAll();
        all.onsuccess = () => resolve(all.result);
      });
      found.push(...rows.map((row) => `${store}: ${JSON.stringify(row)}`));
    }
    base.close();
  }
  return [...found, JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
}"""
"""All that a browser keeps for this site."""


@pytest.fixture
def alice(site: Site) -> Person:
    return site.add_person("Alice Learner")


@pytest.fixture
def attempt(site: Site, alice: Person) -> int:
    return site.start(alice)


@pytest.fixture
def tab(alice: Person, open_tab: OpenTab) -> Page:
    return open_tab(alice, may_complain=True)


def path(attempt: int, number: int = 1) -> str:
    return f"/quiz/attempts/{attempt}/questions/{number}"


def wait_until_stored(tab: Page, *paths: str) -> None:
    for each in paths:
        wait_until(tab, IS_STORED, each)


def wait_until(tab: Page, script: str, argument: Any = None) -> None:
    """Playwright's own waiting for a function needs `eval`, which the pages forbid."""
    for _ in range(100):
        if tab.evaluate(script, argument):
            return
        tab.wait_for_timeout(100)
    raise AssertionError(f"never came true: {script} {argument}")


def open_quiz(tab: Page, attempt: int) -> None:
    """Open the first question, and wait until the whole quiz is on the device."""
    tab.goto(path(attempt))
    wait_until_stored(tab, f"/quiz/attempts/{attempt}/check", path(attempt), path(attempt, 10))
    wait_until(tab, "navigator.serviceWorker.controller !== null")
    wait_until(tab, "document.documentElement.classList.contains('js')")


def choose(tab: Page, letter: str) -> None:
    tab.locator(".opt label").filter(has=tab.locator(f"[value={letter}]")).click()


def choose_offline(tab: Page, letter: str) -> None:
    choose(tab, letter)
    expect(tab.locator("#save")).to_have_text(OFFLINE)


def press_next(tab: Page, number: int) -> None:
    tab.get_by_role("main").get_by_role("button", name="Save and next").click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text(f"Question {number} of 10")


def find_kept(site: Site, person: Person, attempt: int) -> list[str]:
    """For each question the letter that the server has; empty where it has none."""
    return ["".join(sorted(q.chosen)) for q in site.questions(person, attempt)]


def wait_until_kept(site: Site, tab: Page, person: Person, attempt: int, letters: list[str]) -> None:
    for _ in range(100):
        if find_kept(site, person, attempt) == letters:
            return
        tab.wait_for_timeout(100)
    assert find_kept(site, person, attempt) == letters


def list_rows(tab: Page, store: str) -> list[dict[str, Any]]:
    lines = tab.evaluate(EVERYTHING)
    return [json.loads(line.removeprefix(f"{store}: ")) for line in lines if line.startswith(f"{store}: ")]


def enter(context: BrowserContext, site: Site, person: Person) -> None:
    """Sign in anew, as somebody else or as the same person."""
    context.clear_cookies()
    context.add_cookies([site.make_cookie(person)])  # type: ignore[list-item]


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
    kill_browser(str(tmp_path / "profile"))
    context.close()
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


def kill_browser(profile: str) -> None:
    """End the browser of this profile as a crash would: without a chance to tidy up."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if f"--user-data-dir={profile}" in command and not any(word.startswith("--type=") for word in command):
            os.kill(int(folder.name), signal.SIGKILL)


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
    tab.context.set_offline(False)
    enter(tab.context, site, mallory)
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


def test_a_module_taken_along_is_readable_without_a_connection_and_can_be_removed(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    tab.goto(f"/learn/modules/{FIRST}")
    tab.get_by_role("button", name="Keep for offline").click()
    said = tab.locator("#keep-said")
    expect(said).to_have_text(
        re.compile(r"^On this device since \d+ \w+ \d{4}, \d\d:\d\d: \d+ sections, practice set of \d+ questions\.$"),
        timeout=PATIENT,
    )
    practice = next(a.id for a in site.list_attempts(alice) if a.kind is Kind.PRACTICE)
    tab.context.set_offline(True)
    tab.reload()
    expect(tab.locator("#stored")).to_contain_text("Offline: this page is from ")
    n_figures = 0
    links = tab.locator(".toc a")
    paths = [link.get_attribute("href") for link in links.all()]
    for section in paths:
        if section and "/sections/" in section:
            tab.goto(section)
            expect(tab.locator("article h2").first).to_be_visible()
            assert (
                tab.evaluate("getComputedStyle(document.querySelector('.wrap')).maxWidth") != "none"
            )  # with its theme
            n_figures += tab.locator("article figure svg").count()
    assert n_figures > 0
    tab.goto(path(practice))
    choose_offline(tab, "A")
    tab.goto("/learn/progress")
    expect(tab.locator("#on-device a")).not_to_have_count(0)
    tab.context.set_offline(False)
    tab.goto(f"/learn/modules/{FIRST}")
    tab.get_by_role("button", name="Remove from this device").click()
    expect(tab.get_by_role("button", name="Keep for offline")).to_be_visible()
    assert not tab.evaluate(IS_STORED, f"/learn/modules/{FIRST}")
    assert not tab.evaluate(IS_STORED, path(practice))


def test_nothing_on_the_device_holds_a_key_or_a_reason_of_a_graded_question(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    lesson = (ROOT / "questions" / FIRST / "lesson.md").read_text("utf-8")
    secrets = [secret for secret in site.list_secrets(attempt) if secret not in lesson]
    assert len(secrets) > 20
    open_quiz(tab, attempt)
    choose(tab, "A")
    expect(tab.locator("#save")).to_have_text(SAVED)
    tab.goto(f"/learn/modules/{FIRST}")
    tab.get_by_role("button", name="Keep for offline").click()
    expect(tab.locator("#keep-said")).to_contain_text("On this device since", timeout=PATIENT)
    right = site.right_letters(attempt)
    with site.app.app_context():
        sent = [Incoming(i, {"answer": chosen}, known_seq=99) for i, chosen in enumerate(right, 1)]
        taking.save_answers(alice.id, attempt, sent, site.app.config["CLOCK"]())
        taking.finish(alice.id, attempt, site.app.config["CLOCK"]())
    tab.goto(f"/quiz/attempts/{attempt}/result")
    assert secrets[0].split("*")[0][:20] in tab.content()  # the page has them, as after a pass it may
    tab.goto(f"/quiz/attempts/{attempt}/review/1")
    wait_until(tab, "async (path) => !(await caches.match(path, { ignoreVary: true }))", path(attempt))
    kept = "\n".join(tab.evaluate(EVERYTHING))
    assert len(kept) > 100_000
    assert [secret for secret in secrets if secret in kept] == []
    assert "right answer" not in kept


def test_without_a_place_to_keep_answers_the_page_says_so(attempt: int, tab: Page) -> None:
    tab.add_init_script("Object.defineProperty(window, 'indexedDB', { get() { throw new Error('refused'); } })")
    tab.goto(path(attempt))
    expect(tab.locator("html")).to_have_class("js")
    tab.context.set_offline(True)
    choose(tab, "B")
    expect(tab.locator("#save")).to_have_text("Offline: kept on this page only")
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
