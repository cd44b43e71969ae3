"""Case sets as a bank writes them: one vignette, and items of any type on it as its parts.

A case becomes the items that are its parts, each with what the case says once for all of them and with the vignette as
it stands when that part appears. Nothing downstream reads a bank's cases: the items' `case` says where they belong.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from quizapp.domain.drafts import Draft
from quizapp.domain.faults import explain_faults
from quizapp.domain.items.base import Bloom
from quizapp.domain.problems import Problem

CASE_SET = "case_set"
"""What stands as the `type` of a case in a bank; it is no item type."""
MAX_PARTS = 10
COMMON = ("use", "objective", "section", "bloom", "difficulty", "tags", "author", "reviewed", "review_due")
"""What a case may say once for those of its parts that do not say it themselves."""


class CaseSet(BaseModel):
    """A case: items on one vignette, drawn together and shown in order. Its parts are checked as items."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)
    type: Literal["case_set"] = "case_set"
    title: str = Field(min_length=1, max_length=85)
    vignette: str = Field(min_length=1, max_length=10_000)
    unfolds: bool = False
    use: Literal["quiz", "practice"] | None = None
    objective: str | None = Field(None, min_length=1, max_length=20)
    section: str | None = Field(None, min_length=1, max_length=80)
    bloom: Bloom | None = None
    difficulty: Literal["easy", "medium", "hard"] | None = None
    tags: tuple[str, ...] = ()
    author: str | None = Field(None, min_length=1, max_length=200)
    reviewed: dt.date | None = None
    review_due: dt.date | None = None
    parts: tuple[Any, ...] = Field(max_length=MAX_PARTS)


class PartHead(BaseModel):
    """What a part has beside the fields of its item."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    more: str = Field("", min_length=1, max_length=10_000)
    """What the vignette goes on with when this part appears."""


@dataclass(frozen=True, slots=True)
class CasePart:
    """One part: as written, for checks of its texts, and as the item that it becomes."""

    written: Draft
    """With what the case says for it; its text is what is new with it, so that each text is there once."""
    item: Draft
    is_typed: bool
    """Whether it says its type."""


def open_case(draft: Draft) -> tuple[list[CasePart], list[Problem]]:
    """The parts of a case, and every fault that is the case's own."""
    problems: list[Problem] = []
    is_unfolding = False
    try:
        is_unfolding = CaseSet.model_validate({**draft.fields, "type": CASE_SET}).unfolds
    except ValidationError as error:
        problems += explain_faults(error, draft.file, draft.lines, model=CaseSet)
    raw = draft.fields.get("parts")
    if not isinstance(raw, list):
        return [], problems
    problems += _check_parts(draft, raw)
    items = [i for i, part in enumerate(raw) if isinstance(part, dict) and part.get("type") != CASE_SET]
    case_id, title = draft.fields.get("id"), draft.fields.get("title")
    title = title[:85] if isinstance(title, str) else "-"
    place = {
        "id": case_id[:80] if isinstance(case_id, str) else "",
        "n_parts": max(len(items), 2),
        "unfolds": is_unfolding,
    }
    parts: list[CasePart] = []
    line = draft.line_of(())
    shown: list[str] = []
    for number, position in enumerate(items, 1):
        problems += _check_part(draft, position)
        written = _inherit(draft, position, {**place, "part": number})
        name = "vignette" if number == 1 else "more"
        new = written.fields.get(name)
        vignette = "\n\n".join(shown)
        if isinstance(new, str):  # what is new stands below a rule, in this part only
            vignette += ("\n\n---\n\n" if shown else "") + new.strip()
            shown.append(new.strip())
        line = written.lines.get((name,), line)
        item = _complete(written, vignette, line, title)
        parts.append(CasePart(written, item, "type" in raw[position]))
    return parts, [*problems, *_check_use([part.written for part in parts])]


def refuse_place(draft: Draft) -> tuple[Draft, list[Problem]]:
    """An item without a place in a case written by hand: only a case gives it one."""
    if "case" not in draft.fields:
        return draft, []
    rest = {name: value for name, value in draft.fields.items() if name != "case"}
    return Draft(draft.kind, rest, draft.file, draft.lines), [_place_by_hand(draft.file, draft.line_of(("case",)))]


def _place_by_hand(file: str, line: int) -> Problem:
    hint = "items become parts of a case by standing in the parts: of one type: case_set"
    return Problem(file, line, "case-by-hand", "case: is not written here", hint)


def _inherit(case: Draft, position: int, place: Mapping[str, Any]) -> Draft:
    """A part as written, with what its case says for it and where in it the part stands."""
    raw: Mapping[str, Any] = case.fields["parts"][position]
    fields = {name: case.fields[name] for name in COMMON if name in case.fields and name not in raw}
    own = {name: value for name, value in raw.items() if name not in ("type", "case")}
    if place["part"] == 1:  # what only the case says is read with its first part
        fields["vignette"] = case.fields.get("vignette", "")
        own.pop("vignette", None)
        place = {**place, "title": case.fields.get("title", "")}
    lines = {path[2:]: line for path, line in case.lines.items() if path[:2] == ("parts", position)}
    lines |= {path: line for path, line in case.lines.items() if path and path[0] in fields}
    lines |= {("case", name): case.line_of((name,)) for name in ("id", "title")}
    return Draft(str(raw.get("type", "")), {**fields, **own, "case": dict(place)}, case.file, lines)


def _complete(written: Draft, vignette: str, line: int, title: str) -> Draft:
    """The item that a part becomes. `line` is that of what the vignette last went on with, `title` the case's."""
    place = {**written.fields["case"], "title": title}
    named = {"title": f"{title}, part {place['part']}", **written.fields, "vignette": vignette, "case": place}
    fields = {name: value for name, value in named.items() if name != "more"}
    return Draft(written.kind, fields, written.file, {**written.lines, ("vignette",): line})


def _check_parts(case: Draft, raw: list[Any]) -> Iterator[Problem]:
    """Two parts or more, each of them an item."""
    if len(raw) < 2:
        message = f"a case set has two parts or more, this one has {len(raw)}"
        hint = "add one, or write it as an item with a vignette"
        yield Problem(case.file, case.line_of(("parts",)), "single-part", message, hint)
    for position, part in enumerate(raw):
        line = case.line_of(("parts", position))
        if not isinstance(part, dict):
            message = f"part {position + 1} is not a mapping"
            yield Problem(case.file, line, "not-a-mapping", message, "begin it with - id: …")
        elif part.get("type") == CASE_SET:
            line = case.line_of(("parts", position, "type"))
            message, hint = f"part {position + 1} is a case set itself", "give its parts here, or make it an entry"
            yield Problem(case.file, line, "case-in-case", message, hint)


def _check_part(case: Draft, position: int) -> Iterator[Problem]:
    """What a part may not say by itself."""
    raw, at = case.fields["parts"][position], ("parts", position)
    if "case" in raw:
        yield _place_by_hand(case.file, case.line_of((*at, "case")))
    if "vignette" in raw:
        message, hint = "vignette: is said on the case set", "write what is new with this part as more:"
        yield Problem(case.file, case.line_of((*at, "vignette")), "vignette-in-part", message, hint)
    if position == 0 and "more" in raw:
        message, hint = "more: the first part appears with the vignette", "write it into the vignette"
        yield Problem(case.file, case.line_of((*at, "more")), "more-in-first-part", message, hint)
    try:
        PartHead.model_validate(raw)
    except ValidationError as error:
        own = {path[2:]: line for path, line in case.lines.items() if path[:2] == at}
        yield from explain_faults(error, case.file, own, model=PartHead)


def _check_use(parts: list[Draft]) -> Iterator[Problem]:
    """All parts are for the quiz, or all for practice."""
    for part in parts[1:]:
        if sorted((str(part.fields.get("use")), str(parts[0].fields.get("use")))) == ["practice", "quiz"]:
            message = "use: some parts are for the quiz and some for practice"
            yield Problem(part.file, part.line_of(("use",)), "mixed-use", message, "say use: once, on the case set")
