"""Time limits as the pages tell them: before the start, on each question, after the end, and to the script."""

import datetime as dt
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.services import closing, publishing
from tests.content import FIRST, N_FIRST, write_course
from tests.people import ALICE, Clock
from tests.web.taker import Taker, begin, chosen
from tests.web.test_harness import BUDGETS, OTHER_BUDGET, statements

LIMIT_MINUTES = 30
ENDED = "The time ended at 20:30; what was saved by then was graded."
LATE = "This arrived after the time ended. It is kept and marked late; it does not count."


@pytest.fixture
def quiz(app: Flask, alice: FlaskClient, clock: Clock, tmp_path: Path) -> Taker:
    """Alice's open quiz, begun at 9:00 UTC, which is 20:00 where she lives, for half an hour."""
    with app.app_context():
        assert not publishing.publish_course(write_course(tmp_path / "timed", LIMIT_MINUTES), clock()).problems
    return begin(app, alice, ALICE)


def end(clock: Clock) -> None:
    """Go past the end and the grace."""
    clock.advance(minutes=LIMIT_MINUTES, seconds=10, microseconds=1)


def test_a_limit_is_told_before_the_start_and_none_is_not_mentioned(
    app: Flask, alice: FlaskClient, clock: Clock, tmp_path: Path
) -> None:
    assert "Time limit" not in alice.get(f"/learn/modules/{FIRST}").text
    with app.app_context():
        publishing.publish_course(write_course(tmp_path / "timed", LIMIT_MINUTES), clock())
    page = alice.get(f"/learn/modules/{FIRST}").text
    assert "30 minutes, then it closes by itself; answers sent up to 10 seconds later still count" in page
    app.config["GRACE_SECONDS"] = 0
    assert "30 minutes, then it closes by itself</dd>" in alice.get(f"/learn/modules/{FIRST}").text


def test_a_question_page_says_when_the_time_ends_where_the_person_lives_and_once_that_it_goes_on(quiz: Taker) -> None:
    page = quiz.open(1)
    assert page.count("Ends at 20:30") == 1
    assert page.count("The time goes on while you are offline.") == 1
    assert "or the time ends at 20:30" in quiz.client.get(f"{quiz.url}/check").text


def test_a_quiz_without_a_limit_says_nothing_of_an_end(app: Flask, alice: FlaskClient) -> None:
    quiz = begin(app, alice, ALICE)
    for page in (quiz.open(1), alice.get(f"{quiz.url}/check").text):
        assert "Ends at" not in page
        assert "the time" not in page.lower().replace("show time", "")


def test_after_the_end_every_page_of_the_attempt_leads_to_the_result_which_says_why(quiz: Taker, clock: Clock) -> None:
    quiz.post(1, ["A"])
    end(clock)
    for path in ("/questions/1", "", "/all", "/check"):
        assert quiz.client.get(quiz.url + path).location == f"{quiz.url}/result"
    assert quiz.finish().location == f"{quiz.url}/result"
    page = quiz.client.get(f"{quiz.url}/result").text
    assert ENDED in page
    assert "30 minutes from start to finish" in page
    assert "arrived after that" not in page


@pytest.mark.parametrize(
    "path", ["/learn/", "/learn/courses/small-course", f"/learn/modules/{FIRST}", "/learn/progress"]
)
def test_pages_that_tell_of_attempts_close_what_is_over_first(quiz: Taker, clock: Clock, path: str) -> None:
    assert "Attempt 1" not in quiz.client.get(path).text
    end(clock)
    page = quiz.client.get(path).text
    assert "Continue the quiz" not in page
    assert "in progress" not in page
    assert ENDED in quiz.client.get(f"{quiz.url}/result").text


def test_the_result_itself_closes_what_is_over(quiz: Taker, clock: Clock) -> None:
    assert quiz.client.get(f"{quiz.url}/result").status_code == 409
    end(clock)
    assert ENDED in quiz.client.get(f"{quiz.url}/result").text
    assert quiz.client.get(f"{quiz.url}/review/1").status_code == 409


def test_starting_again_after_the_end_starts_anew(quiz: Taker, clock: Clock) -> None:
    end(clock)
    again = begin(quiz.app, quiz.client, ALICE)
    assert again.attempt_id != quiz.attempt_id
    assert "Ends at 21:00" in again.open(1)


@pytest.mark.parametrize("go", ["next", "leave", "check", "flag-2"])
def test_a_form_that_comes_too_late_leads_to_the_result_and_says_that_it_does_not_count(
    quiz: Taker, clock: Clock, go: str
) -> None:
    quiz.post(1, ["A"])
    end(clock)
    answer = quiz.post(2, ["B"], go=go)
    assert answer.location == f"{quiz.url}/result"
    page = quiz.client.get(answer.location).text
    assert LATE in page
    assert ENDED in page
    assert "An answer to question 2 arrived after that: it is kept and marked late, and does not count." in page
    assert f"of {N_FIRST}" in page


def test_a_form_that_says_what_was_kept_in_time_leads_to_the_result_without_alarm(quiz: Taker, clock: Clock) -> None:
    quiz.post(1, ["A"])
    end(clock)
    for go in ("next", "leave", "mark-1"):
        answer = quiz.post(1, ["A"], go=go)
        assert answer.location == f"{quiz.url}/result"
        assert LATE not in quiz.client.get(answer.location).text


def test_the_script_is_told_that_an_answer_is_late_and_told_the_same_again(quiz: Taker, clock: Clock) -> None:
    in_time = quiz.save(1, ["A"], tab="t", tab_seq=1).json
    end(clock)
    for _ in range(2):
        answer = quiz.save(1, ["B"], tab="t", tab_seq=2)
        assert answer.status_code == 200
        assert answer.json is not None
        assert in_time is not None
        assert answer.json["slots"] == [{**in_time["slots"][0], "verdict": "late"}]
    again = quiz.save(1, ["A"], tab="t", tab_seq=1).json
    assert again is not None
    assert again["slots"] == [{**in_time["slots"][0], "verdict": "repeat"}]


def test_the_script_is_refused_with_a_reason_once_the_attempt_was_finished_by_hand(quiz: Taker, clock: Clock) -> None:
    quiz.finish()
    for _ in range(2):
        refused = quiz.save(1, ["B"], tab="t", tab_seq=2)
        assert refused.status_code == 409
        assert refused.json is not None
        assert refused.json["error"] == "This attempt is finished; its answers stay as they are."
        end(clock)


def test_the_time_goes_on_whoever_is_offline_and_the_clock_of_the_browser_plays_no_part(
    quiz: Taker, clock: Clock
) -> None:
    clock.advance(minutes=LIMIT_MINUTES, seconds=10)
    in_time = quiz.save(1, ["B"], tab="t", tab_seq=1).json
    assert in_time is not None
    assert in_time["slots"][0]["verdict"] == "accept"
    clock.advance(microseconds=1)
    late = quiz.save(2, ["B"], tab="t", tab_seq=2).json
    assert late is not None
    assert late["slots"][0]["verdict"] == "late"
    clock.advance(hours=-2)
    assert quiz.client.get(f"{quiz.url}/questions/1").location == f"{quiz.url}/result"
    assert chosen(quiz.client.get(f"{quiz.url}/questions/1").text, 1) == []


def test_a_limit_costs_no_statement_while_the_time_runs_and_closing_stays_within_what_any_page_may_ask(
    quiz: Taker, clock: Clock
) -> None:
    with statements(quiz.app) as sent:
        quiz.open(1)
    assert len(sent) <= BUDGETS["quiz.question"], "\n".join(sent)
    with statements(quiz.app) as sent:
        quiz.save(1, ["A"], tab="t", tab_seq=1)
    assert len(sent) <= BUDGETS["quiz.save"], "\n".join(sent)
    end(clock)
    with statements(quiz.app) as sent:
        quiz.save(2, ["A"], tab="t", tab_seq=2)
    assert len(sent) <= OTHER_BUDGET, "\n".join(sent)
    with statements(quiz.app) as sent:
        quiz.save(3, ["A"], tab="t", tab_seq=3)
    assert len(sent) <= BUDGETS["quiz.save"] + 1, "\n".join(sent)


def test_the_grace_of_the_configuration_is_the_one_in_force(app: Flask, quiz: Taker, clock: Clock) -> None:
    quiz.finish()
    app.config["GRACE_SECONDS"] = 120
    again = begin(app, quiz.client, ALICE)
    clock.advance(minutes=LIMIT_MINUTES, seconds=119)
    with app.app_context():
        assert closing.close_due(clock()) == 0
        assert closing.close_due(clock() + dt.timedelta(seconds=2)) == 1
    assert ENDED in again.client.get(f"{again.url}/result").text
