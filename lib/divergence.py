"""Distances between distributions, the thread through all thirteen chapters.

Kullback and Leibler 1951; the Jensen-Shannon divergence as Lin 1991; names as in
Goodfellow et al. 2014, arXiv:1406.2661, and Arjovsky et al. 2017, arXiv:1701.07875.

Shapes: K outcomes, k dimensions; "..." any leading dimensions, the same in both
arguments. Probabilities sum to 1 over the last dimension. Everything is in nats.
"""

import torch
from torch import Tensor

from lib import expect


@expect.annotated
def kl_divergence(p: Tensor, q: Tensor) -> Tensor:
    """How surprised, on average, one who believes q is by what p brings.

    KL(p || q) = sum p log(p / q)

    p, q (..., K) -> (...), in nats. 0 log 0 is 0, in the gradient too; where q = 0 < p
    the answer is inf, as it should be: q called something impossible that happens.
    >>> kl_divergence(torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5]))
    tensor(0.6931)
    """
    _distributions(p, q)
    return _relative_entropy(p, q)


@expect.annotated
def js_divergence(p: Tensor, q: Tensor) -> Tensor:
    """The mean KL of p and q to their mixture: symmetric, and never above log 2.

    JS(p, q) = KL(p || m) / 2 + KL(q || m) / 2,  m = (p + q) / 2

    p, q (..., K) -> (...), in nats. Its square root is a metric.
    """
    _distributions(p, q)
    # 2p against 2m = p + q: half of the smallest number there is would be 0.
    both = _relative_entropy(2 * p, p + q) + _relative_entropy(2 * q, p + q)
    return both / 4


@expect.annotated
def total_variation(p: Tensor, q: Tensor) -> Tensor:
    """The most that p and q can disagree about one event: sum |p - q| / 2, in [0, 1].

    p, q (..., K) -> (...).
    """
    _distributions(p, q)
    return (p - q).abs().sum(-1) / 2


@expect.annotated
def wasserstein_1d(p: Tensor, q: Tensor, x: Tensor) -> Tensor:
    """The least work that turns p into q: mass times the way it is carried.

    W1(p, q) = sum |CDF_p - CDF_q| dx

    p, q (..., K) at the increasing places x (K,) -> (...), in the unit of x. Of the
    four it alone looks at where the outcomes are, so it alone tells near from far.
    """
    K = _distributions(p, q)[-1]
    expect.shape(x, "K", "x", K=K)
    dx = x[1:] - x[:-1]  # (K - 1,)
    expect.positive(**{"a step of x": dx})
    ahead = (p - q).cumsum(-1)[..., :-1]  # (..., K - 1), mass still to be carried
    return (ahead.abs() * dx).sum(-1)


@expect.annotated
def gaussian_kl(mean_p: Tensor, cov_p: Tensor, mean_q: Tensor, cov_q: Tensor) -> Tensor:
    """KL(p || q) of two Gaussians with full covariances, in closed form.

    KL = (tr(S_q^-1 S_p) + d^T S_q^-1 d - k + log|S_q| - log|S_p|) / 2,
    d = mean_q - mean_p

    Means (..., k), covariances (..., k, k), symmetric and positive definite: variances
    on the diagonal, not standard deviations -> (...), in nats.
    """
    expect.floating(mean_p=mean_p, cov_p=cov_p, mean_q=mean_q, cov_q=cov_q)
    k = expect.shape(mean_p, "... k", "mean_p")[-1]
    expect.shape(cov_p, "... k k", "cov_p", k=k)
    expect.same_shape(mean_p=mean_p, mean_q=mean_q)
    expect.same_shape(cov_p=cov_p, cov_q=cov_q)
    if cov_p.shape[:-2] != mean_p.shape[:-1]:
        came = f"{tuple(mean_p.shape)} and {tuple(cov_p.shape)}"
        raise ValueError(f"mean_p and cov_p differ in their leading dimensions: {came}")
    _covariances(cov_p=cov_p, cov_q=cov_q)
    d = (mean_q - mean_p)[..., None]  # (..., k, 1)
    solved, log_det_q = _solve(cov_q, torch.cat([cov_p, d], -1))  # (..., k, k + 1)
    _, log_det_p = _solve(cov_p, d)
    trace = solved[..., :k].diagonal(dim1=-2, dim2=-1).sum(-1)
    distance = (d * solved[..., k:]).sum((-2, -1))
    return (trace + distance - k + log_det_q - log_det_p) / 2


def _distributions(p: Tensor, q: Tensor) -> torch.Size:
    expect.floating(p=p, q=q)
    expect.shape(p, "... K", "p")
    expect.same_shape(p=p, q=q)
    expect.probabilities(p=p, q=q)
    return p.shape


def _relative_entropy(p: Tensor, q: Tensor) -> Tensor:
    """The sum of p log(p / q); where p = 0 both logarithms are of 1 instead.

    Masking the product would not do: 0 * inf is nan on the way back.
    """
    absent = p == 0
    log_ratio = p.masked_fill(absent, 1).log() - q.masked_fill(absent, 1).log()
    return (p * log_ratio).sum(-1)


def _covariances(**named: Tensor) -> None:
    if torch.compiler.is_exporting():
        return
    for name, cov in named.items():
        skew = (cov - cov.mT).abs() / cov.abs().amax((-2, -1), keepdim=True)
        expect.between(0, 1e-4, **{f"|{name} - {name}.T| / max |{name}|": skew})
        least = torch.linalg.eigvalsh(cov.detach())[..., 0]
        expect.positive(**{f"the smallest eigenvalue of {name}": least})


def _solve(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """a^-1 b and log|a| for symmetric positive definite a (..., k, k)."""
    if not torch.compiler.is_exporting():
        root = torch.linalg.cholesky(a)
        log_det = 2 * root.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        return torch.cholesky_solve(b, root), log_det
    # A live figure knows no Cholesky factors: the same by elimination, row by row.
    log_det = torch.zeros_like(a[..., 0, 0])
    k = a.shape[-1]
    rows = torch.cat([a, b], -1)
    for j, unit in enumerate(torch.eye(k, dtype=a.dtype, device=a.device).split(1)):
        pivot = rows[..., j : j + 1, j : j + 1]
        rest = rows[..., j : j + 1] - unit.mT  # what is to go from column j
        rows = rows - rest * (rows[..., j : j + 1, :] / pivot)
        log_det = log_det + pivot[..., 0, 0].log()
    return rows[..., k:], log_det
