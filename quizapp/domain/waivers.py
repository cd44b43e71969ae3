"""Findings of the content check that somebody looked at and let stand, each with its reason."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Waiver(BaseModel):
    """One finding let stand. `in` is `<module>/<file>#<section or item id>`, `text` a distinctive part of the sentence.

    `check`: `number` (a number that the cited claims do not hold, such as a sum), `word` (stronger than the level
    allows, such as a belief that the sentence argues against), `uncited` (a sentence without a claim).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    where: str = Field(alias="in", pattern=r"^[\w./-]+#[\w-]+$")
    check: Literal["number", "word", "uncited"]
    text: str = Field(min_length=3)
    reason: str = Field(min_length=10)


class Waivers(BaseModel):
    """`questions/content-waivers.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal[1] = 1
    waivers: tuple[Waiver, ...] = ()
