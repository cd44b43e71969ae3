"""Each item type keeps its promises. Adding a type's file adds it to every test here."""

import json
from fractions import Fraction
from random import Random
from string import ascii_uppercase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.domain.attempts import Answer
from quizapp.domain.drafts import Draft
from quizapp.domain.inputs import OneOf, Point, SomeOf
from quizapp.domain.items import ITEM_TYPES, Item, Sample, read_draft, restore_item, store_item
from quizapp.domain.items.base import ExplainedPart, Presentation, Response
from quizapp.domain.items.choices import ChoiceItem

COMMON = {
    "id": "a-sample", "use": "quiz", "objective": "O1.1", "section": "a-section", "bloom": "remember",
    "difficulty": "easy", "author": "Bob", "reviewed": "2026-11-22", "review_due": "2027-11-22", "title": "A sample",
}  # fmt: skip
SAMPLES = [
    pytest.param(kind, sample, id=f"{kind}-{n}-{sample.name}")
    for kind, cls in ITEM_TYPES.items()
    for n, sample in enumerate(cls.samples())
]
CHOICES = [kind for kind, cls in ITEM_TYPES.items() if issubclass(cls, ChoiceItem)]
EACH_CHOICE_TYPE = pytest.mark.parametrize("kind", CHOICES)
EACH_TYPE = pytest.mark.parametrize("kind", list(ITEM_TYPES))


def build(kind: str, fields: dict[str, Any]) -> Item:
    item, problems = read_draft(Draft(kind, {**COMMON, **fields}))
    assert item is not None, problems
    return item


def first_of(kind: str) -> tuple[Item, Presentation]:
    sample = ITEM_TYPES[kind].samples()[0]
    item = build(kind, sample.fields)
    return item, item.present(Random(sample.seed))


def letters(item: Item, sample: Sample, presentation: Presentation) -> dict[str, list[str]]:
    """What a form sends for a sample: its own raw input, or what a form that shows its answer holds."""
    return item.fill(sample.given, presentation) if sample.raw is None else sample.raw


def reasons(item: Item) -> list[str]:
    return [line.rationale for line in item.explain(None, item.present(Random(0)))]


@EACH_TYPE
def test_a_type_ships_a_right_a_wrong_a_blank_and_a_hostile_sample(kind: str) -> None:
    names = {sample.name for sample in ITEM_TYPES[kind].samples()}
    assert {"right", "wrong", "blank", "hostile"} <= names


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_a_sample_earns_exactly_its_mark_and_blank_or_hostile_input_is_no_answer(kind: str, sample: Sample) -> None:
    item = build(kind, sample.fields)
    presentation = item.present(Random(sample.seed))
    response = item.parse(letters(item, sample, presentation), presentation)
    mark = None if response is None else Fraction(item.grade(response), item.denominator)
    assert mark == sample.mark


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_what_is_chosen_is_what_was_meant_however_the_options_are_shuffled(kind: str, sample: Sample) -> None:
    item = build(kind, sample.fields)
    for seed in range(20):
        presentation = item.present(Random(seed))
        if sample.raw is None:
            assert item.parse(letters(item, sample, presentation), presentation) == sample.given


@EACH_TYPE
def test_the_same_seed_shows_the_same_order(kind: str) -> None:
    item, _ = first_of(kind)
    for seed in range(20):
        assert item.present(Random(seed)) == item.present(Random(seed))


@EACH_TYPE
def test_a_presentation_survives_being_stored_as_json(kind: str) -> None:
    item, presentation = first_of(kind)
    assert item.ask(json.loads(json.dumps(presentation))) == item.ask(presentation)


@EACH_TYPE
def test_every_order_is_reached_when_options_are_shuffled(kind: str) -> None:
    item, _ = first_of(kind)
    orders = {json.dumps(item.present(Random(seed))) for seed in range(60)}
    assert len(orders) > 1 or not getattr(item, "shuffle", False)


@EACH_TYPE
def test_what_is_asked_carries_no_key_and_no_reason(kind: str) -> None:
    item, presentation = first_of(kind)
    asked = repr(item.ask(presentation))
    for reason in reasons(item):
        assert reason not in asked
    assert "key" not in asked.lower()
    assert "percent" not in asked.lower()


@EACH_CHOICE_TYPE
def test_options_are_lettered_as_they_are_shown(kind: str) -> None:
    item, presentation = first_of(kind)
    asked = item.ask(presentation)
    assert isinstance(asked, OneOf | SomeOf | Point)
    assert [choice.value for choice in asked.choices] == list(ascii_uppercase[: len(asked.choices)])


@EACH_TYPE
def test_a_draft_read_again_is_the_same_item(kind: str) -> None:
    for sample in ITEM_TYPES[kind].samples():
        item = build(kind, sample.fields)
        assert read_draft(item.to_draft()) == (item, [])


@EACH_TYPE
def test_a_published_item_read_back_from_json_is_the_same_item(kind: str) -> None:
    item, _ = first_of(kind)
    assert restore_item(json.loads(json.dumps(store_item(item)))) == item


@EACH_TYPE
def test_a_draft_with_an_unknown_field_or_without_a_stem_is_refused_with_every_fault_named(kind: str) -> None:
    sample = ITEM_TYPES[kind].samples()[0]
    fields = {**COMMON, **sample.fields, "colour": "red"}
    del fields["stem"]
    item, problems = read_draft(Draft(kind, fields, file="bank.yaml", lines={("colour",): 7}))
    assert item is None
    assert len(problems) == 2
    assert {problem.line for problem in problems} == {1, 7}


def test_an_unknown_type_is_refused_and_the_known_ones_are_named() -> None:
    item, problems = read_draft(Draft("essay", dict(COMMON)))
    assert item is None
    assert "single_best_answer" in problems[0].hint


@EACH_CHOICE_TYPE
def test_every_response_belongs_to_one_class_and_different_responses_to_different_ones(kind: str) -> None:
    item, presentation = first_of(kind)
    shown = [choice.value for choice in item.ask(presentation).choices]
    chosen = [[letter for i, letter in enumerate(shown) if bits >> i & 1] for bits in range(2 ** len(shown))]
    responses = {item.parse({"answer": some}, presentation) for some in chosen}
    classes = {item.classify(response) for response in responses}
    assert None in responses
    assert len(classes) == len(responses) >= 3
    for response in responses - {None}:
        assert response is not None
        assert 0 <= item.grade(response) <= item.denominator


@EACH_CHOICE_TYPE
def test_the_full_mark_is_earned_by_one_response_only(kind: str) -> None:
    item, presentation = first_of(kind)
    n = len(item.ask(presentation).choices)
    some = [[ascii_uppercase[i] for i in range(n) if bits >> i & 1] for bits in range(2**n)]
    responses = {item.parse({"answer": letters}, presentation) for letters in some} - {None}
    full = [r for r in responses if r is not None and item.grade(r) == item.denominator]
    assert len(full) == 1
    explained = item.explain(full[0], presentation)
    assert all(line.is_key == line.is_chosen for line in explained)


@EACH_CHOICE_TYPE
def test_an_answer_in_words_names_what_was_chosen_as_it_was_shown(kind: str) -> None:
    item, presentation = first_of(kind)
    first = item.ask(presentation).choices[0]
    response = item.parse({"answer": [first.value]}, presentation)
    assert item.describe(response, presentation) == f"{first.value}. {first.text}"


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_a_form_that_shows_an_answer_sends_that_answer(kind: str, sample: Sample) -> None:
    item = build(kind, sample.fields)
    for seed in range(20):
        presentation = item.present(Random(seed))
        response = item.parse(letters(item, sample, presentation), presentation)
        if response is not None:
            assert item.parse(item.fill(response, presentation), presentation) == response


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_a_review_says_right_of_every_part_exactly_when_the_whole_mark_is_earned(kind: str, sample: Sample) -> None:
    item = build(kind, sample.fields)
    presentation = item.present(Random(sample.seed))
    response = item.parse(letters(item, sample, presentation), presentation)
    lines = item.explain(response, presentation)
    parts = [line for line in lines if isinstance(line, ExplainedPart)]
    if parts:
        assert all(part.is_right for part in parts) == (sample.mark == 1)
    elif kind not in CHOICES and response is not None:
        (chosen,) = [line for line in lines if line.is_chosen]  # type: ignore[union-attr]
        assert chosen.is_key == (sample.mark == 1)  # type: ignore[union-attr]
        assert chosen.given


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.sampled_from([*ascii_uppercase, "Z" * 5000]),
    lambda inner: st.lists(inner, max_size=5),
    max_leaves=12,
)
FIELDS = st.text(max_size=10) | st.sampled_from(["answer", *(f"answer-{part}" for part in ("ABCDE12345"))])
TYPED = st.sampled_from(
    [
        *"ABCDE12345",
        "true",
        "false",
        "8",
        "7,5",
        "1,250.00",
        "−3",
        "12 %",
        "1e30",
        "web",
        "Paris",
        "Pari",
        "\x00",
        "\u202eA",
    ]
) | st.from_regex(r"[-+−]?[0-9]{1,4}([.,' ][0-9]{1,4}){0,3}(e-?[0-9]{1,3})?", fullmatch=True)


@EACH_TYPE
@given(raw=st.dictionaries(FIELDS, st.lists(st.text() | TYPED, max_size=3), max_size=12))
def test_whatever_a_form_sends_is_an_answer_that_can_be_graded_or_none(kind: str, raw: dict[str, list[str]]) -> None:
    item, presentation = first_of(kind)
    check_parsed(item, presentation, raw)


@EACH_CHOICE_TYPE
@given(values=st.lists(st.sampled_from([*ascii_uppercase, *ascii_uppercase.lower(), "", " A", "А", "Ａ"]), max_size=30))
def test_repeated_and_lookalike_letters_do_no_harm(kind: str, values: list[str]) -> None:
    item, presentation = first_of(kind)
    response = check_parsed(item, presentation, {"answer": values})
    known = {choice.value for choice in item.ask(presentation).choices}
    if not known & set(values):
        assert response is None


@EACH_TYPE
@given(value=st.lists(HOSTILE, max_size=8))
def test_input_that_no_form_can_send_does_no_harm_either(kind: str, value: list[Any]) -> None:
    item, presentation = first_of(kind)
    check_parsed(item, presentation, {"answer": value, "answer-1": value, "answer-A": value})


def check_parsed(item: Item, presentation: Presentation, raw: Any) -> Response | None:
    response = item.parse(raw, presentation)
    assert isinstance(item.classify(response), str)
    assert len(item.classify(response)) <= 40, "the column that keeps the class is that wide"
    if response is not None:
        assert response
        assert 0 <= item.grade(response) <= item.denominator
        assert item.describe(response, presentation)
        assert isinstance(item.caution(response, presentation), str)
        kept = Answer.from_json(json.loads(json.dumps(Answer(response).to_json()))).response
        assert kept == response
        assert hash(kept) == hash(response)
        assert item.parse(item.fill(response, presentation), presentation) == response
    assert item.explain(response, presentation)
    return response


def test_an_answer_kept_before_there_were_other_types_reads_as_it_did() -> None:
    kept = {"response": [0, 2], "confidence": None, "flagged": False, "struck": [1]}
    assert Answer.from_json(kept) == Answer((0, 2), struck=(1,))
    assert Answer.from_json({**kept, "response": None}).response is None
    assert Answer((0, 2), struck=(1,)).to_json() == kept
