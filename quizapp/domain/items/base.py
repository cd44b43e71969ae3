"""Item: what every type has in common, and the things a type must be able to do."""

import datetime as dt
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from random import Random
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quizapp.domain.drafts import Draft
from quizapp.domain.inputs import Figure, InputSpec

Response = Any
"""What a person answered, as plain JSON that the item's type defines.

It is a text, or a list of numbers, texts and None (a tuple here, so that answers can be compared), and speaks of the
item *as written*, not as shown. A blank answer is None instead.
"""

Presentation = dict[str, Any]
"""Everything random about how one item was shown, as plain JSON; stored in the attempt's first step."""

Raw = Mapping[str, Sequence[str]]
"""What a form sent, field by field, exactly as it came."""


class Bloom(StrEnum):
    """Cognitive level (Anderson & Krathwohl's revision of Bloom, 2001)."""

    REMEMBER = "remember"
    UNDERSTAND = "understand"
    APPLY = "apply"
    ANALYSE = "analyse"
    EVALUATE = "evaluate"
    CREATE = "create"


@dataclass(frozen=True, slots=True)
class Explained:
    """One line of a review: an option or a class of answers, whether it is a key, whether it was chosen, and why."""

    letter: str
    """As shown; empty for a class of answers."""
    text: str
    is_key: bool
    is_chosen: bool
    rationale: str
    given: str = ""
    """What the person wrote, where that is not `text` itself."""
    is_partly: bool = False
    """Whether it earns a part of the mark."""


@dataclass(frozen=True, slots=True)
class ExplainedPart:
    """One line of a review of an answer in parts: a row, an entry or a blank, what is right there, and why."""

    label: str
    text: str
    key: str
    given: str
    """Empty where nothing was given."""
    is_right: bool
    rationale: str
    is_partly: bool = False
    """Whether it earns a part of its share of the mark."""


Line = Explained | ExplainedPart
"""Texts are Markdown; what a person wrote is quoted so that it stays as written."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A type's own oracle: what a form sends for `item`, and what must come of it (mark None: a blank answer)."""

    name: Literal["right", "partial", "wrong", "blank", "hostile"]
    fields: dict[str, Any]
    seed: int
    given: Response | None
    """What is answered, unless `raw` says what the form sends."""
    raw: dict[str, list[str]] | None
    mark: Fraction | None


class Option(BaseModel):
    """One option of a choice item."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    text: str = Field(min_length=1, max_length=2000)
    key: bool = False
    rationale: str = Field(min_length=1, max_length=4000)


class CasePlace(BaseModel):
    """Where an item stands in a case set: items on one vignette, drawn together and shown in order.

    `unfolds`: a part appears when the one before it is answered, and there is no way back to that.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(max_length=80)
    part: int = Field(ge=1)
    n_parts: int = Field(ge=2)
    unfolds: bool = False
    title: str = Field("", max_length=85)
    """Of the case, where it has one."""


class Item(BaseModel, ABC):
    """A question with everything that belongs to it. Immutable; a published one never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    label: ClassVar[str]
    """The type's name for people."""

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)
    use: Literal["quiz", "practice"]
    objective: str = Field(min_length=1, max_length=20)
    section: str = Field(min_length=1, max_length=80)
    bloom: Bloom
    difficulty: Literal["easy", "medium", "hard"]
    tags: tuple[str, ...] = ()
    author: str = Field(min_length=1, max_length=200)
    reviewed: dt.date
    review_due: dt.date
    title: str = Field(min_length=1, max_length=100)
    vignette: str = Field("", max_length=10_000)
    stem: str = Field(min_length=1, max_length=4000)
    case: CasePlace | None = None

    @property
    def denominator(self) -> int:
        """Marks are whole numbers over this; it is fixed for an item version."""
        return 1

    @abstractmethod
    def present(self, rng: Random) -> Presentation:
        """Draw everything random about showing this item once."""

    @abstractmethod
    def ask(self, presentation: Presentation) -> InputSpec:
        """What the person is asked to do."""

    @abstractmethod
    def parse(self, raw: Raw, presentation: Presentation) -> Response | None:
        """Turn what the form sent into a response. Blank, malformed and hostile input ends here, as None."""

    @abstractmethod
    def fill(self, response: Response, presentation: Presentation) -> dict[str, list[str]]:
        """What a form that shows this response would send: the reverse of `parse`."""

    @abstractmethod
    def grade(self, response: Response) -> int:
        """The mark for a parsed response: 0 to `denominator`. Never fails."""

    @abstractmethod
    def classify(self, response: Response | None) -> str:
        """The one class this response belongs to: what distractor statistics count."""

    @abstractmethod
    def explain(self, response: Response | None, presentation: Presentation) -> tuple[Line, ...]:
        """The key and the rationale of every option, class of answers or part, in the order shown."""

    @abstractmethod
    def describe(self, response: Response, presentation: Presentation) -> str:
        """The response in words, as the person saw it: Markdown."""

    @abstractmethod
    def comparable(self) -> tuple[Any, ...]:
        """What responses speak of by position, in order: texts, and whatever else gives what was typed its meaning.

        Two versions of one type with equal `comparable()` can mark each other's responses. Changing the key alone
        changes nothing here.
        """

    @abstractmethod
    def with_key(self, response: Response) -> Self:
        """The same item with `response` as its right answer: that earns the whole mark.

        ValueError, with a sentence for people, where it cannot be the right answer or the type cannot tell what else
        would change with it. Texts stay as they are; what another answer earns may change.
        """

    def _change(self, **changes: Any) -> Self:
        """A checked copy with other fields; ValueError, with sentences for people, if they do not fit together."""
        try:
            return self.model_validate({**self.model_dump(), **changes})
        except ValidationError as error:
            said = "; ".join(fault["msg"] for fault in error.errors(include_url=False))
            raise ValueError(f"{said[:1].upper()}{said[1:]}.") from error

    def picture(self, response: Response | None, presentation: Presentation) -> Figure | None:  # noqa: ARG002 - for types that need it
        """The figure of a review, with the key and what was answered marked in it; None for an item without one."""
        return None

    def caution(self, response: Response, presentation: Presentation) -> str:  # noqa: ARG002 - for types that need it
        """What the person has to know about a kept answer before finishing, such as a part left out; else empty.

        Never says whether an answer is right.
        """
        return ""

    def letters(self, presentation: Presentation) -> dict[int, str]:  # noqa: ARG002 - for types that need it
        """Position as written → letter as shown, of options that can be ruled out; empty where there are none."""
        return {}

    @abstractmethod
    def texts(self) -> list[str]:
        """Every text of the item that may cite evidence."""

    @classmethod
    @abstractmethod
    def samples(cls) -> list[Sample]:
        """The type's own oracle."""

    def to_draft(self) -> Draft:
        """The neutral form: what was written, defaults left out."""
        fields = self.model_dump(mode="json", exclude_defaults=True)
        fields.pop("type", None)
        return Draft(kind=kind_of(self), fields=fields)


_ACTIVE = re.compile(r"([\\`*_\[\]<>&~!|])")


def quote(text: str) -> str:
    """What a person wrote, as Markdown that shows it as written."""
    return _ACTIVE.sub(r"\\\1", text)


def kind_of(item: Item) -> str:
    """The registered name of the item's type."""
    return str(type(item).model_fields["type"].default)
