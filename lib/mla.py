"""Multi-head latent attention: keys and values live in one small shared latent.

DeepSeek-AI 2024, "DeepSeek-V2", arXiv:2405.04434, Eqs. 9-19; faithful to the official
inference code of DeepSeek-V3, parameter names included.

Shapes: B batch, T new tokens, S all tokens (cached ones first), H heads, D width,
c kv_rank, r rope_dim, n nope_dim, v v_dim.
"""

import torch
from torch import Tensor, nn

from lib import expect, transformer

Cache = tuple[Tensor, Tensor]  # latent (B, S, c), rope key (B, S, r)


@expect.annotated
def rotary(x: Tensor, start: int = 0, base: float = 10000.0) -> Tensor:
    """Turn each pair (x_2i, x_2i+1) by the angle position * base^(-2i / r).

    x (..., T, r), at positions start, start + 1, ...; the pairs are interleaved, not
    the two halves of the vector.
    """
    T, r = expect.shape(x, "... T r", "x")[-2:]
    expect.divides(two=2, rope_dim=r)
    expect.whole(0, start=start)
    place = torch.arange(start, start + T, device=x.device)
    return transformer.rotary(x, place, base)


class MLA(nn.Module):
    """Causal attention that caches kv_rank + rope_dim numbers a token, for all heads.

    latent  c = RMSNorm(x W_a)                              (Eq. 9)
    keys      = [c W_UK, rotary(x W_kr)], one rope key for all heads
    values    = c W_UV
    scores    = (q_nope . k_nope + q_rope . k_rope) / sqrt(n + r)

    `absorb=True` never builds keys or values: W_UK moves to the query and W_UV to the
    output, the same numbers for far less work per decoded token. q_rank=0 makes the
    queries straight from x.
    """

    @expect.annotated
    def __init__(
        self,
        dim: int,
        heads: int,
        q_rank: int,
        kv_rank: int,
        nope_dim: int,
        rope_dim: int,
        v_dim: int,
    ) -> None:
        super().__init__()
        expect.positive(dim=dim, heads=heads, kv_rank=kv_rank, v_dim=v_dim)
        expect.positive(nope_dim=nope_dim)
        expect.divides(two=2, rope_dim=rope_dim)
        expect.whole(0, q_rank=q_rank)
        self.dim, self.heads, self.q_rank, self.kv_rank = dim, heads, q_rank, kv_rank
        self.nope_dim, self.rope_dim, self.v_dim = nope_dim, rope_dim, v_dim
        q_dim = heads * (nope_dim + rope_dim)
        if q_rank:
            self.wq_a = nn.Linear(dim, q_rank, bias=False)
            self.q_norm = nn.RMSNorm(q_rank, eps=1e-6)
            self.wq_b = nn.Linear(q_rank, q_dim, bias=False)
        else:
            self.wq = nn.Linear(dim, q_dim, bias=False)
        self.wkv_a = nn.Linear(dim, kv_rank + rope_dim, bias=False)
        self.kv_norm = nn.RMSNorm(kv_rank, eps=1e-6)
        self.wkv_b = nn.Linear(kv_rank, heads * (nope_dim + v_dim), bias=False)
        self.wo = nn.Linear(heads * v_dim, dim, bias=False)

    def queries(self, x: Tensor, start: int) -> tuple[Tensor, Tensor]:
        """x (B, T, D) -> the two parts (B, H, T, n) and, turned, (B, H, T, r)."""
        q = self.wq_b(self.q_norm(self.wq_a(x))) if self.q_rank else self.wq(x)
        q = q.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, H, T, n + r)
        nope, rope = q.split([self.nope_dim, self.rope_dim], -1)
        return nope, rotary(rope, start)

    def compress(self, x: Tensor, cache: Cache | None) -> Cache:
        """What there is to remember of x (B, T, D), after what is remembered."""
        latent, rope = self.wkv_a(x).split([self.kv_rank, self.rope_dim], -1)
        start = 0 if cache is None else cache[0].shape[1]
        latent, rope = self.kv_norm(latent), rotary(rope, start)
        if cache is not None:
            latent = torch.cat([cache[0], latent], 1)
            rope = torch.cat([cache[1], rope], 1)
        return latent, rope  # (B, S, c), (B, S, r)

    def forward(
        self, x: Tensor, cache: Cache | None = None, absorb: bool = True
    ) -> tuple[Tensor, Cache]:
        """(B, T, D), the tokens after the cached ones -> (B, T, D), the new cache."""
        B, start = expect.shape(x, "B T D", "x", D=self.dim)[0], 0
        if cache is not None:
            start = expect.shape(cache[0], "B S c", "cache[0]", B=B, c=self.kv_rank)[1]
            expect.shape(cache[1], "B S r", "cache[1]", B=B, S=start, r=self.rope_dim)
        cache = self.compress(x, cache)
        seen, _ = self.attend(self.queries(x, start), cache, absorb)  # (B, H, T, v)
        return self.wo(seen.transpose(1, 2).flatten(2)), cache

    def attend(
        self, queries: tuple[Tensor, Tensor], cache: Cache, absorb: bool = True
    ) -> tuple[Tensor, Tensor]:
        """What each head takes (B, H, T, v), and its weights (B, H, T, S).

        The queries are those of the last T of the S tokens in the cache.
        """
        (nope, rope), (latent, key) = queries, cache
        up = self.wkv_b.weight.unflatten(0, (self.heads, -1))  # (H, n + v, c)
        up_key, up_value = up.split([self.nope_dim, self.v_dim], 1)
        scores = shared(rope, key)  # one rope key for all heads
        if absorb:
            weights = self.weigh(scores + shared(nope @ up_key, latent))
            mixed = shared(weights, latent.transpose(1, 2))  # (B, H, T, c)
            return mixed @ up_value.transpose(1, 2), weights
        keys = latent[:, None] @ up_key.transpose(1, 2)  # (B, H, S, n)
        values = latent[:, None] @ up_value.transpose(1, 2)  # (B, H, S, v)
        weights = self.weigh(scores + nope @ keys.transpose(2, 3))
        return weights @ values, weights

    def weigh(self, scores: Tensor) -> Tensor:
        """Scale, hide the future and normalise: (B, H, T, S) -> the same."""
        T, S = scores.shape[-2:]
        scores = scores * (self.nope_dim + self.rope_dim) ** -0.5
        if T > 1:
            mask = transformer.causal_mask(T, S - T).to(scores.device)
            scores = scores.masked_fill(~mask, -torch.inf)
        return scores.softmax(-1)


@expect.annotated
def shared(queries: Tensor, keys: Tensor) -> Tensor:
    """(B, H, T, c) times the (B, S, c) that all heads share -> (B, H, T, S).

    One matrix product with H T rows: the keys are read once and not H times.
    """
    B, H, T, c = expect.shape(queries, "B H T c", "queries")
    expect.shape(keys, "B S c", "keys", B=B, c=c)
    return (queries.flatten(1, 2) @ keys.transpose(1, 2)).unflatten(1, (H, T))


@expect.annotated
def kv_cache_elements(
    kind: str,
    heads: int,
    head_dim: int,
    groups: int = 1,
    kv_rank: int = 0,
    rope_dim: int = 0,
) -> int:
    """Numbers cached per token and layer (DeepSeek-V2, Table 1).

    "mha" 2 heads d, "gqa" 2 groups d, "mqa" 2 d, "mla" kv_rank + rope_dim.
    >>> kv_cache_elements("mla", 128, 128, kv_rank=512, rope_dim=64)
    576
    """
    kinds = {
        "mha": 2 * heads * head_dim,
        "gqa": 2 * groups * head_dim,
        "mqa": 2 * head_dim,
        "mla": kv_rank + rope_dim,
    }
    expect.one_of(kind, kinds)
    expect.positive(heads=heads, head_dim=head_dim)
    expect.whole(0, kv_rank=kv_rank, rope_dim=rope_dim)
    if kind == "gqa":
        expect.divides(groups=groups, heads=heads)
    if kind == "mla":
        expect.positive(kv_rank=kv_rank)
    return kinds[kind]
