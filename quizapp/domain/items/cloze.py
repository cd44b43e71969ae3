"""Cloze: a text with blanks, each a choice, words or a number.

Partial credit: each of the *n* blanks is worth 1/*n* of the mark and earns its share of that: a choice all or nothing,
words and numbers the `percent` of the answer that they are. A blank left open earns nothing.
"""

import re
from fractions import Fraction
from random import Random
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from quizapp.domain.inputs import Blank, Blanks, Choice, Number, OneOf, Text
from quizapp.domain.items.base import ExplainedPart, Item, Option, Presentation, Raw, Response, Sample, quote
from quizapp.domain.items.choices import mark_keys
from quizapp.domain.items.marks import Otherwise, find_denominator
from quizapp.domain.items.numbers import MAX_TYPED as MAX_DIGITS
from quizapp.domain.items.numbers import Band, OtherUnits, find_band, move_band, read_in_units
from quizapp.domain.items.parts import LETTERS, draw_positions, require_all, say_missing
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

_MARK = re.compile(r"\{\{([a-z0-9-]+)\}\}")
_ACTIVE = re.compile(r"[\\`*_\[\]<>&~|]")
_NEAR = 6
"""How many words are shown on each side of a blank in the review."""


class _Gap(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ChoiceGap(_Gap):
    """A blank with options; one is right."""

    kind: Literal["choice"]
    options: tuple[Option, ...] = Field(min_length=2, max_length=10)

    @property
    def percents(self) -> list[int]:
        return [100 * option.key for option in self.options]

    def find(self, given: int) -> int | None:
        return given

    def rationale(self, found: int | None) -> str:
        key = next(option.rationale for option in self.options if option.key)
        return key if found is None or self.options[found].key else f"{key} {self.options[found].rationale}"

    def show_key(self) -> str:
        return next(option.text for option in self.options if option.key)

    def comparable(self) -> tuple[str, ...]:
        return tuple(option.text for option in self.options)

    def with_key(self, given: int) -> Self:
        return self.model_copy(update={"options": mark_keys(self.options, (given,))})

    def texts(self) -> list[str]:
        return [text for option in self.options for text in (option.text, option.rationale)]


class TextGap(_Gap):
    """A blank for words."""

    kind: Literal["text"]
    answers: tuple[Wording, ...] = Field(min_length=1, max_length=20)
    otherwise: Otherwise
    rules: Rules = Rules()

    @property
    def percents(self) -> list[int]:
        return [wording.percent for wording in self.answers]

    def find(self, given: str) -> int | None:
        return find_wording(self.answers, self.rules, given)

    def rationale(self, found: int | None) -> str:
        return self.otherwise.rationale if found is None else self.answers[found].rationale

    def show_key(self) -> str:
        return quote(next(w for w in self.answers if w.percent == 100).show())

    def comparable(self) -> tuple[str, ...]:
        return ()

    def with_key(self, given: str) -> Self:
        return self.model_copy(update={"answers": move_wording(self.answers, self.rules, given)})

    def texts(self) -> list[str]:
        return [*(w.rationale for w in self.answers), self.otherwise.rationale]


class NumberGap(_Gap):
    """A blank for a number."""

    kind: Literal["number"]
    unit: str = Field("", max_length=20)
    other_units: OtherUnits = Field(default_factory=dict)
    answers: tuple[Band, ...] = Field(min_length=1, max_length=10)
    otherwise: Otherwise

    @property
    def percents(self) -> list[int]:
        return [band.percent for band in self.answers]

    def read(self, given: str) -> tuple[Fraction, ...]:
        return read_in_units(given, self.unit, self.other_units)

    def find(self, given: str) -> int | None:
        return find_band(self.answers, self.read(given))

    def rationale(self, found: int | None) -> str:
        return self.otherwise.rationale if found is None else self.answers[found].rationale

    def show_key(self) -> str:
        return quote(next(band.show(self.unit) for band in self.answers if band.percent == 100))

    def comparable(self) -> tuple[str, ...]:
        return (self.unit,)

    def with_key(self, given: str) -> Self:
        return self.model_copy(update={"answers": move_band(self.answers, self.read(given))})

    def texts(self) -> list[str]:
        return [*(band.rationale for band in self.answers), self.otherwise.rationale]


Gap = Annotated[ChoiceGap | TextGap | NumberGap, Field(discriminator="kind")]


@item_type
class Cloze(Item):
    """Fill in the blanks `{{name}}` of `text`. The response holds for each, in their order, what is there, or None."""

    label = "Cloze"
    type: Literal["cloze"] = "cloze"
    text: str = Field(min_length=1, max_length=10_000)
    blanks: dict[str, Gap] = Field(min_length=1, max_length=20)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        marks = _MARK.findall(self.text)
        odd = [name for name in {*marks, *self.blanks} if marks.count(name) != 1 or name not in self.blanks]
        if odd:
            raise PydanticCustomError(
                "blank_names",
                "{names}: each blank stands once in the text, as {{name}}, and once in the list",
                {"names": ", ".join(sorted(odd)), "at": ("text",), "hint": "put it in, or take it out"},
            )
        for name, gap in self.blanks.items():
            keys = gap.percents.count(100)
            if keys == 0 or (isinstance(gap, ChoiceGap) and keys > 1):
                raise PydanticCustomError(
                    "key_count",
                    "blank {name} has {keys} right answers",
                    {"name": name, "keys": keys, "at": ("blanks", name), "hint": "mark what is right, once"},
                )
            if isinstance(gap, TextGap):
                require_distinct_wordings(gap.answers, gap.rules, ("blanks", name, "answers"))
        return self

    @property
    def _gaps(self) -> list[Any]:
        """The blanks in the order of the text."""
        return [self.blanks[name] for name in _MARK.findall(self.text)]

    @property
    def denominator(self) -> int:
        return len(self.blanks) * find_denominator(p for gap in self._gaps for p in gap.percents)

    def present(self, rng: Random) -> Presentation:
        orders = [draw_positions(len(g.options), rng, True) if isinstance(g, ChoiceGap) else [] for g in self._gaps]
        return {"options": orders}

    def _ask_gap(self, gap: Any, order: list[int]) -> OneOf | Text | Number:
        if isinstance(gap, ChoiceGap):
            return OneOf(tuple(Choice(LETTERS[i], gap.options[w].text) for i, w in enumerate(order)))
        return Number(MAX_DIGITS, gap.unit) if isinstance(gap, NumberGap) else Text(MAX_TYPED)

    def ask(self, presentation: Presentation) -> Blanks:
        asked = {
            name: Blank(str(i + 1), self._ask_gap(self.blanks[name], presentation["options"][i]))
            for i, name in enumerate(_MARK.findall(self.text))
        }
        paragraphs = []
        for paragraph in re.split(r"\n\s*\n", self.text.strip()):
            pieces = _MARK.split(" ".join(paragraph.split()))  # words and names in turn
            paragraphs.append(tuple(asked[p] if i % 2 else p for i, p in enumerate(pieces) if p))
        said = dict.fromkeys(gap.rules.say() for gap in self._gaps if isinstance(gap, TextGap))
        return Blanks(tuple(paragraphs), next(iter(said)) if len(said) == 1 else "")

    def parse(self, raw: Raw, presentation: Presentation) -> Response | None:
        given: list[int | str | None] = []
        for i, (gap, order) in enumerate(zip(self._gaps, presentation["options"], strict=True), 1):
            values = raw.get(f"answer-{i}", ())
            typed = tidy(values[0]) if len(values) == 1 and isinstance(values[0], str) else ""
            if isinstance(gap, ChoiceGap):
                given.append({LETTERS[j]: w for j, w in enumerate(order)}.get(typed))
            else:
                most = MAX_DIGITS if isinstance(gap, NumberGap) else MAX_TYPED
                given.append(typed if 0 < len(typed) <= most else None)
        return None if all(each is None for each in given) else tuple(given)

    def fill(self, response: Response, presentation: Presentation) -> dict[str, list[str]]:
        orders = presentation["options"]
        return {
            f"answer-{i + 1}": [LETTERS[orders[i].index(given)] if isinstance(given, int) else given]
            for i, given in enumerate(response)
            if given is not None
        }

    def _find_all(self, response: Response) -> list[int | None]:
        pairs = zip(self._gaps, response, strict=True)
        return [None if given is None else gap.find(given) for gap, given in pairs]

    def grade(self, response: Response) -> int:
        share = self.denominator // len(self.blanks)
        found = zip(self._gaps, self._find_all(response), strict=True)
        return sum(gap.percents[i] * share // 100 for gap, i in found if i is not None)

    def classify(self, response: Response | None) -> str:
        if response is None:
            return "blank"
        found = zip(response, self._find_all(response), strict=True)
        return "".join("-" if given is None else "*" if i is None else LETTERS[i] for given, i in found)

    def comparable(self) -> tuple[tuple[Any, ...], ...]:
        return tuple(
            (name, self.blanks[name].kind, *self.blanks[name].comparable()) for name in _MARK.findall(self.text)
        )

    def with_key(self, response: Response) -> Self:
        require_all(response, "blank")
        given = dict(zip(_MARK.findall(self.text), response, strict=True))
        return self._change(blanks={name: gap.with_key(given[name]) for name, gap in self.blanks.items()})

    def caution(self, response: Response, presentation: Presentation) -> str:  # noqa: ARG002
        said = [say_missing(response, range(len(response)), "blank")]
        numbers = ((i, gap, given) for i, (gap, given) in enumerate(zip(self._gaps, response, strict=True), 1))
        said += [
            f"We cannot read blank {i} as a number."
            for i, gap, given in numbers
            if isinstance(gap, NumberGap) and given is not None and not gap.read(given)
        ]
        return " ".join(filter(None, said))

    @staticmethod
    def _say(gap: Any, given: int | str | None) -> str:
        if given is None:
            return ""
        return str(gap.options[given].text) if isinstance(given, int) else quote(given)

    def describe(self, response: Response, presentation: Presentation) -> str:  # noqa: ARG002
        said = (self._say(gap, given) for gap, given in zip(self._gaps, response, strict=True))
        return "; ".join(f"{i}: {words}" for i, words in enumerate(said, 1) if words)

    def explain(self, response: Response | None, presentation: Presentation) -> tuple[ExplainedPart, ...]:  # noqa: ARG002
        gaps = self._gaps
        given = [None] * len(gaps) if response is None else list(response)
        places = self._list_places()
        lines = []
        for i, (gap, each, found) in enumerate(zip(gaps, given, self._find_all(tuple(given)), strict=True), 1):
            earned = 0 if found is None else gap.percents[found]
            said = self._say(gap, each) + (f" ({earned} % of its share)" if 0 < earned < 100 else "")
            key = gap.show_key()
            why = gap.rationale(found)
            lines.append(ExplainedPart(str(i), places[i], key, said, earned == 100, why, 0 < earned < 100))
        return tuple(lines)

    def _list_places(self) -> dict[int, str]:
        """Each blank, counted from 1, with the words beside it where cutting them off cannot spoil any Markdown."""
        pieces = _MARK.split(" ".join(self.text.split()))
        places = {}
        for i in range(1, len(self._gaps) + 1):
            before, after = pieces[2 * i - 2].split(" ")[-_NEAR:], pieces[2 * i].split(" ")[:_NEAR]
            near = f"… {' '.join(before)}\\_\\_\\_{' '.join(after)} …"
            places[i] = f"Blank {i}" if _ACTIVE.search("".join((*before, *after))) else f"Blank {i}: {near}"
        return places

    def texts(self) -> list[str]:
        return [self.vignette, self.stem, self.text, *(text for gap in self._gaps for text in gap.texts())]

    @classmethod
    def samples(cls) -> list[Sample]:
        fields = {
            "stem": "Fill in the blanks.",
            "text": "A spider has {{legs}} legs and spins a {{net}}.\n\nIt is an {{class}}.",
            "blanks": {
                "class": {
                    "kind": "choice",
                    "options": [
                        {"text": "arachnid", "key": True, "rationale": "It is one."},
                        {"text": "insect", "rationale": "Insects have six legs."},
                    ],
                },
                "legs": {
                    "kind": "number",
                    "answers": [
                        {"value": 8, "rationale": "Eight."},
                        {"at_least": 7, "at_most": 9, "percent": 50, "rationale": "Nearly."},
                    ],
                    "otherwise": {"rationale": "It has eight."},
                },
                "net": {
                    "kind": "text",
                    "answers": [{"accept": ["web"], "rationale": "A web."}],
                    "otherwise": {"rationale": "A web."},
                },
            },
        }
        odd = {"answer-1": ["8", "8"], "answer-2": ["x" * 9000], "answer-3": ["arachnid"], "answer-4": ["A"]}
        return [
            Sample("right", fields, 1, ("8", "web", 0), None, Fraction(1)),
            Sample("partial", fields, 2, ("7", "WEB", None), None, Fraction(1, 2)),
            Sample("partial", fields, 3, ("many", "cobweb", 0), None, Fraction(1, 3)),
            Sample("wrong", fields, 4, ("6", "net", 1), None, Fraction(0)),
            Sample("blank", fields, 5, None, {"answer-1": [" "], "answer-3": [""]}, None),
            Sample("hostile", fields, 6, None, odd, None),
        ]
