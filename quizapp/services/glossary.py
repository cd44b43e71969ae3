"""The terms of the course as its published modules use them, with the sections that link to each."""

from collections import defaultdict
from dataclasses import dataclass

from quizapp.domain.evidence import CITATION, Claim, find_citations
from quizapp.domain.glossary import Term
from quizapp.domain.modules import Module, Section
from quizapp.services.studying import load_course
from quizapp.store import attempts as store
from quizapp.store.db import reading


@dataclass(frozen=True, slots=True)
class TermUse:
    """The sections of one module that link to a term. `is_open`: this person may read them."""

    module: Module
    sections: tuple[Section, ...]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Defined:
    """A term, the claims that its definition cites by id, and where lessons use it."""

    id: str
    term: Term
    claims: dict[str, Claim]
    uses: tuple[TermUse, ...]

    @property
    def letter(self) -> str:
        """What it is filed under."""
        return self.term.term[0].upper()


def list_terms(words: str = "", person_id: int | None = None) -> tuple[list[Defined], int]:
    """The terms that hold every one of `words` in name or definition, alphabetically; and how many there are in all."""
    with reading() as connection:
        _, versions = load_course(connection)
        passed = store.list_passed(connection, person_id) if person_id is not None else frozenset()
    modules = [module for _, module in versions.values()]
    terms: dict[str, Term] = {}
    claims: dict[str, Claim] = {}
    uses: dict[str, list[TermUse]] = defaultdict(list)
    for module in modules:
        terms |= module.glossary
        claims |= module.evidence.claims
        needed = versions.keys() & set(module.facts.requires)
        is_open = person_id is not None and needed <= set(passed)
        for term_id in module.glossary:
            sections = tuple(section for section in module.sections if term_id in section.terms)
            if sections:
                uses[term_id].append(TermUse(module, sections, is_open))
    wanted = words.casefold().split()
    found = [
        Defined(i, term, {c.claim: claims[c.claim] for c in find_citations(term.definition)}, tuple(uses[i]))
        for i, term in sorted(terms.items(), key=lambda pair: pair[1].term.casefold())
        if all(word in _searched(term) for word in wanted)
    ]
    return found, len(terms)


def _searched(term: Term) -> str:
    return " ".join((term.term, term.abbreviation or "", CITATION.sub("", term.definition))).casefold()
