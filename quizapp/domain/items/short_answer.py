"""Short answer: a few words, compared with what is accepted.

Each answer has variants that mean the same and earns its `percent` of the mark; one with `percent: 0` is a known miss
that gets a reason of its own. Capitals, accents and slips of spelling count as the item says, and the page tells it:
texts.py.
"""

from fractions import Fraction
from random import Random
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from quizapp.domain.inputs import Text
from quizapp.domain.items.base import Explained, Item, Presentation, Raw, Response, Sample, quote
from quizapp.domain.items.marks import Otherwise, find_denominator
from quizapp.domain.items.registry import item_type
from quizapp.domain.items.texts import (
    MAX_TYPED,
    Rules,
    Wording,
    find_wording,
    move_wording,
    require_distinct_wordings,
    tidy,
)


@item_type
class ShortAnswer(Item):
    """Write a few words. The response is what was typed."""

    label = "Short answer"
    type: Literal["short_answer"] = "short_answer"
    answers: tuple[Wording, ...] = Field(min_length=1, max_length=20)
    otherwise: Otherwise
    rules: Rules = Rules()

    @model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if not any(wording.percent == 100 for wording in self.answers):
            raise PydanticCustomError(
                "key_count", "no answer earns the whole mark", {"at": ("answers",), "hint": "give one percent: 100"}
            )
        require_distinct_wordings(self.answers, self.rules, ("answers",))
        return self

    @property
    def denominator(self) -> int:
        return find_denominator(wording.percent for wording in self.answers)

    def present(self, rng: Random) -> Presentation:  # noqa: ARG002 - nothing here is drawn
        return {}

    def ask(self, presentation: Presentation) -> Text:  # noqa: ARG002 - shown alike to all
        return Text(MAX_TYPED, self.rules.say())

    def parse(self, raw: Raw, presentation: Presentation) -> Response | None:  # noqa: ARG002
        values = raw.get("answer", ())
        typed = tidy(values[0]) if len(values) == 1 and isinstance(values[0], str) else ""
        return typed if 0 < len(typed) <= MAX_TYPED else None

    def fill(self, response: Response, presentation: Presentation) -> dict[str, list[str]]:  # noqa: ARG002
        return {"answer": [response]}

    def grade(self, response: Response) -> int:
        found = find_wording(self.answers, self.rules, response)
        return 0 if found is None else self.answers[found].percent * self.denominator // 100

    def classify(self, response: Response | None) -> str:
        if response is None:
            return "blank"
        found = find_wording(self.answers, self.rules, response)
        return "other" if found is None else str(found)

    def comparable(self) -> tuple[str, ...]:
        return ()

    def with_key(self, response: Response) -> Self:
        return self._change(answers=move_wording(self.answers, self.rules, response))

    def describe(self, response: Response, presentation: Presentation) -> str:  # noqa: ARG002
        return quote(response)

    def explain(self, response: Response | None, presentation: Presentation) -> tuple[Explained, ...]:
        found = None if response is None else find_wording(self.answers, self.rules, response)
        given = "" if response is None else self.describe(response, presentation)
        lines = [
            Explained(
                "",
                quote(w.show()) + (f" ({w.percent} % of the mark)" if 0 < w.percent < 100 else ""),
                w.percent == 100,
                i == found,
                w.rationale,
                given if i == found else "",
                0 < w.percent < 100,
            )
            for i, w in enumerate(self.answers)
        ]
        is_other = response is not None and found is None
        other = Explained("", "Anything else", False, is_other, self.otherwise.rationale, given if is_other else "")
        return (*lines, other)

    def texts(self) -> list[str]:
        return [self.vignette, self.stem, *(w.rationale for w in self.answers), self.otherwise.rationale]

    @classmethod
    def samples(cls) -> list[Sample]:
        fields = {
            "stem": "What is the capital of France?",
            "answers": [
                {"accept": ["Paris", "Paris, France"], "rationale": "It is."},
                {"accept": ["Île-de-France"], "percent": 50, "rationale": "The region around it."},
                {"accept": ["Pares"], "percent": 0, "rationale": "A place in Spain."},
            ],
            "otherwise": {"rationale": "It stands on the Seine."},
            "rules": {"spelling": 1},
        }
        strict = {**fields, "rules": {"case": "match", "accents": "match"}}
        return [
            Sample("right", fields, 1, "Paris", None, Fraction(1)),
            Sample("right", fields, 1, None, {"answer": ["  pÀris. "]}, Fraction(1)),
            Sample("right", fields, 1, "Apris", None, Fraction(1)),
            Sample("right", fields, 1, "PARIS,  france", {"answer": ["PARIS,  france"]}, Fraction(1)),
            Sample("partial", fields, 1, "ile-de-france", None, Fraction(1, 2)),
            Sample("wrong", fields, 1, "Pares", None, Fraction(0)),
            Sample("wrong", fields, 1, "Aprsi", None, Fraction(0)),
            Sample("wrong", strict, 1, "paris", None, Fraction(0)),
            Sample("wrong", strict, 1, "Ile-de-France", None, Fraction(0)),
            Sample("blank", fields, 1, None, {"answer": [" \u200b\n"]}, None),
            Sample("hostile", fields, 1, None, {"answer": ["Paris", "Rome"]}, None),
            Sample("hostile", fields, 1, None, {"answer": ["p" * 100_000]}, None),
            Sample("hostile", fields, 1, None, {"answer": ["\x00<script>alert(1)</script>"]}, Fraction(0)),
        ]
