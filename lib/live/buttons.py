"""Train, step, pause: a panel of plain ipywidgets around anything that can be trained.

In JupyterLab alone: a page has no kernel to train with, and says so.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Any, Protocol

import ipywidgets as widgets
import torch
from matplotlib.figure import Figure

from lib import plot

from .controls import Choice, Control, Mask, Slider

_WIDE = {"style": {"description_width": "9rem"}, "layout": {"width": "26rem"}}


class Trainable(Protocol):
    """What the panel needs of a run."""

    def step(self, n: int) -> None: ...
    def change(self, **settings: Any) -> None: ...
    def restart(self) -> None: ...
    @property
    def steps(self) -> int: ...


def buttons(
    run: Trainable,
    picture: Callable[[], Figure],
    *,
    alt: str,
    stride: int = 25,
    **controls: Control,
) -> "Panel | None":
    """Display buttons that train `run`, and `picture()` after every `stride` steps.

    Each control (Slider, Choice, Mask) is handed to `run.change(name=value)` whenever
    it moves, training or not. With LIVE_STATIC=1 there is a sentence instead.
    """
    from IPython.display import HTML, display

    if os.environ.get("LIVE_STATIC"):
        sentence = "In JupyterLab there are buttons here: train, one step, pause."
        display(HTML(f"<p><em>{sentence}</em></p>"))
        return None
    panel = Panel(run, picture, alt, stride, controls)
    display(panel.box)
    return panel


class Panel:
    """The buttons, the controls, and the newest picture; `box` is the widget."""

    def __init__(
        self,
        run: Trainable,
        picture: Callable[[], Figure],
        alt: str,
        stride: int,
        controls: dict[str, Control],
    ) -> None:
        self.run, self.picture, self.alt, self.stride = run, picture, alt, stride
        self.task: asyncio.Task | None = None
        self.said = widgets.Label()
        self.view = widgets.HTML()
        names = ("Train", "One step", "Pause", "Restart")
        acts = (self.train, self.one, self.pause, self.restart)
        row = [widgets.Button(description=name) for name in names]
        for button, act in zip(row, acts, strict=True):
            button.on_click(lambda _, act=act: act())
        self.controls = {name: self._control(name, c) for name, c in controls.items()}
        self.box = widgets.VBox(
            [widgets.HBox(row), *self.controls.values(), self.said, self.view]
        )
        self.show()

    def train(self) -> None:
        """Go on until paused, leaving the kernel free in between."""
        if self.task is None or self.task.done():
            self.task = asyncio.ensure_future(self._go_on())

    def pause(self) -> None:
        """Stop after the steps at hand."""
        if self.task is not None:
            self.task.cancel()
            self.task = None
        self.show()

    def one(self) -> None:
        """A single step, for those who want to see it."""
        self.advance(1)

    def restart(self) -> None:
        """Begin again; if it was training, it goes on training."""
        self.run.restart()
        self.show()

    def advance(self, steps: int) -> None:
        """Some steps and a picture; what goes wrong is said, and training stops."""
        try:
            self.run.step(steps)
        except Exception as error:
            self.said.value = f"{type(error).__name__}: {error}"
            if self.task is not None:
                self.task.cancel()
                self.task = None
        else:
            self.show()

    def show(self) -> None:
        """Draw how it stands."""
        self.view.value = plot.html(self.picture(), self.alt)
        self.said.value = f"{self.run.steps:,} steps"

    async def _go_on(self) -> None:
        while True:
            self.advance(self.stride)
            await asyncio.sleep(0.01)  # the kernel hears the other buttons

    def _control(self, name: str, control: Control) -> widgets.Widget:
        label = control.label or name.replace("_", " ")
        if isinstance(control, Mask):
            cells = [
                widgets.ToggleButton(
                    value=bool(on),
                    description=str(i + 1),
                    tooltip=f"{label} {i + 1}",
                    layout={"width": "3rem"},
                )
                for i, on in enumerate(control.start().flatten())
            ]

            def mask(_: Any) -> None:
                state = torch.tensor([cell.value for cell in cells])
                self._change(name, state.view(control.height, control.width))

            for cell in cells:
                cell.observe(mask, "value")
            return widgets.HBox(
                [widgets.Label(label, layout={"width": "9rem"}), *cells]
            )
        one = _widget(control, label)
        one.observe(lambda seen: self._change(name, seen["new"]), "value")
        return one

    def _change(self, name: str, value: Any) -> None:
        try:
            self.run.change(**{name: value})
        except Exception as error:
            self.said.value = f"{type(error).__name__}: {error}"
        else:
            self.show()


def _widget(control: Control, label: str) -> widgets.Widget:
    if isinstance(control, Choice):
        options = list(zip(control.names, control.options, strict=True))
        value = control.options[control.first]
        return widgets.Dropdown(
            options=options, value=value, description=label, **_WIDE
        )
    if isinstance(control, Slider):
        low, high, value = control.low, control.high, float(control.start())
        if control.log:
            ends = torch.tensor([low, high], dtype=torch.float64).log10().tolist()
            return widgets.FloatLogSlider(
                value, min=ends[0], max=ends[1], step=0.05, description=label,
                readout_format=".1e", **_WIDE,
            )  # fmt: skip
        step = control.step or (high - low) / 200
        return widgets.FloatSlider(
            value, min=low, max=high, step=step, description=label, **_WIDE
        )
    raise TypeError(
        f"a {type(control).__name__} has no place in a panel; expected Slider, Choice "
        "or Mask"
    )
