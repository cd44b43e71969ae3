"""The author's desk: what learners report, and the answers to it."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.domain.problem_reports import ProblemKind
from quizapp.services import accounts, problems, publishing
from tests.content import FIRST, write_course
from tests.kinds import KINDS, add_kinds
from tests.people import ALICE, Clock
from tests.web.taker import Taker, begin, field, passed

DESK = "/author/problems"


@pytest.fixture
def quiz(app: Flask, alice: FlaskClient) -> Taker:
    return passed(app, alice, ALICE)


def report(app: Flask, clock: Clock, attempt_id: int, n: int = 1, number: int = 1) -> None:
    """Alice reports a question `n` times."""
    with app.app_context():
        for i in range(n):
            problems.report(
                ALICE.id,
                attempt_id,
                number,
                ProblemKind.KEY,
                f"Report {i}",
                token=f"{number} {i}",
                link=str,
                now=clock(),
            )


def send(client: FlaskClient, text: str = "The blue one.", **fields: str) -> tuple[int, str]:
    answer = client.post(f"{DESK}/1", data={"state": "fixed", "text": text, "version": "0", **fields})
    return answer.status_code, answer.text


@pytest.mark.parametrize("who", ["alice", "carol", "mallory"])
def test_only_an_author_sees_and_answers_reports(
    request: pytest.FixtureRequest, app: Flask, clock: Clock, quiz: Taker, who: str
) -> None:
    report(app, clock, quiz.attempt_id)
    client = request.getfixturevalue(who)
    assert client.get(DESK).status_code == 403
    assert client.get(f"{DESK}/1").status_code == 403
    assert send(client)[0] == 403


def test_without_reports_the_page_says_where_they_come_from(bob: FlaskClient) -> None:
    page = bob.get(DESK).text
    assert "No reports" in page
    assert "letter about each report" in page
    assert bob.get(f"{DESK}?question=first-1").status_code == 200
    assert bob.get(f"{DESK}/1").status_code == 404


def test_a_report_is_shown_with_its_question_and_key_and_without_a_name(
    app: Flask, clock: Clock, quiz: Taker, bob: FlaskClient
) -> None:
    report(app, clock, quiz.attempt_id)
    (question, *_) = quiz.questions()
    for path in (DESK, f"{DESK}/1"):
        page = bob.get(path).text
        assert question.title in page
        assert "not changed since" in page
        assert "The right answer seems wrong" in page
        assert ALICE.name not in page
        assert ALICE.email not in page
    assert f"RATIONALE-{question.item_id}-1 " in page
    assert "Report 0" in page
    assert "your answer" not in page, "what the learner answered is not the author's business"
    assert "not give it away" not in page
    correct = re.search(r'href="(/author/corrections/quizzes/[^"]+)"', page)
    assert correct
    assert question.title in bob.get(correct[1]).text


@pytest.mark.parametrize("finish", [False, True])
def test_an_author_is_warned_where_the_learner_may_not_know_the_key(
    app: Flask, clock: Clock, alice: FlaskClient, bob: FlaskClient, finish: bool
) -> None:
    quiz = begin(app, alice, ALICE)
    report(app, clock, quiz.attempt_id)
    if finish:
        quiz.finish()
    page = bob.get(f"{DESK}/1").text
    assert ("still taking the quiz" in page) is not finish
    assert "not give it away" in page


def test_an_answer_closes_the_report_and_can_be_changed_later(
    app: Flask, clock: Clock, quiz: Taker, bob: FlaskClient
) -> None:
    report(app, clock, quiz.attempt_id)
    assert "Open 1" in bob.get(DESK).text
    assert send(bob)[0] == 302
    page = bob.get(DESK).text
    assert "Open 0" in page
    assert "Fixed 1" in page
    page = bob.get(f"{DESK}/1").text
    assert "Change the answer" in page
    assert "The blue one.</textarea>" in page
    assert send(bob, "The red one.", version=field(page, "version"), state="declined")[0] == 302
    assert "Left as it is 1" in bob.get(DESK).text


def test_an_answer_that_another_author_was_faster_with_is_handed_back_beside_the_kept_one(
    app: Flask, clock: Clock, quiz: Taker, bob: FlaskClient
) -> None:
    report(app, clock, quiz.attempt_id)
    send(bob)
    status, page = send(bob, "Mine")
    assert status == 409
    assert "Somebody else has answered meanwhile" in page
    assert "The blue one." in page
    assert "Mine</textarea>" in page
    assert send(bob, "Mine", version=field(page, "version"))[0] == 302


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"text": " "}, "Write a few words first."),
        ({"text": "x" * 4001}, "Shorten it by 1"),
        ({"state": ""}, "Choose what became of it."),
        ({"state": "open"}, "Not a valid choice"),
        ({"state": "gone"}, "Not a valid choice"),
    ],
)
def test_an_answer_that_cannot_be_sent_comes_back_with_what_is_amiss(
    app: Flask, clock: Clock, quiz: Taker, bob: FlaskClient, fields: dict[str, str], message: str
) -> None:
    report(app, clock, quiz.attempt_id)
    status, page = send(bob, **{"text": "Kept words", **fields})
    assert status == 400
    assert message in page
    assert fields.get("text", "Kept words").strip() in page
    assert "Open 1" in bob.get(DESK).text


@pytest.mark.parametrize("version", ["", "x", "-1", "²", "9" * 40])
def test_an_answer_on_a_version_that_makes_no_sense_counts_as_one_on_the_first(
    app: Flask, clock: Clock, quiz: Taker, bob: FlaskClient, version: str
) -> None:
    report(app, clock, quiz.attempt_id)
    assert send(bob, version=version)[0] == 302
    assert send(bob, "Another", version=version)[0] == 409


def test_the_list_is_filtered_by_state_and_question_and_goes_on_page_by_page(
    app: Flask, clock: Clock, quiz: Taker, bob: FlaskClient
) -> None:
    report(app, clock, quiz.attempt_id, problems.PAGE + 1)
    report(app, clock, quiz.attempt_id, 0, number=2)
    (question, *_) = quiz.questions()
    assert send(bob)[0] == 302
    page = bob.get(DESK).text
    assert f"{problems.PAGE + 1} times" in page
    more = re.search(r'href="(/author/problems\?after=open-\d+)"', page)
    assert more
    last = bob.get(more[1]).text
    assert re.findall(r'href="/author/problems/(\d+)"', last) == ["1"]
    assert "First page" in last
    assert re.findall(r'href="/author/problems/(\d+)"', bob.get(f"{DESK}?state=fixed").text) == ["1"]
    assert "None here." in bob.get(f"{DESK}?state=declined").text
    about = bob.get(f"{DESK}?question={question.item_id}&state=fixed").text
    assert question.title in about
    assert f"All {problems.PAGE + 1}" in about


@pytest.mark.parametrize("query", ["state=x", "after=x", "after=open-", "after=done-99999999999", "after=open-0",
                                   "question=" + "x" * 500, "state=open&after=done-1&question=%3Cb%3E"])  # fmt: skip
def test_any_query_gets_a_page(app: Flask, clock: Clock, quiz: Taker, bob: FlaskClient, query: str) -> None:
    report(app, clock, quiz.attempt_id)
    page = bob.get(f"{DESK}?{query}")
    assert page.status_code == 200
    assert "<b>" not in page.text


def test_people_are_shown_the_way_to_what_their_roles_look_after(
    app: Flask, clock: Clock, alice: FlaskClient, bob: FlaskClient, carol: FlaskClient
) -> None:
    links = {"alice": alice, "bob": bob, "carol": carol}
    shown = {name: client.get("/pages/privacy").text for name, client in links.items()}
    assert ["Your work" in page for page in shown.values()] == [False, True, True]
    assert [f'href="{DESK}"' in page for page in shown.values()] == [False, True, False]
    assert [f'href="{DESK}"' in client.get("/accounts/").text for client in links.values()] == [False, True, False]
    assert 'href="/author/corrections"' in shown["bob"]
    assert 'href="/admin/jobs"' in shown["carol"]
    with app.app_context():
        accounts.change_role(ALICE.email, "registrar", give=True, reason="", actor_id=None, now=clock())
    assert 'href="/registrar/accommodations"' in alice.get("/pages/privacy").text


def test_a_report_on_any_kind_of_question_is_shown_with_its_key_and_its_figure(
    app: Flask, clock: Clock, alice: FlaskClient, bob: FlaskClient, tmp_path: Path
) -> None:
    with app.app_context():
        published = publishing.publish_course(add_kinds(write_course(tmp_path / "kinds"), FIRST), clock())
    assert not published.problems, published.problems
    practice = begin(app, alice, ALICE, kind="practice")
    for number, kind in enumerate(KINDS, 1):
        report(app, clock, practice.attempt_id, number=number)
        assert alice.get(f"/problems/attempts/{practice.attempt_id}/questions/{number}").status_code == 200
        page = bob.get(f"{DESK}/{number}")
        assert page.status_code == 200
        assert f"A {kind} item" in page.text
        assert page.text.count('class="why') > 0, kind
        assert ('class="picture' in page.text) is (kind in {"hotspot", "labelling"}), kind


@pytest.mark.each_database
def test_a_question_with_a_character_that_nobody_can_type_is_none_that_was_reported(bob: FlaskClient) -> None:
    assert bob.get(f"{DESK}?question=a%00b").status_code == 200
