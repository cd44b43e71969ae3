"""SVG drawings as they may stand in a page: parsed, checked against an allow-list, written anew.

Nothing of the file itself reaches the page: elements and attributes that are not on the list are faults, ids get the
drawing's name as a prefix so that no two drawings and no page can clash, and the text alternative is wired here.
"""

import re
from dataclasses import dataclass, field
from html import escape
from xml.parsers import expat

from quizapp.domain.problems import Problem

MAX_BYTES = 200_000
MAX_ELEMENTS = 3_000
MAX_DEPTH = 20

_SVG = "http://www.w3.org/2000/svg"
_ELEMENTS = {
    "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "title", "desc",
    "defs", "marker",
}  # fmt: skip
_TEXT_ELEMENTS = {"text", "tspan", "title", "desc"}
_PLAIN = {
    "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "dx", "dy", "width", "height", "d", "points",
    "transform", "viewBox", "preserveAspectRatio", "pathLength", "stroke-width", "stroke-dasharray",
    "stroke-dashoffset", "stroke-linecap", "stroke-linejoin", "text-anchor", "dominant-baseline", "refX", "refY",
    "markerWidth", "markerHeight", "markerUnits", "orient",
}  # fmt: skip
_MARKERS = {"marker-start", "marker-mid", "marker-end"}
_DROPPED = {"role", "aria-labelledby", "aria-describedby", "aria-hidden", "focusable", "version"}
"""Harmless, and set or left out by us."""

_PLAIN_VALUE = re.compile(r"[A-Za-z0-9 .,+\-()%\n\t]*")
_ID = re.compile(r"[A-Za-z][\w.-]*", re.ASCII)
_LOCAL_URL = re.compile(r"url\(#([A-Za-z][\w.-]*)\)", re.ASCII)
_NUMBER = r"-?(?:\d+(?:\.\d*)?|\.\d+)"
_VIEW_BOX = re.compile(rf"\s*{_NUMBER}(?:[ ,]+{_NUMBER}){{3}}\s*", re.ASCII)
_CLASSES = {
    "c-body", "c-line", "c-grid", "c-mark", "c-acc", "c-acc-l", "c-ink", "c-ink-l", "c-right", "c-wrong", "c-note",
    "c-stop-l", "c-soft", "c-sunk", "c-surface", "lab", "chart",
}  # fmt: skip


@dataclass(slots=True)
class _Element:
    name: str
    attributes: dict[str, str]
    line: int
    children: "list[_Element | str]" = field(default_factory=list)


class _Stop(Exception):  # noqa: N818 - ends the reading, is caught in this file
    def __init__(self, line: int, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.fault = (line, code, message, hint)


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing without its outer element, name and text alternative, for a page that gives it others."""

    view_box: str
    body: str


def read_drawing(text: str, file: str, name: str) -> tuple[str | None, list[Problem]]:
    """The drawing as HTML, or every fault in it. `name` becomes the prefix of its ids."""
    root, problems = _read(text, file)
    return (None if root is None else _write(root, _prefix(name), root)), problems


def read_picture(text: str, file: str, name: str) -> tuple[Picture | None, list[Problem]]:
    """As `read_drawing`, for a figure of a question: a title shown by a browser could say what is asked."""
    root, problems = _read(text, file)
    if root is None:
        return None, problems
    for element in _walk(root):
        element.children = [c for c in element.children if isinstance(c, str) or c.name not in ("title", "desc")]
    view_box = " ".join(root.attributes["viewBox"].replace(",", " ").split())
    inside = "".join(_write(child, _prefix(name), root) for child in root.children if isinstance(child, _Element))
    return Picture(view_box, inside), []


def _prefix(name: str) -> str:
    return f"fig-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}"


def _read(text: str, file: str) -> tuple[_Element | None, list[Problem]]:
    """The checked tree, or every fault in it."""
    try:
        root = _parse(text)
    except _Stop as stop:
        return None, [Problem(file, *stop.fault)]
    except expat.ExpatError as error:
        return None, [
            Problem(
                file,
                error.lineno or 1,
                "bad-svg",
                f"this is not XML: {expat.errors.messages[error.code]}",
                "export it anew",
            )
        ]
    elements = _walk(root)
    faults = [*_check_root(root), *_check_ids(elements), *(fault for element in elements for fault in _check(element))]
    problems = sorted({Problem(file, *fault) for fault in faults})
    return (None if problems else root), problems


def _parse(text: str) -> _Element:
    """A tree, with document types and entities refused, and sizes bounded."""
    parser = expat.ParserCreate("utf-8", " ")
    parser.buffer_text = True
    stack: list[_Element] = []
    roots: list[_Element] = []
    n_elements = 0

    def refuse(*_: object) -> None:
        raise _Stop(
            parser.CurrentLineNumber, "svg-doctype", "a document type or entity stands here", "take out <!DOCTYPE …>"
        )

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal n_elements
        n_elements += 1
        if n_elements > MAX_ELEMENTS or len(stack) >= MAX_DEPTH:
            raise _Stop(parser.CurrentLineNumber, "svg-too-large", "the drawing has too many parts", "simplify it")
        element = _Element(name.removeprefix(f"{_SVG} "), attributes, parser.CurrentLineNumber)
        (stack[-1].children if stack else roots).append(element)
        stack.append(element)

    def end(_: str) -> None:
        stack.pop()

    def characters(data: str) -> None:
        stack[-1].children.append(data)

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = characters
    parser.Parse(text.encode("utf-8", "replace"), True)
    return roots[0]


def _walk(element: _Element) -> "list[_Element]":
    found = [element]
    for child in element.children:
        if isinstance(child, _Element):
            found += _walk(child)
    return found


Fault = tuple[int, str, str, str]


def _check_root(root: _Element) -> list[Fault]:
    if root.name != "svg":
        return [
            (root.line, "bad-svg", "the file is not an SVG drawing", f'begin with <svg xmlns="{_SVG}" viewBox="…">')
        ]
    faults = []
    if not _VIEW_BOX.fullmatch(root.attributes.get("viewBox", "")):
        faults.append(
            (root.line, "svg-view-box", "the drawing has no viewBox of four numbers", 'write viewBox="0 0 400 300"')
        )
    for name, what in (("title", "name"), ("desc", "text alternative")):
        found = [c for c in root.children if isinstance(c, _Element) and c.name == name]
        if len(found) != 1 or not _text(found[0]).strip():
            faults.append(
                (
                    root.line,
                    f"svg-{name}",
                    f"the drawing needs one <{name}>, its {what}",
                    f"write <{name}>…</{name}> first",
                )
            )
    return faults


def _check_ids(elements: list[_Element]) -> list[Fault]:
    ids = [element.attributes.get("id") for element in elements]
    return [
        (element.line, "svg-id", f"the id {name[:40]!r} is there twice", "choose another")
        for number, (element, name) in enumerate(zip(elements, ids, strict=True))
        if name is not None and name in ids[:number]
    ]


def _check(element: _Element) -> list[Fault]:
    line = element.line
    name = element.name.rpartition(" ")[2][:40]
    if element.name not in _ELEMENTS:
        return [(line, "svg-element", f"<{name}> may not stand in a drawing", "draw it with paths, shapes and text")]
    faults: list[Fault] = []
    if element.name in ("title", "desc") and any(isinstance(c, _Element) for c in element.children):
        faults.append((line, "svg-element", f"<{name}> holds more than text", "leave only text in it"))
    if element.name not in _TEXT_ELEMENTS and "".join(c for c in element.children if isinstance(c, str)).strip():
        faults.append((line, "svg-text", f"there is text in <{name}>", "put it into <text>"))
    for attribute, value in element.attributes.items():
        faults += _check_attribute(line, attribute, value)
    return faults


def _check_attribute(line: int, attribute: str, value: str) -> list[Fault]:
    shown = attribute.rpartition(" ")[2][:40]
    if attribute == "class":
        unknown = sorted(set(value.split()) - _CLASSES)
        return [
            (line, "svg-class", f"there is no class {c[:40]!r}", f"one of {', '.join(sorted(_CLASSES))}")
            for c in unknown
        ]
    if attribute == "id":
        return (
            [] if _ID.fullmatch(value) else [(line, "svg-id", "this id has odd characters", "letters, digits, hyphens")]
        )
    if attribute in _MARKERS:
        fine = value == "none" or _LOCAL_URL.fullmatch(value)
        return [] if fine else [(line, "svg-link", f"{shown} must name a marker of this drawing", "write url(#id)")]
    if attribute in _PLAIN:
        return (
            []
            if _PLAIN_VALUE.fullmatch(value)
            else [(line, "svg-value", f"the value of {shown} has odd characters", "numbers and plain words")]
        )
    if attribute in _DROPPED:
        return []
    hint = "use the classes of the theme" if attribute in ("style", "fill", "stroke") else "take it out"
    return [(line, "svg-attribute", f"the attribute {shown} may not stand in a drawing", hint)]


def _text(element: _Element) -> str:
    return "".join(child for child in element.children if isinstance(child, str))


def _write(element: _Element, prefix: str, root: _Element) -> str:
    attributes = {name: value for name, value in element.attributes.items() if name not in _DROPPED}
    if "id" in attributes:
        attributes["id"] = f"{prefix}-{attributes['id']}"
    for name in _MARKERS & attributes.keys():
        attributes[name] = _LOCAL_URL.sub(rf"url(#{prefix}-\1)", attributes[name])
    if element is root:
        attributes |= {"class": "chart", "role": "img", "aria-labelledby": f"{prefix}_title {prefix}_desc"}
    elif element.name in ("title", "desc") and any(child is element for child in root.children):
        attributes = {"id": f"{prefix}_{element.name}"}
    written = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    inside = "".join(
        escape(child, quote=False) if isinstance(child, str) else _write(child, prefix, root)
        for child in element.children
    )
    return f"<{element.name}{written}>{inside}</{element.name}>"
