"""A course as it lies on disk: every file read, everything that could be understood kept beside every fault.

Nothing here decides whether the parts fit together; `checks.py` does, on the trees as written, so that a fault in one
field hides none in another.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from quizapp.banks import drawings
from quizapp.banks.case_sets import CASE_SET, open_case, refuse_place
from quizapp.banks.item_figures import place_figure
from quizapp.banks.lesson import Lesson, read_lesson
from quizapp.banks.second_look import find_hidden_faults
from quizapp.banks.text_files import read_text
from quizapp.banks.yaml_text import Sheet, read_yaml
from quizapp.domain.credit import Methods
from quizapp.domain.drafts import Draft
from quizapp.domain.evidence import Register
from quizapp.domain.faults import closest, explain_faults
from quizapp.domain.glossary import Glossary
from quizapp.domain.items import ITEM_TYPES, Item, read_draft
from quizapp.domain.modules import SLUG, Course, Facts, FinalFacts, ModuleFacts, Part
from quizapp.domain.problems import Problem
from quizapp.domain.waivers import Waivers

MODULE_FILES = ("module.yaml", "lesson.md", "bank.yaml")
COURSE_FILES = ("course.yaml", "evidence.yaml", "credit.yaml", "glossary.yaml", "content-waivers.yaml")

M = TypeVar("M", bound=BaseModel)


class BankHead(Part):
    """`bank.yaml` without a look into its items."""

    format: Literal[1]
    module: str = Field(pattern=SLUG, max_length=60)
    items: tuple[Any, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Written(Generic[M]):
    """A YAML file and, where it has no fault, what it says. `tree` is what could be read, perhaps nothing."""

    sheet: Sheet
    value: M | None

    @property
    def tree(self) -> dict[str, Any]:
        return self.sheet.tree or {}

    @property
    def whole(self) -> M:
        """What the file says; to be asked only of a file without faults."""
        if self.value is None:
            raise ValueError(f"{self.sheet.file} has faults")
        return self.value


@dataclass(frozen=True, slots=True)
class Bank:
    """The items of a bank: as written, and as items where they have no fault of their own. Parts of cases are items."""

    head: Written[BankHead]
    drafts: tuple[Draft, ...] = ()
    items: tuple[Item | None, ...] = ()


NO_BANK = Bank(Written(Sheet("bank.yaml", None), None))
"""What a final has in place of items of its own."""


@dataclass(frozen=True, slots=True)
class ModuleText:
    """A module folder as read. `lesson` is None where there is no file of it."""

    name: str
    folder: str
    facts: Written[Facts]
    bank: Bank
    lesson: Lesson | None
    drawings: Mapping[str, str | None] = field(default_factory=dict)
    """Path as a lesson writes it → the drawing as HTML, None where it has faults."""

    def file(self, name: str) -> str:
        return f"{self.folder}/{name}"

    @property
    def is_final(self) -> bool:
        return is_final(self.facts.tree)


@dataclass(frozen=True, slots=True)
class CourseText:
    """A course folder as read."""

    course: Written[Course]
    evidence: Written[Register]
    credit: Written[Methods]
    glossary: Written[Glossary]
    waivers: Written[Waivers]
    modules: tuple[ModuleText, ...]


class Reader:
    """Reads files and gathers their faults. `problems` carry absolute file names."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def read_course(self, folder: Path) -> CourseText:
        """A course folder with all its modules."""
        evidence = self.read_model(folder / "evidence.yaml", Register)
        sources = list_sources(evidence)
        names = sorted(entry for entry in folder.iterdir() if is_module_folder(entry))
        return CourseText(
            self.read_model(folder / "course.yaml", Course),
            evidence,
            self.read_model(folder / "credit.yaml", Methods),
            self.read_optional(folder / "glossary.yaml", Glossary),
            self.read_optional(folder / "content-waivers.yaml", Waivers),
            tuple(self.read_module(entry, sources) for entry in names),
        )

    def read_optional(self, path: Path, model: type[M]) -> Written[M]:
        """A file that a course may do without: then it is empty."""
        if not path.exists():
            return Written(Sheet(str(path), {}), model())
        return self.read_model(path, model)

    def read_module(self, folder: Path, sources: Mapping[str, tuple[str, ...]] | None = None) -> ModuleText:
        """A module folder."""
        figures = {
            f"figures/{path.name}": self._read_drawing(path) for path in sorted((folder / "figures").glob("*.svg"))
        }
        facts = self.read_facts(folder / "module.yaml")
        if is_final(facts.tree):  # checks.py names files that do not belong there
            return ModuleText(folder.name, str(folder), facts, NO_BANK, None, figures)
        lesson = self.read_lesson(folder / "lesson.md", sources, figures)
        bank = self.read_bank(folder / "bank.yaml")
        return ModuleText(folder.name, str(folder), facts, bank, lesson, figures)

    def read_lesson(
        self,
        path: Path,
        sources: Mapping[str, tuple[str, ...]] | None = None,
        figures: Mapping[str, str | None] | None = None,
    ) -> Lesson | None:
        text, problems = read_text(path, str(path))
        self.problems += problems
        if text is None:
            return None
        shown = {name: drawing or "" for name, drawing in (figures or {}).items()}
        lesson = read_lesson(text, str(path), sources, shown)
        self.problems += lesson.problems
        return lesson

    def read_bank(self, path: Path) -> Bank:
        head = self.read_model(path, BankHead)
        raw = head.tree.get("items")
        if not isinstance(raw, list):
            return Bank(head)
        lines = _split_lines(head.sheet)
        drafts, items = [], []
        for number, fields in enumerate(raw):
            line = head.sheet.line_of("items", number)
            if not isinstance(fields, dict):
                self.problems.append(
                    Problem(
                        str(path), line, "not-a-mapping", f"item {number + 1} is not a mapping", "begin it with - id: …"
                    )
                )
                continue
            draft = Draft(
                str(fields.get("type", "")),
                {k: v for k, v in fields.items() if k != "type"},
                str(path),
                lines.get(number, {}),
            )
            for written, item in self._read_entry(draft, "type" in fields):
                drafts.append(written)
                items.append(item)
        return Bank(head, tuple(drafts), tuple(items))

    def _read_entry(self, draft: Draft, is_typed: bool) -> list[tuple[Draft, Item | None]]:
        """What one entry of a bank is: an item, or the parts of a case set."""
        if draft.kind == CASE_SET:
            parts, problems = open_case(draft)
            self.problems += problems
            return [(part.written, self._read_item(part.item, part.is_typed)) for part in parts]
        draft, problems = refuse_place(draft)
        self.problems += problems
        return [(draft, self._read_item(draft, is_typed))]

    def _read_item(self, draft: Draft, is_typed: bool) -> Item | None:
        kinds = [*ITEM_TYPES, CASE_SET]
        known = ", ".join(sorted(kinds))
        if draft.kind in ITEM_TYPES:
            return self._read_typed(draft)
        if not is_typed:
            self.problems.append(
                Problem(draft.file, draft.line_of(()), "missing-field", "type: is missing", f"one of {known}")
            )
            return None
        hint = closest(draft.kind, kinds, f"one of {known}")
        message = f"there is no item type {draft.kind[:60]!r}"
        self.problems.append(Problem(draft.file, draft.line_of(("type",)), "unknown-type", message, hint))
        for kind in get_close_matches(draft.kind, kinds, n=1):  # its other faults, as the type that was meant
            meant = Draft(kind, draft.fields, draft.file, draft.lines)
            if kind == CASE_SET:
                self._read_entry(meant, True)
            else:
                self._read_typed(meant)
        return None

    def _read_typed(self, draft: Draft) -> Item | None:
        placed, faults = place_figure(draft)
        item, problems = read_draft(placed)
        if item is None:
            problems += find_hidden_faults(placed)
        self.problems += faults + problems
        return None if faults else item

    def read_facts(self, path: Path) -> Written[Facts]:
        """`module.yaml`: of a final where it says what it draws from."""
        sheet = self._read_sheet(path)
        return self._read_as(sheet, FinalFacts if is_final(sheet.tree or {}) else ModuleFacts)

    def read_model(self, path: Path, model: type[M]) -> Written[M]:
        """A YAML file checked against its model."""
        return self._read_as(self._read_sheet(path), model)

    def _read_sheet(self, path: Path) -> Sheet:
        file = str(path)
        text, problems = read_text(path, file)
        sheet = read_yaml(text, file) if text is not None else Sheet(file, None)
        self.problems += [*problems, *sheet.problems]
        return sheet

    def _read_as(self, sheet: Sheet, model: type[M]) -> Written[M]:
        if sheet.tree is None:
            return Written(sheet, None)
        try:
            value = model.model_validate(sheet.tree)
        except ValidationError as error:
            self.problems += explain_faults(error, sheet.file, sheet.lines, model=model)
            return Written(sheet, None)
        return Written(sheet, value)

    def _read_drawing(self, path: Path) -> str | None:
        text, problems = read_text(path, str(path), drawings.MAX_BYTES)
        if text is not None:
            html, problems = drawings.read_drawing(text, str(path), path.stem)
        else:
            html = None
        self.problems += problems
        return html


def is_module_folder(path: Path) -> bool:
    """Whether this looks like the folder of a module."""
    return path.is_dir() and any((path / name).is_file() for name in MODULE_FILES)


def is_final(facts: Mapping[str, Any]) -> bool:
    """Whether these are the facts of a final, going by what is written."""
    return "draws_from" in facts


def list_sources(evidence: Written[Register] | None) -> dict[str, tuple[str, ...]] | None:
    """Claim id → reference ids, as far as the register can be read; None without one."""
    claims = evidence.tree.get("claims") if evidence is not None else None
    if not isinstance(claims, dict):
        return None
    return {claim: tuple(map(str, _list(fields, "references"))) for claim, fields in claims.items()}


def list_terms(glossary: Written[Glossary] | None) -> list[str] | None:
    """The ids of the terms as written; None where the glossary cannot be read."""
    if glossary is None or glossary.sheet.tree is None:
        return None
    terms = glossary.tree.get("terms", {})
    return [str(term) for term in terms] if isinstance(terms, dict) else None


def _list(fields: Any, name: str) -> list[Any]:
    found = fields.get(name) if isinstance(fields, dict) else None
    return found if isinstance(found, list) else []


def _split_lines(sheet: Sheet) -> dict[int, dict[tuple[str | int, ...], int]]:
    """The lines of each item, under paths that begin at the item."""
    lines: dict[int, dict[tuple[str | int, ...], int]] = {}
    for path, line in sheet.lines.items():
        if len(path) >= 2 and path[0] == "items" and isinstance(path[1], int):
            lines.setdefault(path[1], {})[path[2:]] = line
    return lines
