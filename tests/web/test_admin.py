"""The admin page for jobs."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.services import jobs, mailing
from quizapp.store.db import unit_of_work
from quizapp.store.jobs import MAX_TRIES, add_job
from tests.people import Clock


def refuse(*_: object) -> None:
    raise ConnectionError("the mail server <b>hung up</b>")


def test_without_jobs_the_page_says_that_all_is_well(carol: FlaskClient) -> None:
    page = carol.get("/admin/jobs").text
    assert "0 failed, 0 waiting, 0 done" in page
    assert "Nothing failed and nothing waits." in page


def test_a_job_that_failed_is_shown_with_its_error_and_tried_again_by_a_button(
    app: Flask, carol: FlaskClient, clock: Clock
) -> None:
    with app.app_context():
        with unit_of_work() as connection:
            add_job(connection, "certificate", "1", {}, clock())
        mailing.post_mail_now(to="alice@test.example", subject="Hello", body="secret link", key="1", now=clock())
        for _ in range(MAX_TRIES):
            jobs.run_due_jobs({mailing.KIND: refuse, "certificate": refuse}, clock())
            clock.advance(hours=5)
    page = carol.get("/admin/jobs").text
    assert "2 failed, 0 waiting, 0 done" in page
    assert "ConnectionError: the mail server &lt;b&gt;hung up&lt;/b&gt;" in page
    assert "secret link" not in page
    retry = re.search(r"/admin/jobs/\d+/retry", page)
    assert retry
    assert "The job is due again." in carol.post(retry[0], follow_redirects=True).text
    assert "1 failed, 1 waiting, 0 done" in carol.get("/admin/jobs").text
    assert carol.post(retry[0]).status_code == 404


@pytest.mark.parametrize("who", ["alice", "bob", "mallory"])
def test_only_an_admin_sees_or_retries_jobs(request: pytest.FixtureRequest, who: str) -> None:
    client = request.getfixturevalue(who)
    assert client.get("/admin/jobs").status_code == 403
    assert client.post("/admin/jobs/1/retry").status_code == 403


def test_a_stranger_is_asked_to_sign_in(client: FlaskClient) -> None:
    assert client.get("/admin/jobs").location == "/accounts/sign-in?next=/admin/jobs"
