"""A GAN in the plane: what it is to learn, how small it may be, how to count its modes.

The ring of eight Gaussians is the usual test of mode collapse since Metz et al. 2017,
"Unrolled Generative Adversarial Networks", arXiv:1611.02163.

Shapes: N points (N, 2), M modes (M, 2).
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from lib import expect

SPREAD = 0.12  # the standard deviation of a mode


def ring(modes: int = 8, radius: float = 2.0) -> Tensor:
    """The centres of a ring, from the east counterclockwise: (M, 2)."""
    expect.positive(modes=modes, radius=radius)
    angle = torch.arange(modes) * (2 * torch.pi / modes)
    return radius * torch.stack([angle.cos(), angle.sin()], -1)


def grid(side: int = 3, gap: float = 1.8) -> Tensor:
    """The centres of a square grid, row by row from the lower left: (side^2, 2)."""
    expect.positive(side=side, gap=gap)
    at = gap * (torch.arange(side) - (side - 1) / 2)
    return torch.cartesian_prod(at, at).flip(-1)


def spiral(beads: int = 24, turns: float = 1.5, radius: float = 2.2) -> Tensor:
    """Points along a spiral from the middle outwards, so dense that they merge."""
    expect.positive(beads=beads, turns=turns, radius=radius)
    part = torch.linspace(0.1, 1, beads).sqrt()
    angle = 2 * torch.pi * turns * part
    return radius * part[:, None] * torch.stack([angle.cos(), angle.sin()], -1)


TARGETS = {"ring": ring(), "grid": grid(), "spiral": spiral()}


def sample(
    centres: Tensor,
    n: int,
    generator: torch.Generator | None = None,
    kept: Tensor | None = None,
    spread: float = SPREAD,
) -> Tensor:
    """Draw n points (n, 2) from equal Gaussians around the centres (M, 2).

    kept (M,), bool, leaves out the modes that are False; ValueError if none is left.
    """
    M, _ = expect.shape(centres, "M 2", "centres")
    if kept is not None:
        expect.boolean(kept=kept)
        expect.shape(kept, "M", "kept", M=M)
        centres = centres[kept]
    if not len(centres):
        raise ValueError("kept leaves no mode to sample from; switch one on.")
    which = torch.randint(len(centres), (n,), generator=generator)
    return centres[which] + spread * torch.randn(n, 2, generator=generator)


def shares(points: Tensor, centres: Tensor, reach: float = 3 * SPREAD) -> Tensor:
    """Which part of the points (N, 2) lies within reach of each mode: (M,).

    A point belongs to its nearest mode if to any, so the shares sum to 1 or less; what
    is missing lies between the modes.
    """
    N, _ = expect.shape(points, "N 2", "points")
    M, _ = expect.shape(centres, "M 2", "centres")
    expect.positive(N=N, M=M, reach=reach)
    gaps = (points[:, None] - centres).square().sum(-1).sqrt()  # (N, M)
    nearest = gaps == gaps.amin(1, keepdim=True)
    return (nearest & (gaps <= reach)).to(points.dtype).mean(0)


def modes_found(points: Tensor, centres: Tensor, least: float = 0.2) -> Tensor:
    """How many modes have at least a fifth of the share that would be fair: 0-d int64.

    "Found" is a convention; another `least` gives other counts near the threshold.
    """
    return (shares(points, centres) >= least / len(centres)).sum()


def network(*widths: int) -> nn.Sequential:
    """Linear layers of these widths with leaky rectifiers between them."""
    layers: list[nn.Module] = []
    for a, b in pairwise(widths):
        layers += [nn.Linear(a, b), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


class Game(nn.Module):
    """Two small networks: `generator` from noise (B, 2) to points (B, 2), and `critic`
    from points to logits (B, 1)."""

    def __init__(self, width: int = 64, critic_width: int = 128) -> None:
        super().__init__()
        expect.positive(width=width, critic_width=critic_width)
        self.generator = network(2, width, width, 2)
        self.critic = network(2, critic_width, critic_width, 1)
