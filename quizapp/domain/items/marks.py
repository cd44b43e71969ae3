"""What types with partial credit share: shares of the mark in whole percents, and the denominator that holds them."""

from collections.abc import Iterable
from math import gcd

from pydantic import BaseModel, ConfigDict, Field


class Otherwise(BaseModel):
    """What the review says of every answer that is none of those named."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rationale: str = Field(min_length=1, max_length=4000)


def find_denominator(percents: Iterable[int]) -> int:
    """The smallest whole number over which each share is a whole number of marks (50 % and 25 %: 4)."""
    return 100 // gcd(100, *percents)
