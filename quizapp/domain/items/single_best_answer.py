"""Single best answer: one key among plausible distractors. Worth 1 of 1."""

from fractions import Fraction
from random import Random
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from quizapp.domain.inputs import OneOf
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
class SingleBestAnswer(ChoiceItem):
    """Choose the one best option."""

    label = "Single best answer"
    type: Literal["single_best_answer"] = "single_best_answer"
    options: tuple[Option, ...] = Field(min_length=2, max_length=MAX_OPTIONS)
    shuffle: bool = True

    @model_validator(mode="after")
    def _has_one_key(self) -> Self:
        keys = sum(option.key for option in self.options)
        if keys != 1:
            raise PydanticCustomError(
                "key_count",
                "a single best answer needs exactly one option with key: true, this one has {keys}",
                {"keys": keys, "at": ("options",), "hint": "mark one option, or make it a multiple_response"},
            )
        require_distinct(self.options)
        return self

    def present(self, rng: Random) -> Presentation:
        return draw_order(len(self.options), rng, self.shuffle)

    def ask(self, presentation: Presentation) -> OneOf:
        return OneOf(show([option.text for option in self.options], presentation))

    def parse(self, raw: Raw, presentation: Presentation) -> Response | None:
        chosen = read_chosen(raw, presentation)
        return chosen if len(chosen) == 1 else None

    def grade(self, response: Response) -> int:
        return int(self.options[response[0]].key)

    def classify(self, response: Response | None) -> str:
        return "blank" if response is None else str(response[0])

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
            "stem": "Which of these is a fruit?",
            "options": [
                {"text": "Apple", "key": True, "rationale": "It is one."},
                {"text": "Brick", "rationale": "It is not."},
                {"text": "Chair", "rationale": "It is not."},
            ],
        }
        hostile = {"answer": ["A' OR 1=1", "\x00", "Z", "É", "9" * 10_000]}
        return [
            Sample("right", fields, 1, (0,), None, Fraction(1)),
            Sample("wrong", fields, 2, (2,), None, Fraction(0)),
            Sample("wrong", fields, 3, (1,), None, Fraction(0)),
            Sample("blank", fields, 4, None, {}, None),
            Sample("hostile", fields, 5, None, hostile, None),
            Sample("hostile", fields, 6, None, {"answer": ["A", "B"]}, None),
        ]
