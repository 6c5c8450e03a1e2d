"""Mixture of experts: a router sends each token to a few of many small networks.

DeepSeek-AI 2024, "DeepSeek-V3 Technical Report", arXiv:2412.19437, Eqs. 12-20, and
the official inference code. T tokens, D width, E experts, K experts per token.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib import expect


@expect.annotated
def route(
    scores: Tensor,
    bias: Tensor,
    top_k: int,
    n_groups: int = 1,
    top_groups: int = 1,
    scale: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """Choose each token's experts by score + bias; weigh them by the score alone.

    weights_i = scale s_i / sum of the chosen s             (Eqs. 12-16)

    scores (T, E), already sigmoid or softmax (which the official code does not divide
    by their sum); bias (E,). With n_groups the experts
    stand in equal groups, of which only the top_groups best may be chosen from, by the
    sum of their two best choices. -> indices, weights (T, K).
    """
    T, E = expect.shape(scores, "T E", "scores")
    expect.floating(scores=scores, bias=bias)
    expect.shape(bias, "E", "bias", E=E)
    expect.divides(n_groups=n_groups, experts=E)
    expect.between(1, n_groups, top_groups=top_groups)
    expect.between(1, E // n_groups * top_groups, top_k=top_k)
    expect.no_nan(scores=scores, bias=bias)
    choice = scores + bias
    if n_groups > 1:
        grouped = choice.reshape(T, n_groups, E // n_groups)
        best = grouped.topk(min(2, E // n_groups)).values.sum(-1)  # (T, groups)
        kept = best.topk(top_groups).indices
        shut = torch.ones_like(best).scatter(1, kept, 0.0) > 0
        # -inf, not 0: a biased choice may be negative and would lose to a closed group
        choice = grouped.masked_fill(shut[..., None], -torch.inf).flatten(1)
    indices = choice.topk(top_k).indices  # (T, K)
    weights = scores.gather(1, indices)  # without the bias
    return indices, weights / (weights.sum(1, keepdim=True) + 1e-20) * scale


@expect.annotated
def load(indices: Tensor, experts: int) -> Tensor:
    """How many tokens each expert gets: indices of any shape -> (experts,) int64."""
    expect.indices(indices=indices)
    expect.between(0, experts - 1, indices=indices)
    flat = indices.flatten()
    return flat.new_zeros(experts).scatter_add(0, flat, torch.ones_like(flat))


@expect.annotated
def gate_map(indices: Tensor, weights: Tensor, experts: int) -> Tensor:
    """The weights at their experts' places, zero elsewhere: (T, K) -> (T, experts)."""
    expect.same_shape(indices=indices, weights=weights)
    expect.indices(indices=indices)
    T, _ = expect.shape(indices, "T K", "indices")
    expect.between(0, experts - 1, indices=indices)
    return weights.new_zeros(T, experts).scatter(1, indices, weights)


@expect.annotated
def update_bias(bias: Tensor, load: Tensor, speed: float) -> Tensor:
    """Lift the bias of underloaded experts, lower that of overloaded: all by speed.

    bias + speed sign(mean load - load), both (E,)      (section 2.1.2)

    bias in float32 or float64, as the official code keeps it: shorter ones lose steps.
    """
    expect.same_shape(bias=bias, load=load)
    expect.floating(bias=bias)
    if bias.dtype.itemsize < 4:
        raise TypeError(
            f"bias holds {bias.dtype}, in which a step of {speed} is lost; float32 or "
            "float64 was expected: has the whole module been made shorter?"
        )
    expect.between(0, torch.inf, load=load)
    counts = load.to(bias.dtype)
    return bias + speed * (counts.mean() - counts).sign()


@expect.annotated
def balance_loss(scores: Tensor, indices: Tensor) -> Tensor:
    """How unevenly one sequence uses the experts; 1 if evenly, E / K at the worst.

    sum_i f_i P_i, f_i = E / (K T) * tokens of i, P_i = mean of s_i / sum s
                                                            (Eqs. 17-20, without alpha)

    scores (T, E) >= 0; indices (T, K), in the paper the top K of the scores without
    bias. The gradient flows through P alone.
    """
    T, E = expect.shape(scores, "T E", "scores")
    K = expect.shape(indices, "T K", "indices", T=T)[1]
    expect.positive(T=T, K=K)
    expect.floating(scores=scores)
    share = load(indices, E).to(scores.dtype) * (E / (K * T))
    return (share * (scores / scores.sum(1, keepdim=True)).mean(0)).sum()


@expect.annotated
def max_violation(load: Tensor) -> Tensor:
    """How far the busiest expert is above the mean: max / mean - 1, (E,) -> 0-d."""
    expect.positive(experts=expect.shape(load, "E", "load")[0])
    expect.between(0, torch.inf, load=load)
    whole = not load.is_floating_point()
    counts = load.to(torch.get_default_dtype()) if whole else load
    return counts.amax() / counts.mean() - 1


def _swiglu(x: Tensor, gate_up: Tensor, weight: Tensor | None = None) -> Tensor:
    """silu(gate) * up, times the routing weight where the vectors are short."""
    gate, up = F.linear(x, gate_up).chunk(2, -1)
    inner = F.silu(gate) * up
    return inner if weight is None else inner * weight  # (N, hidden) * (N, 1)


class MoE(nn.Module):
    """Routed SwiGLU experts and a shared one: (..., D) -> (..., D).

    y = sum_i w_i expert_i(x) + shared(x)                   (Eq. 12)

    `bias` is a buffer: after a training step, `moe.bias.copy_(update_bias(moe.bias,
    load(indices, E), speed))` with the indices of `choose`.
    """

    bias: Tensor

    @expect.annotated
    def __init__(
        self,
        dim: int,
        hidden: int,
        experts: int,
        top_k: int,
        shared: int = 1,
        n_groups: int = 1,
        top_groups: int = 1,
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        expect.positive(dim=dim, hidden=hidden, experts=experts)
        expect.whole(0, shared=shared)
        expect.divides(n_groups=n_groups, experts=experts)
        expect.between(1, n_groups, top_groups=top_groups)
        expect.between(1, experts // n_groups * top_groups, top_k=top_k)
        self.options = dict(
            top_k=top_k, n_groups=n_groups, top_groups=top_groups, scale=scale
        )
        self.gate = nn.Linear(dim, experts, bias=False)
        self.register_buffer("bias", torch.zeros(experts))
        self.gate_up = nn.Parameter(torch.randn(experts, 2 * hidden, dim) * dim**-0.5)
        self.down = nn.Parameter(torch.randn(experts, dim, hidden) * hidden**-0.5)
        inner = shared * hidden
        self.shared_gate_up = nn.Linear(dim, 2 * inner, bias=False) if shared else None
        self.shared_down = nn.Linear(inner, dim, bias=False) if shared else None

    def choose(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens (T, D) -> scores (T, E), indices and weights (T, K)."""
        scores = self.gate(x).sigmoid()
        return scores, *route(scores, self.bias, **self.options)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        tokens = x.reshape(-1, expect.shape(x, "... D", "x", D=self.down.shape[1])[-1])
        _, indices, weights = self.choose(tokens)
        out = self.experts(tokens, indices, weights)
        if self.shared_gate_up is not None and self.shared_down is not None:
            inner = _swiglu(tokens, self.shared_gate_up.weight)
            out = out + self.shared_down(inner)
        return out.reshape(x.shape)

    def experts(self, tokens: Tensor, indices: Tensor, weights: Tensor) -> Tensor:
        """Sort the calls by expert, once; run each expert; add up what came back."""
        order = indices.flatten().argsort(stable=True)  # (T K,), expert by expert
        source = order // indices.shape[1]
        counts = load(indices, len(self.bias))
        called = self.run(tokens[source], counts, weights.flatten()[order])
        return torch.zeros_like(tokens).index_add(0, source, called)

    def run(self, inputs: Tensor, counts: Tensor, weights: Tensor | None) -> Tensor:
        """One matrix product per expert: the first counts[0] inputs are for expert 0.

        inputs (N, D), counts (E,), weights (N,) or None -> (N, D).
        """
        sizes = counts.tolist()
        if weights is None:
            gates: list[Tensor | None] = [None] * len(sizes)
        else:
            gates = list(weights[:, None].split(sizes))
        # unbind once: its backward is one stack, where indexing adds E full tensors
        layers = self.gate_up.unbind(0), self.down.unbind(0)
        calls = zip(inputs.split(sizes), gates, *layers, strict=True)
        outs = [F.linear(_swiglu(x, up, w), down) for x, w, up, down in calls]
        return torch.cat(outs)
