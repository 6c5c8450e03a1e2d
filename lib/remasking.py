"""ReMDM: words that were drawn may be hidden again, and are then guessed anew.

Wang, Schiff, Sahoo and Kuleshov 2025, "Remasking Discrete Diffusion Models with
Inference-Time Scaling", arXiv:2503.00307v4. Any network that has learnt from masks can
be asked in this way; nothing is trained.

Letters: t is the share of tokens that are masks before a step and s after it, the
paper's 1 - alpha; sigma the chance that a word is hidden again. R texts, n tokens, N
steps, V words; the mask token has id V.
"""

from itertools import pairwise

import torch
from torch import Tensor

from lib import expect, llada

Share = Tensor | float


def _shares(t: Share, s: Share) -> tuple[Tensor, Tensor]:
    """Both as tensors of one shape, with s in [0, t] and t in (0, 1]."""
    t, s = (
        x if isinstance(x, Tensor) else torch.tensor(x, dtype=torch.float64)
        for x in (t, s)
    )
    expect.same_shape(t=t, s=s)
    expect.floating(t=t, s=s)
    expect.positive(t=t)
    expect.between(0, 1, t=t, s=s, t_minus_s=t - s)
    return t, s


@expect.annotated
def most(t: Share, s: Share) -> Tensor:
    """The highest chance with which a word may be hidden again.

    sigma_max = min(1, s / (1 - t))   (Eq. 7)

    Shares, numbers or tensors of one shape -> a tensor of it. With more, there would be
    more masks after the step than the share s, even if all masks were lifted. At t = 1
    no words are there, and it is 1, or 0 if s is.
    >>> most(0.8, 0.6), most(0.2, 0.1)
    (tensor(1., dtype=torch.float64), tensor(0.1250, dtype=torch.float64))
    """
    t, s = _shares(t, s)
    return s / torch.maximum(1 - t, s).clamp(min=torch.finfo(s.dtype).tiny)


@expect.annotated
def lifted(t: Share, s: Share, sigma: Share) -> Tensor:
    """The chance that a mask falls, when words are hidden again with chance sigma.

    (t - s + sigma (1 - t)) / t   (Eq. 6)

    So the share of masks after the step is s, whatever sigma (Theorem 3.1): what is
    hidden again is lifted in addition. With sigma = 0 it is MDLM's (t - s) / t. A step
    may leave the share as it is, s = t. ValueError where sigma is above `most(t, s)`.
    """
    t, s = _shares(t, s)
    sigma = torch.as_tensor(sigma, dtype=t.dtype, device=t.device)
    expect.same_shape(t=t, sigma=sigma)
    room = most(t, s) - sigma
    expect.between(0, 1, sigma=sigma)
    expect.between(-1e-6, 1, room_below_the_highest_sigma=room)
    return ((t - s + sigma * (1 - t)) / t).clamp(max=1)


@expect.annotated
def step(
    x: Tensor,
    words: Tensor,
    t: float,
    s: float,
    sigma: float,
    mask_id: int,
    noise: Tensor,
) -> Tensor:
    """One step back: masks fall and become `words`, words are hidden again.

    Tokens x and words (R, n); noise (R, n), uniform in [0, 1), says for each token
    whether something happens to it -> (R, n). As in Algorithm 1, a mask that falls and
    a word that is hidden are decided by one and the same number each.
    """
    expect.indices(x=x, words=words)
    expect.same_shape(x=x, words=words, noise=noise)
    expect.floating(noise=noise)
    expect.between(0, torch.inf, x=x, words=words, mask_id=mask_id)
    expect.between(0, 1, noise=noise)
    hidden = x == mask_id
    falls = hidden & (noise < lifted(t, s, sigma))
    again = ~hidden & (noise < sigma)
    return torch.where(falls, words, torch.where(again, mask_id, x))


@expect.annotated
def loop(
    steps: int,
    on: float = 0.55,
    off: float = 0.05,
    hidden: float = 0.1,
    cap: float = 0.02,
) -> tuple[Tensor, Tensor]:
    """The clock of "ReMDM-loop": shares of masks (N + 1,), and caps for sigma (N,).

    From time 1 to `on` a draft is written until a share `hidden` is left, and nothing
    is hidden again. To `off` the share stays and words are mended, sigma at most `cap`;
    then the rest is written. The numbers are those of the paper's Table 1.
    >>> loop(5, on=0.6, off=0.2)[0]
    tensor([1.0000, 0.5500, 0.1000, 0.1000, 0.1000, 0.0000], dtype=torch.float64)
    """
    expect.between(0, 1, on=on, off=off, hidden=hidden, cap=cap, on_minus_off=on - off)
    draft, rest = round((1 - on) * steps), round(off * steps)
    expect.positive(steps=steps, draft=draft, mending=steps - draft - rest, rest=rest)
    mending = torch.full((steps - draft - rest,), 1.0, dtype=torch.float64)
    fall = torch.linspace(1, hidden, draft + 1, dtype=torch.float64)
    end = torch.linspace(hidden, 0, rest + 1, dtype=torch.float64)
    shares = torch.cat([fall, hidden * mending, end[1:]])
    none = torch.zeros(steps, dtype=torch.float64)
    return shares, torch.cat([none[:draft], cap * mending, none[:rest]])


@expect.annotated
@torch.no_grad()
def write(
    model: llada.Model,
    batch: int,
    length: int,
    mask_id: int,
    shares: Tensor,
    caps: Tensor,
    temperature: float = 1.0,
    generator: torch.Generator | None = None,
    history: list[Tensor] | None = None,
) -> Tensor:
    """Write (batch, length) tokens in N calls, in which words may be hidden again.

    shares (N + 1,) falls from 1 to 0, and caps (N,) bounds sigma = min(cap, `most`) in
    each step: the same number for all is "ReMDM-cap", zeros are MDLM. A mask is no
    answer, so logits from mask_id on are left out. A list `history` collects the tokens
    of each step.
    """
    expect.positive(batch=batch, length=length, mask_id=mask_id)
    expect.positive(temperature=temperature)
    N = expect.shape(caps, "N", "caps")[0]
    expect.shape(shares, "M", "shares", M=N + 1)
    expect.between(0, 1, shares=shares, caps=caps)
    expect.between(0, 0, missing_from_1=1 - shares[:1], last_share=shares[-1:])
    x = torch.full((batch, length), mask_id, device=shares.device)
    for (t, s), cap in zip(pairwise(shares), caps, strict=True):
        logits = model(x)[..., :mask_id].double() / temperature  # (R, n, V)
        p = logits.softmax(-1).flatten(0, 1)
        words = torch.multinomial(p, 1, generator=generator).view_as(x)
        noise = torch.rand(x.shape, generator=generator, device=x.device)
        sigma = torch.minimum(cap, most(t, s))
        x = step(x, words, float(t), float(s), float(sigma), mask_id, noise)
        if history is not None:
            history.append(x)
    return x
