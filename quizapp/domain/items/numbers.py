"""What types that ask for a number share: reading what a person typed, and the bands that earn marks.

Read are: a decimal point or comma; thousands set off by points, commas, spaces or apostrophes; any of the minus signs
that keyboards and phones make; digits of any script; a power of ten as in 1.5e3; a percent sign or the unit behind it.
Where one mark could be either (`1,250` is 1250 to some and 1.25 to others), both readings count and the better one is
marked: nobody is marked down for the custom of their country.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

MAX_TYPED = 40
"""Characters of one number as typed."""
MAX_POWER = 30

Exact = Annotated[Decimal, Field(max_digits=20, allow_inf_nan=False)]


def _check_units(units: dict[str, Decimal]) -> dict[str, Decimal]:
    if not all(unit.strip() and factor > 0 for unit, factor in units.items()):
        raise PydanticCustomError("unit", "a unit has a name and is more than nothing", {"hint": "mm: 0.1"})
    return units


OtherUnits = Annotated[dict[str, Exact], AfterValidator(_check_units)]
"""Units that may be typed instead of the one shown, each with how many of that one of them is."""

_MINUS = str.maketrans(
    dict.fromkeys("−‐‑‒–—﹣－", "-") | {"＋": "+", "，": ",", "．": ".", "٫": ".", "٬": "\N{APOSTROPHE}"}
)
_NUMBER = re.compile(r"([+-]?)([0-9][0-9.,' ]*|[.,][0-9]+)(?:[eE]([+-]?[0-9]{1,2}))?")
_GROUPED = {mark: re.compile(rf"[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{3}})+") for mark in ".,' "}


class Band(BaseModel):
    """Numbers that earn the same: `value` with a tolerance (`within`, or `within_percent` of it), or a range."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    value: Exact | None = None
    within: Exact | None = Field(None, ge=0)
    within_percent: Exact | None = Field(None, ge=0)
    at_least: Exact | None = None
    at_most: Exact | None = None
    percent: int = Field(100, ge=0, le=100)
    """The share of the mark."""
    rationale: str = Field(min_length=1, max_length=4000)

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        is_range = self.at_least is not None or self.at_most is not None
        has_tolerance = self.within is not None or self.within_percent is not None
        if (
            (self.value is None) != is_range
            or (is_range and has_tolerance)
            or None
            not in (
                self.within,
                self.within_percent,
            )
        ):
            raise PydanticCustomError(
                "number_band",
                "numbers are a value with one tolerance or none, or a range",
                {"hint": "give value (and within or within_percent), or at_least and at_most"},
            )
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            raise PydanticCustomError("number_band", "the range is empty", {"hint": "swap at_least and at_most"})
        return self

    @property
    def bounds(self) -> tuple[Fraction | None, Fraction | None]:
        """The least and the greatest number, both included; None where there is none."""
        if self.value is None:
            return tuple(None if end is None else Fraction(end) for end in (self.at_least, self.at_most))  # type: ignore[return-value]
        value = Fraction(self.value)
        slack = Fraction(self.within or 0) + abs(value) * Fraction(self.within_percent or 0) / 100
        return value - slack, value + slack

    def holds(self, number: Fraction) -> bool:
        """Whether `number` is one of them."""
        least, greatest = self.bounds
        return (least is None or number >= least) and (greatest is None or number <= greatest)

    def show(self, unit: str = "") -> str:
        """The band in words."""
        tail = f" {unit}" if unit else ""
        if self.value is None:
            ends = (f"at least {self.at_least}", f"at most {self.at_most}")
            if None not in (self.at_least, self.at_most):
                return f"{self.at_least} to {self.at_most}{tail}"
            return (ends[0] if self.at_most is None else ends[1]) + tail
        if self.within_percent:
            return f"{self.value}{tail}, give or take {self.within_percent} %"
        return f"{self.value}{tail}" + (f", give or take {self.within}" if self.within else "")


def read_numbers(text: str, units: Mapping[str, Fraction] | None = None) -> tuple[Fraction, ...]:
    """Every number that `text` may mean, in the item's unit; empty if it is none.

    `units`: units that may stand behind the number, each with what one of them is in the item's unit. Without a unit
    of its own, 12 % is 0.12.
    """
    plain = "".join(_plain_digit(c) for c in text[: MAX_TYPED * 2].translate(_MINUS)).replace("’", "'").strip()
    body, factor = plain, Fraction(1)
    known = {"%": Fraction(1, 100), **(units or {})}
    for unit in sorted(known, key=len, reverse=True):
        if unit and plain.casefold().endswith(unit.casefold()):
            body, factor = plain[: -len(unit)].rstrip(), known[unit]
            break
    found = _NUMBER.fullmatch(body)
    if found is None:
        return ()
    sign, digits, power = found.groups()
    scale = factor * (-1 if sign == "-" else 1) * Fraction(10) ** int(power or 0)
    if abs(int(power or 0)) > MAX_POWER:
        return ()
    return tuple(Fraction(reading) * scale for reading in _readings(digits))


def read_in_units(text: str, unit: str, other_units: Mapping[str, Decimal]) -> tuple[Fraction, ...]:
    """`read_numbers` in the unit that is shown beside the field; any other that may be typed is turned into it."""
    return read_numbers(text, {**{other: Fraction(n) for other, n in other_units.items()}, unit: Fraction(1)})


def _plain_digit(c: str) -> str:
    value = unicodedata.decimal(c, None)
    if value is not None:
        return str(value)
    return " " if c.isspace() else c


def _readings(digits: str) -> list[str]:
    """The digits with a decimal point and without other marks: each way to read them."""
    marks = [c for c in digits if not c.isdigit()]
    if not marks:
        return [digits]
    last = marks[-1]
    readings = []
    if last in ".," and marks.count(last) == 1:
        whole, part = digits.rsplit(last, 1)
        others = set(whole) - set("0123456789")
        if not others or (len(others) == 1 and _GROUPED[others.pop()].fullmatch(whole)):
            readings.append("".join(c for c in whole if c.isdigit()) + "." + part if part else whole)
    if len(set(marks)) == 1 and not digits.startswith("0") and _GROUPED[last].fullmatch(digits):
        readings.append("".join(c for c in digits if c.isdigit()))
    return [r if r[0] != "." else "0" + r for r in readings if r.replace(".", "", 1).isdigit()]


def move_band(bands: Sequence[Band], numbers: Sequence[Fraction]) -> tuple[Band, ...]:
    """The bands with what was typed, read as `numbers`, for the value of the one that earns the whole mark.

    Its tolerance stays. ValueError, with a sentence for people, where one cannot tell what is meant.
    """
    if len(numbers) != 1:
        said = "This is no number we can read." if not numbers else "This number can be read in two ways."
        raise ValueError(f"{said} Write it without marks for thousands.")
    keys = [i for i, band in enumerate(bands) if band.percent == 100]
    if any(bands[i].value == numbers[0] for i in keys):
        return tuple(bands)
    if len(keys) != 1 or bands[keys[0]].value is None:
        what = "A range earns" if len(keys) == 1 else "Several answers earn"
        raise ValueError(f"{what} the whole mark. Change it in the bank, and publish that.")
    with localcontext(prec=100):
        value = Decimal(numbers[0].numerator) / numbers[0].denominator
    try:
        moved = Band.model_validate({**bands[keys[0]].model_dump(), "value": value})
    except ValidationError as error:
        raise ValueError("This number has too many digits.") from error
    return tuple(moved if i == keys[0] else band for i, band in enumerate(bands))


def find_band(bands: Sequence[Band], numbers: Sequence[Fraction]) -> int | None:
    """The position of the band that earns most of those that hold one of `numbers`; the first of equals."""
    found = [i for i, band in enumerate(bands) if any(band.holds(number) for number in numbers)]
    return max(found, key=lambda i: (bands[i].percent, -i), default=None)
