"""The Dirac-GAN: the smallest game there is, one number against one number.

Mescheder, Geiger and Nowozin 2018, "Which Training Methods for GANs do actually
Converge?", arXiv:1801.04406. The data are a single point at 0, the generator puts its
point at theta, and the discriminator is a straight line, logit = psi x. Both want 0.
"""

import torch
from torch import Tensor

from lib import expect
from lib.gan import KINDS


def field(
    theta: Tensor, psi: Tensor, kind: str, penalty: Tensor | float = 0.0
) -> tuple[Tensor, Tensor]:
    """Which way each player is pushed: minus the slope of its own loss.

    The generator's loss is generator_loss(theta psi), the discriminator's is
    discriminator_loss(0, theta psi) plus a penalty on the slope psi of its line:
    for "wasserstein" penalty (|psi| - 1)^2, as Gulrajani et al. 2017, else
    penalty psi^2 / 2, the R1 of this paper (Eq. 9).

    theta, psi of one shape -> two of that shape.
    """
    expect.one_of(kind, KINDS)
    expect.same_shape(theta=theta, psi=psi)
    logit = theta * psi
    if kind == "minimax":
        up, down = logit.sigmoid(), logit.sigmoid()
    elif kind == "nonsaturating":
        up, down = (-logit).sigmoid(), logit.sigmoid()
    elif kind == "hinge":
        up, down = torch.ones_like(logit), (logit > -1).to(logit.dtype) / 2
    else:
        up, down = torch.ones_like(logit), torch.ones_like(logit)
    pull = 2 * (psi - psi.sign()) if kind == "wasserstein" else psi
    return up * psi, -down * theta - penalty * pull


def play(
    start: Tensor,
    kind: str,
    rate: Tensor | float,
    steps: int,
    penalty: Tensor | float = 0.0,
    alternating: bool = False,
) -> Tensor:
    """The path of gradient descent: start (2,) = theta, psi -> (steps + 1, 2).

    Simultaneous players both look at the old position; alternating ones move in turn,
    the discriminator first, and the generator sees where it went.
    """
    expect.shape(start, "2", "start")
    theta, psi = start.unbind()
    path = [start]
    for _ in range(steps):
        up, down = field(theta, psi, kind, penalty)
        psi = psi + rate * down
        if alternating:
            up, _ = field(theta, psi, kind, penalty)
        theta = theta + rate * up
        path.append(torch.stack([theta, psi]))
    return torch.stack(path)
