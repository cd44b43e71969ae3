"""Terms and their definitions; and the linking syntax `[words](term:ctf)`."""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

TermId = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]


class Term(BaseModel):
    """A term as the course uses it. `definition`: one or two plain sentences of inline Markdown that may cite."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    term: str = Field(min_length=1, max_length=80)
    abbreviation: str | None = Field(None, min_length=1, max_length=20)
    definition: str = Field(min_length=1, max_length=400)


class Glossary(BaseModel):
    """`questions/glossary.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal[1] = 1
    terms: dict[TermId, Term] = {}

    def used_by(self, term_ids: "set[str]") -> dict[str, Term]:
        """The terms of those ids, in the order of the file: what a published module takes along."""
        return {i: term for i, term in self.terms.items() if i in term_ids}


TERM_SCHEME = "term:"
_TERM_LINK = re.compile(r"\]\(\s*<?" + TERM_SCHEME + r"""([^()\s<>"']*)""")


def find_terms(text: str) -> list[tuple[int, str]]:
    """The terms that `text` links to, in order: the line, counted from 1, and the id as written."""
    return [(text.count("\n", 0, match.start()) + 1, match[1]) for match in _TERM_LINK.finditer(text)]
