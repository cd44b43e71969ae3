"""Whether a module asks enough, high enough, and asks for safety; and what in the course nobody uses."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from quizapp.banks.course import CourseText, ModuleText
from quizapp.domain.evidence import find_citations
from quizapp.domain.glossary import find_terms
from quizapp.domain.modules import ModuleFacts
from quizapp.domain.problems import Problem

MIN_ITEMS = 20
MIN_ITEMS_OF_OBJECTIVE = 2

_URGENT = re.compile(r"emergency (?:now|call)|same-day medical", re.IGNORECASE)


def check_balance(module: ModuleText) -> Iterator[Problem]:
    """Enough items, enough of them above remembering, and every must-pass objective in the exam plan."""
    drafts, head, facts = module.bank.drafts, module.bank.head.sheet, module.facts.sheet
    if len(drafts) < MIN_ITEMS:
        message = f"the bank has {len(drafts)} items, fewer than {MIN_ITEMS}"
        yield head.problem(("items",), "few-items", message, "write more")
    n_higher = sum(draft.fields.get("bloom") != "remember" for draft in drafts)
    if 2 * n_higher < len(drafts):
        message = f"{len(drafts) - n_higher} of {len(drafts)} items ask to remember"
        yield head.problem(("items",), "too-much-remembering", message, "ask to use what was learnt in half or more")
    asked = Counter(str(draft.fields.get("objective")) for draft in drafts if draft.fields.get("use") == "quiz")
    named = {item_id for part in _plan(module) for item_id in part.get("items") or ()}
    planned = {part.get("objective") for part in _plan(module)}
    planned |= {str(draft.fields.get("objective")) for draft in drafts if str(draft.fields.get("id")) in named}
    for number, objective in enumerate(_objectives(module)):
        name, at = str(objective.get("id")), ("objectives", number)
        if asked[name] < MIN_ITEMS_OF_OBJECTIVE:
            message = f"{asked[name]} quiz items ask about {name}, fewer than {MIN_ITEMS_OF_OBJECTIVE}"
            yield facts.problem(at, "few-items-of-objective", message, "write more")
        if objective.get("must_pass") is True and name not in planned:
            message, hint = f"{name} must be passed but no quiz asks about it", "give it a place in the plan"
            yield facts.problem(at, "must-pass-not-asked", message, hint)


def note_safety(module: ModuleText, course: CourseText) -> Iterator[Problem]:
    """Objectives that look like safety and are not must-pass: most of their keys rest on claims that call for help."""
    evidence = course.evidence.value
    if evidence is None:
        return
    urgent = {claim_id for claim_id, claim in evidence.claims.items() if _URGENT.search(claim.text)}
    for number, objective in enumerate(_objectives(module)):
        items = [d.fields for d in module.bank.drafts if d.fields.get("objective") == objective.get("id")]
        n_urgent = sum(bool(urgent & _claims_of_keys(item)) for item in items)
        if items and 2 * n_urgent > len(items) and objective.get("must_pass") is not True:
            message = (
                f"{n_urgent} of {len(items)} items on {objective.get('id')} rest on claims that call for help at once"
            )
            hint = "if it is about safety: must_pass: true"
            yield module.facts.sheet.problem(("objectives", number), "safety-objective", message, hint)


def check_orphans(course: CourseText) -> Iterator[Problem]:
    """Terms that no module uses, and references that no claim rests on."""
    used = {term for module in course.modules if module.lesson for _, term in module.lesson.terms}
    texts = [text for m in course.modules for item in m.bank.items if item is not None for text in item.texts()]
    used |= {term for text in texts for _, term in find_terms(text)}
    for term in course.glossary.tree.get("terms", {}):
        if term not in used:
            message = f"no lesson or item links to the term {term!r}"
            yield course.glossary.sheet.problem(("terms", term), "orphan-term", message, "link to it, or take it out")
    evidence = course.evidence.value
    if evidence is None:
        return
    needed = {reference for claim in evidence.claims.values() for reference in claim.references}
    for reference in evidence.references:
        if reference not in needed:
            at, message = ("references", reference), f"no claim rests on {reference}"
            yield course.evidence.sheet.problem(at, "orphan-reference", message, "cite it from a claim, or take it out")


def note_unused_claims(course: CourseText) -> Iterator[Problem]:
    """Claims that no lesson, item or used term cites."""
    cited = {c.claim for m in course.modules if m.lesson for _, c in m.lesson.citations}
    texts = [text for m in course.modules for item in m.bank.items if item is not None for text in item.texts()]
    cited |= {c.claim for text in texts for c in find_citations(text)}
    evidence = course.evidence.value
    for claim in evidence.claims if evidence is not None else ():
        if claim not in cited:
            at, message = ("claims", claim), f"no lesson or item cites {claim}"
            yield course.evidence.sheet.problem(at, "unused-claim", message, "")


def note_credit(module: ModuleText, estimated: int, minutes: int) -> Iterator[Problem]:
    """An estimate above what the formula gives: learners and associations would be promised too much."""
    if isinstance(module.facts.value, ModuleFacts) and estimated > minutes:
        message = f"estimated_minutes {estimated} is above the {minutes} minutes of the formula"
        yield module.facts.sheet.problem(
            ("estimated_minutes",), "estimate", message, "round the formula's minutes down"
        )


def _claims_of_keys(item: Mapping[str, Any]) -> set[str]:
    """The claims that the rationales of an item's keys cite."""
    parts = [part for name in ("options", "regions") for part in _list_parts(item, name) if part.get("key") is True]
    for name in ("statements", "rows", "entries", "answers"):  # what is right there is in each rationale
        parts += [part for part in _list_parts(item, name) if part.get("percent", 100) == 100]
    side = item.get("if_true" if item.get("answer") is True else "if_false")
    parts += [side] if isinstance(side, dict) else []
    claims = {cited.claim for part in parts for cited in find_citations(str(part.get("rationale", "")))}
    return claims.union(*(_claims_of_keys(gap) for gap in _values(item.get("blanks"))))


def _list_parts(item: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The mappings in a list of an item as written."""
    found = item.get(name)
    return [part for part in found if isinstance(part, dict)] if isinstance(found, list) else []


def _values(tree: Any) -> list[dict[str, Any]]:
    return [part for part in tree.values() if isinstance(part, dict)] if isinstance(tree, dict) else []


def _objectives(module: ModuleText) -> list[dict[str, Any]]:
    return [o for o in module.facts.tree.get("objectives") or () if isinstance(o, dict)]


def _plan(module: ModuleText) -> list[dict[str, Any]]:
    quiz = module.facts.tree.get("quiz")
    return [p for p in (quiz.get("plan") or () if isinstance(quiz, dict) else ()) if isinstance(p, dict)]
