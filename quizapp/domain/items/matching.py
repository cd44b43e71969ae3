"""Matching: each row has one choice that fits it; choices that fit none are distractors. Marks: see pairs.py."""

from fractions import Fraction
from random import Random
from typing import Literal

from quizapp.domain.items.base import Presentation, Sample
from quizapp.domain.items.pairs import PairsItem
from quizapp.domain.items.registry import item_type


@item_type
class Matching(PairsItem):
    """Match each row with the choice that fits."""

    label = "Matching"
    type: Literal["matching"] = "matching"
    shuffle: bool = True

    def present(self, rng: Random) -> Presentation:
        return self._draw(rng, self.shuffle, self.shuffle)

    @classmethod
    def samples(cls) -> list[Sample]:
        missed = [{"match": "red", "rationale": "That is blood."}]
        fields = {
            "stem": "Which colour has each?",
            "matches": [
                {"id": "yellow", "text": "Yellow"},
                {"id": "red", "text": "Red"},
                {"id": "green", "text": "Green"},
                {"id": "blue", "text": "Blue"},
            ],
            "rows": [
                {"text": "A lemon", "key": "yellow", "rationale": "It is yellow.", "missed": missed},
                {"text": "A tomato", "key": "red", "rationale": "It is red."},
                {"text": "Grass", "key": "green", "rationale": "It is green."},
            ],
        }
        whole = {**fields, "scoring": "all_or_nothing"}
        twice = {"answer-1": ["A", "B"], "answer-9": ["A"], "answer-2": ["Z"], "answer-3": ["a"]}
        return [
            Sample("right", fields, 1, (0, 1, 2), None, Fraction(1)),
            Sample("partial", fields, 2, (0, 3, 2), None, Fraction(2, 3)),
            Sample("partial", fields, 3, (None, 1, None), None, Fraction(1, 3)),
            Sample("wrong", fields, 4, (1, 0, 0), None, Fraction(0)),
            Sample("wrong", whole, 5, (0, 1, 0), None, Fraction(0)),
            Sample("blank", fields, 6, None, {"answer-1": [""], "answer-2": [""]}, None),
            Sample("hostile", fields, 7, None, twice, None),
        ]
