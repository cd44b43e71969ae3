"""A quiz with a time limit in the browser: the end put where a test wants it, and what somebody was granted."""

import datetime as dt

from playwright.sync_api import Page as Tab
from sqlalchemy import update

from quizapp.app import utc_now
from quizapp.domain.accommodations import Accommodation
from quizapp.services import accommodations, timing
from quizapp.store import attempts as store
from quizapp.store.db import unit_of_work
from tests.browser.serving import Site
from tests.people import Person

LIMIT_MINUTES = 30


def set_end(
    site: Site, attempt_id: int, left: dt.timedelta, pause_minutes: int = 0, limit_minutes: int = LIMIT_MINUTES
) -> None:
    """As if an attempt with that limit had begun so long ago that `left` is left of it, without grace."""
    due_at = utc_now() + left
    values = {
        "started_at": due_at - dt.timedelta(minutes=limit_minutes), "due_at": due_at, "closes_at": due_at,
        "limit_minutes": limit_minutes, "pause_seconds": pause_minutes * 60,
    }  # fmt: skip
    with site.app.app_context(), unit_of_work() as connection:
        connection.execute(update(store.AttemptRow).where(store.AttemptRow.id == attempt_id).values(values))


def grant(site: Site, person: Person, granted: Accommodation, actor: Person | None = None) -> None:
    """What the registrar does on the page."""
    reason = "Agreed with her on the phone."
    with site.app.app_context():
        accommodations.change(person.id, granted, reason=reason, actor_id=actor.id if actor else None, now=utc_now())


def pause(site: Site, person: Person, attempt_id: int) -> None:
    """What the button does, in another tab."""
    with site.app.app_context():
        timing.pause(person.id, attempt_id, utc_now())


def show_time(tab: Tab) -> None:
    tab.locator("#time").click()


def see_the_warning(tab: Tab) -> None:
    """Four and a half minutes before the end, by a clock that runs ahead."""
    due_at = dt.datetime.fromisoformat(str(tab.locator("#quiz").get_attribute("data-due-at")))
    tab.clock.set_fixed_time(due_at - dt.timedelta(minutes=4, seconds=30))
    tab.locator("#warning p").wait_for()


def grant_nothing(tab: Tab) -> None:
    """Press the button without a reason."""
    tab.get_by_role("button", name="Grant this").click()
    tab.get_by_role("alert").wait_for()


def start_timed(site: Site, people: dict[str, Person]) -> dict[str, int]:
    """What pages show of it: somebody with extra time granted in two steps, one with a warning, one who pauses."""
    granted, hurried, pausing = (people[who] for who in ("granted", "hurried", "pausing"))
    grant(site, granted, Accommodation(extra_minutes=10), people["registrar"])
    attempts = {"timed": site.start(granted), "hurried": site.start(hurried), "paused": site.start(pausing)}
    for attempt_id in attempts.values():
        set_end(site, attempt_id, dt.timedelta(minutes=230), pause_minutes=600, limit_minutes=240)
    grant(site, granted, Accommodation(extra_percent=50, pause_minutes=10, extra_attempts=1), people["registrar"])
    pause(site, pausing, attempts["paused"])
    return attempts | {"granted": granted.id, "pausing": pausing.id}
