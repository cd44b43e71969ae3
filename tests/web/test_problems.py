"""Reporting a problem with a question: from the question and from the review, without losing anything on the way."""

import re
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape
from werkzeug.test import TestResponse

from quizapp.domain.accommodations import Accommodation
from quizapp.domain.problem_reports import ProblemKind, ReportState
from quizapp.services import accommodations, problems, publishing, timing
from tests.conftest import MakeApp
from tests.content import N_FIRST, N_SECOND, SECOND, find_marks, write_course
from tests.people import ALICE, BOB, Clock, sign_in
from tests.steps import add_case
from tests.web.taker import begin, chosen, field, passed

HOSTILE = "</textarea><script>alert(1)</script> {{ 7 * 7 }} ' \" & \u202e مریم 😀\r\n\r\n=cmd()"


def url(attempt_id: int, number: int = 1) -> str:
    return f"/problems/attempts/{attempt_id}/questions/{number}"


def send(client: FlaskClient, attempt_id: int, text: str = "Which marble?", **fields: str) -> TestResponse:
    """Send the form of question 1; `fields` override."""
    data = {"kind": "wording", "text": text, "token": "t", **fields}
    return client.post(url(attempt_id), data=data)


def list_kept(app: Flask) -> list[str]:
    with app.app_context():
        return [reported.facts.text for reported in problems.get_inbox().listing.reports]


def answer(app: Flask, clock: Clock, text: str = "The blue one.") -> None:
    with app.app_context():
        problems.answer(BOB.id, 1, ReportState.FIXED, text, 0, link="https://test.example", now=clock())


def test_the_button_beside_a_question_saves_the_answer_and_leads_to_the_form_and_back(
    app: Flask, alice: FlaskClient
) -> None:
    quiz = begin(app, alice, ALICE)
    assert 'value="report-2"' in quiz.open(2)
    answer = quiz.post(2, ["A"], go="report-2", seq="1")
    assert answer.location == url(quiz.attempt_id, 2)
    page = alice.get(answer.location).text
    assert "Report a problem with question 2" in page
    assert "Your answers are kept" in page
    assert f'href="{quiz.url}/questions/2"' in page
    assert chosen(quiz.open(2), 2) == ["A"]
    back = alice.post(answer.location, data={"kind": "key", "text": "Why?", "token": "t"})
    assert back.location == f"{quiz.url}/questions/2"
    assert "on its way to the authors" in alice.get(back.location).text
    assert alice.get(f"{quiz.url}/result").status_code == 409, "the attempt is still open"


def test_with_all_questions_on_one_page_each_has_its_button_and_the_way_back_leads_to_it(
    app: Flask, alice: FlaskClient
) -> None:
    passed(app, alice, ALICE)
    quiz = begin(app, alice, ALICE, SECOND)
    page = alice.get(f"{quiz.url}/all").text
    assert len(set(re.findall(r'value="(report-\d+)"', page))) == N_SECOND
    numbers = [str(q.number) for q in quiz.questions()]
    data = {"n": numbers, "q7-answer": "B", "go": "report-7"}
    assert alice.post(f"{quiz.url}/answers", data=data).location == url(quiz.attempt_id, 7)
    assert f"{quiz.url}/all#q7" in alice.get(url(quiz.attempt_id, 7)).text
    assert chosen(alice.get(f"{quiz.url}/all").text, 7) == ["B"]


def test_an_answer_that_was_not_saved_keeps_its_page_instead_of_leading_away(app: Flask, alice: FlaskClient) -> None:
    quiz = begin(app, alice, ALICE)
    quiz.post(1, ["A"])
    assert quiz.post(1, ["B"], go="report-1", seq="0").status_code == 409


def test_the_review_leads_to_the_form_too_and_a_report_from_there_to_ones_own_reports(
    app: Flask, alice: FlaskClient
) -> None:
    quiz = passed(app, alice, ALICE)
    assert f'href="{url(quiz.attempt_id, 1)}"' in alice.get(f"{quiz.url}/review/1").text
    page = alice.get(f"{quiz.url}/result").text
    assert all(f'href="{url(quiz.attempt_id, n)}"' in page for n in range(1, N_FIRST + 1))
    assert "mailto:" not in page
    form = alice.get(url(quiz.attempt_id)).text
    assert "Your result" in form
    assert "Your answers are kept" not in form
    answer = send(alice, quiz.attempt_id)
    assert answer.location == "/problems/"
    assert "Which marble?" in alice.get("/problems/").text


@pytest.mark.parametrize("kind", ["quiz", "practice"])
def test_the_form_gives_no_key_and_no_reason_away_while_the_attempt_is_open(
    app: Flask, alice: FlaskClient, clock: Clock, kind: str
) -> None:
    attempt = begin(app, alice, ALICE, kind=kind)
    for question in attempt.questions():
        for page in (
            alice.get(url(attempt.attempt_id, question.number)),
            alice.post(url(attempt.attempt_id, question.number), data={"text": ""}),
            alice.post(url(attempt.attempt_id, question.number), data={"kind": "key", "text": f"a{question.number}"}),
            alice.get("/problems/"),
        ):
            assert find_marks(f"{page.headers}{page.text}", ["RATIONALE-", "KEYTEXT-", "right answer</span>"]) == []


def test_an_answer_by_an_author_is_not_shown_before_the_quiz_is_finished(
    app: Flask, alice: FlaskClient, clock: Clock
) -> None:
    quiz = begin(app, alice, ALICE)
    send(alice, quiz.attempt_id)
    answer(app, clock, "KEYTEXT, of course")
    for path in ("/problems/", "/learn/", url(quiz.attempt_id), f"{quiz.url}/questions/1"):
        assert "KEYTEXT, of course" not in alice.get(path).text, path
    assert "once you have finished this quiz" in alice.get("/problems/").text
    assert "to what you reported" not in alice.get("/learn/").text
    quiz.finish()
    assert "KEYTEXT, of course" in alice.get("/problems/").text
    assert "to what you reported" in alice.get("/learn/").text


def test_the_notice_stays_until_its_button_is_pressed(app: Flask, alice: FlaskClient, clock: Clock) -> None:
    quiz = passed(app, alice, ALICE)
    send(alice, quiz.attempt_id)
    assert "to what you reported" not in alice.get("/learn/").text
    answer(app, clock)
    for _ in range(2):
        assert "An answer to what you reported" in unescape(alice.get("/learn/").text)
        assert "One new answer" in alice.get("/problems/").text
    report_id = field(alice.get("/learn/").text, "report")
    assert alice.post("/problems/read", data={"report": report_id, "next": "dashboard"}).location == "/learn/"
    assert "to what you reported" not in alice.get("/learn/").text
    page = alice.get("/problems/").text
    assert "new answer" not in page
    assert "The blue one." in page


@pytest.mark.parametrize("ids", [["99"], ["x", "-1", "1" * 30], ["²"], []])
def test_putting_away_what_is_not_there_does_nothing(app: Flask, alice: FlaskClient, ids: list[str]) -> None:
    assert alice.post("/problems/read", data={"report": ids, "next": "https://evil.example"}).location == "/problems/"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"text": ""}, "Write a few words first."),
        ({"text": " \r\n "}, "Write a few words first."),
        ({"text": "x" * 4001}, "Shorten it by 1"),
        ({"kind": ""}, "Choose what it is about."),
        ({"kind": "bribery"}, "Not a valid choice"),
    ],
)
def test_what_cannot_be_sent_comes_back_with_what_is_amiss_and_nothing_is_kept(
    app: Flask, alice: FlaskClient, fields: dict[str, str], message: str
) -> None:
    quiz = begin(app, alice, ALICE)
    page = send(alice, quiz.attempt_id, **{"text": "Kept words", **fields})
    assert page.status_code == 400
    assert message in page.text
    assert 'role="alert"' in page.text
    assert fields.get("text", "Kept words").strip() in page.text
    assert list_kept(app) == []


def test_a_form_without_anything_in_it_is_refused(app: Flask, alice: FlaskClient) -> None:
    quiz = begin(app, alice, ALICE)
    assert alice.post(url(quiz.attempt_id)).status_code == 400
    assert list_kept(app) == []


def test_hostile_text_is_shown_as_text_everywhere(app: Flask, alice: FlaskClient, bob: FlaskClient) -> None:
    quiz = begin(app, alice, ALICE)
    refused = send(alice, quiz.attempt_id, HOSTILE, kind="")
    assert "<script>alert" not in refused.text
    assert str(escape("</textarea><script>alert(1)</script> {{ 7 * 7 }}")) in refused.text
    send(alice, quiz.attempt_id, HOSTILE)
    for client, path in ((alice, "/problems/"), (bob, "/author/problems/1"), (bob, "/author/problems")):
        page = client.get(path).text
        assert "<script>alert" not in page
        assert "\u202e" not in page
    assert str(escape("{{ 7 * 7 }} ' \" & مریم".replace("& ", "&  "))) in bob.get("/author/problems/1").text


def test_a_huge_form_is_refused_and_nothing_is_kept(app: Flask, alice: FlaskClient) -> None:
    quiz = begin(app, alice, ALICE)
    assert send(alice, quiz.attempt_id, "x" * 2_000_000).status_code == 413
    assert list_kept(app) == []


def test_a_double_click_is_one_report_and_a_new_form_a_new_one(app: Flask, alice: FlaskClient) -> None:
    quiz = begin(app, alice, ALICE)
    tokens = [field(alice.get(url(quiz.attempt_id)).text, "token") for _ in range(2)]
    assert tokens[0] != tokens[1]
    for token in (tokens[0], tokens[0], tokens[1]):
        assert send(alice, quiz.attempt_id, token=token).status_code == 302
    assert list_kept(app) == ["Which marble?"] * 2


def test_nobody_reports_from_or_looks_into_what_is_somebody_elses(
    app: Flask, alice: FlaskClient, mallory: FlaskClient, client: FlaskClient
) -> None:
    quiz = begin(app, alice, ALICE)
    send(alice, quiz.attempt_id)
    assert mallory.get(url(quiz.attempt_id)).status_code == 404
    assert send(mallory, quiz.attempt_id).status_code == 404
    assert "Which marble?" not in mallory.get("/problems/").text
    assert "No reports yet" in mallory.get("/problems/").text
    assert client.get(url(quiz.attempt_id)).status_code == 302
    assert alice.get(url(quiz.attempt_id, N_FIRST + 1)).status_code == 404
    assert list_kept(app) == ["Which marble?"]


def test_too_many_reports_in_an_hour_are_refused_with_the_text_handed_back(make_app: MakeApp, clock: Clock) -> None:
    app = make_app(RATELIMIT_ENABLED=True, PROBLEM_LIMIT="2 per hour")
    alice = sign_in(app, ALICE, clock)
    quiz = begin(app, alice, ALICE)
    for i in range(2):
        assert send(alice, quiz.attempt_id, f"Report {i}").status_code == 302
    assert send(alice, quiz.attempt_id, "").status_code == 400
    refused = send(alice, quiz.attempt_id, "The third one")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert "Not sent yet" in refused.text
    assert re.search(r"<textarea[^>]*>\s*The third one</textarea>", refused.text)
    assert send(alice, quiz.attempt_id, "Report 1").status_code == 302, "a second click on what is kept is no try"
    assert list_kept(app) == ["Report 1", "Report 0"]


@pytest.mark.parametrize("before", ["", "x", "-1", "999999999999", "0", "1"])
def test_any_place_in_the_list_can_be_asked_for(alice: FlaskClient, before: str) -> None:
    assert alice.get(f"/problems/?before={before}").status_code == 200


def test_older_reports_are_a_page_further(app: Flask, alice: FlaskClient, clock: Clock) -> None:
    quiz = begin(app, alice, ALICE)
    with app.app_context():
        for i in range(problems.PAGE + 2):
            problems.report(
                ALICE.id, quiz.attempt_id, 1, ProblemKind.OTHER, f"Report no. {i}.", token=str(i), link=str, now=clock()
            )
    page = alice.get("/problems/").text
    assert "Report no. 1." not in page
    older = re.search(r'href="(/problems/\?before=\d+)"', page)
    assert older
    assert "Report no. 1." in alice.get(older[1]).text


def test_after_a_quiz_that_is_not_passed_the_form_still_opens_and_shows_the_question_only(
    app: Flask, alice: FlaskClient
) -> None:
    quiz = begin(app, alice, ALICE)
    quiz.finish()
    page = alice.get(url(quiz.attempt_id)).text
    assert find_marks(page, ["RATIONALE-", "KEYTEXT-"]) == []
    assert quiz.questions()[0].stem.split("?")[0] in unescape(page)


def publish_with_case(app: Flask, clock: Clock, folder: Path) -> None:
    """The first module's quiz with half an hour, and a case that unfolds as its questions 3 to 5."""
    with app.app_context():
        published = publishing.publish_course(add_case(write_course(folder / "course", 30)), clock())
    assert not published.problems, published.problems


def test_a_part_of_a_case_cannot_be_reported_before_it_is_shown(
    app: Flask, alice: FlaskClient, clock: Clock, tmp_path: Path
) -> None:
    publish_with_case(app, clock, tmp_path)
    quiz = begin(app, alice, ALICE)
    assert alice.get(url(quiz.attempt_id, 3)).status_code == 200
    for number in (4, 5):
        assert alice.get(url(quiz.attempt_id, number)).status_code == 404
        data = {"kind": "wording", "text": "What is it?", "token": "t"}
        assert alice.post(url(quiz.attempt_id, number), data=data).status_code == 404
    assert list_kept(app) == []


def test_a_part_that_was_never_reached_stays_hidden_after_the_end_while_the_rules_keep_the_questions_back(
    app: Flask, alice: FlaskClient, clock: Clock, tmp_path: Path
) -> None:
    publish_with_case(app, clock, tmp_path)
    quiz = begin(app, alice, ALICE)
    quiz.finish()
    assert alice.get(url(quiz.attempt_id, 3)).status_code == 200
    assert alice.get(url(quiz.attempt_id, 4)).status_code == 404, "what it tells would help in the next attempt"


def test_a_question_that_one_went_on_from_can_still_be_reported_and_the_way_back_leads_on(
    app: Flask, alice: FlaskClient, clock: Clock, tmp_path: Path
) -> None:
    publish_with_case(app, clock, tmp_path)
    quiz = begin(app, alice, ALICE)
    quiz.post(3, ["A"], go="pass-3")
    page = alice.get(url(quiz.attempt_id, 3))
    assert page.status_code == 200
    assert f'href="{quiz.url}/questions/4"' in page.text
    assert alice.post(url(quiz.attempt_id, 3), data={"kind": "key", "text": "B too."}).location.endswith("/questions/4")


def test_a_pause_hides_the_question_here_too_and_takes_nothing_that_was_written(
    app: Flask, alice: FlaskClient, clock: Clock, tmp_path: Path
) -> None:
    publish_with_case(app, clock, tmp_path)
    with app.app_context():
        accommodations.change(ALICE.id, Accommodation(pause_minutes=10), reason="Agreed.", actor_id=None, now=clock())
    quiz = begin(app, alice, ALICE)
    stem = quiz.questions()[0].stem
    assert stem in unescape(alice.get(url(quiz.attempt_id)).text)
    with app.app_context():
        timing.pause(ALICE.id, quiz.attempt_id, clock())
    assert "/clock/" in alice.get(url(quiz.attempt_id)).location
    refused = send(alice, quiz.attempt_id, "Kept words", kind="")
    assert "Kept words" in refused.text
    assert stem not in unescape(refused.text)
    assert send(alice, quiz.attempt_id).status_code == 302
    assert list_kept(app) == ["Which marble?"]
