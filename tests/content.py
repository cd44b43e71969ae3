"""A small course of our own for tests, written as the files an author would write.

The text of every key says KEYTEXT-<item id>, the reason of each option RATIONALE-<item id>-<number>, so that a page can
be searched for them.
"""

import datetime as dt
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from quizapp.services.sheets import Question

COURSE = "small-course"
FIRST = "first"
SECOND = "second"
N_FIRST = 6
"""Questions in a quiz of the first module: 4 of O1.1 and 2 of O1.2, from twelve items."""
N_SECOND = 20
"""Questions in a quiz of the second: all 20 items, four of them on the must-pass objective O2.1."""
N_PRACTICE = 3
FINAL = "final"
N_FINAL = 5
"""Questions in the final that `add_final` adds: 2 of O1.1, 1 of each other objective; O2.1 is must-pass."""

REAL = Path(__file__).parents[1] / "questions"
FIGURE = """<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 400 120" role="img"
  aria-labelledby="a-title a-desc">
<title id="a-title">A line</title>
<desc id="a-desc">One line that goes from left to right.</desc>
<path class="c-ink-l" stroke-width="1.5" d="M8 60H392"/>
<text class="lab" x="200" y="40" text-anchor="middle">a line</text>
</svg>
"""
EVIDENCE: dict[str, Any] = {
    "format": 1,
    "claims": {
        "A1.1": {
            "text": "Marbles roll.", "level": "text", "basis": "seen", "confidence": "a", "references": ["R1"],
        },
        "A1.2": {
            "text": "Marbles may be lost.", "level": "low", "basis": "seen", "confidence": "a",
            "references": ["R1", "R2"],
        },
    },
    "references": {
        "R1": {"citation": "Marble A. On rolling. J Marbles 2001;1:1-2.", "doi": "10.5555/marbles.1", "read": "seen"},
        "R2": {"citation": "Marble B. On losing. J Marbles 2002;2:3-4.", "pmid": "12345678", "read": "seen"},
    },
}  # fmt: skip
BLOOM = ("remember", "understand", "apply")


def write_course(folder: Path, time_limit_minutes: int | None = None) -> Path:
    """Write the course into `folder`, which is made; returns it. The limit is that of the first module's quiz."""
    first = _module(
        FIRST, 1, "Marbles that roll", ["O1.1", "O1.2"], plan={"O1.1": 4, "O1.2": 2}, layout="one", requires=[]
    )
    if time_limit_minutes is not None:
        first["quiz"]["time_limit_minutes"] = time_limit_minutes
    second = _module(
        SECOND, 2, "Marbles that are lost", ["O2.1", "O2.2"], plan={"O2.1": 4, "O2.2": 16}, layout="all",
        requires=[FIRST], must_pass=("O2.1",),
    )  # fmt: skip
    quiz_1 = [make_item(FIRST, i, "O1.1" if i < 6 else "O1.2") for i in range(12)]
    practice = [make_item(FIRST, 12 + i, "O1.1", use="practice") for i in range(N_PRACTICE)]
    quiz_2 = [make_item(SECOND, i, "O2.1" if i < 4 else "O2.2") for i in range(20)]
    _write(folder / "course.yaml", _course())
    _write(folder / "evidence.yaml", EVIDENCE)
    shutil.copyfile(REAL / "credit.yaml", folder / "credit.yaml")
    practice_2 = [make_item(SECOND, 20, "O2.2", use="practice")]
    for facts, items in ((first, [*quiz_1, *practice]), (second, [*quiz_2, *practice_2])):
        name = facts["id"]
        _write(folder / name / "module.yaml", facts)
        _write(folder / name / "bank.yaml", {"format": 1, "module": name, "items": items})
        (folder / name / "lesson.md").write_text(_lesson([o["id"] for o in facts["objectives"]]), "utf-8")
        (folder / name / "figures").mkdir(exist_ok=True)
        (folder / name / "figures" / "line.svg").write_text(FIGURE, "utf-8")
    return folder


def change_quiz(folder: Path, module_id: str = FIRST, **rules: Any) -> Path:
    """Set rules of a module's quiz in a course that `write_course` wrote; returns the folder."""
    path = folder / module_id / "module.yaml"
    facts = YAML(typ="safe").load(path.read_text("utf-8"))
    facts = {name: str(value) if isinstance(value, dt.date) else value for name, value in facts.items()}
    facts["quiz"] |= rules
    _write(path, facts)
    return folder


def add_final(folder: Path) -> Path:
    """Add a final that draws from both modules to a course that `write_course` wrote; returns the folder."""
    facts = _module(
        FINAL, 3, "Final quiz", [], plan={"O1.1": 2, "O1.2": 1, "O2.1": 1, "O2.2": 1}, layout="one",
        requires=[FIRST, SECOND],
    )  # fmt: skip
    for name in ("objectives", "credit", "credit_ends", "practice"):
        del facts[name]
    _write(folder / FINAL / "module.yaml", {**facts, "draws_from": [FIRST, SECOND]})
    course = _course()
    _write(folder / "course.yaml", {**course, "modules": [*course["modules"], FINAL]})
    return folder


def make_item(module: str, number: int, objective: str, use: str = "quiz") -> dict[str, Any]:
    """One item as a bank file holds it; its type goes by its number."""
    name = f"{module}-{number + 1}"
    common = {
        "id": name, "use": use, "objective": objective, "section": _section(objective), "bloom": BLOOM[number % 3],
        "difficulty": "medium", "tags": ["marble"], "author": "Test author", "reviewed": "2026-11-22",
        "review_due": "2027-11-22", "title": f"Marble {number + 1} of {module}",
    }  # fmt: skip
    if number % 3 == 2:
        return {
            **common, "type": "true_false", "stem": f"Marble {number + 1} of {module} rolls.",
            "answer": number % 2 == 0,
            "if_true": {"rationale": _why(name, 1)}, "if_false": {"rationale": _why(name, 2)},
        }  # fmt: skip
    if number % 3 == 1:
        keys = [0, 1]
        stem = f"Which of these are true of marble {number + 1} of {module}? Select all that apply."
        kind = "multiple_response"
    else:
        keys = [number % 4]
        stem = f"Which one is best for marble {number + 1} of {module}?"
        kind = "single_best_answer"
    options: list[dict[str, Any]] = []
    for i in range(4):
        is_key = i in keys
        word = f"KEYTEXT-{name}-{i + 1}" if is_key else f"OTHERTEXT-{name}-{i + 1}"
        options.append({"text": word, **({"key": True} if is_key else {}), "rationale": _why(name, i + 1)})
    return {**common, "type": kind, "stem": stem, "options": options}


def find_marks(page: str, marks: Iterable[str] = ("RATIONALE-",)) -> list[str]:
    """The words in `page` that must not be there before the rules say so, each with what stands around it."""
    return [page[max(0, at - 60) : at + 60] for mark in marks if (at := page.find(mark)) >= 0]


def _why(name: str, number: int) -> str:
    return f"RATIONALE-{name}-{number} because marbles roll [A1.1]."


def _section(objective: str) -> str:
    return f"on-{objective.lower().replace('.', '-')}"


def _course() -> dict[str, Any]:
    return {
        "format": 1, "id": COURSE, "title": "Marbles for therapists", "summary": "What rolls, and what is lost.",
        "notice": "Made for tests.", "modules": [FIRST, SECOND],
    }  # fmt: skip


def _module(
    name: str,
    number: int,
    title: str,
    objectives: list[str],
    *,
    plan: dict[str, int],
    layout: str,
    requires: list[str],
    must_pass: tuple[str, ...] = (),
) -> dict[str, Any]:
    return {
        "format": 1, "id": name, "number": number, "title": title, "summary": "Short and round.",
        "audience": "People who test", "estimated_minutes": 20, "needs": "A browser.",
        "released": "2026-11-22", "reviewed": "2026-11-22", "review_due": "2027-11-22", "credit_ends": "2029-11-22",
        "credit": {"method": "mergener", "difficulty": 2}, "contact": "help@fascicle.example",
        "people": [
            {"name": "Test author", "role": "author", "credentials": "Tester", "disclosure": "Nothing to disclose"},
            {"name": "Test reviewer", "role": "reviewer", "credentials": "Tester", "disclosure": "Nothing to disclose"},
        ],
        "requires": requires,
        "objectives": [
            {"id": o, "text": f"Say what {o} says of marbles", "bloom": "understand", "must_pass": o in must_pass}
            for o in objectives
        ],
        "quiz": {
            "pass_percent": 80, "layout": layout, "feedback": "deferred", "confidence": True,
            "plan": [{"objective": o, "n": n} for o, n in plan.items()],
        },
        "practice": {"layout": "one", "feedback": "immediate"},
    }  # fmt: skip


def _lesson(objectives: list[str]) -> str:
    parts = [
        f"## On {o} {{#{_section(o)} {o}}}\n\nMarbles roll [A1.1]. Some may be lost [A1.2].\n\n"
        "![A line, drawn once.](figures/line.svg)\n\n"
        "::: keypoints\n- They are round [A1.1].\n:::\n"
        for o in objectives
    ]
    return "\n".join(parts)


def _write(path: Path, tree: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    yaml = YAML()
    yaml.width = 200
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(tree, file)


def right_letters(question: Question) -> list[str]:
    """What to choose to earn the full mark, as letters shown."""
    number = int(question.item_id.rsplit("-", 1)[1]) - 1
    if number % 3 == 2:
        return ["A" if number % 2 == 0 else "B"]
    return [choice.value for choice in question.ask.choices if choice.text.startswith("KEYTEXT-")]


def wrong_letters(question: Question) -> list[str]:
    """What to choose to earn nothing."""
    right = right_letters(question)
    return [choice.value for choice in question.ask.choices if choice.value not in right][:1]
