"""Experts over ranks: every process holds a few experts and sends tokens to the rest.

Lepikhin et al. 2020, "GShard", arXiv:2006.16668, and DeepSeek-V3, section 3.2: each
rank routes its own tokens, one all-to-all carries them to their experts, and a second
one carries the answers home. R ranks, E experts, E / R of them on each.
"""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from lib import expect
from lib.moe.experts import MoE, load


class _Exchange(torch.autograd.Function):
    """all-to-all of rows; its gradient is the all-to-all back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, sent: list[int], received: list[int]) -> Tensor:
        ctx.sizes = sent, received
        out = x.new_empty(sum(received), *x.shape[1:])
        dist.all_to_all_single(out, x.contiguous(), received, sent)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        sent, received = ctx.sizes
        return _Exchange.apply(grads[0], received, sent), None, None


@expect.annotated
def exchange(x: Tensor, sent: list[int], received: list[int]) -> Tensor:
    """Send the first sent[0] rows to rank 0, the next sent[1] to rank 1, and so on.

    x (sum sent, ...) -> (sum received, ...), rank by rank; gradients travel back.
    """
    if sum(sent) != len(x):
        raise ValueError(f"{len(x)} rows cannot be sent as {sent}")
    return _Exchange.apply(x, sent, received)


class ExpertsOverRanks(MoE):
    """A MoE of which this process keeps every R-th part of the experts.

    Router, bias and shared expert are on all ranks. An expert gathers the gradients of
    all ranks' tokens; they are divided by R, since the loss is the mean over ranks.
    """

    @expect.annotated
    def __init__(self, whole: MoE) -> None:
        nn.Module.__init__(self)
        self.__dict__.update(whole.__dict__)
        self._parameters, self._modules = dict(whole._parameters), dict(whole._modules)
        self.rank, self.ranks = dist.get_rank(), dist.get_world_size()
        expect.divides(ranks=self.ranks, experts=len(whole.bias))
        for name in ("gate_up", "down"):
            part = getattr(whole, name).detach().chunk(self.ranks)[self.rank].clone()
            setattr(self, name, nn.Parameter(part))
            getattr(self, name).register_hook(lambda grad: grad / self.ranks)

    def experts(self, tokens: Tensor, indices: Tensor, weights: Tensor) -> Tensor:
        """Out to the experts' ranks, through them, and home: (T, D) -> (T, D)."""
        order = indices.flatten().argsort(stable=True)  # by expert, so by rank too
        source = order // indices.shape[1]
        calls = load(indices, len(self.bias)).view(self.ranks, -1)  # (R, E / R)
        asked = torch.empty_like(calls)  # asked[r, e]: what rank r wants of my e-th
        dist.all_to_all_single(asked, calls)
        sent, received = calls.sum(1).tolist(), asked.sum(1).tolist()
        inputs = exchange(tokens[source], sent, received)
        expert = torch.arange(asked.shape[1], device=tokens.device).repeat(self.ranks)
        sort = expert.repeat_interleave(asked.flatten()).argsort(stable=True)
        answers = self.run(inputs[sort], asked.sum(0), None)
        home = exchange(answers[sort.argsort()], received, sent)
        called = home * weights.flatten()[order, None]
        return torch.zeros_like(tokens).index_add(0, source, called)


@expect.annotated
def total_load(indices: Tensor, experts: int) -> Tensor:
    """How many tokens of all ranks each expert gets: what the bias must be told."""
    counts = load(indices, experts)
    dist.all_reduce(counts)
    return counts
