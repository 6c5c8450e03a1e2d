"""GRPO's two kernels against plain torch, a loop over answers and, where there, trl."""

from collections.abc import Callable

import torch
from torch import Tensor

from bench.turns import Row, in_turns
from lib import grpo


def plain(logits: Tensor, tokens: Tensor) -> Tensor:
    """What one would write first; it holds all log-probabilities at once."""
    return logits.log_softmax(-1).gather(-1, tokens[..., None]).squeeze(-1)


def loop(logp: Tensor, old: Tensor, advantages: Tensor, mask: Tensor) -> Tensor:
    """The loss answer by answer, as the formula is read."""
    total = logp.new_zeros(())
    for new, was, A, own in zip(logp, old, advantages, mask, strict=True):
        ratio = (new[own] - was[own]).exp()
        total = total - torch.minimum(ratio * A, ratio.clamp(0.8, 1.2) * A).mean()
    return total / len(logp)


def log_probabilities() -> dict[str, Callable]:
    """The peers of `token_logp`: trl is an optional extra."""
    peers = {"plain torch": plain}
    try:
        from trl.trainer.utils import selective_log_softmax
    except ImportError:
        return peers
    return peers | {"trl": selective_log_softmax}


def rows() -> list[Row]:
    """Per-token log-probabilities and the loss, forward and with backward."""
    torch.set_num_threads(1)
    logits, tokens = torch.randn(4, 256, 32768), torch.randint(32768, (4, 256))
    table = []

    def logp_backward(call: Callable) -> None:
        x = logits.detach().requires_grad_()
        call(x, tokens).sum().backward()

    for name, peer in log_probabilities().items():
        works = {
            "log-probability, 4x256x32768": lambda f: f(logits, tokens),
            "the same with backward": logp_backward,
        }
        for work, call in works.items():
            ms = in_turns(
                lambda call=call: call(grpo.token_logp),
                lambda call=call, peer=peer: call(peer),
            )
            table.append((work, name, *ms, ms[0] / ms[1]))

    old, advantages = -torch.rand(512, 256), torch.randn(512)
    mask = torch.arange(256) < torch.randint(1, 257, (512, 1))
    logp = (old + 0.2 * torch.randn(512, 256)).requires_grad_()
    ms = in_turns(
        lambda: grpo.grpo_loss(logp, old, advantages, mask).backward(),
        lambda: loop(logp, old, advantages, mask).backward(),
    )
    table.append(("GRPO loss with backward, 512x256", "a loop", *ms, ms[0] / ms[1]))
    return table
