"""Markdown as safe HTML, with citations as links.

HTML in Markdown is off, images belong to lessons only, and what comes out passes an allow-list once more. Rendering is
cached: the same text with the same sources costs a look-up.
"""

import re
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup

from quizapp.domain.evidence import CITATION, Citation, Register, find_citations, parse_citation
from quizapp.domain.glossary import TERM_SCHEME

Sources = Mapping[str, Sequence[str]]
"""Claim id → the ids of its references."""

GLOSSARY = "/glossary"
"""Where the page of all terms is: a published lesson keeps its links."""

FIGURE_SLOT = "figure-slot"
"""An element that no author can write: where a checked drawing goes after the text around it was sanitised."""

_TAGS = {
    "a", "aside", "blockquote", "br", "code", "details", "div", "em", "figcaption", "figure", FIGURE_SLOT, "h3", "h4",
    "hr", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "th",
    "thead", "tr", "ul",
}  # fmt: skip
_ATTRIBUTES = {
    "*": {"class"},
    "a": {"href", "rel"},
    "div": {"role", "aria-label", "tabindex"},
    "ol": {"start"},
    "table": {"role"},
    "thead": {"role"},
    "tbody": {"role"},
    "tr": {"role"},
    "th": {"scope", "role"},
    "td": {"role", "data-th"},
    FIGURE_SLOT: {"id"},
}
_CLEANER = nh3.Cleaner(tags=_TAGS, attributes=_ATTRIBUTES, url_schemes={"https", "http", "mailto"}, link_rel=None)

_ALIGN = {"text-align:right": "text-end", "text-align:center": "text-center", "text-align:left": "text-start"}
_REFUSED_LINK = re.compile(r"\]\(\s*<?\s*(javascript|vbscript|data|file):", re.IGNORECASE)
_LIKE_CITATION = re.compile(r"\[\s*[A-Za-z]\d+(?:\.\d+)?\b[^\[\]]*\](?!\()")


@dataclass(frozen=True, slots=True)
class Rendered:
    """Safe HTML, and the ids of the claims it cites in order of first citation."""

    html: Markup
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slip:
    """Something in a Markdown text that will not come out as its author means. `line` counts from 1 in the text."""

    line: int
    code: str
    message: str
    hint: str


def show_text(text: str, evidence: Register | None = None) -> Markup:
    """A text of several paragraphs (vignette, stem, rationale) as safe HTML.

    Citations link to `#R2` and so on, as `evidence` has them; without `evidence` they are left out.
    """
    return render_cited(text, evidence).html


def show_inline(text: str, evidence: Register | None = None) -> Markup:
    """One line of text (an option, a title) as safe HTML without a paragraph around it."""
    return render_cited(text, evidence, inline=True).html


def render_cited(text: str, evidence: Register | None = None, *, inline: bool = False) -> Rendered:
    """Safe HTML and the claims cited."""
    claims = dict.fromkeys(cited.claim for cited in find_citations(text))
    known = (
        tuple((c, evidence.claims[c].references) for c in claims if c in evidence.claims)
        if evidence is not None
        else None
    )
    return _render(text, inline, known)


@lru_cache(maxsize=4096)
def _render(text: str, inline: bool, known: tuple[tuple[str, tuple[str, ...]], ...] | None) -> Rendered:
    env: dict[str, Any] = {"sources": None if known is None else dict(known), "cites": {}}
    html = _TEXT.renderInline(text, env) if inline else _TEXT.render(text, env)
    return Rendered(Markup(sanitise(html).strip()), tuple(env["cites"]))  # noqa: S704 - sanitised


def sanitise(html: str) -> str:
    """Only what the allow-list names survives."""
    return _CLEANER.clean(html)


def parse_text(text: str) -> list[Token]:
    """The tokens of a text of several paragraphs, for whoever looks at its words."""
    return _TEXT.parse(text, {})


def find_slips(text: str) -> list[Slip]:
    """Everything in a text of an item that would be shown otherwise than meant."""
    slips = [*find_token_slips(_LINT.parse(text)), *find_text_slips(text)]
    return sorted(set(slips), key=lambda slip: (slip.line, slip.code))


def find_text_slips(text: str) -> Iterator[Slip]:
    """Brackets that look like a citation and are none, and links that no page will follow."""
    for match in _REFUSED_LINK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Slip(line, "bad-link", f"a link may not begin with {match[1]}:", "begin it with https://")
    for match in _LIKE_CITATION.finditer(text):
        if not CITATION.match(text, match.start()) and text[match.start() - 1 : match.start()] != "\\":
            line = text.count("\n", 0, match.start()) + 1
            shown = " ".join(match[0].split())[:60]
            yield Slip(line, "bad-citation", f"{shown} is not a citation", "write [A1.1], [A1.1, B2] or [B15 R42]")


def find_token_slips(tokens: Sequence[Token], *, images: bool = False) -> Iterator[Slip]:
    """HTML, unsafe or relative links, nameless columns and (unless `images`) images in a parse with HTML on."""
    for before, token in pairwise(tokens):
        if before.type == "th_open" and token.map and not token.content.strip():
            yield Slip(token.map[0] + 1, "no-heading", "a column of a table has no heading", "name what it holds")
    for token in tokens:
        line = token.map[0] + 1 if token.map else 1
        if token.type == "html_block":
            yield _html_slip(line, token.content)
        for child in token.children or ():
            if child.type in ("softbreak", "hardbreak"):
                line += 1
            elif child.type == "html_inline" and not child.content.startswith("</"):
                yield _html_slip(line, child.content)
            elif child.type == "image" and not images:
                yield Slip(line, "image", "an image cannot stand here", "put drawings into the lesson")
            elif child.type == "link_open" and not str(child.attrGet("href")).startswith(
                ("https://", "http://", "mailto:", TERM_SCHEME)
            ):
                yield Slip(
                    line,
                    "bad-link",
                    f"the link to {str(child.attrGet('href'))[:60]!r} leads nowhere",
                    "begin it with https://",
                )


def _html_slip(line: int, content: str) -> Slip:
    shown = " ".join(content.split())[:40]
    return Slip(line, "html", f"HTML is shown as text: {shown}", "write Markdown; for a bare < write \\<")


def make_parser(*, html: bool = False) -> MarkdownIt:
    """CommonMark with tables, curly quotes and citations. `html` only to find it: that output is never shown."""
    parser = MarkdownIt("commonmark", {"html": html, "typographer": True}).enable(["table", "smartquotes"])
    parser.inline.ruler.before("link", "citation", _read_citation)
    parser.add_render_rule("citation", _show_citation)
    parser.add_render_rule("link_open", _open_link)
    parser.add_render_rule("table_open", _open_table)
    parser.add_render_rule("table_close", _close_table)
    for cell in ("th_open", "td_open"):
        parser.add_render_rule(cell, _open_cell)
    parser.add_render_rule("td_close", _close_cell)
    return parser


def _read_citation(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "[":
        return False
    match = CITATION.match(state.src, state.pos)
    if match is None or match.end() > state.posMax:
        return False
    if not silent:
        if not _links(match[1], state.env):  # nothing will stand here, so no space before it
            state.pending = state.pending.rstrip(" ")
            if not state.pending and state.tokens and state.tokens[-1].type == "softbreak":
                state.tokens.pop()
        token = state.push("citation", "", 0)
        token.content = match[1]
    state.pos = match.end()
    return True


def _links(inside: str, env: Mapping[str, Any]) -> list[str]:
    """What a citation shows: the ids of references, or the id of a claim that nobody knows."""
    sources: Sources | None = env.get("sources")
    if sources is None:
        return []
    shown: dict[str, None] = {}
    for cited in parse_citation(inside):
        if cited.claim not in sources:
            shown.setdefault(cited.claim)
        for reference in narrow(cited, sources):
            shown.setdefault(reference)
    return list(shown)


def narrow(cited: Citation, sources: Sources) -> Sequence[str]:
    """The references that a citation stands for: those it names, or all of its claim's."""
    return cited.references or sources.get(cited.claim, ())


def _show_citation(
    _: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, env: MutableMapping[str, Any]
) -> str:
    inside = tokens[index].content
    for cited in parse_citation(inside):
        env.setdefault("cites", {}).setdefault(cited.claim)
    links = (
        f'<a href="#{r}" class="small cite">[{r}]</a>' if r.startswith("R") else f"[{r}]" for r in _links(inside, env)
    )
    return " ".join(links)


def _open_link(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    link = tokens[index]
    href = str(link.attrGet("href"))
    if href.startswith(TERM_SCHEME):
        term = href.removeprefix(TERM_SCHEME)
        env.setdefault("terms", {}).setdefault(term)
        link.attrs = {"class": "term", "href": f"{GLOSSARY}#{term}"}
    else:
        link.attrSet("rel", "noopener")
    return self.renderToken(tokens, index, options, env)


_ROLES = {"thead": "rowgroup", "tbody": "rowgroup", "tr": "row", "th": "columnheader", "td": "cell"}


def _open_table(
    _: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, env: MutableMapping[str, Any]
) -> str:
    """A table that becomes one card per row on a phone: each cell carries its column's heading, each part its role."""
    headings: list[str] = []
    column = 0
    for token, following in zip(tokens[index + 1 :], tokens[index + 2 :], strict=False):
        if token.type == "table_close":
            break
        if token.nesting == 1 and token.tag in _ROLES:
            token.attrSet("role", _ROLES[token.tag])
        if token.type == "tr_open":
            column = 0
        elif token.type == "th_open":
            words = (part.content for part in following.children or () if part.type in {"text", "code_inline"})
            headings.append("".join(words).strip())  # an attribute: no emphasis, no citation
        elif token.type == "td_open":
            token.attrSet("data-th", headings[column])
            token.meta["is_first"] = column == 0
            column += 1
    env["n_tables"] = number = env.get("n_tables", 0) + 1
    name = " ".join(filter(None, ("Table", str(number) if number > 1 else "", env.get("where", ""))))
    region = f'<div class="scroll mb-4" role="region" aria-label="{escapeHtml(name)}" tabindex="0">'
    return region + '<table class="table rows-table" role="table">\n'


def _close_table(*_: Any) -> str:
    return "</table></div>\n"


def _open_cell(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    cell = tokens[index]
    align = _ALIGN.get(str(cell.attrs.pop("style", "")))
    if align:
        cell.attrSet("class", align)
    if cell.meta.get("is_first"):
        cell.attrJoin("class", "lead-cell")
    if cell.tag == "th":
        cell.attrSet("scope", "col")
        return self.renderToken(tokens, index, options, env)
    return self.renderToken(tokens, index, options, env) + "<span>"


def _close_cell(*_: Any) -> str:
    return "</span></td>"


_TEXT = make_parser().disable("image")
_LINT = make_parser(html=True)
