"""Ordering: put entries in their right order.

Partial credit by `scoring`, with *n* entries; the names are those of Moodle's ordering question:

- `exact`: 1 when every entry is in its place, otherwise 0.
- `adjacent_pairs` (the default; Moodle's "relative to the next item (excluding last)"): of the *n* - 1 pairs of entries
  that follow each other in the right order, the share that do so in the answer.
- `position` (Moodle's "absolute position"): the share of entries in their place.

An entry without a place, or with one that another has too, is in none. Nobody meets the right order as it is shown, so
that an answer always is a decision.
"""

from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from quizapp.domain.inputs import Choice, Order
from quizapp.domain.items.base import ExplainedPart, Item, Presentation, Raw, Response, Sample
from quizapp.domain.items.parts import LETTERS, read_parts
from quizapp.domain.items.registry import item_type

_NOTES = {
    "exact": "The mark is earned when everything is in its place.",
    "adjacent_pairs": "Each entry that is followed by the right one earns its share of the mark.",
    "position": "Each entry in its place earns its share of the mark.",
}


class Entry(BaseModel):
    """One thing to put in order, and why it comes where it does."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    text: str = Field(min_length=1, max_length=1000)
    rationale: str = Field(min_length=1, max_length=4000)


@item_type
class Ordering(Item):
    """Put the entries, written in the right order, in order. The response holds the place, from 0, of each, or None."""

    label = "Ordering"
    type: Literal["ordering"] = "ordering"
    entries: tuple[Entry, ...] = Field(min_length=3, max_length=10)
    scoring: Literal["exact", "adjacent_pairs", "position"] = "adjacent_pairs"
    places: tuple[int, ...] | None = None
    """The right place of each entry, from 1, where the key was corrected: answers speak of entries as written."""

    @model_validator(mode="after")
    def _says_each_once(self) -> Self:
        plain = [" ".join(entry.text.casefold().split()) for entry in self.entries]
        for i, text in enumerate(plain):
            if text in plain[:i]:
                raise PydanticCustomError(
                    "duplicate_entry",
                    "entry {this} says the same as entry {first}",
                    {"this": i + 1, "first": plain.index(text) + 1, "at": ("entries", i), "hint": "drop one"},
                )
        if self.places is not None and sorted(self.places) != list(range(1, len(plain) + 1)):
            raise PydanticCustomError(
                "places",
                "places are the numbers 1 to {n}, one for each entry",
                {"n": len(plain), "at": ("places",), "hint": "leave it out if the entries are written in order"},
            )
        return self

    @property
    def _right_order(self) -> list[int]:
        """The entries, by their position as written, in their right order."""
        written = range(len(self.entries))
        return sorted(written, key=(self.places or written).__getitem__)

    @property
    def denominator(self) -> int:
        n = len(self.entries)
        return {"exact": 1, "adjacent_pairs": n - 1, "position": n}[self.scoring]

    def present(self, rng: Random) -> Presentation:
        order = list(range(len(self.entries)))
        while True:
            rng.shuffle(order)
            if order != self._right_order:
                break
        return {"order": order}

    def ask(self, presentation: Presentation) -> Order:
        shown = tuple(Choice(LETTERS[i], self.entries[w].text) for i, w in enumerate(presentation["order"]))
        return Order(shown, _NOTES[self.scoring])

    def parse(self, raw: Raw, presentation: Presentation) -> Response | None:
        places = {str(place + 1): place for place in range(len(self.entries))}
        return read_parts(raw, presentation["order"], places, LETTERS)

    def fill(self, response: Response, presentation: Presentation) -> dict[str, list[str]]:
        given = ((LETTERS[i], response[w]) for i, w in enumerate(presentation["order"]))
        return {f"answer-{letter}": [str(place + 1)] for letter, place in given if place is not None}

    def _sure_places(self, response: Response) -> list[int | None]:
        """The place of each entry that has one of its own."""
        return [place if response.count(place) == 1 else None for place in response]

    def grade(self, response: Response) -> int:
        sure = self._sure_places(response)
        places = [sure[w] for w in self._right_order]
        if self.scoring == "adjacent_pairs":
            return sum(None not in (a, b) and a + 1 == b for a, b in pairwise(places))  # type: ignore[operator]
        right = sum(place == i for i, place in enumerate(places))
        return right if self.scoring == "position" else int(right == len(places))

    def classify(self, response: Response | None) -> str:
        return "blank" if response is None else "".join("-" if p is None else LETTERS[p] for p in response)

    def comparable(self) -> tuple[str, ...]:
        return tuple(entry.text for entry in self.entries)

    def with_key(self, response: Response) -> Self:
        if None in self._sure_places(response):
            raise ValueError("The right answer gives each entry a place of its own.")
        places = [place + 1 for place in response]
        return self._change(places=None if places == sorted(places) else places)

    def caution(self, response: Response, presentation: Presentation) -> str:
        places = self._sure_places(response)
        doubtful = [LETTERS[i] for i, w in enumerate(presentation["order"]) if places[w] is None]
        return f"Not in order yet: {', '.join(doubtful)}. Give each a place of its own." if doubtful else ""

    def describe(self, response: Response, presentation: Presentation) -> str:
        given = [(response[w], LETTERS[i], w) for i, w in enumerate(presentation["order"]) if response[w] is not None]
        return "; ".join(f"{place + 1}: {letter}. {self.entries[w].text}" for place, letter, w in sorted(given))

    def explain(self, response: Response | None, presentation: Presentation) -> tuple[ExplainedPart, ...]:
        letters = {w: LETTERS[i] for i, w in enumerate(presentation["order"])}
        lines = []
        for i, w in enumerate(self._right_order):
            entry, place = self.entries[w], None if response is None else response[w]
            given = "" if place is None else f"place {place + 1}"
            lines.append(ExplainedPart(letters[w], entry.text, f"place {i + 1}", given, place == i, entry.rationale))
        return tuple(lines)

    def texts(self) -> list[str]:
        return [self.vignette, self.stem, *(text for e in self.entries for text in (e.text, e.rationale))]

    @classmethod
    def samples(cls) -> list[Sample]:
        names = ("Egg", "Caterpillar", "Chrysalis", "Butterfly")
        fields = {
            "stem": "Put the life of a butterfly in order.",
            "entries": [{"text": name, "rationale": "So it goes."} for name in names],
        }
        exact, position = {**fields, "scoring": "exact"}, {**fields, "scoring": "position"}
        return [
            Sample("right", fields, 1, (0, 1, 2, 3), None, Fraction(1)),
            Sample("partial", fields, 2, (3, 0, 1, 2), None, Fraction(2, 3)),
            Sample("partial", fields, 3, (0, 1, None, None), None, Fraction(1, 3)),
            Sample("wrong", fields, 4, (3, 2, 1, 0), None, Fraction(0)),
            Sample("wrong", fields, 5, (0, 0, 0, 0), None, Fraction(0)),
            Sample("wrong", exact, 6, (0, 1, 3, 2), None, Fraction(0)),
            Sample("partial", position, 7, (0, 1, 3, 2), None, Fraction(1, 2)),
            Sample("wrong", position, 8, (3, 0, 1, 2), None, Fraction(0)),
            Sample("blank", fields, 9, None, {"answer-A": [""]}, None),
            Sample("hostile", fields, 10, None, {"answer-A": ["0"], "answer-B": ["5"], "answer-E": ["1"]}, None),
            Sample("hostile", fields, 11, None, {"answer-A": ["1", "2"], "answer": ["1"], "answer-1": ["1"]}, None),
        ]
