"""Hotspot: point at one or several places of a figure, or choose them by name in the list beside it.

Partial credit: with *n* places asked for, each key pointed at counts 1, each other place takes 1 away, and the sum,
never below zero, is marked out of *n*: (right - wrong) / *n*. It is the rule of multiple_response.py, which Canvas
states for its multiple-answers questions; with *n* = 1 the mark is 1 or 0. "Elsewhere", every place that is in no
region, counts as one other place, however often it was pointed at.
"""

from fractions import Fraction
from random import Random
from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from quizapp.domain import inputs
from quizapp.domain.items.base import Explained, Presentation, Raw, Response, Sample
from quizapp.domain.items.choices import LETTERS, ChoiceItem, draw_order, mark_keys, read_chosen, require_distinct, show
from quizapp.domain.items.marks import Otherwise
from quizapp.domain.items.regions import Figure, Region, check_regions
from quizapp.domain.items.registry import item_type

ELSEWHERE = "Elsewhere in the figure"


@item_type
class Hotspot(ChoiceItem):
    """Point at `n` places. The response holds positions of regions; the number after the last is elsewhere."""

    label = "Hotspot"
    type: Literal["hotspot"] = "hotspot"
    figure: Figure
    regions: tuple[Region, ...] = Field(min_length=2, max_length=10)
    elsewhere: Otherwise
    n: int = Field(1, ge=1, le=9)
    """How many places to point at: as many as there are keys."""
    outlined: bool = True
    """Whether the regions are drawn and lettered from the start, or only once they are chosen."""
    shuffle: bool = True

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        n_keys = sum(region.key for region in self.regions)
        if n_keys != self.n:
            raise PydanticCustomError(
                "key_count",
                "this hotspot asks for {n} and has {keys} regions with key: true",
                {"n": self.n, "keys": n_keys, "at": ("regions",), "hint": "mark as many keys as n says"},
            )
        require_distinct(self.regions, "regions")
        check_regions(self.figure, self.regions)
        return self

    @property
    def denominator(self) -> int:
        return self.n

    @property
    def _names(self) -> list[str]:
        return [*(region.text for region in self.regions), ELSEWHERE]

    def present(self, rng: Random) -> Presentation:
        shown = draw_order(len(self.regions), rng, self.shuffle)
        return {"order": [*shown["order"], len(self.regions)]}

    def _draw(self, looks: dict[int, inputs.Look], presentation: Presentation, note: str = "") -> inputs.Figure:
        """The figure with each region under its letter, in the order of these."""
        marks = []
        for i, written in enumerate(presentation["order"][:-1]):
            (x, y), outline = self.regions[written].middle, self.regions[written].outline
            marks.append(inputs.Mark(LETTERS[i], x, y, outline, looks.get(written, "")))
        return self.figure.show(tuple(marks), note)

    def ask(self, presentation: Presentation) -> inputs.Point:
        note = f"Choose {self.n} places. A wrong one takes a right one back; it never goes below zero."
        choices, figure = show(self._names, presentation), self._draw({}, presentation)
        return inputs.Point(choices, figure, self.n, self.outlined, note if self.n > 1 else "")

    def picture(self, response: Response | None, presentation: Presentation) -> inputs.Figure:
        keys = {i for i, region in enumerate(self.regions) if region.key}
        missed = {i for i in response or () if i < len(self.regions)} - keys
        looks: dict[int, inputs.Look] = dict.fromkeys(missed, "missed")
        looks |= dict.fromkeys(keys, "right")
        letters = self.letters(presentation)
        said = f"Thick line: the right answer, {_list(letters[i] for i in keys)}."
        if response is not None:
            said += f" Your answer: {_list(letters[i] for i in response)}."
        if missed:
            said += f" Broken line: {_list(letters[i] for i in missed)}, not right."
        return self._draw(looks, presentation, said)

    def parse(self, raw: Raw, presentation: Presentation) -> Response | None:
        chosen = read_chosen(raw, presentation)
        return chosen if chosen and (self.n > 1 or len(chosen) == 1) else None

    def grade(self, response: Response) -> int:
        return max(0, sum(1 if i < len(self.regions) and self.regions[i].key else -1 for i in response))

    def classify(self, response: Response | None) -> str:
        names = [*map(str, range(len(self.regions))), "elsewhere"]
        return "blank" if response is None else "+".join(names[i] for i in response)

    def comparable(self) -> tuple[tuple[str, str], ...]:
        return tuple((region.text, region.outline) for region in self.regions)

    def with_key(self, response: Response) -> Self:
        if len(self.regions) in response:
            raise ValueError("Elsewhere is no region. Draw one in the bank, and publish that.")
        return self._change(regions=mark_keys(self.regions, response), n=len(response))

    def caution(self, response: Response, presentation: Presentation) -> str:  # noqa: ARG002
        return "" if len(response) == self.n else f"{self.n} places are asked for, {len(response)} chosen."

    def explain(self, response: Response | None, presentation: Presentation) -> tuple[Explained, ...]:
        lines = []
        for written, letter in self.letters(presentation).items():
            region = self.regions[written] if written < len(self.regions) else None
            is_key, why = (region.key, region.rationale) if region else (False, self.elsewhere.rationale)
            lines.append(Explained(letter, self._names[written], is_key, written in (response or ()), why))
        return tuple(lines)

    def texts(self) -> list[str]:
        regions = [text for region in self.regions for text in (region.text, region.rationale)]
        return [self.vignette, self.stem, *regions, self.elsewhere.rationale]

    @classmethod
    def samples(cls) -> list[Sample]:
        figure = {"file": "figures/shapes.svg", "alternative": "A box, a ring, a triangle and a bar."}
        fields: dict[str, Any] = {
            "stem": "Point at the two shapes with corners that are not squares.",
            "figure": figure,
            "n": 2,
            "regions": [
                {"text": "Below on the left", "polygon": [[20, 280], [100, 160], [180, 280]], "key": True,
                 "rationale": "The triangle has three corners."},
                {"text": "Above on the left", "rectangle": [40, 20, 100, 100], "rationale": "The box is a square."},
                {"text": "Above on the right", "circle": [300, 70, 50], "rationale": "The ring has no corner."},
                {"text": "Below on the right", "rectangle": [220, 200, 160, 60], "key": True,
                 "rationale": "The bar is longer than it is high."},
            ],
            "elsewhere": {"rationale": "There is nothing there."},
        }  # fmt: skip
        one = {
            **fields,
            "stem": "Point at the box.",
            "n": 1,
            "outlined": False,
            "regions": [{**region, "key": i == 1} for i, region in enumerate(fields["regions"])],
        }
        return [
            Sample("right", fields, 1, (0, 3), None, Fraction(1)),
            Sample("partial", fields, 2, (3,), None, Fraction(1, 2)),
            Sample("partial", fields, 3, (0, 2, 3), None, Fraction(1, 2)),
            Sample("wrong", fields, 4, (1, 2), None, Fraction(0)),
            Sample("wrong", fields, 5, (0, 4), None, Fraction(0)),
            Sample("wrong", fields, 5, (0, 1, 2, 3, 4), None, Fraction(0)),
            Sample("right", one, 6, (1,), None, Fraction(1)),
            Sample("wrong", one, 7, (4,), None, Fraction(0)),
            Sample("blank", fields, 8, None, {"answer": [""]}, None),
            Sample("hostile", fields, 9, None, {"answer": ["F", "a", "120,40"], "answer-A": ["A"]}, None),
            Sample("hostile", one, 10, None, {"answer": ["A", "B"]}, None),
        ]


def _list(letters: object) -> str:
    """Letters in order, with "and" before the last."""
    *most, last = sorted(letters)  # type: ignore[call-overload]
    return f"{', '.join(most)} and {last}" if most else str(last)
