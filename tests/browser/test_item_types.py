"""Each kind of input in a browser: answered by keyboard, saved in the background, there after a reload, reviewed."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenTab
from tests.browser.serving import Site
from tests.browser.tasting import start_kinds
from tests.browser.test_keyboard import tab_to
from tests.kinds import KINDS, fill_right, list_asked
from tests.people import Person


@pytest.fixture
def kinds(site: Site, alice: Person) -> int:
    """Alice's open practice set with one question of each kind."""
    return start_kinds(site, alice)


def number_of(kind: str) -> int:
    return KINDS.index(kind) + 1


def open_question(open_tab: OpenTab, person: Person, attempt: int, kind: str, *, width: int = 1280) -> Page:
    tab = open_tab(person, width=width)
    tab.goto(f"/quiz/attempts/{attempt}/questions/{number_of(kind)}")
    tab.locator("html.js").wait_for(state="attached")
    return tab


def answer_by_keys(tab: Page, number: int, fields: dict[str, list[str]]) -> None:
    """Reach each field with Tab and fill it in as its kind asks for."""
    names = tab.eval_on_selector_all(f"[name^=q{number}-answer]", "(all) => [...new Set(all.map((each) => each.name))]")
    for name in names:
        values = fields.get(name.removeprefix(f"q{number}-"), [""])
        value = values[0]
        tab_to(tab, name)
        tag = tab.evaluate("document.activeElement.tagName + ' ' + document.activeElement.type")
        if tag == "INPUT text":
            tab.keyboard.type(value)
        elif tag == "INPUT radio":
            tab.keyboard.press("Space")
            for _ in range(tab.locator(f"[name={name}]").count()):
                if tab.evaluate("document.activeElement.value") == value:
                    break
                tab.keyboard.press("ArrowDown")
            assert tab.evaluate("document.activeElement.value") == value
        elif tag == "INPUT checkbox":
            tick(tab, name, values)
        else:
            texts = tab.evaluate("[...document.activeElement.options].map((each) => each.value)")
            for _ in range(texts.index(value)):
                tab.keyboard.press("ArrowDown")


def tick(tab: Page, name: str, values: list[str]) -> None:
    """Tick the checkboxes of these values, from the focused first one on."""
    n = tab.locator(f"[name={name}]").count()
    for i in range(n):
        if tab.evaluate("document.activeElement.value") in values:
            tab.keyboard.press("Space")
        if i < n - 1:
            tab_to(tab, name)


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_given_by_keyboard_is_saved_shown_after_a_reload_and_reviewed(
    kind: str, site: Site, alice: Person, kinds: int, open_tab: OpenTab
) -> None:
    number = number_of(kind)
    fields = fill_right(*list_asked(site.app, kinds)[number - 1])
    tab = open_question(open_tab, alice, kinds, kind)
    answer_by_keys(tab, number, fields)
    tab.keyboard.press("Tab")
    expect(tab.locator("#save")).to_contain_text("Saved")
    expect(tab.locator(".qmap .here")).to_have_class(re.compile("done"))
    assert site.questions(alice, kinds)[number - 1].filled == fields
    tab.reload()
    tab.locator("html.js").wait_for(state="attached")
    held = tab.evaluate(
        f"[...new FormData(document.getElementById('quiz'))].filter(([n]) => n.startsWith('q{number}-answer'))"
    )
    shown: dict[str, list[str]] = {}
    for name, value in held:
        shown.setdefault(name.removeprefix(f"q{number}-"), []).append(value)
    assert shown == fields
    expect(tab.locator(f"#q{number}-caution")).to_be_empty()
    tab.goto(f"/quiz/attempts/{kinds}/check")
    with tab.expect_navigation():
        tab.get_by_role("button", name="Finish and see result").press("Enter")
    tab.goto(f"/quiz/attempts/{kinds}/review/{number}")
    expect(tab.locator("h1 + p .chip").first).to_have_text("right")
    expect(tab.locator(".why.key").first).to_contain_text("your answer")


def test_what_is_typed_is_saved_in_a_pause_without_leaving_the_field(
    site: Site, alice: Person, kinds: int, open_tab: OpenTab
) -> None:
    tab = open_question(open_tab, alice, kinds, "numeric")
    tab_to(tab, "-answer")
    tab.keyboard.type("a doz]en")
    expect(tab.locator("#save")).to_contain_text("Saved")
    expect(tab.locator("#q1-caution")).to_contain_text("cannot read this as a number")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Question 1")
    n_steps = site.count_steps(kinds)
    tab.keyboard.press("Tab")
    tab.wait_for_timeout(300)
    assert site.count_steps(kinds) == n_steps
    assert site.questions(alice, kinds)[0].filled == {"answer": ["a doz]en"]}


def test_entries_are_moved_by_their_buttons_which_keep_the_focus_and_say_the_place(
    site: Site, alice: Person, kinds: int, open_tab: OpenTab
) -> None:
    number = number_of("ordering")
    tab = open_question(open_tab, alice, kinds, "ordering", width=320)
    tab_to(tab, "Move A down")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("button", name="Move A down")).to_be_focused()
    expect(tab.locator(".order + [role=status]")).to_have_text("A: place 2 of 4")
    tab.keyboard.press("Enter")
    expect(tab.locator("#save")).to_contain_text("Saved")
    moved = {"answer-B": ["1"], "answer-C": ["2"], "answer-A": ["3"], "answer-D": ["4"]}
    expect(tab.locator(".order .letter")).to_have_text(["B", "C", "A", "D"])
    assert site.questions(alice, kinds)[number - 1].filled == moved
    tab.reload()
    tab.locator("html.js").wait_for(state="attached")
    expect(tab.locator(".order .letter")).to_have_text(["B", "C", "A", "D"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_question_fits_a_window_of_320_pixels(kind: str, alice: Person, kinds: int, open_tab: OpenTab) -> None:
    tab = open_question(open_tab, alice, kinds, kind, width=320)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320


def test_an_answer_given_without_a_connection_is_there_again_and_sent_later(
    site: Site, alice: Person, kinds: int, tab: Page
) -> None:
    number = number_of("cloze")
    fields = fill_right(*list_asked(site.app, kinds)[number - 1])
    tab.goto(f"/quiz/attempts/{kinds}/questions/{number}")
    tab.locator("html.js").wait_for(state="attached")
    tab.route("**/save", lambda route: route.abort())
    answer_by_keys(tab, number, fields)
    tab.keyboard.press("Tab")
    expect(tab.locator("#save")).to_contain_text("Offline: kept on this device")
    assert site.questions(alice, kinds)[number - 1].filled == {}
    tab.unroute("**/save")
    tab.reload()
    tab.locator("html.js").wait_for(state="attached")
    expect(tab.locator("#save")).to_contain_text("Saved")
    assert site.questions(alice, kinds)[number - 1].filled == fields
