"""A live figure: a kernel, its controls, and the picture that they move."""

import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch

from .controls import Choice, Control
from .guess import Guess, listed
from .picture import Picture, Values
from .run import Course, Run, State, takes
from .told import describe, moved


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
        guess: Guess | Sequence[Guess] | None = None,
    ) -> None:
        _check_names(kernel, controls, run)
        self.kernel, self.size, self.guesses = kernel, size, listed(guess)
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
        self.picture = Picture(draw, takes(draw, self.first), size, alt)
        for key, control in controls.items():
            on = getattr(control, "on", None)
            if on and not any(
                on == m["name"] and "sx" in m for m in self.picture.marks
            ):
                raise ValueError(f"{key}: on={on!r} names no artist that draw returns")
        self.asked = [self._asked(one) for one in self.guesses]

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
        """Those outputs that move an artist, or answer a guess."""
        names = [mark["name"] for mark in self.picture.marks]
        names += [one.of for one in self.guesses]
        return {name: values[name] for name in names}

    def _asked(self, guess: Guess) -> dict[str, Any]:
        """A guess as JSON for guess/ask.js, after a look at what will answer it."""
        names = [mark["name"] for mark in self.picture.marks]
        _check_known("shows", guess.shows, names, "the outputs that move")
        _check_known("at", guess.at, self.controls, "the controls")
        last = self.course.run.steps if self.course else 0
        if guess.steps > last:
            raise ValueError(f"steps={guess.steps}: the figure makes {last} at most")
        at = {k: moved(k, self.controls[k], value) for k, value in guess.at.items()}
        given = {k: at.get(k, control) for k, control in self.controls.items()}
        choices, inputs = {}, {}
        for name, c in given.items():
            if isinstance(c, Choice):
                choices[name] = c.options[c.first]
            else:
                inputs[name] = c.start()
        state = self.course.state if self.course else None
        values = self.call(inputs, choices, state) if at else self.first
        _check_known("of", [guess.of], values, "the kernel's outputs")
        guess.check(values[guess.of], self.picture.marks)
        return guess.spec(self.picture.limits) | {
            "at": {name: describe(name, c)["start"] for name, c in at.items()},
            "hides": [name for name in dict.fromkeys(names) if name not in guess.shows],
        }

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
        if self.asked:
            found["guesses"] = self.asked
        if self.course:
            run, seen = self.course.run, takes(self.kernel, self.controls)
            only = [name for name in self.controls if name not in seen]
            found["run"] = {"steps": run.steps, "named": run.named, "only": only}
            settings = (self.inputs | c for _, c in self.combinations(run.step))
            found["run"]["random"] = self.course.is_random(settings)
        return found

    def html(self, prefix: str) -> str:
        """The figure's elements; mount.js fills in the controls and moves the marks."""
        hidden = self.asked[0]["hides"] if self.asked else ()
        svg = self.picture.svg(prefix, hidden)
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


def _check_known(
    what: str, given: Iterable[str], known: Iterable[str], where: str
) -> None:
    for name in given:
        if name not in known:
            raise ValueError(
                f"{what}: {name!r} is none of {where}, {', '.join(known) or 'none'}"
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
