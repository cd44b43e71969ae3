"""How the time of a module is worked out. The constants are data (`questions/credit.yaml`) with source and date."""

import datetime as dt
from decimal import ROUND_FLOOR, Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Method(BaseModel):
    """A formula for self-paced text: minutes = scale × (base + word × words + item × items + level × difficulty)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    label: str
    source: str
    checked: dt.date
    scale: Decimal
    base: Decimal
    word: Decimal
    item: Decimal
    level: Decimal
    minutes_per_hour: Decimal = Decimal(60)
    round_down_to_hours: Decimal = Field(gt=0)


class Methods(BaseModel):
    """`questions/credit.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal[1] = 1
    methods: dict[str, Method]


class Worked(BaseModel):
    """A computed credit with its inputs, so that anyone can work it out again."""

    model_config = ConfigDict(frozen=True)
    method: Method
    words: int
    items: int
    difficulty: Decimal
    minutes: Decimal
    """One decimal."""
    hours: Decimal
    """Contact hours, rounded down to the method's step; never negative."""


def work_out(method: Method, words: int, items: int, difficulty: Decimal) -> Worked:
    """Minutes and contact hours for `words` of text, `items` questions, and a reviewer's difficulty of 1 to 5."""
    minutes = method.scale * (method.base + method.word * words + method.item * items + method.level * difficulty)
    minutes = max(minutes, Decimal(0))
    step = method.round_down_to_hours
    hours = (minutes / method.minutes_per_hour / step).quantize(Decimal(1), ROUND_FLOOR) * step
    return Worked(
        method=method,
        words=words,
        items=items,
        difficulty=difficulty,
        minutes=minutes.quantize(Decimal("0.1")),
        hours=hours,
    )
