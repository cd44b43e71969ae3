"""The registry of item types. Adding a file with one `@item_type` class adds the type everywhere."""

from typing import Any, TypeVar

from pydantic import ValidationError

from quizapp.domain.drafts import Draft
from quizapp.domain.faults import explain_faults
from quizapp.domain.items.base import Item, kind_of
from quizapp.domain.problems import Problem

T = TypeVar("T", bound=Item)

ITEM_TYPES: dict[str, type[Item]] = {}


def item_type(cls: type[T]) -> type[T]:
    """Register a type under the default of its `type` field. A name taken twice is an error at import."""
    name = str(cls.model_fields["type"].default)
    if name in ITEM_TYPES:
        raise ValueError(f"two item types are named {name!r}: {ITEM_TYPES[name].__name__} and {cls.__name__}")
    ITEM_TYPES[name] = cls
    return cls


def read_draft(draft: Draft) -> tuple[Item | None, list[Problem]]:
    """Check a draft: the item, or every fault in it."""
    cls = ITEM_TYPES.get(draft.kind)
    if cls is None:
        known = ", ".join(sorted(ITEM_TYPES))
        line = draft.line_of(("type",))
        return None, [
            Problem(draft.file, line, "unknown-type", f"there is no item type {draft.kind!r}", f"one of {known}")
        ]
    try:
        return cls.model_validate({**draft.fields, "type": draft.kind}), []
    except ValidationError as error:
        return None, explain_faults(error, draft.file, draft.lines, model=cls)


def restore_item(content: dict[str, Any]) -> Item:
    """An item from the JSON it was published as."""
    return ITEM_TYPES[content["type"]].model_validate(content)


def store_item(item: Item) -> dict[str, Any]:
    """The JSON an item is published as: complete, so that later defaults change nothing; only what is absent is not.

    So a new field that may be absent leaves the hash of what was published before as it is.
    """
    content = {name: value for name, value in item.model_dump(mode="json").items() if value is not None}
    return {**content, "type": kind_of(item)}
