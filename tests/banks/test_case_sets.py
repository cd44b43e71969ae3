"""Case sets in banks: parts become items with what the case says for them, and every fault stands at its own line."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from quizapp.banks.checking import check_path
from quizapp.banks.content_check import check_content
from quizapp.banks.course import Reader
from quizapp.banks.schemas import make_schemas
from quizapp.domain.items import ITEM_TYPES, CasePlace, Item, read_draft, restore_item, store_item
from tests.banks.test_checking import edit, line_of
from tests.content import FIRST, write_course
from tests.kinds import SHAPES

BANK = """\
format: 1
module: alone
items:
  - id: night-calf
    type: case_set
    title: A calf that wakes her
    vignette: |
      Alice, 54, is woken by her calf.

      It is hard as wood for a minute.
    unfolds: true
    use: quiz
    objective: O2.1
    section: here
    bloom: apply
    difficulty: easy
    tags: [night, calf]
    author: Bob
    reviewed: 2026-11-22
    review_due: 2027-11-22
    parts:
      - id: night-calf-1
        type: single_best_answer
        stem: What is it?
        options:
          - {text: A cramp, key: true, rationale: "It is one [A1.1]."}
          - {text: A clot, rationale: "It passed [A1.1]."}
      - id: night-calf-2
        type: kprim
        more: She takes a statin.
        bloom: analyse
        title: What the tablet has to do with it
        stem: Which of these are true?
        statements:
          - {text: It may matter, answer: true, rationale: "It may [A1.2]."}
          - {text: It never matters, answer: false, rationale: "It may [A1.2]."}
      - id: night-calf-3
        type: true_false
        objective: O2.2
        stem: She should stretch.
        answer: true
        if_true: {rationale: "Yes [A1.1]."}
        if_false: {rationale: "Yes [A1.1]."}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "bank.yaml"
    path.write_text(BANK, "utf-8")
    return path


@pytest.fixture
def course(tmp_path: Path) -> Path:
    return write_course(tmp_path / "course")


def read(path: Path) -> list[Item]:
    reader = Reader()
    items = reader.read_bank(path).items
    assert not reader.problems, "\n".join(map(str, reader.problems))
    assert all(item is not None for item in items)
    return [item for item in items if item is not None]


def the_case() -> dict[str, Any]:
    case: dict[str, Any] = YAML(typ="safe").load(BANK)["items"][0]
    return case


def with_case(course: Path, name: str = FIRST, **changes: Any) -> Path:
    """The tests' course with the case of this file in one of its banks; returns that bank."""
    bank = course / name / "bank.yaml"

    def add(tree: Any) -> None:
        case = the_case() | {"section": tree["items"][0]["section"], "objective": tree["items"][0]["objective"]}
        case["parts"][2]["objective"] = tree["items"][-1]["objective"]
        tree["items"].append(case | changes)

    edit(bank, add)
    return bank


def test_each_part_is_an_item_that_knows_its_place(path: Path) -> None:
    items = read(path)
    assert [item.id for item in items] == ["night-calf-1", "night-calf-2", "night-calf-3"]
    assert [item.type for item in items] == ["single_best_answer", "kprim", "true_false"]  # type: ignore[attr-defined]
    assert [item.case for item in items] == [
        CasePlace(id="night-calf", part=n, n_parts=3, unfolds=True, title="A calf that wakes her") for n in (1, 2, 3)
    ]


def test_the_vignette_of_a_part_is_all_that_is_known_when_it_appears(path: Path) -> None:
    shared = "Alice, 54, is woken by her calf.\n\nIt is hard as wood for a minute."
    told = ("", "\n\n---\n\nShe takes a statin.", "\n\nShe takes a statin.")  # below a rule where it is new
    assert [item.vignette for item in read(path)] == [shared + more for more in told]


def test_what_the_case_says_once_holds_for_each_part_that_says_nothing_else(path: Path) -> None:
    items = read(path)
    assert {(item.use, item.author, item.section, item.difficulty, item.tags) for item in items} == {
        ("quiz", "Bob", "here", "easy", ("night", "calf"))
    }
    assert [item.bloom for item in items] == ["apply", "analyse", "apply"]
    assert [item.objective for item in items] == ["O2.1", "O2.1", "O2.2"]
    assert [item.title for item in items] == [
        "A calf that wakes her, part 1", "What the tablet has to do with it", "A calf that wakes her, part 3",
    ]  # fmt: skip


def test_a_case_that_says_nothing_of_unfolding_shows_all_its_parts(path: Path) -> None:
    path.write_text(BANK.replace("    unfolds: true\n", ""), "utf-8")
    assert not any(item.case.unfolds for item in read(path) if item.case)
    path.write_text(BANK.replace("unfolds: true", "unfolds: yes"), "utf-8")
    assert all(item.case.unfolds for item in read(path) if item.case)


@pytest.mark.parametrize("kind", list(ITEM_TYPES))
def test_a_part_may_be_of_any_type_and_survives_as_draft_and_as_json(kind: str, path: Path) -> None:
    case = the_case()
    case["parts"][1] = {"id": "any", "type": kind, "more": "More.", **ITEM_TYPES[kind].samples()[0].fields}
    (path.parent / "figures").mkdir()
    (path.parent / "figures" / "shapes.svg").write_text(SHAPES, "utf-8")
    with path.open("w", encoding="utf-8") as file:
        yaml = YAML()
        yaml.representer.ignore_aliases = lambda _: True
        yaml.dump({"format": 1, "module": "alone", "items": [case]}, file)
    item = read(path)[1]
    assert item.case is not None
    assert read_draft(item.to_draft()) == (item, [])
    assert restore_item(json.loads(json.dumps(store_item(item)))) == item


def test_a_case_without_faults_has_none(path: Path) -> None:
    checked = check_path(path)
    assert not checked.problems
    assert checked.n_items == 3
    assert checked.counts["type"] == {"kprim": 1, "single_best_answer": 1, "true_false": 1}
    assert checked.counts["objective"] == {"O2.1": 2, "O2.2": 1}
    assert checked.counts["case set"] == {"night-calf": 3}


def test_numbers_told_earlier_in_the_case_are_the_parts_own_and_others_are_foreign(course: Path) -> None:
    bank = with_case(course)
    before = {(p.code, p.message) for p in check_content(course).problems}

    def write(tree: Any) -> None:
        parts = tree["items"][-1]["parts"]
        parts[1]["more"] = "She takes 17 tablets [A1.1]."
        parts[2]["if_true"]["rationale"] = "At 54, with 17 tablets and 23 marbles [A1.1]."

    edit(bank, write)
    new = [p for p in check_content(course).problems if (p.code, p.message) not in before]
    assert [(p.line, p.code) for p in new] == [
        (line_of(bank, "more: She takes"), "foreign-number"),
        (line_of(bank, "23 marbles"), "foreign-number"),
    ]
    assert "23 is not in A1.1" in new[1].message


def test_the_schema_offers_cases_and_says_what_parts_may_and_may_not_say() -> None:
    schema = json.loads(make_schemas()["bank.schema.json"])
    entries = schema["properties"]["items"]["items"]["discriminator"]["mapping"]
    assert set(entries) == {"case_set", *ITEM_TYPES}
    case = schema["$defs"]["CaseSet"]
    assert set(case["required"]) == {"id", "type", "title", "vignette", "parts"}
    parts = case["properties"]["parts"]["items"]["discriminator"]["mapping"]
    assert set(parts) == set(ITEM_TYPES)
    for kind in ITEM_TYPES:
        whole = schema["$defs"][entries[kind].removeprefix("#/$defs/")]
        part = schema["$defs"][parts[kind].removeprefix("#/$defs/")]
        assert set(whole["properties"]) - set(part["properties"]) == {"vignette"}
        assert set(part["properties"]) - set(whole["properties"]) == {"more"}
        assert "case" not in whole["properties"]
        assert "objective" in whole["required"]
        assert not {"objective", "use", "title", "author"} & set(part["required"])
