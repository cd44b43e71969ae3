"""A browser, a server and people in front of it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.pages import WIDTHS, World, prepare
from tests.browser.serving import CHROMIUM_ARGUMENTS, Site, find_chromium, serve
from tests.people import Person

OpenTab = Callable[..., Page]
PATIENCE_MS = 10_000


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, one per worker."""
    program = find_chromium()
    if program is None:
        pytest.skip("Chromium is not on this machine (no chromium, chromium-browser or google-chrome on the PATH)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The application as it runs for everybody, one server per worker; tests make people of their own in it."""
    with serve(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture(scope="session")
def world(site: Site) -> World:
    """People and attempts that show each page in a telling state."""
    return prepare(site)


@pytest.fixture
def open_tab(browser: Browser, site: Site) -> Iterator[OpenTab]:
    """Open a tab in a browser of its own: whose (a stranger's if None), how wide, with or without script, which theme.

    A complaint of the browser fails the test at its end, unless `may_complain`.
    """
    complaints: list[str] = []
    with ExitStack() as stack:

        def open_tab(
            person: Person | None = None,
            *,
            width: int = 1280,
            script: bool = True,
            may_complain: bool = False,
            **more: Any,
        ) -> Page:
            context: BrowserContext = browser.new_context(
                base_url=site.url, viewport={"width": width, "height": WIDTHS.get(width, 800)},
                java_script_enabled=script, locale="en-AU", reduced_motion="reduce", **more,
            )  # fmt: skip
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            if person:
                context.add_cookies([site.make_cookie(person)])  # type: ignore[list-item]
            if not may_complain:
                context.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
                context.on("weberror", lambda e: complaints.append(str(e.error)))
            return context.new_page()

        yield open_tab
    assert not complaints


@pytest.fixture
def alice(site: Site) -> Person:
    """A learner of this test's own, so that no test meets another's attempts."""
    return site.add_person("Alice Learner")


@pytest.fixture
def attempt(site: Site, alice: Person) -> int:
    """Alice's open quiz of the first module."""
    return site.start(alice)


@pytest.fixture
def tab(alice: Person, open_tab: OpenTab) -> Page:
    """A tab of Alice's that may complain in its console, as a browser without a connection does."""
    return open_tab(alice, may_complain=True)
