"""A SEDD step with its head, against the step as the official code writes it.

The official repository is no package, so its step stands here in full: the head on
every token, the score of all V + 1 states, both factors of Eq. 19, a Gumbel draw.
"""

import torch
from torch import Tensor, nn

from bench import mdlm
from bench.turns import Row, in_turns
from lib import sedd

VOCAB, WIDTH, TOKENS = 50257, 128, 128


def official(
    head: nn.Module, vectors: Tensor, x: Tensor, sigma: Tensor, d_sigma: Tensor
) -> Tensor:
    """graph_lib.Absorbing: staggered_score times transp_transition, then a draw."""
    mask = VOCAB
    log_score = head(vectors).log_softmax(-1) - sigma.expm1().log()
    score = torch.cat([log_score, torch.zeros(*x.shape, 1)], -1).exp()  # (B, T, V + 1)
    extra = (1 - d_sigma.exp()) * score.sum(-1)
    score = score * d_sigma.exp()
    score[..., -1] += extra
    edge = (-d_sigma).exp() * nn.functional.one_hot(x, VOCAB + 1)
    edge = edge + torch.where(x == mask, 1 - (-d_sigma).exp(), 0.0)[..., None]
    p = score * edge
    gumbel = 1e-10 - (torch.rand_like(p) + 1e-10).log()
    return (p / gumbel).argmax(-1)


def rows() -> list[Row]:
    """Time a step in the middle of the way, half of the tokens masked."""
    torch.set_num_threads(1)
    noise, head = sedd.LogLinearNoise(), nn.Linear(WIDTH, VOCAB, bias=False)
    x = torch.randint(VOCAB, (1, TOKENS))
    x[torch.rand(1, TOKENS) < 0.5] = VOCAB
    vectors, t, dt = torch.randn(1, TOKENS, WIDTH), 0.5, 1 / 16
    sigma, before = (noise(torch.tensor([at]))[0] for at in (t, t - dt))
    with torch.inference_mode():
        ms = in_turns(
            lambda: mdlm.unmask(noise, head, vectors, x, t, dt, VOCAB),
            lambda: official(head, vectors, x, sigma, sigma - before),
        )
    return [("SEDD step with head, 128 tokens", "official", *ms, ms[0] / ms[1])]
