"""A matplotlib figure drawn once as SVG, with empty places for the parts that move.

`draw(fig, **values)` returns the artists that move, by the name of the kernel output
that moves them (a list of artists where one output moves several).
"""

import io
import re
from collections.abc import Callable, Collection, Iterator
from typing import Any
from xml.etree import ElementTree

import torch
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection, PathCollection
from matplotlib.colors import same_color
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from lib import plot

from .keys import keys
from .recipes import Mark, check_shape, recipe
from .shown import show

Values = dict[str, torch.Tensor]
STILL = "A still picture. Run this cell, and it moves."
_IMAGE = "{http://www.w3.org/2000/svg}image"
_TEXT = "{http://www.w3.org/2000/svg}text"
_HREF = "{http://www.w3.org/1999/xlink}href"
_FIELD = re.compile(r"\{(?::(\+?,?(?:\.\d+)?[fge%]|\+?,?d|c))?\}")


class Picture:
    """The drawn figure: `marks`, the recipes of what moves, `svg(prefix)` and `still`.

    `still` is a PNG of the first values with a sentence below, for where nothing moves;
    `said` is what it says in words, as its description does.
    """

    def __init__(
        self, draw: Callable, values: Values, size: tuple[float, float], alt: str
    ) -> None:
        self.fig = plot.figure(size)
        drawn = draw(self.fig, **values)
        if not isinstance(drawn, dict):
            raise TypeError(
                f"draw returned {type(drawn).__name__}; expected a dict from the names "
                "of kernel outputs to the artists that they move"
            )
        moving = list(_moving(drawn, values))
        _hollow(self.fig)
        templates = {
            artist: _fill_template(artist, values[name])
            for name, artist in moving
            if isinstance(artist, Text)
        }
        self.fig.draw_without_rendering()
        self.fig.set_layout_engine("none")
        self.alt, self.said = alt, f"{alt}. {STILL}"
        self.marks: list[Mark] = []
        for number, (name, artist) in enumerate(moving):
            mark = {"id": f"m{number}", "name": name, **recipe(artist)}
            if isinstance(artist, Text):
                mark["template"] = templates[artist]
            check_shape(mark, values[name])
            self.marks.append(mark)
        drawn_on = zip(self.marks, (_axes(artist) for _, artist in moving), strict=True)
        self.limits = {  # name -> those of the axes that it is drawn on
            mark["name"]: [list(axes.get_xlim()), list(axes.get_ylim())]
            for mark, axes in drawn_on
            if "sx" in mark
        }
        for mark, (name, artist) in zip(self.marks, moving, strict=True):
            show(artist, mark, values[name])
        self.still = _still(self.fig, self.said)
        for mark, (_, artist) in zip(self.marks, moving, strict=True):
            _stand_in(artist, mark["id"])
        self.keys = keys(self.fig, {a: n.replace("_", " ") for n, a in moving})

    def svg(self, prefix: str, hidden: Collection[str] = ()) -> str:
        """The picture as SVG text; what moves is an empty group for movers.js.

        Of texts that are `hidden` the fields stay open.
        """
        root = plot.tree(self.fig, prefix)
        root.set("role", "img")
        root.set("aria-label", self.alt)
        found = {element.get("id"): element for element in root.iter()}
        for mark in self.marks:
            element = found[f"{prefix}-{mark['id']}"]
            if element.tag == _IMAGE:
                element.attrib.pop("transform", None)
                element.attrib.pop(_HREF, None)
            elif mark["kind"] != "text":
                _empty(element)
            elif mark["name"] in hidden:
                text = next(element.iter(_TEXT))
                text.text = _FIELD.sub("…", mark["template"])
        return plot.text(root)


def _axes(artist: Any) -> Axes:
    return (artist[0] if isinstance(artist, BarContainer) else artist).axes


def _still(fig: Any, said: str) -> bytes:
    """The figure as it stands now, and under it in small letters what it is."""
    width, height = fig.get_size_inches()
    sentence = fig.text(0.01, -0.15 / height, STILL, size="small", va="center")
    out, below = io.BytesIO(), Bbox([[0, -0.3], [width, height]])
    words = {"Software": None, "Description": said}
    fig.savefig(out, dpi=96, bbox_inches=below, metadata=words)
    sentence.remove()
    return out.getvalue()


def _moving(drawn: dict[str, Any], values: Values) -> Iterator[tuple[str, Any]]:
    for name, artists in drawn.items():
        if name not in values:
            raise ValueError(
                f"draw moves {name!r}, but the kernel returns only {', '.join(values)}"
            )
        several = isinstance(artists, list)
        yield from [(name, a) for a in artists] if several else [(name, artists)]


def _hollow(fig: Figure) -> None:
    """Large dots in the colour of handles become rings, for no hand moves them."""

    def is_handle(colour: Any) -> bool:
        return same_color(colour, plot.VERMILION)

    for points in fig.findobj(PathCollection):
        faces = points.get_facecolor() if points.get_array() is None else []
        if len(faces) and all(map(is_handle, faces)) and points.get_sizes().max() > 12:
            points.set(facecolor=plot.PAPER, edgecolor=plot.VERMILION, linewidth=1.6)
    for line in fig.findobj(Line2D):
        large = (
            line.get_marker() in Line2D.filled_markers and line.get_markersize() > 3.5
        )
        if large and is_handle(line.get_markerfacecolor()):
            line.set(markerfacecolor=plot.PAPER, markeredgecolor=plot.VERMILION)
            line.set_markeredgewidth(1.6)


def _empty(group: ElementTree.Element) -> None:
    key = group.get("id", "")
    clip = next((e.get("clip-path") for e in group.iter() if e.get("clip-path")), None)
    group.clear()
    group.set("id", key)
    if clip:
        group.set("clip-path", clip)


def _fill_template(label: Text, value: torch.Tensor) -> str:
    """The label's template; the label shows the first values, so that layout fits."""
    template = label.get_text()
    fields = re.findall(r"\{[^}]*\}", template)
    strange = [field for field in fields if not _FIELD.fullmatch(field)]
    if "$" in template or "\n" in template or not fields or strange:
        raise ValueError(
            "a live text is one line without mathematics, with fields such as "
            f"{{:.3f}}, {{:,d}}, {{:.1%}}, {{:.2e}}, {{:.3g}} or {{:c}}; got "
            f"{template!r}"
        )
    numbers = value.detach().flatten().tolist()
    if len(numbers) != len(fields):
        raise ValueError(
            f"{template!r} has {len(fields)} fields, the kernel gave "
            f"{len(numbers)} numbers"
        )
    try:
        label.set_text(template.format(*numbers))
    except ValueError as error:
        raise ValueError(f"{template!r} with {value.dtype} numbers: {error}") from None
    if value.dtype.is_floating_point and "{}" in fields:
        raise ValueError(f"{template!r}: say how to print a float, such as {{:.3f}}")
    return template


def _stand_in(artist: Any, key: str) -> None:
    """Give the artist its id, and data that matplotlib certainly draws."""
    if isinstance(artist, BarContainer):
        for patch in artist[1:]:
            patch.set_visible(False)
        artist = artist[0]
    artist.set_gid(key)
    artist.set_visible(True)
    if isinstance(artist, Text | AxesImage):
        return
    x, y = (
        sum(limits) / 2 for limits in (artist.axes.get_xlim(), artist.axes.get_ylim())
    )
    if isinstance(artist, Line2D):
        artist.set(xdata=[x, x], ydata=[y, y], linestyle="-", marker="")
    elif isinstance(artist, FillBetweenPolyCollection):
        artist.set_data([x, x], [y, y], [y, y])
    elif isinstance(artist, PathCollection):
        artist.set_array(None)
        artist.set_offsets([[x, y]])
    elif isinstance(artist, Rectangle):
        artist.set_bounds(x, y, 1e-9, 1e-9)
