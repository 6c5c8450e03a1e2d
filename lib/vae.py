"""The variational autoencoder: a picture, a guess at its cause, the picture again.

Kingma and Welling 2014, "Auto-Encoding Variational Bayes", arXiv:1312.6114; beta as in
Higgins et al. 2017; the importance-weighted bound of Burda et al. 2016,
arXiv:1509.00519. Layers and sizes of pytorch/examples' vae.

Shapes: B pictures, X pixels, L latent dimensions. Likelihoods and divergences are in
nats, summed over a picture's pixels or latents and never averaged over them.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib import expect


@expect.annotated
def reparameterize(mu: Tensor, logvar: Tensor, noise: Tensor | None = None) -> Tensor:
    """A sample from N(mu, exp(logvar)) that lets gradients through to both.

    z = mu + exp(logvar / 2) * noise       (Section 2.4)

    mu, logvar, noise and the sample have one shape; without noise, a fresh standard
    normal is drawn. logvar is the log of the variance: half of it is that of std.
    """
    expect.floating(mu=mu, logvar=logvar)
    expect.same_shape(mu=mu, logvar=logvar)
    if noise is None:
        noise = torch.randn_like(mu)
    expect.same_shape(mu=mu, noise=noise)
    return mu + (0.5 * logvar).exp() * noise


@expect.annotated
def kl_to_standard_normal(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(N(mu, exp(logvar)) || N(0, 1)) of each latent dimension, in nats.

    KL = (mu^2 + exp(logvar) - 1 - logvar) / 2       (Appendix B)

    mu, logvar (..., L) -> (..., L): sum over the last dimension for a picture's KL.
    >>> kl_to_standard_normal(torch.tensor([0.5, 0.0]), torch.zeros(2))
    tensor([0.1250, 0.0000])
    """
    expect.floating(mu=mu, logvar=logvar)
    expect.same_shape(mu=mu, logvar=logvar)
    return (mu.square() + logvar.expm1() - logvar) / 2


@expect.annotated
def elbo(
    log_likelihood: Tensor, mu: Tensor, logvar: Tensor, beta: float | Tensor = 1.0
) -> Tensor:
    """What is surely known of log p(x): the likelihood won less the nats spent on z.

    ELBO = E_q log p(x | z) - beta KL(q(z | x) || p(z))       (Eq. 3, beta = 1)

    log_likelihood (B,), mu, logvar (B, L) -> (B,), to maximise. At beta 1 it is
    log p(x) - KL(q || posterior): a bound, equal to log p(x) for a perfect q alone.
    """
    expect.floating(log_likelihood=log_likelihood)
    B = expect.shape(mu, "B L", "mu")[0]
    expect.shape(log_likelihood, "B", "log_likelihood", B=B)
    expect.between(0, math.inf, beta=beta)
    return log_likelihood - beta * kl_to_standard_normal(mu, logvar).sum(-1)


@expect.annotated
def bernoulli_log_likelihood(logits: Tensor, x: Tensor) -> Tensor:
    """log p(x | z) of pixels that are coins; logits, x (B, ...) -> (B,).

    For x of 0 and 1. Grey x gives a number too, but of no distribution, and even a
    perfect decoder then leaves the pixels' entropy unexplained.
    """
    expect.floating(logits=logits, x=x)
    expect.same_shape(logits=logits, x=x)
    expect.between(0, 1, x=x)
    loss = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    return -loss.flatten(1).sum(1)


@expect.annotated
def gaussian_log_likelihood(
    mean: Tensor, x: Tensor, variance: float | Tensor
) -> Tensor:
    """log p(x | z) under N(mean, variance) for each pixel; mean, x (B, ...) -> (B,).

    The variance is a number or has the shape of x. It does what 1 / beta does to the
    KL; the best is the mean squared error itself.
    """
    expect.floating(mean=mean, x=x)
    expect.same_shape(mean=mean, x=x)
    if isinstance(variance, Tensor) and variance.dim():
        expect.same_shape(x=x, variance=variance)
    expect.positive(variance=variance)
    error = (x - mean).square() / variance
    return -0.5 * (error + _log(2 * math.pi * variance, x)).flatten(1).sum(1)


@expect.annotated
def log_weights(
    log_likelihood: Tensor, z: Tensor, mu: Tensor, logvar: Tensor
) -> Tensor:
    """How much likelier z is with x than q thought: one draw's claim about log p(x).

    log w = log p(x | z) + log p(z) - log q(z | x)

    log_likelihood (...), z, mu, logvar (..., L), z drawn from N(mu, exp(logvar)) ->
    (...). The mean of w is p(x) itself; the mean of log w is the ELBO.
    """
    expect.floating(log_likelihood=log_likelihood, z=z)
    expect.same_shape(z=z, mu=mu, logvar=logvar)
    noise = (z - mu).square() / logvar.exp()
    prior_over_q = 0.5 * (noise + logvar - z.square()).sum(-1)
    expect.same_shape(**{"log_likelihood": log_likelihood, "z without L": prior_over_q})
    return log_likelihood + prior_over_q


@expect.annotated
def importance_bound(log_weights: Tensor) -> Tensor:
    """A bound on log p(x) from K samples of z; it rises with K towards log p(x).

    IWAE_K = log (1/K sum_k p(x, z_k) / q(z_k | x))       (Burda et al., Eq. 8)

    log_weights (..., K), of K draws each -> (...). At K = 1 its mean is the ELBO.
    """
    expect.floating(log_weights=log_weights)
    K = expect.shape(log_weights, "... K", "log_weights")[-1]
    expect.positive(K=K)
    return log_weights.logsumexp(-1) - math.log(K)


@expect.annotated
def active_units(mu: Tensor, threshold: float = 0.01) -> Tensor:
    """Which latents carry something: those whose mean varies over the data.

    mu (B, L) -> bool (L,); variance above the threshold (Burda et al., Section 5.2).
    """
    B, L = expect.shape(mu, "B L", "mu")
    expect.positive(L=L)
    if B < 2:
        raise ValueError(f"mu has a batch of {B}; expected 2 or more, to vary.")
    expect.no_nan(mu=mu)
    return mu.var(0) > threshold


class LinearGaussian:
    """A model small enough for exact answers: z ~ N(0, 1), x | z ~ N(weight z, noise).

    Every number of the VAE has a closed form here, log p(x) included. Arguments and
    answers broadcast against each other; noise is a variance. An average over data of
    variance v is the answer at x = sqrt(v), for everything here is linear in x^2.
    """

    @expect.annotated
    def __init__(self, weight: float | Tensor, noise: float | Tensor) -> None:
        expect.positive(noise=noise)
        self.weight, self.noise = weight, noise

    @classmethod
    def learnt(
        cls, variance: Tensor, noise: float | Tensor, beta: float | Tensor = 1.0
    ) -> "LinearGaussian":
        """The model with the weight that is best for data of this variance.

        weight^2 = max(variance - beta noise, 0)       (Tipping and Bishop 1999)

        Where variance <= beta noise the weight is 0: the latent has collapsed.
        """
        expect.positive(variance=variance, beta=beta)
        return cls((variance - beta * noise).clamp(min=0).sqrt(), noise)

    def log_evidence(self, x: Tensor) -> Tensor:
        """log p(x), where p = N(0, weight^2 + noise)."""
        variance = self.weight**2 + self.noise
        return -0.5 * (x**2 / variance + _log(2 * math.pi * variance, x))

    def posterior(self, x: Tensor, beta: float | Tensor = 1.0) -> tuple[Tensor, Tensor]:
        """Mean and variance of the best q(z | x); at beta 1 that is p(z | x)."""
        expect.positive(beta=beta)
        gain = self.weight / (beta * self.noise)
        variance = torch.ones_like(x) / (1 + self.weight * gain)
        return gain * x * variance, variance

    def log_likelihood(self, x: Tensor, mu: Tensor, variance: Tensor) -> Tensor:
        """E_q log p(x | z) for q = N(mu, variance)."""
        error = (x - self.weight * mu) ** 2 + self.weight**2 * variance
        return -0.5 * (error / self.noise + _log(2 * math.pi * self.noise, x))


def _log(value: float | Tensor, like: Tensor) -> Tensor:
    return torch.as_tensor(value, dtype=like.dtype, device=like.device).log()


class VAE(nn.Module):
    """One hidden layer each way: pixels -> mu, logvar -> z -> a logit per pixel.

    Layer names as in pytorch/examples, whose weights load; there `decode` ends in a
    sigmoid, here it gives the logits, which neither overflow nor need clamping.
    """

    @expect.annotated
    def __init__(self, pixels: int = 784, hidden: int = 400, latent: int = 20) -> None:
        super().__init__()
        expect.positive(pixels=pixels, hidden=hidden, latent=latent)
        self.pixels, self.latent = pixels, latent
        self.fc1 = nn.Linear(pixels, hidden)
        self.fc21 = nn.Linear(hidden, latent)  # mu
        self.fc22 = nn.Linear(hidden, latent)  # logvar
        self.fc3 = nn.Linear(latent, hidden)
        self.fc4 = nn.Linear(hidden, pixels)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x (B, X) -> mu, logvar, each (B, L)."""
        expect.shape(x, "B X", "x", X=self.pixels)
        hidden = self.fc1(x).relu()
        return self.fc21(hidden), self.fc22(hidden)

    def decode(self, z: Tensor) -> Tensor:
        """z (B, L) -> logits (B, X)."""
        expect.shape(z, "B L", "z", L=self.latent)
        return self.fc4(self.fc3(z).relu())

    def forward(
        self, x: Tensor, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """x (B, X) -> logits (B, X), mu, logvar (B, L); noise (B, L) if given."""
        mu, logvar = self.encode(x)
        return self.decode(reparameterize(mu, logvar, noise)), mu, logvar
