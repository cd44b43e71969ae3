"""Every page, wide and narrow, light and dark: no accessibility finding, no complaint, no sideways scrolling."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab

from tests.browser.pages import PAGES, WIDTHS, World

RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOUR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""What of axe depends on the theme."""
NARROWEST = 320


@pytest.fixture(scope="session")
def axe_script() -> str:
    """The axe engine that the package brings along."""
    return Axe().axe_script


@dataclass(frozen=True, slots=True)
class Visitor:
    """One tab, used again and again because a new one costs more than the look, and what the browser noted in it."""

    tab: Tab
    complaints: list[str]


@pytest.fixture(scope="session")
def visitors(browser: Browser, world: World) -> Iterator[dict[str, Visitor]]:
    """A browser for a stranger and for each person, signed in once."""
    found = {}
    for who in ("", *world.people):
        context = browser.new_context(reduced_motion="reduce", locale="en-AU")
        if who:
            context.add_cookies([world.cookies[who]])  # type: ignore[list-item]
        found[who] = Visitor(context.new_page(), [])
        note = found[who].complaints.append
        context.on("console", lambda m, note=note: note(m.text) if m.type in {"error", "warning"} else None)
        context.on("weberror", lambda e, note=note: note(str(e.error)))
    yield found
    for visitor in found.values():
        visitor.tab.context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_finding_and_never_scrolls_sideways(
    name: str, world: World, visitors: dict[str, Visitor], axe_script: str
) -> None:
    page = PAGES[name]
    visitor = visitors[page.who]
    visitor.complaints.clear()
    visitor.tab.set_viewport_size({"width": 1280, "height": 900})
    world.open(visitor.tab, page)
    check(visitor.tab, axe_script)
    assert page.is_refusal or not visitor.complaints


def check(tab: Tab, axe_script: str) -> None:
    """Look at an open page in every way."""
    tab.evaluate(axe_script)
    findings = []
    for width, height in WIDTHS.items():
        tab.set_viewport_size({"width": width, "height": height})
        tab.emulate_media(color_scheme="light")
        findings += [f"{width} px: {finding}" for finding in find_faults(tab, RULES)]
        tab.emulate_media(color_scheme="dark")
        findings += [f"{width} px, dark: {finding}" for finding in find_faults(tab, COLOUR_RULES)]
    assert findings == []
    for width in (*WIDTHS, NARROWEST):
        tab.set_viewport_size({"width": width, "height": 700})
        assert find_what_sticks_out(tab) == [], f"at {width} px"


def find_faults(tab: Tab, rules: dict[str, Any]) -> list[str]:
    """What axe finds, one line for each element."""
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    found = tab.evaluate("(options) => axe.run(options)", options)
    return [
        f"{rule['id']}: {node['html'][:200]} ({node['failureSummary']})"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def find_what_sticks_out(tab: Tab) -> list[str]:
    """The elements that make the page scroll sideways."""
    return tab.evaluate(  # type: ignore[no-any-return]
        """() => {
            const root = document.scrollingElement;
            if (root.scrollWidth <= innerWidth) return [];
            const out = [...document.querySelectorAll("body *")]
                .filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5);
            return [`${root.scrollWidth} px wide`, ...out.slice(0, 5).map((each) => each.outerHTML.slice(0, 150))];
        }"""
    )
