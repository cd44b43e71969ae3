"""Reports of a problem with a question: kept once, told to every author, answered, the answer told to its learner."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import func, select

from quizapp.domain.attempts import Kind
from quizapp.domain.errors import Invalid, NotFound
from quizapp.domain.problem_reports import ProblemKind, ReportState
from quizapp.services import accounts, jobs, mailing, problems, publishing, sheets, starting, taking
from quizapp.services.problems import Now
from quizapp.services.taking import Incoming
from quizapp.store.audit import AuditEntry
from quizapp.store.db import reading, unit_of_work
from quizapp.store.people import delete_people
from quizapp.store.problems import ProblemReportRow
from tests.content import FIRST, N_FIRST, right_letters, write_course
from tests.people import ALICE, BOB, MALLORY, START, ZONE

pytestmark = pytest.mark.each_database
LINK = "https://test.example/author/problems/{}".format
MINE = "https://test.example/problems/"


@pytest.fixture(autouse=True)
def _in_app(app: Flask) -> Iterator[None]:
    context = app.app_context()
    context.push()
    yield
    context.pop()


@pytest.fixture
def attempt() -> int:
    """Alice's open quiz."""
    return starting.start(ALICE.id, FIRST, Kind.QUIZ, 1, START).attempt.id


def report(
    attempt_id: int,
    number: int = 1,
    text: str = "Which marble?",
    token: str = "",
    person_id: int = ALICE.id,
    minutes: float = 1,
) -> None:
    at = START + dt.timedelta(minutes=minutes)
    token = token or f"{minutes}"
    problems.report(person_id, attempt_id, number, ProblemKind.WORDING, text, token=token, link=LINK, now=at)


def answer(
    report_id: int, text: str = "The blue one.", known: int = 0, state: ReportState = ReportState.ANSWERED
) -> problems.Outcome:
    at = START + dt.timedelta(minutes=30)
    return problems.answer(BOB.id, report_id, state, text, known, link=MINE, now=at)


def pass_quiz(attempt_id: int) -> None:
    questions = sheets.get_sheet(ALICE.id, attempt_id).questions
    sent = [Incoming(q.number, {"answer": right_letters(q)}, known_seq=q.state.seq) for q in questions]
    taking.save_answers(ALICE.id, attempt_id, sent, START)
    taking.finish(ALICE.id, attempt_id, START)


def run_jobs(folder: Path) -> list[str]:
    """Do what is due; the letters as (to, text), in one string each."""
    settings = mailing.MailSettings(folder, "a@test.example")
    handlers = {problems.JOB: problems.tell_authors, mailing.KIND: mailing.mail_handler(settings)}
    while jobs.run_due_jobs(handlers, START + dt.timedelta(hours=1)):
        pass
    assert jobs.get_desk()[0]["failed"] == jobs.get_desk()[0]["waiting"] == 0
    return [path.read_text() for path in folder.iterdir()] if folder.exists() else []


def count_rows() -> int:
    with reading() as connection:
        return connection.scalar(select(func.count()).select_from(ProblemReportRow)) or 0


def test_a_report_keeps_who_where_what_and_the_version_that_was_seen(attempt: int) -> None:
    report(attempt, 3, " Line one\r\nline two ")
    (reported,) = problems.get_inbox().listing.reports
    facts = reported.facts
    assert (facts.person_id, facts.attempt_id, reported.number, facts.module_id) == (ALICE.id, attempt, 3, FIRST)
    assert (facts.kind, facts.text, facts.state) == (ProblemKind.WORDING, "Line one\nline two", ReportState.OPEN)
    shown = sheets.get_sheet(ALICE.id, attempt, [3]).questions[0]
    assert (reported.item.id, facts.item_id) == (shown.item_id, shown.item_id)
    assert (reported.now, reported.n_reports) == (Now.SAME, 1)


def test_the_same_form_twice_is_one_report_and_another_form_or_text_is_a_second(attempt: int) -> None:
    for _ in range(2):
        report(attempt, token="t")
    assert count_rows() == 1
    report(attempt, token="t", text="And the red one?")
    report(attempt, token="u")
    assert count_rows() == 3
    assert problems.is_sent(ALICE.id, "t", ProblemKind.WORDING, " Which marble?\r\n")
    assert not problems.is_sent(MALLORY.id, "t", ProblemKind.WORDING, "Which marble?")


def test_two_clicks_at_the_same_moment_make_one_report_and_one_job(app: Flask, attempt: int) -> None:
    start = Barrier(4)

    def click() -> None:
        with app.app_context():
            start.wait()
            report(attempt, token="t")

    threads = [Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count_rows() == 1
    assert jobs.get_desk()[0]["waiting"] == 1


@pytest.mark.parametrize("number", [0, N_FIRST + 1, 99])
def test_only_a_question_of_ones_own_attempt_can_be_reported(attempt: int, number: int) -> None:
    with pytest.raises(NotFound):
        report(attempt, number)
    with pytest.raises(NotFound):
        report(attempt, person_id=MALLORY.id)
    with pytest.raises(NotFound):
        report(attempt + 1)
    assert count_rows() == 0


@pytest.mark.parametrize("text", ["", " \n", "x" * 4001])
def test_nothing_and_too_much_are_refused_on_both_sides(attempt: int, text: str) -> None:
    with pytest.raises(Invalid):
        report(attempt, text=text)
    report(attempt)
    with pytest.raises(Invalid):
        answer(1, text)
    with pytest.raises(Invalid):
        answer(1, state=ReportState.OPEN)


def test_a_report_leaves_the_attempt_as_it_is(attempt: int) -> None:
    before = sheets.get_sheet(ALICE.id, attempt)
    report(attempt)
    assert sheets.get_sheet(ALICE.id, attempt) == before


def test_each_author_gets_one_letter_about_a_report_and_nobody_else_does(attempt: int, tmp_path: Path) -> None:
    accounts.add_person("dora@test.example", "Dora Author", zone=ZONE, roles=("author",), now=START)
    report(attempt, text="secret words")
    problems.tell_authors({"report": 1, "link": LINK(1)}, START)  # a job may be done twice
    letters = run_jobs(tmp_path / "mail")
    assert sorted(line for text in letters for line in text.splitlines() if line.startswith("To:")) == [
        "To: bob@test.example",
        "To: dora@test.example",
    ]
    assert all("/author/problems/1" in text and "secret words" not in text for text in letters)
    assert all(ALICE.email not in text and ALICE.name not in text for text in letters)


def test_an_answer_is_kept_audited_and_told_to_its_learner_once(attempt: int, tmp_path: Path) -> None:
    report(attempt)
    pass_quiz(attempt)
    for _ in range(2):  # a double click
        assert not answer(1, state=ReportState.FIXED).is_stale
    (mine,) = problems.list_own(ALICE.id).reports
    assert (mine.facts.state, mine.facts.answer, mine.facts.version) == (ReportState.FIXED, "The blue one.", 1)
    (to_alice,) = (text for text in run_jobs(tmp_path / "mail") if f"To: {ALICE.email}" in text)
    assert MINE in to_alice
    assert "The blue one." not in to_alice
    with reading() as connection:
        query = select(AuditEntry.actor_id, AuditEntry.before, AuditEntry.after).where(
            AuditEntry.subject == "problem:1"
        )
        ((actor, before, after),) = connection.execute(query).all()
    assert actor == BOB.id
    assert before == {"format": 1, "state": "open", "answer": ""}
    assert after == {"format": 1, "state": "fixed", "answer": "The blue one."}


def test_an_answer_on_an_older_state_changes_nothing_and_a_new_one_is_told_again(attempt: int, tmp_path: Path) -> None:
    report(attempt)
    pass_quiz(attempt)
    answer(1)
    problems.mark_read(ALICE.id, [1], START)
    stale = answer(1, "The red one.", known=0)
    assert stale.is_stale
    assert stale.reported.facts.answer == "The blue one."
    assert problems.list_unread(ALICE.id) == []
    assert not answer(1, "The red one.", known=1).is_stale
    assert [r.facts.answer for r in problems.list_unread(ALICE.id)] == ["The red one."]
    assert sum(f"To: {ALICE.email}" in text for text in run_jobs(tmp_path / "mail")) == 2


def test_an_answer_waits_until_the_quiz_is_finished_for_it_may_give_the_key_away(attempt: int, tmp_path: Path) -> None:
    report(attempt)
    answer(1)
    (mine,) = problems.list_own(ALICE.id).reports
    assert mine.is_held_back
    assert problems.list_unread(ALICE.id) == []
    (to_alice,) = (text for text in run_jobs(tmp_path / "mail") if f"To: {ALICE.email}" in text)
    assert "once you have finished" in to_alice
    assert problems.get_report(1).reported.may_not_see_key
    pass_quiz(attempt)
    (unread,) = problems.list_unread(ALICE.id)
    assert not unread.is_held_back
    assert not problems.get_report(1).reported.may_not_see_key


def test_an_answer_about_a_practice_question_can_be_read_at_once() -> None:
    practice = starting.start(ALICE.id, FIRST, Kind.PRACTICE, 1, START).attempt.id
    report(practice)
    answer(1)
    assert [r.facts.id for r in problems.list_unread(ALICE.id)] == [1]


def test_a_notice_is_put_away_for_its_own_person_only(attempt: int) -> None:
    report(attempt)
    pass_quiz(attempt)
    answer(1)
    problems.mark_read(MALLORY.id, [1], START)
    assert len(problems.list_unread(ALICE.id)) == 1
    problems.mark_read(ALICE.id, [1, 999], START)
    assert problems.list_unread(ALICE.id) == []


def test_the_inbox_has_open_ones_first_by_state_by_question_and_page_by_page(attempt: int) -> None:
    n = problems.PAGE + 3
    for i in range(n):
        report(attempt, number=1 + i % 2, minutes=i)
    for report_id in (n, n - 1, 1):
        answer(report_id)
    seen: list[int] = []
    after = None
    while True:
        listing = problems.get_inbox(after=after).listing
        seen += [r.facts.id for r in listing.reports]
        if listing.after is None:
            break
        after = (listing.after.state is not ReportState.OPEN, listing.after.id)
    assert seen == [*range(n - 2, 1, -1), n, n - 1, 1]
    inbox = problems.get_inbox(ReportState.ANSWERED)
    assert [r.facts.id for r in inbox.listing.reports] == [n, n - 1, 1]
    assert (inbox.counts[ReportState.OPEN], inbox.counts[ReportState.ANSWERED]) == (n - 3, 3)
    item_id = sheets.get_sheet(ALICE.id, attempt, [1]).questions[0].item_id
    about = problems.get_inbox(None, item_id)
    assert {r.number for r in about.listing.reports} == {1}
    assert {r.n_reports for r in about.listing.reports} == {n // 2}
    assert sum(about.counts.values()) == n // 2
    assert problems.get_inbox(None, "no-such-item").listing.reports == ()


def test_a_list_of_own_reports_goes_on_where_its_page_ends(attempt: int) -> None:
    for i in range(problems.PAGE + 1):
        report(attempt, minutes=i)
    first = problems.list_own(ALICE.id)
    assert first.after is not None
    rest = problems.list_own(ALICE.id, first.after.id)
    assert [r.facts.id for r in rest.reports] == [1]
    assert rest.after is None
    assert problems.list_own(MALLORY.id).reports == ()


def test_an_author_sees_the_version_of_then_and_whether_it_has_changed_since(attempt: int, tmp_path: Path) -> None:
    report(attempt, 1)
    report(attempt, 2, minutes=2)
    then = problems.get_report(1)
    course = write_course(tmp_path / "course")
    bank = course / FIRST / "bank.yaml"
    gone = problems.get_report(2).reported.item
    text = bank.read_text("utf-8")
    stem = then.reported.item.stem
    for old, new in ((f"id: {gone.id}\n", "id: first-99\n"), (f"stem: {stem}\n", f"stem: Look again. {stem}\n")):
        assert text.count(old) == 1
        text = text.replace(old, new)
    bank.write_text(text, "utf-8")
    published = publishing.publish_course(course, START)
    assert not published.problems, published.problems
    now = problems.get_report(1)
    assert now.reported.now is Now.CHANGED
    assert (now.reported.item, now.lines) == (then.reported.item, then.lines)
    assert problems.get_report(2).reported.now is Now.GONE
    assert [r.now for r in problems.get_inbox().listing.reports] == [Now.GONE, Now.CHANGED]


def test_an_author_sees_the_options_in_the_order_of_the_learner_and_nothing_of_their_answer(attempt: int) -> None:
    report(attempt, 1)
    before = problems.get_report(1)
    question = sheets.get_sheet(ALICE.id, attempt, [1]).questions[0]
    letters = [line.letter for line in before.lines if hasattr(line, "letter")]
    assert letters == [choice.value for choice in question.ask.choices]
    pass_quiz(attempt)
    assert problems.get_report(1).lines == before.lines


def test_reports_go_with_their_person_and_answers_stay_when_an_author_goes(attempt: int) -> None:
    gone = accounts.add_person("gone@test.example", "Gone Soon", zone=ZONE, roles=("author",), now=START)
    theirs = starting.start(gone, FIRST, Kind.QUIZ, 1, START).attempt.id
    report(theirs, person_id=gone)
    report(attempt)
    at = START + dt.timedelta(minutes=5)
    problems.answer(gone, 2, ReportState.FIXED, "Done.", 0, link=MINE, now=at)
    with unit_of_work() as connection:
        delete_people(connection, [gone])
    with reading() as connection:
        query = select(ProblemReportRow.person_id, ProblemReportRow.answer, ProblemReportRow.answered_by)
        assert connection.execute(query).all() == [(ALICE.id, "Done.", None)]
    with pytest.raises(NotFound):
        problems.get_report(1)
    with pytest.raises(NotFound):
        answer(1)
    problems.tell_authors({"report": 1, "link": LINK(1)}, START)
