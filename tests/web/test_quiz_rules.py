"""Pages under every rule of a quiz: what they say before, what they refuse, what they show afterwards."""

import datetime as dt
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.domain.accommodations import Accommodation
from quizapp.domain.attempts import StepKind
from quizapp.services import accommodations, publishing
from quizapp.store import attempts as store
from quizapp.store.db import reading
from tests.content import FIRST, N_FIRST, SECOND, change_quiz, find_marks, write_course
from tests.people import ALICE, CAROL, START, Clock
from tests.web.taker import JSON, Taker, begin
from tests.web.test_harness import statements

MODULE = f"/learn/modules/{FIRST}"
Publish = Callable[..., None]


@pytest.fixture
def publish(app: Flask, tmp_path: Path) -> Publish:
    """Publish the small course with these rules of the first module's quiz."""

    def publish(**rules: Any) -> None:
        with app.app_context():
            report = publishing.publish_course(change_quiz(write_course(tmp_path / "course"), **rules), START)
        assert not report.problems, "\n".join(map(str, report.problems))

    return publish


def words(page: str) -> str:
    """What somebody reads on a page."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ").split())


def taken(app: Flask, client: FlaskClient, n_wrong: int = 0, kind: str = "quiz") -> Taker:
    quiz = begin(app, client, ALICE, kind=kind)
    quiz.answer_all(n_wrong)
    quiz.finish()
    return quiz


# --- before the start -------------------------------------------------------------------------------------------------


def test_a_module_tells_every_rule_of_its_quiz_before_the_start(
    app: Flask, alice: FlaskClient, publish: Publish
) -> None:
    publish(
        attempts_allowed=3, cool_down_minutes=1440, time_limit_minutes=30, opens_at="2026-11-01T09:00:00+11:00",
        closes_at="2026-12-24T18:00:00+11:00", feedback="several_tries", tries_percent=[100, 40], review="never",
        after_fail="score", backtracking=False, shuffle=False, honour={"version": "2026-11", "text": "I worked alone."},
    )  # fmt: skip
    with app.app_context():
        more = Accommodation(extra_attempts=1)
        accommodations.change(ALICE.id, more, reason="Agreed with her", actor_id=CAROL.id, now=START)
    page = words(alice.get(MODULE).text)
    for said in (
        "6 questions, pass mark 5 (80 %)",
        "30 minutes, then it closes by itself; answers sent up to 10 seconds later still count",
        "4 in all (1 of them granted to you), 4 left; 1 day from the end of one to the start of the next.",
        "Opens 1 Nov 2026, 09:00",
        "Closes 24 Dec 2026, 18:00. An attempt that is open then ends then.",
        "They come in the order of the exam plan. Once you go on from a question you cannot go back to it.",
        "Of the mark a try can earn: the first 100 % and the second 40 %.",
        "If you pass Your score and your marks by objective, but no answers beyond what you have checked.",
        "If you do not pass Your score, and nothing else beyond what you have checked.",
        "“I worked alone.” You agree to it when you finish (version 2026-11).",
    ):
        assert said in page, f"{said}\n\n{page}"
    assert "must pass" not in page
    assert "As many as you like" not in page


def test_must_pass_is_told_where_there_is_any(alice: FlaskClient) -> None:
    assert "Every question on an objective marked “must pass” has to be right" in words(
        alice.get(f"/learn/modules/{SECOND}").text
    )


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"attempts_allowed": 1}, "You have used the one attempt that this quiz allows."),
        ({"cool_down_minutes": 90}, "You can take this quiz again from 22 Nov 2026, 21:30."),
        ({"closes_at": "2026-11-22T09:00:00Z"}, "This quiz closed on 22 Nov 2026, 20:00."),
        ({"opens_at": "2026-11-22T10:00:00Z"}, "This quiz opens on 22 Nov 2026, 21:00."),
    ],
)
def test_a_quiz_that_cannot_be_started_says_why_and_when_in_the_persons_zone(
    app: Flask, alice: FlaskClient, publish: Publish, rules: dict[str, Any], said: str
) -> None:
    quiz = taken(app, alice, n_wrong=3)
    publish(**rules)
    page = alice.get(MODULE).text
    assert said in words(page)
    assert re.search(r'<button[^>]* disabled aria-describedby="why-not-quiz">Take the quiz again</button>', page)
    assert f'action="/quiz/modules/{FIRST}/quiz"' not in page
    refused = alice.post(f"/quiz/modules/{FIRST}/quiz")
    assert (refused.status_code, said in words(refused.text)) == (409, True)
    assert alice.post(f"/quiz/modules/{FIRST}/quiz", headers=JSON).json["error"] == said  # type: ignore[index]
    result = alice.get(f"{quiz.url}/result").text
    assert said in words(result)
    assert f'action="/quiz/modules/{FIRST}/quiz"' not in result
    for section in ("on-o1-1", "on-o1-2"):
        alice.post(f"{MODULE}/sections/{section}")
    dashboard = alice.get("/learn/").text
    assert said in words(dashboard)
    assert f'action="/quiz/modules/{FIRST}/quiz"' not in dashboard


def test_the_last_attempt_is_not_called_a_pass_that_may_come_yet(
    app: Flask, alice: FlaskClient, publish: Publish
) -> None:
    publish(attempts_allowed=2)
    assert "Not yet passed: 3 of 6" in words(alice.get(f"{taken(app, alice, n_wrong=3).url}/result").text)
    page = words(alice.get(f"{taken(app, alice, n_wrong=3).url}/result").text)
    assert "Not passed: 3 of 6" in page
    assert "No further attempt" in page


def test_an_attempt_says_when_it_ends_because_the_quiz_closes(
    app: Flask, alice: FlaskClient, publish: Publish, clock: Clock
) -> None:
    publish(closes_at="2026-11-22T10:00:00Z")
    quiz = begin(app, alice, ALICE)
    assert "Ends at 21:00" in words(quiz.open(1))
    clock.advance(hours=2)
    page = words(alice.get(f"{quiz.url}/result").text)
    assert "The time ended at 21:00" in page
    assert "This quiz closed on 22 Nov 2026, 21:00." in page


# --- the honour statement ---------------------------------------------------------------------------------------------


def honour_of(app: Flask, attempt_id: int) -> str:
    with app.app_context(), reading() as connection:
        found = store.find_with_steps(connection, attempt_id)
    assert found is not None
    return next(step.honour for step in found[1].latest if step.kind is StepKind.FINISH)


def test_the_honour_statement_and_its_version_are_shown_agreed_to_and_kept(
    app: Flask, alice: FlaskClient, publish: Publish
) -> None:
    publish(honour={"version": "7", "text": "I worked alone."})
    quiz = begin(app, alice, ALICE)
    publish(honour={"version": "8", "text": "I worked alone and without notes."})
    page = words(alice.get(f"{quiz.url}/check").text)
    assert "I worked alone. I am Alice Learner. Honour statement, version 7" in page, "that of the version being taken"
    refused = alice.post(f"{quiz.url}/check", data={})
    assert refused.status_code == 400
    assert "Tick this box to agree" in refused.text
    assert quiz.finish().status_code == 302
    assert honour_of(app, quiz.attempt_id) == "7"
    assert "You agreed when you finished: “I worked alone.” (honour statement, version 7)" in words(
        alice.get(f"{quiz.url}/result").text
    )


def test_what_time_ended_was_agreed_to_by_nobody(
    app: Flask, alice: FlaskClient, publish: Publish, clock: Clock
) -> None:
    publish(time_limit_minutes=5)
    quiz = begin(app, alice, ALICE)
    clock.advance(hours=1)
    assert "You agreed" not in alice.get(f"{quiz.url}/result").text
    assert honour_of(app, quiz.attempt_id) == ""


# --- what is shown afterwards -----------------------------------------------------------------------------------------

POLICIES = [
    ("finished", "objectives"),
    *((review, after_fail) for review in ("passed", "never") for after_fail in ("objectives", "score", "nothing")),
]


@pytest.mark.parametrize(("review", "after_fail"), POLICIES)
@pytest.mark.parametrize("n_wrong", [0, 3])
def test_after_the_end_pages_show_what_the_rules_say_and_no_more(
    app: Flask, alice: FlaskClient, publish: Publish, review: str, after_fail: str, n_wrong: int
) -> None:
    publish(review=review, after_fail=after_fail)
    quiz = taken(app, alice, n_wrong)
    shows_keys = review == "finished" or (review == "passed" and not n_wrong)
    marks = after_fail if n_wrong else "objectives"
    page = alice.get(f"{quiz.url}/result").text
    n_keys = sum(f"RATIONALE-{q.item_id}-1 " in page for q in quiz.questions())
    assert n_keys == (N_FIRST if shows_keys else 0)
    reviewed = alice.get(f"{quiz.url}/review/1")
    assert reviewed.status_code == (200 if shows_keys else 409)
    assert bool(find_marks(reviewed.text)) == shows_keys
    assert (f"{N_FIRST - n_wrong} of {N_FIRST}" in words(page)) == (marks != "nothing")
    assert ("Say what O1.1 says" in words(page)) == (marks == "objectives")
    progress = words(alice.get("/learn/progress").text)
    assert ("of 4" in progress) == (marks == "objectives"), "marks by objective"
    assert "RATIONALE" not in progress + alice.get("/learn/").text + alice.get(MODULE).text


def test_what_the_rules_keep_back_stays_back_when_they_are_loosened_later(
    app: Flask, alice: FlaskClient, publish: Publish
) -> None:
    publish(review="never", after_fail="nothing")
    quiz = taken(app, alice, n_wrong=3)
    publish(review="finished", after_fail="objectives")
    page = alice.get(f"{quiz.url}/result").text
    assert find_marks(page) == []
    assert "3 of 6" not in words(page)
    assert "no attempt yet" in words(alice.get("/learn/progress").text)


# --- the pre-test -----------------------------------------------------------------------------------------------------


def test_the_pretest_is_offered_taken_and_told_with_the_gain(
    app: Flask, alice: FlaskClient, publish: Publish, clock: Clock
) -> None:
    publish(pretest=True)
    for said in ("Pre-test first", "Take the pre-test"):
        assert said in alice.get(MODULE).text
    pretest = begin(app, alice, ALICE, kind="pretest")
    assert "Module 1 pre-test" in words(pretest.open(1))
    page = alice.get(MODULE).text
    assert "Continue the pre-test" in page
    assert "Your pre-test is still open. Finish it first" in words(page)
    pretest.answer_all(n_wrong=3)
    finish = words(alice.get(f"{pretest.url}/check").text)
    assert "Finish the pre-test" in finish
    assert "Honour" not in finish
    assert alice.post(f"{pretest.url}/check", data={}).status_code == 302
    result = words(alice.get(f"{pretest.url}/result").text)
    assert "Pre-test: 3 of 6" in result
    assert "You passed" not in result
    assert "pass mark" not in result.lower()
    taken(app, alice)
    gain = "Pre-test 3 of 6, first quiz 6 of 6: 50 points of 100 more . Normalised gain 1.0"
    for path in (MODULE, "/learn/progress", f"{pretest.url}/result"):
        assert gain in words(alice.get(path).text), path
    assert "With 6 questions each, this is a hint and no measurement." in words(alice.get(MODULE).text)


def test_a_pretest_that_came_too_late_says_why(alice: FlaskClient, publish: Publish) -> None:
    publish(pretest=True)
    alice.post(f"{MODULE}/sections/on-o1-1")
    page = words(alice.get(MODULE).text)
    assert "The pre-test comes before the lesson, and you have read some of it already." in page
    assert alice.post(f"/quiz/modules/{FIRST}/pretest").status_code == 409


def test_a_full_pretest_leaves_nothing_to_gain(app: Flask, alice: FlaskClient, publish: Publish) -> None:
    publish(pretest=True)
    taken(app, alice, kind="pretest")
    taken(app, alice, n_wrong=3)
    page = words(alice.get(MODULE).text)
    assert "50 points of 100 less" in page
    assert "The pre-test was full, so nothing was left to gain." in page


def test_no_page_of_a_pretest_gives_a_key_away(app: Flask, alice: FlaskClient, publish: Publish) -> None:
    publish(pretest=True, review="finished", feedback="immediate")
    pretest = begin(app, alice, ALICE, kind="pretest")
    sent = [pretest.post(1, ["A"], go="mark-1", seq="0")]
    for is_over in (False, True):
        if is_over:
            pretest.answer_all()
            pretest.finish()
        paths = [f"{pretest.url}/{end}" for end in ("all", "check", "result", "result?show=missed", "report/1")]
        paths += [f"{pretest.url}/{what}/{n}" for what in ("questions", "review") for n in range(1, N_FIRST + 1)]
        paths += ["/learn/", "/learn/progress", MODULE, f"/problems/attempts/{pretest.attempt_id}/1"]
        sent += [alice.get(path) for path in paths]
    for answer in sent:
        assert find_marks(answer.text) == [], answer.request.path
        assert "right answer" not in answer.text.replace("The right answer seems wrong", ""), answer.request.path


@pytest.mark.parametrize("pretest", [False, True])
def test_pages_under_all_rules_keep_to_twelve_statements(
    app: Flask, alice: FlaskClient, publish: Publish, clock: Clock, pretest: bool
) -> None:
    """Warm; the harness counts pages of an application that has just started."""
    rules = {"attempts_allowed": 5, "cool_down_minutes": 1, "closes_at": "2026-12-22T10:00:00Z"}
    publish(pretest=pretest, after_fail="score", **rules)
    urls = [taken(app, alice, kind="pretest").url] if pretest else []
    urls.append(taken(app, alice, n_wrong=3).url)
    clock.at += dt.timedelta(hours=1)
    urls.append(taken(app, alice).url)
    for path in ("/learn/", "/learn/progress", MODULE, *(f"{url}/result" for url in urls)):
        with statements(app) as sent:
            assert alice.get(path).status_code == 200
        assert len(sent) <= 12, f"{path}:\n" + "\n".join(sent)
