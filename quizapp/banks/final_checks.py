"""Whether a final fits its course: what it draws from is there, teaches, comes first and has to be passed first.

Works on the trees as written, as `checks.py` does.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from quizapp.banks.course import CourseText, ModuleText
from quizapp.domain.faults import closest
from quizapp.domain.problems import Problem


def check_final(module: ModuleText, course: CourseText | None) -> Iterator[Problem]:
    """What a final draws from; and that nothing lies in its folder that nobody would read."""
    for name in ("bank.yaml", "lesson.md", *module.drawings):
        if (Path(module.folder) / name).is_file():
            message = "a module that draws from others has no bank, lesson or drawings of its own"
            yield Problem(module.file(name), 1, "not-in-a-final", message, "take the file away, or draws_from out")
    if course is not None:
        yield from _check_drawn(module, course)


def list_drawn(module: ModuleText, course: CourseText) -> list[ModuleText]:
    """The modules that a final names and that teach, as far as they can be found."""
    named = _list(module.facts.tree, "draws_from")
    return [other for other in course.modules if other.name in named and not other.is_final]


def _check_drawn(module: ModuleText, course: CourseText) -> Iterator[Problem]:
    listed, named = _list(course.course.tree, "modules"), _list(module.facts.tree, "draws_from")
    before = listed[: listed.index(module.name)] if module.name in listed else listed
    known = {other.name: other for other in course.modules if other.name != module.name}
    for number, name in enumerate(named):
        if not isinstance(name, str):
            continue  # reported with the rest of the file
        if name in named[:number]:
            code, message, hint = "duplicate-module", f"{name!r} is named twice", "keep one"
        elif name not in known or name not in listed:
            code, message = "unknown-module", f"the course has no module {name!r} to draw from"
            hint = closest(name, [other for other in known if other not in named], "take it out")
        elif known[name].is_final:
            code, message = "draws-from-a-final", f"{name!r} has no items of its own"
            hint = "name the modules that it draws from"
        elif name not in before:
            code, message = "drawn-too-early", f"{name!r} does not come before {module.name!r} in course.yaml"
            hint = "put the final behind all that it draws from"
        elif name not in _list(module.facts.tree, "requires"):
            code, message = "drawn-unrequired", f"{name!r} need not be passed before this opens"
            hint = f"add {name} to requires"
        else:
            continue
        yield module.facts.sheet.problem(("draws_from", number), code, message, hint)


def _list(tree: Any, name: str) -> list[Any]:
    found = tree.get(name) if isinstance(tree, dict) else None
    return found if isinstance(found, list) else []
