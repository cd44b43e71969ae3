"""InputSpec: the closed list of what a person can be asked to do. It stands between item types and HTML.

A new kind of InputSpec changes the vocabulary of every page and needs a decision record. What a form sends is named
`answer`, or `answer-<value>` where an answer has parts; `kind` names the macro that draws it.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

Look = Literal["", "right", "missed"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose. `value` is what the form sends: a letter by shown position, so it tells nothing."""

    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A letter or number drawn over a figure at `x`, `y`, in units of its viewBox, and what it names.

    `outline` is the region's, as SVG path data; empty for a mere place. `look` is empty while a question is open;
    in a review it is `right` or `missed`.
    """

    value: str
    x: float
    y: float
    outline: str = ""
    look: Look = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A checked drawing, ready for a page. `alternative` says what it shows, `note` what its marks mean."""

    body: str
    view_box: str
    alternative: str
    marks: tuple[Mark, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class OneOf:
    """Choose exactly one of `choices`: `answer` holds its value."""

    kind: ClassVar[str] = "one_of"
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class SomeOf:
    """Choose any number of `choices`: `answer` holds their values."""

    kind: ClassVar[str] = "some_of"
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """Write a few words: `answer` holds them. `note` says what does not matter, such as capitals."""

    kind: ClassVar[str] = "text"
    max_length: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """Write one number: `answer` holds what was typed. `unit` is shown beside it."""

    kind: ClassVar[str] = "number"
    max_length: int
    unit: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Give each row one of `choices`: `answer-<row>` holds the choice's value.

    `is_short`: the choices are few and short, so that each row shows them all; otherwise they are listed once.
    """

    kind: ClassVar[str] = "pairs"
    rows: tuple[Choice, ...]
    choices: tuple[Choice, ...]
    is_short: bool = False
    note: str = ""
    figure: Figure | None = None
    """Has a mark for each row."""


@dataclass(frozen=True, slots=True)
class Order:
    """Put all `entries` in order: `answer-<entry>` holds its place, counting from 1."""

    kind: ClassVar[str] = "order"
    entries: tuple[Choice, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Blank:
    """One place in a text to fill in: `answer-<value>` holds what `ask` would hold in `answer`."""

    value: str
    ask: OneOf | Text | Number


@dataclass(frozen=True, slots=True)
class Blanks:
    """Fill in the blanks of a text of paragraphs, each a row of words and blanks."""

    kind: ClassVar[str] = "blanks"
    paragraphs: tuple[tuple[str | Blank, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """Point at `n` places of a figure, or name them in the list beside it: `answer` holds the values of `choices`.

    Each mark of the figure has the value of a choice; the last choice is every place without a mark.
    `is_outlined`: the regions are drawn from the start, otherwise once they are chosen.
    """

    kind: ClassVar[str] = "point"
    choices: tuple[Choice, ...]
    figure: Figure
    n: int = 1
    is_outlined: bool = True
    note: str = ""


InputSpec = OneOf | SomeOf | Text | Number | Pairs | Order | Blanks | Point
