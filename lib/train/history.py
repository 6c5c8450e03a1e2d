"""What has been seen of a training run, and how it is shown as it goes."""

import sys
import time
from dataclasses import dataclass, field
from html import escape
from typing import Any

INKS = ("#0072b2", "#d55e00", "#cc79a7", "#009e73")  # Okabe-Ito, legible on dark too
DASHES = ("none", "7 3", "2 3", "9 3 2 3")  # so that colour is never the only sign


@dataclass
class History:
    """What has been seen of a run of `total` steps; one loss a step for every player.

    `measurements` holds (step, value) pairs for each name that `watch` returned;
    `seconds` are wall seconds, those before a resume included.
    """

    total: int
    losses: dict[str, list[float]]
    measurements: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    seconds: float = 0.0
    interrupted: bool = False

    @property
    def steps(self) -> int:
        """Steps finished."""
        return len(self.loss)

    @property
    def loss(self) -> list[float]:
        """The losses of the first player, the only one where `loss` was a function."""
        return next(iter(self.losses.values()))

    def latest(self) -> dict[str, float]:
        """The last value of every loss and of every measured number."""
        measured = {name: pairs[-1][1] for name, pairs in self.measurements.items()}
        numbers = {k: v for k, v in measured.items() if isinstance(v, float)}
        return {name: kept[-1] for name, kept in self.losses.items() if kept} | numbers

    def __repr__(self) -> str:
        words = [f"{self.steps}/{self.total} steps", f"{self.seconds:.1f} s"]
        if 0 < self.steps < self.total and not self.interrupted:
            left = self.seconds * (self.total / self.steps - 1)
            words.append(f"about {left:.0f} s to go")
        words += [f"{name} {value:.4g}" for name, value in self.latest().items()]
        if self.interrupted:
            words.append("interrupted, what was learnt is kept")
        return " · ".join(words)

    def html(self) -> str:
        """The loss curves, a progress bar while the run goes on, and the line below."""
        going_on = self.steps < self.total and not self.interrupted
        bar = (
            f'<progress aria-label="training" max="{self.total}" value="{self.steps}" '
            'style="width:100%"></progress>'
        )
        return (
            '<div class="training" style="max-width:480px">'
            f"{_picture(self.losses, self.total)}{bar if going_on else ''}"
            f'<div style="font-size:small">{escape(repr(self))}</div></div>'
        )


def _picture(losses: dict[str, list[float]], total: int) -> str:
    """An SVG of every loss against the step, each as at most 160 means."""
    steps = max(map(len, losses.values()))
    width = max(1, steps // 160)
    means = {
        name: [
            sum(part) / len(part)
            for part in (kept[i : i + width] for i in range(0, steps, width))
        ]
        for name, kept in losses.items()
    }
    heights = sorted(value for kept in means.values() for value in kept)
    if not heights:
        return ""
    low, usual = heights[0], heights[int(0.98 * len(heights))]
    high = min(heights[-1], 3 * usual - 2 * low)  # a spike is cut, not the curve
    scale = 96 / (high - low) if high > low else 0.0

    def points(kept: list[float]) -> str:
        ys = (104 - scale * (min(value, high) - low) for value in kept)
        xs = (min((i + 0.5) * width, steps) * 416 / total for i in range(len(kept)))
        return " ".join(f"{60 + x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))

    lines, legend = "", ""
    for i, (name, kept) in enumerate(means.items()):
        ink = f'stroke="{INKS[i % 4]}" stroke-dasharray="{DASHES[i % 4]}"'
        lines += f'<polyline points="{points(kept)}" {ink} fill="none" '
        lines += 'stroke-width="1.5"/>'
        x = 70 + 110 * i
        legend += f'<path d="M{x} 123h22" {ink} stroke-width="2"/>'
        legend += f'<text x="{x + 27}" y="127">{escape(name)}</text>'
    told = "; ".join(
        f"{name} from {kept[0]:.3g} to {kept[-1]:.3g}" for name, kept in means.items()
    )
    return (
        f'<svg viewBox="0 0 480 132" role="img" style="width:100%" fill="currentColor" '
        f'font-size="11" aria-label="{escape(told)} over {steps} steps">'
        '<path d="M60 4V108H476" fill="none" stroke="currentColor" opacity=".4"/>'
        f'<text x="54" y="14" text-anchor="end">{high:.3g}</text>'
        f'<text x="54" y="106" text-anchor="end">{low:.3g}</text>'
        f'<text x="476" y="127" text-anchor="end">{total} steps</text>'
        f"{lines}{legend}</svg>"
    )


class Screen:
    """The history as it grows: a picture in a notebook, a line now and then elsewhere.

    A picture costs 1-2 ms and is drawn at most four times a second.
    """

    def __init__(self, history: History, every: int, quiet: bool) -> None:
        self.history, self.every, self.quiet = history, every, quiet
        self.handle: Any = None
        self.due = 0.0
        self.told = -1

    def __enter__(self) -> "Screen":
        if not self.quiet and _in_notebook():
            from IPython.display import HTML, display

            self.handle = display(HTML(""), display_id=True)
        if self.history.steps and not self.quiet:
            print(f"going on after step {self.history.steps}")
        return self

    def update(self) -> None:
        """Show what is new, if it is time for that."""
        if self.handle is None:
            if self.history.steps % self.every == 0:
                self.show()
        elif time.monotonic() >= self.due:
            self.show()
            self.due = time.monotonic() + 0.25

    def show(self) -> None:
        """Show how things stand."""
        if self.handle is not None:
            from IPython.display import HTML

            self.handle.update(HTML(self.history.html()))
        elif not self.quiet and self.told != self.history.steps:
            print(self.history, flush=True)
            self.told = self.history.steps

    def __exit__(self, *_: object) -> None:
        self.show()


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
