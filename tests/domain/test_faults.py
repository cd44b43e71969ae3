"""Pydantic's findings in the words of people who write banks."""

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quizapp.domain.drafts import Draft
from quizapp.domain.faults import closest, explain_faults, name_path
from quizapp.domain.items import read_draft
from quizapp.domain.problems import Problem


class Leg(BaseModel):
    model_config = ConfigDict(extra="forbid")
    muscle: str = Field(min_length=1)
    side: str = "left"


class Client(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: str = Field(pattern=r"^O\d+\.\d+$")
    legs: tuple[Leg, ...]
    by_name: dict[str, Leg] = {}


def explain(tree: object, lines: dict | None = None) -> list[Problem]:
    with pytest.raises(ValidationError) as caught:
        Client.model_validate(tree)
    return explain_faults(caught.value, "f.yaml", lines or {}, model=Client)


def test_a_misspelt_field_names_the_field_that_was_meant_and_is_told_once() -> None:
    problems = explain({"id": "O1.1", "legs": [{"musle": "calf"}]}, {("legs", 0, "musle"): 7})
    assert problems == [
        Problem("f.yaml", 7, "unknown-field", "legs.1.musle: is not a field here", "did you mean 'muscle'?")
    ]


def test_a_misspelt_field_is_found_inside_a_mapping_of_names_too() -> None:
    (problem,) = explain({"id": "O1.1", "legs": [], "by_name": {"A1": {"muscle": "calf", "sides": "right"}}})
    assert problem.message == "by_name.A1.sides: is not a field here"
    assert problem.hint == "did you mean 'side'?"


def test_a_field_like_no_other_is_told_to_go() -> None:
    (problem,) = explain({"id": "O1.1", "legs": [], "colour": "red"})
    assert problem.hint == "check the spelling or take it out"


def test_a_missing_field_stands_on_the_line_of_its_parent() -> None:
    (problem,) = explain({"id": "O1.1", "legs": [{}]}, {("legs",): 3, ("legs", 0): 4})
    assert (problem.line, problem.code) == (4, "missing-field")


def test_each_pattern_has_a_hint_of_its_own() -> None:
    (problem,) = explain({"id": "one", "legs": []})
    assert (problem.code, problem.hint) == ("bad-form", "write it like O1.1")


@pytest.mark.parametrize(("value", "code"), [("calf", "not-a-list"), ([7], "not-a-mapping"), (None, "not-a-list")])
def test_a_value_of_the_wrong_kind_is_named_in_plain_words(value: object, code: str) -> None:
    (problem,) = explain({"id": "O1.1", "legs": value})
    assert problem.code == code
    assert "tuple" not in str(problem)


def test_a_misspelt_word_of_a_closed_list_is_recognised() -> None:
    _, problems = read_draft(Draft("true_false", {"bloom": "Aply", "use": "exam"}))
    hints = {p.message.split(":")[0]: p.hint for p in problems}
    assert hints["bloom"] == "did you mean 'apply'?"
    assert hints["use"] == ""


def test_the_nearest_word_wins_and_a_far_one_is_not_guessed() -> None:
    assert closest("true_flase", ["true_false", "multiple_response"]) == "did you mean 'true_false'?"
    assert closest("xyz", ["true_false"], "one of them") == "one of them"


def test_paths_count_from_one_for_people() -> None:
    assert name_path(("options", 0, "text")) == "options.1.text"
    assert name_path(()) == "the file"
