"""Multiple response: any number of keys.

Partial credit: with *k* keys, each key chosen counts 1, each wrong option chosen takes 1 away, and the sum, never below
zero, is marked out of *k*. Choosing everything earns nothing unless keys outnumber the rest. It is the "right minus
wrong" rule with a floor at zero that Canvas states for its multiple-answers questions.
"""

from fractions import Fraction
from random import Random
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from quizapp.domain.inputs import SomeOf
from quizapp.domain.items.base import Explained, Option, Presentation, Raw, Response, Sample
from quizapp.domain.items.choices import (
    MAX_OPTIONS,
    ChoiceItem,
    draw_order,
    explain_options,
    mark_keys,
    read_chosen,
    require_distinct,
    show,
)
from quizapp.domain.items.registry import item_type


@item_type
class MultipleResponse(ChoiceItem):
    """Choose every option that applies."""

    label = "Multiple response"
    type: Literal["multiple_response"] = "multiple_response"
    options: tuple[Option, ...] = Field(min_length=3, max_length=MAX_OPTIONS)
    shuffle: bool = True

    @model_validator(mode="after")
    def _has_keys_and_others(self) -> Self:
        keys = self.denominator
        if keys == 0 or keys == len(self.options):
            raise PydanticCustomError(
                "key_count",
                "a multiple response needs at least one key and one option that is not, this one has {keys} of {n}",
                {
                    "keys": keys,
                    "n": len(self.options),
                    "at": ("options",),
                    "hint": "mark the right ones with key: true",
                },
            )
        require_distinct(self.options)
        return self

    @property
    def denominator(self) -> int:
        return sum(option.key for option in self.options)

    def present(self, rng: Random) -> Presentation:
        return draw_order(len(self.options), rng, self.shuffle)

    def ask(self, presentation: Presentation) -> SomeOf:
        return SomeOf(show([option.text for option in self.options], presentation))

    def parse(self, raw: Raw, presentation: Presentation) -> Response | None:
        return read_chosen(raw, presentation) or None

    def grade(self, response: Response) -> int:
        return max(0, sum(1 if self.options[i].key else -1 for i in response))

    def classify(self, response: Response | None) -> str:
        return "blank" if response is None else "+".join(map(str, response))

    def comparable(self) -> tuple[str, ...]:
        return tuple(option.text for option in self.options)

    def with_key(self, response: Response) -> Self:
        return self._change(options=mark_keys(self.options, response))

    def explain(self, response: Response | None, presentation: Presentation) -> tuple[Explained, ...]:
        return explain_options(self.options, response, presentation)

    def texts(self) -> list[str]:
        return [self.vignette, self.stem, *(text for o in self.options for text in (o.text, o.rationale))]

    @classmethod
    def samples(cls) -> list[Sample]:
        fields = {
            "stem": "Which of these are fruits? Select all that apply.",
            "options": [
                {"text": "Apple", "key": True, "rationale": "It is one."},
                {"text": "Pear", "key": True, "rationale": "It is one."},
                {"text": "Plum", "key": True, "rationale": "It is one."},
                {"text": "Brick", "rationale": "It is not."},
                {"text": "Chair", "rationale": "It is not."},
            ],
        }
        return [
            Sample("right", fields, 1, (0, 1, 2), None, Fraction(1)),
            Sample("partial", fields, 2, (0, 2), None, Fraction(2, 3)),
            Sample("partial", fields, 3, (0, 1, 2, 3), None, Fraction(2, 3)),
            Sample("partial", fields, 4, (0, 1, 2, 3, 4), None, Fraction(1, 3)),
            Sample("wrong", fields, 5, (3, 4), None, Fraction(0)),
            Sample("wrong", fields, 6, (0, 3), None, Fraction(0)),
            Sample("blank", fields, 7, None, {"answer": []}, None),
            Sample("hostile", fields, 8, None, {"answer": ["<script>", "Z" * 9000], "answers": ["A"]}, None),
        ]
