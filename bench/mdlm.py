"""Masked diffusion at its shortest: a step draws which masks fall, then their words.

Sahoo et al. 2024, "Simple and Effective Masked Diffusion Language Models" (MDLM),
arXiv:2406.07524: Tweedie's step of lib/sedd.py on the absorbing graph, without scores.

Shapes: B batch, T tokens, D width, V words; the mask has an id of its own.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lib import expect
from lib.sedd import Noise, Random


def fall_chance(noise: Noise, t: float, dt: float) -> float:
    """The chance that a token masked at t is masked no more at t - dt.

    (e^(d sigma) - 1) / (e^sigma - 1), which is dt / t if the noise is log-linear.
    """
    expect.between(0, 1, t=t, t_minus_dt=t - dt)
    now, then = (noise(torch.tensor([at]))[0].item() for at in (t, t - dt))
    return math.expm1(now - then) / math.expm1(now)


def unmask(
    noise: Noise,
    head: Callable[[Tensor], Tensor],
    vectors: Tensor,
    x: Tensor,
    t: float,
    dt: float,
    mask_id: int,
    generator: Random = None,
) -> Tensor:
    """Take one step back from t to t - dt: some masks fall and become words.

    vectors (B, T, D), of which head makes logits (..., V), and tokens x (B, T) -> new
    tokens (B, T). The head, which costs most, reads only the masks that fall.
    """
    expect.indices(x=x)
    expect.shape(vectors, "B T D", "vectors", B=x.shape[0], T=x.shape[1])
    dice = torch.rand(x.shape, generator=generator, device=x.device)
    falls = (x == mask_id) & (dice < fall_chance(noise, t, dt))
    p = head(vectors[falls]).softmax(-1)  # (falling, V)
    x = x.clone()
    if len(p):
        x[falls] = torch.multinomial(p, 1, generator=generator)[:, 0]
    return x
