"""Reading a text file as what it should be: UTF-8, of a sensible size, without control characters."""

import re
from pathlib import Path

from quizapp.domain.problems import Problem

MAX_BYTES = 2_000_000
"""A content file above this is refused unread. The largest one of ours is a twentieth of it."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BREAKS = re.compile("\r\n?")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def read_text(path: Path, file: str, max_bytes: int = MAX_BYTES) -> tuple[str | None, list[Problem]]:
    """The text of a file, or why there is none. `file` is the name that problems carry."""
    try:
        if not path.is_file():
            return None, [Problem(file, 1, "missing-file", "there is no such file", "write it, or check its name")]
        with path.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except OSError as error:
        return None, [
            Problem(file, 1, "unreadable", f"the file cannot be read: {error.strerror}", "check its permissions")
        ]
    return decode(data, file, max_bytes)


def decode(data: bytes, file: str, max_bytes: int = MAX_BYTES) -> tuple[str | None, list[Problem]]:
    """UTF-8 with or without a byte-order mark, with any line ends, as text with plain line ends."""
    if len(data) > max_bytes:
        hint = f"split it; at most {max_bytes // 1000:,} kB"
        return None, [Problem(file, 1, "file-too-large", "the file is too large to be a content file", hint)]
    if data.startswith(_UTF16):
        return None, [Problem(file, 1, "not-utf8", "the file is UTF-16", "save it as UTF-8")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return None, [Problem(file, line, "not-utf8", "there are bytes that are not UTF-8", "save the file as UTF-8")]
    text = _BREAKS.sub("\n", text)
    found = find_unprintable(text)
    if found is not None:
        message = f"there is a control character, U+{ord(text[found]):04X}"
        return None, [Problem(file, text.count("\n", 0, found) + 1, "control-character", message, "take it out")]
    return text, []


def find_unprintable(text: str) -> int | None:
    """Where the first character stands that no page and no database takes, or None."""
    match = _UNPRINTABLE.search(text)
    return match.start() if match else None
