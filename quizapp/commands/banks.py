"""`flask banks`: look after content files. None of these needs a database."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from quizapp.banks.checking import Checked, check_path
from quizapp.banks.schemas import list_stale, write_schemas
from quizapp.domain.items import ITEM_TYPES


@click.group("banks")
def group() -> None:
    """Check content files, list item types, write JSON Schemas."""


@group.command("check")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--stats", is_flag=True, help="Count items by module, objective, type, level and use.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
def check(path: Path, stats: bool, as_json: bool) -> None:
    """Name every fault of a course folder, a module folder or one file. Exit status 1 if there is any."""
    checked = check_path(path)
    if as_json:
        problems = [asdict(problem) for problem in checked.problems]
        found = {"n_items": checked.n_items, "problems": problems, "counts": checked.counts}
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        for problem in checked.problems:
            click.echo(str(problem))
        if stats:
            _print_counts(checked)
        click.echo(_summary(checked))
    if checked.problems:
        raise SystemExit(1)


@group.command("types")
def types() -> None:
    """Print the names of the item types, one a line."""
    for name in sorted(ITEM_TYPES):
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


def _print_counts(checked: Checked) -> None:
    for key, counts in checked.counts.items():
        click.echo(f"by {key}:")
        for name, n in counts.items():
            click.echo(f"{n:6}  {name}")


def _summary(checked: Checked) -> str:
    parts = [count(checked.n_modules, "module")] if checked.n_modules > 1 else []
    if checked.n_items:
        parts.append(count(checked.n_items, "item"))
    parts.append(count(len(checked.problems), "fault") if checked.problems else "no faults")
    return ", ".join(parts)


def count(n: int, thing: str) -> str:
    """`1 item`, `2 items`."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"
