"""The clock of an attempt as pages stop it and tell it, and how long a question was looked at."""

from itertools import product
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.domain.accommodations import Accommodation
from quizapp.services import accommodations, publishing
from tests.content import N_FIRST, write_course
from tests.people import ALICE, CAROL, MALLORY, Clock
from tests.web.taker import Taker, begin, chosen, field
from tests.web.test_harness import BUDGETS, statements
from tests.web.test_registrar import LIMIT_MINUTES, words


@pytest.fixture(autouse=True)
def _timed(app: Flask, clock: Clock, tmp_path: Path) -> None:
    """A course whose first quiz has a time limit of half an hour. It is 9:00 UTC, 20:00 where these people live."""
    with app.app_context():
        assert not publishing.publish_course(write_course(tmp_path / "timed", LIMIT_MINUTES), clock()).problems


@pytest.fixture
def quiz(app: Flask, alice: FlaskClient, clock: Clock) -> Taker:
    """Alice's open quiz with ten minutes to pause."""
    granted = Accommodation(pause_minutes=10)
    with app.app_context():
        accommodations.change(ALICE.id, granted, reason="Agreed.", actor_id=CAROL.id, now=clock())
    return begin(app, alice, ALICE)


def test_the_pause_button_keeps_the_answer_and_puts_every_question_away_until_it_goes_on(
    quiz: Taker, clock: Clock
) -> None:
    clock.advance(minutes=5)
    paused = quiz.client.post(f"{quiz.url}/answers", data={**quiz.fields(2, ["B"]), "go": "pause", "at": "2"})
    assert paused.location == f"/clock/{quiz.attempt_id}?at=2"
    page = words(quiz.client.get(paused.location).text)
    assert "Paused" in page
    assert "10 minutes of pause left" in page
    assert "at 20:15, the clock goes on by itself" in page
    assert "the quiz closes at 20:40" in page
    for path in [f"{quiz.url}/questions/{n}" for n in range(1, N_FIRST + 1)] + [f"{quiz.url}/check"]:
        assert quiz.client.get(path).location.startswith(f"/clock/{quiz.attempt_id}")
    stems = [q.stem for q in quiz.questions()]
    assert not any(stem in page for stem in stems)
    clock.advance(minutes=4)
    assert "6 minutes of pause left" in words(quiz.client.get(paused.location).text)
    on = quiz.client.post(f"/clock/{quiz.attempt_id}/resume", data={"at": "2", "go": "on"})
    assert on.location == f"{quiz.url}/questions/2"
    page = quiz.open(2)
    assert chosen(page, 2) == ["B"]
    assert "Ends at 20:34" in page
    assert "You can pause the clock: 6 minutes left." in page


def test_after_the_last_minute_of_pause_the_questions_are_there_again(quiz: Taker, clock: Clock) -> None:
    quiz.post(1, ["A"], go="pause")
    clock.advance(minutes=9, seconds=59)
    assert quiz.client.get(f"{quiz.url}/questions/1").status_code == 302
    clock.advance(seconds=1)
    page = quiz.open(1)
    assert "Ends at 20:40" in page
    assert "Save and pause" not in page
    assert quiz.client.get(f"/clock/{quiz.attempt_id}").location == quiz.url


def test_a_form_from_another_tab_is_kept_and_lets_the_clock_go_on(quiz: Taker, clock: Clock) -> None:
    quiz.post(1, ["A"], go="pause")
    clock.advance(minutes=1)
    assert quiz.post(2, ["B"], go="next").location == f"{quiz.url}/questions/3"
    assert "Ends at 20:31" in quiz.open(2)


def test_a_form_that_says_nothing_new_leaves_the_clock_standing(quiz: Taker, clock: Clock) -> None:
    quiz.post(1, ["A"], go="pause")
    clock.advance(minutes=1)
    assert quiz.post(1, ["A"], go="next").location.startswith(f"/clock/{quiz.attempt_id}")
    assert quiz.post(1, ["A"], go="leave").location == "/learn/"
    assert "Paused" in quiz.client.get(f"{quiz.url}/questions/1", follow_redirects=True).text


def test_one_can_finish_from_the_pause_and_during_it(quiz: Taker, clock: Clock) -> None:
    quiz.post(1, ["A"], go="pause")
    to_check = quiz.client.post(f"/clock/{quiz.attempt_id}/resume", data={"go": "check"})
    assert to_check.location == f"{quiz.url}/check"
    assert "Check before you finish" in quiz.client.get(to_check.location).text
    quiz.post(2, ["A"], go="pause")
    assert quiz.finish().location == f"{quiz.url}/result"
    assert "Not yet passed" in quiz.client.get(f"{quiz.url}/result").text


def test_pausing_without_anything_left_says_so_and_goes_on(app: Flask, mallory: FlaskClient) -> None:
    hers = begin(app, mallory, MALLORY)
    assert "pause the clock" not in hers.open(1)
    answer = hers.client.post(
        f"{hers.url}/answers", data={**hers.fields(1, ["A"]), "go": "pause"}, follow_redirects=True
    )
    assert "The clock goes on: nothing is left to pause." in answer.text
    assert chosen(hers.open(1), 1) == ["A"]


def test_the_clock_of_another_person_is_nobodys_business(quiz: Taker, mallory: FlaskClient) -> None:
    assert mallory.get(f"/clock/{quiz.attempt_id}").status_code == 404
    assert mallory.post(f"/clock/{quiz.attempt_id}/resume").status_code == 404


@pytest.mark.parametrize("at", ["", "0", "-1", "x", "9" * 400, "²"])
def test_going_on_from_nowhere_leads_to_where_one_was(quiz: Taker, at: str) -> None:
    quiz.post(1, ["A"], go="pause")
    answer = quiz.client.post(f"/clock/{quiz.attempt_id}/resume", data={"at": at})
    assert answer.location == quiz.url


def test_a_page_and_a_save_cost_no_statement_more_for_accommodations_and_pauses(quiz: Taker, clock: Clock) -> None:
    quiz.open(1)
    with statements(quiz.app) as sent:
        quiz.open(1)
    assert len(sent) <= BUDGETS["quiz.question"], "\n".join(sent)
    with statements(quiz.app) as sent:
        quiz.save(1, ["A"], tab="t", tab_seq=1, spent="4")
    assert len(sent) <= BUDGETS["quiz.save"], "\n".join(sent)
    quiz.post(1, ["A"], go="pause")
    with statements(quiz.app) as sent:
        quiz.client.get(f"{quiz.url}/questions/1")
    assert len(sent) <= BUDGETS["quiz.question"], "\n".join(sent)


# --- how long a question was looked at ------------------------------------------------------------------------------


def seconds(quiz: Taker, number: int = 1) -> int:
    return quiz.questions()[number - 1].state.answer.seconds


def test_without_script_the_time_between_a_page_and_its_answer_counts_up_to_ten_minutes(
    quiz: Taker, clock: Clock
) -> None:
    for minutes, total in ((1, 60), (2, 180), (15, 780)):
        page = quiz.open(1)
        clock.advance(minutes=minutes)
        more = {"spent": field(page, "q1-spent"), "seq": field(page, "q1-seq")}
        data = {**quiz.fields(1, ["A"], **more), "shown_at": field(page, "shown_at"), "go": "next"}
        for _ in range(2):
            quiz.client.post(f"{quiz.url}/answers", data=data)
            assert seconds(quiz) == total


def test_hostile_times_end_where_they_are_read(quiz: Taker, clock: Clock) -> None:
    clock.advance(seconds=90)
    shown = ["", "0", "-1", "9999999999", "0000000000", "²²²²²²²²²²", "now"]
    for said, shown_at in product(["-5", "x", "1e3", "9" * 400, "²", "1" * 9, "NaN", ""], shown):
        data = {**quiz.fields(1, ["A"], spent=said), "shown_at": shown_at, "go": "next"}
        assert quiz.client.post(f"{quiz.url}/answers", data=data).status_code == 302
        assert 0 <= seconds(quiz) <= 90
    assert chosen(quiz.open(1), 1) == ["A"]


def test_the_time_is_shown_in_the_review_and_as_a_total_with_what_it_is_for(quiz: Taker, clock: Clock) -> None:
    clock.advance(minutes=5)
    quiz.answer_all()
    page = quiz.open(1)
    quiz.save(1, chosen(page, 1), tab="t", tab_seq=1, seq=field(page, "q1-seq"), spent="80")
    quiz.save(2, chosen(quiz.open(2), 2), tab="t", tab_seq=2, seq=field(quiz.open(2), "q2-seq"), spent="1")
    quiz.finish()
    result = words(quiz.client.get(f"{quiz.url}/result").text)
    assert "You looked at the questions for 1 minute 21 seconds in all." in result
    assert "it plays no part in your marks, and nobody uses it for anything else" in result
    assert "You looked at this question for 1 minute 20 seconds." in result
    review = words(quiz.client.get(f"{quiz.url}/review/2").text)
    assert "You looked at this question for 1 second." in review
    assert "You looked" not in words(quiz.client.get(f"{quiz.url}/review/3").text)
