"""What rests on a source: the references and claims of the course, with the sections and items that cite them.

A section or an item rests on a reference when it cites a claim that rests on it, even where the citation is narrowed
to other references of that claim: when a source falls, whatever its claims carry is to be looked at again.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from quizapp.domain.errors import NotFound
from quizapp.domain.evidence import Claim, Reference
from quizapp.domain.modules import Module, Section
from quizapp.services.studying import load_course
from quizapp.services.versions import CitingItem, get_citing_items
from quizapp.store import attempts as store
from quizapp.store import content
from quizapp.store.db import reading


@dataclass(frozen=True, slots=True)
class Use:
    """What rests on a reference or a claim in one module.

    `items` stays empty unless it was asked for: which claims an item cites can hint at its key, so learners get the
    number alone.
    """

    module: Module
    sections: tuple[Section, ...]
    n_items: int
    items: tuple[CitingItem, ...] = ()


@dataclass(frozen=True, slots=True)
class CitedClaim:
    """A claim of the register, and what rests on it."""

    id: str
    claim: Claim
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class CitedReference:
    """A reference of the register, the ids of the claims that cite it, and what rests on any of these."""

    id: str
    reference: Reference
    claims: tuple[str, ...]
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class Traced:
    """One reference followed to its ends. `open_ids`: the modules whose lessons this person may read."""

    cited: CitedReference
    claims: tuple[CitedClaim, ...]
    open_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Shelf:
    """A current module version with its items, and one register made of what all of them took along."""

    modules: tuple[tuple[Module, tuple[CitingItem, ...]], ...]
    claims: dict[str, Claim]
    references: dict[str, Reference]
    passed: frozenset[str]


def list_references(words: str = "") -> tuple[list[CitedReference], int]:
    """The references of the course that hold every one of `words`, by number; and how many there are in all."""
    shelf = _load_shelf()
    found = _list_cited(shelf)
    wanted = words.casefold().split()
    return [cited for cited in found if all(word in _searched(cited) for word in wanted)], len(found)


def get_reference(reference_id: str, person_id: int | None = None, *, with_items: bool = False) -> Traced:
    """One reference with its claims and what rests on each. `with_items` is for educators. Raises NotFound."""
    shelf = _load_shelf(person_id)
    cited = next((c for c in _list_cited(shelf, with_items=with_items) if c.id == reference_id), None)
    if cited is None:
        raise NotFound("There is no reference of that number.")
    uses = _find_uses(shelf, lambda claim_id: (claim_id,), with_items=with_items)
    claims = tuple(CitedClaim(i, shelf.claims[i], uses[i]) for i in cited.claims)
    published = {module.id for module, _ in shelf.modules}
    is_open = (m.id for m, _ in shelf.modules if published.intersection(m.facts.requires) <= shelf.passed)
    return Traced(cited, claims, frozenset(is_open if person_id is not None else ()))


def _load_shelf(person_id: int | None = None) -> _Shelf:
    with reading() as connection:
        _, published = load_course(connection)
        modules = {i: version for i, version in published.items() if not version[1].is_final}  # its items are theirs
        pools = content.list_pools(connection, [version_id for version_id, _ in modules.values()])
        items = get_citing_items(connection, [i for pool in pools.values() for i in pool])
        passed = store.list_passed(connection, person_id) if person_id is not None else ()
    shelved = tuple((module, tuple(items[i] for i in pools[version_id])) for version_id, module in modules.values())
    claims: dict[str, Claim] = {}
    references: dict[str, Reference] = {}
    for module, _ in shelved:
        claims |= module.evidence.claims
        references |= module.evidence.references
    return _Shelf(shelved, claims, references, frozenset(passed))


def _list_cited(shelf: _Shelf, *, with_items: bool = False) -> list[CitedReference]:
    """Every reference, by number."""
    citing: dict[str, list[str]] = defaultdict(list)
    for claim_id in sorted(shelf.claims, key=_by_number):
        for reference_id in shelf.claims[claim_id].references:
            citing[reference_id].append(claim_id)
    uses = _find_uses(shelf, lambda claim_id: shelf.claims[claim_id].references, with_items=with_items)
    return [
        CitedReference(i, shelf.references[i], tuple(citing[i]), uses[i])
        for i in sorted(shelf.references, key=_by_number)
    ]


def _find_uses(
    shelf: _Shelf, ends_of: Callable[[str], Iterable[str]], *, with_items: bool
) -> defaultdict[str, tuple[Use, ...]]:
    """What rests on each end, module by module; `ends_of` a claim are its references, or the claim itself."""
    found: defaultdict[str, tuple[Use, ...]] = defaultdict(tuple)
    for module, pool in shelf.modules:
        sections: dict[str, list[Section]] = defaultdict(list)
        items: dict[str, list[CitingItem]] = defaultdict(list)
        for section in module.sections:
            for end in _ends(section.cites, ends_of):
                sections[end].append(section)
        for item in pool:
            for end in _ends(item.claims, ends_of):
                items[end].append(item)
        for end in sections.keys() | items.keys():
            resting = tuple(items[end])
            found[end] += (Use(module, tuple(sections[end]), len(resting), resting if with_items else ()),)
    return found


def _ends(claims: Sequence[str], ends_of: Callable[[str], Iterable[str]]) -> set[str]:
    return {end for claim_id in claims for end in ends_of(claim_id)}


def _searched(cited: CitedReference) -> str:
    """What a search looks at: the number, the citation and the identifiers."""
    reference = cited.reference
    parts = (cited.id, reference.citation, reference.doi, reference.pmid, reference.pmcid)
    return " ".join(part for part in parts if part).casefold()


def _by_number(name: str) -> list[tuple[int, str]]:
    """R9 before R10, A2.9 before A2.10."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]
