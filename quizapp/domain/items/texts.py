"""What types that ask for words share: tidying what a person typed, and comparing it with what is accepted.

The stated spelling tolerance counts slips as Damerau did (F. J. Damerau, Commun. ACM 1964;7:171-176): a letter too
many, one missing, one wrong, or two neighbours swapped; no letter is moved twice. One slip is forgiven in words of
five letters and more, two from eight on, and never more than the item says. What is written exactly like a listed
answer is that answer, whatever else is near it: list the near miss that matters, such as hypo- for hyper-, with
`percent: 0`.
"""

import unicodedata
from collections.abc import Sequence
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

MAX_TYPED = 200
"""Characters of one short text as typed."""
_JOINERS = "\u200c\u200d"
_ALIKE = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "‐": "-", "‑": "-", "–": "-", "−": "-"})


_FEW = 3
"""How many of the accepted answers a review shows."""


class Wording(BaseModel):
    """Answers that mean the same and earn the same."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    accept: tuple[str, ...] = Field(min_length=1, max_length=30)
    percent: int = Field(100, ge=0, le=100)
    """The share of the mark."""
    rationale: str = Field(min_length=1, max_length=4000)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        for i, text in enumerate(self.accept):
            if tidy(text) != text.strip() or not text.strip() or len(text) > MAX_TYPED:
                raise PydanticCustomError(
                    "accepted_text",
                    "accepted answer {n} is empty, too long or has odd spaces or characters",
                    {"n": i + 1, "at": ("accept", i), "hint": "write it as a person would type it"},
                )
        return self

    def show(self) -> str:
        """The first few in words, as written."""
        return ", or ".join(self.accept[:_FEW]) + (", or the like" if len(self.accept) > _FEW else "")


class Rules(BaseModel):
    """What does not matter in the writing."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    case: Literal["ignore", "match"] = "ignore"
    accents: Literal["ignore", "match"] = "ignore"
    spelling: int = Field(0, ge=0, le=2)
    """Slips forgiven at most."""

    def say(self) -> str:
        """The rules as the page states them."""
        said = ["Capital letters matter." if self.case == "match" else "Capital letters do not matter."]
        said += ["Accents matter."] if self.accents == "match" else []
        if self.spelling:
            slips = "One slip" if self.spelling == 1 else "Two slips"
            said.append(f"{slips} of spelling in a long word {'is' if self.spelling == 1 else 'are'} forgiven.")
        return " ".join(said)

    def fold(self, text: str) -> str:
        """`text` without what does not matter."""
        plain = unicodedata.normalize("NFKC", text).translate(_ALIKE)
        if self.case == "ignore":
            plain = plain.casefold()
        if self.accents == "ignore":
            plain = "".join(c for c in unicodedata.normalize("NFD", plain) if unicodedata.category(c) != "Mn")
        plain = unicodedata.normalize("NFC", plain).translate(dict.fromkeys(map(ord, _JOINERS)))
        return " ".join(plain.split()).strip(" .")


def tidy(text: str) -> str:
    """What was typed on one line: no control characters, single spaces, none at the ends."""
    spaced = "".join(" " if c.isspace() else c for c in text)
    return " ".join("".join(c for c in spaced if c.isprintable() or c in _JOINERS).split())


def find_wording(wordings: Sequence[Wording], rules: Rules, text: str) -> int | None:
    """The position of the wording that `text` is: exactly, else with the fewest slips that are forgiven."""
    written = rules.fold(text)
    best: tuple[int, int] | None = None
    for i, wording in enumerate(wordings):
        for accepted in wording.accept:
            plain = rules.fold(accepted)
            forgiven = min(rules.spelling, 2 if len(plain) >= 8 else 1 if len(plain) >= 5 else 0)
            slips = count_slips(written, plain, forgiven)
            if slips <= forgiven and (best is None or slips < best[0]):
                best = slips, i
    return None if best is None else best[1]


def move_wording(wordings: Sequence[Wording], rules: Rules, text: str) -> tuple[Wording, ...]:
    """The wordings with `text` as what earns the whole mark.

    What earns it already, with a slip or without, changes nothing. Where it is listed as another answer, that earns the
    mark and the former ones nothing; else it stands in for the former one. ValueError, with a sentence for people,
    where there are several.
    """
    keys = [i for i, wording in enumerate(wordings) if wording.percent == 100]
    if find_wording(wordings, rules, text) in keys:
        return tuple(wordings)
    plain = rules.fold(text)
    listed = next((i for i, w in enumerate(wordings) if plain in map(rules.fold, w.accept)), None)
    if listed is None and len(keys) != 1:
        raise ValueError("Several answers earn the whole mark. Change them in the bank, and publish that.")
    changes: dict[int, dict[str, object]] = {i: {"percent": 0} for i in keys}
    if listed is None:
        changes = {keys[0]: {"accept": (text,)}}
    else:
        changes[listed] = {"percent": 100}
    return tuple(wording.model_copy(update=changes.get(i, {})) for i, wording in enumerate(wordings))


def require_distinct_wordings(wordings: Sequence[Wording], rules: Rules, at: tuple[str | int, ...]) -> None:
    """Refuse an accepted text that stands under two answers."""
    seen: dict[str, int] = {}
    for i, wording in enumerate(wordings):
        for text in wording.accept:
            first = seen.setdefault(rules.fold(text), i)
            if first != i:
                raise PydanticCustomError(
                    "duplicate_answer",
                    "{text} stands under answers {first} and {this}",
                    {"text": repr(text), "first": first + 1, "this": i + 1, "at": (*at, i), "hint": "leave one out"},
                )


def count_slips(a: str, b: str, most: int) -> int:
    """The slips between two texts (optimal string alignment); any number above `most` means more than that."""
    if a == b:
        return 0
    if abs(len(a) - len(b)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, c in enumerate(a, 1):
        older, before, row = before, row, [i]
        for j, d in enumerate(b, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (c != d))
            if i > 1 and j > 1 and c == b[j - 2] and a[i - 2] == d:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]
