"""The Fréchet distance: two clouds of features, compared as if they were Gaussian.

Dowson and Landau 1982; as a score of generators Heusel et al. 2017, "GANs Trained by a
Two Time-Scale Update Rule", arXiv:1706.08500, who take the features of Inception.

Shapes: N samples, k features.
"""

import torch
from torch import Tensor

from lib import expect


@expect.annotated
def statistics(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (k,) and covariance (k, k) of features (N, k), in float64.

    With N <= k the covariance is singular. ValueError with fewer than two samples.
    """
    expect.floating(features=features)
    N, _ = expect.shape(features, "N k", "features")
    if N < 2:
        raise ValueError(f"features has {N} row; a covariance needs 2 or more.")
    features = features.double()
    centred = features - features.mean(0)
    return features.mean(0), centred.mT @ centred / (N - 1)


@expect.annotated
def frechet_distance(
    mean_p: Tensor, cov_p: Tensor, mean_q: Tensor, cov_q: Tensor
) -> Tensor:
    """The squared 2-Wasserstein distance of two Gaussians: what "FID" reports.

    d^2 = |mean_p - mean_q|^2 + tr(S_p + S_q - 2 (S_p S_q)^(1/2))   (Heusel, Eq. 6)

    Means (k,), covariances (k, k), symmetric, singular ones allowed -> 0-d, float64.
    The product has the eigenvalues of S_p^(1/2) S_q S_p^(1/2), which is symmetric: so
    two eigh are enough, where a root of the product itself may come out complex.
    """
    expect.floating(mean_p=mean_p, cov_p=cov_p, mean_q=mean_q, cov_q=cov_q)
    (k,) = expect.shape(mean_p, "k", "mean_p")
    expect.shape(mean_q, "k", "mean_q", k=k)
    for name, cov in (("cov_p", cov_p), ("cov_q", cov_q)):
        expect.shape(cov, "k k", name, k=k)
        gap = (cov - cov.mT).abs().max() / cov.abs().max().clamp(min=1e-30)
        expect.between(0, 1e-4, **{f"|{name} - {name}.T| / max |{name}|": gap})
    mean_p, cov_p, mean_q, cov_q = (x.double() for x in (mean_p, cov_p, mean_q, cov_q))
    root = square_root(cov_p)
    shared = torch.linalg.eigvalsh(root @ cov_q @ root).clamp(min=0).sqrt().sum()
    spread = cov_p.trace() + cov_q.trace() - 2 * shared
    return (mean_p - mean_q).square().sum() + spread


@expect.annotated
def square_root(cov: Tensor) -> Tensor:
    """The symmetric root of a covariance (k, k): root @ root = cov.

    Eigenvalues that rounding has made negative count as 0.
    """
    expect.floating(cov=cov)
    expect.shape(cov, "k k", "cov")
    expect.positive(k=len(cov))
    expect.between(-torch.finfo(cov.dtype).max, torch.finfo(cov.dtype).max, cov=cov)
    values, vectors = torch.linalg.eigh(cov)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.mT
