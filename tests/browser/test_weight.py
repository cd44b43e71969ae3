"""What a visit costs over the wire, in bytes with headers, as the browser itself counts them.

`python -m tests.browser.test_weight` prints the table. The service worker is off: what is measured is the browser's own
cache. Two codings are measured, because over plain http browsers on other machines take nothing better than gzip.
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Browser, sync_playwright

from tests.browser.pages import PAGES, World, prepare
from tests.browser.serving import CHROMIUM_ARGUMENTS, find_chromium, serve

FIRST_VISIT_BYTES = 90_000
NEXT_VISIT_BYTES = 15_000
WEIGHED = (
    "landing", "sign-in", "dashboard", "course", "module", "section-what-a-cramp-is", "question-one-answer",
    "questions-all", "result-passed",
)  # fmt: skip
CODINGS = {"https": "gzip, deflate, br, zstd", "http": "gzip, deflate"}
"""What browsers accept by the scheme of the site. Over loopback they take what they take over https."""


def weigh(browser: Browser, world: World, name: str, coding: str) -> tuple[dict[str, int], dict[str, int]]:
    """Visit a page with an empty cache and then once more; for each visit the bytes by address."""
    context = browser.new_context(service_workers="block", locale="en-AU")
    world.enter(context, PAGES[name])
    tab = context.new_page()
    devtools = context.new_cdp_session(tab)
    devtools.send("Network.enable")
    devtools.send("Network.setExtraHTTPHeaders", {"headers": {"Accept-Encoding": coding}})
    addresses: dict[str, str] = {}
    weights: dict[str, int] = {}

    def note(event: dict[str, Any]) -> None:
        url = addresses[event["requestId"]]
        weights[url] = weights.get(url, 0) + int(event["encodedDataLength"])

    devtools.on("Network.requestWillBeSent", lambda e: addresses.update({e["requestId"]: e["request"]["url"]}))
    devtools.on("Network.loadingFinished", note)
    visits = []
    for _ in range(2):
        weights.clear()
        answer = tab.goto(world.site.url + PAGES[name].path.format(**world.numbers), wait_until="networkidle")
        assert answer is not None
        assert answer.status == 200, f"{name} answered {answer.status}"
        visits.append(weights.copy())
    context.close()
    return visits[0], visits[1]


@pytest.mark.parametrize("scheme", CODINGS)
@pytest.mark.parametrize("name", WEIGHED)
def test_a_page_is_light_at_the_first_visit_and_lighter_at_the_next(
    name: str, scheme: str, browser: Browser, world: World
) -> None:
    first, following = weigh(browser, world, name, CODINGS[scheme])
    assert sum("/static/" in url for url in first) >= 3, "the cache was empty at the first visit"
    assert 0 < sum(first.values()) < FIRST_VISIT_BYTES, first
    assert 0 < sum(following.values()) < NEXT_VISIT_BYTES, following


def test_all_that_the_worker_fetches_fits_into_the_first_visit_too(browser: Browser, world: World) -> None:
    """At worst: over plain http, the worker first and so each file by it, then the heaviest page."""
    context = browser.new_context(service_workers="block")
    context.add_cookies([world.cookies["learner"]])  # type: ignore[list-item]

    def fetch(path: str) -> APIResponse:
        answer = context.request.get(world.site.url + path, headers={"Accept-Encoding": CODINGS["http"]})
        assert answer.status == 200, path
        return answer

    worker = fetch("/sw.js")
    names = json.loads(worker.text().removeprefix("const PRECACHE = ").partition(";\n")[0])
    kept = sum(size_of(answer) for answer in (worker, *map(fetch, names)))
    pages = [size_of(fetch(PAGES[name].path.format(**world.numbers))) for name in WEIGHED if PAGES[name].who]
    context.close()
    assert kept + max(pages) < FIRST_VISIT_BYTES


def size_of(answer: APIResponse) -> int:
    """The bytes over the wire, headers included."""
    head = sum(len(each["name"]) + len(each["value"]) + len(": \r\n") for each in answer.headers_array)
    return head + int(answer.headers["content-length"])


def main() -> None:
    """Print the table."""
    with TemporaryDirectory() as folder, serve(Path(folder)) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(CHROMIUM_ARGUMENTS))
        world = prepare(site)
        print("| page | first visit, https | next | first visit, http | next |\n|---|---:|---:|---:|---:|")
        for name in WEIGHED:
            cells = []
            for coding in CODINGS.values():
                cells += [f"{sum(visit.values()) / 1000:.1f} kB" for visit in weigh(browser, world, name, coding)]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
