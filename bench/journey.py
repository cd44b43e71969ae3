"""The learner's journey, step by step, as a browser without script and with one background save makes it."""

import re
from collections.abc import Iterator

from bench.client import Answer, Browser
from bench.world import MODULES, PASSWORD

QUESTION = re.compile(r'name="q(\d+)-answer" value="([A-J])"')
SEQ = re.compile(r'name="q(\d+)-seq" value="(\d+)"')
ATTEMPT = re.compile(r"/quiz/attempts/(\d+)")


def take(browser: Browser, email: str, layout: str) -> Iterator[str]:
    """One whole journey; yields the name of each step after it was made."""
    module = MODULES[layout]
    browser.cookies.clear()
    browser.step("sign-in form", "GET", "/accounts/sign-in")
    yield "sign-in form"
    browser.step("sign in", "POST", "/accounts/sign-in", [("email", email), ("password", PASSWORD)])
    yield "sign in"
    browser.step("course page", "GET", "/learn/courses/bench")
    yield "course page"
    browser.step("module page", "GET", f"/learn/modules/{module}")
    yield "module page"
    page = browser.step("start", "POST", f"/quiz/modules/{module}/quiz", [])
    found = ATTEMPT.search(page.path)
    if found is None:
        raise RuntimeError(f"starting led to {page.path}")
    attempt = found[0]
    yield "start"
    first = answers(page)[:1]
    fields = [("tab", "bench"), ("tab_seq", "1"), *form_of(first, page)]
    browser.step("background save", "POST", f"{attempt}/save", fields, accept="application/json")
    yield "background save"
    if layout == "all":
        fields = [*form_of(answers(page), page), ("tab", "bench"), ("tab_seq", "2"), ("go", "check")]
        browser.step("save all 20", "POST", f"{attempt}/answers", fields)
        yield "save all 20"
    else:
        for number in range(1, 21):
            go = "next" if number < 20 else "check"
            fields = [*form_of(answers(page), page), ("tab", f"bench{number}"), ("tab_seq", "2"), ("go", go)]
            page = browser.step("save and next", "POST", f"{attempt}/answers", fields)
        yield "save and next"
    browser.step("finish", "POST", f"{attempt}/check", [("own", "y")])
    yield "finish"
    browser.step("review", "GET", f"{attempt}/result?show=missed")
    yield "review"


def answers(page: Answer) -> list[tuple[str, str]]:
    """The first option of each question on the page."""
    chosen: dict[str, str] = {}
    for number, letter in QUESTION.findall(page.text):
        chosen.setdefault(number, letter)
    return list(chosen.items())


def form_of(chosen: list[tuple[str, str]], page: Answer) -> list[tuple[str, str]]:
    """The fields that a browser sends for these answers."""
    seqs = dict(SEQ.findall(page.text))
    fields = []
    for number, letter in chosen:
        fields += [("n", number), (f"q{number}-seq", seqs.get(number, "0")), (f"q{number}-flag", "")]
        fields += [(f"q{number}-answer", letter), (f"q{number}-sure", "think_so")]
    return fields
