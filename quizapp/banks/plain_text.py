"""Rendered lesson HTML back as plain text: what a search looks at."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser

_BLOCKS = {
    "aside", "blockquote", "desc", "details", "div", "figcaption", "figure", "h3", "h4", "li", "ol", "p", "pre",
    "summary", "svg", "table", "tbody", "td", "text", "th", "thead", "title", "tr", "ul",
}  # fmt: skip
_HEADINGS = {"h3", "h4", "title"}
"""What announces something: headings, and the names of figures."""

_HIDDEN = {"text"}
"""Labels inside a drawing make no sense without it."""


@dataclass(frozen=True, slots=True)
class Plain:
    """The headings of a text and names of its figures; and its blocks: paragraphs, cells, captions, descriptions."""

    headings: tuple[str, ...]
    blocks: tuple[str, ...]


def read_plain(html: str) -> Plain:
    """Take sanitised HTML apart. Citations are left out, for they interrupt the sentence that a reader looks for."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    reader.end_block()
    return Plain(tuple(reader.headings), tuple(reader.blocks))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.headings: list[str] = []
        self.blocks: list[str] = []
        self._parts: list[str] = []
        self._open: list[str] = []
        self._in_citation = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.end_block()
            self._open.append(tag)
        elif tag == "a":
            self._in_citation = "cite" in (dict(attrs).get("class") or "").split()
        elif tag == "br":
            self._parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.end_block()
            if tag in self._open:
                del self._open[len(self._open) - 1 - self._open[::-1].index(tag) :]
        elif tag == "a":
            self._in_citation = False

    def handle_data(self, data: str) -> None:
        if not self._in_citation and not _HIDDEN.intersection(self._open[-1:]):
            self._parts.append(data)

    def end_block(self) -> None:
        """What was read since the last block began is a block of its own."""
        text = re.sub(r"\s+([.,;:?!)])", r"\1", " ".join("".join(self._parts).split()))
        self._parts.clear()
        if text:
            is_heading = bool(_HEADINGS.intersection(self._open[-1:]))
            (self.headings if is_heading else self.blocks).append(text)
