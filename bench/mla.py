"""MLA, one token after a cache: absorbed against keys rebuilt, and transformers."""

from collections.abc import Callable

import torch
from torch import Tensor

from bench.turns import Row, in_turns
from lib import mla

SHAPE = dict(dim=2048, heads=16, kv_rank=512, nope_dim=128, rope_dim=64, v_dim=128)
CACHED = (1024, 4096, 8192)  # V2-Lite's attention, after so many tokens


def peer_decode(past: int) -> Callable[[Tensor], None]:
    """A decoding step of transformers' attention of the same shape, `past` cached.

    Its cache grows by a token a call; ImportError where transformers is missing.
    """
    from transformers import DeepseekV3Config, DynamicCache
    from transformers.models.deepseek_v3 import modeling_deepseek_v3 as theirs

    config = DeepseekV3Config(
        hidden_size=SHAPE["dim"],
        num_attention_heads=SHAPE["heads"],
        num_key_value_heads=SHAPE["heads"],
        num_hidden_layers=1,
        q_lora_rank=None,
        kv_lora_rank=SHAPE["kv_rank"],
        qk_nope_head_dim=SHAPE["nope_dim"],
        qk_rope_head_dim=SHAPE["rope_dim"],
        v_head_dim=SHAPE["v_dim"],
        attn_implementation="sdpa",
    )
    layer = theirs.DeepseekV3Attention(config, layer_idx=0).eval()
    turn, cache = theirs.DeepseekV3RotaryEmbedding(config), DynamicCache(config=config)

    def step(x: Tensor) -> None:
        place = torch.arange(x.shape[1])[None] + cache.get_seq_length()
        layer(
            x,
            position_embeddings=turn(x, place),
            attention_mask=None,
            past_key_values=cache,
        )

    with torch.inference_mode():
        for piece in torch.randn(1, past, SHAPE["dim"]).split(512, 1):
            step(piece)
    return step


def rows() -> list[Row]:
    """Time one decoding step at three cache lengths; transformers where it is."""
    torch.set_num_threads(1)
    layer, x = mla.MLA(q_rank=0, **SHAPE).eval(), torch.randn(1, 1, SHAPE["dim"])
    table = []
    for past in CACHED:
        cache = (
            torch.randn(1, past, SHAPE["kv_rank"]),
            torch.randn(1, past, SHAPE["rope_dim"]),
        )
        peers = {"keys rebuilt": lambda cache=cache: layer(x, cache, absorb=False)}
        try:
            step = peer_decode(past)
            peers["transformers"] = lambda step=step: step(x)
        except ImportError as missing:
            print(f"MLA against transformers left out: {missing}")
        for name, call in peers.items():
            with torch.inference_mode():
                ms = in_turns(lambda cache=cache: layer(x, cache), call)
            work = f"MLA decode, {past:,} tokens cached"
            table.append((work, name, *ms, ms[0] / ms[1]))
    return table
