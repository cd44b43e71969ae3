"""`flask banks`: look after content files. None of these needs a database."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from quizapp.banks.case_sets import CASE_SET
from quizapp.banks.checking import Checked, check_path
from quizapp.banks.content_check import Content, check_content
from quizapp.banks.content_figures import LessonFigures
from quizapp.banks.schemas import list_stale, write_schemas
from quizapp.domain.items import ITEM_TYPES


@click.group("banks")
def group() -> None:
    """Check content files, list item types, write JSON Schemas."""


@group.command("check")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--stats", is_flag=True, help="Count items by module, objective, type, level, use and plan part.")
@click.option("--content", "with_content", is_flag=True, help="Also compare words and numbers with the evidence.")
@click.option("--notes/--no-notes", default=True, help="Print notes too, and with --content figures.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
def check(path: Path, stats: bool, with_content: bool, notes: bool, as_json: bool) -> None:
    """Name every fault of a course folder, a module folder or one file. Exit status 1 if there is any.

    Notes are no faults: plan parts with fewer than three items for a place, and with --content what an editor should
    read. With --content whatever its words say louder or in other numbers than the evidence is a fault, too.
    """
    checked = check_path(path)
    content = check_content(path, checked.course) if with_content else None
    if content is not None:
        checked = replace(checked, problems=tuple(sorted({*checked.problems, *content.problems})))
    if as_json:
        found: dict[str, Any] = {"n_items": checked.n_items, "problems": [asdict(p) for p in checked.problems]}
        found["counts"] = checked.counts
        found["plans"] = [asdict(figures) for figures in checked.plans]
        found["notes"] = [asdict(note) for note in (*checked.notes, *(content.notes if content is not None else ()))]
        if content is not None:
            found["lessons"] = [asdict(lesson) for lesson in content.lessons]
        click.echo(json.dumps(found, indent=2, ensure_ascii=False, default=str))
    else:
        for problem in checked.problems:
            click.echo(str(problem))
        if notes:
            for note in checked.notes:
                click.echo(f"note: {note}")
        if content is not None and notes:
            _print_content(content)
        if stats:
            _print_counts(checked)
        click.echo(_summary(checked))
    if checked.problems:
        raise SystemExit(1)


@group.command("types")
def types() -> None:
    """Print what an entry of a bank can be, one type a line."""
    for name in sorted([*ITEM_TYPES, CASE_SET]):
        click.echo(name)


@group.command("schema")
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit status 1 if a file is out of date.")
@with_appcontext
def schema(only_check: bool) -> None:
    """Write the JSON Schemas of the content files beside them, in schema/."""
    folder = Path(current_app.config["QUESTIONS_PATH"]) / "schema"
    changed = list_stale(folder) if only_check else write_schemas(folder)
    for name in changed:
        click.echo(f"{folder / name}: {'out of date; run flask banks schema' if only_check else 'written'}")
    if not changed:
        click.echo("The JSON Schemas are up to date.")
    elif only_check:
        raise SystemExit(1)


def _print_content(content: Content) -> None:
    for note in content.notes:
        click.echo(f"note: {note}")
    click.echo(f"{count(len(content.notes), 'note')}; notes are no faults")
    columns = ("words", "minutes", "words a sentence", "reading ease", "items", "difficulty", "credit min", "estimate")
    width = max((len(lesson.module) for lesson in content.lessons), default=0)
    click.echo("  ".join([" " * width, *columns]))
    for lesson in content.lessons:
        cells = [f"{value:>{len(name)}}" for name, value in zip(columns, _list_figures(lesson), strict=True)]
        click.echo("  ".join([f"{lesson.module:{width}}", *cells]))
    for lesson in content.lessons:
        click.echo(f"{lesson.module}: {lesson.formula} = {lesson.credit_minutes} minutes")
    click.echo("Minutes at 240 words a minute. Reading ease after Flesch 1948: 206.835 - 1.015 × words per sentence")
    click.echo("- 84.6 × syllables per word, of running text and lists; 60 to 70 is plain English.")


def _list_figures(lesson: LessonFigures) -> list[str]:
    figures = (lesson.words, lesson.minutes, lesson.sentence_words, lesson.reading_ease, lesson.items)
    return [str(value) for value in (*figures, lesson.difficulty, lesson.credit_minutes, lesson.estimated_minutes)]


def _print_counts(checked: Checked) -> None:
    for key, counts in checked.counts.items():
        click.echo(f"by {key}:")
        for name, n in counts.items():
            click.echo(f"{n:6}  {name}")
    if checked.plans:
        click.echo("by plan part (available, needed, for each place):")
    for figures in checked.plans:
        found = f"{figures.available:6} {figures.needed:3} {figures.per_place:5.1f}"
        click.echo(f"{found}  {figures.module}: {figures.part}")


def _summary(checked: Checked) -> str:
    parts = [count(checked.n_modules, "module")] if checked.n_modules > 1 else []
    if checked.n_items:
        parts.append(count(checked.n_items, "item"))
    parts.append(count(len(checked.problems), "fault") if checked.problems else "no faults")
    return ", ".join(parts)


def count(n: int, thing: str) -> str:
    """`1 item`, `2 items`."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"
