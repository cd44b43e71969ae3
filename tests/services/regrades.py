"""A small world for regrades: attempts with chosen answers, and everything that a regrade may touch as plain rows."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from sqlalchemy import select

from quizapp.domain.attempts import Kind
from quizapp.services import accounts, publishing, sheets, starting, taking
from quizapp.services.taking import Incoming
from quizapp.store.attempts import AttemptRow
from quizapp.store.db import reading
from quizapp.store.marks import ContributionRow
from quizapp.store.regrades import RescoreRow
from tests.content import FIRST, right_letters, wrong_letters
from tests.people import START, ZONE


def add_learners(n: int) -> list[int]:
    """People without passwords; their ids."""
    people = (
        accounts.add_person(f"l{i}@test.example", f"Learner {i}", zone=ZONE, roles=(), now=START) for i in range(n)
    )
    return list(people)


def take(person_id: int, wrong: Sequence[str] = (), module_id: str = FIRST, seed: int = 7) -> int:
    """A finished quiz in which the items of these ids were answered wrongly and all others rightly; its id."""
    attempt_id = starting.start(person_id, module_id, Kind.QUIZ, seed, START).attempt.id
    sent = [
        Incoming(q.number, {"answer": wrong_letters(q) if q.item_id in wrong else right_letters(q)})
        for q in sheets.get_sheet(person_id, attempt_id).questions
    ]
    taking.save_answers(person_id, attempt_id, sent, START)
    taking.finish(person_id, attempt_id, START)
    return attempt_id


def list_asked(person_id: int, attempt_id: int) -> list[str]:
    """Ids of the items of an attempt, in order."""
    return [q.item_id for q in sheets.get_sheet(person_id, attempt_id).questions]


def edit_bank(course: Path, change: Any, module_id: str = FIRST) -> None:
    """Change the bank's items, a dict by id, and publish."""
    yaml = YAML()
    path = course / module_id / "bank.yaml"
    tree = yaml.load(path)
    change({item["id"]: item for item in tree["items"]})
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(tree, file)
    assert publishing.publish_course(course, START).problems == ()


def move_key(item: dict[str, Any], to: int) -> None:
    """Make another option of a single best answer the key."""
    for i, option in enumerate(item["options"]):
        option.pop("key", None)
        if i == to:
            option["key"] = True


def list_rows(attempt_id: int | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that a regrade writes (for that attempt), without the times at which it did."""
    a, c, r = AttemptRow, ContributionRow, RescoreRow
    queries = {
        "attempts": select(a.id, a.is_passed, a.correction_id).order_by(a.id),
        "contributions": select(
            c.attempt_id, c.position, c.regrade_id, c.weight, c.item_version_id, c.objective, c.numerator,
            c.denominator, c.response_class,
        ).order_by(c.attempt_id, c.position, c.regrade_id, c.weight),
        "rescores": select(
            r.attempt_id, r.regrade_id, r.earned_before, r.out_of_before, r.was_passed, r.earned_after, r.out_of_after,
            r.is_passed, r.reason,
        ).order_by(r.attempt_id, r.regrade_id),
    }  # fmt: skip
    if attempt_id is not None:
        of = {"attempts": a.id, "contributions": c.attempt_id, "rescores": r.attempt_id}
        queries = {name: query.where(of[name] == attempt_id) for name, query in queries.items()}
    with reading() as connection:
        return {name: [tuple(row) for row in connection.execute(query)] for name, query in queries.items()}
