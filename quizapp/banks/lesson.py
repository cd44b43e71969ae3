"""`lesson.md` as sections: headings with ids, boxes, tables, figures, citations. The format is in docs/authoring.md."""

import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from mdit_py_plugins.container import container_plugin

from quizapp.banks.markup import FIGURE_SLOT, Sources, find_text_slips, find_token_slips, make_parser, sanitise
from quizapp.domain.evidence import CITATION, Citation, parse_citation
from quizapp.domain.faults import closest
from quizapp.domain.glossary import find_terms
from quizapp.domain.modules import SLUG, Section
from quizapp.domain.problems import Problem

BOXES = {
    "note": ('<aside class="note is-plain mb-4">', "</aside>"),
    "stop": ('<aside class="note is-stop mb-4">', "</aside>"),
    "monday": ('<aside class="panel panel-lead my-4"><h3>On Monday</h3>', "</aside>"),
    "keypoints": ('<aside class="panel my-4"><h3>Key points</h3>', "</aside>"),
    "check": (
        """<h3>Check yourself</h3><p>{question}</p><details class="panel mb-4">
<summary class="fw-semibold">Show a good answer</summary><div class="mt-2">""",
        "</div></details>",
    ),
}

_HEADING = re.compile(r"(?P<title>.*?)\s*\{\s*#(?P<id>[^\s{}]+)(?P<objectives>(?:\s+[^\s{}]+)*)\s*\}\s*")
_FENCE = re.compile(r"\s*:{3,}\s*")
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson as read. `sections` leaves out those whose heading could not be understood."""

    sections: tuple[Section, ...] = ()
    section_lines: Mapping[str, int] = field(default_factory=dict)
    citations: tuple[tuple[int, Citation], ...] = ()
    """Each citation with its line."""
    figures: Mapping[str, int] = field(default_factory=dict)
    """Paths of figures as written → line of first use."""
    problems: tuple[Problem, ...] = ()
    terms: tuple[tuple[int, str], ...] = ()
    """The line and id of each link to a term."""


def read_lesson(
    text: str, file: str, sources: Sources | None = None, figures: Mapping[str, str] | None = None
) -> Lesson:
    """Read a lesson. `figures`: path → checked drawing. Without `sources` citations show nothing.

    Whether claims, objectives and figures exist is for the caller to say, who knows the rest of the course.
    """
    problems = [Problem(file, s.line, s.code, s.message, s.hint) for s in find_text_slips(text)]
    problems += [
        Problem(file, s.line, s.code, s.message, s.hint) for s in find_token_slips(_LINT.parse(text), images=True)
    ]
    env: dict[str, Any] = {"sources": sources, "cites": {}}
    reader = _Reader(file, text, _LESSON.parse(text, env), sources, figures or {})
    reader.read()
    citations = tuple(
        (text.count("\n", 0, match.start()) + 1, cited)
        for match in CITATION.finditer(text)
        for cited in parse_citation(match[1])
    )
    return Lesson(
        tuple(reader.sections),
        reader.section_lines,
        citations,
        reader.used,
        tuple(sorted(set(problems + reader.problems))),
        tuple(find_terms(text)),
    )


def parse_lesson(text: str) -> list[Token]:
    """The tokens of a lesson, for whoever looks at its words."""
    return _LESSON.parse(text, {})  # type: ignore[no-any-return]


def parse_question(token: Token) -> list[Token]:
    """The words behind the name of a box that asks something."""
    inline: Token = _LESSON.parseInline(_after_name(token), {})[0]
    return inline.children or []


def count_words(tokens: Sequence[Token]) -> int:
    """Words that a reader reads: text, tables, captions and boxes, without citations and drawings."""
    return sum(bool(_WORD.search(word)) for word in " ".join(_texts(tokens)).split())


def _texts(tokens: Sequence[Token]) -> list[str]:
    texts: list[str] = []
    for token in tokens:
        if token.type in ("inline", "figure"):
            texts.append("".join(_inline_texts(token.children or ())))
        elif token.type in ("fence", "code_block"):
            texts.append(token.content)
        elif token.type == "container_check_open":
            texts.append(CITATION.sub("", _after_name(token)))
    return texts


def _inline_texts(tokens: Sequence[Token]) -> list[str]:
    texts: list[str] = []
    for token in tokens:
        if token.type in ("text", "code_inline", "text_special"):
            texts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            texts.append(" ")
        elif token.type == "image":
            texts += _inline_texts(token.children or ())
    return texts


def _after_name(token: Token) -> str:
    """What stands in a box's first line behind its name."""
    return token.info.strip().partition(" ")[2].strip()


class _Reader:
    """Walks the tokens of a lesson once and cuts them into sections."""

    def __init__(
        self, file: str, text: str, tokens: list[Token], sources: Sources | None, figures: Mapping[str, str]
    ) -> None:
        self.file = file
        self.lines = text.split("\n")
        self.tokens = tokens
        self.sources = sources
        self.drawings = figures
        self.sections: list[Section] = []
        self.section_lines: dict[str, int] = {}
        self.used: dict[str, int] = {}
        self.problems: list[Problem] = []

    def blame(self, line: int, code: str, message: str, hint: str) -> None:
        self.problems.append(Problem(self.file, line, code, message, hint))

    def read(self) -> None:
        self._check_blocks()
        starts = [
            i
            for i, token in enumerate(self.tokens)
            if token.type == "heading_open" and token.tag == "h2" and token.level == 0
        ]
        before = self.tokens[: starts[0]] if starts else self.tokens
        if not starts:
            self.blame(1, "no-sections", "the lesson has no section", "open one with ## Title {#its-id O1.1}")
        elif before:
            line = before[0].map[0] + 1 if before[0].map else 1
            self.blame(
                line, "outside-section", "text stands before the first section", "open a section with ## above it"
            )
        for start, end in pairwise([*starts, len(self.tokens)]):
            self._read_section(self.tokens[start + 1], self.tokens[start + 3 : end])

    def _read_section(self, heading: Token, body: list[Token]) -> None:
        line = heading.map[0] + 1 if heading.map else 1
        match = _HEADING.fullmatch(heading.content)
        if match is None or not match["title"]:
            self.blame(
                line,
                "section-heading",
                "a section heading needs a title, an id and its objectives",
                "## Title {#its-id O1.1 O1.2}",
            )
            return
        section_id = match["id"]
        if not re.fullmatch(SLUG, section_id):
            self.blame(
                line,
                "bad-form",
                f"the section id {section_id[:60]!r} has odd characters",
                "lower-case letters, digits and single hyphens",
            )
        if section_id in self.section_lines:
            first = self.section_lines[section_id]
            self.blame(
                line, "duplicate-section", f"the section id {section_id!r} is taken in line {first}", "choose another"
            )
            return
        if CITATION.search(match["title"]):
            self.blame(line, "citation-in-title", "a heading does not cite", "cite in the text below")
        if find_terms(match["title"]):
            self.blame(line, "term-in-title", "a heading does not link to a term", "link to it in the text below")
        if not body:
            self.blame(
                line, "empty-section", f"the section {section_id!r} is empty", "write it, or take the heading out"
            )
        title_tokens = _LESSON.parseInline(match["title"])
        title = " ".join(_texts(title_tokens)).strip()
        env: dict[str, Any] = {"sources": self.sources, "cites": {}, "where": f"in “{title}”"}
        self._place_figures(body)
        html = sanitise(_LESSON.renderer.render(body, _LESSON.options, env))
        for number, path in enumerate(self.used):
            html = html.replace(f'<{FIGURE_SLOT} id="{number}"></{FIGURE_SLOT}>', self.drawings.get(path, ""))
        self.section_lines[section_id] = line
        self.sections.append(
            Section(
                id=section_id,
                title=title,
                objectives=tuple(match["objectives"].split()),
                words=count_words([*title_tokens, *body]),
                html=html.strip(),
                cites=tuple(env["cites"]),
                terms=tuple(env.get("terms", ())),
            )
        )

    def _place_figures(self, body: list[Token]) -> None:
        """An image alone in its paragraph becomes a figure; any other is a fault."""
        here: set[str] = set()
        for i, token in enumerate(body):
            images = [child for child in token.children or () if child.type == "image"]
            if not images:
                continue
            line = token.map[0] + 1 if token.map else 1
            path = str(images[0].attrGet("src"))
            alone = len(token.children or ()) == 1 and body[i - 1].type == "paragraph_open" and not body[i - 1].hidden
            if not alone:
                self.blame(
                    line, "figure-in-text", "a figure stands in a paragraph of its own", "put empty lines around it"
                )
                continue
            if not images[0].content.strip():
                self.blame(line, "no-caption", "the figure has no caption", "write ![One sentence.](figures/…)")
            if path in here:
                self.blame(line, "figure-twice", f"{path[:60]} stands in this section already", "refer to it in words")
                continue
            here.add(path)
            self.used.setdefault(path, line)
            body[i - 1].hidden = body[i + 1].hidden = True
            token.type, token.meta = "figure", {"slot": list(self.used).index(path)}

    def _check_blocks(self) -> None:
        for i, token in enumerate(self.tokens):
            line = token.map[0] + 1 if token.map else 1
            if token.type == "heading_open" and token.tag == "h1":
                self.blame(
                    line,
                    "heading-level",
                    "a lesson has no heading of the first level",
                    "the title is in module.yaml; open sections with ##",
                )
            elif token.type == "heading_open" and token.tag in ("h5", "h6"):
                self.blame(line, "heading-level", f"{token.markup} is too deep", "use ### or ####")
            elif token.type == "heading_open" and token.tag == "h2" and token.level:
                self.blame(
                    line,
                    "heading-level",
                    "a section cannot open inside a box or a list",
                    "close the box with ::: first",
                )
            elif token.type.startswith("container_") and token.nesting == 1:
                self._check_box(token, self.tokens[i + 1], line)
            elif token.type == "inline":
                self._find_stray_fences(token, line)

    def _check_box(self, token: Token, following: Token, line: int) -> None:
        name = token.type.removeprefix("container_").removesuffix("_open")
        end = token.map[1] if token.map else len(self.lines)
        if not (end < len(self.lines) and _FENCE.fullmatch(self.lines[end])):
            self.blame(line, "open-box", f"the box {name!r} is not closed", "end it with a line of :::")
        if name == "check" and not _after_name(token):
            self.blame(line, "no-question", "the box 'check' has no question", "::: check What do you ask?")
        if name != "check" and _after_name(token):
            self.blame(
                line, "box-text", f"there is text behind the name of the box {name!r}", "put it into the next line"
            )
        if following.nesting == -1 and following.type == f"container_{name}_close":
            self.blame(line, "empty-box", f"the box {name!r} is empty", "write something in it, or take it out")

    def _find_stray_fences(self, token: Token, line: int) -> None:
        for offset, written in enumerate(token.content.split("\n")):
            if written.strip().startswith(":::"):
                name = written.strip().strip(":").strip().split(" ")[0]
                if name:
                    hint = closest(name, list(BOXES), f"one of {', '.join(BOXES)}")
                    self.blame(line + offset, "unknown-box", f"there is no box {name[:40]!r}", hint)
                else:
                    self.blame(
                        line + offset,
                        "stray-box-end",
                        "a box ends here that was not opened",
                        "take the ::: out, or put an empty line above",
                    )


def _open_box(
    _: RendererHTML, tokens: Sequence[Token], index: int, _options: Any, env: MutableMapping[str, Any]
) -> str:
    token = tokens[index]
    name = token.type.removeprefix("container_").removesuffix("_open")
    question = _LESSON.renderInline(_after_name(token), env) if name == "check" else ""
    return BOXES[name][0].replace("{question}", question) + "\n"


def _close_box(_: RendererHTML, tokens: Sequence[Token], index: int, *_rest: Any) -> str:
    return BOXES[tokens[index].type.removeprefix("container_").removesuffix("_close")][1] + "\n"


def _show_figure(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    image = (tokens[index].children or [])[0]
    caption = self.renderInline(image.children or [], options, env)
    slot = f'<{FIGURE_SLOT} id="{tokens[index].meta["slot"]}"></{FIGURE_SLOT}>'
    return f'<figure class="panel my-4">{slot}<figcaption class="small soft mt-2">{caption}</figcaption></figure>\n'


def _show_misplaced(_: RendererHTML, tokens: Sequence[Token], index: int, *_rest: Any) -> str:
    return escapeHtml(tokens[index].content)


def _make_lesson_parser(*, html: bool) -> Any:
    parser = make_parser(html=html)
    for name in BOXES:
        container_plugin(parser, name)
        parser.add_render_rule(f"container_{name}_open", _open_box)
        parser.add_render_rule(f"container_{name}_close", _close_box)
    parser.add_render_rule("figure", _show_figure)
    parser.add_render_rule("image", _show_misplaced)
    return parser


_LESSON = _make_lesson_parser(html=False)
_LINT = _make_lesson_parser(html=True)
