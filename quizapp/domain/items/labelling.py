"""Labelling: give each numbered place of a figure the label that fits; labels that fit none are distractors.

Partial credit as in matching: with *n* places of which *r* have their label, *r*/*n*, or all or nothing; see pairs.py.
"""

from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from quizapp.domain import inputs
from quizapp.domain.items.base import Presentation, Response, Sample
from quizapp.domain.items.pairs import PairsItem, Row
from quizapp.domain.items.parts import say_missing
from quizapp.domain.items.regions import Corner, Figure
from quizapp.domain.items.registry import item_type

_NOTES = {
    "per_row": "Each right label earns its share of the mark. A label may fit more than one place, or none.",
    "all_or_nothing": "The mark is earned when all labels are right. A label may fit more than one place, or none.",
}


class Place(Row):
    """One place of the figure: where it is, in words that do not name it, and in the drawing's units."""

    at: Corner


@item_type
class Labelling(PairsItem):
    """Label the places, which are numbered as written. `matches` are the labels, `rows` the places."""

    label = "Labelling"
    type: Literal["labelling"] = "labelling"
    figure: Figure
    rows: tuple[Place, ...] = Field(min_length=2, max_length=10)
    shuffle: bool = True
    """The labels; places keep their numbers."""

    @model_validator(mode="after")
    def _has_its_places_in_the_figure(self) -> Self:
        left, top, right, bottom = self.figure.box
        for i, place in enumerate(self.rows):
            x, y = place.at
            said = ""
            if self.figure.body and not (left <= x <= right and top <= y <= bottom):
                said = f"place {i + 1} is not in the figure, whose viewBox is {self.figure.view_box}"
            elif place.at in [other.at for other in self.rows[:i]]:
                said = f"place {i + 1} is where another is"
            if said:
                raise PydanticCustomError(
                    "place", "{said}", {"said": said, "at": ("rows", i, "at"), "hint": "correct its at: [x, y]"}
                )
        return self

    def present(self, rng: Random) -> Presentation:
        return self._draw(rng, False, self.shuffle)

    def _mark(self, looks: dict[int, inputs.Look], presentation: Presentation, note: str = "") -> inputs.Figure:
        shown = [(str(i), w, self.rows[w].at) for i, w in enumerate(presentation["order"], 1)]
        return self.figure.show(tuple(inputs.Mark(i, x, y, "", looks.get(w, "")) for i, w, (x, y) in shown), note)

    def ask(self, presentation: Presentation) -> inputs.Pairs:
        return replace(super().ask(presentation), note=_NOTES[self.scoring], figure=self._mark({}, presentation))

    def picture(self, response: Response | None, presentation: Presentation) -> inputs.Figure:
        if response is None:
            return self._mark({}, presentation)
        looks: dict[int, inputs.Look] = {
            w: "right" if response[w] == self._key(row) else "missed" for w, row in enumerate(self.rows)
        }
        shown = [(str(i), looks[w]) for i, w in enumerate(presentation["order"], 1)]
        found = {look: ", ".join(i for i, each in shown if each == look) for look in ("right", "missed")}
        return self._mark(looks, presentation, " ".join(f"{k.capitalize()}: {v}." for k, v in found.items() if v))

    def caution(self, response: Response, presentation: Presentation) -> str:
        return say_missing(response, presentation["order"], "place")

    def comparable(self) -> tuple[tuple[str, ...], ...]:
        return *super().comparable(), tuple(f"{x} {y}" for x, y in (place.at for place in self.rows))

    @classmethod
    def samples(cls) -> list[Sample]:
        missed = [{"match": "ring", "rationale": "That one is round."}]
        fields = {
            "stem": "What is drawn at each place?",
            "figure": {"file": "figures/shapes.svg", "alternative": "Four shapes, three of them numbered."},
            "matches": [
                {"id": "box", "text": "Box"},
                {"id": "ring", "text": "Ring"},
                {"id": "triangle", "text": "Triangle"},
                {"id": "star", "text": "Star"},
            ],
            "rows": [
                {"text": "Above on the left", "at": [90, 70], "key": "box", "rationale": "Four equal sides.",
                 "missed": missed},
                {"text": "Above on the right", "at": [300, 70], "key": "ring", "rationale": "It is round."},
                {"text": "Below on the left", "at": [100, 240], "key": "triangle", "rationale": "Three sides."},
            ],
        }  # fmt: skip
        whole = {**fields, "scoring": "all_or_nothing"}
        twice = {"answer-1": ["A", "B"], "answer-9": ["A"], "answer-2": ["Z"], "answer": ["A"]}
        return [
            Sample("right", fields, 1, (0, 1, 2), None, Fraction(1)),
            Sample("partial", fields, 2, (0, 3, None), None, Fraction(1, 3)),
            Sample("partial", fields, 3, (0, 1, 1), None, Fraction(2, 3)),
            Sample("wrong", fields, 4, (1, 0, 3), None, Fraction(0)),
            Sample("wrong", whole, 5, (0, 1, 3), None, Fraction(0)),
            Sample("blank", fields, 6, None, {"answer-1": [""]}, None),
            Sample("hostile", fields, 7, None, twice, None),
        ]
