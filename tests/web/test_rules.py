"""The rules of a quiz in words: one sentence for each, and none that is not so."""

from itertools import product
from typing import Any

import pytest
from flask import Flask

from quizapp.domain.accommodations import Accommodation
from quizapp.domain.admission import admit
from quizapp.domain.attempts import Kind
from quizapp.domain.modules import QuizRules
from quizapp.services import studying
from quizapp.web import rules as words
from tests.content import FIRST, SECOND
from tests.people import ALICE, START

FEEDBACK = ("deferred", "immediate", "several_tries")
POLICIES = [
    (review, after_fail)
    for review, after_fail in product(("finished", "passed", "never"), ("objectives", "score", "nothing"))
    if review != "finished" or after_fail == "objectives"
]


def rules(**changes: Any) -> QuizRules:
    return QuizRules.model_validate({"plan": [{"n": 1}], **changes})


@pytest.mark.parametrize(("review", "after_fail"), POLICIES)
@pytest.mark.parametrize("feedback", FEEDBACK)
@pytest.mark.parametrize("is_passed", [True, False])
def test_what_is_said_of_the_time_after_the_end_is_what_the_rules_do(
    review: str, after_fail: str, feedback: str, is_passed: bool
) -> None:
    these = rules(review=review, after_fail=after_fail, feedback=feedback)
    said = words.say_after(these, is_passed=is_passed)
    shows_keys = these.shows_questions(is_passed=is_passed)
    marks = these.shows_marks(is_passed=is_passed)
    assert ("every question with what is right" in said) == shows_keys
    assert ("objective" in said) == (marks == "objectives")
    assert ("score" in said) == (marks != "nothing")
    assert ("nothing else" in said) == (marks != "objectives")
    assert ("no answers" in said) == (not shows_keys and marks == "objectives")
    assert ("beyond what you have checked" in said) == (feedback != "deferred" and not shows_keys)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"feedback": "deferred"}, "Nothing says whether an answer is right."),
        ({"feedback": "immediate"}, "You can check each answer once. That locks it and shows what is right, and why."),
        (
            {"feedback": "several_tries", "tries_percent": [100, 60, 30]},
            "Of the mark a try can earn: the first 100\u00a0%, the second 60\u00a0% and the third 30\u00a0%. Once",
        ),
    ],
)
def test_each_behaviour_says_what_is_shown_before_the_end(changes: dict[str, Any], said: str) -> None:
    assert said in words.say_feedback(rules(**changes))


@pytest.mark.parametrize(("shuffle", "backtracking", "cases"), list(product([True, False], [True, False], [0, 1])))
def test_order_and_going_back_are_told(shuffle: bool, backtracking: bool, cases: int) -> None:
    plan = [{"n": 3, "case_sets": cases}]
    said = words.say_order(rules(shuffle=shuffle, backtracking=backtracking, plan=plan))
    assert ("random order" in said) == shuffle
    assert ("you cannot go back" in said) == (not backtracking)
    assert ("one case stay together" in said) == bool(cases)


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(1, "1 minute"), (30, "30 minutes"), (60, "1 hour"), (90, "1 hour and 30 minutes"), (1440, "1 day"),
     (2 * 1440 + 61, "2 days, 1 hour and 1 minute")],
)  # fmt: skip
def test_a_wait_is_told_in_days_hours_and_minutes(minutes: int, said: str) -> None:
    assert words.say_duration(minutes) == said


def test_attempts_say_how_many_are_left_and_which_of_them_were_granted() -> None:
    these, granted = rules(attempts_allowed=2, cool_down_minutes=60), Accommodation(extra_attempts=1)
    admission = admit(Kind.QUIZ, these, [], START, extra_attempts=1, has_read=False)
    assert words.say_attempts(these, admission, granted) == (
        "3 in all (1 of them granted to you), 3 left; 1 hour from the end of one to the start of the next. "
        "Questions that you have not had yet come first."
    )
    free = rules()
    said = words.say_attempts(free, admit(Kind.QUIZ, free, [], START, has_read=False), granted)
    assert said.startswith("As many as you like. ")


def test_every_rule_of_a_module_is_listed_once(app: Flask) -> None:
    with app.app_context(), app.test_request_context():
        for module_id in (FIRST, SECOND):
            module = studying.get_standing(ALICE.id, module_id)[1].module
            admission = admit(Kind.QUIZ, module.facts.quiz, [], START, has_read=False)
            lines = words.list_rules(module, admission, Accommodation())
            names = [name for name, _ in lines]
            assert len(set(names)) == len(names)
            assert ("Must pass" in names) == bool(module.must_pass)
            assert dict(lines)["Honour statement"].startswith("“These are my own answers.”")
