"""Kprim: several statements on one matter, each to be judged true or false (multiple true-false).

Partial credit by `scoring`, with *n* statements of which *r* are judged rightly:

- `half_point` (the default): all right 1, more than half right 1/2, otherwise 0. With the four statements of a Kprim:
  4 right 1, 3 right 1/2. It is PS50 in F. M. Lahner et al., Multiple true-false items: a comparison of scoring
  algorithms, Adv Health Sci Educ 2018;23:455-463.
- `per_statement`: *r*/*n* (PS1/n there).
- `all_or_nothing`: all right 1, otherwise 0.

A statement left open is not right.
"""

from fractions import Fraction
from random import Random
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from quizapp.domain.inputs import Choice, Pairs
from quizapp.domain.items.base import ExplainedPart, Item, Presentation, Raw, Response, Sample
from quizapp.domain.items.parts import draw_positions, read_parts, require_all, say_missing
from quizapp.domain.items.registry import item_type

_SIDES = ("true", "false")
_NOTES = {
    "half_point": "All right earns the whole mark; more than half right earns half of it.",
    "per_statement": "Each statement earns its share of the mark.",
    "all_or_nothing": "The mark is earned when all are right.",
}


class Statement(BaseModel):
    """One statement, plainly true or plainly false."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    text: str = Field(min_length=1, max_length=2000)
    answer: bool
    rationale: str = Field(min_length=1, max_length=4000)


@item_type
class Kprim(Item):
    """Judge each statement. The response holds for each, as written, 0 for true, 1 for false or None."""

    label = "Kprim (multiple true-false)"
    type: Literal["kprim"] = "kprim"
    statements: tuple[Statement, ...] = Field(min_length=2, max_length=10)
    scoring: Literal["half_point", "per_statement", "all_or_nothing"] = "half_point"
    shuffle: bool = True

    @model_validator(mode="after")
    def _says_each_once(self) -> Self:
        plain = [" ".join(s.text.casefold().split()) for s in self.statements]
        for i, text in enumerate(plain):
            if text in plain[:i]:
                raise PydanticCustomError(
                    "duplicate_statement",
                    "statement {this} says the same as statement {first}",
                    {"this": i + 1, "first": plain.index(text) + 1, "at": ("statements", i), "hint": "drop one"},
                )
        return self

    @property
    def denominator(self) -> int:
        return {"half_point": 2, "per_statement": len(self.statements), "all_or_nothing": 1}[self.scoring]

    def present(self, rng: Random) -> Presentation:
        return {"order": draw_positions(len(self.statements), rng, self.shuffle)}

    def ask(self, presentation: Presentation) -> Pairs:
        rows = tuple(Choice(str(i), self.statements[w].text) for i, w in enumerate(presentation["order"], 1))
        return Pairs(rows, (Choice("true", "True"), Choice("false", "False")), True, _NOTES[self.scoring])

    def parse(self, raw: Raw, presentation: Presentation) -> Response | None:
        return read_parts(raw, presentation["order"], {side: i for i, side in enumerate(_SIDES)})

    def fill(self, response: Response, presentation: Presentation) -> dict[str, list[str]]:
        judged = ((i, response[w]) for i, w in enumerate(presentation["order"], 1))
        return {f"answer-{i}": [_SIDES[side]] for i, side in judged if side is not None}

    def _count_right(self, response: Response) -> int:
        return sum(side == 1 - s.answer for side, s in zip(response, self.statements, strict=True))

    def grade(self, response: Response) -> int:
        n, right = len(self.statements), self._count_right(response)
        if self.scoring == "per_statement":
            return right
        return self.denominator if right == n else int(self.scoring == "half_point" and right * 2 > n)

    def classify(self, response: Response | None) -> str:
        return "blank" if response is None else "".join("-" if side is None else "TF"[side] for side in response)

    def comparable(self) -> tuple[str, ...]:
        return tuple(statement.text for statement in self.statements)

    def with_key(self, response: Response) -> Self:
        require_all(response, "statement")
        judged = zip(self.statements, response, strict=True)
        return self._change(statements=[s.model_copy(update={"answer": side == 0}) for s, side in judged])

    def caution(self, response: Response, presentation: Presentation) -> str:
        return say_missing(response, presentation["order"], "statement")

    def describe(self, response: Response, presentation: Presentation) -> str:
        judged = ((i, response[w]) for i, w in enumerate(presentation["order"], 1))
        return "; ".join(f"{i} {_SIDES[side]}" for i, side in judged if side is not None)

    def explain(self, response: Response | None, presentation: Presentation) -> tuple[ExplainedPart, ...]:
        lines = []
        for i, w in enumerate(presentation["order"], 1):
            statement, side = self.statements[w], None if response is None else response[w]
            key = 1 - statement.answer
            given = "" if side is None else _SIDES[side]
            lines.append(ExplainedPart(str(i), statement.text, _SIDES[key], given, side == key, statement.rationale))
        return tuple(lines)

    def texts(self) -> list[str]:
        return [self.vignette, self.stem, *(text for s in self.statements for text in (s.text, s.rationale))]

    @classmethod
    def samples(cls) -> list[Sample]:
        fields = {
            "stem": "Which of these are fruits?",
            "statements": [
                {"text": "An apple", "answer": True, "rationale": "It is one."},
                {"text": "A brick", "answer": False, "rationale": "It is not."},
                {"text": "A chair", "answer": False, "rationale": "It is not."},
                {"text": "A pear", "answer": True, "rationale": "It is one."},
            ],
        }
        each = {**fields, "scoring": "per_statement"}
        whole = {**fields, "scoring": "all_or_nothing"}
        return [
            Sample("right", fields, 1, (0, 1, 1, 0), None, Fraction(1)),
            Sample("partial", fields, 2, (0, 1, 1, 1), None, Fraction(1, 2)),
            Sample("partial", fields, 3, (0, 1, 1, None), None, Fraction(1, 2)),
            Sample("wrong", fields, 4, (0, 0, 0, 0), None, Fraction(0)),
            Sample("partial", each, 5, (0, 0, 0, 0), None, Fraction(1, 2)),
            Sample("wrong", whole, 6, (0, 1, 1, 1), None, Fraction(0)),
            Sample("blank", fields, 7, None, {"answer-1": []}, None),
            Sample("hostile", fields, 8, None, {"answer-1": ["true", "false"], "answer-5": ["true"]}, None),
            Sample("hostile", fields, 9, None, {"answer": ["true"], "answer-01": ["true"], "answer-1": ["TRUE"]}, None),
        ]
