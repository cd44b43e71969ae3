"""Reporting a problem in the middle of a quiz, and the answer to it: nothing is lost on the way there and back."""

import pytest
from playwright.sync_api import Page, expect

from quizapp.services import problems
from tests.browser.conftest import OpenTab
from tests.browser.serving import Site
from tests.browser.test_keyboard import find_chosen, tab_to
from tests.people import Person


def press_enter(tab: Page) -> None:
    """Press Enter where it leads to another page."""
    with tab.expect_navigation():
        tab.keyboard.press("Enter")


def choose(tab: Page, number: int) -> None:
    """Choose the second option of question 1."""
    tab.locator(f"[name=q{number}-answer]").nth(1).check()


def list_texts(site: Site, person: Person) -> list[str]:
    with site.app.app_context():
        return [reported.facts.text for reported in problems.list_own(person.id).reports]


@pytest.mark.parametrize("script", [True, False])
def test_the_way_to_the_form_and_back_keeps_the_answer_with_and_without_script(
    site: Site, alice: Person, attempt: int, open_tab: OpenTab, script: bool
) -> None:
    tab = open_tab(alice, script=script)
    tab.goto(f"/quiz/attempts/{attempt}/questions/1")
    choose(tab, 1)
    tab.get_by_role("button", name="Report a problem with this question").click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Report a problem with question 1")
    assert site.questions(alice, attempt)[0].chosen == {"B"}
    tab.get_by_label("It is out of date").check()
    tab.get_by_label("What is wrong?").fill("There is a newer trial.\nFrom this year.")
    tab.get_by_role("button", name="Send the report").click()
    expect(tab.get_by_text("on its way to the authors")).to_be_visible()
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Question 1 of 10")
    assert find_chosen(tab) == ["B"]
    assert list_texts(site, alice) == ["There is a newer trial.\nFrom this year."]


def test_a_report_is_written_and_answered_by_keyboard_alone(
    site: Site, alice: Person, attempt: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice, may_complain=True)  # of the form that is refused
    tab.goto(f"/quiz/attempts/{attempt}/questions/2")
    tab_to(tab, "Report a problem with this question")
    press_enter(tab)
    tab_to(tab, "Send the report")
    press_enter(tab)
    expect(tab.get_by_role("alert")).to_be_focused()
    tab_to(tab, "input kind")
    tab.keyboard.press("ArrowDown")
    expect(tab.get_by_label("The right answer seems wrong")).to_be_checked()
    tab_to(tab, "textarea text")
    tab.keyboard.type("Is it?")
    tab_to(tab, "Send the report")
    press_enter(tab)
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Question 2 of 10")
    bob = open_tab(site.add_person("Bob Author", ("author",)))
    bob.goto("/author/problems")
    bob.get_by_role("link").filter(has_text=site.questions(alice, attempt)[1].title).first.focus()
    press_enter(bob)
    tab_to(bob, "input state")
    bob.keyboard.press("Space")
    tab_to(bob, "textarea text")
    bob.keyboard.type("It is.")
    tab_to(bob, "Send the answer")
    press_enter(bob)
    expect(bob.get_by_role("status")).to_contain_text("the learner is told")


def test_without_a_connection_the_button_says_so_and_the_answer_stays(
    site: Site, alice: Person, attempt: int, tab: Page
) -> None:
    tab.goto(f"/quiz/attempts/{attempt}/questions/1")
    tab.locator("html.js").wait_for(state="attached")
    tab.context.set_offline(True)
    choose(tab, 1)
    expect(tab.locator("#save")).to_contain_text("Offline")
    tab.get_by_role("button", name="Report a problem with this question").click()
    expect(tab.locator("#save")).to_contain_text("needs a connection")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Question 1 of 10")
    assert find_chosen(tab) == ["B"]
    tab.context.set_offline(False)
    expect(tab.locator("#save")).to_contain_text("Saved")
    assert site.questions(alice, attempt)[0].chosen == {"B"}
