"""The sentences of lessons, items and definitions, each with the claims that it cites.

A list item and a table cell are sentences of their own. A citation belongs to the sentence that it stands in, or that
ends right before it; it never reaches back over a full stop.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from markdown_it.token import Token

from quizapp.banks.lesson import parse_lesson, parse_question
from quizapp.banks.markup import parse_text
from quizapp.domain.evidence import parse_citation

Kind = Literal["prose", "item", "cell", "caption", "question", "rationale", "stem", "definition"]

_OPEN, _CLOSE = "\ue000", "\ue001"
_CITED = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")
_END = re.compile(rf"[.!?…][\"'”’)\]]*(?:\s*{_OPEN}[^{_CLOSE}]*{_CLOSE})*(?=\s|$)")
_ABBREVIATED = re.compile(r"(?:^|[\s(“\"])(?:e\.g|i\.e|etc|vs|cf|ca|approx|al|Dr|Mr|Mrs|Ms|Prof|St|Fig|No|no|p|pp)\.$")
_SECTION = re.compile(r"\{\s*#([^\s{}]+)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in plain words. `where` is `<file>#<section, item or term>`, as a waiver names it."""

    file: str
    line: int
    where: str
    kind: Kind
    text: str
    claims: tuple[str, ...]
    parts: tuple[tuple[str, tuple[str, ...]], ...]
    """Stretches of the sentence, each with the claims cited right behind it; what follows the last citation has all."""
    around: tuple[str, ...] = ()
    """The claims of the other cells of its row and of its column's heading, and of the sentence above list or table."""
    further_on: tuple[str, ...] = ()
    """The claims cited after it in the same paragraph."""


@dataclass(frozen=True, slots=True)
class _Block:
    kind: Kind
    line: int
    place: str
    text: str
    around: tuple[str, ...] = ()


def read_lesson_sentences(text: str, file: str, name: str) -> Iterator[Sentence]:
    """The sentences of a lesson without its headings. `name` is its file as a waiver writes it."""
    for block in _read_blocks(parse_lesson(text)):
        yield from _split(block, file, f"{name}#{block.place}")


def read_text_sentences(text: str, kind: Kind, file: str, line: int, where: str) -> Iterator[Sentence]:
    """The sentences of a text of an item or a term; all stand on `line`."""
    for block in _read_blocks(parse_text(text)):
        yield from _split(_Block(kind, line, "", block.text.replace("\n", " "), block.around), file, where)


def _read_blocks(tokens: Sequence[Token]) -> Iterator[_Block]:
    place, last = "", ""
    lists: list[tuple[str, ...]] = []  # the open lists: what the sentence above each cites
    table: list[Token] | None = None
    for i, token in enumerate(tokens):
        line = token.map[0] + 1 if token.map else 1
        if token.type == "table_close" and table is not None:
            yield from _read_table(table, place, _find_claims(_cut_last(last)))
            table = None
        elif table is not None:
            table.append(token)
        elif token.type == "table_open":
            table = []
        elif token.type == "heading_open" and token.tag == "h2":
            match = _SECTION.search(tokens[i + 1].content)
            place = match[1] if match else ""
        elif token.type == "container_check_open":
            yield _Block("question", line, place, _write(parse_question(token)))
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            lists.append(_find_claims(_cut_last(last)))
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            lists.pop()
        elif token.type == "inline" and tokens[i - 1].type != "heading_open":
            last = _write(token.children or ())
            is_figure = [child.type for child in token.children or ()] == ["image"]
            kind: Kind = "caption" if is_figure else "item" if lists else "prose"
            yield _Block(kind, line, place, last, sum(lists, ()))


def _read_table(tokens: Sequence[Token], place: str, above: tuple[str, ...]) -> Iterator[_Block]:
    """The cells of a table, each with what is cited above it and in its row."""
    headings: list[tuple[str, ...]] = []
    row: list[tuple[int, str]] = []
    for before, token in pairwise(tokens):
        if token.type == "tr_open":
            row = []
        elif token.type == "inline" and before.type == "th_open":
            headings.append(_find_claims(_write(token.children or ())))
        elif token.type == "inline":
            row.append((token.map[0] + 1 if token.map else 1, _write(token.children or ())))
        elif token.type == "tr_close":
            cited = above + _find_claims(" ".join(text for _, text in row))
            for (line, text), heading in zip(row, headings, strict=False):  # the row of headings has no cells
                yield _Block("cell", line, place, text, cited + heading)


def _write(tokens: Iterable[Token]) -> str:
    """Plain words, with line breaks as written and citations between two marks that no author types."""
    parts = []
    for token in tokens:
        if token.type in ("text", "code_inline", "text_special"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif token.type == "citation":
            parts.append(f"{_OPEN}{token.content}{_CLOSE}")
        elif token.type == "image":
            parts.append(_write(token.children or ()))
    return "".join(parts)


def _cut_last(written: str) -> str:
    """The last sentence of a block."""
    ends = [end for end in _find_ends(written) if written[end:].strip()]
    return written[ends[-1] :] if ends else written


def _find_claims(written: str) -> tuple[str, ...]:
    found = (cited.claim for match in _CITED.finditer(written) for cited in parse_citation(match[1]))
    return tuple(dict.fromkeys(found))


def _split(block: _Block, file: str, where: str) -> Iterator[Sentence]:
    start = 0
    for end in [*_find_ends(block.text), len(block.text)]:
        written = block.text[start:end]
        begins = start + len(written) - len(written.lstrip())
        text = " ".join(_CITED.sub("", written).split())
        if text:
            parts = tuple(_read_parts(written))
            claims = tuple(dict.fromkeys(claim for _, cited in parts for claim in cited))
            line = block.line + block.text.count("\n", 0, begins)
            later = _find_claims(block.text[end:])
            yield Sentence(file, line, where, block.kind, text, claims, parts, block.around, later)
        start = end


def _find_ends(text: str) -> Iterator[int]:
    """Where one sentence ends and another begins."""
    for match in _END.finditer(text):
        following = text[match.end() :].lstrip()
        is_short = match[0].startswith(".") and _ABBREVIATED.search(text, 0, match.start() + 1)
        if following and not is_short and not following[0].islower() and following[0] not in ",;:)–":
            yield match.end()


def _read_parts(written: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    start, cited = 0, dict[str, None]()
    for match in _CITED.finditer(written):
        claims = tuple(c.claim for c in parse_citation(match[1]))
        cited |= dict.fromkeys(claims)
        yield " ".join(written[start : match.start()].split()), claims
        start = match.end()
    tail = " ".join(written[start:].split())
    if any(char.isalnum() for char in tail):
        yield tail, tuple(cited)
