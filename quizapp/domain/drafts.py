"""Draft: the neutral tree between file formats and item types, so that N types and M formats cost N + M."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """An item as written, not yet checked.

    `kind` is the item type's registered name, `fields` a plain tree of text, numbers, truth values, lists and
    mappings, `lines` the line of each path in `file` (counting from 1; a missing path takes its parent's line).
    """

    kind: str
    fields: Mapping[str, Any]
    file: str = "-"
    lines: Mapping[Path, int] = field(default_factory=dict)

    def line_of(self, path: Path) -> int:
        """The line of `path`, or of the nearest parent that has one; 1 if none has."""
        return nearest_line(self.lines, path)


def nearest_line(lines: Mapping[Path, int], path: Path) -> int:
    """The line of `path`, or of the nearest parent that has one; 1 if none has."""
    while path not in lines and path:
        path = path[:-1]
    return lines.get(path, 1)
