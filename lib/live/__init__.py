"""Live figures: one call gives a figure that answers in JupyterLab and on a page.

    live(kernel, draw, alt="what is to be seen", bias=Bars(8, -1, 1))

``kernel(**state)`` returns named tensors; ``draw(fig, **values)`` draws them once with
matplotlib and returns the artists that move; from then on only numbers travel.

    live(look, draw, run=Run(start, step), alt="...", rate=Slider(1e-4, 1e-1, log=True))

is a figure that learns: a reader trains, pauses and restarts it, and ``look(state,
**controls)`` is called on the state as it then is.
"""

import itertools
import os
from collections.abc import Callable, Sequence
from typing import Any

from lib import plot

from . import guess as guess
from .controls import Bars, Choice, Control, Mask, Pad, Slider, Switches
from .figure import LiveFigure
from .guess import Guess
from .run import Run

__all__ = [
    "Bars",
    "Choice",
    "Mask",
    "Pad",
    "Run",
    "Slider",
    "Switches",
    "guess",
    "live",
]
_numbers = itertools.count(1)
_stored: dict[str, int] = {}  # the numbers that this page already carries


def live(
    kernel: Callable[..., dict[str, Any]],
    draw: Callable[..., dict[str, Any]],
    *,
    alt: str,
    size: tuple[float, float] = plot.WIDE,
    run: Run | None = None,
    guess: Guess | Sequence[Guess] | None = None,
    **controls: Control,
) -> None:
    """Display a figure that `controls` move, by the kernel or by its trace on a page.

    The kernel gets one argument per control: Slider a 0-d float32, Bars (n,) float32,
    Mask (h, w) bool, Switches (n,) bool, Pad (2,) float32, Choice its Python value.
    `draw` gets the outputs that it has parameters for, and returns a dict from their
    names to a line, bars, image, scatter, rectangle, fill_between or text (a list of
    them where one output moves several). `alt` says what is to be seen. With a `run`
    the kernel gets its state first; the kernel and the run's step each get those
    controls that they have parameters for. With a `guess` (guess.py), or several in
    turn, the figure asks before it shows.

    With LIVE_STATIC=1 in the environment the figure is HTML for a page without a
    kernel; one that cannot live there raises BuildError. In JupyterLab LIVE_GUESS=off
    leaves the questions out.
    """
    from IPython.display import HTML, display

    if not alt.strip():
        raise ValueError("alt is empty; say in a sentence what the figure shows")
    is_page = bool(os.environ.get("LIVE_STATIC"))
    if os.environ.get("LIVE_GUESS") == "off" and not is_page:
        guess = None
    figure = LiveFigure(kernel, draw, alt, size, controls, run, guess)
    if is_page:
        from .page import page_html

        display(HTML(page_html(figure, next(_numbers), _stored)))
    else:
        from .widget import LiveWidget

        display(LiveWidget(figure))
