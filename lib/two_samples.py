"""Distances between two sets of samples, for which nobody needs a density.

The energy distance as Székely and Rizzo 2013, J. Statist. Plann. Inference 143; the
maximum mean discrepancy (MMD) as Gretton et al. 2012, JMLR 13; the sliced Wasserstein
distance as Bonneel et al. 2015, J. Math. Imaging Vis. 51.

Shapes: N data, B points of a model, D numbers each, S directions.
"""

import torch
from torch import Tensor

from lib import expect


@expect.annotated
def energy_distance(x: Tensor, y: Tensor) -> Tensor:
    """How much farther apart two samples are than each is from itself.

    E(x, y) = 2 mean |x_i - y_j| - mean |x_i - x_k| - mean |y_j - y_l|

    x (N, D), y (B, D) -> 0-d, in the unit of x, never negative but for rounding. The
    means run over all pairs, that of a point with itself included. On a line it is
    twice the integral of (CDF_x - CDF_y)^2.
    >>> energy_distance(torch.tensor([[0.0]]), torch.tensor([[3.0]]))
    tensor(6.)
    """
    _samples(x, y)
    between = _distances(x, y).mean()
    within = _distances(x, x).mean() + _distances(y, y).mean()
    return 2 * between - within


@expect.annotated
def mmd_squared(
    x: Tensor, y: Tensor, width: float | Tensor, unbiased: bool = False
) -> Tensor:
    """The squared MMD under the kernel k(a, b) = exp(-|a - b|^2 / (2 width^2)).

    MMD^2 = mean k(x_i, x_k) - 2 mean k(x_i, y_j) + mean k(y_j, y_l)   (Lemma 6)

    x (N, D), y (B, D), width in the unit of x -> 0-d. The means run over all pairs, and
    the value is never negative but for rounding; with `unbiased` no point is paired
    with itself, the value is right on average and may fall below 0. That needs two
    points of each.
    """
    _samples(x, y)
    expect.number(width=width)
    expect.positive(width=width)
    shared = [_likeness(a, b, width) for a, b in ((x, x), (x, y), (y, y))]
    if not unbiased:
        return shared[0].mean() - 2 * shared[1].mean() + shared[2].mean()
    means = []
    for name, rows in (("x", shared[0]), ("y", shared[2])):
        n = len(rows)
        if n < 2:
            raise ValueError(f"{name} has 1 row; unbiased needs pairs of 2 or more")
        means.append((rows.sum() - n) / (n * (n - 1)))  # k(a, a) = 1
    return means[0] - 2 * shared[1].mean() + means[1]


@expect.annotated
def sliced_wasserstein(x: Tensor, y: Tensor, directions: Tensor) -> Tensor:
    """The mean W1 of the samples' shadows on several lines.

    SW1 = mean over s, n of |sorted(x d_s)_n - sorted(y d_s)_n|

    x, y (N, D), as many of one as of the other, directions (S, D) of length 1 -> 0-d,
    in the unit of x. On a line the cheapest way pairs the smallest with the smallest,
    so that a sort is all it takes.
    """
    _samples(x, y)
    if len(x) != len(y):
        raise ValueError(
            f"x has {len(x)} rows and y {len(y)}: the sorted samples are compared rank "
            "by rank, so take as many of each"
        )
    expect.floating(directions=directions)
    expect.shape(directions, "S D", "directions", D=x.shape[1])
    if not len(directions):
        raise ValueError("directions has no rows; expected one direction or more")
    lengths = directions.square().sum(1)
    expect.between(0.999, 1.001, **{"the squared length of a direction": lengths})
    one, other = _ranked(x @ directions.mT), _ranked(y @ directions.mT)  # (N, S)
    return (one - other).abs().mean()


def _samples(x: Tensor, y: Tensor) -> None:
    expect.floating(x=x, y=y)
    D = expect.shape(x, "N D", "x")[1]
    expect.shape(y, "B D", "y", D=D)
    if not x.numel() or not y.numel():
        came = f"x {tuple(x.shape)} and y {tuple(y.shape)}"
        raise ValueError(f"a sample is empty: {came}; expected one point or more")
    expect.no_nan(x=x, y=y)


def _distances(a: Tensor, b: Tensor) -> Tensor:
    """|a_i - b_j| of all pairs (N, B), exactly 0 where two points are the same.

    The slope there is 0, too, and not inf.
    """
    if not torch.compiler.is_exporting():
        return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")
    # A figure that learns knows no slope of cdist: the same, with all differences.
    squares = (a[:, None] - b[None]).square().sum(-1)
    same = squares == 0
    return squares.masked_fill(same, 1).sqrt().masked_fill(same, 0)


def _likeness(a: Tensor, b: Tensor, width: float | Tensor) -> Tensor:
    return (-((_distances(a, b) / width) ** 2) / 2).exp()


def _ranked(shadows: Tensor) -> Tensor:
    """Each column sorted; the slope goes to where a number came from."""
    return shadows.gather(0, shadows.detach().argsort(0))
