"""Corrections in the browser: what was decided, what it did to a learner's attempt, and an answer that came late."""

import datetime as dt

from playwright.sync_api import Page as Tab

from quizapp.app import utc_now
from quizapp.domain.corrections import Effect
from quizapp.services import correcting, regrading, studying, taking
from quizapp.services.taking import Incoming
from quizapp.store.db import reading
from quizapp.store.regrades import list_regrades
from tests.browser.serving import Site
from tests.browser.timed import set_end
from tests.people import Person

MODULE = "stretch-and-massage"
"""No other test takes its quiz, so that none meets what is decided here."""
WHY = "Two of the options can be defended."
CORRECTIONS = {
    "corrections": "/author/corrections",
    "corrections-quiz": "/author/corrections/quizzes/stretch-and-massage",
    "correction": "/author/corrections/quizzes/stretch-and-massage/{version}",
    "regrade": "/author/corrections/runs/{run}",
    "regrade-done": "/author/corrections/runs/{run_done}",
    "late-answers": "/author/corrections/late",
}
"""Where authors correct: a page's name and its path."""


def _pass_before(site: Site, learner: Person, module_id: str) -> None:
    """Pass what has to be passed before this module."""
    with site.app.app_context():
        missing = studying.get_standing(learner.id, module_id)[1].missing
    for module in missing:
        _pass_before(site, learner, module.id)
        attempt_id = site.start(learner, module.id, at=utc_now() - dt.timedelta(hours=6))
        right = site.right_letters(attempt_id)
        sent = [Incoming(i, {"answer": letters}) for i, letters in enumerate(right, 1)]
        with site.app.app_context():
            taking.save_answers(learner.id, attempt_id, sent, utc_now())
            taking.finish(learner.id, attempt_id, utc_now())


def correct_questions(site: Site, learner: Person, author: Person, module_id: str = MODULE) -> dict[str, int]:
    """A quiz of the learner's with one question credited and one dropped, a run that waits, and a late answer."""
    _pass_before(site, learner, module_id)
    attempt_id = site.start(learner, module_id, at=utc_now() - dt.timedelta(hours=5))
    right, wrong = site.right_letters(attempt_id), site.wrong_letters(attempt_id)
    asked = site.questions(learner, attempt_id)
    sent = [Incoming(i + 1, {"answer": wrong[i] if i < 2 else right[i]}) for i in range(len(right))]
    with site.app.app_context():
        taking.save_answers(learner.id, attempt_id, sent, utc_now())
        taking.finish(learner.id, attempt_id, utc_now())
        for number, effect in ((1, Effect.CREDIT), (2, Effect.DROP)):
            decisions = correcting.decide_for_item(module_id, asked[number - 1].item_id, effect)
            for regrade_id in correcting.decide(decisions, WHY, utc_now(), author.id, by_job=False):
                regrading.run(regrade_id, utc_now)
        waiting = correcting.decide_for_item(module_id, asked[2].item_id, Effect.CREDIT)
        correcting.decide(waiting, WHY, utc_now(), author.id, module_id, by_job=False)
        with reading() as connection:
            run, *_, done = list_regrades(connection)
        listed = correcting.list_items(module_id, asked[0].item_id).items
    late_id = site.start(learner, module_id)
    set_end(site, late_id, dt.timedelta(minutes=-9))
    with site.app.app_context():
        taking.save_answers(learner.id, late_id, [Incoming(1, {"answer": ["A"]})], utc_now())
    version = next(each.version_id for each in listed if each.item_id == asked[0].item_id)
    return {"corrected": attempt_id, "version": version, "run": run.id, "run_done": done.id}


def ask_for_a_credit(tab: Tab) -> None:
    """Fill the form in and go on to the preview."""
    tab.get_by_label("Give everybody the whole mark").check()
    tab.get_by_label("Why").fill(WHY)
    tab.get_by_role("button", name="See who is affected").click()
    tab.get_by_role("heading", name="Who is affected").wait_for()


def ask_for_nothing(tab: Tab) -> None:
    """Press the button of the empty form."""
    tab.get_by_role("button", name="See who is affected").click()
    tab.get_by_role("alert").wait_for()
