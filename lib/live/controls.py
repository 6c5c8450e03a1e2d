"""What a reader can move, and what a kernel then receives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lib import expect

from .ranges import check_inside, check_range, check_step
from .slider import Slider


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
        check_range("Bars", self.low, self.high)
        for value in self.start().tolist():
            check_inside("Bars", value, self.low, self.high)
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
        check_step("Pad", self.step)
        for name, (low, high) in (("x", self.x), ("y", self.y)):
            check_range(f"Pad {name}", low, high)
        for value, (low, high) in zip(self.value or (), (self.x, self.y), strict=False):
            check_inside("Pad", value, low, high)

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
