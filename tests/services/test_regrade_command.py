"""`flask attempts regrade`: what it says, what it refuses, and that a kill in the middle changes nothing of the end."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from bench.regrade import copy_attempts, digest_rows, forget_regrades, kill_half_way, list_passed, start_command
from quizapp.domain.corrections import Effect
from quizapp.services import correcting, reviewing
from quizapp.store.db import unit_of_work
from tests.content import FIRST, N_FIRST, add_final, write_course
from tests.people import ALICE, MALLORY, START
from tests.services.regrades import add_learners, edit_bank, list_asked, list_rows, move_key, take

WHY = "Two options were right."


@pytest.fixture(autouse=True)
def _in_app(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def regrade(app: Flask, *arguments: str) -> tuple[int, str]:
    """Exit status and all that is said."""
    result = app.test_cli_runner().invoke(args=["attempts", "regrade", *arguments])
    return result.exit_code, result.output


def earned(person_id: int, attempt_id: int) -> int:
    return int(reviewing.get_result(person_id, attempt_id).score.earned)


def test_an_edited_key_is_taken_from_the_bank_after_a_dry_run_that_changes_nothing(app: Flask, tmp_path: Path) -> None:
    course = write_course(tmp_path / "course")
    asked = list_asked(ALICE.id, take(ALICE.id))
    single = next(i for i in asked if (int(i.rsplit("-", 1)[1]) - 1) % 3 == 0)
    edit_bank(course, lambda items: move_key(items[single], int(single.rsplit("-", 1)[1]) % 4))
    before = list_rows()
    status, said = regrade(app, FIRST, "--dry-run")
    assert status == 0
    assert "1 of 1 finished attempts would be marked again:\n0 up, 1 down, 0 the same." in said
    assert "Nothing was changed." in said
    assert list_rows() == before
    assert regrade(app, FIRST)[0] == 0
    assert earned(ALICE.id, 1) == N_FIRST - 1
    after = list_rows()
    status, said = regrade(app, FIRST)
    assert "No finished attempt is marked otherwise." in said
    assert (status, list_rows()) == (0, after)


def test_credit_drop_accept_and_undo_name_an_item_and_want_a_reason(app: Flask) -> None:
    asked = list_asked(ALICE.id, take(ALICE.id))
    missed = take(MALLORY.id, wrong=asked[:2])
    assert regrade(app, FIRST, "--drop", asked[0])[0] == 2
    status, said = regrade(app, FIRST, "--give-credit", asked[0], "--drop", asked[1], "--reason", WHY)
    assert status == 0
    assert "1 more passed; 0 keep their pass" in said
    assert earned(MALLORY.id, missed) == N_FIRST - 1
    assert regrade(app, FIRST, "--undo", asked[0], "--undo", asked[1], "--reason", WHY)[0] == 0
    assert earned(MALLORY.id, missed) == N_FIRST - 2
    assert reviewing.get_result(MALLORY.id, missed).attempt.is_passed, "a pass never falls"
    judged = next(i for i in asked if (int(i.rsplit("-", 1)[1]) - 1) % 3 == 2)
    for letter in "AB":
        assert regrade(app, FIRST, "--accept", f"{judged}={letter}", "--reason", WHY)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("nothing",), 2, "no quiz of that name"),
        ((FIRST, "--drop", "nothing", "--reason", WHY), 2, "has no item nothing"),
        ((FIRST, "--drop", "first-1=A", "--reason", WHY), 2, "the other options name the item alone"),
        ((FIRST, "--accept", "first-1", "--reason", WHY), 2, "--accept ITEM=ANSWER"),
        ((FIRST, "--accept", "first-1=Z", "--reason", WHY), 1, "can read"),
        ((FIRST, "--drop", "first-1", "--reason", "x" * 601), 2, "Say why"),
        ((FIRST, "--burn", "first-1"), 2, "No such option"),
    ],
)  # fmt: skip
def test_a_wrong_call_is_2_and_an_answer_that_cannot_be_read_is_1(
    app: Flask, arguments: tuple[str, ...], status: int, said: str
) -> None:
    got = regrade(app, *arguments)
    assert got[0] == status
    assert said in got[1]
    assert list_rows()["rescores"] == []


def test_an_item_that_cannot_be_compared_is_named(app: Flask, tmp_path: Path) -> None:
    course = write_course(tmp_path / "course")
    asked = list_asked(ALICE.id, take(ALICE.id))
    single = next(i for i in asked if (int(i.rsplit("-", 1)[1]) - 1) % 3 == 0)

    def change(items: dict[str, dict[str, object]]) -> None:
        move_key(items[single], int(single.rsplit("-", 1)[1]) % 4)
        items[single]["options"][0]["text"] = "Quite another option"  # type: ignore[index]

    edit_bank(course, change)
    assert f"Not compared: {single}." in regrade(app, FIRST)[1]


def test_other_quizzes_with_the_item_are_named(app: Flask, tmp_path: Path) -> None:
    edit_bank(add_final(write_course(tmp_path / "course")), lambda _: None)
    asked = list_asked(ALICE.id, take(ALICE.id))
    assert "flask attempts regrade final" in regrade(app, FIRST, "--drop", asked[0], "--reason", WHY)[1]


@pytest.mark.each_database
def test_a_run_killed_half_way_and_resumed_ends_in_the_same_rows(app: Flask, database: str, tmp_path: Path) -> None:
    learners = add_learners(10)
    asked = list_asked(learners[0], take(learners[0]))
    for i, person_id in enumerate(learners[1:]):
        take(person_id, wrong=asked[: i % 4])
    with unit_of_work() as connection:
        copy_attempts(connection, 299)
    environment = {
        **os.environ, "DATABASE_URL": database, "INSTANCE_PATH": str(tmp_path / "other"), "SECRET_KEY": "test",
        "LOG_LEVEL": "ERROR",
    }  # fmt: skip
    decisions = correcting.decide_for_item(FIRST, asked[0], Effect.CREDIT)
    correcting.decide(decisions, WHY, START, None, by_job=False)
    passed = list_passed()
    assert 0.3 < kill_half_way(start_command(environment, "attempts", "regrade", FIRST), 0.3) < 1
    assert start_command(environment, "attempts", "regrade", FIRST).wait() == 0
    resumed = digest_rows()
    assert passed != list_passed(), "some have passed by it"
    forget_regrades(passed)
    assert start_command(environment, "attempts", "regrade", FIRST).wait() == 0
    assert digest_rows() == resumed
