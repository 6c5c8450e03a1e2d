"""Scaling laws: how a budget of compute sets model, data, batch and learning rate.

DeepSeek-AI 2024, "DeepSeek LLM: Scaling Open-Source Language Models with
Longtermism", arXiv:2401.02954. Compute C is in FLOPs, the model scale M in FLOPs per
token (not parameters), data D in tokens: C = M D.
"""

from typing import NamedTuple, TypeVar

import torch
from torch import Tensor

from lib import expect

Number = TypeVar("Number", float, Tensor)


def _power_law(coefficient: float, exponent: float, compute: Number) -> Number:
    C = compute if isinstance(compute, Tensor) else float(compute)
    expect.positive(compute=C)
    return coefficient * C**exponent


@expect.annotated
def optimal_learning_rate(compute: Number) -> Number:
    """The learning rate that suits a budget: 0.3118 C^-0.1250 (Eq. 1)."""
    return _power_law(0.3118, -0.1250, compute)


@expect.annotated
def optimal_batch_size(compute: Number) -> Number:
    """The batch that suits a budget, in tokens: 0.2920 C^0.3271 (Eq. 1)."""
    return _power_law(0.2920, 0.3271, compute)


@expect.annotated
def optimal_model_scale(compute: Number) -> Number:
    """The model that suits a budget, in FLOPs per token: 0.1715 C^0.5243 (Eq. 4)."""
    return _power_law(0.1715, 0.5243, compute)


@expect.annotated
def optimal_tokens(compute: Number) -> Number:
    """The data that suits a budget, in tokens: 5.8316 C^0.4757 (Eq. 4)."""
    return _power_law(5.8316, 0.4757, compute)


@expect.annotated
def parameter_flops(n_layer: Number, d_model: Number, n_vocab: float = 0) -> Number:
    """FLOPs per token if only weights counted: 72 n_layer d^2 + 6 n_vocab d (Eq. 2).

    The paper's 6 N1 without the vocabulary, its 6 N2 with it.
    """
    expect.positive(n_layer=n_layer, d_model=d_model)
    return 72 * n_layer * d_model**2 + 6 * n_vocab * d_model


@expect.annotated
def flops_per_token(n_layer: Number, d_model: Number, seq_len: Number) -> Number:
    """The model scale M = 72 n_layer d^2 + 12 n_layer d l, training included (Eq. 2).

    The second term is attention's, with no causal halving; both are equal at l = 6 d.
    """
    expect.positive(seq_len=seq_len)
    attention = 12 * n_layer * d_model * seq_len
    return parameter_flops(n_layer, d_model) + attention


@expect.annotated
def multi_step_schedule(
    step: Number, total: float, peak: float, warmup: float
) -> Number:
    """The learning rate after `step` finished steps of `total` (section 2.3).

    A linear warm-up to the peak; from 80 % of the steps 0.316 of it, from 90 % 0.1.
    """
    expect.positive(total=total, peak=peak)
    expect.between(0, total, step=step, warmup=warmup)
    s = torch.as_tensor(step, dtype=None if isinstance(step, Tensor) else torch.float64)
    s = s * 1.0  # whole numbers become real ones
    part = torch.where(10 * s >= 8 * total, 0.316, torch.ones_like(s))
    part = torch.where(10 * s >= 9 * total, 0.1, part)
    rate = peak * torch.where(s < warmup, s / max(warmup, 1), part)
    return rate if isinstance(step, Tensor) else rate.item()


class PowerLaw(NamedTuple):
    """y = coefficient x^exponent; both 0-d tensors."""

    coefficient: Tensor
    exponent: Tensor


class IsoFLOP(NamedTuple):
    """The law M_opt = coefficient C^exponent and the optima (budgets,) it is fit to."""

    coefficient: Tensor
    exponent: Tensor
    budgets: Tensor
    scales: Tensor


class LossLaw(NamedTuple):
    """L = floor + coefficient C^-exponent, in nats; 0-d tensors."""

    floor: Tensor
    coefficient: Tensor
    exponent: Tensor


@expect.annotated
def fit_power_law(x: Tensor, y: Tensor) -> PowerLaw:
    """Least squares on logarithms: the straight line through (log x, log y), (N,).

    Numbers that are not positive raise ValueError, and so do equal x alone.
    """
    expect.same_shape(x=x, y=y)
    expect.positive(x=x, y=y)
    log_x, log_y = x.log(), y.log()
    dx, dy = log_x - log_x.mean(), log_y - log_y.mean()
    expect.positive(spread_of_x=x.max() - x.min())  # one x alone gives no slope
    exponent = (dx * dy).sum() / (dx * dx).sum()
    return PowerLaw((log_y.mean() - exponent * log_x.mean()).exp(), exponent)


@expect.annotated
def isoflop_optimum(scale: Tensor, loss: Tensor) -> Tensor:
    """The scale of lowest loss at one budget: the vertex of a parabola in log scale.

    scale and loss (..., n) with n >= 3 allocations -> (...). The parabola is fitted in
    polynomials that are orthogonal on the points, so that single precision will do.
    One without a lowest point (too much noise, or too few runs) raises ValueError.
    """
    expect.same_shape(scale=scale, loss=loss)
    expect.positive(scale=scale)
    if scale.dim() < 1 or scale.shape[-1] < 3:
        raise ValueError(
            f"scale has shape {tuple(scale.shape)}; a parabola needs 3 points a budget."
        )
    log_scale = scale.log()
    centre = log_scale.mean(-1, keepdim=True)
    x = log_scale - centre
    spread = (x * x).mean(-1, keepdim=True)
    skew = (x**3).mean(-1, keepdim=True) / spread
    bend = x * x - skew * x - spread  # orthogonal to 1 and to x
    dip = loss - loss.mean(-1, keepdim=True)  # a small difference of large numbers
    curvature = (dip * bend).mean(-1, keepdim=True) / (bend**2).mean(-1, keepdim=True)
    expect.positive(curvature=curvature)  # else the parabola has no lowest point
    slope = (dip * x).mean(-1, keepdim=True) / spread
    return (centre + skew / 2 - slope / (2 * curvature)).exp().squeeze(-1)


@expect.annotated
def fit_isoflop(compute: Tensor, scale: Tensor, loss: Tensor) -> IsoFLOP:
    """From runs to the law M_opt = coefficient C^exponent (section 3.2).

    The three tensors have one shape, an entry for each run. Runs of equal compute are
    one budget, which needs 3 runs or more; two budgets at least.
    """
    expect.same_shape(compute=compute, scale=scale, loss=loss)
    expect.positive(compute=compute)
    budgets = compute.unique()
    if len(budgets) < 2:
        raise ValueError(f"compute holds {len(budgets)} budget; a law needs 2 or more.")
    optima = [isoflop_optimum(scale[compute == C], loss[compute == C]) for C in budgets]
    scales = torch.stack(optima)
    return IsoFLOP(*fit_power_law(budgets, scales), budgets, scales)


@expect.annotated
def fit_loss_law(compute: Tensor, loss: Tensor, floor: bool = True) -> LossLaw:
    """Least squares for L = E + a C^-b, the best loss of each budget (section 3.2).

    compute and loss (N,), N >= 3 budgets, or 2 with floor=False, where E is 0. E is
    never below 0. Once b is known, E and a are those of a straight line, so that b
    alone is searched, from 0.001 to 10: on a grid, and on finer ones around its best
    place. No gradient passes the search. A loss that does not fall, or whose best b
    lies beyond, raises ValueError.
    """
    expect.same_shape(compute=compute, loss=loss)
    expect.positive(compute=compute, loss=loss)
    (N,) = expect.shape(compute, "N", "compute")
    if 2 + floor > N:
        raise ValueError(f"{N} budgets came; this law needs {2 + floor} or more.")
    log_C, L = compute.double().log(), loss.double()
    x = log_C - log_C.mean()
    expect.positive(spread_of_compute=x.max() - x.min())
    low, high = torch.tensor([1e-3, 10.0]).double().log()
    for _ in range(4):
        grid = low + (high - low) * torch.linspace(0, 1, 65, dtype=x.dtype)
        E, a, miss = _line_for_each(grid.exp(), x, L, floor)  # (65,) each
        best = miss.argmin()[None]
        b = grid.index_select(0, best)
        low, high = b - (high - low) / 64, b + (high - low) / 64
    E, a = (found.index_select(0, best)[0] for found in (E, a))
    expect.positive(fall_of_the_loss=a)
    b = b[0].exp()
    expect.between(1e-3, 10, best_exponent=b)
    law = E, a * (b * log_C.mean()).exp(), b
    return LossLaw(*(number.to(loss.dtype) for number in law))


def _line_for_each(
    exponents: Tensor, x: Tensor, loss: Tensor, floor: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """E, a and the sum of squares (b,) for each exponent; x (N,) the centred log C."""
    u = (-exponents[:, None] * x).exp()  # (b, N)
    E = torch.zeros_like(exponents)
    if floor:
        du, dl = u - u.mean(1, keepdim=True), loss - loss.mean()
        slope = (du * dl).sum(1) / (du * du).sum(1)
        E = (loss.mean() - slope * u.mean(1)).clamp(min=0)
    a = (u * (loss - E[:, None])).sum(1) / (u * u).sum(1)
    return E, a, (E[:, None] + a[:, None] * u - loss).square().sum(1)
