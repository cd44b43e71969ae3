"""Several tries, no going back and unfolding cases through their pages, as a browser without script shows them."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from quizapp.services import publishing, sheets
from tests.content import FIRST, N_FIRST, find_marks, right_letters, write_course
from tests.people import ALICE, START, Clock
from tests.steps import CASE, VIGNETTE, WORDS, add_case, list_words, set_rules
from tests.web.taker import JSON, Taker, begin, chosen, field

Begin = Callable[..., Taker]


@pytest.fixture
def start(app: Flask, alice: FlaskClient, tmp_path: Path) -> Begin:
    """Publish the small course with one more change, and start Alice's quiz (or practice set) of its first module."""

    def start_with(change: Callable[[Path], Path], kind: str = "quiz", limit_minutes: int | None = None) -> Taker:
        with app.app_context():
            report = publishing.publish_course(change(write_course(tmp_path / "course", limit_minutes)), START)
        assert not report.problems, "\n".join(map(str, report.problems))
        return begin(app, alice, ALICE, kind=kind)

    return start_with


@pytest.fixture
def tries(start: Begin) -> Taker:
    """A quiz with three tries at each question, in which a single best answer is never missing."""
    plan = [{"objective": "O1.1", "n": 5}, {"objective": "O1.2", "n": 1}]
    return start(lambda course: set_rules(course, feedback="several_tries", plan=plan))


@pytest.fixture
def linear(start: Begin) -> Taker:
    """A quiz without backtracking."""
    return start(lambda course: set_rules(course, backtracking=False))


@pytest.fixture
def case(start: Begin) -> Taker:
    """A quiz whose questions 3 to 5 are a case that unfolds."""
    return start(add_case)


def press(taker: Taker, number: int, letters: list[str], go: str = "next", path: str = "") -> str:
    """Press a button with what the page knows, and follow it; the page that comes."""
    page = taker.client.get(f"{taker.url}/{path or f'questions/{number}'}").text
    data = {**taker.fields(number, letters, seq=field(page, f"q{number}-seq")), "at": str(number), "go": go}
    return taker.client.post(f"{taker.url}/answers", data=data, follow_redirects=True).text


def wrong_ones(taker: Taker, number: int) -> list[str]:
    question = next(q for q in taker.questions() if q.number == number)
    return [choice.value for choice in question.ask.choices if choice.value not in right_letters(question)]


def single(taker: Taker) -> int:
    """The number of a question of which one of four options is right."""
    return next(q.number for q in taker.questions() if q.ask.kind == "one_of" and len(q.ask.choices) == 4)


# --- several tries ----------------------------------------------------------------------------------------------------


def test_a_try_that_is_not_right_says_how_many_are_left_and_what_the_next_earns_and_gives_nothing_away(
    tries: Taker,
) -> None:
    n = single(tries)
    first, second, third = wrong_ones(tries, n)
    assert "can earn: 100&nbsp;%, 50&nbsp;%, 25&nbsp;%" in tries.open(n)
    page = press(tries, n, [first], go=f"mark-{n}")
    assert "Not right yet. 2 tries left; the next can earn 50&nbsp;% of the mark." in page
    assert find_marks(page) == []
    assert "right answer" not in page
    assert chosen(page, n) == [first]
    page = press(tries, n, [second], go=f"mark-{n}")
    assert "Not right yet. 1 try left; the next can earn 25&nbsp;% of the mark." in page
    page = press(tries, n, [third], go=f"mark-{n}")
    assert "RATIONALE-" in page
    assert "Not right yet" not in page
    assert page.count(" disabled") >= 4


def test_a_right_answer_opens_its_reasons_at_once(tries: Taker) -> None:
    n = single(tries)
    question = next(q for q in tries.questions() if q.number == n)
    assert "RATIONALE-" in press(tries, n, right_letters(question), go=f"mark-{n}")
    answer = tries.client.post(f"{tries.url}/answers", data={"at": str(n), "go": "next"})
    assert answer.status_code == 302, "a locked question sends nothing, and leads on"


def test_a_check_pressed_twice_in_one_breath_uses_one_try(tries: Taker) -> None:
    n = single(tries)
    seq = field(tries.open(n), f"q{n}-seq")
    for _ in range(2):
        answer = tries.post(n, wrong_ones(tries, n)[:1], go=f"mark-{n}", seq=seq)
        assert answer.status_code == 302
    assert "2 tries left" in tries.open(n)


def test_a_check_of_a_page_that_is_out_of_date_shows_both_answers_and_checks_none(tries: Taker) -> None:
    n = single(tries)
    first, second, _ = wrong_ones(tries, n)
    page = tries.open(n)
    tries.post(n, [first])
    late = tries.post(n, [second], go=f"mark-{n}", seq=field(page, f"q{n}-seq"))
    assert late.status_code == 409
    assert "was changed in another tab" in late.text
    assert "Not right yet" not in tries.open(n)


def test_an_answer_that_comes_after_its_check_in_another_tab_is_handed_back(tries: Taker) -> None:
    n = single(tries)
    question = next(q for q in tries.questions() if q.number == n)
    page = tries.open(n)
    press(tries, n, right_letters(question), go=f"mark-{n}")
    late = tries.post(n, wrong_ones(tries, n)[:1], seq=field(page, f"q{n}-seq"))
    assert late.status_code == 409
    assert f"Question {n} was locked before this arrived" in late.text
    assert re.search(r"Not kept: [A-D]\. OTHERTEXT-", late.text)
    assert re.search(r"it counts: <strong>[A-D]\. KEYTEXT-", late.text)
    assert chosen(late.text, n) == right_letters(question), "the form shows what counts"


def test_a_check_after_the_end_leads_to_the_result(start: Begin, clock: Clock) -> None:
    taker = start(lambda course: set_rules(course, feedback="several_tries"), limit_minutes=10)
    clock.advance(minutes=11)
    answer = taker.post(1, ["A"], go="mark-1")
    assert answer.location == f"{taker.url}/result"
    refused = taker.client.get(answer.location).text
    assert "after the time ended" in refused


def test_the_review_of_a_pass_shows_each_question_once_whatever_was_tried(tries: Taker) -> None:
    tries.answer_all()
    tries.finish()
    assert tries.client.get(f"{tries.url}/result").text.count('class="review-body"') == N_FIRST


# --- no going back ----------------------------------------------------------------------------------------------------


def test_the_page_says_from_the_start_that_there_is_no_way_back(linear: Taker) -> None:
    page = linear.open(1)
    assert "You cannot come back to this question." in page
    assert "Previous" not in page
    assert 'value="prev"' not in page
    assert re.search(r"btn-primary[^>]*>Save and go on ", page)


def test_going_on_locks_and_the_address_of_an_earlier_or_later_one_leads_back_with_a_sentence(linear: Taker) -> None:
    assert "Question 2 of" in press(linear, 1, ["A"])
    back = linear.client.get(f"{linear.url}/questions/1", follow_redirects=True).text
    assert "Question 1 is locked: you went on from it." in back
    assert f"Question 2 of {N_FIRST}" in back
    ahead = linear.client.get(f"{linear.url}/questions/5", follow_redirects=True).text
    assert "Question 5 is not there yet" in ahead
    assert f"Question 2 of {N_FIRST}" in ahead
    assert linear.client.get(f"{linear.url}/questions/{N_FIRST + 1}").status_code == 404


@pytest.mark.parametrize("go", ["to-1", "prev", "to-4", "pass-1", "skip-1", "mark-1"])
def test_no_button_leads_away_from_the_open_question(linear: Taker, go: str) -> None:
    press(linear, 1, ["A"])
    page = linear.client.post(
        f"{linear.url}/answers", data={**linear.fields(2, ["A"], seq="0"), "at": "2", "go": go}, follow_redirects=True
    ).text
    assert f"Question 2 of {N_FIRST}" in page


@pytest.mark.parametrize("go", ["pass-4", "skip-4", "mark-4", "mark-99", "pass-0"])
def test_a_made_up_button_opens_nothing_that_is_ahead(linear: Taker, go: str) -> None:
    answer = linear.post(1, ["A"], go=go)
    assert answer.status_code in {302, 404}
    with linear.app.app_context():
        marks = sheets.get_sheet(ALICE.id, linear.attempt_id, []).marks
    assert [mark.passage for mark in marks] == ["open"] + ["ahead"] * (N_FIRST - 1)


def test_going_on_from_an_empty_question_asks_once(linear: Taker) -> None:
    asked = linear.client.post(f"{linear.url}/answers", data={"n": "1", "q1-seq": "0", "at": "1", "go": "next"})
    assert asked.status_code == 409
    assert "Question 1 has no answer" in asked.text
    assert 'value="skip-1"' in asked.text
    assert f"Question 1 of {N_FIRST}" in linear.client.get(linear.url, follow_redirects=True).text
    page = linear.client.post(
        f"{linear.url}/answers", data={"n": "1", "q1-seq": "0", "at": "1", "go": "skip-1"}, follow_redirects=True
    ).text
    assert f"Question 2 of {N_FIRST}" in page


def test_a_double_click_on_going_on_passes_one_question(linear: Taker) -> None:
    seq = field(linear.open(1), "q1-seq")
    for _ in range(2):
        answer = linear.post(1, ["A"], seq=seq)
        assert answer.location == f"{linear.url}/questions/2"


def test_the_check_page_lists_what_is_locked_without_a_way_back_and_what_is_ahead_without_a_title(
    linear: Taker,
) -> None:
    press(linear, 1, ["A"])
    page = linear.client.get(f"{linear.url}/check").text
    rows = re.findall(r"<tr role=\"row\">.*?</tr>", page, re.DOTALL)[1:]
    assert "locked" in rows[0]
    assert "questions/1" not in page
    assert "Change" in rows[1]
    assert all("not reached yet" in row for row in rows[2:])
    assert f"{linear.url}/questions/2" in rows[2]
    assert f"{N_FIRST - 2} questions are not reached yet" in page
    assert len(re.findall(r"Marble \d+ of first", page)) == 3, "one is locked, one is open and named twice"


def test_an_answer_to_a_passed_question_is_handed_back_on_the_open_one(linear: Taker) -> None:
    page = linear.open(1)
    press(linear, 1, ["A"])
    late = linear.post(1, ["B"], seq=field(page, "q1-seq"))
    assert late.status_code == 409
    assert "Question 1 was locked before this arrived" in late.text
    assert f"Question 2 of {N_FIRST}" in late.text
    assert "Not kept: " in late.text
    saved = linear.save(1, ["B"], tab="t", tab_seq=1)
    assert saved.json is not None
    assert (saved.json["slots"][0]["verdict"], saved.json["slots"][0]["locked"]) == ("stale", True)


def test_an_answer_to_a_locked_question_that_comes_after_the_end_does_not_vanish_without_a_word(
    start: Begin, clock: Clock
) -> None:
    linear = start(lambda course: set_rules(course, backtracking=False), limit_minutes=10)
    page = linear.open(1)
    press(linear, 1, ["A"])
    clock.advance(minutes=11)
    answer = linear.post(1, ["B"], seq=field(page, "q1-seq"))
    assert answer.location == f"{linear.url}/result"
    assert "The answer to question 1 arrived after it was locked" in linear.client.get(answer.location).text


def test_the_map_shows_what_is_locked_and_what_is_ahead(linear: Taker) -> None:
    page = press(linear, 1, ["A"])
    buttons = re.findall(r'<button type="submit" name="go" value="to-\d".*?</button>', page)
    assert [" disabled" in button for button in buttons] == [True, False, True, True, True, True]
    assert "answered, locked" in buttons[0]
    assert "not reached yet" in buttons[2]


# --- a case that unfolds ----------------------------------------------------------------------------------------------


def everything(taker: Taker) -> list[tuple[str, str]]:
    """Every page of the attempt, and the answers of saves and reports, as text with headers."""
    paths = ["", "/all", "/check", "/result"]
    paths += [f"/questions/{n}" for n in range(1, 8)] + [f"/review/{n}" for n in range(1, 8)]
    urls = [taker.url + path for path in paths]
    urls += [f"/problems/attempts/{taker.attempt_id}/questions/{n}" for n in range(1, 7)]
    urls += ["/learn/", "/learn/progress", f"/learn/modules/{FIRST}", "/problems/"]
    found = []
    for url in urls:
        for headers in ({}, JSON):
            answer = taker.client.get(url, headers=headers, follow_redirects=True)
            found.append((url, f"{answer.headers}{answer.text}"))
    for n in range(1, 7):
        for letters in (["A"], []):
            sent = [taker.save(n, letters), taker.post(n, letters, go=f"flag-{n}"), taker.post(n, [], go="report-5")]
            found += [(f"a save of {n}", f"{answer.headers}{answer.text}") for answer in sent]
    return found


def test_a_part_that_is_ahead_is_on_no_page_and_in_no_answer_before_its_turn(case: Taker) -> None:
    for part in (1, 2):
        for where, sent in everything(case):
            assert find_marks(sent, list_words(*range(part + 1, 4))) == [], where
        page = press(case, 2 + part, ["A"])
        _, more, stem, options = WORDS[part]
        assert all(find_marks(page, [word]) for word in (more, stem, *options))


def test_a_part_names_its_case_and_place_above_the_vignette(case: Taker) -> None:
    page = case.open(3)
    assert f"Case: {CASE}, part 1 of 3" in page
    assert page.index("part 1 of 3") < page.index(VIGNETTE)
    assert "The next part appears when you go on from this one" in page
    assert "part 2 of 3" in press(case, 3, ["A"])


def test_what_a_part_adds_to_the_vignette_stands_below_the_word_new(case: Taker) -> None:
    assert ">New<" not in case.open(3)
    second, third = press(case, 3, ["A"]), press(case, 4, ["A"])
    more = [words[1].strip() for words in WORDS]
    assert second.index(">New<") < second.index(more[1])
    assert third.index(more[1]) < third.index(">New<") < third.index(more[2])


def test_a_part_without_an_answer_cannot_be_gone_on_from_but_left_and_finished(case: Taker) -> None:
    asked = case.client.post(f"{case.url}/answers", data={"n": "3", "q3-seq": "0", "at": "3", "go": "next"})
    assert asked.status_code == 409
    assert "The next part appears once this one is answered" in asked.text
    assert "skip-" not in asked.text
    assert case.client.post(f"{case.url}/answers", data={"n": "3", "at": "3", "go": "leave"}).location == "/learn/"
    assert case.finish().location == f"{case.url}/result"


def test_within_a_case_there_is_no_way_back_and_around_it_every_way(case: Taker) -> None:
    press(case, 3, ["A"])
    assert "Question 3 is locked" in case.client.get(f"{case.url}/questions/3", follow_redirects=True).text
    assert case.post(4, ["A"], go="prev").location == f"{case.url}/questions/2"
    assert case.post(2, ["A"]).location == f"{case.url}/questions/4"
    assert case.post(2, ["A"], go="to-6").location == f"{case.url}/questions/6"
    assert case.post(4, ["A"], go="to-6").location == f"{case.url}/questions/6", (
        "leaving a part by the map keeps it open"
    )
    assert case.client.get(f"{case.url}/questions/4").status_code == 200


def test_a_background_save_of_a_part_that_is_ahead_is_not_found(case: Taker) -> None:
    answer = case.save(4, ["A"], tab="t", tab_seq=1)
    assert answer.status_code == 404
    assert find_marks(answer.text, list_words(2, 3)) == []


def test_on_one_page_each_part_appears_after_the_one_before(start: Begin) -> None:
    case = start(lambda course: set_rules(add_case(course), layout="all"))
    for part in (1, 2, 3):
        page = case.client.get(f"{case.url}/all").text
        assert find_marks(page, list_words(*range(part + 1, 4))) == []
        assert WORDS[part - 1][2] in page
        assert page.count("Locked with your answer") == part - 1
        if part < 3:
            answer = case.post(2 + part, ["A"], go=f"pass-{2 + part}")
            assert answer.location == f"{case.url}/all#q{3 + part}"
    refused = case.client.post(f"{case.url}/answers", data={"n": "3", "q3-answer": "B", "go": "check"})
    assert refused.status_code == 409
    assert "Question 3 was locked" in refused.text


def test_on_one_page_an_empty_part_opens_nothing(start: Begin) -> None:
    case = start(lambda course: set_rules(add_case(course), layout="all"))
    asked = case.client.post(f"{case.url}/answers", data={"n": "3", "q3-seq": "0", "go": "pass-3"})
    assert asked.status_code == 409
    assert "This part has no answer yet" in asked.text
    assert find_marks(asked.text, list_words(2, 3)) == []


def test_a_case_unfolds_in_a_practice_set_with_its_reasons_one_by_one(start: Begin) -> None:
    case = start(lambda course: add_case(course, "practice"), kind="practice")
    page = press(case, 4, ["A"], go="mark-4")
    assert "RATIONALE-night-1" in page
    assert "Save and show the next part" in page
    page = case.client.post(f"{case.url}/answers", data={"at": "4", "go": "next"}, follow_redirects=True).text
    assert "part 2 of 3" in page
    assert find_marks(page, [*list_words(3), "RATIONALE-"]) == []
