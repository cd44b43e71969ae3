"""What a quiz may be told to do, and that versions from before a rule existed do as they did."""

import datetime as dt
from typing import Any

import pytest
from pydantic import ValidationError

from quizapp.domain.attempts import Feedback, Kind
from quizapp.domain.modules import FinalFacts, ModuleFacts, QuizRules

PLAN = {"plan": [{"objective": "O1.1", "n": 1}]}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"opens_at": "2026-12-01T09:00:00"}, "is not a time with a zone"),
        ({"opens_at": "2026-12-01"}, "is not a time with a zone"),
        ({"opens_at": dt.date(2026, 12, 1)}, "is not a time with a zone"),
        ({"opens_at": 1_764_579_600}, "is not a time with a zone"),
        ({"opens_at": "tomorrow"}, "is not a time with a zone"),
        ({"opens_at": "2026-13-01T09:00:00Z"}, "month value is outside"),
        ({"opens_at": "2026-12-01T09:00:00Z", "closes_at": "2026-12-01T09:00:00+00:00"}, "closes before it opens"),
        ({"tries_percent": []}, "never rise"),
        ({"tries_percent": [50, 100]}, "never rise"),
        ({"tries_percent": [120]}, "never rise"),
        ({"review": "finished", "after_fail": "score"}, "nothing is held back"),
        ({"attempts_allowed": 0}, "greater than or equal to 1"),
    ],
)
def test_rules_that_make_no_sense_are_refused(rules: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        QuizRules.model_validate({**PLAN, **rules})


@pytest.mark.parametrize(
    "written", ["2026-12-01T09:00:00+11:00", "2026-11-30T22:00:00Z", "2026-11-30 22:00Z", "2026-11-30T17:00:00.0-05:00"]
)
def test_a_time_with_its_zone_is_the_same_moment_however_it_is_written(written: str) -> None:
    rules = QuizRules.model_validate({**PLAN, "opens_at": written})
    assert rules.opens_at == dt.datetime(2026, 11, 30, 22, 0, tzinfo=dt.UTC)
    assert QuizRules.model_validate(rules.model_dump(mode="json")) == rules


def test_rules_from_before_these_rules_existed_run_as_they_did() -> None:
    old = {"pass_percent": 80, "layout": "one", "feedback": "deferred", "confidence": True, "time_limit_minutes": None}
    rules = QuizRules.model_validate({**old, "plan": [{"objective": "O1.1", "n": 2, "bloom": ["apply"]}]})
    assert (rules.attempts_allowed, rules.cool_down_minutes, rules.opens_at, rules.closes_at) == (None, 0, None, None)
    assert (rules.backtracking, rules.shuffle, rules.pretest) == (True, True, False)
    assert rules.shows_questions(is_passed=True)
    assert not rules.shows_questions(is_passed=False)
    assert rules.shows_marks(is_passed=False) == "objectives"
    assert rules.n_items == 2


def test_a_pretest_runs_as_the_quiz_but_shows_nothing_before_its_end() -> None:
    facts = ModuleFacts.model_construct(quiz=QuizRules.model_validate({**PLAN, "feedback": "several_tries"}))
    rules = facts.rules(Kind.PRETEST)
    assert rules.feedback is Feedback.DEFERRED
    assert rules == facts.quiz.model_copy(update={"feedback": Feedback.DEFERRED})


def test_a_final_has_no_pretest() -> None:
    with pytest.raises(ValidationError, match="no lesson to be tested before"):
        FinalFacts.model_validate(
            {
                "format": 1, "id": "final", "number": 1, "title": "Final", "summary": "All", "audience": "All",
                "estimated_minutes": 1, "needs": "-", "released": "2026-11-22", "reviewed": "2026-11-22",
                "review_due": "2027-11-22", "contact": "a@b", "draws_from": ["first"],
                "people": [{"name": "A", "role": "author", "credentials": "-", "disclosure": "-"}],
                "quiz": {**PLAN, "pretest": True},
            }
        )  # fmt: skip
