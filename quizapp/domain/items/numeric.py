"""Numeric: a number, marked by bands.

Each band is a value with an absolute or relative tolerance, or a range, and earns its `percent` of the mark; of
several bands that hold the answer the one that earns most counts. The bounds belong to the band. What cannot be read
as a number is kept as typed, the person is told so at once and again before finishing, and it earns nothing.
"""

from fractions import Fraction
from random import Random
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from quizapp.domain.inputs import Number
from quizapp.domain.items.base import Explained, Item, Presentation, Raw, Response, Sample, quote
from quizapp.domain.items.marks import Otherwise, find_denominator
from quizapp.domain.items.numbers import MAX_TYPED, Band, OtherUnits, find_band, move_band, read_in_units
from quizapp.domain.items.registry import item_type
from quizapp.domain.items.texts import tidy


@item_type
class Numeric(Item):
    """Write a number. The response is what was typed."""

    label = "Numeric"
    type: Literal["numeric"] = "numeric"
    unit: str = Field("", max_length=20)
    """Shown beside the field; a person may type it or not."""
    other_units: OtherUnits = Field(default_factory=dict)
    answers: tuple[Band, ...] = Field(min_length=1, max_length=10)
    otherwise: Otherwise

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if not any(band.percent == 100 for band in self.answers):
            raise PydanticCustomError(
                "key_count", "no answer earns the whole mark", {"at": ("answers",), "hint": "give one percent: 100"}
            )
        return self

    @property
    def denominator(self) -> int:
        return find_denominator(band.percent for band in self.answers)

    def present(self, rng: Random) -> Presentation:  # noqa: ARG002 - nothing here is drawn
        return {}

    def ask(self, presentation: Presentation) -> Number:  # noqa: ARG002 - shown alike to all
        return Number(MAX_TYPED, self.unit)

    def parse(self, raw: Raw, presentation: Presentation) -> Response | None:  # noqa: ARG002
        values = raw.get("answer", ())
        typed = tidy(values[0]) if len(values) == 1 and isinstance(values[0], str) else ""
        return typed if 0 < len(typed) <= MAX_TYPED else None

    def fill(self, response: Response, presentation: Presentation) -> dict[str, list[str]]:  # noqa: ARG002
        return {"answer": [response]}

    def _read(self, response: Response) -> tuple[Fraction, ...]:
        return read_in_units(response, self.unit, self.other_units)

    def _find(self, response: Response) -> int | None:
        return find_band(self.answers, self._read(response))

    def grade(self, response: Response) -> int:
        found = self._find(response)
        return 0 if found is None else self.answers[found].percent * self.denominator // 100

    def classify(self, response: Response | None) -> str:
        if response is None:
            return "blank"
        found = self._find(response)
        return str(found) if found is not None else "other" if self._read(response) else "unreadable"

    def comparable(self) -> tuple[str, ...]:
        return (self.unit,)  # a number without a unit is in the one shown

    def with_key(self, response: Response) -> Self:
        return self._change(answers=move_band(self.answers, self._read(response)))

    def caution(self, response: Response, presentation: Presentation) -> str:  # noqa: ARG002
        return "" if self._read(response) else UNREADABLE

    def describe(self, response: Response, presentation: Presentation) -> str:  # noqa: ARG002
        has_unit = not self.unit or response.casefold().endswith(
            (self.unit.casefold(), *map(str.casefold, self.other_units))
        )
        return quote(response if has_unit else f"{response} {self.unit}")

    def explain(self, response: Response | None, presentation: Presentation) -> tuple[Explained, ...]:
        found = None if response is None else self._find(response)
        given = "" if response is None else self.describe(response, presentation)
        lines = [
            Explained(
                "",
                quote(band.show(self.unit)) + (f" ({band.percent} % of the mark)" if 0 < band.percent < 100 else ""),
                band.percent == 100,
                i == found,
                band.rationale,
                given if i == found else "",
                0 < band.percent < 100,
            )
            for i, band in enumerate(self.answers)
        ]
        is_other = response is not None and found is None
        other = Explained("", "Anything else", False, is_other, self.otherwise.rationale, given if is_other else "")
        return (*lines, other)

    def texts(self) -> list[str]:
        return [self.vignette, self.stem, *(band.rationale for band in self.answers), self.otherwise.rationale]

    @classmethod
    def samples(cls) -> list[Sample]:
        fields = {
            "stem": "How long is a pencil of twelve and a half centimetres?",
            "unit": "mm",
            "other_units": {"cm": 10},
            "answers": [
                {"value": 125, "within_percent": 2, "rationale": "It is that long."},
                {"at_least": 115, "at_most": 135, "percent": 50, "rationale": "Near."},
                {"value": "12.5", "percent": 0, "rationale": "These are centimetres."},
            ],
            "otherwise": {"rationale": "One centimetre is ten millimetres."},
        }
        return [
            Sample("right", fields, 1, "125", None, Fraction(1)),
            Sample("right", fields, 1, None, {"answer": [" 122,5\u00a0mm "]}, Fraction(1)),
            Sample("right", fields, 1, None, {"answer": ["12,5 cm"]}, Fraction(1)),
            Sample("partial", fields, 1, "1.2e2", None, Fraction(1, 2)),
            Sample("wrong", fields, 1, "12.5", None, Fraction(0)),
            Sample("wrong", fields, 1, "−125", None, Fraction(0)),
            Sample("wrong", fields, 1, "about 125", None, Fraction(0)),
            Sample("blank", fields, 1, None, {"answer": [" "]}, None),
            Sample("hostile", fields, 1, None, {"answer": ["125", "125"]}, None),
            Sample("hostile", fields, 1, None, {"answer": ["9" * 9000]}, None),
            Sample("hostile", fields, 1, None, {"answer": ["1e99"]}, Fraction(0)),
        ]


UNREADABLE = "We cannot read this as a number. It is kept as you typed it and would earn nothing."
