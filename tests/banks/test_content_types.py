"""The content check reads the texts of every item type, but never what is wrong on purpose."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from quizapp.banks.content_check import check_content
from quizapp.domain.items import ITEM_TYPES
from tests.banks.test_checking import edit, line_of
from tests.content import FIRST, write_course

LOUD = "It prevents loss in 77 marbles [A1.2]."
"""A word too strong for its claim and a number that is not in it."""
QUIET = "So it is [A1.1]."


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return write_course(tmp_path / "course")


def find(course: Path, kind: str, fields: dict[str, Any]) -> list[tuple[int, str]]:
    """Line and code of what is found in an item of that type that is added to the first module."""
    bank = course / FIRST / "bank.yaml"

    def add(tree: Any) -> None:
        first = tree["items"][0]
        common = {
            name: first[name]
            for name in ("objective", "section", "bloom", "difficulty", "author", "reviewed", "review_due")
        }
        tree["items"].append({"id": "looked-at", "type": kind, "use": "quiz", "title": "Looked at", **common, **fields})

    edit(bank, add)
    return [(p.line, p.code) for p in check_content(course).problems if "#looked-at" in p.message]


def sample(kind: str) -> dict[str, Any]:
    fields: dict[str, Any] = deepcopy(ITEM_TYPES[kind].samples()[0].fields)
    return fields


def cited(tree: Any, text: str = QUIET) -> Any:
    """A sample's fields with another text for each rationale."""
    if isinstance(tree, dict):
        return {name: text if name == "rationale" else cited(part, text) for name, part in tree.items()}
    return [cited(part, text) for part in tree] if isinstance(tree, list | tuple) else tree


def count_rationales(tree: Any) -> int:
    if isinstance(tree, dict):
        return sum(name == "rationale" or count_rationales(part) for name, part in tree.items())
    return sum(map(count_rationales, tree)) if isinstance(tree, list | tuple) else 0


@pytest.mark.parametrize("kind", list(ITEM_TYPES))
def test_every_rationale_of_every_type_is_read(course: Path, kind: str) -> None:
    found = [code for _, code in find(course, kind, cited(sample(kind), LOUD))]
    assert found.count("strong-word") == count_rationales(sample(kind)) > 0
    assert found.count("foreign-number") == count_rationales(sample(kind))


@pytest.mark.parametrize("kind", list(ITEM_TYPES))
def test_what_is_quiet_is_left_alone_in_every_type(course: Path, kind: str) -> None:
    assert not find(course, kind, cited(sample(kind)))


@pytest.mark.parametrize(
    ("kind", "parts"),
    [("kprim", "statements"), ("matching", "rows"), ("extended_matching", "rows"), ("ordering", "entries")],
)
def test_statements_that_are_true_rows_and_entries_are_read_like_a_stem(course: Path, kind: str, parts: str) -> None:
    fields = cited(sample(kind))
    fields[parts][0]["text"] = LOUD
    found = find(course, kind, fields)
    line = line_of(course / FIRST / "bank.yaml", LOUD)
    assert found == [(line, "foreign-number"), (line, "strong-word")]


def test_the_text_of_a_cloze_is_read_like_a_stem(course: Path) -> None:
    fields = cited(sample("cloze"))
    fields["text"] += f" {LOUD}"
    assert [code for _, code in find(course, "cloze", fields)] == ["foreign-number", "strong-word"]


@pytest.mark.parametrize(
    ("kind", "place"),
    [("kprim", ("statements", 1, "text")), ("single_best_answer", ("options", 1, "text")),
     ("matching", ("matches", 0, "text"))],
)  # fmt: skip
def test_what_is_wrong_on_purpose_is_not_read(course: Path, kind: str, place: tuple[str, int, str]) -> None:
    fields = cited(sample(kind))
    parts, number, name = place
    fields[parts][number][name] = LOUD
    assert not find(course, kind, fields)


@pytest.mark.parametrize(
    ("kind", "place", "own"),
    [
        ("kprim", ("statements", 1), {"text": "There are 77."}),
        ("matching", ("rows", 0), {"text": "A row of 77."}),
        ("matching", ("rows", 0, "missed", 0), {}),
        ("ordering", ("entries", 0), {"text": "The first 77."}),
        ("numeric", ("answers", 2), {"value": 77}),
        ("short_answer", ("answers", 2), {"accept": ["77"]}),
        ("cloze", ("blanks", "class", "options", 1), {"text": "77"}),
        ("cloze", ("blanks", "legs", "answers", 1), {"at_most": 77}),
    ],
)
def test_the_numbers_of_what_a_reason_is_about_are_its_own(
    course: Path, kind: str, place: tuple[Any, ...], own: dict[str, Any]
) -> None:
    fields = cited(sample(kind))
    if place[2:3] == ("missed",):
        fields["rows"][0]["text"] = "A row of 77."
    part: Any = fields
    for name in place:
        part = part[name]
    part |= {**own, "rationale": "There are 77 of it and not 78 [A1.1]."}
    find(course, kind, fields)
    messages = [p.message for p in check_content(course).problems if "#looked-at" in p.message]
    assert [message.split(": ")[1].split(" is ")[0] for message in messages] == ["78"]


@pytest.mark.parametrize(
    ("kind", "place", "key"),
    [("numeric", ("answers", 0), {"value": 77}), ("short_answer", ("answers", 0), {"accept": ["77"]}),
     ("cloze", ("blanks", "class", "options", 0), {"text": "77"})],
)  # fmt: skip
def test_a_right_answer_has_its_number_from_the_evidence(
    course: Path, kind: str, place: tuple[Any, ...], key: dict[str, Any]
) -> None:
    fields = cited(sample(kind))
    part: Any = fields
    for name in place:
        part = part[name]
    part |= {**key, "rationale": "There are 77 of it [A1.1]."}
    assert [code for _, code in find(course, kind, fields)] == ["foreign-number"]


@pytest.mark.parametrize("kind", list(ITEM_TYPES))
def test_safety_is_looked_for_in_the_keys_of_every_type(course: Path, kind: str) -> None:
    bank = course / FIRST / "bank.yaml"
    edit(course / "evidence.yaml", lambda t: t["claims"]["A1.2"].update(text="Action: Emergency now."))
    edit(bank, lambda t: t.update(items=[i for i in t["items"] if i["objective"] != "O1.1"]))
    yaml = YAML(typ="safe").load(bank.read_text("utf-8"))
    assert not [item for item in yaml["items"] if item["objective"] == "O1.1"]
    fields = {"objective": "O1.1", **cited(sample(kind), "At once [A1.2].")}
    find(course, kind, fields)
    assert "O1.1" in " ".join(n.message for n in check_content(course).notes if n.code == "safety-objective")
