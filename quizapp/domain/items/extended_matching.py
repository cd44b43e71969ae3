"""Extended matching: one theme, a long list of options, and several short cases to be answered from it.

The options are shown in alphabetical order, so that they can be found (S. M. Case, D. B. Swanson, Constructing written
test questions for the basic and clinical sciences, National Board of Medical Examiners); the cases as written or
shuffled. Marks: see pairs.py.
"""

from fractions import Fraction
from random import Random
from typing import Literal

from pydantic import Field

from quizapp.domain.items.base import Presentation, Sample
from quizapp.domain.items.pairs import Match, PairsItem
from quizapp.domain.items.registry import item_type


@item_type
class ExtendedMatching(PairsItem):
    """For each case choose the best option. The stem is the lead-in: the question asked of every case."""

    label = "Extended matching"
    type: Literal["extended_matching"] = "extended_matching"
    matches: tuple[Match, ...] = Field(min_length=5, max_length=26)
    shuffle: bool = True

    def present(self, rng: Random) -> Presentation:
        by_name = sorted(range(len(self.matches)), key=lambda i: self.matches[i].text.casefold())
        return {**self._draw(rng, self.shuffle, False), "matches": by_name}

    @classmethod
    def samples(cls) -> list[Sample]:
        fields = {
            "stem": "Which animal is it most likely?",
            "matches": [{"id": name.lower(), "text": name} for name in ("Cow", "Bee", "Trout", "Ant", "Eagle", "Dog")],
            "rows": [
                {"text": "It gives milk.", "key": "cow", "rationale": "Cows do."},
                {"text": "It makes honey.", "key": "bee", "rationale": "Bees do."},
                {"text": "It barks.", "key": "dog", "rationale": "Dogs do."},
                {"text": "It stings, and makes wax.", "key": "bee", "rationale": "Bees do."},
            ],
        }
        return [
            Sample("right", fields, 1, (0, 1, 5, 1), None, Fraction(1)),
            Sample("partial", fields, 2, (0, 3, 5, None), None, Fraction(1, 2)),
            Sample("wrong", fields, 3, (4, 4, 4, 4), None, Fraction(0)),
            Sample("blank", fields, 4, None, {}, None),
            Sample("hostile", fields, 5, None, {"answer-1": ["cow"], "answer-2": ["G"], "answer": ["A"]}, None),
        ]
