"""Every page, wide and narrow, light and dark: no accessibility finding, no complaint, no sideways scrolling."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page as Tab

from tests.browser.conftest import OpenTab
from tests.browser.pages import PAGES, WIDTHS, World

RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOUR_RULES = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""What of axe depends on the theme."""
NARROWEST = 320


@pytest.fixture(scope="session")
def axe_script() -> str:
    """The axe engine that the package brings along."""
    return Axe().axe_script


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_no_finding_and_never_scrolls_sideways(
    name: str, world: World, open_tab: OpenTab, axe_script: str
) -> None:
    page = PAGES[name]
    tab = open_tab(may_complain=page.is_refusal)
    world.enter(tab.context, page)
    world.open(tab, page)
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
