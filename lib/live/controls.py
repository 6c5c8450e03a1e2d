"""What a reader can move, and what a kernel then receives."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lib import expect


@expect.annotated
@dataclass(frozen=True)
class Slider:
    """One number; the kernel gets a 0-d float32. `log` spaces the range by ratio.

    The reader moves it over evenly spaced positions: `step` apart, else 201 of them.
    """

    low: float
    high: float
    value: float | None = None
    step: float | None = None
    log: bool = False
    label: str | None = None

    def __post_init__(self) -> None:
        _check_range("Slider", self.low, self.high)
        _check_step("Slider", self.step)
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError(
                f"Slider: a log range needs low > 0 and no step, got low {self.low}, "
                f"step {self.step}"
            )
        if self.value is not None:
            _check_inside("Slider", self.value, self.low, self.high)

    @property
    def positions(self) -> int:
        """How many steps lie between low and high."""
        return 200 if self.step is None else round((self.high - self.low) / self.step)

    @property
    def position(self) -> int:
        """The position nearest to the starting value."""
        if self.value is None:
            return self.positions // 2
        low, high, value = self.low, self.high, self.value
        if self.log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return round((value - low) / (high - low) * self.positions)

    def at(self, position: int) -> torch.Tensor:
        """The number that the kernel gets at a position."""
        part = position / self.positions
        if self.log:
            return torch.tensor(self.low * (self.high / self.low) ** part)
        return torch.tensor(self.low + (self.high - self.low) * part)

    def start(self) -> torch.Tensor:
        return self.at(self.position)

    def random(self, generator: torch.Generator) -> torch.Tensor:
        draw = torch.randint(self.positions + 1, (), generator=generator)
        return self.at(int(draw))


@expect.annotated
@dataclass(frozen=True)
class Bars:
    """A row of numbers; the kernel gets (n,) float32.

    `on` names bars of the picture, of which the reader drags the ends; they have to
    show what the kernel gets. Without it the bars stand below.
    """

    n: int
    low: float
    high: float
    value: float | Sequence[float] = 0.0
    labels: Sequence[str] | None = None
    label: str | None = None
    on: str | None = None

    def __post_init__(self) -> None:
        _check_range("Bars", self.low, self.high)
        for value in self.start().tolist():
            _check_inside("Bars", value, self.low, self.high)
        if self.labels is not None and len(self.labels) != self.n:
            raise ValueError(f"Bars: {len(self.labels)} labels for {self.n} bars")

    def start(self) -> torch.Tensor:
        return _filled(self.value, (self.n,), torch.float32, "Bars")

    def random(self, generator: torch.Generator) -> torch.Tensor:
        part = torch.rand(self.n, generator=generator)
        return self.low + (self.high - self.low) * part


@expect.annotated
@dataclass(frozen=True)
class Mask:
    """Cells switched on and off; the kernel gets (height, width) bool.

    `on` names an image artist over which the cells lie; without it they stand below.
    `rows` and `columns` say what a cell stands for, to those who hear it.
    """

    height: int
    width: int
    value: Any = True
    on: str | None = None
    label: str | None = None
    rows: Sequence[str] | None = None
    columns: Sequence[str] | None = None

    def __post_init__(self) -> None:
        expect.whole(1, height=self.height, width=self.width)
        self.start()
        for what, n in (("rows", self.height), ("columns", self.width)):
            names = getattr(self, what)
            if names is not None and len(names) != n:
                raise ValueError(f"Mask: {len(names)} names for {n} {what}")

    def start(self) -> torch.Tensor:
        return _filled(self.value, (self.height, self.width), torch.bool, "Mask")

    def random(self, generator: torch.Generator) -> torch.Tensor:
        return torch.rand(self.height, self.width, generator=generator) < 0.5


@expect.annotated
@dataclass(frozen=True)
class Switches:
    """A few named things, each on or off; the kernel gets (n,) bool."""

    names: Sequence[str]
    value: Any = True
    label: str | None = None

    def __post_init__(self) -> None:
        if not self.names:
            raise ValueError("Switches: expected names, got none")
        self.start()

    def start(self) -> torch.Tensor:
        return _filled(self.value, (len(self.names),), torch.bool, "Switches")

    def random(self, generator: torch.Generator) -> torch.Tensor:
        return torch.rand(len(self.names), generator=generator) < 0.5


@expect.annotated
@dataclass(frozen=True)
class Pad:
    """A point in a plane; the kernel gets (2,) float32: x, y.

    `on` names an artist on whose axes the point is dragged, in those axes' own units.
    An arrow key moves it by `step`, else by a 25th of the range.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    value: tuple[float, float] | None = None
    on: str | None = None
    label: str | None = None
    step: float | None = None

    def __post_init__(self) -> None:
        _check_step("Pad", self.step)
        for name, (low, high) in (("x", self.x), ("y", self.y)):
            _check_range(f"Pad {name}", low, high)
        for value, (low, high) in zip(self.value or (), (self.x, self.y), strict=False):
            _check_inside("Pad", value, low, high)

    def start(self) -> torch.Tensor:
        middle = (sum(self.x) / 2, sum(self.y) / 2)
        return torch.tensor(self.value or middle, dtype=torch.float32)

    def random(self, generator: torch.Generator) -> torch.Tensor:
        part = torch.rand(2, generator=generator)
        low = torch.tensor([self.x[0], self.y[0]], dtype=torch.float32)
        high = torch.tensor([self.x[1], self.y[1]], dtype=torch.float32)
        return low + (high - low) * part


class Choice:
    """One of a few Python values; the kernel gets the value itself.

    Options are values, or a mapping from what the reader sees to the value. Shapes and
    ``if`` in the kernel may depend on it.
    """

    @expect.annotated
    def __init__(
        self,
        options: Sequence[Any] | Mapping[str, Any],
        value: Any = None,
        label: str | None = None,
    ):
        self.names = [str(name) for name in options]
        mapped = options.values() if isinstance(options, Mapping) else options
        self.options = list(mapped)
        self.label = label
        if not self.options:
            raise ValueError("Choice: no options")
        if value is not None and value not in self.options:
            raise ValueError(f"Choice: {value!r} is not one of {self.options}")
        self.first = 0 if value is None else self.options.index(value)


Control = Slider | Bars | Mask | Switches | Pad | Choice


def _check_range(what: str, low: float, high: float) -> None:
    if not low < high or math.inf in (-low, high):
        raise ValueError(f"{what}: low must be below high, got {low} and {high}")


def _check_step(what: str, step: float | None) -> None:
    if step is not None and not 0 < step < math.inf:
        raise ValueError(f"{what} step: must be above 0, got {step}")


def _check_inside(what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{what}: the value {value} is outside {low} to {high}")


def _filled(
    value: Any, shape: tuple[int, ...], dtype: torch.dtype, what: str
) -> torch.Tensor:
    try:
        given = torch.as_tensor(value, dtype=dtype)
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"{what}: value {value!r:.40}, expected {shape} of them"
        ) from None
    if given.dim() and tuple(given.shape) != shape:
        raise ValueError(
            f"{what}: value of shape {tuple(given.shape)}, expected {shape}"
        )
    return given.expand(shape).clone()
