"""A live figure: a kernel, its controls, and the picture that they move."""

import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch

from .controls import Choice, Control, describe
from .picture import Picture, Values
from .run import Course, Run, State, takes


class LiveFigure:
    """What both worlds share; widget.py shows it in JupyterLab, page.py on a page."""

    def __init__(
        self,
        kernel: Callable[..., Values],
        draw: Callable[..., dict[str, Any]],
        alt: str,
        size: tuple[float, float],
        controls: dict[str, Control],
        run: Run | None = None,
    ) -> None:
        _check_names(kernel, controls, run)
        self.kernel, self.size = kernel, size
        self.controls = controls
        self.course = Course(run) if run else None
        choices = {k: c for k, c in controls.items() if isinstance(c, Choice)}
        if (
            n := len(list(itertools.product(*[c.names for c in choices.values()])))
        ) > 24:
            raise ValueError(
                f"{n} combinations of choices; a live figure has at most 24"
            )
        self.choices = choices
        self.inputs = {
            k: c.start() for k, c in controls.items() if not isinstance(c, Choice)
        }
        chosen = {k: c.options[c.first] for k, c in choices.items()}
        state = self.course.state if self.course else None
        self.first = self.call(self.inputs, chosen, state)
        self.picture = Picture(draw, self.first, size, alt)
        for key, control in controls.items():
            on = getattr(control, "on", None)
            if on and not any(
                on == m["name"] and "sx" in m for m in self.picture.marks
            ):
                raise ValueError(f"{key}: on={on!r} names no artist that draw returns")

    def call(
        self, inputs: Values, choices: dict[str, Any], state: State | None = None
    ) -> Values:
        """The kernel's outputs as tensors; that of a run looks at its state."""
        given = takes(self.kernel, inputs | choices)
        with torch.no_grad():
            found = self.kernel(*([] if state is None else [state]), **given)
        if not isinstance(found, dict):
            raise TypeError(
                f"the kernel returned {type(found).__name__}; expected a dict of "
                "named tensors"
            )
        return {name: torch.as_tensor(value) for name, value in found.items()}

    def moving(self, values: Values) -> Values:
        """Those outputs that move an artist."""
        return {mark["name"]: values[mark["name"]] for mark in self.picture.marks}

    def combinations(
        self, kernel: Callable | None = None
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every combination of choices, or of those that a kernel takes.

        Each comes with its key for traced.js: "0,2", or "0," where it takes the first.
        """
        taken = takes(kernel, self.choices) if kernel else self.choices
        ranges = [
            range(len(c.options)) if name in taken else [None]
            for name, c in self.choices.items()
        ]
        for index in itertools.product(*ranges):
            pairs = zip(self.choices.items(), index, strict=True)
            chosen = {k: c.options[i] for (k, c), i in pairs if i is not None}
            yield ",".join("" if i is None else str(i) for i in index), chosen

    def spec(self, prefix: str) -> dict[str, Any]:
        """Controls and marks as JSON for mount.js."""
        found: dict[str, Any] = {
            "prefix": prefix,
            "controls": [describe(name, c) for name, c in self.controls.items()],
            "marks": self.picture.marks,
        }
        if self.course:
            run, seen = self.course.run, takes(self.kernel, self.controls)
            only = [name for name in self.controls if name not in seen]
            found["run"] = {"steps": run.steps, "named": run.named, "only": only}
        return found

    def html(self, prefix: str) -> str:
        """The figure's elements; mount.js fills in the controls and moves the marks."""
        svg = self.picture.svg(prefix)
        small = " small" if self.size[0] < 5 else ""
        width = self.size[0] / 7 * 48
        return (
            f'<figure class="live" id="{prefix}"><div class="live-scroll{small}">'
            f'<div class="live-picture" style="max-width:{width:.3g}rem">'
            f"{svg}</div></div>{self.picture.keys}"
            '<div class="live-controls"></div>'
            '<p class="live-error" role="alert" hidden></p>'
            '<p class="live-note" aria-live="polite"></p>'
        )


def _check_names(
    kernel: Callable, controls: dict[str, Control], run: Run | None
) -> None:
    for name, control in controls.items():
        if not isinstance(control, Control):
            raise TypeError(
                f"{name}: a {type(control).__name__} is not a control; expected "
                "Slider, Bars, Mask, Switches, Pad or Choice"
            )
    looks = takes(kernel, controls) if run else controls
    _check_bound(kernel, "kernel", looks, 1 if run else 0)
    if run:
        steps = takes(run.step, controls)
        _check_bound(run.step, "step", steps, 2)
        if idle := set(controls) - set(looks) - set(steps):
            raise TypeError(
                f"neither {kernel.__name__} nor {run.step.__name__} takes "
                f"{', '.join(sorted(idle))}"
            )


def _check_bound(
    function: Callable, what: str, controls: dict[str, Control], before: int
) -> None:
    try:
        inspect.signature(function).bind(*[None] * before, **controls)
    except TypeError as error:
        raise TypeError(
            f"the {what} {getattr(function, '__name__', function)!s} does not take the "
            f"controls {', '.join(controls)}: {error}"
        ) from None
