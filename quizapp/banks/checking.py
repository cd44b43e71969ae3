"""`check_path`: every fault of a course, a module or one file, in one pass."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from quizapp.banks import drawings
from quizapp.banks.checks import check_course, check_evidence, check_glossary, check_module
from quizapp.banks.course import COURSE_FILES, MODULE_FILES, Bank, CourseText, ModuleText, Reader, is_module_folder
from quizapp.banks.item_checks import check_drafts, check_unique
from quizapp.banks.plan_checks import PlanFigures, list_plan_figures, note_thin_parts
from quizapp.banks.text_files import read_text
from quizapp.banks.yaml_text import read_yaml
from quizapp.domain.credit import Methods
from quizapp.domain.drafts import Draft
from quizapp.domain.evidence import Register
from quizapp.domain.glossary import Glossary
from quizapp.domain.modules import Course
from quizapp.domain.problems import Problem
from quizapp.domain.waivers import Waivers

STATISTICS = ("module", "objective", "type", "bloom", "use")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found. `course` is there when a whole course folder was read."""

    problems: tuple[Problem, ...]
    n_modules: int = 0
    n_items: int = 0
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Items by module, objective, type, bloom and use; where there are case sets, those in each."""
    course: CourseText | None = None
    notes: tuple[Problem, ...] = ()
    """What an author may want to know; no fault."""
    plans: tuple[PlanFigures, ...] = ()
    """What each part of each exam plan needs and finds."""


def check_path(path: Path) -> Checked:
    """Check a course folder, a module folder or one file of either.

    A part of a course is checked within it, and only its own faults are named; a lone file as far as it goes alone.
    """
    here = path.resolve()
    checked = _check_folder(here) if here.is_dir() else _check_file(here)
    problems, notes = (
        tuple(sorted({replace(problem, file=_show(problem.file, path, here)) for problem in part}))
        for part in (checked.problems, checked.notes)
    )
    return replace(checked, problems=problems, notes=notes)


def _show(file: str, path: Path, here: Path) -> str:
    """A file's name as whoever asked would write it."""
    full = Path(file)
    return str(path / full.relative_to(here)) if full.is_relative_to(here) else os.path.relpath(full)


def _check_folder(folder: Path) -> Checked:
    if (folder / "course.yaml").is_file() or (
        not is_module_folder(folder) and any(map(is_module_folder, folder.iterdir()))
    ):
        return _check_whole_course(folder)
    if not is_module_folder(folder):
        hint = "name a folder with course.yaml or module.yaml"
        return Checked((Problem(str(folder), 1, "nothing-here", "there is no course or module here", hint),))
    if (folder.parent / "course.yaml").is_file():
        return _only(_check_whole_course(folder.parent), lambda file: Path(file).is_relative_to(folder), folder.name)
    reader = Reader()
    module = reader.read_module(folder)
    own = check_unique(module.bank.drafts)
    checked = _sum([*reader.problems, *own, *check_module(module)], {module.name: module.bank})
    return _look_at_plans(checked, [module], None)


def _check_whole_course(folder: Path) -> Checked:
    reader = Reader()
    course = reader.read_course(folder)
    checked = _sum([*reader.problems, *check_course(course)], {module.name: module.bank for module in course.modules})
    return _look_at_plans(replace(checked, course=course), course.modules, course)


def _look_at_plans(checked: Checked, modules: Sequence[ModuleText], course: CourseText | None) -> Checked:
    notes = tuple(note for module in modules for note in note_thin_parts(module, course))
    return replace(
        checked, notes=notes, plans=tuple(f for module in modules for f in list_plan_figures(module, course))
    )


def _check_file(path: Path) -> Checked:
    folder = path.parent
    is_in_module = sum((folder / name).is_file() for name in MODULE_FILES) > 1
    if path.name in MODULE_FILES and (is_in_module or (folder.parent / "course.yaml").is_file()):
        checked = _check_folder(folder)
        return _only(checked, lambda file: file == str(path), folder.name if path.name == "bank.yaml" else "")
    has_modules = (folder / "course.yaml").is_file() and any(map(is_module_folder, folder.iterdir()))
    if path.name in COURSE_FILES and has_modules:
        return _only(_check_whole_course(folder), lambda file: file == str(path), "")
    return _check_alone(path)


def _check_alone(path: Path) -> Checked:
    """One file without the rest of its course."""
    reader = Reader()
    if path.suffix == ".md":
        reader.read_lesson(path)
        return _sum(reader.problems, {})
    if path.suffix == ".svg":
        text, problems = read_text(path, str(path), drawings.MAX_BYTES)
        if text is not None:
            problems = drawings.read_drawing(text, str(path), path.stem)[1]
        return _sum(problems, {})
    kind = _kind(path)
    if kind == "bank":
        bank = reader.read_bank(path)
        name = str(bank.head.tree.get("module", path.parent.name))
        return _sum([*reader.problems, *check_unique(bank.drafts), *check_drafts(bank.drafts)], {name: bank})
    if kind == "course":
        reader.read_model(path, Course)
    elif kind == "evidence":
        reader.problems += check_evidence(reader.read_model(path, Register))
    elif kind == "glossary":
        reader.problems += check_glossary(reader.read_model(path, Glossary))
    elif kind == "content-waivers":
        reader.read_model(path, Waivers)
    elif kind == "credit":
        reader.read_model(path, Methods)
    else:
        reader.read_facts(path)
    return _sum(reader.problems, {})


_MARKS = {
    "items": "bank",
    "claims": "evidence",
    "references": "evidence",
    "methods": "credit",
    "terms": "glossary",
    "waivers": "content-waivers",
    "modules": "course",
    "objectives": "module",
    "draws_from": "module",
}


def _kind(path: Path) -> str:
    """What a YAML file is: by its name, else by what stands in it. What cannot be told is taken for a bank."""
    if path.stem in _MARKS.values():
        return path.stem
    text, _ = read_text(path, str(path))
    tree = read_yaml(text, str(path)).tree if text is not None else None
    return next((kind for name, kind in _MARKS.items() if name in (tree or {})), "bank")


def _sum(problems: Iterable[Problem], banks: dict[str, Bank]) -> Checked:
    drafts = [(name, draft) for name, bank in banks.items() for draft in bank.drafts]
    counts = {
        key: dict(sorted(Counter(_value(name, draft, key) for name, draft in drafts).items())) for key in STATISTICS
    }
    sets = Counter(draft.fields["case"]["id"] for _, draft in drafts if "case" in draft.fields)
    counts |= {"case set": dict(sorted(sets.items()))} if sets else {}
    return Checked(tuple(problems), len(banks), len(drafts), counts)


def _value(name: str, draft: Draft, key: str) -> str:
    if key == "module":
        return name
    return draft.kind or "?" if key == "type" else str(draft.fields.get(key, "?"))


def _only(checked: Checked, is_own: Callable[[str], bool], module: str) -> Checked:
    """The part of a check that concerns some of its files."""
    problems = [problem for problem in checked.problems if is_own(problem.file)]
    notes = tuple(note for note in checked.notes if is_own(note.file))
    plans = tuple(figures for figures in checked.plans if figures.module == module)
    course = checked.course
    banks = {m.name: m.bank for m in course.modules if m.name == module} if course is not None else None
    if banks is None:  # a module without a course around it
        alone = replace(checked, problems=tuple(problems), course=None, notes=notes, plans=plans)
        return alone if module else Checked(tuple(problems), notes=notes)
    return replace(_sum(problems, banks), notes=notes, plans=plans)
