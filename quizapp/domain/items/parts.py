"""What types whose answer has parts share: reading them, and saying which are missing."""

from collections.abc import Mapping, Sequence
from random import Random
from string import ascii_uppercase

from quizapp.domain.items.base import Raw

LETTERS = ascii_uppercase


def read_parts(
    raw: Raw, order: Sequence[int], known: Mapping[str, int], names: Sequence[str] | None = None
) -> tuple[int | None, ...] | None:
    """What was chosen for each part, by its position as written; None where nothing was. None if nothing at all was.

    `order` holds the parts as shown; their fields are `answer-1`, `answer-2` … or `answer-` and their name. A field
    sent twice, or with a value that is not `known`, is no answer.
    """
    parts: list[int | None] = [None] * len(order)
    for i, written in enumerate(order):
        values = raw.get(f"answer-{names[i] if names else i + 1}", ())
        if len(values) == 1 and isinstance(values[0], str):
            parts[written] = known.get(values[0])
    return None if all(part is None for part in parts) else tuple(parts)


def say_missing(response: Sequence[object], order: Sequence[int], what: str) -> str:
    """Which parts have no answer, by the number shown; empty if all have one."""
    missing = [str(i) for i, written in enumerate(order, 1) if response[written] is None]
    if not missing:
        return ""
    return f"No answer yet for {what}{'s' if len(missing) > 1 else ''} {', '.join(missing)}."


def require_all(response: Sequence[object], what: str) -> None:
    """Refuse an answer with a part left open as the right one."""
    missing = say_missing(response, range(len(response)), what)
    if missing:
        raise ValueError(f"The right answer has every part: {missing[0].lower()}{missing[1:]}")


def draw_positions(n: int, rng: Random, shuffle: bool) -> list[int]:
    """The order in which `n` parts are shown, as positions in the item as written."""
    order = list(range(n))
    if shuffle:
        rng.shuffle(order)
    return order
