"""The items of the course of this checkout: which there are, and what people type where a number or word is asked."""

from fractions import Fraction
from random import Random

import pytest

from quizapp.banks.course import Reader
from quizapp.domain.items import ITEM_TYPES, Item
from tests.content import REAL

TYPED: dict[str, dict[str, int | Fraction]] = {
    "bruises-in-a-year": {"30": 1, "30.2": 1, "30,2 bruises": 1, "7.55": 0, "53": 0},
    "calf-cramps-on-a-list": {"184": 1, "184 patients": 1, "400": 0, "230": 0},
    "consent-word-for-the-chest": {
        "Pneumothorax": 1, "pnuemothorax": 1, "a pneumothorax": 1, "collapsed lung": 1, "lung injury": Fraction(1, 2),
        "haemothorax": 0, "hemothorax": 0, "pneumonia": 0,
    },
    "laboratory-measure-name": {
        "CTF": 1, "ctf": 1, "Cramp threshold frequency.": 1, "threshhold frequency": 1, "threshold": Fraction(1, 2),
        "cramp frequency": 0, "EMG": 0,
    },
    "muddled-at-the-finish-word": {
        "hyponatraemia": 1, "hyponatremia": 1, "exercise associated hyponatremia": 1, "low sodium": 1,
        "overhydration": Fraction(1, 2), "hypernatraemia": 0, "hypernatremia": 0, "dehydration": 0, "heatstroke": 0,
    },
    "one-in-how-many": {"1024": 1, "1,024": 1, "1.025": 1, "1 024.7": 1, "0.1": 0, "0,098 %": 0, "20": 0},
    "share-of-the-gap": {"34": 1, "34,5 %": 1, "-34": Fraction(1, 2), "0.34": Fraction(1, 2), "0.92": 0, "25.3": 0},
    "sixteen-down-to-twelve": {"25": 1, "25%": 1, "-25 %": 1, "0.25": Fraction(1, 2), "33.3": 0, "4": 0, "75": 0},
    "where-the-tape-goes": {"10": 1, "10cm": 1, "100 mm": 1, "3": 0},
    "word-for-the-what-if": {
        "safety-netting": 1, "safety netting": 1, "Safetynetting": 1, "saftey net": 1, "advice": Fraction(1, 2),
        "teach back": 0, "consent": 0,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def items() -> dict[str, Item]:
    course = Reader().read_course(REAL)
    return {item.id: item for module in course.modules for item in module.bank.items if item is not None}


def test_the_course_uses_every_item_type(items: dict[str, Item]) -> None:
    assert {item.type for item in items.values()} == set(ITEM_TYPES)  # type: ignore[attr-defined]


def test_the_course_has_at_least_fifteen_items_of_the_types_that_came_later(items: dict[str, Item]) -> None:
    first = {"single_best_answer", "multiple_response", "true_false"}
    assert sum(item.type not in first for item in items.values()) >= 15  # type: ignore[attr-defined]


def test_the_course_has_a_case_that_unfolds_and_one_that_does_not(items: dict[str, Item]) -> None:
    cases = {item.case.id: item.case.unfolds for item in items.values() if item.case is not None}
    assert set(cases.values()) == {True, False}


@pytest.mark.parametrize("item_id", TYPED)
def test_what_people_type_earns_what_its_author_meant(item_id: str, items: dict[str, Item]) -> None:
    item = items[item_id]
    shown = item.present(Random(1))
    earned = {}
    for typed in TYPED[item_id]:
        response = item.parse({"answer": [typed]}, shown)
        assert response is not None
        earned[typed] = Fraction(item.grade(response), item.denominator)
    assert earned == TYPED[item_id]
