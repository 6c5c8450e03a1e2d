"""Random numbers that torch and a browser draw alike, inside a step that is traced.

Three multiplicative generators whose parts are added: Wichmann and Hill 1982,
"Algorithm AS 183", Applied Statistics 31. All products stay below 2^30, so that double
precision holds them exactly, here and in JavaScript.
"""

import math
from functools import cache

import torch
from torch import Tensor

MODULI = (30269, 30307, 30323)
FACTORS = (171, 172, 170)
_ROW = (
    64  # a draw's place is a row and a column: two short tables in place of a long one
)
_STARTS = ((9277, 101), (7919, 20011), (6733, 12007))  # seed -> key, far apart


class Chance:
    """A stream of draws from a key (3,), float64; `key` is where the next begins."""

    def __init__(self, key: Tensor) -> None:
        self._key, self._drawn = key, 0

    @property
    def is_asked(self) -> bool:
        """Whether anything was drawn from it."""
        return self._drawn > 0

    @classmethod
    def seeded(cls, seed: Tensor | int) -> "Chance":
        """The stream of a seed, a whole number of at least 0."""
        number = torch.as_tensor(seed, dtype=torch.float64)
        times, plus = torch.tensor(_STARTS, dtype=torch.float64).unbind(1)
        return cls(1 + (number * times + plus).remainder(_moduli() - 1))

    @property
    def key(self) -> Tensor:
        """Where the stream stands after all that was drawn."""
        return _ahead(self._key, self._drawn, self._drawn + 1, 1)

    def uniform(self, *shape: int) -> Tensor:
        """Numbers between 0 and 1, float64; neither end is met."""
        n = math.prod(shape)
        first = self._drawn + 1
        rows = _ahead(self._key.view(3, 1), first, first + n, _ROW)
        cells = _ahead(rows.view(3, -1, 1), 0, _ROW, 1)
        self._drawn += n
        parts = (cells / _moduli().view(3, 1, 1)).sum(0).remainder(1)
        return parts.flatten()[:n].view(shape)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers, float32, by Box and Muller's polar pairs."""
        n = math.prod(shape)
        one, other = self.uniform(2, (n + 1) // 2)
        radius, angle = (-2 * one.log()).sqrt(), 2 * math.pi * other
        pairs = torch.cat([radius * angle.cos(), radius * angle.sin()])
        return pairs[:n].view(shape).float()

    def integers(self, high: int, *shape: int) -> Tensor:
        """Whole numbers from 0 to high - 1, all alike, int64."""
        return (self.uniform(*shape) * high).long()

    def pick(self, p: Tensor) -> Tensor:
        """An index (...) for each row of probabilities (..., K)."""
        below = p.double().cumsum(-1)[..., :-1]
        return (below <= self.uniform(*p.shape[:-1], 1)).sum(-1)


def _ahead(keys: Tensor, start: int, stop: int, step: int) -> Tensor:
    """Keys (3, ...) after start, start + step, ... draws, along the last axis."""
    table = torch.tensor(_powers(start, stop, step), dtype=torch.float64)
    wide = (3, *[1] * (keys.dim() - 2), -1) if keys.dim() > 1 else (3,)
    moduli = _moduli().view(3, *[1] * (keys.dim() - 1))
    return (keys * table.view(wide)).remainder(moduli)


def _moduli() -> Tensor:
    return torch.tensor(MODULI, dtype=torch.float64)


@cache
def _powers(start: int, stop: int, step: int) -> list[list[int]]:
    return [
        [pow(factor, n, modulus) for n in range(start, stop, step)]
        for factor, modulus in zip(FACTORS, MODULI, strict=True)
    ]
