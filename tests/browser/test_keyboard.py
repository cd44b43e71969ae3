"""Everything by keyboard: no mouse is used here."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenTab
from tests.browser.pages import PAGES, World
from tests.browser.serving import Site
from tests.people import PASSWORD, Person

MANY = 150


def describe_focus(tab: Page) -> str:
    """The focused element in a few words; empty at the end of the page."""
    return tab.evaluate(  # type: ignore[no-any-return]
        """() => {
            const el = document.activeElement;
            if (!el || el === document.body) return "";
            const name = el.labels?.[0]?.innerText || el.getAttribute("aria-label") || el.innerText || el.value || "";
            return `${el.tagName.toLowerCase()} ${el.name || el.id || ""} ${name}`.replaceAll(/\\s+/g, " ").trim();
        }"""
    )


def walk(tab: Page) -> Iterator[str]:
    """Press Tab from control to control until the end of the page."""
    for _ in range(MANY):
        tab.keyboard.press("Tab")
        here = describe_focus(tab)
        if not here:
            return
        yield here
    raise AssertionError("the page does not end")


def tab_to(tab: Page, text: str) -> None:
    """Press Tab until the focused control says `text`."""
    seen = []
    for here in walk(tab):
        seen.append(here)
        if text in here:
            return
    raise AssertionError(f"no control says {text!r}: {seen}")


def open_listening(open_tab: OpenTab, person: Person, attempt: int) -> Page:
    """The first question in a tab of `person`, once its script listens to keys."""
    tab = open_tab(person)
    tab.goto(f"/quiz/attempts/{attempt}/questions/1")
    tab.locator("html.js").wait_for(state="attached")
    return tab


def press(tab: Page, key: str) -> None:
    """Press a key that leads to another page, once the page listens."""
    if "/questions/" in tab.url:
        tab.locator("html.js").wait_for(state="attached")
    with tab.expect_navigation():
        tab.keyboard.press(key)


def find_chosen(tab: Page) -> list[str]:
    return tab.eval_on_selector_all(".opt input:checked", "(all) => all.map((each) => each.value)")  # type: ignore[no-any-return]


def test_somebody_signs_in_starts_and_answers_with_arrow_keys_and_enter(
    site: Site, alice: Person, open_tab: OpenTab
) -> None:
    tab = open_tab()
    tab.goto("/accounts/sign-in")
    tab_to(tab, "input email")
    tab.keyboard.type(alice.email)
    tab_to(tab, "input password")
    tab.keyboard.type(PASSWORD)
    press(tab, "Enter")
    tab_to(tab, "Start module 1")
    press(tab, "Enter")
    tab_to(tab, "Start the quiz")
    press(tab, "Enter")
    (attempt,) = site.list_attempts(alice)
    for number, letters in enumerate(site.right_letters(attempt.id)[:4], 1):
        expect(tab.get_by_role("heading", level=1)).to_contain_text(f"Question {number} of 10")
        answer_by_arrows(tab, number, letters)
        press(tab, "Enter")
    kept = [set(question.chosen) for question in site.questions(alice, attempt.id)][:4]
    assert kept == [set(letters) for letters in site.right_letters(attempt.id)][:4]


def answer_by_arrows(tab: Page, number: int, letters: list[str]) -> None:
    """Radio buttons by arrow keys, checkboxes by Tab and the space bar."""
    tab_to(tab, f"q{number}-answer")
    if tab.locator(".opt input[type=radio]").count():
        tab.keyboard.press("Space")
        for _ in range(10):
            if find_chosen(tab) == letters:
                return
            tab.keyboard.press("ArrowDown")
        raise AssertionError("the arrow keys do not reach the option")
    for letter in "ABCDEFGH":
        value = tab.evaluate("document.activeElement.value")
        if value in letters:
            tab.keyboard.press("Space")
        if find_chosen(tab) == letters:
            return
        assert value == letter
        tab_to(tab, f"q{number}-answer")


def test_single_keys_choose_rule_out_say_how_sure_flag_and_turn_the_page(
    site: Site, alice: Person, attempt: int, open_tab: OpenTab
) -> None:
    tab = open_listening(open_tab, alice, attempt)
    for key in ("Shift+A", "b", "3", "f"):
        tab.keyboard.press(key)
    expect(tab.get_by_role("button", name="Rule out option A", exact=True)).to_have_attribute("aria-pressed", "true")
    expect(tab.get_by_role("button", name="Flag this question for later")).to_have_attribute("aria-pressed", "true")
    expect(tab.get_by_role("radio", name="Sure", exact=True)).to_be_checked()
    expect(tab.locator("#save")).to_contain_text("Saved")
    question = site.questions(alice, attempt)[0]
    assert (question.chosen, question.struck) == ({"B"}, {"A"})
    assert (question.state.answer.confidence, question.state.answer.is_flagged) == ("sure", True)
    for key, heading in (("Enter", 2), ("]", 3), ("Enter", 4), ("[", 3)):
        press(tab, key)
        expect(tab.get_by_role("heading", level=1)).to_contain_text(f"Question {heading} of 10")


def test_single_keys_that_were_switched_off_do_nothing_even_after_a_reload(
    site: Site, alice: Person, attempt: int, open_tab: OpenTab
) -> None:
    tab = open_listening(open_tab, alice, attempt)
    tab_to(tab, "summary Keyboard")
    tab.keyboard.press("Enter")
    tab_to(tab, "keys-on")
    tab.keyboard.press("Space")
    tab.reload()
    tab.locator("html.js").wait_for(state="attached")
    for key in ("b", "3", "f", "Shift+A", "]"):
        tab.keyboard.press(key)
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Question 1 of 10")
    assert find_chosen(tab) == []
    assert site.count_steps(attempt) == 1


def test_the_first_key_press_offers_to_skip_to_the_content(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.goto("/accounts/sign-in")
    tab.keyboard.press("Tab")
    skip = tab.get_by_role("link", name="Skip to main content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    assert "input email" in describe_focus(tab)


HIDDEN_OR_UNMARKED = """() => {
    const el = document.activeElement;
    const shown = el.matches(".opt input") ? el.closest(".opt") : el.matches(".seg input") ? el.closest("label") : el;
    const style = getComputedStyle(shown), box = shown.getBoundingClientRect();
    const faults = [];
    if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) faults.push("no outline");
    if (box.bottom <= 0 || box.top >= innerHeight) faults.push("outside of the window");
    const spots = [[0.5, 0.5], [0.5, 0.02], [0.5, 0.98]];
    for (const [x, y] of spots) {
        const at = document.elementFromPoint(box.left + box.width * x, box.top + box.height * y);
        const bar = at?.closest(".qbar, .nav-main");
        if (bar && !bar.contains(shown)) faults.push(`covered by ${bar.className}`);
    }
    return faults;
}"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(
    "name", ["dashboard", "module", "question-several-answers", "check", "result-passed", "account"]
)
def test_the_focused_control_is_always_marked_and_never_covered_by_a_bar(
    name: str, width: int, world: World, open_tab: OpenTab
) -> None:
    tab = open_tab(width=width)
    world.enter(tab.context, PAGES[name])
    world.open(tab, PAGES[name])
    faults = {}
    seen = 0
    for here in walk(tab):
        seen += 1
        found = tab.evaluate(HIDDEN_OR_UNMARKED)
        if found:
            faults[here] = found
    assert seen > 5
    assert faults == {}
