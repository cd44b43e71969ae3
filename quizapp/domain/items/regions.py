"""Figures of items, and the regions of a figure that one can point at, in units of the drawing's viewBox."""

from functools import lru_cache
from itertools import combinations, pairwise
from math import hypot
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from quizapp.domain import inputs
from quizapp.domain.items.base import Option

Coordinate = Annotated[int, Field(ge=-10_000, le=10_000)]
Length = Annotated[int, Field(ge=1, le=10_000)]
Corner = tuple[Coordinate, Coordinate]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

_SHAPES = ("rectangle", "circle", "polygon")
_N_CELLS = (16, 40)
"""Cells each way: a letter finds its place on the coarse grid where that will do, regions are compared on the fine."""


class Figure(BaseModel):
    """A drawing that belongs to an item. `alternative` says what is drawn to those who do not see it.

    An author writes `file` and `alternative`; `body` and `view_box` are the checked drawing itself, put there when the
    bank is read, so that a published item keeps the drawing it was published with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    file: str = Field(pattern=r"^figures/[A-Za-z0-9_-]+\.svg$", max_length=100)
    alternative: str = Field(min_length=1, max_length=1000)
    body: SkipJsonSchema[str] = ""
    view_box: SkipJsonSchema[str] = "0 0 400 300"

    @property
    def box(self) -> Box:
        x, y, width, height = map(float, self.view_box.replace(",", " ").split())
        return x, y, x + width, y + height

    def show(self, marks: tuple[inputs.Mark, ...], note: str = "") -> inputs.Figure:
        """The figure as a page shows it, with marks drawn over it."""
        return inputs.Figure(self.body, self.view_box, self.alternative, marks, note)


class Region(Option):
    """A part of a figure with a neutral name: one rectangle, circle or polygon."""

    rectangle: tuple[Coordinate, Coordinate, Length, Length] | None = None
    """Left, top, width, height."""
    circle: tuple[Coordinate, Coordinate, Length] | None = None
    """Centre and radius."""
    polygon: tuple[Corner, ...] | None = Field(None, min_length=3, max_length=60)
    """The corners in order; it closes by itself."""

    @model_validator(mode="after")
    def _has_one_shape(self) -> Self:
        given = [name for name in _SHAPES if getattr(self, name) is not None]
        if len(given) != 1:
            raise PydanticCustomError(
                "region_shape",
                "a region has one shape, this one has {n}",
                {"n": len(given), "hint": f"write one of {', '.join(_SHAPES)}"},
            )
        return self

    @property
    def corners(self) -> tuple[Corner, ...]:
        """Of a rectangle or polygon; none of a circle."""
        if self.rectangle is None:
            return self.polygon or ()
        x, y, width, height = self.rectangle
        return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))

    @property
    def box(self) -> Box:
        if self.circle is not None:
            x, y, radius = self.circle
            return x - radius, y - radius, x + radius, y + radius
        xs, ys = zip(*self.corners, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def outline(self) -> str:
        """As SVG path data."""
        if self.circle is not None:
            x, y, r = self.circle
            return f"M{x - r} {y}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0Z"
        return "M" + "L".join(f"{x} {y}" for x, y in self.corners) + "Z"

    @property
    def middle(self) -> tuple[float, float]:
        """A place well inside, for its letter."""
        if self.polygon is not None:
            return _find_middle(self.polygon)
        left, top, right, bottom = self.box
        return (left + right) / 2, (top + bottom) / 2

    def holds(self, x: float, y: float) -> bool:
        """Whether the point lies inside."""
        if self.circle is None:
            return _is_inside(self.corners, x, y)
        return hypot(x - self.circle[0], y - self.circle[1]) < self.circle[2]

    def overlaps(self, other: "Region") -> bool:
        """Whether a point lies in both, seen on a grid: regions that share an edge do not overlap."""
        boxes = zip(self.box, other.box, strict=True)
        left, top, right, bottom = (max(ab) if i < 2 else min(ab) for i, ab in enumerate(boxes))
        return any(
            self.holds(x, y) and other.holds(x, y) for x, y in _list_cells((left, top, right, bottom), _N_CELLS[1])
        )


def find_region_fault(figure: Figure, regions: tuple[Region, ...]) -> tuple[int, str, str] | None:
    """The first region that is not where it should be: its position, what is the matter, and what to do."""
    left, top, right, bottom = figure.box
    for i, region in enumerate(regions):
        x1, y1, x2, y2 = region.box
        if figure.body and not (left <= x1 and top <= y1 and x2 <= right and y2 <= bottom):
            return i, f"region {i + 1} reaches beyond the figure", f"the figure's viewBox is {figure.view_box}"
    for (i, first), (j, second) in combinations(enumerate(regions), 2):
        if first.overlaps(second):
            return j, f"regions {i + 1} and {j + 1} overlap", "a point belongs to one region: cut one of them"
    return None


def check_regions(figure: Figure, regions: tuple[Region, ...]) -> None:
    """Refuse regions that reach beyond the figure or into each other."""
    fault = find_region_fault(figure, regions)
    if fault is not None:
        at, message, hint = fault
        context: dict[str, Any] = {"said": message, "at": ("regions", at), "hint": hint}
        raise PydanticCustomError("region_place", "{said}", context)


def _list_cells(box: Box, n: int) -> list[tuple[float, float]]:
    """The middles of the cells of a grid over `box`, `n` each way; none if it is empty."""
    left, top, right, bottom = box
    if right <= left or bottom <= top:
        return []
    steps = [(i + 0.5) / n for i in range(n)]
    return [(left + (right - left) * a, top + (bottom - top) * b) for b in steps for a in steps]


def _is_inside(corners: tuple[Corner, ...], x: float, y: float) -> bool:
    """By the even-odd rule: a ray to the right crosses the edges an odd number of times."""
    inside = False
    for (x1, y1), (x2, y2) in pairwise((*corners, corners[0])):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


@lru_cache(maxsize=256)
def _find_middle(corners: tuple[Corner, ...]) -> tuple[float, float]:
    """The point of a grid over a polygon that is inside and farthest from its edges."""
    xs, ys = zip(*corners, strict=True)
    box = min(xs), min(ys), max(xs), max(ys)
    grids = ([cell for cell in _list_cells(box, n) if _is_inside(corners, *cell)] for n in _N_CELLS)
    inside = next(filter(None, grids), [corners[0]])
    edges = list(pairwise((*corners, corners[0])))
    x, y = max(inside, key=lambda cell: min(_find_distance(cell, *edge) for edge in edges))
    return round(x, 1), round(y, 1)


def _find_distance(point: tuple[float, float], start: Corner, end: Corner) -> float:
    """From a point to the stretch between two others."""
    (x, y), (x1, y1), (x2, y2) = point, start, end
    dx, dy = x2 - x1, y2 - y1
    length = dx * dx + dy * dy
    along = min(1.0, max(0.0, ((x - x1) * dx + (y - y1) * dy) / length)) if length else 0.0
    return hypot(x - x1 - along * dx, y - y1 - along * dy)
