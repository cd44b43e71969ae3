"""What the choice types share: letters by shown position, shuffling, and reading what a form sent."""

from abc import abstractmethod
from collections.abc import Sequence
from random import Random
from string import ascii_uppercase

from pydantic_core import PydanticCustomError

from quizapp.domain.inputs import Choice
from quizapp.domain.items.base import Explained, Item, Option, Presentation, Raw, Response

LETTERS = ascii_uppercase
MAX_OPTIONS = 10


class ChoiceItem(Item):
    """An item whose response is the sorted positions of the chosen options, as written."""

    def fill(self, response: Response, presentation: Presentation) -> dict[str, list[str]]:
        shown = self.letters(presentation)
        return {"answer": sorted(shown[written] for written in response)}

    def letters(self, presentation: Presentation) -> dict[int, str]:
        return {written: LETTERS[i] for i, written in enumerate(presentation["order"])}

    @abstractmethod
    def explain(self, response: Response | None, presentation: Presentation) -> tuple[Explained, ...]: ...

    def describe(self, response: Response, presentation: Presentation) -> str:
        chosen = (line for line in self.explain(response, presentation) if line.is_chosen)
        return "; ".join(f"{line.letter}. {line.text}" for line in chosen)


def mark_keys(options: Sequence[Option], response: Response) -> tuple[Option, ...]:
    """The options with those chosen as the keys."""
    return tuple(option.model_copy(update={"key": i in response}) for i, option in enumerate(options))


def draw_order(n: int, rng: Random, shuffle: bool) -> Presentation:
    """The order in which `n` options are shown, as positions in the item as written."""
    order = list(range(n))
    if shuffle:
        rng.shuffle(order)
    return {"order": order}


def show(texts: Sequence[str], presentation: Presentation) -> tuple[Choice, ...]:
    """The options in shown order. Values are letters by shown position, so the form says nothing about the key."""
    return tuple(Choice(LETTERS[i], texts[written]) for i, written in enumerate(presentation["order"]))


def read_chosen(raw: Raw, presentation: Presentation) -> tuple[int, ...]:
    """The options chosen, as sorted positions in the item as written. Unknown letters are not choices."""
    order = presentation["order"]
    known = {LETTERS[i]: written for i, written in enumerate(order)}
    return tuple(sorted({known[value] for value in raw.get("answer", ()) if isinstance(value, str) and value in known}))


def explain_options(
    options: Sequence[Option], response: Response | None, presentation: Presentation
) -> tuple[Explained, ...]:
    """Every option in shown order with its rationale."""
    return tuple(
        Explained(LETTERS[i], options[w].text, options[w].key, w in (response or ()), options[w].rationale)
        for i, w in enumerate(presentation["order"])
    )


def require_distinct(options: Sequence[Option], field: str = "options") -> None:
    """Refuse two options that a reader could not tell apart. `field` is where they are written."""
    seen: dict[str, int] = {}
    for i, option in enumerate(options):
        plain = " ".join(option.text.casefold().split())
        if plain in seen:
            raise PydanticCustomError(
                "duplicate_option",
                "option {this} says the same as option {first}",
                {"this": i + 1, "first": seen[plain] + 1, "at": (field, i), "hint": "change or drop one of them"},
            )
        seen[plain] = i
