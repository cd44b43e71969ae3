"""`flask map`: docs/map.md, one row per route, made from what the code declares."""

from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from werkzeug.routing import Rule

from config import ROOT
from quizapp.web.access import PAGES, PageFacts
from quizapp.web.accounts import SECURITY_PAGES

MAP = ROOT / "docs" / "map.md"
HEAD = """# Map of the pages

Made by `make map` from the code; do not edit. `make check` fails when it is stale. *Who*: `anyone`, `signed in`, or the
role that a person must hold. *Own*: the argument whose object must be the person's own; anybody else gets a 404.

| URL | Methods | Who | Own | View | Service | Template |
|---|---|---|---|---|---|---|
"""


def find_facts(app: Flask, rule: Rule) -> tuple[str, PageFacts | None]:
    """The view of a route as `module.function`, and what it declares; None if it declares nothing."""
    if rule.endpoint in SECURITY_PAGES:
        return rule.endpoint, SECURITY_PAGES[rule.endpoint]
    view = app.view_functions[rule.endpoint]
    name = f"{view.__module__.rsplit('.', 1)[-1]}.{view.__name__}"
    return name, PAGES.get(name)


def list_routes(app: Flask) -> list[Rule]:
    """Every route but the static files, by URL."""
    routes = (rule for rule in app.url_map.iter_rules() if rule.endpoint.rsplit(".", 1)[-1] != "static")
    return sorted(routes, key=lambda rule: (rule.rule, rule.endpoint))


def draw_map(app: Flask) -> tuple[str, list[str]]:
    """The text of docs/map.md, and the routes that no row describes."""
    rows, missing = [], []
    for rule in list_routes(app):
        view, facts = find_facts(app, rule)
        if facts is None:
            missing.append(f"{rule.rule} ({rule.endpoint})")
            continue
        methods = " ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        cells = (f"`{rule.rule}`", methods, facts.access, facts.owns, view, facts.service, facts.template)
        rows.append("| " + " | ".join(cell or "–" for cell in cells) + " |")
    return HEAD + "\n".join(rows) + "\n", missing


@click.command("map")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when docs/map.md is stale.")
@click.option("--to", "path", type=click.Path(dir_okay=False, path_type=Path), default=MAP, help="Write here instead.")
@with_appcontext
def command(check: bool, path: Path) -> None:
    """Write docs/map.md anew: each URL with who may open it, its view, service and template."""
    text, missing = draw_map(current_app._get_current_object())  # type: ignore[attr-defined]
    for route in missing:
        click.echo(f"no row for {route}: declare its view with @page", err=True)
    if missing:
        raise SystemExit(1)
    if not check:
        path.write_text(text, "utf-8")
        click.echo(f"{path.name}: {text.count('`/')} routes")
    elif not path.exists() or path.read_text("utf-8") != text:
        click.echo(f"{path.name} is stale: run `make map`", err=True)
        raise SystemExit(1)
