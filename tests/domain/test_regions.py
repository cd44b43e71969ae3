"""Regions of a figure, and what pointing at them earns."""

from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quizapp.domain.drafts import Draft
from quizapp.domain.inputs import Pairs, Point
from quizapp.domain.items import ITEM_TYPES, read_draft
from quizapp.domain.items.hotspot import Hotspot
from quizapp.domain.items.regions import Region
from tests.domain.test_items import COMMON, build

HOTSPOT, ONE = (ITEM_TYPES["hotspot"].samples()[i].fields for i in (0, 6))
LABELLING = ITEM_TYPES["labelling"].samples()[0].fields
DRAWN = {**HOTSPOT["figure"], "body": "<path/>", "view_box": "0 0 400 300"}


def draw(**shape: Any) -> Region:
    return Region(text="A place", rationale="So.", **shape)


SQUARE = draw(rectangle=(10, 20, 30, 30))
ARROW = draw(polygon=((0, 0), (40, 20), (0, 40), (10, 20)))
"""Its middle by the mean of its corners lies at its very edge."""


@pytest.mark.parametrize(
    ("region", "inside", "outside"),
    [
        (SQUARE, [(10.1, 20.1), (25, 35), (39.9, 49.9)], [(9.9, 30), (25, 19.9), (40.1, 30), (25, 50.1)]),
        (draw(circle=(0, 0, 10)), [(0, 0), (9.9, 0), (-7, -7)], [(10.1, 0), (7.2, 7.2)]),
        (draw(polygon=((0, 0), (40, 0), (0, 40))), [(1, 1), (19, 19)], [(21, 21), (-1, 5), (39, 39)]),
        (ARROW, [(12, 20), (30, 20), (5, 6)], [(5, 20), (9, 20), (41, 20), (20, 5)]),
    ],
)
def test_a_region_holds_what_lies_in_its_outline(
    region: Region, inside: list[tuple[float, float]], outside: list[tuple[float, float]]
) -> None:
    assert all(region.holds(x, y) for x, y in inside)
    assert not any(region.holds(x, y) for x, y in outside)


def test_outlines_are_written_as_paths() -> None:
    assert SQUARE.outline == "M10 20L40 20L40 50L10 50Z"
    assert draw(circle=(50, 60, 7)).outline == "M43 60a7 7 0 1 0 14 0a7 7 0 1 0 -14 0Z"
    assert ARROW.outline == "M0 0L40 20L0 40L10 20Z"


@given(st.lists(st.tuples(st.integers(-50, 450), st.integers(-50, 450)), min_size=3, max_size=8, unique=True))
def test_a_letter_stands_inside_its_region_whatever_the_shape(corners: list[tuple[int, int]]) -> None:
    region = draw(polygon=tuple(corners))
    assert region.holds(*region.middle) or region.middle == corners[0], "only a shape without a room has none inside"


@pytest.mark.parametrize(
    ("other", "overlap"),
    [
        (SQUARE, True),
        (draw(rectangle=(20, 30, 5, 5)), True),
        (draw(rectangle=(40, 20, 30, 30)), False),
        (draw(rectangle=(38, 48, 30, 30)), True),
        (draw(circle=(25, 10, 10)), False),
        (draw(circle=(25, 15, 10)), True),
        (draw(polygon=((10, 20), (40, 20), (25, 0))), False),
        (draw(polygon=((10, 20), (40, 20), (25, 40))), True),
        (draw(polygon=((0, 0), (100, 0), (100, 100), (0, 100), (0, 90), (90, 90), (90, 10), (0, 10))), False),
    ],
)
def test_regions_may_touch_but_not_overlap(other: Region, overlap: bool) -> None:
    assert SQUARE.overlaps(other) is overlap
    assert other.overlaps(SQUARE) is overlap


@pytest.mark.parametrize(
    ("n_keys", "n_right", "elsewhere", "n_wrong", "mark"),
    [
        (1, 1, False, 0, "1"), (1, 0, False, 1, "0"), (1, 0, True, 0, "0"),
        (2, 2, False, 0, "1"), (2, 1, False, 0, "1/2"), (2, 2, False, 1, "1/2"), (2, 2, True, 0, "1/2"),
        (2, 1, False, 1, "0"), (2, 1, True, 0, "0"), (2, 2, True, 1, "0"), (2, 0, False, 2, "0"), (2, 0, True, 0, "0"),
        (3, 3, False, 0, "1"), (3, 2, False, 0, "2/3"), (3, 2, False, 1, "1/3"), (3, 3, True, 1, "1/3"),
        (3, 1, False, 0, "1/3"), (3, 1, True, 1, "0"), (3, 3, False, 1, "2/3"),
    ],
)  # fmt: skip
def test_places_earn_what_was_worked_out_by_hand(
    n_keys: int, n_right: int, elsewhere: bool, n_wrong: int, mark: str
) -> None:
    """(right - wrong) / n, not below 0; elsewhere is one wrong place."""
    regions = [
        {"text": f"Place {i}", "rectangle": [i * 50, 0, 40, 40], "key": i < n_keys, "rationale": "So."}
        for i in range(5)
    ]
    item = build("hotspot", {**HOTSPOT, "n": n_keys, "regions": regions})
    response = (*range(n_right), *range(n_keys, n_keys + n_wrong), *((5,) if elsewhere else ()))
    assert Fraction(item.grade(response), item.denominator) == Fraction(mark)


@pytest.mark.parametrize(
    ("response", "per_row", "whole"),
    [
        ((0, 1, 2), "1", "1"), ((0, 1, 3), "2/3", "0"), ((0, 1, None), "2/3", "0"), ((0, 0, 0), "1/3", "0"),
        ((None, None, 2), "1/3", "0"), ((1, 2, 0), "0", "0"), ((3, 3, None), "0", "0"),
    ],
)  # fmt: skip
def test_labels_earn_what_was_worked_out_by_hand(response: tuple[int | None, ...], per_row: str, whole: str) -> None:
    for scoring, mark in (("per_row", per_row), ("all_or_nothing", whole)):
        item = build("labelling", {**LABELLING, "scoring": scoring})
        assert Fraction(item.grade(response), item.denominator) == Fraction(mark)


def test_a_place_outside_all_regions_is_a_class_of_its_own() -> None:
    one, several = build("hotspot", ONE), build("hotspot", HOTSPOT)
    assert one.classify((4,)) == "elsewhere"
    assert several.classify((0, 4)) == "0+elsewhere"
    assert one.explain((4,), one.present(Random(1)))[-1].is_chosen  # type: ignore[union-attr]


def test_regions_are_lettered_and_drawn_in_an_order_that_says_nothing() -> None:
    item = build("hotspot", HOTSPOT)
    orders = set()
    for seed in range(200):
        presentation = item.present(Random(seed))
        asked = item.ask(presentation)
        assert isinstance(asked, Point)
        assert [mark.value for mark in asked.figure.marks] == ["A", "B", "C", "D"]
        assert [choice.value for choice in asked.choices] == ["A", "B", "C", "D", "E"]
        assert asked.choices[-1].text == "Elsewhere in the figure"
        assert not any(mark.look for mark in asked.figure.marks)
        orders.add(tuple(mark.outline for mark in asked.figure.marks))
    assert len(orders) == 24


def test_a_review_marks_the_key_and_what_was_missed_and_says_so_in_words() -> None:
    item = build("hotspot", HOTSPOT)
    presentation = {"order": [2, 0, 1, 3, 4]}
    figure = item.picture((0, 1, 4), presentation)
    assert figure is not None
    assert [mark.look for mark in figure.marks] == ["", "right", "missed", "right"]
    said = "Thick line: the right answer, B and D. Your answer: B, C and E. Broken line: C, not right."
    assert figure.note == said
    blank = item.picture(None, presentation)
    assert blank is not None
    assert blank.note == "Thick line: the right answer, B and D."


def test_places_keep_their_numbers_while_labels_are_shuffled() -> None:
    item = build("labelling", LABELLING)
    asked = [item.ask(item.present(Random(seed))) for seed in range(20)]
    for each in asked:
        assert isinstance(each, Pairs)
        assert each.figure is not None
        assert [(mark.value, mark.x, mark.y) for mark in each.figure.marks] == [
            ("1", 90, 70), ("2", 300, 70), ("3", 100, 240),
        ]  # fmt: skip
        assert [row.text for row in each.rows] == [row["text"] for row in LABELLING["rows"]]
    assert len({each.choices for each in asked}) > 5  # type: ignore[union-attr]
    figure = item.picture((0, 3, None), item.present(Random(1)))
    assert figure is not None
    assert [mark.look for mark in figure.marks] == ["right", "missed", "missed"]
    assert figure.note == "Right: 1. Missed: 2, 3."


FAULTS: list[tuple[str, dict[str, Any], str, str, tuple[Any, ...]]] = [
    ("hotspot", {"n": 1}, "key-count", "asks for 1 and has 2 regions", ("regions",)),
    ("hotspot", {"regions": [HOTSPOT["regions"][0]] * 2}, "duplicate-option", "option 2 says the same", ("regions", 1)),
    ("hotspot", {"figure": {**DRAWN, "view_box": "0 0 300 300"}}, "region-place", "region 3 reaches", ("regions", 2)),
    ("hotspot", {"figure": {"file": "figures/shapes.svg"}}, "missing-field", "figure.alternative", ("figure",)),
    ("hotspot", {"figure": {**DRAWN, "file": "../shapes.svg"}}, "bad-form", "figure.file", ("figure", "file")),
    ("labelling", {"figure": {**DRAWN, "view_box": "0 0 300 200"}}, "place", "place 3 is not in the figure, whose",
     ("rows", 2, "at")),
    ("labelling", {"rows": [LABELLING["rows"][0], {**LABELLING["rows"][1], "at": [90, 70]}]}, "place",
     "place 2 is where another is", ("rows", 1, "at")),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "changes", "code", "words", "at"), FAULTS)
def test_a_figure_and_what_lies_in_it_have_to_fit(
    kind: str, changes: dict[str, Any], code: str, words: str, at: tuple[Any, ...]
) -> None:
    fields = {**COMMON, **(HOTSPOT if kind == "hotspot" else LABELLING), **changes}
    if kind == "hotspot" and code == "duplicate-option":
        fields["n"] = 2
    item, problems = read_draft(Draft(kind, fields, lines={at[:i]: 10 + i for i in range(len(at) + 1)}))
    assert item is None
    assert [(problem.code, problem.line) for problem in problems] == [(code, 10 + len(at))]
    assert words in problems[0].message


@pytest.mark.parametrize("shape", [{}, {"circle": [9, 9, 9], "rectangle": [1, 1, 9, 9]}])
def test_a_region_without_a_shape_or_with_two_is_refused(shape: dict[str, Any]) -> None:
    region = {"text": "A place", "rationale": "So.", **shape}
    item, problems = read_draft(Draft("hotspot", {**COMMON, **HOTSPOT, "regions": [*HOTSPOT["regions"], region]}))
    assert item is None
    assert [problem.code for problem in problems] == ["region-shape"]
    assert problems[0].message.startswith("regions.5: ")


def test_a_region_over_another_is_refused_by_name() -> None:
    region = {"text": "In the box", "rationale": "So.", "circle": [60, 60, 9]}
    _, problems = read_draft(Draft("hotspot", {**COMMON, **HOTSPOT, "regions": [*HOTSPOT["regions"], region]}))
    assert [problem.message for problem in problems] == ["regions.5: regions 2 and 5 overlap"]


def test_elsewhere_can_never_be_made_the_key() -> None:
    item = build("hotspot", ONE)
    assert isinstance(item, Hotspot)
    with pytest.raises(ValueError, match="Elsewhere is no region"):
        item.with_key((4,))
    both = item.with_key((0, 3))
    assert (both.n, both.grade((0, 3)), both.denominator) == (2, 2, 2)
