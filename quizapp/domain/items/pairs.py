"""What the matching types share: rows that are each given one of a list of choices.

Partial credit: with *n* rows of which *r* are matched rightly, `per_row` (the default) gives *r*/*n*, as Moodle and
QTI's match interaction do; `all_or_nothing` gives 1 when all are right. A row left open is not right; nothing is taken
off for a wrong match. With distractor matches (choices that fit no row) and *m* choices, guessing earns 1/*m* on
average.
"""

from random import Random
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from quizapp.domain.inputs import Choice, Pairs
from quizapp.domain.items.base import ExplainedPart, Item, Presentation, Raw, Response
from quizapp.domain.items.parts import LETTERS, draw_positions, read_parts, require_all, say_missing

SLUG = r"^[a-z0-9]+(-[a-z0-9]+)*$"
_NOTES = {
    "per_row": "Each right match earns its share of the mark. A choice may fit more than one, or none.",
    "all_or_nothing": "The mark is earned when all matches are right. A choice may fit more than one, or none.",
}


class Match(BaseModel):
    """One thing to choose. `id` names it within the item; nobody sees it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(pattern=SLUG, max_length=40)
    text: str = Field(min_length=1, max_length=500)


class Missed(BaseModel):
    """Why one choice does not fit a row."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    match: str = Field(pattern=SLUG, max_length=40)
    rationale: str = Field(min_length=1, max_length=4000)


class Row(BaseModel):
    """One thing to match: the id of the choice that fits it, why, and why others do not."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    text: str = Field(min_length=1, max_length=4000)
    key: str = Field(pattern=SLUG, max_length=40)
    rationale: str = Field(min_length=1, max_length=4000)
    missed: tuple[Missed, ...] = ()


class PairsItem(Item):
    """The response holds for each row, as written, the position of the choice, as written, or None."""

    matches: tuple[Match, ...] = Field(min_length=2, max_length=26)
    rows: tuple[Row, ...] = Field(min_length=2, max_length=10)
    scoring: Literal["per_row", "all_or_nothing"] = "per_row"

    @model_validator(mode="after")
    def _names_what_is_there(self) -> Self:
        ids = [match.id for match in self.matches]
        texts = [" ".join(match.text.casefold().split()) for match in self.matches]
        for names, what in ((ids, "has the same id as"), (texts, "says the same as")):
            for i, name in enumerate(names):
                if name in names[:i]:
                    first = names.index(name) + 1
                    raise PydanticCustomError(
                        "duplicate_match",
                        "match {this} {what} match {first}",
                        {"this": i + 1, "what": what, "first": first, "at": ("matches", i), "hint": "change one"},
                    )
        for i, row in enumerate(self.rows):
            for name in (row.key, *(missed.match for missed in row.missed)):
                if name not in ids:
                    raise PydanticCustomError(
                        "unknown_match",
                        "row {row} names {name}, which is no match",
                        {"row": i + 1, "name": name, "at": ("rows", i), "hint": f"one of {', '.join(ids)}"},
                    )
        return self

    @property
    def denominator(self) -> int:
        return len(self.rows) if self.scoring == "per_row" else 1

    def _draw(self, rng: Random, shuffle_rows: bool, shuffle_matches: bool) -> Presentation:
        return {
            "order": draw_positions(len(self.rows), rng, shuffle_rows),
            "matches": draw_positions(len(self.matches), rng, shuffle_matches),
        }

    def _letters(self, presentation: Presentation) -> dict[int, str]:
        return {written: LETTERS[i] for i, written in enumerate(presentation["matches"])}

    def _key(self, row: Row) -> int:
        return next(i for i, match in enumerate(self.matches) if match.id == row.key)

    def ask(self, presentation: Presentation) -> Pairs:
        rows = tuple(Choice(str(i), self.rows[w].text) for i, w in enumerate(presentation["order"], 1))
        matches = tuple(Choice(letter, self.matches[w].text) for w, letter in self._letters(presentation).items())
        return Pairs(rows, matches, False, _NOTES[self.scoring])

    def parse(self, raw: Raw, presentation: Presentation) -> Response | None:
        known = {letter: written for written, letter in self._letters(presentation).items()}
        return read_parts(raw, presentation["order"], known)

    def fill(self, response: Response, presentation: Presentation) -> dict[str, list[str]]:
        letters = self._letters(presentation)
        given = ((i, response[w]) for i, w in enumerate(presentation["order"], 1))
        return {f"answer-{i}": [letters[match]] for i, match in given if match is not None}

    def grade(self, response: Response) -> int:
        right = sum(match == self._key(row) for match, row in zip(response, self.rows, strict=True))
        return right if self.scoring == "per_row" else int(right == len(self.rows))

    def classify(self, response: Response | None) -> str:
        return "blank" if response is None else "".join("-" if m is None else LETTERS[m] for m in response)

    def comparable(self) -> tuple[tuple[str, ...], ...]:
        return tuple(row.text for row in self.rows), tuple(match.text for match in self.matches)

    def with_key(self, response: Response) -> Self:
        require_all(response, "row")
        given = zip(self.rows, response, strict=True)
        return self._change(rows=[row.model_copy(update={"key": self.matches[m].id}) for row, m in given])

    def caution(self, response: Response, presentation: Presentation) -> str:
        return say_missing(response, presentation["order"], "row")

    def describe(self, response: Response, presentation: Presentation) -> str:
        given = ((i, response[w]) for i, w in enumerate(presentation["order"], 1))
        return "; ".join(f"{i}: {self.matches[match].text}" for i, match in given if match is not None)

    def explain(self, response: Response | None, presentation: Presentation) -> tuple[ExplainedPart, ...]:
        lines = []
        for i, w in enumerate(presentation["order"], 1):
            row, match = self.rows[w], None if response is None else response[w]
            given = None if match is None else self.matches[match]
            key = self.matches[self._key(row)].text
            is_right = match == self._key(row)
            missed = [m.rationale for m in row.missed if given is not None and m.match == given.id and not is_right]
            why = [row.rationale, *missed]
            lines.append(ExplainedPart(str(i), row.text, key, given.text if given else "", is_right, " ".join(why)))
        return tuple(lines)

    def texts(self) -> list[str]:
        rows = [t for row in self.rows for t in (row.text, row.rationale, *(m.rationale for m in row.missed))]
        return [self.vignette, self.stem, *(match.text for match in self.matches), *rows]
