"""True or false: a statement that is plainly one or the other. Worth 1 of 1; always shown True first."""

from fractions import Fraction
from random import Random
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from quizapp.domain.inputs import OneOf
from quizapp.domain.items.base import Explained, Option, Presentation, Raw, Response, Sample
from quizapp.domain.items.choices import ChoiceItem, draw_order, explain_options, read_chosen, show
from quizapp.domain.items.registry import item_type


class Side(BaseModel):
    """What the review says beside True, or beside False."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rationale: str = Field(min_length=1, max_length=4000)


@item_type
class TrueFalse(ChoiceItem):
    """Decide whether a statement is true. Position 0 is True, 1 is False."""

    label = "True or false"
    type: Literal["true_false"] = "true_false"
    answer: bool
    if_true: Side
    if_false: Side

    def _options(self) -> tuple[Option, Option]:
        return (
            Option(text="True", key=self.answer, rationale=self.if_true.rationale),
            Option(text="False", key=not self.answer, rationale=self.if_false.rationale),
        )

    def present(self, rng: Random) -> Presentation:
        return draw_order(2, rng, shuffle=False)

    def ask(self, presentation: Presentation) -> OneOf:
        return OneOf(show(["True", "False"], presentation))

    def parse(self, raw: Raw, presentation: Presentation) -> Response | None:
        chosen = read_chosen(raw, presentation)
        return chosen if len(chosen) == 1 else None

    def grade(self, response: Response) -> int:
        return int((response[0] == 0) == self.answer)

    def classify(self, response: Response | None) -> str:
        return "blank" if response is None else ("true", "false")[response[0]]

    def comparable(self) -> tuple[str, ...]:
        return ("True", "False")

    def with_key(self, response: Response) -> Self:
        return self._change(answer=response[0] == 0)

    def explain(self, response: Response | None, presentation: Presentation) -> tuple[Explained, ...]:
        return explain_options(self._options(), response, presentation)

    def texts(self) -> list[str]:
        return [self.vignette, self.stem, self.if_true.rationale, self.if_false.rationale]

    @classmethod
    def samples(cls) -> list[Sample]:
        fields = {
            "stem": "An apple is a fruit.",
            "answer": True,
            "if_true": {"rationale": "It is one."},
            "if_false": {"rationale": "It is not anything else."},
        }
        return [
            Sample("right", fields, 1, (0,), None, Fraction(1)),
            Sample("wrong", fields, 2, (1,), None, Fraction(0)),
            Sample("blank", fields, 3, None, {}, None),
            Sample("hostile", fields, 4, None, {"answer": ["true", "1", "🙂"]}, None),
            Sample("hostile", fields, 5, None, {"answer": ["A", "B", "A"]}, None),
        ]
