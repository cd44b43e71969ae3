"""A note saves by itself, and nothing that was typed is lost: not by a reload, a lost connection or another device."""

import re

import pytest
from playwright.sync_api import Page, expect

from quizapp.app import utc_now
from quizapp.services import notes
from tests.browser.conftest import OpenTab
from tests.browser.device import EVERYTHING, enter, list_rows, wait_until, wait_until_stored
from tests.browser.serving import FIRST, Site
from tests.people import Person

SECTION = "what-a-cramp-is"
URL = f"/learn/modules/{FIRST}/sections/{SECTION}"
SAVED = re.compile(r"^Saved \d\d:\d\d$")
OFFLINE = "Offline: kept on this device"
PATIENT = 15_000


def open_note(tab: Page) -> None:
    """Open the section with its note, once its script is there and the page is on the device."""
    tab.goto(URL)
    expect(tab.get_by_role("button", name="Save the note")).to_be_hidden()
    if tab.evaluate("!document.getElementById('note').open"):
        tab.locator("#note summary").click()


def open_stored_note(tab: Page) -> None:
    open_note(tab)
    wait_until_stored(tab, URL)
    wait_until(tab, "navigator.serviceWorker.controller !== null")


def write(tab: Page, text: str) -> None:
    tab.get_by_label("My note on").fill(text)


def said(tab: Page, words: str | re.Pattern[str]) -> None:
    expect(tab.locator("#note-said")).to_have_text(words, timeout=PATIENT)


def kept(site: Site, person: Person) -> str:
    with site.app.app_context():
        return notes.get_note(person.id, FIRST, SECTION).text


def save_elsewhere(site: Site, person: Person, text: str, known: int) -> None:
    with site.app.app_context():
        assert not notes.save_note(person.id, FIRST, SECTION, text, known, utc_now()).is_stale


def list_unsent(tab: Page) -> list[str]:
    return [row["text"] for row in list_rows(tab, "notes") if row["state"] != "saved"]


def test_without_script_a_note_is_saved_by_its_button(site: Site, alice: Person, open_tab: OpenTab) -> None:
    tab = open_tab(alice, script=False)
    tab.goto(URL)
    tab.locator("#note summary").click()
    write(tab, "Ask for the replay.\nWrite it down.")
    tab.get_by_role("button", name="Save the note").click()
    expect(tab.get_by_label("My note on")).to_have_value("Ask for the replay.\nWrite it down.")
    expect(tab.locator("#note-said")).to_contain_text("Saved ")
    assert kept(site, alice) == "Ask for the replay.\nWrite it down."


def test_a_note_saves_by_itself_after_typing_stops_and_leaves_nothing_unsent(
    site: Site, alice: Person, open_tab: OpenTab
) -> None:
    tab = open_tab(alice)
    open_note(tab)
    posts: list[str] = []
    tab.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    tab.get_by_label("My note on").press_sequentially("Ask for the replay.", delay=20)
    said(tab, SAVED)
    assert kept(site, alice) == "Ask for the replay."
    assert len(posts) == 1, "not at each key"
    tab.get_by_label("My note on").press_sequentially(" Twice.")
    expect(tab.locator("#note-said")).to_have_text("Saving…")
    said(tab, SAVED)
    assert kept(site, alice) == "Ask for the replay. Twice."
    assert list_unsent(tab) == []
    tab.goto("/notes")
    expect(tab.get_by_text("Ask for the replay. Twice.")).to_be_visible()


def test_leaving_right_after_typing_loses_nothing_and_says_nothing(
    site: Site, alice: Person, open_tab: OpenTab
) -> None:
    tab = open_tab(alice)
    open_note(tab)
    write(tab, "In a hurry")
    wait_until(tab, "async () => (await indexedDB.databases()).length > 0")
    tab.goto("/learn/progress")
    wait_until_kept(site, tab, alice, "In a hurry")
    expect(tab.locator("#waiting, #not-kept, #sent")).to_have_count(0)


def wait_until_kept(site: Site, tab: Page, person: Person, text: str) -> None:
    for _ in range(150):
        if kept(site, person) == text:
            return
        tab.wait_for_timeout(100)
    assert kept(site, person) == text


def test_what_is_typed_without_a_connection_survives_a_reload_and_is_saved_later(
    site: Site, alice: Person, tab: Page
) -> None:
    open_stored_note(tab)
    tab.context.set_offline(True)
    write(tab, "Offline thought")
    said(tab, OFFLINE)
    tab.reload()
    expect(tab.get_by_label("My note on")).to_have_value("Offline thought")
    expect(tab.locator("#stored")).to_contain_text("Offline: this page is from ")
    write(tab, "Offline thought, gone on")
    said(tab, OFFLINE)
    assert kept(site, alice) == ""
    tab.context.set_offline(False)
    said(tab, SAVED)
    assert kept(site, alice) == "Offline thought, gone on"
    assert list_unsent(tab) == []


def test_a_kept_page_shows_what_was_saved_after_it_was_kept(site: Site, alice: Person, tab: Page) -> None:
    open_stored_note(tab)
    write(tab, "Saved after the page was kept")
    said(tab, SAVED)
    tab.context.set_offline(True)
    tab.reload()
    expect(tab.get_by_label("My note on")).to_have_value("Saved after the page was kept")
    write(tab, "And changed")
    said(tab, OFFLINE)
    tab.context.set_offline(False)
    said(tab, SAVED)
    assert kept(site, alice) == "And changed"


def test_a_lost_acknowledgement_makes_no_conflict_with_oneself(site: Site, alice: Person, tab: Page) -> None:
    open_note(tab)
    tab.route("**/notes/**", lambda route: (route.fetch(), route.abort()))
    write(tab, "It arrived")
    said(tab, OFFLINE)
    assert kept(site, alice) == "It arrived"
    write(tab, "It arrived, and more")
    said(tab, OFFLINE)
    tab.unroute("**/notes/**")
    said(tab, SAVED)
    assert kept(site, alice) == "It arrived, and more"
    expect(tab.locator("#note-choice")).to_have_count(0)


@pytest.mark.parametrize(
    ("button", "result"),
    [
        ("Save mine instead", "from here"),
        ("Take the kept one", "from there"),
        ("Put both together", "from there\n\nfrom here"),
    ],
)
def test_what_was_written_on_another_device_is_shown_beside_and_the_person_chooses(
    site: Site, alice: Person, tab: Page, button: str, result: str
) -> None:
    open_note(tab)
    save_elsewhere(site, alice, "from there", 0)
    write(tab, "from here")
    said(tab, "Not saved: this note was changed elsewhere")
    choice = tab.locator("#note-choice")
    expect(choice).to_contain_text("from there")
    expect(tab.get_by_label("My note on")).to_have_value("from here")
    assert kept(site, alice) == "from there"
    tab.goto("/learn/")
    expect(tab.locator("#not-kept")).to_contain_text("was changed elsewhere. Open it to choose.")
    tab.locator("#not-kept").get_by_role("link").click()
    expect(tab.get_by_label("My note on")).to_have_value("from here")
    choice.get_by_role("button", name=button).click()
    expect(choice).to_have_count(0)
    expect(tab.get_by_label("My note on")).to_have_value(result)
    wait_until_kept(site, tab, alice, result)
    said(tab, re.compile("^(Saved|This is the text)"))
    assert list_unsent(tab) == []


def test_a_removed_note_can_be_brought_back(site: Site, alice: Person, open_tab: OpenTab) -> None:
    save_elsewhere(site, alice, "Keep me", 0)
    tab = open_tab(alice)
    open_note(tab)
    write(tab, "")
    said(tab, re.compile(r"^Removed \d\d:\d\d$"))
    assert kept(site, alice) == ""
    tab.get_by_role("button", name="Bring the removed note back").click()
    expect(tab.get_by_label("My note on")).to_have_value("Keep me")
    assert kept(site, alice) == "Keep me"


def test_too_long_a_note_stays_on_the_device_until_it_is_shortened(site: Site, alice: Person, tab: Page) -> None:
    open_note(tab)
    write(tab, "x" * 20_010)
    said(tab, re.compile("Not saved: a note holds up to 20,000 characters. Shorten it by 10;"))
    assert list_unsent(tab) == ["x" * 20_010]
    write(tab, "x" * 20_000)
    said(tab, SAVED)
    assert kept(site, alice) == "x" * 20_000


def test_a_sign_in_that_ran_out_keeps_the_text_until_the_next_one(site: Site, alice: Person, tab: Page) -> None:
    open_note(tab)
    tab.context.clear_cookies()
    write(tab, "Typed too late")
    said(tab, "Not saved: sign in again")
    expect(tab.get_by_role("link", name="Sign in again")).to_be_visible()
    enter(tab.context, site, alice)
    tab.goto("/learn/progress")
    wait_until_kept(site, tab, alice, "Typed too late")


def test_somebody_else_on_the_same_device_sees_nothing_and_sends_nothing(site: Site, alice: Person, tab: Page) -> None:
    mallory = site.add_person("Mallory Stranger")
    open_stored_note(tab)
    tab.context.set_offline(True)
    write(tab, "Alice's own")
    said(tab, OFFLINE)
    enter(tab.context, site, mallory)
    tab.context.set_offline(False)
    open_note(tab)
    expect(tab.get_by_label("My note on")).to_have_value("")
    tab.wait_for_timeout(1500)
    assert (kept(site, mallory), kept(site, alice)) == ("", "")
    enter(tab.context, site, alice)
    tab.goto("/learn/")
    wait_until_kept(site, tab, alice, "Alice's own")


def test_signing_out_asks_while_a_note_is_unsent_and_then_leaves_nothing_behind(
    site: Site, alice: Person, tab: Page
) -> None:
    open_note(tab)
    write(tab, "First, saved")
    said(tab, SAVED)
    tab.route("**/notes/**", lambda route: route.abort())
    write(tab, "Then unsent")
    said(tab, OFFLINE)
    tab.goto("/accounts/")
    expect(tab.locator("#waiting")).to_contain_text("1 note is waiting to be sent, kept on this device since ")
    tab.get_by_role("button", name="Sign out").click()
    asked = tab.locator("#leaving")
    expect(asked).to_contain_text("1 note on this device is not saved on the server.")
    asked.get_by_role("button", name="Sign out and lose 1 note").click()
    tab.wait_for_url(f"{site.url}/")
    assert list_rows(tab, "notes") == []
    everything = "".join(tab.evaluate(EVERYTHING))
    assert "Then unsent" not in everything
    assert "First, saved" not in everything
    assert kept(site, alice) == "First, saved"


def test_without_a_place_to_keep_it_the_page_says_so(site: Site, alice: Person, tab: Page) -> None:
    tab.add_init_script("Object.defineProperty(window, 'indexedDB', { get() { throw new Error('refused'); } })")
    open_note(tab)
    tab.context.set_offline(True)
    write(tab, "Only here")
    said(tab, "Offline: kept on this page only")
    tab.context.set_offline(False)
    said(tab, SAVED)
    assert kept(site, alice) == "Only here"


def test_two_tabs_without_a_connection_lose_neither_text(site: Site, alice: Person, tab: Page) -> None:
    open_stored_note(tab)
    other = tab.context.new_page()
    open_note(other)
    tab.context.set_offline(True)
    write(tab, "from the first tab")
    said(tab, OFFLINE)
    write(other, "from the second tab")
    said(other, OFFLINE)
    other.close()
    tab.reload()
    expect(tab.get_by_label("My note on")).to_have_value("from the first tab\n\nfrom the second tab")
    tab.context.set_offline(False)
    said(tab, SAVED)
    assert kept(site, alice) == "from the first tab\n\nfrom the second tab"


def test_a_search_by_keyboard_leads_to_the_words_in_the_lesson(alice: Person, open_tab: OpenTab) -> None:
    tab = open_tab(alice)
    tab.goto(URL)
    tab.get_by_label("Search the course").focus()
    tab.keyboard.type("metabolic contracture")
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    hit = tab.get_by_role("link", name="What a cramp is")
    hit.focus()
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", name="What a cramp is")).to_be_attached()
    expect(tab.get_by_text("metabolic contracture the muscle is hard")).to_be_in_viewport()
