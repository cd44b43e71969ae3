"""`check_content`: whether a course says what its evidence says, no louder and in the same numbers.

Faults are to be mended or waived in `content-waivers.yaml`, with a reason. Notes are for an editor to read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from quizapp.banks.content_balance import check_balance, check_orphans, note_credit, note_safety, note_unused_claims
from quizapp.banks.content_figures import LessonFigures, measure
from quizapp.banks.content_numbers import find_foreign_numbers, find_numbers
from quizapp.banks.content_sentences import Sentence, read_lesson_sentences, read_text_sentences
from quizapp.banks.content_words import find_strong_words
from quizapp.banks.course import CourseText, ModuleText, Reader
from quizapp.banks.text_files import read_text
from quizapp.domain.drafts import Draft
from quizapp.domain.evidence import Register
from quizapp.domain.items import Item
from quizapp.domain.problems import Problem
from quizapp.domain.waivers import Waiver, Waivers


@dataclass(frozen=True, slots=True)
class Content:
    """What the content check found. `notes` do not fail it."""

    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...]
    lessons: tuple[LessonFigures, ...]


@dataclass(frozen=True, slots=True)
class _Finding:
    """Something about one sentence, which a waiver may let stand."""

    check: str
    sentence: Sentence
    problem: Problem


def check_content(path: Path, course: CourseText | None = None) -> Content:
    """Check the course at `path`, or one module of it, by what its words say. The course is read as far as it can be.

    Whoever has read the course that `path` lies in may hand it over. Faults of form are not told here: `check_path`
    finds them.
    """
    here = path.resolve()
    folder = here if (here / "course.yaml").is_file() else here.parent
    if not (folder / "course.yaml").is_file():
        hint = "name the folder of a course, or of a module in one"
        return Content((Problem(str(path), 1, "no-course", "there is no course here to compare with", hint),), (), ())
    found = _check_course(course if course is not None else Reader().read_course(folder))
    problems, notes = (
        tuple(sorted(replace(p, file=_show(p.file, path, here)) for p in part if Path(p.file).is_relative_to(here)))
        for part in (found.problems, found.notes)
    )
    lessons = tuple(f for f in found.lessons if here == folder or f.module == here.name)
    return Content(problems, notes, lessons)


def _show(file: str, path: Path, here: Path) -> str:
    """A file's name as whoever asked would write it."""
    return str(path / Path(file).relative_to(here))


def _check_course(course: CourseText) -> Content:
    evidence, waivers = course.evidence.value, course.waivers.value or Waivers()
    problems, notes = list(check_orphans(course)), list(note_unused_claims(course))
    lessons: list[LessonFigures] = []
    findings: list[_Finding] = []
    nouns = _make_nouns(course)
    for module in course.modules:
        if module.is_final:
            continue
        problems += check_balance(module)
        notes += note_safety(module, course)
        sentences = list(_read_lesson(module))
        figures = measure(module, course, sentences)
        if figures is not None:
            lessons.append(figures)
            notes += note_credit(module, figures.estimated_minutes, int(figures.credit_minutes))
        if evidence is not None:
            findings += _check_sentences(sentences, evidence, nouns)
            for draft, item in zip(module.bank.drafts, module.bank.items, strict=True):
                findings += _check_item(draft, item, module, evidence, nouns)
    if evidence is not None:
        findings += _check_sentences(_read_glossary(course), evidence, None)
    used: set[int] = set()
    for finding in findings:
        waived = [i for i, waiver in enumerate(waivers.waivers) if _is_waived(finding, waiver)]
        used.update(waived)
        if not waived:
            (notes if finding.check == "uncited" else problems).append(finding.problem)
    for i, waiver in enumerate(waivers.waivers):
        if i not in used:
            message, hint = f"the waiver for {waiver.where} matches nothing any more", "take it out"
            problems.append(course.waivers.sheet.problem(("waivers", i), "stale-waiver", message, hint))
    return Content(tuple(problems), tuple(notes), tuple(lessons))


def _is_waived(finding: _Finding, waiver: Waiver) -> bool:
    sentence = finding.sentence
    return (waiver.where, waiver.check) == (sentence.where, finding.check) and _plain(waiver.text) in _plain(
        sentence.text
    )


def _plain(text: str) -> str:
    """Quotation marks as typed, spaces single: what a waiver is compared by."""
    return " ".join(
        text.translate({0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"', 0xA0: " ", 0x202F: " "}).split()
    )


# --- sentences ---------------------------------------------------------------------------------------------------


def _read_lesson(module: ModuleText) -> Iterator[Sentence]:
    file = module.file("lesson.md")
    text, _ = read_text(Path(file), file)
    if text is not None:
        yield from read_lesson_sentences(text, file, f"{module.name}/lesson.md")


def _read_glossary(course: CourseText) -> Iterator[Sentence]:
    sheet, glossary = course.glossary.sheet, course.glossary.value
    for term_id, term in glossary.terms.items() if glossary is not None else ():
        line = sheet.line_of("terms", term_id, "definition")
        yield from read_text_sentences(term.definition, "definition", sheet.file, line, f"glossary.yaml#{term_id}")


def _check_item(
    draft: Draft, item: Item | None, module: ModuleText, evidence: Register, nouns: re.Pattern[str] | None
) -> Iterator[_Finding]:
    """Rationales and whatever else cites. The numbers of the case are the item's own, those of a distractor too."""
    where = f"{module.name}/bank.yaml#{draft.fields.get('id')}"
    case = " ".join(str(draft.fields.get(name) or "") for name in ("vignette", "more", "stem", "text"))
    case += f" {item.vignette}" if item is not None else ""  # of a part of a case set: what was told before it too
    for path, text, own in _list_texts(draft.fields):
        kind = "rationale" if path[-1] == "rationale" else "stem"
        sentences = read_text_sentences(text, kind, draft.file, draft.line_of(path), where)  # type: ignore[arg-type]
        known = frozenset(value for _, _, value in find_numbers(f"{case} {own}") if kind == "rationale")
        yield from _check_sentences(sentences, evidence, nouns if kind == "rationale" else None, known)


def _list_texts(tree: Any, path: tuple[str | int, ...] = (), own: str = "") -> Iterator[tuple[Any, str, str]]:
    """The texts of an item that may cite, each with what it is about: a distractor, a row, a wrong answer.

    What may be wrong on purpose is not read: options, choices, and statements that are not true.
    """
    if isinstance(tree, str) and (path[-1] in _READ or _SHAPE.fullmatch(".".join(map(str, path)))):
        yield path, tree, own
    elif isinstance(tree, Mapping):
        if path:
            own = f"{own} {_name_subject(tree)}"
        for name, part in tree.items():
            if not (name == "text" and tree.get("answer") is False):
                yield from _list_texts(part, (*path, name), own)
    elif isinstance(tree, list):
        for number, part in enumerate(tree):
            yield from _list_texts(part, (*path, number), own)


_READ = ("vignette", "more", "stem", "rationale")
_SHAPE = re.compile(r"text|(?:statements|rows|entries)\.\d+\.text")
"""Further texts that say how things are: those of a cloze, of statements, of rows and of entries."""


def _name_subject(part: Mapping[str, Any]) -> str:
    """What a rationale is about, where its numbers are the item's own. What is right has to be in the evidence."""
    if part.get("key") is True or ("rationale" in part and "text" not in part and part.get("percent", 100) == 100):
        return ""
    names = ("text", "accept", "value", "at_least", "at_most", "within", "within_percent")
    written = (part.get(name, "") for name in names)
    return " ".join(" ".join(map(str, value)) if isinstance(value, list) else str(value) for value in written)


def _check_sentences(
    sentences: Iterable[Sentence],
    evidence: Register,
    nouns: re.Pattern[str] | None,
    own: frozenset[Decimal] = frozenset(),
) -> Iterator[_Finding]:
    """`nouns`: clinical words that make a sentence without a claim worth a note; None where none is wanted."""
    for sentence in sentences:
        for message, hint in find_strong_words(sentence, evidence.claims):
            yield _find("word", sentence, "strong-word", message, hint)
        foreign = list(find_foreign_numbers(sentence, evidence, own))
        if sentence.claims:
            for written in foreign:
                message = f"{written} is not in {', '.join(sentence.claims)}"
                yield _find("number", sentence, "foreign-number", message, "correct it, cite its claim, or waive it")
        elif nouns is not None and (_states_fact(sentence, nouns) or (sentence.around and foreign)):
            yield _find("uncited", sentence, *_judge_uncited(sentence, foreign), "")


def _judge_uncited(sentence: Sentence, foreign: Sequence[str]) -> tuple[str, str]:
    """Code and message of the note: a claim further on may carry the sentence, unless its numbers are not there."""
    if not sentence.further_on and not sentence.around:
        return "no-claim", "a statement of fact without a claim?"
    if foreign:
        return "no-claim", f"{', '.join(foreign)} stands in no claim near it"
    return "claim-further-on", f"does {', '.join(sentence.further_on)} carry it as well?"


def _find(check: str, sentence: Sentence, code: str, message: str, hint: str) -> _Finding:
    shown = sentence.text if len(sentence.text) <= 160 else f"{sentence.text[:157]}…"
    problem = Problem(sentence.file, sentence.line, code, f"{sentence.where}: {message}: {shown}", hint)
    return _Finding(check, sentence, problem)


_EFFECTS = (
    "caus\\w+|prevent\\w*|reduc\\w+|lower(?:s|ed)?|rais(?:es|ed)|increas\\w+|reliev\\w+|improv\\w+|cur(?:e|es|ed)|"
    "stops|stopped|helps|helped|trigger(?:s|ed)|works|shorten\\w*"
)


def _make_nouns(course: CourseText) -> re.Pattern[str]:
    """Verbs of effect and the names of the glossary."""
    glossary = course.glossary.value
    names = (
        {name for term in glossary.terms.values() for name in (term.term, term.abbreviation) if name}
        if glossary
        else ()
    )
    written = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"\b(?:{_EFFECTS}{'|' if written else ''}{written})\b", re.IGNORECASE)


def _states_fact(sentence: Sentence, nouns: re.Pattern[str]) -> bool:
    """Whether a sentence without a claim looks like a statement of fact; questions and speech do not."""
    text = sentence.text
    if (
        sentence.claims
        or sentence.around
        or sentence.kind == "question"
        or text.endswith("?")
        or text[0] in '“"‘'
        or len(text.split()) < 5
    ):
        return False
    return bool(find_numbers(text)) or nouns.search(text) is not None
