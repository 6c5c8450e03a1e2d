"""A model as a diagram: boxes, the arrows between them, frames around what repeats.

    d = Diagram(6, 1)
    words, model, guess = d.row("words", "transformer", "next word", at=(1, 0.5))
    d.chain(words, model, guess)
    d.show(alt="Words go through a transformer, which gives the next word")

A unit is about an inch of the page. Places are centres, and y points up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lib import expect, plot

GAP = 0.04  # between an arrow and what it touches


@dataclass(frozen=True)
class Box:
    """A rectangle: its centre and its sides."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> tuple[float, float]:
        """Where an arrow meets its left side."""
        return self.x - self.width / 2, self.y

    @property
    def right(self) -> tuple[float, float]:
        """Where an arrow meets its right side."""
        return self.x + self.width / 2, self.y

    @property
    def top(self) -> tuple[float, float]:
        """Where an arrow meets its upper side."""
        return self.x, self.y + self.height / 2

    @property
    def bottom(self) -> tuple[float, float]:
        """Where an arrow meets its lower side."""
        return self.x, self.y - self.height / 2


class Diagram:
    """A drawing of `width` by `height` units, in the course's one look."""

    @expect.annotated
    def __init__(self, width: float, height: float) -> None:
        expect.positive(width=width, height=height)
        self.fig = plot.figure((width, height))
        self.fig.set_layout_engine("none")
        self.axes = self.fig.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(0, height))
        self.axes.set_axis_off()

    def box(
        self,
        text: str,
        at: tuple[float, float],
        size: tuple[float, float] = (1.0, 0.5),
        colour: str = plot.BLUE,
    ) -> Box:
        """Draw a part of the model; what only travels between parts is `plot.MUTED`.

        Raises ValueError where the text does not fit.
        """
        box = Box(*at, *size)
        left, low = box.left[0], box.bottom[1]
        self.axes.add_patch(plot.rounded(left, low, *size, colour))
        words = self.axes.text(*at, text, ha="center", va="center", linespacing=1.25)
        width, height = plot.taken(words)
        if width > size[0] or height > size[1]:
            raise ValueError(
                f"{text!r} needs {width:.2f} by {height:.2f} units, and the box has "
                f"{size[0]:g} by {size[1]:g}: give it a larger size, or fewer words"
            )
        return box

    def row(
        self,
        *texts: str,
        at: tuple[float, float],
        size: tuple[float, float] = (1.0, 0.5),
        step: float = 1.4,
        colour: str = plot.BLUE,
    ) -> list[Box]:
        """Draw boxes side by side, the first one `at` its place."""
        x, y = at
        places = [(x + i * step, y) for i in range(len(texts))]
        pairs = zip(texts, places, strict=True)
        return [self.box(text, place, size, colour) for text, place in pairs]

    def sum(self, at: tuple[float, float], sign: str = "+") -> Box:
        """Draw a circle where things are added, or joined by another `sign`."""
        self.axes.plot(*at, "o", color=plot.MUTED, markersize=13, fillstyle="none")
        self.axes.text(*at, sign, ha="center", va="center")
        return Box(*at, 0.2, 0.2)

    def note(self, text: str, at: tuple[float, float], ha: str = "center") -> None:
        """Write a word beside an arrow or under a box."""
        self.axes.text(*at, text, ha=ha, va="center", fontsize=8.5, color=plot.MUTED)

    def arrow(self, start: Box, end: Box, *, over: float = 0.0) -> None:
        """Draw an arrow, straight, or `over` what lies between (below it if negative).

        A straight one leaves and enters on the sides that face each other.
        """
        if over:
            edge = "top" if over > 0 else "bottom"
            reach = max if over > 0 else min
            level = reach(getattr(start, edge)[1], getattr(end, edge)[1]) + over
            self._path(getattr(start, edge), level, getattr(end, edge))
        elif abs(end.x - start.x) >= abs(end.y - start.y):
            right = end.x > start.x
            ends = (start.right, end.left) if right else (start.left, end.right)
            self._head(*ends)
        else:
            above = end.y > start.y
            ends = (start.top, end.bottom) if above else (start.bottom, end.top)
            self._head(*ends)

    def climb(self, start: Box, end: Box, level: float) -> None:
        """Draw an arrow from one row to another: up, or down, along `level`, and on."""
        above = end.y > start.y
        first, last = (start.top, end.bottom) if above else (start.bottom, end.top)
        self._path(first, level, last)

    def chain(self, *boxes: Box) -> None:
        """Draw an arrow from each box to the next."""
        for start, end in pairwise(boxes):
            self.arrow(start, end)

    def frame(self, boxes: Sequence[Box], text: str, margin: float = 0.2) -> Box:
        """Draw a dashed frame around boxes, with words above its upper left corner."""
        left = min(box.left[0] for box in boxes) - margin
        right = max(box.right[0] for box in boxes) + margin
        low = min(box.bottom[1] for box in boxes) - margin
        high = max(box.top[1] for box in boxes) + margin
        sides = right - left, high - low
        self.axes.add_patch(plot.rounded(left, low, *sides, plot.MUTED, "--"))
        self.axes.text(left + 0.05, high + 0.05, text, fontsize=8.5, color=plot.MUTED)
        return Box((left + right) / 2, (low + high) / 2, *sides)

    def show(self, *, alt: str) -> None:
        """Display it; `alt` says what goes where, for those who cannot see it."""
        plot.show(self.fig, alt=alt)

    def _path(
        self, start: tuple[float, float], level: float, end: tuple[float, float]
    ) -> None:
        """Draw an arrow that goes to a level, along it, and from there to its end."""
        xs, ys = (start[0], start[0], end[0]), (start[1], level, level)
        self.axes.plot(xs, ys, color=plot.INK, linewidth=1, linestyle="-")
        self._head((end[0], level), end)

    def _head(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Draw a straight arrow that ends just before its end."""
        (a, b), (x, y) = start, end
        reach = ((x - a) ** 2 + (y - b) ** 2) ** 0.5
        short = 1 - GAP / reach if reach > GAP else 1.0
        look = {
            "arrowstyle": "-|>,head_width=0.18,head_length=0.35",
            "color": plot.INK,
            "linewidth": 1,
            "linestyle": "-",
            "shrinkA": 0,
            "shrinkB": 0,
        }
        tip = a + (x - a) * short, b + (y - b) * short
        self.axes.annotate("", tip, start, arrowprops=look)
