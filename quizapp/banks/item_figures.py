"""The figure of an item: the file it names, checked and put into the item. So what is published keeps its drawing."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from quizapp.banks.drawings import MAX_BYTES, read_picture
from quizapp.banks.text_files import read_text
from quizapp.domain.drafts import Draft
from quizapp.domain.faults import closest
from quizapp.domain.problems import Problem

_WRITTEN = ("file", "alternative")
"""What an author writes of a figure. The rest is put there here, and only here: nothing unchecked reaches a page."""


def place_figure(draft: Draft) -> tuple[Draft, list[Problem]]:
    """The draft with the drawing of its figure in it, and every fault of that drawing.

    A draft without a figure stays as it is. What the draft itself lacks is for the item's type to say.
    """
    figure = draft.fields.get("figure")
    if not isinstance(figure, dict):
        return draft, []
    written = {name: value for name, value in figure.items() if name in _WRITTEN}
    problems = [
        Problem(
            draft.file,
            draft.line_of(("figure", name)),
            "unknown-field",
            f"figure.{name}: is not a field here",
            closest(name, list(_WRITTEN), "a figure has file and alternative"),
        )
        for name in figure
        if name not in _WRITTEN
    ]
    drawn, faults = _draw(draft, written.get("file"))
    return replace(draft, fields={**draft.fields, "figure": {**written, **drawn}}), problems + faults


def list_figures(drafts: Iterable[Draft]) -> set[str]:
    """The files that items name as their figures."""
    figures = (draft.fields.get("figure") for draft in drafts)
    return {str(figure["file"]) for figure in figures if isinstance(figure, dict) and "file" in figure}


def _draw(draft: Draft, name: Any) -> tuple[dict[str, str], list[Problem]]:
    folder = Path(draft.file).parent / "figures"
    if not isinstance(name, str) or Path(name).parent != Path("figures"):
        return {}, []  # the item's type says what is the matter
    path, line = folder / Path(name).name, draft.line_of(("figure", "file"))
    if not path.is_file():
        there = sorted(f"figures/{each.name}" for each in folder.glob("*.svg"))
        hint = closest(name, there, "draw it, or correct the path: figures/name.svg")
        return {}, [Problem(draft.file, line, "missing-figure", f"there is no drawing {name[:80]!r}", hint)]
    text, problems = read_text(path, str(path), MAX_BYTES)
    picture = None
    if text is not None:
        picture, problems = read_picture(text, str(path), f"item-{draft.fields.get('id', '')}")
    if picture is None:
        message = f"the drawing {name[:80]!r} has faults"
        return {}, [*problems, Problem(draft.file, line, "faulty-figure", message, "mend them in the drawing")]
    return {"body": picture.body, "view_box": picture.view_box}, []
