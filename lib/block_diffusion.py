"""Block diffusion: left to right from block to block, masked diffusion inside one.

Arriola et al. 2025, "Block Diffusion: Interpolating Between Autoregressive and
Diffusion Language Models" (BD3-LM), arXiv:2503.09573; the mask is that of
github.com/kuleshov-group/bd3lms.

Shapes: R texts, n tokens, b blocks, V words; the mask token has id V.
"""

import torch
from torch import Tensor, nn

from lib import expect, llada
from lib.transformer import Cache, Transformer

Random = torch.Generator | None


@expect.annotated
def mask_parts(n: int, block_size: int) -> tuple[Tensor, Tensor, Tensor]:
    """The three parts of the training mask, each (2n, 2n), over x_t ++ x_0.

    Block diagonal: every half sees its own block. Offset block-causal: noisy blocks
    see the clean blocks before them, not their own, which is the answer. Block-causal:
    clean blocks see clean blocks up to their own (the clean diagonal is in two parts).
    """
    expect.positive(n=n, block_size=block_size)
    block = (torch.arange(n) // block_size).repeat(2)
    clean = torch.arange(2 * n) >= n
    q, k = block[:, None], block
    q_clean, k_clean = clean[:, None], clean
    diagonal = (q == k) & (q_clean == k_clean)
    offset = (q > k) & ~q_clean & k_clean
    causal = (q >= k) & q_clean & k_clean
    return diagonal, offset, causal


@expect.annotated
def block_diffusion_mask(n: int, block_size: int) -> Tensor:
    """Who may look at whom when all blocks are trained in one pass: (2n, 2n) bool.

    The noisy half comes first, True may attend, the last block may be shorter. If
    block_size divides n, n^2 + n block_size of the 4 n^2 entries are True.
    >>> block_diffusion_mask(2, 1).int()
    tensor([[1, 0, 0, 0],
            [0, 1, 1, 0],
            [0, 0, 1, 0],
            [0, 0, 1, 1]], dtype=torch.int32)
    """
    diagonal, offset, causal = mask_parts(n, block_size)
    return diagonal | offset | causal


@expect.annotated
def clipped_weight_variance(low: Tensor | float, high: Tensor | float) -> Tensor:
    """How much the weight of a token jumps about when mask rates are in [low, high].

    Var[1(masked) / t] = ln(high / low) / (high - low) - 1, t ~ U[low, high]; mean 1

    Shares with 0 < low <= high <= 1 -> 0-d; at low = high its limit, 1/low - 1. Losses
    with a clipped range train better; what is reported uses [0, 1].
    """
    low, high = (
        x if isinstance(x, Tensor) else torch.tensor(x, dtype=torch.float64)
        for x in (low, high)
    )
    expect.same_shape(low=low, high=high)
    expect.positive(lowest_rate=low)
    expect.between(0, 1, highest_rate=high, high_minus_low=high - low)
    width = (high - low) / low
    wide = width > 0
    safe = torch.where(wide, width, 1.0)
    return torch.where(wide, torch.log1p(safe) / safe, 1 - width / 2) / low - 1


class BlockDiffusionLM(nn.Module):
    """A transformer that fills in blocks of masks, given the clean blocks before.

    Block size 1 is an autoregressive model, block size `length` is masked diffusion.
    Keywords go to `Transformer`.
    """

    @expect.annotated
    def __init__(
        self,
        vocab: int,
        dim: int,
        depth: int,
        heads: int,
        length: int,
        block_size: int,
        **keywords: int | str | bool,
    ) -> None:
        super().__init__()
        expect.whole(1, vocab=vocab, length=length, block_size=block_size)
        self.length, self.block_size, self.mask_id = length, block_size, vocab
        options: dict = {"max_length": length} | keywords
        self.net = Transformer(vocab + 1, dim, depth, heads, **options)
        mask = block_diffusion_mask(length, block_size)
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, noisy: Tensor, clean: Tensor) -> Tensor:
        """Tokens (R, n) with masks and without -> logits (R, n, V) of all blocks."""
        n = self.length
        expect.shape(noisy, "R n", "noisy", n=n)
        expect.same_shape(noisy=noisy, clean=clean)
        if self.block_size >= n:  # a single block has no clean one before it
            return self.net(noisy)[..., :-1]
        places = torch.arange(n, device=noisy.device).repeat(2)  # they start again
        x = self.net.embed(torch.cat([noisy, clean], dim=1), places)  # (R, 2n, D)
        x = self.net.encode(x, self.get_buffer("mask"), places)[:, :n]
        return self.net.head(x)[..., :-1]  # the mask is no answer

    def loss(
        self,
        tokens: Tensor,
        low: float = 1e-3,
        high: float = 1.0,
        generator: Random = None,
    ) -> Tensor:
        """Nats a token, at least the true ones if the mask rates are U[0, 1] (Eq. 8).

        Each block has its own rate t ~ U[low, high], spread evenly over the batch; a
        hidden token weighs 1/t. With block size 1, low = high = 1 is exact: at any
        other rate a lone token is just not looked at now and then.
        """
        expect.indices(tokens=tokens)
        R, n = expect.shape(tokens, "R n", "tokens", n=self.length)
        expect.between(0, 1, lowest_rate=low, highest_rate=high, range=high - low)
        size, device = self.block_size, tokens.device
        b = -(-n // size)
        order = torch.randperm(R * b, generator=generator, device=device)
        u = torch.rand(R * b, generator=generator, device=device)
        t = low + (high - low) * (order + u) / (R * b)  # one in each of R b bins
        p_mask = t.reshape(R, b).repeat_interleave(size, 1)[:, :n]  # (R, n)
        hidden = torch.rand(R, n, generator=generator, device=device) < p_mask
        logits = self(tokens.masked_fill(hidden, self.mask_id), tokens)
        return llada.masked_diffusion_loss(
            logits, tokens, hidden, p_mask.to(logits.dtype)
        )

    @torch.no_grad()
    def sample(
        self,
        batch: int,
        generator: Random = None,
        history: list[Tensor] | None = None,
    ) -> Tensor:
        """Write (batch, n) tokens: block by block, inside a block in random order.

        One mask falls at a time, any of those left with equal chance: what the reverse
        process does in continuous time (first hitting). A finished block is read once
        more for the cache, which must not hold keys of masks.
        """
        expect.positive(batch=batch)
        device = self.net.head.weight.device
        cache: Cache = []
        done: list[Tensor] = []
        for start in range(0, self.length, self.block_size):
            size = min(self.block_size, self.length - start)
            x = torch.full((batch, size), self.mask_id, device=device)
            chance = torch.rand(batch, size, generator=generator, device=device)
            for place in chance.argsort(1).unbind(1):  # (batch,)
                p = self.net(x, cache=cache, store=False)[..., :-1].softmax(-1)
                p = p[torch.arange(batch), place]  # (batch, V)
                word = torch.multinomial(p, 1, generator=generator)
                x = x.scatter(1, place[:, None], word)
                if history is not None:
                    history.append(torch.cat([*done, x], dim=1))
            self.net(x, cache=cache)
            done.append(x)
        return torch.cat(done, dim=1)
