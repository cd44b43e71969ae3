"""Faults that stand behind others in one item.

A model looks at an item as a whole (how many keys? two options alike?) only when each field is right by itself. So an
item with a fault in a field is mended in a copy, with stand-ins, and looked at once more.
"""

from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from quizapp.domain.drafts import Draft
from quizapp.domain.faults import explain_faults, match_misspelt
from quizapp.domain.items import ITEM_TYPES, Item
from quizapp.domain.problems import Problem

_STAND_INS: dict[str, Any] = {
    "id": "stand-in", "use": "quiz", "objective": "O1.1", "section": "stand-in", "bloom": "apply", "difficulty": "easy",
    "tags": [], "author": "-", "reviewed": "2026-01-01", "review_due": "2027-01-01", "title": "-", "vignette": "",
    "shuffle": True,
}  # fmt: skip
_TEXT_FAULTS = {"missing", "string_type", "string_too_short", "string_too_long"}


def find_hidden_faults(draft: Draft) -> list[Problem]:
    """The faults of an item as a whole, where faults of single fields kept them from being seen."""
    cls = ITEM_TYPES[draft.kind]
    fields = deepcopy({**draft.fields, "type": draft.kind})
    for _ in range(2):
        try:
            cls.model_validate(fields)
        except ValidationError as error:
            faults = error.errors(include_url=False)
            if all("at" in fault.get("ctx", {}) for fault in faults):
                return explain_faults(error, draft.file, draft.lines, model=cls)
            if not _mend(fields, faults, cls):
                return []
    return []


def _mend(fields: dict[str, Any], faults: list[Any], cls: type[Item]) -> bool:
    """Put stand-ins where the faults are. False if that would be guessing."""
    stand_ins = {**_STAND_INS, **cls.samples()[0].fields}
    meant = match_misspelt(faults, cls)
    for number, fault in enumerate(faults):
        *parents, name = fault["loc"]
        if not parents and fault["type"] != "extra_forbidden":
            fields[name] = deepcopy(stand_ins.get(name))
            continue
        parent: Any = fields
        for part in parents:
            if isinstance(part, str) and part not in parent:
                continue  # the name of the kind that this part is of
            parent = parent[part]
        if not isinstance(parent, dict):
            return False
        if fault["type"] == "extra_forbidden":
            value = parent.pop(name)
            if number in meant:
                parent.setdefault(meant[number][1], value)
        elif fault["type"] in _TEXT_FAULTS and not (fault["type"] == "missing" and name in parent):
            parent[name] = f"stand-in {number}"
        elif fault["type"] != "missing":
            return False
    return True
