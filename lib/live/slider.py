"""One number along a line, on a plain scale or on that of its logarithm."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from lib import expect

from .ranges import check_inside, check_range, check_step


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
        check_range("Slider", self.low, self.high)
        check_step("Slider", self.step)
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError(
                f"Slider: a log range needs low > 0 and no step, got low {self.low}, "
                f"step {self.step}"
            )
        if self.value is not None:
            check_inside("Slider", self.value, self.low, self.high)

    @property
    def positions(self) -> int:
        """How many steps lie between low and high."""
        return 200 if self.step is None else round((self.high - self.low) / self.step)

    @property
    def position(self) -> int:
        """Where it starts: in the middle, or at the position nearest to `value`."""
        if self.value is None:
            return self.positions // 2
        low, value, high = self._even([self.low, self.value, self.high])
        return round((value - low) / (high - low) * self.positions)

    @property
    def knots(self) -> tuple[list[int], list[float]]:
        """Positions, and what they give, or its logarithm; between them it is even.

        A log range gives `value` itself at the start, and not what lies near it.
        """
        ends = [0, self.positions], self._even([self.low, self.high])
        if not self.log or self.value is None or self.position in ends[0]:
            return ends
        places = [0, self.position, self.positions]
        return places, self._even([self.low, self.value, self.high])

    def at(self, position: int) -> torch.Tensor:
        """The number that the kernel gets at a position."""
        found = float(np.interp(position, *self.knots))
        return torch.tensor(math.exp(found) if self.log else found)

    def nearest(self, value: float) -> float:
        """The number nearest to this one at which the reader can stop."""
        places, numbers = self.knots
        (sought,) = self._even([value])
        return self.at(round(np.interp(sought, numbers, places))).item()

    def _even(self, numbers: list[float]) -> list[float]:
        """Numbers on the scale on which positions lie evenly."""
        return [math.log(x) for x in numbers] if self.log else numbers

    def start(self) -> torch.Tensor:
        return self.at(self.position)

    def random(self, generator: torch.Generator) -> torch.Tensor:
        draw = torch.randint(self.positions + 1, (), generator=generator)
        return self.at(int(draw))
