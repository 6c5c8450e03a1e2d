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

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyBboxPatch

from lib import plot

ROUND = "round,pad=0,rounding_size=0.08"
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

    def __init__(self, width: float, height: float) -> None:
        self.fig = plot.figure((width, height))
        self.fig.set_layout_engine("none")
        self.canvas = FigureCanvasAgg(self.fig)  # measures texts
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
        self.axes.add_patch(
            FancyBboxPatch(
                (box.left[0], box.bottom[1]),
                *size,
                boxstyle=ROUND,
                facecolor="none",
                edgecolor=colour,
                linewidth=1.2,
            )
        )
        words = self.axes.text(*at, text, ha="center", va="center", linespacing=1.25)
        taken = words.get_window_extent(self.canvas.get_renderer())
        width, height = taken.width / self.fig.dpi, taken.height / self.fig.dpi
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
            first, last = getattr(start, edge), getattr(end, edge)
            reach = max if over > 0 else min
            level = reach(first[1], last[1]) + over
            self._path([first, (first[0], level), (last[0], level), last])
        elif abs(end.x - start.x) >= abs(end.y - start.y):
            right = end.x > start.x
            ends = (start.right, end.left) if right else (start.left, end.right)
            self._path(ends)
        else:
            above = end.y > start.y
            ends = (start.top, end.bottom) if above else (start.bottom, end.top)
            self._path(ends)

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
        self.axes.add_patch(
            FancyBboxPatch(
                (left, low),
                right - left,
                high - low,
                boxstyle=ROUND,
                facecolor="none",
                edgecolor=plot.MUTED,
                linestyle=(0, (4, 3)),
            )
        )
        self.axes.text(left + 0.05, high + 0.05, text, fontsize=8.5, color=plot.MUTED)
        middle = (left + right) / 2, (low + high) / 2
        return Box(*middle, right - left, high - low)

    def show(self, *, alt: str) -> None:
        """Display it; `alt` says what goes where, for those who cannot see it."""
        plot.show(self.fig, alt=alt)

    def _path(self, points: Sequence[tuple[float, float]]) -> None:
        """Draw a line through points, with a head at its end."""
        *bends, (x, y) = points
        before = bends[-1]
        reach = ((x - before[0]) ** 2 + (y - before[1]) ** 2) ** 0.5
        short = 1 - GAP / reach if reach > GAP else 1.0
        tip = before[0] + (x - before[0]) * short, before[1] + (y - before[1]) * short
        if len(bends) > 1:
            xs, ys = zip(*bends, strict=True)
            self.axes.plot(xs, ys, color=plot.INK, linewidth=1, linestyle="-")
        self.axes.annotate(
            "",
            tip,
            before,
            arrowprops={
                "arrowstyle": "-|>,head_width=0.18,head_length=0.35",
                "color": plot.INK,
                "linewidth": 1,
                "linestyle": "-",
                "shrinkA": 0,
                "shrinkB": 0,
            },
        )
