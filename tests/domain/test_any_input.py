"""Whatever comes in the fields that a form of a type really has: nested, huge, missing, repeated."""

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.domain.items import ITEM_TYPES, Sample
from tests.domain.test_items import EACH_TYPE, SAMPLES, build, check_parsed, first_of, letters

HUGE = ("9" * 100_000, "Z" * 100_000, "\U0001f9b5" * 50_000, "é" * 4_000, "-" * 10_000, "1." * 3_000, "A " * 9_000)
NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=20,
)


def own_fields(kind: str) -> dict[str, list[str]]:
    """The fields of the first sample that is right: every name that a form of the type sends."""
    samples = ITEM_TYPES[kind].samples()
    item, presentation = first_of(kind)
    return item.fill(next(each.given for each in samples if each.name == "right"), presentation)


def values(right: list[str]) -> st.SearchStrategy[Any]:
    """Something for one field: what is right, repeated or not, among what is not."""
    one: st.SearchStrategy[Any] = st.sampled_from(right) | st.sampled_from(HUGE) | st.text() | NESTED
    return st.lists(one, max_size=4) | st.just(right * 2) | st.just(right[:1] * 5_000)


@EACH_TYPE
@settings(max_examples=25)
@given(data=st.data())
def test_whatever_stands_in_a_types_own_fields_is_an_answer_that_can_be_graded_or_none(
    kind: str, data: st.DataObject
) -> None:
    fields = own_fields(kind)
    sent = data.draw(st.lists(st.sampled_from(sorted(fields)), unique=True), label="fields that are sent")
    raw = {name: data.draw(values(fields[name]), label=name) for name in sent}
    more = data.draw(st.dictionaries(st.text(max_size=20), st.lists(NESTED, max_size=2), max_size=3), label="others")
    item, presentation = first_of(kind)
    check_parsed(item, presentation, {**more, **raw})


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_any_field_of_any_sample_can_be_missing_doubled_or_huge(kind: str, sample: Sample) -> None:
    item = build(kind, sample.fields)
    presentation = item.present(Random(sample.seed))
    fields = letters(item, sample, presentation)
    for name, sent in fields.items():
        others = {each: value for each, value in fields.items() if each != name}
        for value in ([], [""], sent * 2, sent * 3_000, *([each] for each in HUGE), *([*sent, each] for each in HUGE)):
            check_parsed(item, presentation, {**others, name: value})
        check_parsed(item, presentation, others)


@EACH_TYPE
def test_ten_thousand_fields_do_no_harm(kind: str) -> None:
    item, presentation = first_of(kind)
    raw = {f"answer-{i}": ["A", "1", "true"] for i in range(10_000)} | own_fields(kind)
    assert check_parsed(item, presentation, raw)
