"""Documents say what is so: commands exist, links lead somewhere, settings are described, the map is fresh."""

import ast
import re
from pathlib import Path

import pytest

from quizapp.app import create_app
from quizapp.commands.site_map import MAP, draw_map

ROOT = Path(__file__).parents[1]
DECISIONS = ROOT / "docs" / "decisions"


def documents() -> list[Path]:
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "quizapp" / "pages").glob("*.md")]
    assert len(found) > 10
    return sorted(found)


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def test_the_map_shows_every_page_and_is_fresh(tmp_path: Path) -> None:
    app = create_app({"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": "sqlite://", "SECRET_KEY": "x" * 40})
    text, missing = draw_map(app)
    assert missing == []
    assert MAP.read_text("utf-8") == text, "run `make map`"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/running.md"])
def test_every_make_command_in_a_document_exists(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)", text, re.MULTILINE))
    assert named <= make_targets()


def test_the_readme_names_the_two_commands_that_a_newcomer_needs() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    assert {"run", "test"} <= make_targets()
    assert "make run" in text
    assert "make test" in text


LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_to_files(path: Path) -> None:
    text = CODE.sub("", path.read_text("utf-8"))
    broken = []
    for target in LINK.findall(text):
        bare = target.split("#")[0]
        if re.match(r"[a-z]+:", target) or not bare:
            continue
        if bare.startswith("/pages/"):  # a link between standing pages
            exists = (ROOT / "quizapp" / "pages" / f"{bare.removeprefix('/pages/')}.md").exists()
        else:
            exists = (path.parent / bare).exists()
        broken += [] if exists else [target]
    assert not broken


def settings_read() -> set[str]:
    """Every variable that config.py gets from the environment."""
    return {
        node.args[0].value
        for node in ast.walk(ast.parse((ROOT / "config.py").read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "get"
        and isinstance(node.args[0], ast.Constant)
    }


def test_every_setting_is_described_and_nothing_else() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "running.md").read_text("utf-8"), re.MULTILINE)
    assert settings_read()
    assert set(rows) == settings_read()
    assert len(rows) == len(set(rows))


def test_the_glossary_is_in_alphabetical_order_without_repetition() -> None:
    terms = re.findall(r"^- \*\*(.+?)\*\*:", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.MULTILINE)
    folded = [term.casefold() for term in terms]
    assert len(terms) > 30
    assert folded == sorted(set(folded))


def test_decision_records_are_numbered_without_gaps_and_have_their_parts() -> None:
    records = sorted(DECISIONS.glob("*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for number, path in enumerate(records, 1):
        text = path.read_text("utf-8")
        assert text.startswith(f"# {number}. ")
        assert re.search(r"^20\d\d-\d\d-\d\d$", text, re.MULTILINE)
        parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert parts == ["Context", "Decision", "Consequences"]


MACHINE = re.compile(r"(?<![\w.])/(?:work|home|root|tmp|Users)/")
"""Folders of somebody's machine mean nothing to the next reader."""


def project_texts() -> list[Path]:
    folders = ("docs", "quizapp", "templates", "questions", "migrations", "tests")
    kinds = {".md", ".py", ".html", ".yaml", ".txt", ".js", ".css", ".svg", ".toml", ".sh"}
    inside = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in kinds)
    top = (path for path in ROOT.iterdir() if path.is_file() and path.suffix in {*kinds, ""} and path.name != "LICENSE")
    return [path for path in (*inside, *top) if path != Path(__file__)]


def test_no_text_names_a_folder_of_somebody_s_machine() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in project_texts()
        if MACHINE.search(text := path.read_text("utf-8")) or "../shared" in text
    ]
    assert not found


def test_both_licences_are_there() -> None:
    software = (ROOT / "LICENSE").read_text("utf-8")
    content = (ROOT / "questions" / "LICENSE").read_text("utf-8")
    assert "Apache License" in software
    assert "END OF TERMS AND CONDITIONS" in software
    assert "SPDX-License-Identifier: CC-BY-4.0" in content
