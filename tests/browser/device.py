"""A quiz on a device without a connection: what tests do there, and how they look at what it keeps."""

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.serving import Site
from tests.people import Person

SAVED = re.compile(r"^Saved \d\d:\d\d$")
OFFLINE = "Offline: kept on this device"
PATIENT = 15_000
"""Longer than a page waits before it tries again."""

IS_STORED = "async (path) => Boolean(await caches.match(path, { ignoreVary: true }))"
EVERYTHING = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      found.push(name, request.url, await (await cache.match(request, { ignoreVary: true })).text());
    }
  }
  for (const { name, version } of await indexedDB.databases()) {
    const base = await new Promise((resolve) => {
      const opening = indexedDB.open(name, version);
      opening.onsuccess = () => resolve(opening.result);
    });
    for (const store of base.objectStoreNames) {
      const rows = await new Promise((resolve) => {
        const all = base.transaction(store).objectStore(store).getAll();
        all.onsuccess = () => resolve(all.result);
      });
      found.push(...rows.map((row) => `${store}: ${JSON.stringify(row)}`));
    }
    base.close();
  }
  return [...found, JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
}"""
"""All that a browser keeps for this site."""


def path(attempt: int, number: int = 1) -> str:
    return f"/quiz/attempts/{attempt}/questions/{number}"


def wait_until_stored(tab: Page, *paths: str) -> None:
    for each in paths:
        wait_until(tab, IS_STORED, each)


def wait_until(tab: Page, script: str, argument: Any = None) -> None:
    """Playwright's own waiting for a function needs `eval`, which the pages forbid."""
    for _ in range(100):
        if tab.evaluate(script, argument):
            return
        tab.wait_for_timeout(100)
    raise AssertionError(f"never came true: {script} {argument}")


def open_quiz(tab: Page, attempt: int) -> None:
    """Open the first question, and wait until the whole quiz is on the device."""
    tab.goto(path(attempt))
    wait_until_stored(tab, f"/quiz/attempts/{attempt}/check", path(attempt), path(attempt, 10))
    wait_until(tab, "navigator.serviceWorker.controller !== null")
    wait_until(tab, "document.documentElement.classList.contains('js')")


def choose(tab: Page, letter: str) -> None:
    tab.locator(".opt label").filter(has=tab.locator(f"[value={letter}]")).click()


def choose_offline(tab: Page, letter: str) -> None:
    choose(tab, letter)
    expect(tab.locator("#save")).to_have_text(OFFLINE)


def press_next(tab: Page, number: int) -> None:
    tab.get_by_role("main").get_by_role("button", name="Save and next").click()
    expect(tab.get_by_role("heading", level=1)).to_contain_text(f"Question {number} of 10")


def find_kept(site: Site, person: Person, attempt: int) -> list[str]:
    """For each question the letter that the server has; empty where it has none."""
    return ["".join(sorted(q.chosen)) for q in site.questions(person, attempt)]


def wait_until_kept(site: Site, tab: Page, person: Person, attempt: int, letters: list[str]) -> None:
    for _ in range(100):
        if find_kept(site, person, attempt) == letters:
            return
        tab.wait_for_timeout(100)
    assert find_kept(site, person, attempt) == letters


def list_rows(tab: Page, store: str) -> list[dict[str, Any]]:
    lines = tab.evaluate(EVERYTHING)
    return [json.loads(line.removeprefix(f"{store}: ")) for line in lines if line.startswith(f"{store}: ")]


def enter(context: BrowserContext, site: Site, person: Person) -> None:
    """Sign in anew, as somebody else or as the same person."""
    context.clear_cookies()
    context.add_cookies([site.make_cookie(person)])  # type: ignore[list-item]


def kill_browser(profile: str) -> None:
    """End the browser of this profile as a crash would: without a chance to tidy up."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if f"--user-data-dir={profile}" in command and not any(word.startswith("--type=") for word in command):
            os.kill(int(folder.name), signal.SIGKILL)
