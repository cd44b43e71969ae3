"""Which questions of an open attempt can be seen: what unfolds, and what there is no going back to.

A question follows the one before it where that must be passed first: every question but the first where there is no
going back, and each later part of a case that unfolds. Going on from a question that another one follows locks it.
"""

from collections.abc import Sequence
from enum import StrEnum

from quizapp.domain.attempts import Slot, SlotState


class Passage(StrEnum):
    """Whether a question can be opened: it is open, it was passed and stays closed until the end, or is still ahead."""

    OPEN = "open"
    PASSED = "passed"
    AHEAD = "ahead"


def unfolds_from(slots: Sequence[Slot], position: int) -> bool:
    """Whether the next question is a later part of the same case: it appears once this one is answered and passed."""
    if not 0 <= position < len(slots) - 1:
        return False
    here, after = slots[position].case, slots[position + 1].case
    return here is not None and after is not None and here.id == after.id and after.unfolds


def is_followed(slots: Sequence[Slot], position: int, *, backtracking: bool) -> bool:
    """Whether going on from this question locks it and opens the next."""
    is_last = position >= len(slots) - 1
    return not is_last and (not backtracking or unfolds_from(slots, position))


def find_passages(slots: Sequence[Slot], states: Sequence[SlotState], *, backtracking: bool) -> tuple[Passage, ...]:
    """How each question can be reached. At least one of them is open."""
    found = []
    for i, state in enumerate(states):
        is_ahead = i > 0 and is_followed(slots, i - 1, backtracking=backtracking) and not states[i - 1].is_passed
        found.append(Passage.AHEAD if is_ahead else Passage.PASSED if state.is_passed else Passage.OPEN)
    return tuple(found)


def find_open(passages: Sequence[Passage], position: int) -> int:
    """The open question that stands for this one: itself, or where the way to or from it leads."""
    while passages[position] is not Passage.OPEN:
        position += -1 if passages[position] is Passage.AHEAD else 1
    return position
