"""Pydantic's findings as Problems: one sentence each, with the line they stand on and what to do."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from quizapp.domain.drafts import Path, nearest_line
from quizapp.domain.problems import Problem

_CODES = {
    "missing": ("missing-field", "add it"),
    "extra_forbidden": ("unknown-field", "check the spelling or take it out"),
    "string_too_short": ("empty", "write something here"),
    "too_short": ("too-few", "add what is missing"),
    "too_long": ("too-many", "leave some out"),
    "string_too_long": ("too-long", "shorten it"),
    "string_pattern_mismatch": ("bad-form", ""),
    "literal_error": ("not-allowed", ""),
    "enum": ("not-allowed", ""),
    "date_from_datetime_parsing": ("bad-date", "write it as 2026-11-22"),
    "date_parsing": ("bad-date", "write it as 2026-11-22"),
    "date_type": ("bad-date", "write it as 2026-11-22"),
    "string_type": ("not-text", "put it in quotation marks"),
    "bool_parsing": ("not-true-or-false", "write true or false"),
    "bool_type": ("not-true-or-false", "write true or false"),
    "int_parsing": ("not-a-number", "write a whole number"),
    "int_type": ("not-a-number", "write a whole number"),
    "int_from_float": ("not-a-number", "write a whole number"),
    "decimal_parsing": ("not-a-number", "write a number"),
    "decimal_type": ("not-a-number", "write a number"),
    "tuple_type": ("not-a-list", "write it as a list, one - per line"),
    "list_type": ("not-a-list", "write it as a list, one - per line"),
    "model_type": ("not-a-mapping", "write names and values, such as text: …"),
    "dict_type": ("not-a-mapping", "write names and values, such as text: …"),
    "greater_than_equal": ("out-of-range", ""),
    "greater_than": ("out-of-range", ""),
    "less_than_equal": ("out-of-range", ""),
    "less_than": ("out-of-range", ""),
}

_SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is not a field here",
    "string_too_short": "is empty",
    "date_from_datetime_parsing": "is not a date",
    "date_parsing": "is not a date",
    "date_type": "is not a date",
    "string_type": "is not text",
    "bool_parsing": "is neither true nor false",
    "bool_type": "is neither true nor false",
    "int_parsing": "is not a whole number",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "decimal_parsing": "is not a number",
    "decimal_type": "is not a number",
    "tuple_type": "is not a list",
    "list_type": "is not a list",
    "model_type": "is not a mapping",
    "dict_type": "is not a mapping",
}

_FORMS = {
    r"^O\d+\.\d+$": "write it like O1.1",
    r"^\d+$": "digits only",
    r"^PMC\d+$": "write it like PMC1234567",
}
_SLUG_HINT = "lower-case letters, digits and single hyphens"


def explain_faults(
    error: ValidationError,
    file: str,
    lines: Mapping[Path, int],
    prefix: Path = (),
    model: type[BaseModel] | None = None,
) -> list[Problem]:
    """Each finding of `error` as a Problem. `prefix` is where the checked part hangs in the file's tree.

    A custom error carries its hint in `ctx["hint"]` and, where it concerns one part, that part's path in `ctx["at"]`.
    With `model`, the one that was checked, a misspelt field is reported once and with the name that was meant.
    """
    faults = error.errors(include_url=False)
    meant = match_misspelt(faults, model)
    problems = []
    for number, fault in enumerate(faults):
        loc = _without_tags(tuple(fault["loc"]), prefix, lines)
        if fault["type"] == "missing" and (loc[:-1], loc[-1]) in meant.values():
            continue  # the misspelt name says it already
        context: dict[str, Any] = fault.get("ctx", {})
        path = prefix + loc + tuple(context.get("at", ()))
        code, hint = _CODES.get(fault["type"], (fault["type"].replace("_", "-"), ""))
        if number in meant:
            hint = f"did you mean {str(meant[number][1])!r}?"
        elif not hint:
            hint = _hint(fault, context)
        problems.append(
            Problem(
                file,
                nearest_line(lines, path),
                code,
                f"{name_path(path)}: {_sentence(fault)}",
                context.get("hint", hint),
            )
        )
    return problems


def _without_tags(loc: Path, prefix: Path, lines: Mapping[Path, int]) -> Path:
    """`loc` as the file is written: where a part may be of several kinds, Pydantic puts the kind's name between."""
    kept: Path = ()
    for part in loc[:-1]:
        is_tag = isinstance(part, str) and prefix + kept in lines and (*prefix, *kept, part) not in lines
        kept = kept if is_tag else (*kept, part)
    return kept + loc[-1:]


def closest(word: object, known: list[str], otherwise: str = "") -> str:
    """A hint that names the known word nearest to `word`; without a near one, `otherwise`."""
    near = get_close_matches(str(word).casefold()[:100], known, n=1)
    return f"did you mean {near[0]!r}?" if near else otherwise


def name_path(path: Path) -> str:
    """A path as people read it: `options.2.text`, counting from 1."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path) or "the file"


def match_misspelt(faults: list[Any], model: type[BaseModel] | None) -> dict[int, tuple[Path, str]]:
    """For each unknown field that resembles a known one: its number in `faults` → (parent, the name meant)."""
    meant: dict[int, tuple[Path, str]] = {}
    if model is None:
        return meant
    missing = {tuple(f["loc"]) for f in faults if f["type"] == "missing"}
    for number, fault in enumerate(faults):
        if fault["type"] != "extra_forbidden":
            continue
        *parent, written = fault["loc"]
        known = _fields_at(model, tuple(parent))
        absent = [name for name in known if (*parent, name) in missing]
        near = get_close_matches(str(written).casefold(), absent, n=1) or get_close_matches(
            str(written).casefold(), known, n=1
        )
        if near:
            meant[number] = (tuple(parent), near[0])
    return meant


def _fields_at(model: type[BaseModel], path: Path) -> list[str]:
    """The names of the fields that may stand at `path` in a tree of `model`."""
    models = [model]
    for part in path:
        inner = [
            found
            for m in models
            if part in m.model_fields
            for found in _models_in(m.model_fields[str(part)].annotation)
        ]
        models = inner or models  # a position in a list or a name in a mapping leads no deeper
    return [name for m in models for name in m.model_fields]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


def _hint(fault: Any, context: Mapping[str, Any]) -> str:
    if "pattern" in context:
        return _FORMS.get(context["pattern"], _SLUG_HINT)
    if "expected" in context:
        return closest(fault["input"], re.findall(r"'([^']*)'", context["expected"]))
    return ""


def _sentence(fault: Any) -> str:
    message: str = fault["msg"][:1].lower() + fault["msg"][1:]
    message = message.replace("input should be", "should be").replace("string should", "should")
    return _SENTENCES.get(fault["type"], message)
