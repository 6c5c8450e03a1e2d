"""YaRN: a model that learnt from short texts reads long ones, with slower slow pairs.

Peng, Quesnelle, Fan and Shippole 2023, "YaRN: Efficient Context Window Extension of
Large Language Models", arXiv:2309.00071; DeepSeek-V3 (arXiv:2412.19437, section 4.3)
stretches its rotary keys so, and its inference code is followed where the two differ.

Letters: r the width of what is turned, in r / 2 pairs; L the longest text of the first
training; s the factor by which texts shall be longer.
"""

import math

import torch
from torch import Tensor

from lib import expect

RAMPS = ("pairs", "turns")


@expect.annotated
def wavelengths(width: int, base: float = 10000.0) -> Tensor:
    """The tokens that each pair needs for a whole turn: 2 pi base^(2i / r), (r / 2,).

    In double precision, as are all numbers here: places go up to 100,000 and more.
    """
    expect.divides(two=2, width=width)
    expect.positive(width=width, base=base)
    i = torch.arange(width // 2, dtype=torch.float64)
    return 2 * math.pi * base ** (2 * i / width)


@expect.annotated
def kept(
    width: int,
    trained: float,
    base: float = 10000.0,
    alpha: float = 1.0,
    beta: float = 32.0,
    ramp: str = "pairs",
) -> Tensor:
    """How far each pair keeps its speed, (r / 2,): 1 wholly, 0 it is divided by s.

    A pair that makes at least `beta` turns in L = `trained` tokens is kept, one that
    makes less than `alpha` is not. In between, the paper's gamma (section 3.2) grows
    with the number of turns, ramp="turns"; the code falls evenly from pair to pair,
    from the last whole pair above beta to the first below alpha, ramp="pairs".
    """
    expect.positive(trained=trained, alpha=alpha)
    expect.one_of(ramp, RAMPS, "ramp")
    if not alpha < beta < math.inf:
        raise ValueError(
            f"beta is {beta:g}; a number above alpha, {alpha:g}, was expected."
        )
    if ramp == "turns":
        turns = trained / wavelengths(width, base)
        return ((turns - alpha) / (beta - alpha)).clamp(0, 1)
    expect.divides(two=2, width=width)
    if base <= 1:
        raise ValueError(f"base is {base:g}; pairs slow down only where it is above 1.")

    def pair(turns: float) -> float:
        """The pair, a real number, that makes so many turns in L tokens."""
        return width * math.log(trained / (2 * math.pi * turns)) / (2 * math.log(base))

    first = max(math.floor(pair(beta)), 0)
    last = min(math.ceil(pair(alpha)), width - 1)
    i = torch.arange(width // 2, dtype=torch.float64)
    return 1 - ((i - first) / max(last - first, 0.001)).clamp(0, 1)


@expect.annotated
def speeds(
    width: int,
    factor: Tensor | float,
    trained: float,
    base: float = 10000.0,
    alpha: float = 1.0,
    beta: float = 32.0,
    ramp: str = "pairs",
) -> Tensor:
    """Radians a token for each pair, stretched: theta (gamma + (1 - gamma) / s).

    theta = 2 pi / wavelength and gamma = `kept`; (r / 2,). With factor 1 they are those
    of `transformer.rotary`.
    """
    expect.between(1, math.inf, factor=factor)
    gamma = kept(width, trained, base, alpha, beta, ramp)
    return 2 * math.pi / wavelengths(width, base) * (gamma + (1 - gamma) / factor)


@expect.annotated
def sharpening(factor: Tensor | float, weight: float = 0.1) -> Tensor:
    """What scores are multiplied by, as more tokens share them: (w ln s + 1)^2.

    The paper's and DeepSeek-V3's weight is 0.1, V2's 0.0707 (its section 3.1.4).
    >>> round(sharpening(40.0).item(), 4)
    1.8739
    """
    expect.between(1, math.inf, factor=factor)
    expect.between(0, math.inf, weight=weight)
    return (weight * torch.as_tensor(factor, dtype=torch.float64).log() + 1) ** 2
