"""What was decided about a published item after people had answered it. The item itself never changes.

A correction is one decision about one item version; a ruling is what all of them come to. Decisions are only added: a
new key, everybody's credit, a drop and an undo each take the place of what held before; responses accepted besides the
key add up and outlive a new key, until an undo.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from math import lcm
from random import Random
from typing import Any

from quizapp.domain.attempts import WHOLE, Marked, Score, SlotState, mark_tries
from quizapp.domain.items.base import Item, Presentation, Response
from quizapp.domain.items.numeric import Numeric


class Effect(StrEnum):
    """What a correction does to the marks for one item version."""

    KEY = "key"
    ACCEPT = "accept"
    CREDIT = "credit"
    DROP = "drop"
    UNDO = "undo"


@dataclass(frozen=True, slots=True)
class Correction:
    """One decision. `reason` is what learners read."""

    id: int
    item_version_id: int
    effect: Effect
    reason: str
    at: dt.datetime
    fields: Mapping[str, Any] | None = None
    """Of a new key: the fields of the item that stand in for the published ones, as JSON."""
    response: Response | None = None
    """Of an acceptance: what earns the whole mark as well."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """How one item version is marked: as published, or as its corrections say. It marks like an item."""

    item: Item
    """With the key that holds now."""
    accepted: tuple[Response, ...] = ()
    """What earns the whole mark besides the key, each with the spelling and the tolerance that the key has."""
    is_credited: bool = False
    """Everybody has the whole mark, whatever they answered."""
    is_dropped: bool = False
    """It counts neither for nor against anybody."""
    corrections: tuple[Correction, ...] = ()
    """All of them, oldest first."""

    @property
    def last_id(self) -> int:
        """The last correction taken into account; 0 without any."""
        return self.corrections[-1].id if self.corrections else 0

    @property
    def notes(self) -> tuple[Correction, ...]:
        """The corrections that learners are told of: those since the last undo, or that alone if nothing followed."""
        undone = max((i for i, c in enumerate(self.corrections) if c.effect is Effect.UNDO), default=-1)
        return self.corrections[undone + 1 :] or self.corrections[-1:]

    @property
    def denominator(self) -> int:
        return self.item.denominator

    def grade(self, response: Response) -> int:
        """The mark for a response, 0 to `denominator`; a credit and a drop are for whoever adds marks up."""
        is_accepted = any(_is_like(self.item, accepted, response) for accepted in self.accepted)
        return self.denominator if is_accepted else self.item.grade(response)


def mark(ruling: Ruling, state: SlotState, shares: Sequence[Fraction] = WHOLE) -> Marked:
    """One slot marked as was decided. `shares`: what share of the mark each try can earn."""
    earned = Fraction(1) if ruling.is_credited else mark_tries(ruling, state, shares)
    parts = lcm(*(credit.denominator for credit in shares))
    return Marked(ruling.item, state, earned, ruling.denominator * parts, ruling.is_dropped)


def correct(score: Score, rulings: Sequence[Ruling | None], shares: Sequence[Fraction] = WHOLE) -> Score:
    """A score with the slots marked anew about whose items something was decided."""
    slots = zip(score.marked, rulings, strict=True)
    marked = tuple(m if ruling is None else mark(ruling, m.state, shares) for m, ruling in slots)
    return replace(score, marked=marked)


def _is_like(item: Item, accepted: Response, response: Response) -> bool:
    if accepted == response:
        return True
    try:
        like = item.with_key(accepted)
    except ValueError:  # this type or key cannot say what else would be as good
        return False
    return like.grade(response) == like.denominator and item.grade(response) < item.denominator


def rule(item: Item, corrections: Iterable[Correction]) -> Ruling:
    """What these corrections, in order of their ids, come to for an item as published."""
    ruling = Ruling(item)
    for correction in corrections:
        ruling = _follow(ruling, item, correction)
    return ruling


def _follow(before: Ruling, published: Item, correction: Correction) -> Ruling:
    now = replace(before, is_credited=False, is_dropped=False, corrections=(*before.corrections, correction))
    match correction.effect:
        case Effect.KEY:
            return replace(now, item=rekey(published, correction.fields or {}))
        case Effect.ACCEPT:
            return replace(now, accepted=tuple(dict.fromkeys((*now.accepted, correction.response))))
        case Effect.CREDIT:
            return replace(now, is_credited=True)
        case Effect.DROP:
            return replace(now, is_dropped=True)
        case Effect.UNDO:
            return Ruling(published, corrections=now.corrections)


def rekey(published: Item, fields: Mapping[str, Any]) -> Item:
    """The published item with these fields in place of its own."""
    return type(published).model_validate({**published.model_dump(mode="json"), **fields})


def key_fields(item: Item) -> dict[str, Any]:
    """The fields that decide how an item is marked and explained: those that its type adds to every item's."""
    own = set(type(item).model_fields) - set(Item.model_fields) - {"type"}
    return item.model_dump(mode="json", include=own)


def marks_alike(one: Item, other: Item) -> bool:
    """Whether two versions mark every response the same; what only explains plays no part."""
    return type(one) is type(other) and _bare(key_fields(one)) == _bare(key_fields(other))


def _bare(tree: Any) -> Any:
    """A tree without the texts that explain and without what is drawn for showing."""
    if isinstance(tree, dict):
        return {name: _bare(value) for name, value in tree.items() if name not in {"rationale", "shuffle", "figure"}}
    return [_bare(entry) for entry in tree] if isinstance(tree, list) else tree


def can_compare(one: Item, other: Item) -> bool:
    """Whether one version can mark what was answered to the other: the same type, and the same things to answer by."""
    return type(one) is type(other) and one.comparable() == other.comparable()


def with_tolerance(item: Item, within: str) -> Item:
    """A numeric item whose right values take this much more or less, a plain number in its unit.

    Raises ValueError with a sentence for people where the item has no such value, or where it is no number.
    """
    bands = [band.model_dump(mode="json") for band in item.answers] if isinstance(item, Numeric) else []
    right = [band for band in bands if band["percent"] == 100 and band["value"] is not None]
    if not right:
        raise ValueError("This question has no right value that could take a tolerance: change the key in its bank.")
    for band in right:
        band |= {"within": within.strip().replace(",", "."), "within_percent": None}
    try:
        return rekey(item, {"answers": bands})
    except ValueError as fault:
        raise ValueError("Write the tolerance as a plain number that is not negative, such as 0.5.") from fault


def present_as_written(item: Item, seed: int) -> Presentation:
    """How a page for authors shows the item: unshuffled where its type can be, and the same for the same seed."""
    written = item.model_copy(update={"shuffle": False}) if "shuffle" in type(item).model_fields else item
    return written.present(Random(seed))  # noqa: S311 - no secret
