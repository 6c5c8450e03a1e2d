"""A GAN in the plane: what it is to learn, how small it may be, and how to look at it.

The ring of eight Gaussians is the usual test of mode collapse since Metz et al. 2017,
"Unrolled Generative Adversarial Networks", arXiv:1611.02163.

Shapes: N points (N, 2), M modes (M, 2).
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib import expect

SPREAD = 0.12  # the standard deviation of a mode
EXTENT = 3.2  # the window is [-EXTENT, EXTENT] both ways


@expect.annotated
def ring(modes: int = 8, radius: float = 2.0) -> Tensor:
    """The centres of a ring, from the east counterclockwise: (M, 2)."""
    expect.positive(modes=modes, radius=radius)
    angle = torch.arange(modes) * (2 * torch.pi / modes)
    return radius * torch.stack([angle.cos(), angle.sin()], -1)


@expect.annotated
def sample(
    centres: Tensor,
    n: int,
    generator: torch.Generator | None = None,
    spread: float = SPREAD,
) -> Tensor:
    """Draw n points (n, 2) from equal Gaussians around the centres (M, 2)."""
    M, _ = expect.shape(centres, "M 2", "centres")
    expect.positive(M=M)
    expect.whole(1, n=n)
    expect.no_nan(centres=centres)
    which = torch.randint(M, (n,), generator=generator)
    return centres[which] + spread * torch.randn(n, 2, generator=generator)


@expect.annotated
def shares(points: Tensor, centres: Tensor, reach: float = 3 * SPREAD) -> Tensor:
    """Which part of the points (N, 2) lies within reach of each mode: (M,).

    A point belongs to its nearest mode (the first of equals) if to any, so the shares
    sum to 1 or less; what is missing lies between the modes.
    """
    N, _ = expect.shape(points, "N 2", "points")
    M, _ = expect.shape(centres, "M 2", "centres")
    expect.positive(N=N, M=M, reach=reach)
    expect.no_nan(points=points, centres=centres)
    gaps = (points[:, None] - centres).square().sum(-1).sqrt()  # (N, M)
    nearest = gaps.argmin(1, keepdim=True) == torch.arange(M, device=gaps.device)
    return (nearest & (gaps <= reach)).to(points.dtype).mean(0)


@expect.annotated
def modes_found(points: Tensor, centres: Tensor, least: float = 0.2) -> Tensor:
    """How many modes have at least a fifth of the share that would be fair: 0-d int64.

    "Found" is a convention; another `least` gives other counts near the threshold.
    """
    return (shares(points, centres) >= least / len(centres)).sum()


@expect.annotated
def lattice(side: int, extent: float = EXTENT) -> Tensor:
    """The middles of side x side cells that fill a square: (side, side, 2), y first."""
    expect.whole(1, side=side)
    at = (torch.arange(side) + 0.5) * (2 * extent / side) - extent
    return torch.stack(torch.meshgrid(at, at, indexing="xy"), -1)


@expect.annotated
def strings(mesh: Tensor) -> Tensor:
    """The lines of a net (S, S, 2) along and across, a nan between any two: (n, 2)."""
    expect.shape(mesh, "S S 2", "mesh")
    both = torch.stack([mesh, mesh.transpose(0, 1)])
    return F.pad(both, (0, 0, 0, 1), value=torch.nan).flatten(0, 2)


@expect.annotated
def network(*widths: int) -> nn.Sequential:
    """Linear layers of these widths with leaky rectifiers between them."""
    layers: list[nn.Module] = []
    for a, b in pairwise(widths):
        layers += [nn.Linear(a, b), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers[:-1])


class Game(nn.Module):
    """Two small networks: `generator` from noise (B, 2) to points (B, 2), and `critic`
    from points to logits (B, 1)."""

    @expect.annotated
    def __init__(self, width: int = 64, critic_width: int = 128) -> None:
        super().__init__()
        expect.positive(width=width, critic_width=critic_width)
        self.generator = network(2, width, width, 2)
        self.critic = network(2, critic_width, critic_width, 1)
