"""Taking a quiz through its pages: every button works as a plain form, and what is kept is never lost."""

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from quizapp.store.attempts import StepRow
from quizapp.store.db import db, reading
from tests.conftest import MakeApp, SignIn
from tests.content import FIRST, N_FIRST, N_PRACTICE, N_SECOND, SECOND, find_marks, right_letters, wrong_letters
from tests.people import ALICE, MALLORY, Clock, sign_in
from tests.web.taker import JSON, Taker, begin, chosen, field, passed


@pytest.fixture
def quiz(app: Flask, alice: FlaskClient) -> Taker:
    """Alice's open quiz of the first module."""
    return begin(app, alice, ALICE)


@pytest.fixture
def practice(app: Flask, alice: FlaskClient) -> Taker:
    """Alice's open practice set of the first module."""
    return begin(app, alice, ALICE, kind="practice")


def test_starting_leads_to_the_first_question_and_going_on_to_the_first_open_one(quiz: Taker) -> None:
    page = quiz.client.get(quiz.url, follow_redirects=True)
    assert page.status_code == 200
    assert f"Question 1 of {N_FIRST}" in page.text
    answer = quiz.post(1, ["A"])
    assert answer.location == f"{quiz.url}/questions/2"
    assert quiz.client.get(quiz.url).location == f"{quiz.url}/questions/2"


def test_what_was_answered_is_selected_when_the_page_is_opened_again(quiz: Taker) -> None:
    quiz.post(1, ["B"], sure="think_so")
    page = quiz.open(1)
    assert chosen(page, 1) == ["B"]
    assert 'value="think_so" checked' in page
    assert field(page, "q1-seq") == "2"


@pytest.mark.parametrize(
    ("go", "leads_to"),
    [
        ("next", "questions/3"), ("prev", "questions/1"), ("to-5", "questions/5"), ("check", "check"),
        ("to-999", "check"), ("to-0", "questions/1"), ("to-x", "questions/2"), ("flag-2", "questions/2"),
        ("strike-2:A", "questions/2"), ("made-up", "questions/2"), ("", "check"),
    ],
)  # fmt: skip
def test_each_button_keeps_the_answer_and_goes_where_it_says(quiz: Taker, go: str, leads_to: str) -> None:
    answer = quiz.post(2, ["B"], go=go)
    assert answer.status_code == 302
    assert answer.location == f"{quiz.url}/{leads_to}"
    assert chosen(quiz.open(2), 2) == ["B"]


def test_leaving_keeps_the_answer_and_says_so(quiz: Taker) -> None:
    answer = quiz.post(2, ["B"], go="leave")
    assert answer.location == "/learn/"
    assert "Saved." in quiz.client.get("/learn/").text
    assert chosen(quiz.open(2), 2) == ["B"]


def test_the_last_question_leads_to_the_check(quiz: Taker) -> None:
    assert quiz.post(N_FIRST, ["A"]).location == f"{quiz.url}/check"


def test_ruling_out_a_chosen_option_takes_the_choice_back_and_choosing_brings_it_back(quiz: Taker) -> None:
    quiz.post(1, ["B"], go="strike-1:B")
    page = quiz.open(1)
    assert chosen(page, 1) == []
    assert 'name="q1-struck" value="B"' in page
    quiz.post(1, ["B"], seq=field(page, "q1-seq"), struck=["B"])
    page = quiz.open(1)
    assert chosen(page, 1) == ["B"]
    assert "q1-struck" not in page


def test_flagging_is_a_switch(quiz: Taker) -> None:
    quiz.post(1, [], go="flag-1")
    page = quiz.open(1)
    assert field(page, "q1-flag") == "1"
    quiz.post(1, [], go="flag-1", flag="1", seq=field(page, "q1-seq"))
    assert field(quiz.open(1), "q1-flag") == ""


def test_the_check_lists_what_has_no_answer_and_finishing_asks_for_ones_own_word(quiz: Taker) -> None:
    quiz.post(1, ["A"])
    page = quiz.client.get(f"{quiz.url}/check").text
    assert f"{N_FIRST - 1} questions have no answer" in page
    refused = quiz.client.post(f"{quiz.url}/check", data={})
    assert refused.status_code == 400
    assert "One thing is missing" in refused.text
    assert quiz.client.get(f"{quiz.url}/result").status_code == 409
    assert quiz.finish().location == f"{quiz.url}/result"


def test_a_pass_is_told_with_reasons_and_opens_the_next_module(quiz: Taker) -> None:
    quiz.answer_all(n_wrong=1)
    quiz.finish()
    page = quiz.client.get(f"{quiz.url}/result").text
    assert "You passed: " in page
    assert "RATIONALE-" in page
    assert "J Marbles" in page, "sources behind the reasons are listed"
    review = quiz.client.get(f"{quiz.url}/review/1")
    assert review.status_code == 200
    assert "RATIONALE-" in review.text
    assert quiz.client.post(f"/quiz/modules/{SECOND}/quiz").status_code == 302


def test_a_result_that_is_not_a_pass_gives_no_reason_away(quiz: Taker) -> None:
    quiz.answer_all(n_wrong=N_FIRST)
    quiz.finish()
    page = quiz.client.get(f"{quiz.url}/result").text
    assert "Not yet passed: 0 of" in page
    assert find_marks(page) == []
    assert "Take the quiz again" in page
    assert quiz.client.get(f"{quiz.url}/review/1").status_code == 409


def test_the_filters_of_a_result_show_what_they_say(quiz: Taker) -> None:
    quiz.post(1, wrong_letters(quiz.questions()[0]), sure="sure", flag="1")
    for q in quiz.questions()[1:]:
        quiz.post(q.number, right_letters(q))
    quiz.finish()
    for shown, n in (("all", N_FIRST), ("missed", 1), ("sure", 1), ("flagged", 1), ("made-up", N_FIRST)):
        page = quiz.client.get(f"{quiz.url}/result?show={shown}").text
        assert page.count('class="review-body"') == n, shown


def test_a_finished_attempt_leads_to_its_result_from_everywhere(quiz: Taker) -> None:
    quiz.finish()
    for path in ("", "/questions/1", "/all", "/check"):
        assert quiz.client.get(quiz.url + path).location == f"{quiz.url}/result"
    assert quiz.finish().location == f"{quiz.url}/result"
    refused = quiz.post(1, ["A"])
    assert refused.status_code == 409
    assert "finished" in refused.text


def test_a_locked_module_is_refused_with_the_name_of_the_one_that_opens_it(app: Flask, alice: FlaskClient) -> None:
    refused = alice.post(f"/quiz/modules/{SECOND}/quiz")
    assert refused.status_code == 409
    assert "Marbles that roll" in refused.text


@pytest.mark.parametrize("path", [f"modules/{FIRST}/exam", "modules/third/quiz"])
def test_only_what_is_there_can_be_started(alice: FlaskClient, path: str) -> None:
    assert alice.post(f"/quiz/{path}").status_code == 404


def test_all_questions_on_one_page_are_saved_together(app: Flask, alice: FlaskClient) -> None:
    passed(app, alice, ALICE)
    quiz = begin(app, alice, ALICE, SECOND)
    assert alice.get(quiz.url).location == f"{quiz.url}/all#q1"
    assert alice.get(f"{quiz.url}/questions/3").location == f"{quiz.url}/all#q1"
    page = alice.get(f"{quiz.url}/all").text
    assert page.count("<fieldset") == 2 * N_SECOND
    data: dict[str, Any] = {"n": [str(n) for n in range(1, N_SECOND + 1)], "go": "check"}
    for q in quiz.questions():
        data[f"q{q.number}-answer"] = right_letters(q)
    assert alice.post(f"{quiz.url}/answers", data=data).location == f"{quiz.url}/check"
    assert "20 of 20 answered" in alice.get(f"{quiz.url}/check").text
    quiz.finish()
    assert "You passed: 20 of 20" in alice.get(f"{quiz.url}/result").text


def test_practice_shows_reasons_after_each_check_and_before_none(practice: Taker) -> None:
    assert find_marks(practice.open(1)) == []
    refused = practice.post(1, [], go="mark-1")
    assert "Answer first" in practice.client.get(refused.location).text
    page = practice.client.post(
        f"{practice.url}/answers", data={**practice.fields(1, ["A"]), "go": "mark-1"}, follow_redirects=True
    ).text
    assert "RATIONALE-" in page
    assert "right answer" in page
    assert " disabled" in page
    assert find_marks(practice.open(2)) == []
    late = practice.post(1, ["B"], seq="99")
    assert late.status_code == 409
    finished = practice.client.post(f"{practice.url}/check")
    assert finished.location == f"{practice.url}/result"
    page = practice.client.get(finished.location).text
    assert "Practice only" in page
    assert page.count('class="review-body"') == N_PRACTICE


def test_a_scored_answer_cannot_be_checked_early_whatever_button_is_made_up(quiz: Taker) -> None:
    page = quiz.client.post(
        f"{quiz.url}/answers", data={**quiz.fields(1, ["A"]), "go": "mark-1"}, follow_redirects=True
    ).text
    assert "after you finish" in page
    assert find_marks(page) == []


def test_an_answer_changed_in_another_tab_is_shown_beside_the_one_of_this_page(quiz: Taker) -> None:
    page = quiz.open(1)
    quiz.post(1, ["A"])
    late = quiz.post(1, ["B"], seq=field(page, "q1-seq"))
    assert late.status_code == 409
    assert "was changed in another tab" in late.text
    assert chosen(late.text, 1) == ["B"], "what this page holds stays on it"
    assert "<strong>A. " in late.text, "what is kept is named"
    assert chosen(quiz.open(1), 1) == ["A"]
    again = quiz.post(1, ["B"], seq=field(late.text, "q1-seq"))
    assert again.status_code == 302
    assert chosen(quiz.open(1), 1) == ["B"]


def test_what_keeps_the_own_answer_is_the_button_that_the_layout_has(app: Flask, alice: FlaskClient) -> None:
    passed(app, alice, ALICE)
    one, every = begin(app, alice, ALICE), begin(app, alice, ALICE, SECOND)
    for quiz, number, button in (
        (one, 1, "Save and next"),
        (one, N_FIRST, "Save and check"),
        (every, 1, "Save all and check"),
    ):
        quiz.post(number, ["A"])
        page = quiz.post(number, ["B"]).text
        assert f"Press <strong>{button}</strong> to keep this one instead" in page
        assert re.search(rf"btn-primary[^>]*>{button} ", page)


def test_a_background_save_says_what_is_kept_slot_by_slot(quiz: Taker) -> None:
    first = quiz.save(1, ["A"], tab="t", tab_seq=1)
    assert first.status_code == 200
    assert first.json is not None
    told = {"number": 1, "seq": 2, "verdict": "accept", "kept": "", "caution": "", "locked": False}
    assert first.json["slots"][0] | {"kept": ""} == told
    again = quiz.save(1, ["A"], tab="t", tab_seq=1)
    assert again.json is not None
    assert again.json["slots"][0]["verdict"] == "repeat"
    stale = quiz.save(1, ["B"], tab="other", tab_seq=1)
    assert stale.json is not None
    assert stale.json["slots"][0]["verdict"] == "stale"
    assert stale.json["slots"][0]["kept"].startswith("A. ")


def test_a_background_save_of_a_stranger_or_with_an_ended_sign_in_gets_a_status_and_not_a_page(
    app: Flask, quiz: Taker
) -> None:
    stranger = Taker(app, app.test_client(), ALICE, quiz.attempt_id)
    answer = stranger.save(1, ["A"])
    assert answer.status_code == 401
    assert answer.json == {"error": "Not saved: sign in again."}


@pytest.mark.parametrize(
    "data",
    [
        {},
        *({"n": numbers} for numbers in (["0"], ["-1"], ["7"], ["x"], ["9" * 30], ["1", "99"], ["١"])),
        {"n": ["1"], "q1-answer": ["Z" * 9000, "\x01", "🙂"], "q1-seq": "x" * 500, "q1-sure": "[]"},
        {"n": ["1"], "q1-answer": ["A"] * 300, "q1-struck": ["A"] * 300, "tab": "t" * 500, "tab_seq": "-5"},
    ],
)
def test_whatever_is_posted_is_answered_with_a_page_and_never_a_fault(quiz: Taker, data: dict[str, Any]) -> None:
    for path in ("save", "answers"):
        answer = quiz.client.post(f"{quiz.url}/{path}", data=data)
        assert answer.status_code in {200, 302, 404}, answer.text
    assert quiz.client.post(f"{quiz.url}/answers", data={"n": "1", "q1-answer": "\x00"}).status_code == 400
    assert quiz.client.get(f"{quiz.url}/check").status_code == 200


def test_forms_carry_a_token_and_without_it_nothing_is_kept(make_app: MakeApp, clock: Clock) -> None:
    app = make_app(WTF_CSRF_ENABLED=True)
    alice = sign_in(app, ALICE, clock)
    page = alice.get(f"/learn/modules/{FIRST}").text
    token = field(page, "csrf_token")
    assert alice.post(f"/quiz/modules/{FIRST}/quiz").status_code == 400
    started = alice.post(f"/quiz/modules/{FIRST}/quiz", data={"csrf_token": token})
    quiz = Taker(app, alice, ALICE, int(started.location.split("/")[3]))
    assert quiz.post(1, ["A"]).status_code == 400
    assert quiz.save(1, ["A"]).status_code == 400
    assert chosen(quiz.open(1), 1) == []
    clock.advance(hours=20)  # a page that stays open for long still saves
    data = {**quiz.fields(1, ["A"]), "csrf_token": token}
    assert alice.post(f"{quiz.url}/answers", data=data).status_code == 302
    assert chosen(quiz.open(1), 1) == ["A"]


@pytest.mark.each_database
def test_four_threads_that_save_fifty_times_each_see_no_lock_and_lose_nothing(app: Flask, clock: Clock) -> None:
    takers = [begin(app, sign_in(app, person, clock), person) for person in (ALICE, MALLORY) for _ in range(2)]

    def save_often(thread: int) -> list[tuple[int, str, int]]:
        """The first two share an attempt, and so do the other two; each thread has questions of its own."""
        taker, kept = takers[thread], []
        first = 1 + 3 * (thread % 2)
        for i in range(50):
            number, letter = first + i % 3, "AB"[i // 3 % 2]
            answer = taker.save(number, [letter], tab=f"tab{thread}", tab_seq=i + 1)
            assert answer.status_code == 200, answer.text
            assert answer.json is not None
            slot = answer.json["slots"][0]
            assert slot["verdict"] == "accept", (i, slot)
            kept.append((number, letter, slot["seq"]))
        return kept

    with ThreadPoolExecutor(4) as pool:
        acknowledged = list(pool.map(save_often, range(4)))
    for taker, kept in zip(takers, acknowledged, strict=True):
        last = {number: letter for number, letter, _ in kept}
        for number, letter in last.items():
            assert chosen(taker.open(number), number) == [letter]
    for pair in ((0, 1), (2, 3)):
        seqs = sorted(seq for thread in pair for _, _, seq in acknowledged[thread])
        assert seqs == list(range(2, 102)), "each acknowledged save is a step of its own, without gaps"
    with app.app_context(), reading() as connection:
        assert connection.scalar(select(func.count()).select_from(StepRow)) == 2 + 200


def test_a_full_disk_is_told_with_the_answer_still_on_the_page_and_nothing_is_lost(app: Flask, quiz: Taker) -> None:
    limit: list[int] = []

    def set_limit(connection: Any, *_: Any) -> None:
        pages = limit[0] if limit else 2**31 - 2
        connection.execute(f"PRAGMA max_page_count={pages}").close()

    with app.app_context():
        event.listen(db.engine, "checkout", set_limit)
    acknowledged, seq = [], 0
    limit.append(1)  # SQLite raises it to what there is, so from now on the file cannot grow
    for i in range(400):
        letter = "AB"[i % 2]
        answer = quiz.post(1, [letter], seq=str(seq))
        if answer.status_code == 503:
            break
        acknowledged.append(letter)
        seq = int(field(quiz.open(1), "q1-seq"))
    else:
        pytest.fail("the disk never filled up")
    assert answer.headers["Retry-After"] == "30"
    assert "We could not save this just now" in answer.text
    assert chosen(answer.text, 1) == [letter], "the answer is still on the page"
    in_background = quiz.save(1, [letter], seq=str(seq))
    assert in_background.status_code == 503
    assert in_background.headers["Retry-After"] == "30"
    assert chosen(quiz.open(1), 1) == acknowledged[-1:], "what was acknowledged is there"
    limit.clear()
    assert quiz.post(1, [letter], seq=field(answer.text, "q1-seq")).status_code == 302
    assert chosen(quiz.open(1), 1) == [letter]
    with app.app_context(), reading() as connection:
        saves = connection.execute(select(StepRow.data).where(StepRow.position == 0).order_by(StepRow.seq)).all()
    assert len(saves) == len(acknowledged) + 1, "every acknowledged save is a step"


def test_a_locked_database_is_told_and_the_same_save_works_afterwards(app: Flask, quiz: Taker, database: str) -> None:
    with app.app_context():
        event.listen(db.engine, "checkout", lambda c, *_: c.execute("PRAGMA busy_timeout=50").close())
    other = sqlite3.connect(database.removeprefix("sqlite:///"), isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        refused = quiz.post(1, ["A"])
        assert refused.status_code == 503
        assert chosen(refused.text, 1) == ["A"]
        assert quiz.client.get("/learn/").status_code == 200, "reading goes on"
        assert quiz.client.post(f"{quiz.url}/check", data={"own": "y"}).status_code == 503
        other.execute("ROLLBACK")
    finally:
        other.close()
    assert quiz.post(1, ["A"], seq=field(refused.text, "q1-seq")).status_code == 302
    assert chosen(quiz.open(1), 1) == ["A"]


def test_an_answer_that_cannot_be_kept_after_the_end_is_still_on_the_page(
    app: Flask, quiz: Taker, database: str
) -> None:
    quiz.finish()
    with app.app_context():
        event.listen(db.engine, "checkout", lambda c, *_: c.execute("PRAGMA busy_timeout=50").close())
    other = sqlite3.connect(database.removeprefix("sqlite:///"), isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        refused = quiz.post(2, ["A"])
        assert (refused.status_code, chosen(refused.text, 2)) == (503, ["A"])
    finally:
        other.close()


def test_somebody_else_sees_nothing_of_an_attempt(app: Flask, quiz: Taker, sign_in: SignIn) -> None:
    mallory = sign_in(MALLORY)
    for path in ("", "/questions/1", "/all", "/check", "/result", "/review/1"):
        assert mallory.get(quiz.url + path).status_code == 404
    for path in ("/answers", "/save", "/check"):
        assert mallory.post(quiz.url + path, data={"n": "1", "own": "y"}).status_code == 404
    answer = mallory.post(f"{quiz.url}/save", data={"n": "1"}, headers=JSON)
    assert answer.status_code == 404
    assert answer.json is not None
    assert set(answer.json) == {"error", "request_id"}
