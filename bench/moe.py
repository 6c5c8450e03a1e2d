"""MoE: sorted calls against a mask per expert, and against transformers' own layer."""

import contextlib

import torch
import torch.nn.functional as F
from torch import Tensor

from bench.turns import Row, in_turns
from lib import moe

TOKENS, DIM, HIDDEN, EXPERTS, TOP_K = 2048, 256, 128, 64, 8


class Loop(moe.MoE):
    """The plain way: for each expert look who asked, run it, add what comes out."""

    def experts(self, tokens: Tensor, indices: Tensor, weights: Tensor) -> Tensor:
        """(T, D), (T, K) twice -> (T, D)."""
        out = torch.zeros_like(tokens)
        for e in range(len(self.bias)):
            rows, places = (indices == e).nonzero(as_tuple=True)
            gate, up = F.linear(tokens[rows], self.gate_up[e]).chunk(2, -1)
            answers = F.linear(F.silu(gate) * up, self.down[e])
            out = out.index_add(0, rows, answers * weights[rows, places, None])
        return out


def peer() -> torch.nn.Module:
    """transformers' DeepSeek-V3 layer of the same size; ImportError without it."""
    from transformers import DeepseekV3Config
    from transformers.models.deepseek_v3.modeling_deepseek_v3 import DeepseekV3MoE

    config = DeepseekV3Config(
        hidden_size=DIM,
        moe_intermediate_size=HIDDEN,
        n_routed_experts=EXPERTS,
        num_experts_per_tok=TOP_K,
        n_shared_experts=1,
        n_group=1,
        topk_group=1,
        routed_scaling_factor=1.0,
    )
    layer = DeepseekV3MoE(config)
    with torch.no_grad():
        for p in layer.parameters():
            p.normal_(std=DIM**-0.5)
    return layer


def both_ways(layer: torch.nn.Module, x: Tensor) -> None:
    layer.zero_grad()
    layer(x).square().mean().backward()


@torch.inference_mode()
def forward(layer: torch.nn.Module, x: Tensor) -> None:
    layer(x)


def rows() -> list[Row]:
    """Time our MoE against the loop and, where it is installed, transformers'."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    ours, loop = (kind(DIM, HIDDEN, EXPERTS, TOP_K) for kind in (moe.MoE, Loop))
    loop.load_state_dict(ours.state_dict())
    others: dict[str, torch.nn.Module] = {"loop": loop}
    with contextlib.suppress(ImportError):  # an optional peer
        others["transformers"] = peer()
    x, table = torch.randn(1, TOKENS, DIM), []
    for call, name in ((forward, "forward"), (both_ways, "forward and backward")):
        for other, layer in others.items():
            ms = in_turns(
                lambda call=call: call(ours, x),
                lambda call=call, layer=layer: call(layer, x),
            )
            work = f"MoE {name}, {TOKENS} tokens, {TOP_K} of {EXPERTS}"
            table.append((work, other, *ms, ms[0] / ms[1]))
    return table
