"""Whether a classifier that says 80 % is right eight times in ten.

Guo et al. 2017, arXiv:1706.04599; the binned error as Naeini, Cooper, Hauskrecht 2015.

Shapes: N pictures, K classes, M bins of equal width over what may be said, (0, 1].
"""

from typing import NamedTuple

import torch
from torch import Tensor

from lib import expect


class Reliability(NamedTuple):
    """What was said and what came true: (M,) each, nan where a bin is empty."""

    said: Tensor  # the mean probability of the first choice
    right: Tensor  # the share of first choices that are right
    share: Tensor  # of all N; never nan, sums to 1


@expect.annotated
def reliability(probabilities: Tensor, labels: Tensor, bins: int = 10) -> Reliability:
    """How often the first choice is right, by how probable it was said to be.

    acc(B_m) and conf(B_m), Equations 1 and 2 of Guo et al.; a bin is ((m-1)/M, m/M].

    probabilities (N, K), labels (N,) int64. ValueError where rows do not sum to 1.
    """
    N, K = expect.shape(probabilities, "N K", "probabilities")
    expect.shape(labels, "N", "labels", N=N)
    expect.floating(probabilities=probabilities)
    expect.indices(labels=labels)
    expect.probabilities(probabilities=probabilities)
    expect.between(0, K - 1, labels=labels)
    expect.positive(bins=bins)
    said, choice = probabilities.max(-1)
    edges = torch.arange(bins + 1, device=said.device) / bins
    inside = (said[:, None] > edges[:-1]) & (said[:, None] <= edges[1:])  # (N, M)
    inside = inside.to(said.dtype)
    count = inside.sum(0)
    right = (choice == labels).to(said.dtype)
    return Reliability(said @ inside / count, right @ inside / count, count / N)


@expect.annotated
def calibration_error(probabilities: Tensor, labels: Tensor, bins: int = 10) -> Tensor:
    """How far what was said lies from what came true, on average over the pictures.

    ECE = sum_m |B_m|/N |acc(B_m) - conf(B_m)|, Equation 3 of Guo et al.

    probabilities (N, K), labels (N,) -> (), in [0, 1]. It depends on the bins, and 0
    is no proof: errors of opposite sign within a bin cancel.
    """
    said, right, share = reliability(probabilities, labels, bins)
    return ((right - said).abs().nan_to_num() * share).sum()
