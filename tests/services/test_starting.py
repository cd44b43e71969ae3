"""What the rules of a quiz allow: attempts, waits, opening and closing, and which items come up again."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from quizapp.domain.accommodations import Accommodation
from quizapp.domain.admission import NotNow
from quizapp.domain.attempts import Kind, Verdict
from quizapp.domain.errors import NotFound, Refused
from quizapp.services import accommodations, closing, publishing, sheets, starting, taking, timing
from quizapp.services.taking import Incoming
from quizapp.store import attempts as store
from quizapp.store.db import db, reading
from tests.content import FIRST, N_FIRST, change_quiz, make_item, right_letters, write_course
from tests.people import ALICE, CAROL, MALLORY, START

pytestmark = pytest.mark.each_database
HOUR = dt.timedelta(hours=1)
GRACE = dt.timedelta(seconds=starting.GRACE_SECONDS)
Publish = Callable[..., None]


@pytest.fixture(autouse=True)
def _in_app(app: Flask) -> Any:
    context = app.app_context()
    context.push()
    yield
    context.pop()


@pytest.fixture
def publish(tmp_path: Path) -> Publish:
    """Publish the small course with these rules of the first module's quiz."""

    def publish(**rules: Any) -> None:
        report = publishing.publish_course(change_quiz(write_course(tmp_path / "course"), **rules), START)
        assert not report.problems, "\n".join(map(str, report.problems))

    return publish


def start(person_id: int = ALICE.id, seed: int = 1, at: dt.datetime = START) -> int:
    return starting.start(person_id, FIRST, Kind.QUIZ, seed, at).attempt.id


def take(person_id: int = ALICE.id, seed: int = 1, at: dt.datetime = START) -> int:
    """A finished quiz without any answer."""
    attempt_id = start(person_id, seed, at)
    taking.finish(person_id, attempt_id, at)
    return attempt_id


def asked(attempt_id: int, person_id: int = ALICE.id) -> list[str]:
    return [q.item_id for q in sheets.get_sheet(person_id, attempt_id).questions]


def facts(attempt_id: int) -> store.AttemptFacts:
    with reading() as connection:
        found = store.find_with_steps(connection, attempt_id)
    assert found is not None
    return found[0]


# --- attempts and waits -----------------------------------------------------------------------------------------------


def test_alice_may_use_the_attempts_that_there_are_and_no_more(publish: Publish) -> None:
    publish(attempts_allowed=2)
    take()
    open_id = start(seed=2)
    assert start(seed=3) == open_id, "the one that is open goes on, though none is left"
    taking.finish(ALICE.id, open_id, START)
    with pytest.raises(NotNow, match="all 2 attempts"):
        start(seed=3)
    start(MALLORY.id)


def test_attempts_that_carol_grants_are_added_to_those_of_every_quiz(publish: Publish) -> None:
    publish(attempts_allowed=1)
    take()
    more = Accommodation(extra_attempts=1)
    accommodations.change(ALICE.id, more, reason="Agreed with her", actor_id=CAROL.id, now=START)
    take(seed=2)
    with pytest.raises(NotNow, match="all 2 attempts"):
        start(seed=3)


def test_after_a_pass_the_quiz_can_be_taken_again_while_attempts_are_left(publish: Publish) -> None:
    publish(attempts_allowed=2)
    attempt_id = start()
    sent = [Incoming(q.number, {"answer": right_letters(q)}) for q in sheets.get_sheet(ALICE.id, attempt_id).questions]
    taking.save_answers(ALICE.id, attempt_id, sent, START)
    assert taking.finish(ALICE.id, attempt_id, START).is_passed
    take(seed=2)
    with pytest.raises(NotNow):
        start(seed=3)


def test_eight_starts_at_once_use_one_attempt_up(app: Flask, publish: Publish) -> None:
    publish(attempts_allowed=1)
    barrier, ids = Barrier(8), list[int]()

    def press(seed: int) -> None:
        with app.app_context():
            barrier.wait()
            ids.append(start(seed=seed))

    threads = [Thread(target=press, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1


def test_starts_and_ends_at_once_never_make_more_attempts_than_are_allowed(app: Flask, publish: Publish) -> None:
    publish(attempts_allowed=3)
    barrier = Barrier(6)

    def press(seed: int) -> None:
        with app.app_context():
            barrier.wait()
            for turn in range(4):
                try:
                    taking.finish(ALICE.id, start(seed=10 * seed + turn), START)
                except NotNow:
                    return

    threads = [Thread(target=press, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading() as connection:
        mine = store.list_attempts_at(connection, ALICE.id, FIRST)
    assert sorted(a.number for a in mine) == [1, 2, 3]


def test_between_two_attempts_there_is_a_wait_that_says_when_it_is_over(publish: Publish) -> None:
    publish(cool_down_minutes=90)
    first = start()
    taking.finish(ALICE.id, first, START + HOUR)
    with pytest.raises(NotNow, match="again from 2026-11-22 11:30 UTC"):
        start(seed=2, at=START + 2 * HOUR)
    assert start(seed=2, at=START + 2.5 * HOUR) != first


def test_the_wait_after_an_attempt_that_time_ended_counts_from_its_end_not_from_when_it_was_noticed(
    publish: Publish,
) -> None:
    publish(cool_down_minutes=60, time_limit_minutes=30)
    start()
    with pytest.raises(NotNow, match="again from 2026-11-22 10:30 UTC"):
        start(seed=2, at=START + HOUR)
    assert facts(start(seed=2, at=START + 1.5 * HOUR)).number == 2


# --- opening and closing ----------------------------------------------------------------------------------------------


def test_a_quiz_can_be_started_from_its_opening_until_its_closing(publish: Publish) -> None:
    publish(opens_at="2026-11-22T10:00:00+00:00", closes_at="2026-11-22T22:00:00+11:00")
    with pytest.raises(NotNow, match="opens on 2026-11-22 10:00 UTC"):
        start()
    with pytest.raises(NotNow, match="closed on 2026-11-22 11:00 UTC"):
        start(at=START + 2 * HOUR)
    start(at=START + HOUR)


def test_an_attempt_that_is_open_when_the_quiz_closes_ends_then(publish: Publish) -> None:
    publish(closes_at="2026-11-22T10:00:00Z")
    attempt_id = start()
    ends = START + HOUR
    assert (facts(attempt_id).due_at, facts(attempt_id).closes_at) == (ends, ends + GRACE)
    assert (
        taking.save_answers(ALICE.id, attempt_id, [Incoming(1, {"answer": ["A"]})], ends)[0].verdict is Verdict.ACCEPT
    )
    assert closing.close_due(ends + GRACE + GRACE) == 1
    assert (facts(attempt_id).finished_at, facts(attempt_id).is_timed_out) == (ends, True)
    late = taking.save_answers(ALICE.id, attempt_id, [Incoming(2, {"answer": ["A"]})], ends + HOUR)
    assert late[0].verdict is Verdict.LATE, "what comes after that is kept, as after any end"


@pytest.mark.parametrize(("closes", "minutes"), [("2026-11-22T09:20:00Z", 20), ("2026-11-22T09:40:00Z", 30)])
def test_the_end_is_the_earlier_of_time_limit_and_closing(publish: Publish, closes: str, minutes: int) -> None:
    publish(time_limit_minutes=30, closes_at=closes)
    assert facts(start()).due_at == START + dt.timedelta(minutes=minutes)


def test_more_time_ends_at_the_closing_and_a_granted_pause_moves_that_too(publish: Publish) -> None:
    publish(time_limit_minutes=30, closes_at="2026-11-22T09:40:00Z")
    closes = START + dt.timedelta(minutes=40)
    attempt_id = start()
    granted = Accommodation(extra_percent=100, pause_minutes=10)
    accommodations.change(ALICE.id, granted, reason="Agreed with her", actor_id=CAROL.id, now=START)
    assert facts(attempt_id).due_at == closes
    timing.pause(ALICE.id, attempt_id, START)
    assert timing.resume(ALICE.id, attempt_id, START + dt.timedelta(minutes=4)).due_at == closes + dt.timedelta(
        minutes=4
    )
    other = starting.start(MALLORY.id, FIRST, Kind.QUIZ, 1, START).attempt.id
    assert facts(other).due_at == START + dt.timedelta(minutes=30)


def test_a_closing_that_an_author_moves_later_changes_nothing_for_an_open_attempt(publish: Publish) -> None:
    publish(closes_at="2026-11-22T10:00:00Z")
    attempt_id = start()
    publish(closes_at="2026-11-23T10:00:00Z")
    assert facts(attempt_id).due_at == START + HOUR


def test_practice_has_neither_end_nor_opening(publish: Publish) -> None:
    publish(opens_at="2026-12-01T00:00:00Z", closes_at="2026-12-02T00:00:00Z", time_limit_minutes=5)
    practice = starting.start(ALICE.id, FIRST, Kind.PRACTICE, 1, START).attempt
    assert practice.due_at is None


# --- which items ------------------------------------------------------------------------------------------------------


def test_items_of_earlier_attempts_come_only_when_there_are_no_others(publish: Publish) -> None:
    """Twelve items, four of six on O1.1 and two of six on O1.2: the second form cannot but repeat two of O1.1."""
    publish()
    for seed in range(3):
        first, second, third = (set(asked(take(ALICE.id, 10 * seed + n))) for n in range(3))
        if seed == 0:
            assert len(first & second) == 2
            assert len(first | second) == 10
            assert len(third - first - second) == 2, "the last two of O1.2"
    assert len(set(asked(take(MALLORY.id), MALLORY.id))) == N_FIRST


def test_an_item_that_was_corrected_since_is_still_one_that_was_seen(publish: Publish, tmp_path: Path) -> None:
    publish()
    first = set(asked(take()))
    bank = tmp_path / "course" / FIRST / "bank.yaml"
    bank.write_text(bank.read_text("utf-8").replace("of marble", "of that marble"), "utf-8")
    publishing.publish_course(tmp_path / "course", START)
    assert len(first & set(asked(take(seed=2)))) == 2


def test_the_same_seed_and_the_same_past_make_the_same_form(publish: Publish) -> None:
    publish()
    for seed in (1, 2, 3):
        mine, hers = take(ALICE.id, seed), take(MALLORY.id, seed)
        assert asked(mine) == asked(hers, MALLORY.id)


def test_without_shuffling_questions_come_in_the_order_of_the_plan(publish: Publish) -> None:
    publish(shuffle=False, plan=[{"objective": "O1.2", "n": 2}, {"items": [f"{FIRST}-5", f"{FIRST}-2"], "n": 2}])
    for seed in range(3):
        items = asked(take(seed=seed))
        assert all(int(item.rsplit("-")[-1]) > 6 for item in items[:2])
        assert items[2:] == [f"{FIRST}-5", f"{FIRST}-2"], "named items are in every form"


def test_a_plan_by_level_difficulty_and_tag_is_drawn_from_what_is_published(publish: Publish) -> None:
    publish(plan=[{"bloom": ["apply"], "difficulty": ["medium"], "tags": ["marble", "glass"], "n": 3}])
    with reading() as connection:
        assert {int(item.rsplit("-")[-1]) % 3 for item in asked(take())} == {0}, str(connection)


def test_a_plan_that_the_bank_cannot_fill_is_never_published(tmp_path: Path) -> None:
    course = change_quiz(
        write_course(tmp_path / "course"), plan=[{"tags": ["glass"], "n": 1}, {"items": ["x"], "n": 1}]
    )
    report = publishing.publish_course(course, START)
    assert [p.code for p in report.problems] == ["plan-shortage", "unknown-item"]


def test_a_case_set_comes_whole_and_in_order_among_shuffled_questions(tmp_path: Path) -> None:
    course = change_quiz(
        write_course(tmp_path / "course"), plan=[{"objective": "O1.1", "n": 3}, {"case_sets": 1, "n": 2}]
    )
    add_case(course / FIRST / "bank.yaml", "fall")
    assert not publishing.publish_course(course, START).problems
    for seed in range(6):
        attempt_id = start(MALLORY.id, seed)
        items = asked(attempt_id, MALLORY.id)
        at = items.index("fall-1")
        assert items[at : at + 2] == ["fall-1", "fall-2"]
        taking.finish(MALLORY.id, attempt_id, START)


def add_case(bank: Path, name: str) -> None:
    """A case set of two true-or-false items on O1.1, as a bank holds it."""
    parts = [make_item(FIRST, 2, "O1.1") | {"id": f"{name}-{i}", "stem": f"Part {i} rolls."} for i in (1, 2)]
    lines = [f"- id: {name}", "  type: case_set", "  title: A fall", "  vignette: A marble falls.", "  parts:"]
    for part in parts:
        fields = [f"{key}: {value!r}" for key, value in part.items() if isinstance(value, str)]
        fields += [f"answer: {str(part['answer']).lower()}", "tags: [marble]"]
        fields += [f"{key}: {{rationale: {part[key]['rationale']!r}}}" for key in ("if_true", "if_false")]
        lines += ["  - " + fields[0], *("    " + field for field in fields[1:])]
    bank.write_text(bank.read_text("utf-8").rstrip("\n") + "\n" + "\n".join(lines) + "\n", "utf-8")


# --- what is not there ------------------------------------------------------------------------------------------------


def test_a_module_without_a_pretest_refuses_one_and_an_unknown_module_is_not_found() -> None:
    with pytest.raises(Refused, match="no pre-test"):
        starting.start(ALICE.id, FIRST, Kind.PRETEST, 1, START)
    with pytest.raises(NotFound):
        starting.start(ALICE.id, "third", Kind.PRETEST, 1, START)


def test_a_start_under_all_rules_at_once_keeps_to_twelve_statements(publish: Publish) -> None:
    publish(attempts_allowed=9, cool_down_minutes=1, time_limit_minutes=30, closes_at="2026-12-22T10:00:00Z")
    take()
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.lstrip().upper().startswith(("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SAVEPOINT", "RELEASE")):
            sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        start(seed=2, at=START + HOUR)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(sent) <= 11, "\n".join(sent)  # the sign-in look-up comes on top
