"""YAML as a plain tree and the line of each path in it.

A narrow YAML on purpose: no tags, anchors or aliases, keys are text, at most 20 levels. `no` and `yes` are text (the
models read them as truth values where they want one); a number with a decimal point stays text as written, so `1.10`
never becomes `1.1` and a `Decimal` is exact. Only whole numbers, `true`, `false`, nothing and dates become values.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML, events
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from quizapp.banks.text_files import decode, find_unprintable
from quizapp.domain.drafts import Path, nearest_line
from quizapp.domain.problems import Problem

MAX_DEPTH = 20

_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_WORDS |= {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A YAML file as read. `tree` is None where the file could not be understood at all."""

    file: str
    tree: dict[str, Any] | None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def line_of(self, *path: str | int) -> int:
        """The line of a path, or of its nearest parent that has one."""
        return nearest_line(self.lines, path)

    def problem(self, at: Path, code: str, message: str, hint: str) -> Problem:
        """A fault at a path of this file."""
        return Problem(self.file, nearest_line(self.lines, at), code, message, hint)


class _Stop(Exception):  # noqa: N818 - ends the reading, is caught in this file
    def __init__(self, line: int, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.fault = (line, code, message, hint)


def read_yaml(data: bytes | str, file: str) -> Sheet:
    """Read one YAML document whose top is a mapping. Whatever is wrong comes back as problems."""
    if isinstance(data, bytes):
        text, problems = decode(data, file)
        if text is None:
            return Sheet(file, None, problems=tuple(problems))
    else:
        text = data
    builder = _Builder(file)
    try:
        builder.take(YAML(typ="safe", pure=True).parse(text))
    except _Stop as stop:
        builder.blame(*stop.fault)
    except (YAMLError, ValueError, OverflowError) as error:
        builder.blame(*_explain(error, text))
    else:
        if not isinstance(builder.root, dict):
            empty = builder.root is None
            message = "the file is empty" if empty else "the file is not a mapping of names to values"
            builder.blame(1, "empty-file" if empty else "not-a-mapping", message, "begin with format: 1")
    tree = builder.root if isinstance(builder.root, dict) and not builder.broken else None
    return Sheet(file, tree, builder.lines, tuple(builder.problems))


def _explain(error: Exception, text: str) -> tuple[int, str, str, str]:
    """A parser's complaint in one sentence."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark is not None else 1
    written = text.split("\n")
    indent = re.match(r"\s*", written[line - 1])[0] if line <= len(written) else ""  # type: ignore[index]
    if "\t" in indent:
        return line, "tab", "the line is indented with a tab", "indent with spaces"
    what = " ".join(str((isinstance(error, MarkedYAMLError) and error.problem) or error).split())[:200]
    hint = (
        "put a text that holds a colon into quotation marks"
        if "mapping values" in what
        else "check indentation, colons and quotation marks"
    )
    return line, "bad-yaml", f"this is not YAML: {what}", hint


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being filled. `key` is the key that waits for its value."""

    holds: dict[str, Any] | list[Any]
    path: Path
    key: str | None = None


class _Builder:
    """Events into a tree. Not recursive, so that no nesting can exhaust the stack."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.lines: dict[Path, int] = {}
        self.root: Any = None
        self.broken = False
        self._open: list[_Open] = []
        self._n_documents = 0

    def blame(self, line: int, code: str, message: str, hint: str) -> None:
        """A fault after which the tree is not to be trusted."""
        self.broken = True
        self.problems.append(Problem(self.file, line, code, message, hint))

    def take(self, stream: Iterator[Any]) -> None:
        for event in stream:
            line = event.start_mark.line + 1
            if isinstance(event, events.DocumentStartEvent):
                self._n_documents += 1
                if self._n_documents > 1:
                    raise _Stop(
                        line,
                        "two-documents",
                        "a second document starts here",
                        "one document per file: take out the ---",
                    )
            elif isinstance(event, events.NodeEvent):
                self._refuse_extras(event, line)
                self._put(event, line)
            elif isinstance(event, events.MappingEndEvent | events.SequenceEndEvent):
                self._open.pop()

    @staticmethod
    def _refuse_extras(event: Any, line: int) -> None:
        if isinstance(event, events.AliasEvent) or event.anchor is not None:
            raise _Stop(
                line,
                "alias",
                "anchors (&) and aliases (*) are not read",
                "write the value out, or put the text into quotation marks",
            )
        tag = str(event.tag) if event.tag is not None else ""
        if tag not in ("", "!", "tag:yaml.org,2002:str") and not (
            tag.startswith("tag:yaml.org,2002:") and _is_implied(event)
        ):
            raise _Stop(line, "tag", f"the tag {tag[:60]!r} is not read", "take it out")

    def _put(self, event: Any, line: int) -> None:
        owner = self._open[-1] if self._open else None
        if owner is not None and isinstance(owner.holds, dict) and owner.key is None:
            self._take_key(owner, event, line)
            return
        path = self._path_of_next(owner)
        self.lines.setdefault(path, line)
        value: Any
        if isinstance(event, events.ScalarEvent):
            value = self._value(event, line)
        else:
            value = {} if isinstance(event, events.MappingStartEvent) else []
        if owner is None:
            self.root = value
        elif isinstance(owner.holds, list):
            owner.holds.append(value)
        else:
            owner.holds[owner.key or ""] = value
            owner.key = None
        if not isinstance(event, events.ScalarEvent):
            if len(self._open) >= MAX_DEPTH:
                raise _Stop(
                    line, "too-deep", f"more than {MAX_DEPTH} levels", "close the brackets, check the indentation"
                )
            self._open.append(_Open(value, path))

    @staticmethod
    def _path_of_next(owner: _Open | None) -> Path:
        if owner is None:
            return ()
        return (*owner.path, len(owner.holds) if isinstance(owner.holds, list) else (owner.key or ""))

    def _take_key(self, owner: _Open, event: Any, line: int) -> None:
        if not isinstance(event, events.ScalarEvent):
            raise _Stop(
                line, "bad-key", "a name must be plain text", "put texts that start with [ or { into quotation marks"
            )
        key = self._checked(event.value, line)
        if key in owner.holds:
            first = self.lines.get((*owner.path, key), 1)
            message = f"{key[:60]!r} is given twice, first in line {first}"
            self.problems.append(Problem(self.file, line, "duplicate-key", message, "keep one"))
        owner.key = key
        self.lines.setdefault((*owner.path, key), line)

    def _value(self, event: Any, line: int) -> Any:
        text = self._checked(event.value, line)
        if event.style is not None or event.tag is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INT.fullmatch(text):
            return int(text)
        if _DATE.fullmatch(text):
            try:
                return dt.date.fromisoformat(text)
            except ValueError:
                return text
        return text

    def _checked(self, text: str, line: int) -> str:
        """Escapes such as "\\0" can make characters that the file itself may not hold."""
        found = find_unprintable(text)
        if found is None:
            return text
        message = f"there is a control character, U+{ord(text[found]):04X}"
        self.problems.append(Problem(self.file, line, "control-character", message, "take it out"))
        return "".join(c for c in text if find_unprintable(c) is None)


def _is_implied(event: Any) -> bool:
    """Whether a tag was worked out by the parser and not written."""
    implicit = getattr(event, "implicit", None)
    return implicit is True or (isinstance(implicit, tuple) and any(implicit))
