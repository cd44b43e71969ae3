"""What holds for every page: who may open it, what it never gives away, and how often it asks the database.

Routes are taken from the application itself, so a new one is walked through from its first day. `world.py` has what
they are called with.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from quizapp.app import create_app
from quizapp.commands.site_map import list_routes
from quizapp.services.publishing import publish_course
from quizapp.store.db import db
from quizapp.web.access import ANYONE
from tests import databases
from tests.conftest import app_settings, fill_master
from tests.content import (
    FINAL,
    FIRST,
    N_FIRST,
    N_PRACTICE,
    N_SECOND,
    SECOND,
    add_final,
    change_quiz,
    find_marks,
    right_letters,
    write_course,
)
from tests.people import ALICE, PEOPLE, Clock, Person, sign_in
from tests.web.taker import JSON, Taker, begin, passed
from tests.web.world import FORMS, REFUSED, World, build_world, facts_of, may_open, someone_who_may

_MAP = create_app(app_settings("sqlite://", databases.run_folder() / "map", Clock()))
CALLS = [
    pytest.param(rule, method, id=f"{method} {rule.rule}")
    for rule in list_routes(_MAP)
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
]
PAGES = [pytest.param(rule, id=rule.rule) for rule in list_routes(_MAP) if "GET" in (rule.methods or set())]


def call(app: Flask, client: FlaskClient, world: World, rule: Rule, method: str = "GET") -> TestResponse:
    """Call a route with what is Alice's."""
    data = FORMS.get(rule.endpoint, {}) if method == "POST" else None
    return client.open(world.url(app, rule), method=method, data=data)


# --- who may open what ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "method"), CALLS)
def test_a_page_opens_to_those_it_declares_and_to_nobody_else(
    app: Flask, clock: Clock, rule: Rule, method: str
) -> None:
    facts = facts_of(app, rule)
    with app.app_context():
        world = build_world(clock())
    stranger = call(app, app.test_client(), world, rule, method)
    if facts.access == ANYONE:
        assert stranger.status_code == REFUSED.get((method, rule.endpoint), stranger.status_code)
        assert stranger.status_code < 400 or (method, rule.endpoint) in REFUSED, stranger.text
    else:
        assert stranger.status_code == 302
        assert stranger.location.startswith("/accounts/sign-in")
    for person in sorted(PEOPLE, key=lambda p: p == ALICE):  # Alice last, for only she changes anything
        answer = call(app, sign_in(app, person, clock), world, rule, method)
        assert_answered_by_rule(answer, person, rule, method, facts.access, facts.owns)


def assert_answered_by_rule(
    answer: TestResponse, person: Person, rule: Rule, method: str, access: str, owns: str
) -> None:
    if not may_open(person, facts_of(_MAP, rule)):
        assert answer.status_code == 403, f"{person.name}: {access}"
    elif owns and person != ALICE:
        assert answer.status_code == 404, f"{person.name} may not know of what is Alice's"
    elif (method, rule.endpoint) in REFUSED:
        assert answer.status_code == REFUSED[method, rule.endpoint]
    else:
        assert answer.status_code < 400, f"{person.name}: {answer.status_code} {answer.text[:2000]}"


def test_a_route_with_an_argument_that_names_a_persons_object_declares_whose_it_must_be(app: Flask) -> None:
    for rule in list_routes(app):
        for argument in rule.arguments & {"attempt_id", "sign_in_id"}:
            assert facts_of(app, rule).owns == argument, rule.rule


@pytest.mark.parametrize("rule", PAGES)
def test_every_answer_carries_the_security_headers_and_a_signed_in_one_is_not_stored(
    app: Flask, clock: Clock, rule: Rule
) -> None:
    with app.app_context():
        world = build_world(clock())
    answer = call(app, sign_in(app, someone_who_may(facts_of(app, rule)), clock), world, rule)
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Request-ID"]
    if facts_of(app, rule).access != ANYONE:
        assert answer.headers["Cache-Control"] == "no-store"
    if answer.mimetype == "text/html":
        page = answer.text
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=\"|javascript:", page), "inline code"
        assert len(re.findall(r"<h1[ >]", page)) == 1 or answer.status_code >= 300


# --- what is never given away -----------------------------------------------------------------------------------------


def everything(answer: TestResponse) -> str:
    """Every byte that went to the browser: headers with cookies, and the body."""
    return f"{answer.headers}\n{answer.text}"


def pages_of(taker: Taker) -> Iterator[tuple[str, TestResponse]]:
    """Each page that has to do with an attempt, or that may tell of it."""
    n = len(taker.questions())
    paths = [f"{taker.url}/questions/{i}" for i in range(1, n + 1)]
    paths += [f"{taker.url}{end}" for end in ("", "/all", "/check", "/result", "/result?show=missed")]
    paths += [f"{taker.url}/review/{i}" for i in range(1, n + 1)]
    paths += ["/", "/learn/", "/learn/progress", "/learn/courses/small-course"]
    paths += [f"/learn/modules/{m}" for m in ("first", "second")]
    paths += [f"/learn/modules/first/sections/on-o1-{i}" for i in (1, 2)]
    for path in paths:
        yield path, taker.client.get(path)
        yield f"{path} as JSON", taker.client.get(path, headers=JSON)


def saves_of(taker: Taker) -> Iterator[tuple[str, TestResponse]]:
    """Each answer that a save can get: kept, repeated, out of date, refused."""
    yield "kept", taker.save(1, ["A"], tab="t", tab_seq=1)
    yield "repeated", taker.save(1, ["A"], tab="t", tab_seq=1)
    yield "out of date", taker.save(1, ["B"], tab="u", tab_seq=1)
    yield "out of date, as a page", taker.post(1, ["B"])
    yield "no such question", taker.save(999, ["B"])
    yield "checked too early", taker.post(1, ["A"], go="mark-1", seq="999")
    yield "finished without a word", taker.client.post(f"{taker.url}/check", data={})


def assert_gives_nothing_away(where: str, answer: TestResponse, marks: tuple[str, ...] = ("RATIONALE-",)) -> None:
    sent = everything(answer)
    assert find_marks(sent, marks) == [], where
    if marks == ("RATIONALE-",):
        assert "right answer" not in sent, where
        assert 'class="why' not in sent, where


@pytest.mark.parametrize(("module_id", "n"), [("first", N_FIRST), ("second", N_SECOND)])
def test_an_open_quiz_gives_no_reason_and_no_key_away_on_any_page(
    app: Flask, alice: FlaskClient, module_id: str, n: int
) -> None:
    if module_id == "second":
        passed(app, alice, ALICE)
        quiz = begin(app, alice, ALICE, module_id)
        marks: tuple[str, ...] = ("RATIONALE-second-",)
    else:
        quiz, marks = begin(app, alice, ALICE, module_id), ("RATIONALE-",)
    assert len(quiz.questions()) == n
    for where, answer in (*pages_of(quiz), *saves_of(quiz), *pages_of(quiz)):
        assert_gives_nothing_away(where, answer, marks)


def test_a_quiz_that_is_not_passed_yet_gives_nothing_away_after_its_end_either(app: Flask, alice: FlaskClient) -> None:
    quiz = begin(app, alice, ALICE)
    quiz.answer_all(n_wrong=3)
    quiz.finish()
    assert "Not yet passed" in alice.get(f"{quiz.url}/result").text
    for where, answer in (*pages_of(quiz), *saves_of(quiz)):
        assert_gives_nothing_away(where, answer)


def test_a_pretest_gives_nothing_away_before_its_end_or_after_it(
    app: Flask, alice: FlaskClient, clock: Clock, tmp_path: Path
) -> None:
    rules = {"pretest": True, "review": "finished", "feedback": "immediate"}
    with app.app_context():
        assert not publish_course(change_quiz(write_course(tmp_path / "course"), **rules), clock()).problems
    pretest = begin(app, alice, ALICE, kind="pretest")
    for where, answer in (*pages_of(pretest), *saves_of(pretest), *pages_of(pretest)):
        assert_gives_nothing_away(where, answer)
    assert "Pre-test: " in alice.get(f"{pretest.url}/result").text, "it was finished without a word, as it may be"


def test_a_quiz_that_never_shows_its_answers_gives_nothing_away_after_a_pass(
    app: Flask, alice: FlaskClient, clock: Clock, tmp_path: Path
) -> None:
    with app.app_context():
        course = change_quiz(write_course(tmp_path / "course"), review="never")
        assert not publish_course(course, clock()).problems
    quiz = passed(app, alice, ALICE)
    assert "You passed" in alice.get(f"{quiz.url}/result").text
    for where, answer in (*pages_of(quiz), *saves_of(quiz)):
        assert_gives_nothing_away(where, answer)


def test_practice_gives_nothing_away_before_an_answer_is_checked_and_then_only_about_that_one(
    app: Flask, alice: FlaskClient
) -> None:
    practice = begin(app, alice, ALICE, kind="practice")
    first, *others = practice.questions()
    assert len(others) == N_PRACTICE - 1
    for where, answer in pages_of(practice):
        assert_gives_nothing_away(where, answer)
    checked = alice.post(
        f"{practice.url}/answers",
        data={**practice.fields(1, right_letters(first)), "go": "mark-1"},
        follow_redirects=True,
    )
    assert f"RATIONALE-{first.item_id}-1 " in checked.text
    for where, answer in pages_of(practice):
        assert_gives_nothing_away(where, answer, tuple(f"RATIONALE-{q.item_id}-" for q in others))


def test_after_a_pass_every_reason_is_there_and_a_new_attempt_gives_nothing_away_again(
    app: Flask, alice: FlaskClient, mallory: FlaskClient
) -> None:
    quiz = passed(app, alice, ALICE)
    page = alice.get(f"{quiz.url}/result").text
    for question in quiz.questions():
        for n in range(1, len(question.ask.choices) + 1):
            assert f"RATIONALE-{question.item_id}-{n} " in page
    again = begin(app, alice, ALICE)
    for where, answer in pages_of(again):
        assert_gives_nothing_away(where, answer)
    for where, answer in pages_of(Taker(app, mallory, ALICE, quiz.attempt_id)):
        assert_gives_nothing_away(where, answer)


def test_options_differ_in_letter_and_words_only_and_letters_go_by_place(app: Flask, alice: FlaskClient) -> None:
    quiz = begin(app, alice, ALICE)
    for question in quiz.questions():
        page = quiz.open(question.number)
        options = re.findall(r'<div class="opt">.*?</div>', page, re.DOTALL)
        assert len(options) == len(question.ask.choices)
        letters = [re.search(r'value="(\w)"', option)[1] for option in options]  # type: ignore[index]
        assert letters == list("ABCDEFGHIJ"[: len(letters)])
        bare = {
            re.sub(rf'class="text">.*?</span>|>{x}<|"{x}"|:{x}"|option {x}', "", option)
            for option, x in zip(options, letters, strict=True)
        }
        assert len(bare) == 1, "something in the markup sets one option apart from the others"


def test_nothing_that_is_served_as_a_file_holds_content(app: Flask) -> None:
    for path in Path(app.static_folder or "").rglob("*"):
        if path.is_file() and path.suffix in {".js", ".css", ".svg", ".json"}:
            assert find_marks(path.read_text("utf-8"), ["RATIONALE-", "rationale:"]) == [], path.name


# --- how often the database is asked ----------------------------------------------------------------------------------

BUDGETS = {"quiz.question": 4, "quiz.all_questions": 4, "quiz.save": 5}
OTHER_BUDGET = 12
NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SAVEPOINT", "RELEASE")


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """The statements sent to the database meanwhile; what frames a transaction is not counted."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.lstrip().upper().startswith(NOT_COUNTED):
            sent.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


@dataclass(frozen=True, slots=True)
class Filled:
    """A database in which everything happened once, or often."""

    url: str
    folder: Path
    world: World

    @contextmanager
    def serve(self) -> Iterator[Flask]:
        """An application that has just started: it has nothing of this database in memory."""
        app = create_app(app_settings(self.url, self.folder, Clock()))
        yield app
        with app.app_context():
            db.engine.dispose()


@pytest.fixture(scope="module")
def few_and_many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Filled]]:
    """The same world twice: where everything happened once, and where it happened often."""
    with ExitStack() as stack:
        made = []
        for n_times in (1, 8):
            folder = tmp_path_factory.mktemp("world")
            url = stack.enter_context(databases.sqlite_copy(fill_master, folder))
            app = create_app(app_settings(url, folder, Clock()))
            with app.app_context():
                made.append(Filled(url, folder, build_world(Clock()(), n_times)))
                db.engine.dispose()
        yield made


def count(app: Flask, client: FlaskClient, world: World, rule: Rule, method: str = "GET") -> list[str]:
    with statements(app) as sent:
        answer = call(app, client, world, rule, method)
    assert answer.status_code < 400, answer.text
    return sent


@pytest.mark.parametrize("rule", PAGES)
def test_a_page_keeps_to_its_budget_of_statements_however_much_there_is(few_and_many: list[Filled], rule: Rule) -> None:
    counts = []
    for filled in few_and_many:
        with filled.serve() as app:
            client = sign_in(app, someone_who_may(facts_of(app, rule)), Clock())
            counts.append([count(app, client, filled.world, rule) for _ in ("just started", "warm")])
    few, many = counts
    for at_few, at_many in zip(few, many, strict=True):
        assert len(at_few) <= BUDGETS.get(rule.endpoint, OTHER_BUDGET), "\n".join(at_few)
        assert len(at_many) <= len(at_few), "it grows:\n" + "\n".join(at_many)


@pytest.mark.parametrize("n_slots", [1, N_SECOND])
def test_a_save_keeps_to_its_budget_however_many_answers_it_carries(few_and_many: list[Filled], n_slots: int) -> None:
    numbers = [str(n) for n in range(1, n_slots + 1)]
    data: dict[str, object] = {"n": numbers, "tab": f"tab{n_slots}", "tab_seq": "2"}
    data |= {f"q{n}-answer": "B" for n in numbers} | {f"q{n}-seq": "9999" for n in numbers}
    for filled in few_and_many:
        with filled.serve() as app:
            client = sign_in(app, ALICE, Clock())
            with statements(app) as sent:
                answer = client.post(f"/quiz/attempts/{filled.world.open_all}/save", data=data)
            assert answer.json is not None
            assert {slot["verdict"] for slot in answer.json["slots"]} == {"accept"}
            assert len(sent) <= BUDGETS["quiz.save"], "\n".join(sent)


def test_saving_a_page_and_going_to_the_check_asks_no_more_than_a_save(few_and_many: list[Filled]) -> None:
    data = {"n": "1", "q1-answer": "B", "q1-seq": "9999", "tab": "check", "tab_seq": "2", "go": "check"}
    for filled in few_and_many:
        with filled.serve() as app:
            client = sign_in(app, ALICE, Clock())
            with statements(app) as sent:
                answer = client.post(f"/quiz/attempts/{filled.world.open_all}/answers", data=data)
            assert answer.location.endswith("/check")
            assert len(sent) <= BUDGETS["quiz.save"], "\n".join(sent)


def test_a_page_with_a_checked_answer_keeps_to_the_budget_too(few_and_many: list[Filled]) -> None:
    for filled in few_and_many:
        with filled.serve() as app:
            client = sign_in(app, ALICE, Clock())
            with statements(app) as sent:
                page = client.get(f"/quiz/attempts/{filled.world.open_practice}/questions/1").text
            assert "RATIONALE-" in page
            assert len(sent) <= BUDGETS["quiz.question"], "\n".join(sent)


def test_the_pages_of_a_final_keep_to_the_budget(app: Flask, alice: FlaskClient, clock: Clock, tmp_path: Path) -> None:
    with app.app_context():
        assert not publish_course(add_final(write_course(tmp_path / "course")), clock()).problems
    for module_id in (FIRST, SECOND):
        passed(app, alice, ALICE, module_id)
    quiz = passed(app, alice, ALICE, FINAL)
    again = begin(app, alice, ALICE, FINAL)
    paths = {f"{again.url}/questions/1": BUDGETS["quiz.question"]}
    others = ("/learn/", f"/learn/modules/{FINAL}", "/learn/progress", f"{again.url}/check", f"{quiz.url}/result",
              f"{quiz.url}/review/1", "/references/")  # fmt: skip
    for path, budget in {**paths, **dict.fromkeys(others, OTHER_BUDGET)}.items():
        with statements(app) as sent:
            assert alice.get(path).status_code == 200, path
        assert len(sent) <= budget, f"{path}:\n" + "\n".join(sent)
