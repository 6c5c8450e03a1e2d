"""The losses of generative adversarial networks: a critic in place of a likelihood.

Goodfellow et al. 2014, "Generative Adversarial Nets", arXiv:1406.2661; hinge as in
Miyato et al. 2018, arXiv:1802.05957; Wasserstein as in Arjovsky et al. 2017,
arXiv:1701.07875, with the penalty of Gulrajani et al. 2017, arXiv:1704.00028.

A logit a is what the discriminator says before the sigmoid: D = sigmoid(a). All losses
take logits, never probabilities, and stay finite where sigmoid rounds to 0 or 1.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from lib import expect

KINDS = ("minimax", "nonsaturating", "hinge", "wasserstein")


@expect.annotated
def discriminator_loss(
    real_logits: Tensor, fake_logits: Tensor, kind: str = "nonsaturating"
) -> Tensor:
    """How badly the discriminator tells real from fake, to be minimised.

    minimax, nonsaturating: -mean log D(real) - mean log(1 - D(fake))   (2014, Eq. 1)
    hinge: (mean relu(1 - real) + mean relu(1 + fake)) / 2
    wasserstein: mean fake - mean real

    Logits of any shape, real and fake of any number -> 0-d. The half in the hinge is
    that of the official VQGAN code; the paper has none. Of another kind, or with no
    logits at all: ValueError.
    >>> discriminator_loss(torch.zeros(2), torch.zeros(3))  # knows nothing: log 4
    tensor(1.3863)
    """
    _logits(kind, real_logits=real_logits, fake_logits=fake_logits)
    if kind == "hinge":
        return ((1 - real_logits).relu().mean() + (1 + fake_logits).relu().mean()) / 2
    if kind == "wasserstein":
        return fake_logits.mean() - real_logits.mean()
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


@expect.annotated
def generator_loss(fake_logits: Tensor, kind: str = "nonsaturating") -> Tensor:
    """How badly the generator deceives the discriminator, to be minimised.

    minimax: mean log(1 - D(fake)), slope -D: none where the fake is seen through
    nonsaturating: -mean log D(fake), slope D - 1: largest there   (2014, Section 3)
    hinge, wasserstein: -mean fake, slope -1 everywhere

    Logits of any shape -> 0-d. Errors as in discriminator_loss.
    >>> generator_loss(torch.tensor([50.0]), "minimax")
    tensor(-50.)
    """
    _logits(kind, fake_logits=fake_logits)
    if kind == "minimax":
        return -F.softplus(fake_logits).mean()
    if kind == "nonsaturating":
        return F.softplus(-fake_logits).mean()
    return -fake_logits.mean()


@expect.annotated
def gradient_penalty(
    critic: Callable[[Tensor], Tensor],
    real: Tensor,
    fake: Tensor,
    weight: float = 10.0,
    mix: Tensor | None = None,
) -> Tensor:
    """Hold the critic's slope at 1 on the lines between real and fake samples.

    weight mean (||d critic(x) / dx||_2 - 1)^2,  x = mix real + (1 - mix) fake
                                                   (Gulrajani et al., Algorithm 1)

    real, fake (B, ...), of one shape; mix (B,) in [0, 1], one number a sample, drawn
    uniformly if not given -> 0-d. The norm is over all dimensions of a sample and never
    over the batch. Only the critic learns from it: real and fake are detached. A critic
    with batch norm mixes its samples, and its penalty means nothing.
    """
    expect.floating(real=real, fake=fake)
    expect.same_shape(real=real, fake=fake)
    if not real.numel():
        raise ValueError(f"real has shape {tuple(real.shape)}; expected (B, ...).")
    expect.no_nan(real=real, fake=fake)
    B = len(real)
    if mix is None:
        mix = torch.rand(B, dtype=real.dtype, device=real.device)
    expect.floating(mix=mix)
    expect.shape(mix, "B", "mix", B=B)
    expect.between(0, 1, mix=mix)
    mix = mix.reshape(-1, *[1] * (real.dim() - 1))  # (B, 1, ..., 1)
    x = (mix * real + (1 - mix) * fake).detach().requires_grad_()
    with torch.enable_grad():
        score = critic(x)
        (slope,) = torch.autograd.grad(score.sum(), x, create_graph=True)
    norm = torch.linalg.vector_norm(slope.flatten(1), dim=1)  # (B,)
    return weight * (norm - 1).square().mean()


@expect.annotated
def optimal_discriminator(p: Tensor, q: Tensor) -> Tensor:
    """The best answer to a fixed generator, from both densities.

    D*(x) = p(x) / (p(x) + q(x))       (2014, Eq. 2)

    Densities (or masses) p of the data and q of the generator, of one shape -> the same
    shape, in [0, 1]. Where neither has any mass the game does not ask; 1/2 is said.
    Its logit is log p - log q.
    """
    _densities(p, q)
    neither = (p == 0) & (q == 0)
    return torch.where(neither, 0.5, p / (p + q).masked_fill(neither, 1))


@expect.annotated
def game_value(logits: Tensor, p: Tensor, q: Tensor) -> Tensor:
    """What the discriminator wins, exactly, where both distributions are known.

    V(D, G) = sum p log D + sum q log(1 - D)       (2014, Eq. 1)

    logits, p, q (..., K), masses that sum to 1 -> (...), in nats. At the best D it is
    -log 4 + 2 JS(p, q)  (2014, Eq. 6).
    """
    _densities(p, q)
    expect.same_shape(logits=logits, p=p)
    expect.probabilities(p=p, q=q)
    said = _times(p, F.logsigmoid(logits)) + _times(q, F.logsigmoid(-logits))
    return said.sum(-1)


def _times(mass: Tensor, log: Tensor) -> Tensor:
    """A product in which 0 times -inf is 0: what never happens costs nothing."""
    return mass * log.masked_fill(mass == 0, 0)


def _densities(p: Tensor, q: Tensor) -> None:
    expect.floating(p=p, q=q)
    expect.same_shape(p=p, q=q)
    expect.between(0, float("inf"), p=p, q=q)


def _logits(kind: str, **named: Tensor) -> None:
    expect.one_of(kind, KINDS)
    expect.floating(**named)
    for name, logits in named.items():
        if not logits.numel():
            raise ValueError(
                f"{name} has shape {tuple(logits.shape)}: there is nothing to average."
            )
