"""The house rules that neither the linter nor the import contracts can see. Everything is read, nothing is run."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "quizapp"
TEMPLATES = ROOT / "templates"
OURS = ("quizapp", "config")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
TOO_LONG: frozenset[str] = frozenset()
"""Files and functions that may be longer for now. It stays empty: split them along an idea."""

MAY_COMMIT = {"store/db.py", "store/people.py"}
"""The unit of work, and the datastore of Flask-Security that delegates to it."""

CLOCKS = {"now", "utcnow", "today", "time_ns", "monotonic", "perf_counter"}
"""Called as an attribute of anything (`datetime.now`), each reads a clock."""


@cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def python_files(folder: Path = PACKAGE) -> list[Path]:
    files = sorted(folder.rglob("*.py"))
    assert files, f"nothing to look at in {folder}"
    return files


def place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported_modules(node: ast.AST, known: set[str]) -> Iterator[str]:
    """The modules of ours that an import statement names. `from a import b` is `a.b` where that is a module."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in known)
    elif isinstance(node, ast.ImportFrom) and node.module:
        for alias in node.names:
            inner = f"{node.module}.{alias.name}"
            if inner in known:
                yield inner
            elif node.module in known:
                yield node.module


def test_no_two_modules_import_each_other_not_even_by_a_detour() -> None:
    paths = {module_name(path): path for path in python_files()}
    graph = {
        name: {found for node in ast.walk(parse(path)) for found in imported_modules(node, set(paths))} - {name}
        for name, path in paths.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("import cycle: " + " → ".join(error.args[1]))


def test_our_modules_are_imported_at_the_top_only() -> None:
    found = [
        place(path, inner)
        for path in python_files()
        for outer in ast.walk(parse(path))
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        for inner in ast.walk(outer)
        if (isinstance(inner, ast.ImportFrom) and (inner.module or "").split(".")[0] in OURS)
        or (isinstance(inner, ast.Import) and any(a.name.split(".")[0] in OURS for a in inner.names))
    ]
    assert not found


def test_only_the_unit_of_work_commits() -> None:
    found = [
        place(path, node)
        for path in python_files()
        if str(path.relative_to(PACKAGE)) not in MAY_COMMIT
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"
    ]
    assert not found


def test_the_domain_reads_no_clock() -> None:
    found = []
    for path in python_files(PACKAGE / "domain"):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
                found.append(place(path, node))
            elif isinstance(node, ast.Import | ast.ImportFrom):
                names = {getattr(node, "module", None), *(alias.name for alias in node.names)}
                found += [place(path, node)] if "time" in names and getattr(node, "module", "") != "datetime" else []
    assert not found


def test_the_domain_draws_from_the_chance_it_is_given() -> None:
    """`Random` as a type, or made from a seed, is fine; the module's own functions and an unseeded one are not."""
    found = []
    for path in python_files(PACKAGE / "domain"):
        for node in ast.walk(parse(path)):
            unseeded = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "Random"
                and not node.args
            )
            whole = isinstance(node, ast.Import) and any(a.name in {"random", "secrets", "uuid"} for a in node.names)
            part = (
                isinstance(node, ast.ImportFrom)
                and node.module in {"random", "secrets", "uuid", "numpy.random"}
                and any(alias.name != "Random" for alias in node.names)
            )
            if unseeded or whole or part:
                found.append(place(path, node))
    assert not found


def has_pairs(value: ast.AST) -> bool:
    """Whether a value is, somewhere inside, a list or comprehension of tuples."""
    for node in ast.walk(value):
        inner = node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else [getattr(node, "elt", None)]
        if any(isinstance(element, ast.Tuple) for element in inner):
            return True
    return False


def test_choices_in_forms_are_not_tuples() -> None:
    """WTForms has deprecated them; the same warning of Flask-Security is filtered, so nobody else would tell."""
    found = []
    for path in python_files(PACKAGE / "web"):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.keyword) and node.arg == "choices" and has_pairs(node.value):
                found.append(place(path, node.value))
            elif isinstance(node, ast.Assign) and has_pairs(node.value):
                named = any(isinstance(t, ast.Attribute) and t.attr == "choices" for t in node.targets)
                found += [place(path, node)] if named else []
    assert not found


def long_things(path: Path) -> Iterator[str]:
    lines = path.read_text("utf-8").count("\n")
    if lines > MAX_FILE_LINES:
        yield f"{path.relative_to(ROOT)} has {lines} lines"
    if path.suffix == ".py":
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MAX_FUNCTION_LINES:
                    yield f"{path.relative_to(ROOT)} {node.name} has {length} lines"


def test_no_file_and_no_function_is_too_long() -> None:
    files = [
        *python_files(),
        *python_files(ROOT / "tests"),
        *TEMPLATES.rglob("*.html"),
        *(PACKAGE / "static").rglob("*.js"),
        ROOT / "config.py",
        ROOT / "wsgi.py",
    ]
    found = [problem for path in files for problem in long_things(path)]
    assert [problem for problem in found if problem.rsplit(" has ", 1)[0] not in TOO_LONG] == []
    assert not TOO_LONG, "the list of exceptions stays empty"


def templates() -> list[Path]:
    found = sorted(TEMPLATES.rglob("*.html"))
    assert found
    return found


COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
FORBIDDEN = {
    "an inline style": re.compile(r"<[^>]*\sstyle\s*=|<style\b", re.IGNORECASE),
    "an inline script": re.compile(r"<script\b(?![^>]*\ssrc\s*=)", re.IGNORECASE),
    "an inline event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "a javascript: link": re.compile(r"javascript:", re.IGNORECASE),
    "an address of another host": re.compile(
        r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)\s*=\s*[\"'](?:https?:)?//"
    ),
}
"""The content security policy would refuse all of these in the browser, silently for the author."""


@pytest.mark.parametrize("what", FORBIDDEN)
def test_templates_hold_nothing_that_the_content_security_policy_refuses(what: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in templates()
        for match in FORBIDDEN[what].finditer(COMMENT.sub("", path.read_text("utf-8")))
    ]
    assert not found


def test_each_template_extends_a_base_or_is_a_part_of_others() -> None:
    found = []
    for path in templates():
        relative = path.relative_to(TEMPLATES)
        is_part = relative.parts[0] == "macros" or path.name.startswith("_") or str(relative) == "base.html"
        text = COMMENT.sub("", path.read_text("utf-8")).lstrip()
        if not is_part and not re.match(r"\{%-?\s*extends\b", text):
            found.append(str(relative))
    assert not found


def blueprints() -> dict[str, tuple[str, str]]:
    """By file: the name and the URL prefix of its blueprint."""
    found = {}
    for path in python_files(PACKAGE / "web"):
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Blueprint":
                name = ast.literal_eval(node.args[0])
                prefixes = [ast.literal_eval(k.value) for k in node.keywords if k.arg == "url_prefix"]
                found[path.stem] = (name, prefixes[0] if prefixes else "")
    return found


def test_a_blueprint_has_the_name_of_its_file_its_url_prefix_and_its_template_folder() -> None:
    found = blueprints()
    assert "site" in found
    for stem, (name, prefix) in found.items():
        assert name == stem
        assert prefix in ({""} if name == "site" else {f"/{name}", f"/author/{name}", f"/registrar/{name}"})
        assert (TEMPLATES / name).is_dir()
