"""What stays on a device: modules taken along can be read there, and nothing graded can be looked up."""

import re

from playwright.sync_api import Page, expect

from config import ROOT
from quizapp.domain.attempts import Kind
from quizapp.services import taking
from quizapp.services.taking import Incoming
from tests.browser.device import (
    EVERYTHING,
    IS_STORED,
    PATIENT,
    SAVED,
    choose,
    choose_offline,
    open_quiz,
    path,
    wait_until,
    wait_until_stored,
)
from tests.browser.serving import FIRST, Site
from tests.people import Person

STORED_AT = "async (path) => (await caches.match(path, { ignoreVary: true })).headers.get('X-Stored-At')"


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


def test_a_page_that_was_open_before_the_worker_was_there_is_kept_too(tab: Page) -> None:
    tab.goto(f"/learn/modules/{FIRST}")
    wait_until_stored(tab, f"/learn/modules/{FIRST}")


def test_opening_a_quiz_fetches_each_of_its_pages_once(attempt: int, tab: Page) -> None:
    open_quiz(tab, attempt)
    before = tab.evaluate(STORED_AT, path(attempt, 10))
    tab.goto(path(attempt, 2))
    wait_until(tab, "document.documentElement.classList.contains('js')")
    tab.wait_for_timeout(1000)
    assert tab.evaluate(STORED_AT, path(attempt, 10)) == before


def test_somebody_who_saves_data_has_the_pages_of_a_quiz_that_they_opened_and_no_other_is_fetched(
    attempt: int, tab: Page
) -> None:
    tab.add_init_script("Object.defineProperty(navigator, 'connection', { value: { saveData: true } })")
    tab.goto(path(attempt))
    wait_until_stored(tab, path(attempt))
    tab.goto(path(attempt, 2))
    wait_until_stored(tab, path(attempt, 2))
    tab.wait_for_timeout(1000)
    for other in (path(attempt, 3), f"/quiz/attempts/{attempt}/check"):
        assert not tab.evaluate(IS_STORED, other)
    tab.context.set_offline(True)
    tab.goto(path(attempt))
    choose_offline(tab, "B")
    tab.get_by_role("main").get_by_role("button", name="Save and next").click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Question 2 of 10")


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
