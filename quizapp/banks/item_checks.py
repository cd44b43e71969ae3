"""What can be said of an item, or of any text that cites, without the rest of its module."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from quizapp.banks.course import Written, list_sources
from quizapp.banks.markup import Sources, find_slips
from quizapp.domain.drafts import Draft, Path, nearest_line
from quizapp.domain.evidence import Citation, Register, find_citations
from quizapp.domain.faults import closest, name_path
from quizapp.domain.glossary import find_terms
from quizapp.domain.problems import Problem

_RUNNING = frozenset({"vignette", "more", "stem", "rationale"})


def check_drafts(
    drafts: Iterable[Draft], evidence: Written[Register] | None = None, terms: Collection[str] | None = None
) -> Iterator[Problem]:
    """What can be said of each item alone; about its claims and terms only where there is a register of them."""
    sources = list_sources(evidence)
    tentative = _list_tentative(evidence)
    for draft in drafts:
        yield from check_dates(draft.fields, draft.file, draft.lines, "reviewed", "review_due")
        for path, text in _texts(draft.fields):
            yield from _check_text(draft, path, text, sources)
            yield from _check_terms(draft, path, text, terms)
        yield from _check_confidence(draft, tentative)


def check_unique(
    drafts: Iterable[Draft], where: str = "line ", seen: dict[str, str] | None = None
) -> Iterator[Problem]:
    """Ids of items and case sets are taken once.

    `seen`: id → where it stands, for a check over several banks; `where` names this one.
    """
    seen = {} if seen is None else seen
    for draft in drafts:
        case = draft.fields.get("case")
        names: list[tuple[str, Path, Any]] = [("item", ("id",), draft.fields.get("id"))]
        if isinstance(case, dict) and case["part"] == 1:
            names.insert(0, ("case set", ("case", "id"), case["id"] or None))
        for what, path, taken in names:
            if isinstance(taken, str) and taken in seen:
                message = f"the {what} id {taken!r} is taken in {seen[taken]}"
                yield _problem(draft, path, "duplicate-item", message, "choose another")
            elif isinstance(taken, str):
                seen[taken] = f"{where}{draft.line_of(path)}"


def check_citation(cited: Citation, file: str, line: int, sources: Sources | None) -> Iterator[Problem]:
    """The claim is in the register and rests on the references named."""
    if sources is None:
        return
    if cited.claim not in sources:
        hint = closest(cited.claim, list(sources), "see evidence.yaml")
        yield Problem(file, line, "unknown-claim", f"evidence.yaml has no claim {cited.claim}", hint)
        return
    for reference in cited.references:
        if reference not in sources[cited.claim]:
            hint = f"it rests on {', '.join(sources[cited.claim]) or 'none'}"
            message = f"the claim {cited.claim} does not rest on {reference}"
            yield Problem(file, line, "unknown-reference", message, hint)


def check_term(term: str, file: str, line: int, terms: Collection[str] | None) -> Iterator[Problem]:
    """The term is in the glossary."""
    if terms is not None and term not in terms:
        hint = closest(term, list(terms), "see glossary.yaml")
        yield Problem(file, line, "unknown-term", f"glossary.yaml has no term {term[:40]!r}", hint)


def check_dates(
    tree: Mapping[str, Any], file: str, lines: Mapping[Path, int], earlier: str, later: str
) -> Iterator[Problem]:
    """The second date comes after the first. Dates that are none are reported elsewhere."""
    first, second = _date(tree.get(earlier)), _date(tree.get(later))
    if first is not None and second is not None and second <= first:
        message = f"{later} {second} is not after {earlier} {first}"
        yield Problem(file, nearest_line(lines, (later,)), "date-order", message, "correct one of them")


def _check_text(draft: Draft, path: Path, text: str, sources: Sources | None) -> Iterator[Problem]:
    slips, citations = find_slips(text), find_citations(text)
    for slip in slips:
        yield _problem(draft, path, slip.code, f"{name_path(path)}: {slip.message}", slip.hint)
    for cited in citations:
        yield from check_citation(cited, draft.file, draft.line_of(path), sources)
    if path[-1] == "title" and citations:
        yield _problem(draft, path, "citation-in-title", "a title does not cite", "cite in the rationales")
    if path[-1] == "rationale" and text.strip() and not citations and not any(s.code == "bad-citation" for s in slips):
        message, hint = f"{name_path(path)}: no claim is cited", "end it with a claim of evidence.yaml, such as [A1.1]"
        yield _problem(draft, path, "uncited", message, hint)


def _check_terms(draft: Draft, path: Path, text: str, terms: Collection[str] | None) -> Iterator[Problem]:
    """Terms are there, and linked to from running text only: an option or a title that is a link misleads a thumb."""
    found = find_terms(text)
    if found and path[-1] not in _RUNNING:
        message, hint = f"{name_path(path)}: no link to a term stands here", "link to it in a stem or a rationale"
        yield _problem(draft, path, "term-here", message, hint)
    for _, term in found:
        yield from check_term(term, draft.file, draft.line_of(path), terms)


def _check_confidence(draft: Draft, tentative: Mapping[str, bool]) -> Iterator[Problem]:
    """No scored item rests on tentative claims alone."""
    cited = {c.claim for _, text in _texts(draft.fields) for c in find_citations(text) if c.claim in tentative}
    if draft.fields.get("use") == "quiz" and cited and all(tentative[claim] for claim in cited):
        message = f"it rests on tentative claims alone: {', '.join(sorted(cited))}"
        hint = "cite a claim of confidence a or b, or make it a practice item"
        yield _problem(draft, ("id",), "tentative-evidence", message, hint)


def _list_tentative(evidence: Written[Register] | None) -> dict[str, bool]:
    """Claim id → whether its confidence is c."""
    claims = evidence.tree.get("claims") if evidence is not None else None
    if not isinstance(claims, dict):
        return {}
    return {i: claim.get("confidence") == "c" for i, claim in claims.items() if isinstance(claim, dict)}


def _problem(draft: Draft, path: Path, code: str, message: str, hint: str) -> Problem:
    return Problem(draft.file, draft.line_of(path), code, message, hint)


def _date(value: Any) -> dt.date | None:
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, dt.date) else None


def _texts(tree: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text in a tree with its path."""
    if isinstance(tree, str):
        yield path, tree
    elif isinstance(tree, Mapping):
        for name, part in tree.items():
            yield from _texts(part, (*path, name))
    elif isinstance(tree, list):
        for number, part in enumerate(tree):
            yield from _texts(part, (*path, number))
