"""Item types. Each is one file here under `@item_type`; importing this package registers them all."""

import importlib
import pkgutil

from quizapp.domain.items.base import CasePlace, Explained, ExplainedPart, Item, Line, Option, Sample
from quizapp.domain.items.registry import ITEM_TYPES, item_type, read_draft, restore_item, store_item

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = [
    "ITEM_TYPES",
    "CasePlace",
    "Explained",
    "ExplainedPart",
    "Item",
    "Line",
    "Option",
    "Sample",
    "item_type",
    "read_draft",
    "restore_item",
    "store_item",
]
