"""Claims, references and evidence levels; and the citing syntax `[A1.1]`, `[A1.1, B2]`, `[B15 R42]`."""

import re
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Level(StrEnum):
    """How sure we are of a claim (GRADE-like, judged for cramp outcomes). The ladder is in docs/evidence.md."""

    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"
    VERY_LOW = "very_low"
    EXPERT = "expert"
    TEXT = "text"
    NONE = "none"

    @property
    def label(self) -> str:
        """What the reader sees."""
        return _LABELS[self][0]

    @property
    def ticks(self) -> int | None:
        """How many of four ticks are full, or None where the level is not graded on that scale."""
        return _LABELS[self][1]


_LABELS: dict[Level, tuple[str, int | None]] = {
    Level.HIGH: ("High certainty", 4),
    Level.MODERATE: ("Moderate certainty", 3),
    Level.LOW: ("Low certainty", 2),
    Level.VERY_LOW: ("Very low certainty", 1),
    Level.EXPERT: ("Expert consensus", None),
    Level.TEXT: ("Settled knowledge", None),
    Level.NONE: ("No study found", None),
}


class Reference(BaseModel):
    """A source. `read`: `seen` = the text that confirms the finding was read, `citation` = only the listing was."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    citation: str = Field(min_length=1)
    doi: str | None = None
    pmid: str | None = Field(None, pattern=r"^\d+$")
    pmcid: str | None = Field(None, pattern=r"^PMC\d+$")
    read: Literal["seen", "citation", "memory"]

    @property
    def links(self) -> dict[str, str]:
        """Its lasting addresses by name, the one to follow first in front; empty if none is known."""
        addresses = {
            "DOI": self.doi and f"https://doi.org/{self.doi}",
            "PubMed": self.pmid and f"https://pubmed.ncbi.nlm.nih.gov/{self.pmid}/",
            "PubMed Central": self.pmcid and f"https://pmc.ncbi.nlm.nih.gov/articles/{self.pmcid}/",
        }
        return {name: url for name, url in addresses.items() if url}

    @property
    def url(self) -> str | None:
        """Where the source can be found, if it has a lasting address."""
        return next(iter(self.links.values()), None)


class Claim(BaseModel):
    """A statement of clinical fact with its certainty. `confidence` a (certain), b (confident) or c (tentative)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    text: str = Field(min_length=1)
    level: Level
    level_note: str | None = None
    basis: Literal["seen", "memory"]
    confidence: Literal["a", "b", "c"]
    references: tuple[str, ...] = ()


class Register(BaseModel):
    """The evidence register: `questions/evidence.yaml`, or the part of it that one course module cites."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal[1] = 1
    claims: dict[str, Claim]
    references: dict[str, Reference]

    def cited_by(self, texts: "list[str]") -> "Register":
        """The claims that `texts` cite and the references these rest on: all that a published module needs."""
        ids = {cited.claim for text in texts for cited in find_citations(text)}
        claims = {i: c for i, c in self.claims.items() if i in ids}
        wanted = {r for c in claims.values() for r in c.references}
        return Register(claims=claims, references={i: r for i, r in self.references.items() if i in wanted})


_CLAIM = r"[A-F]\d+(?:\.\d+)?"
CITATION = re.compile(rf"\[({_CLAIM}(?: R\d+)*(?:, ?{_CLAIM}(?: R\d+)*)*)\](?!\()")


class Citation(BaseModel):
    """One cited claim; `references` narrows it to some of the claim's references, empty means all."""

    model_config = ConfigDict(frozen=True)
    claim: str
    references: tuple[str, ...] = ()


def find_citations(text: str) -> list[Citation]:
    """Every citation in `text`, in order."""
    return [c for match in CITATION.finditer(text) for c in parse_citation(match[1])]


def parse_citation(inside: str) -> list[Citation]:
    """The citations between one pair of brackets: `B15 R42, B14` → B15 by R42, and B14."""
    parts = (part.split() for part in inside.split(","))
    return [Citation(claim=first, references=tuple(rest)) for first, *rest in parts]
