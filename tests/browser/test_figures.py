"""Questions on a figure: by keyboard alone with and without script, and by pointing."""

import pytest
from playwright.sync_api import Page, expect

from quizapp.domain.items import ITEM_TYPES, Sample
from tests.browser.conftest import OpenTab
from tests.browser.serving import Site
from tests.browser.tasting import start_kinds
from tests.browser.test_item_types import answer_by_keys
from tests.browser.test_keyboard import tab_to
from tests.kinds import list_asked
from tests.people import Person

ONE = ITEM_TYPES["hotspot"].samples()[6].fields
PLACES = {"triangle": (100, 220), "box": (90, 40), "ring": (270, 70), "bar": (360, 230), "nothing": (200, 150)}
"""Where to point, in units of the drawing."""
WORDS = {"right": "right", "partial": "partly right", "wrong": "missed"}
EACH_WAY = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


@pytest.fixture
def kinds(site: Site, alice: Person) -> int:
    """Alice's open practice set with one question of each kind."""
    return start_kinds(site, alice)


@pytest.fixture
def one(site: Site, alice: Person) -> int:
    """The same, with a hotspot that asks for one place and hides its regions."""
    return start_kinds(site, alice, {"hotspot": ONE})


def sample_of(kind: str, name: str) -> Sample:
    samples = ITEM_TYPES[kind].samples()
    return next(each for each in samples if each.name == name and each.fields == samples[0].fields and each.given)


def find_number(site: Site, attempt: int, kind: str) -> int:
    asked = list_asked(site.app, attempt)
    return next(i for i, (item, _) in enumerate(asked, 1) if item.type == kind)  # type: ignore[attr-defined]


def fields_of(site: Site, attempt: int, kind: str, given: object) -> dict[str, list[str]]:
    item, presentation = list_asked(site.app, attempt)[find_number(site, attempt, kind) - 1]
    return item.fill(given, presentation)


def filled_of(site: Site, person: Person, attempt: int, kind: str = "hotspot") -> dict[str, list[str]]:
    """What is kept, as the form shows it."""
    return dict(site.questions(person, attempt)[find_number(site, attempt, kind) - 1].filled)  # type: ignore[arg-type]


def open_figure(site: Site, tab: Page, attempt: int, kind: str = "hotspot", *, script: bool = True) -> int:
    """Go to the question on a figure; its number."""
    number = find_number(site, attempt, kind)
    tab.goto(f"/quiz/attempts/{attempt}/questions/{number}")
    if script:
        tab.locator("html.js").wait_for(state="attached")
    return number


def go_on(tab: Page, *, script: bool = True) -> None:
    """Press the main button by keyboard."""
    if script:
        expect(tab.locator("#save")).to_contain_text("Saved")
    tab_to(tab, "Save and ")
    with tab.expect_navigation():
        tab.keyboard.press("Enter")


def point(tab: Page, place: str) -> None:
    """Click the drawing at a place."""
    box = tab.locator(".picture svg").bounding_box()
    assert box is not None
    x, y = PLACES[place]
    tab.mouse.click(box["x"] + x * box["width"] / 400, box["y"] + y * box["height"] / 300)


def letter_at(site: Site, attempt: int, index: int) -> str:
    return fields_of(site, attempt, "hotspot", (index,))["answer"][0]


def review(site: Site, tab: Page, attempt: int, kind: str, name: str) -> None:
    """The review says how it went, in the figure and in words."""
    tab.goto(f"/quiz/attempts/{attempt}/review/{find_number(site, attempt, kind)}")
    expect(tab.locator("h1 + p .chip").first).to_have_text(WORDS[name])
    figure = tab.locator(".picture")
    said = {"right": "Right: 1, 2, 3.", "partial": "Right: 1. Missed: 2, 3.", "wrong": "Missed: 1, 2, 3."}[name]
    expect(figure).to_contain_text(said if kind == "labelling" else "Thick line: the right answer, ")
    n_right = {"right": 3, "partial": 1, "wrong": 0}[name] if kind == "labelling" else 2
    expect(figure.locator(".place.right")).to_have_count(n_right)


@EACH_WAY
@pytest.mark.parametrize("name", ["right", "partial", "wrong"])
def test_figures_are_answered_by_keyboard_alone_and_reviewed(
    name: str, script: bool, site: Site, alice: Person, kinds: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice, script=script)
    for kind in ("hotspot", "labelling"):
        fields = fields_of(site, kinds, kind, sample_of(kind, name).given)
        answer_by_keys(tab, open_figure(site, tab, kinds, kind, script=script), fields)
        go_on(tab, script=script)
        assert filled_of(site, alice, kinds, kind) == fields
    tab.goto(f"/quiz/attempts/{kinds}/check")
    tab_to(tab, "Finish and see result")
    with tab.expect_navigation():
        tab.keyboard.press("Enter")
    for kind in ("hotspot", "labelling"):
        review(site, tab, kinds, kind, name)


@pytest.mark.parametrize(
    ("name", "places", "width"),
    [
        ("right", ["triangle", "bar"], 390),
        ("partial", ["triangle"], 1280),
        ("wrong", ["box", "ring", "nothing"], 1280),
        ("partial", ["nothing", "box", "bar", "triangle", "nothing"], 390),
    ],
)
def test_pointing_at_places_chooses_them_and_pointing_again_takes_them_back(
    name: str, places: list[str], width: int, site: Site, alice: Person, kinds: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice, width=width)
    open_figure(site, tab, kinds)
    index = {"triangle": 0, "box": 1, "ring": 2, "bar": 3, "nothing": 4}
    chosen: set[str] = set()
    for place in places:
        point(tab, place)
        chosen ^= {letter_at(site, kinds, index[place])}
        ticked = tab.locator(".point input:checked")
        expect(ticked).to_have_count(len(chosen))
        assert {each.input_value() for each in ticked.all()} == chosen
    said = tab.locator(".picture [role=status]")
    expect(said).to_contain_text("Chosen: ")
    assert {part.strip()[0] for part in said.inner_text().removeprefix("Chosen: ").split(";")} == chosen
    expect(tab.locator("#save")).to_contain_text("Saved")
    assert filled_of(site, alice, kinds) == {"answer": sorted(chosen)}
    tab.goto(f"/quiz/attempts/{kinds}/check")
    with tab.expect_navigation():
        tab.get_by_role("button", name="Finish and see result").click()
    review(site, tab, kinds, "hotspot", name)


def test_of_one_place_the_last_one_pointed_at_counts_and_hidden_regions_show_once_chosen(
    site: Site, alice: Person, one: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice)
    number = open_figure(site, tab, one)
    regions = tab.locator(".picture .place")
    opacity = "(all) => all.map((each) => getComputedStyle(each).opacity)"
    assert regions.evaluate_all(opacity) == ["0"] * 4
    point(tab, "ring")
    point(tab, "nothing")
    assert regions.evaluate_all(opacity) == ["0"] * 4
    expect(tab.locator("#save")).to_contain_text("Saved")
    assert site.questions(alice, one)[number - 1].described == "E. Elsewhere in the figure"
    point(tab, "box")
    letter = letter_at(site, one, 1)
    expect(tab.locator(f".m-{letter}")).to_have_css("opacity", "1")
    assert sorted(regions.evaluate_all(opacity)) == ["0", "0", "0", "1"]
    expect(tab.locator(".picture [role=status]")).to_have_text(f"Chosen: {letter}. Above on the left")
    expect(tab.locator("#save")).to_contain_text("Saved")
    tab.reload()
    tab.locator("html.js").wait_for(state="attached")
    expect(tab.locator(f".m-{letter}")).to_have_css("opacity", "1")
    assert filled_of(site, alice, one) == {"answer": [letter]}


@EACH_WAY
def test_one_place_is_chosen_by_arrow_keys(
    script: bool, site: Site, alice: Person, one: int, open_tab: OpenTab
) -> None:
    fields = fields_of(site, one, "hotspot", (1,))
    tab = open_tab(alice, script=script)
    answer_by_keys(tab, open_figure(site, tab, one, script=script), fields)
    go_on(tab, script=script)
    assert filled_of(site, alice, one) == fields


def test_pointing_at_a_number_goes_to_the_field_of_its_place(
    site: Site, alice: Person, kinds: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice, width=390)
    number = open_figure(site, tab, kinds, "labelling")
    tab.locator(".place.m-2 circle").click()
    expect(tab.locator(f"[name=q{number}-answer-2]")).to_be_focused()
    tab.locator(".place.m-3 circle").click()
    expect(tab.locator(f"[name=q{number}-answer-3]")).to_be_focused()


def test_rows_of_the_list_are_targets_of_44_pixels_and_the_figure_has_a_name(
    site: Site, alice: Person, kinds: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice, width=320)
    open_figure(site, tab, kinds)
    heights = tab.locator(".point .opt label").evaluate_all("(all) => all.map((e) => e.getBoundingClientRect().height)")
    assert len(heights) == 5
    assert min(heights) >= 44
    expect(tab.get_by_role("img", name="A box, a ring, a triangle and a bar.")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_chosen_stands_out_in_forced_colours(
    theme: str, site: Site, alice: Person, kinds: int, open_tab: OpenTab
) -> None:
    tab = open_tab(alice)
    open_figure(site, tab, kinds)
    tab.emulate_media(forced_colors="active", color_scheme=theme)  # type: ignore[arg-type]
    point(tab, "box")
    widths = tab.locator(".spot").evaluate_all("(all) => all.map((each) => getComputedStyle(each).strokeWidth)")
    assert sorted(widths) == ["1.5px", "1.5px", "1.5px", "4px"]
    strokes = set(tab.locator(".spot").evaluate_all("(all) => all.map((each) => getComputedStyle(each).stroke)"))
    surface = tab.locator(".picture").evaluate("(each) => getComputedStyle(each).backgroundColor")
    assert surface not in strokes
