"""A practice set with one question of each kind of input, made of the item types' own samples."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from flask import Flask
from ruamel.yaml import YAML

from quizapp.domain.items import ITEM_TYPES, Item
from quizapp.domain.items.base import Presentation
from quizapp.services.versions import get_items
from quizapp.store import attempts as store
from quizapp.store.db import reading

KINDS = (
    "numeric", "kprim", "matching", "extended_matching", "ordering", "short_answer", "cloze", "hotspot", "labelling",
)  # fmt: skip
SHAPES = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 300">
<title>Shapes</title>
<desc>A box, a ring, a triangle and a bar.</desc>
<rect class="c-body" x="40" y="20" width="100" height="100"/>
<circle class="c-line" stroke-width="6" cx="300" cy="70" r="45"/>
<path class="c-acc-l" stroke-width="3" d="M25 275L100 165L175 275Z"/>
<rect class="c-sunk" x="220" y="200" width="160" height="60"/>
</svg>
"""
"""What the samples of items with a figure speak of."""


def add_kinds(
    folder: Path,
    module_id: str,
    feedback: str = "deferred",
    instead: Mapping[str, dict[str, Any]] | None = None,
    kinds: Iterable[str] = KINDS,
    case: Iterable[str] = (),
) -> Path:
    """Let the practice set of a module in a course folder be one item of each of `kinds`; returns the folder.

    Each is the type's first sample, or what `instead` says. `case` adds a case set that unfolds, with a part of each
    of its types.
    """
    yaml = YAML()
    yaml.representer.ignore_aliases = lambda _: True
    bank, facts = folder / module_id / "bank.yaml", folder / module_id / "module.yaml"
    tree = yaml.load(bank)
    scored = [item for item in tree["items"] if item["use"] == "quiz"]
    name = "every" if case else "kind"  # of their own, since a practice set is in the order in which items came to be
    common = {
        key: scored[0][key]
        for key in ("objective", "section", "bloom", "difficulty", "author", "reviewed", "review_due")
    }
    tree["items"] = scored + [
        {"id": f"{name}-{kind.replace('_', '-')}", "type": kind, "use": "practice", "title": f"A {kind} item", **common}
        | _cite((instead or {}).get(kind, ITEM_TYPES[kind].samples()[0].fields))
        for kind in kinds
    ]
    parts = [
        {"id": f"part-{kind.replace('_', '-')}", "type": kind, "title": f"A {kind} part"}
        | _cite(ITEM_TYPES[kind].samples()[0].fields)
        for kind in case
    ]
    if parts:
        tree["items"].append(
            {"id": "kind-case", "type": "case_set", "use": "practice", "title": "A case", "vignette": "Two meet.",
             "unfolds": True, **common, "parts": parts}
        )  # fmt: skip
    yaml.dump(tree, bank)
    (folder / module_id / "figures" / "shapes.svg").write_text(SHAPES, "utf-8")
    rules = yaml.load(facts)
    rules["practice"] = {"layout": "one", "feedback": feedback}
    yaml.dump(rules, facts)
    return folder


def _cite(tree: Any) -> Any:
    """The fields with a claim behind each rationale, as a course asks for."""
    if isinstance(tree, dict):
        return {k: f"{v} [A1.1]" if k == "rationale" else _cite(v) for k, v in tree.items()}
    return [_cite(each) for each in tree] if isinstance(tree, list | tuple) else tree


def list_asked(app: Flask, attempt_id: int) -> list[tuple[Item, Presentation]]:
    """The items of an attempt as they were drawn."""
    with app.app_context(), reading() as connection:
        found = store.find_with_steps(connection, attempt_id)
        assert found is not None
        slots = found[1].slots
        items = get_items(connection, [slot.item_version_id for slot in slots])
    return [(items[slot.item_version_id], slot.presentation) for slot in slots]


def fill_right(item: Item, presentation: Presentation) -> dict[str, list[str]]:
    """The fields that earn the whole mark: the type's first sample that does."""
    samples = ITEM_TYPES[item.type].samples()  # type: ignore[attr-defined]
    sample = next(each for each in samples if each.name == "right" and each.given is not None)
    assert Fraction(item.grade(sample.given), item.denominator) == 1
    return item.fill(sample.given, presentation)
