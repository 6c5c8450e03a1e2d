"""One small transformer for every language chapter: what differs is the mask.

Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762, as it is built now:
pre-norm, no biases, rotary positions (Su et al. 2021, RoFormer, arXiv:2104.09864).

Shapes: B batch, T tokens, S keys (cached and new), D width, H heads, d = D / H,
V words.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib import expect
from lib.vit import attention

Mask = Tensor | None  # bool, True where a query may look
Maps = list[Tensor] | None  # a list collects each layer's attention weights
Cache = list[tuple[Tensor, Tensor]]  # keys and values (B, H, S, d) of each layer


@expect.annotated
def causal_mask(T: int, past: int = 0) -> Tensor:
    """Each token may look at itself and back: (T, past + T), True may attend."""
    expect.whole(0, T=T, past=past)
    return block_causal_mask(past + T, 1)[past:]


@expect.annotated
def block_causal_mask(T: int, block_size: int) -> Tensor:
    """Each token may look at its own block and all before it: (T, T).

    Block size 1 is the causal mask, block size T lets everyone look everywhere; the
    last block may be shorter.
    """
    expect.positive(block_size=block_size)
    expect.whole(0, T=T)
    block = torch.arange(T) // block_size
    return block[:, None] >= block


@expect.annotated
def rotary(x: Tensor, positions: Tensor, base: float = 10000.0) -> Tensor:
    """Turn each pair of numbers by an angle that grows with the position.

    (x_2i, x_2i+1) is turned by m base^(-2i/d) at position m   (RoFormer, Eq. 34)

    x (..., T, d) with d even, positions (T,) -> (..., T, d). Products of two turned
    vectors depend on their distance alone.
    """
    T, d = expect.shape(x, "... T d", "x")[-2:]
    expect.shape(positions, "T", "positions", T=T)
    expect.divides(pair=2, width=d)
    exact = torch.promote_types(x.dtype, torch.float32)  # bfloat16 cannot count to 257
    speed = base ** (-torch.arange(0, d, 2, device=x.device, dtype=exact) / d)
    angle = positions[:, None] * speed  # (T, d / 2)
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    even, odd = x.unflatten(-1, (d // 2, 2)).unbind(-1)
    turned = even * cos - odd * sin, even * sin + odd * cos
    return torch.stack(turned, dim=-1).flatten(-2)


class Attention(nn.Module):
    """Multi-head attention with rotary positions; heads may share keys and values.

    With kv_heads = 1 it is multi-query, in between grouped-query (arXiv:2305.13245).
    """

    @expect.annotated
    def __init__(self, dim: int, heads: int, kv_heads: int, rotary: bool) -> None:
        super().__init__()
        expect.divides(heads=heads, dim=dim)
        expect.divides(kv_heads=kv_heads, heads=heads)
        self.heads, self.kv_heads, self.width = heads, kv_heads, dim // heads
        self.rotary = rotary
        self.q = nn.Linear(dim, dim, bias=False)
        self.kv = nn.Linear(dim, 2 * kv_heads * self.width, bias=False)
        self.out = nn.Linear(dim, dim, bias=False)

    def forward(
        self,
        x: Tensor,
        mask: Mask,
        positions: Tensor,
        past: tuple[Tensor, Tensor] | None = None,
        maps: Maps = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """(B, T, D) -> (B, T, D), and the keys and values seen so far."""
        q = self.q(x).unflatten(-1, (self.heads, self.width)).transpose(1, 2)
        kv = self.kv(x).unflatten(-1, (2, self.kv_heads, self.width))
        k, v = kv.permute(2, 0, 3, 1, 4).unbind()  # each (B, kv heads, T, d)
        if self.rotary:
            q, k = rotary(q, positions), rotary(k, positions)
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        now = k, v
        if self.kv_heads < self.heads:
            k, v = (z.repeat_interleave(self.heads // self.kv_heads, 1) for z in now)
        if maps is None and not torch.compiler.is_exporting():
            out = F.scaled_dot_product_attention(q, k, v, mask)  # the same, faster
        else:
            out, weights = attention(q, k, v, mask)
            if maps is not None:
                maps.append(weights)
        return self.out(out.transpose(1, 2).flatten(2)), now


class MLP(nn.Module):
    """Each token thinks alone: GELU, or gated by SiLU (SwiGLU, arXiv:2002.05202)."""

    @expect.annotated
    def __init__(self, dim: int, mlp_dim: int, gated: bool) -> None:
        super().__init__()
        expect.whole(1, dim=dim, mlp_dim=mlp_dim)
        self.gate = nn.Linear(dim, mlp_dim, bias=False) if gated else None
        self.up = nn.Linear(dim, mlp_dim, bias=False)
        self.down = nn.Linear(mlp_dim, dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., D) -> (..., D)."""
        if self.gate is None:
            return self.down(F.gelu(self.up(x)))
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Block(nn.Module):
    """A pre-norm block; the experts of chapter 12 take the place of `mlp`."""

    @expect.annotated
    def __init__(
        self, attn: nn.Module, mlp: nn.Module, norms: tuple[nn.Module, nn.Module]
    ) -> None:
        super().__init__()
        self.norm1, self.norm2 = norms
        self.attn, self.mlp = attn, mlp

    def forward(
        self,
        x: Tensor,
        mask: Mask,
        positions: Tensor,
        past: tuple[Tensor, Tensor] | None = None,
        maps: Maps = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """(B, T, D) -> (B, T, D), and the keys and values seen so far."""
        seen, now = self.attn(self.norm1(x), mask, positions, past, maps)
        x = x + seen
        return x + self.mlp(self.norm2(x)), now


class Transformer(nn.Module):
    """Tokens (B, T) -> logits (B, T, vocab), through `embed`, `encode` and `head`.

    With causal=True a token looks back where no mask is given. max_length adds learned
    positions, without which a model that reads nothing but masks cannot tell places.
    """

    @expect.annotated
    def __init__(
        self,
        vocab: int,
        dim: int,
        depth: int,
        heads: int,
        mlp_dim: int | None = None,
        *,
        causal: bool = False,
        rotary: bool = True,
        max_length: int = 0,
        norm: str = "rms",
        gated: bool = False,
        kv_heads: int | None = None,
    ) -> None:
        super().__init__()
        expect.positive(vocab=vocab, dim=dim, depth=depth)
        expect.whole(0, max_length=max_length)
        mlp_dim = 4 * dim if mlp_dim is None else mlp_dim
        kv_heads = heads if kv_heads is None else kv_heads
        expect.one_of(norm, ["rms", "layer"], "norm")
        kinds = {"rms": nn.RMSNorm, "layer": nn.LayerNorm}
        norms = [kinds[norm](dim, eps=1e-6) for _ in range(2 * depth + 1)]
        self.vocab, self.causal, self.max_length = vocab, causal, max_length
        self.tokens = nn.Embedding(vocab, dim)
        self.places = nn.Embedding(max_length, dim) if max_length else None
        self.blocks = nn.ModuleList(
            Block(
                Attention(dim, heads, kv_heads, rotary),
                MLP(dim, mlp_dim, gated),
                (norms[2 * i], norms[2 * i + 1]),
            )
            for i in range(depth)
        )
        self.norm = norms[-1]
        self.head = nn.Linear(dim, vocab, bias=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:  # GPT-2's: what is added to the stream starts smaller
                last = name.endswith(("out.weight", "down.weight"))
                nn.init.normal_(p, std=0.02 / (2 * depth) ** 0.5 if last else 0.02)

    def embed(self, tokens: Tensor, positions: Tensor | None = None) -> Tensor:
        """Tokens (B, T) -> vectors (B, T, D), with learned positions where asked."""
        expect.indices(tokens=tokens)
        T = expect.shape(tokens, "B T", "tokens")[1]
        expect.between(0, self.vocab - 1, tokens=tokens)
        x = self.tokens(tokens)
        if self.places is None:
            return x
        if positions is None:
            positions = torch.arange(T, device=tokens.device)
        expect.between(0, self.max_length - 1, positions=positions)
        return x + self.places(positions)

    def encode(
        self,
        x: Tensor,
        mask: Mask = None,
        positions: Tensor | None = None,
        cache: Cache | None = None,
        store: bool = True,
        maps: Maps = None,
    ) -> Tensor:
        """Vectors (B, T, D) -> (B, T, D) through all blocks and the final norm.

        mask (T, S) or (B, T, S). `cache`, [] at first, holds the S - T tokens before
        these; store=False looks at it and leaves it as it is.
        """
        B, T, _ = expect.shape(x, "B T D", "x")
        past = cache[0][0].shape[2] if cache else 0
        if positions is None:
            positions = torch.arange(past, past + T, device=x.device)
        if mask is None and self.causal:
            mask = causal_mask(T, past).to(x.device)
        if mask is not None:
            expect.boolean(mask=mask)
            expect.shape(mask, "... T S", "mask", T=T, S=past + T)
            mask = mask[:, None] if mask.dim() == 3 else mask  # alike for every head
            mask = mask.expand(B, 1, T, past + T)
        seen = []
        for i, block in enumerate(self.blocks):
            x, now = block(x, mask, positions, cache[i] if cache else None, maps)
            seen.append(now)
        if cache is not None and store:
            cache[:] = seen
        return self.norm(x)

    def forward(
        self,
        tokens: Tensor,
        mask: Mask = None,
        positions: Tensor | None = None,
        cache: Cache | None = None,
        store: bool = True,
        maps: Maps = None,
    ) -> Tensor:
        """Tokens (B, T) -> logits (B, T, V)."""
        if positions is None and cache:
            past = cache[0][0].shape[2]
            positions = torch.arange(past, past + tokens.shape[1], device=tokens.device)
        x = self.embed(tokens, positions)
        return self.head(self.encode(x, mask, positions, cache, store, maps))
