"""InputSpec: the closed list of what a person can be asked to do. It stands between item types and HTML.

A new kind of InputSpec changes the vocabulary of every page and needs a decision record.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose. `value` is what the form sends: a letter by shown position, so it tells nothing."""

    value: str
    text: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """Choose exactly one of `choices`."""

    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class SomeOf:
    """Choose any number of `choices`."""

    choices: tuple[Choice, ...]


InputSpec = OneOf | SomeOf
