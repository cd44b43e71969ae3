"""Marks of each partial-credit rule against tables worked out by hand, without the code, from the rule's source.

Sources of the rules:
- LAHNER: Lahner FM et al., Adv Health Sci Educ 2018;23:455-463. PS50: half a point if more than half of the ratings are
  right, a whole one if all are. PS1/n: a share of the point for each. DS: all or nothing.
- CANVAS: Canvas instructor guide, "How do I create a Multiple Answer question in New Quizzes": a share for each right
  answer that is chosen, the same taken off for each wrong one, never below zero. Its example: both of 2 right answers
  and 1 wrong one earn 2 points of 4.
- MOODLE: grading types "all or nothing", "absolute position" and "relative to the next item (excluding last)" of
  Moodle's ordering question. The example of six letters has C and F in the place of each other.
- OWN: the formula that docs/authoring.md states.
"""

from fractions import Fraction
from typing import Any

import pytest

from tests.domain.test_items import build

WHY = "Because it is so."


def several(n_keys: int, n_others: int) -> dict[str, Any]:
    options = [{"text": f"Option {i}", "rationale": WHY, "key": i < n_keys} for i in range(n_keys + n_others)]
    return {"stem": "Which? Select all that apply.", "options": options}


def judged(scoring: str, *answers: bool) -> dict[str, Any]:
    statements = [{"text": f"Statement {i}", "answer": each, "rationale": WHY} for i, each in enumerate(answers)]
    return {"stem": "True or false?", "statements": statements, "scoring": scoring}


def ordered(scoring: str, letters: str) -> dict[str, Any]:
    return {"stem": "Order.", "entries": [{"text": each, "rationale": WHY} for each in letters], "scoring": scoring}


def paired(keys: str, all_matches: str, **more: Any) -> dict[str, Any]:
    matches = [{"id": each.lower(), "text": each} for each in all_matches]
    rows = [{"text": f"Row {i}", "key": key.lower(), "rationale": WHY} for i, key in enumerate(keys)]
    return {"stem": "Which belongs to which?", "matches": matches, "rows": rows, **more}


def blanks(*percents: int) -> dict[str, Any]:
    """A text with one number blank for each: 1 is right, 2 earns so many per cent."""
    answers = [[{"value": 1, "rationale": WHY}, {"value": 2, "percent": each, "rationale": WHY}] for each in percents]
    return {
        "stem": "Fill in.",
        "text": " ".join(f"{{{{b{i}}}}}" for i in range(len(percents))),
        "blanks": {
            f"b{i}": {"kind": "number", "answers": each, "otherwise": {"rationale": WHY}}
            for i, each in enumerate(answers)
        },
    }


HALF, THIRD, TWO_THIRDS = Fraction(1, 2), Fraction(1, 3), Fraction(2, 3)
FOUR = (True, True, False, False)
SIX = "ABCDEF"
SWAPPED = (0, 1, 5, 3, 4, 2)
"""A, B, F, D, E, C: the place in the right order of what stands in each."""

TABLE: list[tuple[str, str, dict[str, Any], Any, Fraction | int]] = [
    # CANVAS: 2 keys; both and one wrong option: (2 - 1) / 2.
    ("multiple_response", "CANVAS", several(2, 3), (0, 1, 2), HALF),
    ("multiple_response", "CANVAS", several(2, 3), (0, 1), 1),
    ("multiple_response", "CANVAS", several(2, 3), (1,), HALF),
    ("multiple_response", "CANVAS", several(2, 3), (0, 2), 0),
    ("multiple_response", "CANVAS", several(2, 3), (2, 3, 4), 0),
    ("multiple_response", "CANVAS", several(3, 1), (0, 1, 2, 3), TWO_THIRDS),
    # LAHNER: four statements; 4, 3, 2, 1 and 0 judged rightly.
    *(
        ("kprim", "LAHNER", judged(rule, *FOUR), given, mark)
        for rule, marks in (
            ("half_point", (1, HALF, 0, 0, 0)),
            ("per_statement", (1, Fraction(3, 4), HALF, Fraction(1, 4), 0)),
            ("all_or_nothing", (1, 0, 0, 0, 0)),
        )
        for given, mark in zip(
            ((0, 0, 1, 1), (0, 0, 1, 0), (0, 0, 0, 0), (0, 1, 0, 0), (1, 1, 0, 0)), marks, strict=True
        )
    ),
    ("kprim", "LAHNER", judged("half_point", True, True, False, False, True), (0, 0, 1, 0, 1), HALF),  # 3 of 5
    ("kprim", "LAHNER", judged("half_point", *FOUR), (0, 0, 1, None), HALF),
    # MOODLE: A, B, F, D, E, C.
    ("ordering", "MOODLE", ordered("exact", SIX), SWAPPED, 0),
    ("ordering", "MOODLE", ordered("exact", SIX), (0, 1, 2, 3, 4, 5), 1),
    ("ordering", "MOODLE", ordered("position", SIX), SWAPPED, TWO_THIRDS),  # A, B, D and E: 4 of 6
    ("ordering", "MOODLE", ordered("adjacent_pairs", SIX), SWAPPED, Fraction(2, 5)),  # AB and DE: 2 of 5
    # The last one first, F A B C D E: no entry in its place, yet four pairs of five.
    ("ordering", "MOODLE", ordered("position", SIX), (1, 2, 3, 4, 5, 0), 0),
    ("ordering", "MOODLE", ordered("adjacent_pairs", SIX), (1, 2, 3, 4, 5, 0), Fraction(4, 5)),
    # From last to first, F E D C B A: every pair is the wrong way round.
    ("ordering", "MOODLE", ordered("adjacent_pairs", SIX), (5, 4, 3, 2, 1, 0), 0),
    # OWN: the share of the rows with their own match; open rows earn nothing.
    ("matching", "OWN", paired("ABC", "ABCD"), (0, 1, 3), TWO_THIRDS),
    ("matching", "OWN", paired("ABC", "ABCD"), (0, None, None), THIRD),
    ("matching", "OWN", paired("ABC", "ABCD"), (1, 2, 0), 0),
    ("matching", "OWN", paired("ABC", "ABCD", scoring="all_or_nothing"), (0, 1, 3), 0),
    ("extended_matching", "OWN", paired("ABAF", "ABCDEF"), (0, 1, 1, 5), Fraction(3, 4)),
    ("extended_matching", "OWN", paired("ABAF", "ABCDEF"), (0, 0, 0, 0), HALF),
    # OWN: each blank has an equal part of the mark: 1/3 · (1 + 50 % + 0), 1/2 · (25 % + 50 %).
    ("cloze", "OWN", blanks(50, 50, 50), ("1", "2", "3"), HALF),
    ("cloze", "OWN", blanks(25, 50), ("2", "2"), Fraction(3, 8)),
    ("cloze", "OWN", blanks(25, 50), ("1", None), HALF),
    ("cloze", "OWN", blanks(33, 50), ("2", "1"), Fraction(133, 200)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "source", "fields", "given", "mark"), TABLE)
def test_a_partial_credit_rule_earns_what_was_worked_out_by_hand(
    kind: str, source: str, fields: dict[str, Any], given: Any, mark: Fraction | int
) -> None:
    assert source in __doc__  # type: ignore[operator]
    item = build(kind, fields)
    assert Fraction(item.grade(given), item.denominator) == mark


BANDS: dict[str, tuple[dict[str, Any], dict[str, int | Fraction]]] = {
    # 200 within 5 % is 190 to 210, half the mark within 20: 180 to 220.
    "relative": (
        {"answers": [{"value": 200, "within_percent": 5, "rationale": WHY},
                     {"value": 200, "within": 20, "percent": 50, "rationale": WHY}]},
        {"190": 1, "189.9": HALF, "180": HALF, "179.9": 0, "210": 1, "220": HALF, "221": 0},
    ),
    # A range, and the same in another unit: 1 cm is 10 mm.
    "range and unit": (
        {"unit": "mm", "other_units": {"cm": 10}, "answers": [{"at_least": 30, "at_most": 40, "rationale": WHY}]},
        {"30": 1, "40": 1, "3 cm": 1, "4,0 cm": 1, "4.1 cm": 0, "29.99": 0, "3": 0},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BANDS)
def test_a_number_earns_what_the_bounds_worked_out_by_hand_say(name: str) -> None:
    fields, marks = BANDS[name]
    item = build("numeric", {"stem": "How much?", "otherwise": {"rationale": WHY}, **fields})
    assert {given: Fraction(item.grade(given), item.denominator) for given in marks} == marks
