"""Courses whose quiz has several tries, no going back, or a case that unfolds: other rules for a course in a folder."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.content import FIRST

CASE = "Marbles at night"
VIGNETTE = "Somebody wakes at three and hears marbles roll under the bed."
N_PARTS = 3
WORDS = (
    ("What is heard", "", "What do you do first?", ("Listen for a while", "Call the dog", "Count to ten", "Sleep on")),
    (
        "What is found",
        "Seven marbles lie under the bed. One of them is warm.",
        "Which marble do you take up first?",
        ("The warm one", "The bluest one", "The nearest one", "None of them"),
    ),
    (
        "What is lost",
        "In the morning there are six.",
        "Where do you look for the seventh?",
        ("In the left slipper", "In the dog", "On the roof", "In the record"),
    ),
)
"""Of each part its title, what the vignette goes on with, the stem and the options, the first of which is right."""


def list_words(*parts: int) -> list[str]:
    """What tells of these parts (from 1): no page may hold it while they are ahead."""
    found = []
    for part in parts:
        title, more, stem, options = WORDS[part - 1]
        found += [word for word in (title, more, stem, *options, f"RATIONALE-night-{part}") if word]
    return found


def set_rules(folder: Path, kind: str = "quiz", module_id: str = FIRST, **rules: Any) -> Path:
    """Give a module's quiz or practice set other rules; returns the course folder."""
    return _change(folder / module_id / "module.yaml", folder, lambda tree: tree[kind].update(rules))


def add_case(folder: Path, use: str = "quiz", module_id: str = FIRST, *, unfolds: bool = True) -> Path:
    """Let a module's quiz be two single items, a case of three parts, and one more item; a practice set ends with the
    case. Returns the course folder.
    """

    def fill(bank: Any) -> None:
        mine = [item for item in bank["items"] if item["use"] == use]
        names = ("objective", "section", "bloom", "difficulty", "author", "reviewed", "review_due")
        case = {
            "id": "night", "type": "case_set", "title": CASE, "vignette": VIGNETTE, "use": use, "unfolds": unfolds,
            **{name: mine[0][name] for name in names}, "parts": [_part(number) for number in range(N_PARTS)],
        }  # fmt: skip
        others = [item for item in bank["items"] if item not in mine[:3] and "quiz" in (use, item["use"])]
        bank["items"] = [*others, *mine[:3], case]

    def plan(facts: Any) -> None:
        items = YAML().load(folder / module_id / "bank.yaml")["items"]
        named = [{"n": 1, "items": [item["id"]]} for item in items[-4:-1]]
        parts = [*named[:2], {"n": N_PARTS, "case_sets": 1}, named[2]]
        facts["quiz"] |= {"shuffle": False, "plan": parts} if use == "quiz" else {}

    _change(folder / module_id / "bank.yaml", folder, fill)
    return _change(folder / module_id / "module.yaml", folder, plan)


def _part(number: int) -> dict[str, Any]:
    title, more, stem, texts = WORDS[number]
    why = f"RATIONALE-night-{number + 1} about marbles [A1.1]."
    options = [{"text": text, "rationale": why, **({"key": True} if i == 0 else {})} for i, text in enumerate(texts)]
    part = {"id": f"night-{number + 1}", "type": "single_best_answer", "title": title, "stem": stem, "options": options}
    return {**part, "more": more} if more else part


def _change(path: Path, folder: Path, change: Callable[[Any], None]) -> Path:
    yaml = YAML()
    yaml.width = 200
    yaml.representer.ignore_aliases = lambda _: True
    tree = yaml.load(path)
    change(tree)
    yaml.dump(tree, path)
    return folder
