"""The Dirac-GAN: the smallest game there is, one number against one number.

Mescheder, Geiger and Nowozin 2018, "Which Training Methods for GANs do actually
Converge?", arXiv:1801.04406. The data are a single point at 0, the generator puts its
point at theta, and the discriminator is a straight line, logit = psi x. Both want 0.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lib import expect
from lib.gan.losses import KINDS

MOST = 1e9  # far beyond any penalty or rate: of what is infinite there is no slope
Kinds = str | Sequence[str]  # one for all, or one for each column

# How hard each loss pushes at the fake's logit a: c0 + c1 sigmoid(a) + c2 [a > -1].
UP = {  # the generator, towards a larger a
    "minimax": (0, 1, 0),
    "nonsaturating": (1, -1, 0),
    "hinge": (1, 0, 0),
    "wasserstein": (1, 0, 0),
}
DOWN = {  # the discriminator, towards a smaller one
    "minimax": (0, 1, 0),
    "nonsaturating": (0, 1, 0),
    "hinge": (0, 0, 0.5),
    "wasserstein": (1, 0, 0),
}
PULL = {  # the penalty, psi back: c0 psi - c1 sign(psi)
    "minimax": (1, 0),
    "nonsaturating": (1, 0),
    "hinge": (1, 0),
    "wasserstein": (2, 2),
}


@expect.annotated
def field(
    theta: Tensor, psi: Tensor, kind: Kinds, penalty: Tensor | float = 0.0
) -> tuple[Tensor, Tensor]:
    """Which way each player is pushed: minus the slope of its own loss.

    The generator's loss is generator_loss(theta psi), the discriminator's is
    discriminator_loss(0, theta psi) plus a penalty on the slope psi of its line:
    for "wasserstein" penalty (|psi| - 1)^2, as Gulrajani et al. 2017, else
    penalty psi^2 / 2, which is R1 here.

    theta, psi (..., K) of one shape -> two of that shape; `kind` is one loss for all,
    or K of them.
    """
    expect.same_shape(theta=theta, psi=psi)
    rules = _Rules(kind, theta)
    return rules.up(theta * psi) * psi, rules.down(theta, psi, penalty)


@expect.annotated
def play(
    start: Tensor,
    kind: Kinds,
    rate: Tensor | float,
    steps: int,
    penalty: Tensor | float = 0.0,
    alternating: bool | Tensor = False,
) -> Tensor:
    """The path of gradient descent: start (2,) = theta, psi -> (steps + 1, 2).

    Simultaneous players both look at the old position; alternating ones move in turn,
    the discriminator first, and the generator sees where it went. Several games at
    once: start (2, ..., K), `kind` K losses, `alternating` bool of shape (..., 1),
    path (steps + 1, 2, ..., K).
    """
    expect.whole(0, steps=steps)
    expect.shape(start.movedim(0, -1), "... 2", "start, its first dimension last")
    theta, psi = start.unbind()
    rules, thetas, psis = _Rules(kind, theta), [theta], [psi]
    for _ in range(steps):
        moved = psi + rate * rules.down(theta, psi, penalty)
        seen = moved
        if isinstance(alternating, Tensor):
            seen = torch.where(alternating, moved, psi)
        elif not alternating:
            seen = psi
        theta, psi = theta + rate * rules.up(theta * seen) * seen, moved
        thetas.append(theta)
        psis.append(psi)
    return torch.stack([torch.stack(thetas), torch.stack(psis)], 1)


class _Rules:
    """Rows of the tables, for one loss as numbers, for several as tensors (K,)."""

    def __init__(self, kind: Kinds, like: Tensor) -> None:
        kinds = [kind] if isinstance(kind, str) else list(kind)
        for one in kinds:
            expect.one_of(one, KINDS)
        if not isinstance(kind, str):
            expect.shape(like, "... K", "theta", K=len(kinds))

        def column(numbers: Sequence[float]) -> Tensor | float:
            if isinstance(kind, str) or not any(numbers):
                return float(numbers[0])
            return torch.tensor(numbers, dtype=like.dtype, device=like.device)

        def columns(table: dict) -> list[Tensor | float]:
            return [column(c) for c in zip(*(table[k] for k in kinds), strict=True)]

        self._up, self._down, self._pull = columns(UP), columns(DOWN), columns(PULL)

    def up(self, logit: Tensor) -> Tensor | float:
        """The generator's push at the fake's logit."""
        return _push(self._up, logit)

    def down(self, theta: Tensor, psi: Tensor, penalty: Tensor | float) -> Tensor:
        """Where psi is driven, by the fake at theta and by the penalty."""
        towards, away = self._pull
        back = towards * psi
        if isinstance(away, Tensor) or away:
            back = back - away * psi.sign()
        return -(_push(self._down, theta * psi) * theta + penalty * back)


def _push(column: list[Tensor | float], logit: Tensor) -> Tensor | float:
    """c0 + c1 sigmoid(a) + c2 [a > -1]; what no loss asks for is not computed."""
    push, curved, step = column
    if isinstance(curved, Tensor) or curved:
        push = push + curved * logit.sigmoid()
    if isinstance(step, Tensor) or step:
        push = push + step * (logit > -1)
    return push


@expect.annotated
def eigenvalues(kind: str, penalty: float = 0.0) -> Tensor:
    """Of the field's Jacobian at the end of the game, theta = psi = 0: complex (2,).

    Without a penalty +- f' i, with R1 -g/2 +- (g^2/4 - f'^2)^(1/2), where f' is the
    slope of log sigmoid at 0, a half, or 1 for "wasserstein". The penalty of that one
    asks for a slope of 1, has a kink at psi = 0, and so no Jacobian there.
    """
    expect.between(-MOST, MOST, penalty=penalty)
    if kind == "wasserstein" and penalty:
        raise ValueError(
            f"penalty is {penalty}; 0 was expected, for the one of 'wasserstein' has a "
            "kink at psi = 0"
        )

    def arrows(place: Tensor) -> Tensor:
        theta, psi = place.unbind()
        return torch.stack(field(theta, psi, kind, penalty))

    return _eigenvalues_at_zero(arrows)


@expect.annotated
def growth(kind: str, rate: float, alternating: bool = False) -> float:
    """By how much a small distance from the end grows in one step, at the most.

    (1 + rate^2 f'^2)^(1/2) at once, 1 in turn while rate f' <= 2.
    """

    expect.between(-MOST, MOST, rate=rate)

    def step(place: Tensor) -> Tensor:
        return play(place, kind, rate, 1, alternating=alternating)[-1]

    return _eigenvalues_at_zero(step).abs().max().item()


def _eigenvalues_at_zero(function: Callable[[Tensor], Tensor]) -> Tensor:
    zero = torch.zeros(2, dtype=torch.float64)
    jacobian = torch.autograd.functional.jacobian(function, zero)
    return torch.linalg.eigvals(jacobian)
