"""The way of a newcomer through the first module of the real course: desktop and phone, with and without script."""

import re

import pytest
from playwright.sync_api import Page, expect

from quizapp.domain.attempts import Kind
from quizapp.services import accounts
from tests.browser.conftest import OpenTab
from tests.browser.serving import FIRST, SECOND, Site
from tests.people import Person

PASSWORD = "soleus and plantaris"


def find_number(tab: Page) -> int:
    """The id of the attempt whose page this is."""
    found = re.search(r"/attempts/(\d+)", tab.url)
    assert found, tab.url
    return int(found[1])


def press(tab: Page, name: str) -> None:
    """Press a button or follow a link of the page's own part, and wait for the page it leads to."""
    main = tab.get_by_role("main")
    with tab.expect_navigation():
        main.get_by_role("button", name=name).or_(main.get_by_role("link", name=name)).first.click()


def choose(tab: Page, letters: list[str], sure: str = "") -> None:
    """Choose options by their letters, and say how sure."""
    for letter in letters:
        tab.locator(".opt label").filter(has=tab.locator(f"[value={letter}]")).click()
    if sure:
        tab.locator(".seg").get_by_text(sure, exact=True).click()


def register(tab: Page, site: Site, email: str) -> None:
    tab.goto("/")
    press(tab, "Create an account")
    tab.get_by_label("Name").fill("Dana Newcomer")
    tab.get_by_label("E-mail address").fill(email)
    tab.get_by_label("Password").fill(PASSWORD)
    press(tab, "Create the account")
    expect(tab.get_by_role("status")).to_contain_text("A letter to")
    sign_in(tab, email)
    tab.goto(site.find_letter_link(email))
    expect(tab.get_by_role("status")).to_have_text("Your e-mail address is confirmed.")


def sign_in(tab: Page, email: str) -> None:
    tab.goto("/accounts/sign-in")
    tab.get_by_label("E-mail address").fill(email)
    tab.get_by_label("Password").fill(PASSWORD)
    press(tab, "Sign in")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Dana")


def read_the_lesson(tab: Page) -> None:
    tab.goto("/learn/")
    press(tab, "Muscle cramps for therapists")
    press(tab, "Cramp or not a cramp?")
    press(tab, "Start reading")
    for number in range(1, 7):
        expect(tab.get_by_text(f"Section {number} of 6")).to_be_visible()
        press(tab, "Next:" if number < 6 else "Done: go to the quiz")
    expect(tab.get_by_role("region", name="The lesson").get_by_text("read", exact=True)).to_have_count(6)


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_newcomer_learns_misses_goes_back_and_passes(width: int, script: bool, site: Site, open_tab: OpenTab) -> None:
    tab = open_tab(width=width, script=script)
    email = f"dana-{width}-{script}@test.example".lower()
    register(tab, site, email)
    read_the_lesson(tab)
    dana = Person(_find_id(site, email), email, "Dana Newcomer")
    tab.goto(f"/learn/modules/{SECOND}")
    expect(tab.get_by_role("heading", name="This module is not open yet")).to_be_visible()

    tab.goto(f"/learn/modules/{FIRST}")
    press(tab, "Start the quiz")
    attempt = find_number(tab)
    answer_half_and_leave(tab, site, attempt)

    tab = open_tab(width=width, script=script)  # another device
    sign_in(tab, email)
    press(tab, "Continue the quiz")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Question 6 of 10")
    finish_and_miss(tab, site, attempt)
    press(tab, "Take the quiz again")
    again = find_number(tab)
    assert again != attempt
    answer_well_and_pass(tab, site, again)
    look_back(tab, site, again)

    tab.goto("/learn/progress")
    expect(tab.get_by_role("region", name="Module 1").get_by_text("Met", exact=False)).not_to_have_count(0)
    tab.goto(f"/learn/modules/{SECOND}")
    expect(tab.get_by_role("heading", name="This module is not open yet")).to_have_count(0)
    press(tab, "Start reading")
    assert [a.is_passed for a in sorted(site.list_attempts(dana), key=lambda a: a.number) if a.kind is Kind.QUIZ] == [
        False,
        True,
    ]


def _find_id(site: Site, email: str) -> int:
    with site.app.app_context():
        return next(person.id for person in accounts.list_people() if person.email == email)


def answer_half_and_leave(tab: Page, site: Site, attempt: int) -> None:
    """Questions 1 to 5: the first right, the others wrong; one flagged, one option ruled out."""
    right, wrong = site.right_letters(attempt), site.wrong_letters(attempt)
    for number in range(1, 6):
        expect(tab.get_by_role("heading", level=1)).to_contain_text(f"Question {number} of 10")
        if number == 2:
            tab.get_by_role("button", name=f"Rule out option {right[1][0]}", exact=True).click()
            expect(tab.locator(".opt.struck")).to_have_count(1)
        if number == 3:
            tab.get_by_role("button", name="Flag this question for later").click()
            expect(tab.get_by_role("button", name="Flag this question for later")).to_have_attribute(
                "aria-pressed", "true"
            )
        choose(tab, right[0] if number == 1 else wrong[number - 1], ["Sure", "Think so", "Guess"][number % 3])
        if number < 5:
            press(tab, "Save and next")
    with tab.expect_navigation():
        tab.get_by_role("button", name=re.compile("leave", re.I)).click()
    expect(tab.get_by_role("status")).to_have_text("Saved. Go on whenever you like, on any device.")


def finish_and_miss(tab: Page, site: Site, attempt: int) -> None:
    """See which questions are open, finish all the same, and be told what to read but no key."""
    if not tab.get_by_role("button", name="Check answers and finish").is_visible():
        tab.get_by_text("Question map").click()  # folded on phones
    press(tab, "Check answers and finish")
    missing = tab.get_by_role("region", name="5 questions have no answer")
    expect(missing.get_by_role("link")).to_have_count(5)
    expect(missing.get_by_role("link").first).to_contain_text("Question 6")
    expect(tab.get_by_text("5 of 10 answered, 1 flagged.")).to_be_visible()
    tab.get_by_label("These are my own answers. I am Dana Newcomer.").check()
    press(tab, "Finish and see result")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Not yet passed: 1 of 10")
    expect(tab.get_by_role("region", name="What next").get_by_text("Missed here. Read again:")).not_to_have_count(0)
    page = tab.content()
    assert "right answer" not in page
    assert [secret for secret in site.list_secrets(attempt) if secret in page] == []


def answer_well_and_pass(tab: Page, site: Site, attempt: int) -> None:
    for number, letters in enumerate(site.right_letters(attempt), 1):
        expect(tab.get_by_role("heading", level=1)).to_contain_text(f"Question {number} of 10")
        choose(tab, letters, "Sure")
        press(tab, "Save and next" if number < 10 else "Save and check")
    expect(tab.get_by_text("10 of 10 answered, 0 flagged.")).to_be_visible()
    tab.get_by_label("These are my own answers. I am Dana Newcomer.").check()
    press(tab, "Finish and see result")
    expect(tab.get_by_role("heading", level=1)).to_have_text("You passed: 10 of 10")


def look_back(tab: Page, site: Site, attempt: int) -> None:
    """Reasons with sources for every option, and one question on a page of its own."""
    answers = tab.get_by_role("region", name="Your answers")
    expect(answers.locator("details")).to_have_count(10)
    first = answers.locator("details").first
    first.locator("summary").click()
    expect(first.locator(".why").first).to_be_visible()
    assert tab.locator(".why").count() == sum(len(lines) for lines in site.list_options(attempt))
    expect(first.get_by_text("right answer")).to_have_count(len(site.right_letters(attempt)[0]))
    expect(answers.locator("#references ~ ul li")).not_to_have_count(0)
    press(tab, "Question 1 with its sources")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Question 1 of 10")
    expect(tab.get_by_role("heading", name="Sources")).to_be_visible()
    expect(tab.locator(".refs li")).not_to_have_count(0)
