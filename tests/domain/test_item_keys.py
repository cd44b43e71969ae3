"""A corrected key: the same item with another right answer. Adding a type's file adds it to the tests of all types."""

from copy import deepcopy
from itertools import permutations, product
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.domain.items import ITEM_TYPES, Item, Sample, restore_item, store_item
from quizapp.domain.items.base import ExplainedPart, Response
from tests.domain.test_items import EACH_TYPE, FIELDS, SAMPLES, TYPED, build, first_of, letters

OPEN = {
    "matching": (0, None, 2),
    "extended_matching": (0, 3, 5, None),
    "kprim": (0, 1, None, 0),
    "ordering": (0, 1, None, 2),
    "cloze": ("8", None, 0),
}


def answer_of(item: Item, sample: Sample) -> Response | None:
    presentation = item.present(Random(sample.seed))
    return item.parse(letters(item, sample, presentation), presentation)


def answers_of(kind: str, item: Item) -> list[Response]:
    """What the samples of a type answer, where their answers speak of what `item` shows."""
    samples = [(build(kind, sample.fields), sample) for sample in ITEM_TYPES[kind].samples()]
    found = [answer_of(other, sample) for other, sample in samples if other.comparable() == item.comparable()]
    return [response for response in found if response is not None]


def marks_of(kind: str, item: Item) -> list[int]:
    return [item.grade(response) for response in answers_of(kind, item)]


def check_rekeyed(item: Item, response: Response) -> Item | None:
    """The item with that key, or None where the type says that it cannot be one."""
    changed: Item | None
    try:
        changed = item.with_key(response)
    except ValueError as error:
        refused = str(error)
        changed = None
    if changed is None:
        assert refused[0].isupper(), refused
        assert refused.endswith("."), refused
        return None
    assert changed.grade(response) == changed.denominator
    assert changed.comparable() == item.comparable()
    assert changed.texts() == item.texts()
    assert (changed.id, changed.title, changed.use, changed.case) == (item.id, item.title, item.use, item.case)
    assert type(changed) is type(item)
    assert restore_item(store_item(changed)) == changed
    return changed


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_any_answer_can_be_made_the_key_or_the_type_says_why_not(kind: str, sample: Sample) -> None:
    item = build(kind, sample.fields)
    before = store_item(item)
    for response in answers_of(kind, item):
        check_rekeyed(item, response)
    assert store_item(item) == before


@EACH_TYPE
def test_the_wrong_answer_of_the_samples_can_be_made_the_key_and_the_old_one_no_longer_is(kind: str) -> None:
    samples = ITEM_TYPES[kind].samples()
    item = build(kind, samples[0].fields)
    wrong = next(s.given for s in samples if s.name == "wrong" and s.fields == samples[0].fields and s.given)
    right = answer_of(item, samples[0])
    changed = check_rekeyed(item, wrong)
    assert changed is not None
    assert changed.grade(right) < changed.denominator
    back = check_rekeyed(changed, right)
    assert back is not None
    assert back.grade(right) == back.denominator


@pytest.mark.parametrize(("kind", "sample"), SAMPLES)
def test_with_the_key_that_it_has_an_item_marks_as_before(kind: str, sample: Sample) -> None:
    item = build(kind, sample.fields)
    right = next(build(kind, s.fields) for s in ITEM_TYPES[kind].samples() if s.name == "right")
    given = next(s.given for s in ITEM_TYPES[kind].samples() if s.name == "right" and s.given is not None)
    if item.comparable() == right.comparable() and item.grade(given) == item.denominator:
        same = item.with_key(given)
        assert same.denominator == item.denominator
        assert marks_of(kind, same) == marks_of(kind, item)


@EACH_TYPE
def test_a_key_that_comes_back_from_storage_as_json_is_the_same_key(kind: str) -> None:
    item, _ = first_of(kind)
    for response in answers_of(kind, item):
        changed = check_rekeyed(item, response)
        if changed is not None:
            assert restore_item(store_item(item)).with_key(response) == changed


@EACH_TYPE
@given(raw=st.dictionaries(FIELDS, st.lists(st.text() | TYPED, max_size=2), max_size=12))
def test_whatever_was_answered_is_a_possible_key_or_refused_in_words(kind: str, raw: dict[str, list[str]]) -> None:
    item, presentation = first_of(kind)
    response = item.parse(raw, presentation)
    if response is not None:
        check_rekeyed(item, response)


@EACH_TYPE
def test_versions_that_differ_in_their_reasons_alone_can_mark_each_others_answers(kind: str) -> None:
    fields = deepcopy(ITEM_TYPES[kind].samples()[0].fields)
    item, other = build(kind, fields), build(kind, {**_reworded(fields), "title": "Other", "stem": "Said otherwise?"})
    assert item.texts() != other.texts()
    assert item.comparable() == other.comparable()
    hash(item.comparable())


def _reworded(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {k: "Another reason." if k == "rationale" else _reworded(v) for k, v in tree.items()}
    return [_reworded(each) for each in tree] if isinstance(tree, list) else tree


@pytest.mark.parametrize(
    ("kind", "name"),
    [("single_best_answer", "options"), ("multiple_response", "options"), ("kprim", "statements"),
     ("matching", "rows"), ("matching", "matches"), ("extended_matching", "rows"), ("ordering", "entries")],
)  # fmt: skip
def test_versions_whose_parts_stand_in_another_order_cannot_mark_each_others_answers(kind: str, name: str) -> None:
    fields = ITEM_TYPES[kind].samples()[0].fields
    item, other = build(kind, fields), build(kind, {**fields, name: fields[name][::-1]})
    assert item.comparable() != other.comparable()


def test_versions_with_other_units_or_other_blanks_cannot_mark_each_others_answers() -> None:
    numeric = ITEM_TYPES["numeric"].samples()[0].fields
    assert build("numeric", numeric).comparable() != build("numeric", {**numeric, "unit": "cm"}).comparable()
    cloze = ITEM_TYPES["cloze"].samples()[0].fields
    other = {**cloze, "text": "It is an {{class}}. A spider has {{legs}} legs and spins a {{net}}."}
    assert build("cloze", cloze).comparable() != build("cloze", other).comparable()
    reworded = {**cloze, "text": cloze["text"].replace("A spider", "Each spider")}
    assert build("cloze", cloze).comparable() == build("cloze", reworded).comparable()


@pytest.mark.parametrize("kind", OPEN)
def test_a_key_with_a_part_left_open_is_refused(kind: str) -> None:
    item, _ = first_of(kind)
    assert item.grade(OPEN[kind]) < item.denominator
    with pytest.raises(ValueError, match="The right answer"):
        item.with_key(OPEN[kind])


def test_every_choice_is_no_key_of_a_multiple_response() -> None:
    item, _ = first_of("multiple_response")
    with pytest.raises(ValueError, match="at least one key"):
        item.with_key((0, 1, 2, 3, 4))


@pytest.mark.parametrize("scoring", ["exact", "adjacent_pairs", "position"])
def test_a_corrected_order_keeps_the_places_as_written_and_marks_by_the_new_one(scoring: str) -> None:
    fields = {**ITEM_TYPES["ordering"].samples()[0].fields, "scoring": scoring}
    item = build("ordering", fields)
    for key in permutations(range(4)):
        changed = item.with_key(key)
        assert [changed.grade(r) == changed.denominator for r in permutations(range(4))].count(True) == 1
        # By hand: the same answers to an item written in the new order, each entry's place moved along with it.
        order = [key.index(place) for place in range(4)]
        written = build("ordering", {**fields, "entries": [fields["entries"][w] for w in order]})
        for response in product((0, 1, 2, 3, None), repeat=4):
            assert changed.grade(response) == written.grade(tuple(response[w] for w in order))
        for seed in range(20):
            presentation = changed.present(Random(seed))
            assert presentation["order"] != order
            lines = changed.explain(key, presentation)
            assert [line.text for line in lines] == [e.text for e in written.entries]  # type: ignore[attr-defined, union-attr]
            assert all(isinstance(line, ExplainedPart) and line.is_right and line.key == line.given for line in lines)
    assert item.with_key((1, 0, 2, 3)).with_key((0, 1, 2, 3)) == item


def test_an_order_written_in_order_is_published_as_it_was_before_orders_could_be_corrected() -> None:
    item, _ = first_of("ordering")
    assert "places" not in store_item(item)
    assert store_item(item.with_key((1, 0, 2, 3)))["places"] == [2, 1, 3, 4]


def test_a_corrected_number_keeps_its_tolerance_and_what_else_is_named() -> None:
    item, _ = first_of("numeric")  # 125 mm within 2 %; 115 to 135 half; 12.5 nothing
    changed = item.with_key("13 cm")
    marks = {"130": 2, "127.4": 2, "127.3": 1, "125": 1, "13 cm": 2, "12.5": 0, "140": 0}
    assert {typed: changed.grade(typed) for typed in marks} == marks
    assert changed.with_key("125") == item


@pytest.mark.parametrize(
    ("answers", "typed", "words"),
    [
        ([{"value": 3, "rationale": "So."}], "about three", "no number we can read"),
        ([{"value": 3, "rationale": "So."}], "1,250", "read in two ways"),
        ([{"value": 3, "rationale": "So."}], "1" * 21, "too many digits"),
        ([{"at_least": 3, "rationale": "So."}], "5", "A range earns"),
        ([{"value": 3, "rationale": "So."}, {"value": 4, "rationale": "So."}], "5", "Several answers earn"),
    ],
)
def test_a_number_that_cannot_be_the_key_is_refused_in_words(
    answers: list[dict[str, Any]], typed: str, words: str
) -> None:
    item = build("numeric", {**ITEM_TYPES["numeric"].samples()[0].fields, "answers": answers})
    with pytest.raises(ValueError, match=words):
        item.with_key(typed)
    gap = {"kind": "number", "answers": answers, "otherwise": {"rationale": "So."}}
    cloze = build("cloze", {"stem": "Fill in.", "text": "It has {{n}}.", "blanks": {"n": gap}})
    with pytest.raises(ValueError, match=words):
        cloze.with_key((typed,))


def test_words_that_are_listed_already_earn_the_mark_with_all_that_means_the_same() -> None:
    item, _ = first_of("short_answer")  # Paris or Paris, France; Île-de-France half; Pares nothing
    changed = item.with_key("ile-de-france")
    assert [changed.grade(w) for w in ("Île-de-France", "Paris", "Pares", "Rome")] == [1, 0, 0, 0]
    new = item.with_key("Versailles")
    assert [new.grade(w) for w in ("versailes", "Paris", "Île-de-France")] == [2, 0, 1]
    assert item.with_key("paris, france") == item.with_key("Apris") == item


def test_one_of_several_right_words_is_never_chosen_by_us() -> None:
    answers = [{"accept": ["calf"], "rationale": "So."}, {"accept": ["sural"], "rationale": "So."}]
    item = build("short_answer", {"stem": "Where?", "answers": answers, "otherwise": {"rationale": "So."}})
    assert item.with_key("sural") == item
    with pytest.raises(ValueError, match="Several answers earn"):
        item.with_key("thigh")


def test_a_reason_why_a_choice_does_not_fit_is_not_given_once_it_does() -> None:
    item, presentation = first_of("matching")  # red does not fit the lemon, says the item
    changed = item.with_key((1, 0, 2))
    row = presentation["order"].index(0)
    assert "blood" in item.explain((1, 0, 2), presentation)[row].rationale
    assert "blood" not in changed.explain((1, 0, 2), presentation)[row].rationale
