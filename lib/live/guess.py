"""What a live figure asks before it shows, and how it may be answered.

    live(kernel, draw, alt="...", rate=Slider(0.01, 1),
         guess=guess.Number("How large is the loss?", of="loss", low=0, high=3))

The truth is the kernel's output `of`, with the controls where `at` says and, where a
figure learns, after `steps` steps. It need not move an artist. Until the reader has
guessed, or asked to see, all that moves is hidden, but for the outputs in `shows`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from torch import Tensor

from lib import expect

from .controls import Slider
from .kept import calibration, table
from .told import describe

__all__ = ["Choice", "Curve", "Guess", "Number", "Point", "calibration", "table"]


@expect.annotated
@dataclass(frozen=True)
class Guess:
    """A question, and where the figure stands when it is asked."""

    question: str
    of: str
    _: KW_ONLY
    unit: str = ""
    shows: Sequence[str] = ()
    at: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 0

    def __post_init__(self) -> None:
        if not self.question.strip():
            raise ValueError("a guess without a question; say in words what is asked")
        if self.of in self.shows:
            raise ValueError(f"shows has {self.of!r}, which is what is asked for")
        if self.steps < 0:
            raise ValueError(f"steps must be at least 0, got {self.steps}")

    def check(self, truth: Tensor, marks: list[dict[str, Any]]) -> None:
        """Raise ValueError where an output cannot answer this question."""
        raise NotImplementedError

    def spec(self, limits: Mapping[str, Any]) -> dict[str, Any]:
        """What the scripts must know of it, as JSON; `limits` are those of axes."""
        return {
            "kind": type(self).__name__.lower(),
            "question": self.question,
            "of": self.of,
            "unit": self.unit,
            "steps": self.steps,
        }


@expect.annotated
@dataclass(frozen=True)
class Number(Guess):
    """A number from low to high, on a slider; `log` spaces it by ratio.

    With `on`, the name of an artist, it is asked on the y axis of that artist's axes,
    or on their x axis, as `axis` says: a line across them that the reader drags.
    """

    low: float
    high: float
    log: bool = field(default=False, kw_only=True)
    step: float | None = field(default=None, kw_only=True)
    on: str | None = field(default=None, kw_only=True)
    axis: str = field(default="y", kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._slider()
        if self.axis not in ("x", "y"):
            raise ValueError(f"axis={self.axis!r}: expected 'x' or 'y'")

    def check(self, truth: Tensor, marks: list[dict[str, Any]]) -> None:
        _check_size(self, truth, 1)
        if self.on:
            _mark(self.on, marks)

    def spec(self, limits: Mapping[str, Any]) -> dict[str, Any]:
        known = describe("", self._slider())
        keys = ("low", "high", "log", "positions", "knots")
        found = {key: known[key] for key in keys}
        place = {"on": self.on, "axis": self.axis, "limits": limits.get(self.on or "")}
        return super().spec(limits) | found | place

    def _slider(self) -> Slider:
        return Slider(self.low, self.high, step=self.step, log=self.log)


@expect.annotated
@dataclass(frozen=True)
class Choice(Guess):
    """One of a few options, and how sure the reader is; `of` is the right one's number.

    So that a tie, or none, is an option, too. Scored by what it costs in nats: -ln p
    where the option is right, -ln((1 - p)/(n - 1)) where it is not.
    """

    options: Sequence[str]

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.options) < 2:
            raise ValueError(f"expected two options or more, got {self.options!r}")
        if len(set(self.options)) < len(self.options):
            raise ValueError(f"an option stands twice in {list(self.options)}")

    def check(self, truth: Tensor, marks: list[dict[str, Any]]) -> None:
        _check_size(self, truth, 1)
        if truth.dtype.is_floating_point:
            raise ValueError(
                f"{self.of} is {truth.dtype}; expected a whole number, that of the "
                "right option: .argmax() gives one"
            )
        if not self.steps and not 0 <= truth.item() < len(self.options):
            raise ValueError(
                f"{self.of} is {truth.item()}; expected 0 to {len(self.options) - 1}, "
                "the number of the right option"
            )

    def spec(self, limits: Mapping[str, Any]) -> dict[str, Any]:
        return super().spec(limits) | {"options": list(self.options)}


@expect.annotated
@dataclass(frozen=True)
class Point(Guess):
    """A place on the axes of the artist that `on` names; `of` gives two numbers."""

    on: str

    def check(self, truth: Tensor, marks: list[dict[str, Any]]) -> None:
        _check_size(self, truth, 2)
        mark = _mark(self.on, marks)
        if mark["sx"][2] or mark["sy"][2]:
            raise ValueError(f"on={self.on!r}: a point is asked on linear axes only")

    def spec(self, limits: Mapping[str, Any]) -> dict[str, Any]:
        return super().spec(limits) | {"on": self.on, "limits": limits[self.on]}


@expect.annotated
@dataclass(frozen=True)
class Curve(Guess):
    """The heights of a line of fixed places, drawn by hand; `of` moves that line."""

    def check(self, truth: Tensor, marks: list[dict[str, Any]]) -> None:
        mark = next((m for m in marks if m["name"] == self.of), {})
        if mark.get("kind") != "line" or tuple(truth.shape) != (len(mark["x"]),):
            raise ValueError(
                f"of={self.of!r}: a curve is asked for as the heights of a line that "
                f"moves, got shape {tuple(truth.shape)}, {mark.get('kind', 'no mark')}"
            )

    def spec(self, limits: Mapping[str, Any]) -> dict[str, Any]:
        return super().spec(limits) | {"on": self.of, "limits": limits[self.of]}


def listed(given: "Guess | Sequence[Guess] | None") -> list[Guess]:
    """The questions of a figure, of which there may be none."""
    found = [given] if isinstance(given, Guess) else list(given or ())
    for one in found:
        if not isinstance(one, Guess):
            raise TypeError(
                f"a {type(one).__name__} is not a guess; expected guess.Number, "
                "guess.Choice, guess.Point or guess.Curve"
            )
    return found


def _check_size(guess: Guess, truth: Tensor, n: int) -> None:
    if truth.numel() != n:
        raise ValueError(
            f"{guess.of} has shape {tuple(truth.shape)}; a {type(guess).__name__} is "
            f"answered by {'one number' if n == 1 else f'{n} numbers'}"
        )


def _mark(name: str, marks: list[dict[str, Any]]) -> dict[str, Any]:
    for mark in marks:
        if mark["name"] == name and "sx" in mark:
            return mark
    raise ValueError(f"on={name!r} names no artist with axes that draw returns")
