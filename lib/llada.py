"""LLaDA: a language model that fills in masks instead of writing left to right.

Nie et al. 2025, "Large Language Diffusion Models", arXiv:2502.09992; sampling gives
the tokens of github.com/ML-GSAI/LLaDA.

Shapes: B batch, T tokens, V vocabulary; t is the share of tokens hidden.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from lib import expect
from lib.transformer import Transformer

Model = Callable[[Tensor], Tensor]  # tokens (B, T) -> logits (B, T, V)
Random = torch.Generator | None


@expect.annotated
def forward_process(
    tokens: Tensor,
    t: Tensor,
    mask_id: int,
    eps: float = 1e-3,
    generator: Random = None,
    noise: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Hide each token with probability p = (1 - eps) t + eps, one t a sequence (Eq. 8).

    tokens (B, T), t (B,) in [0, 1] -> noisy (B, T), mask (B, T), True where hidden, and
    p_mask (B, T), the probability that was used and that the loss divides by. `noise`,
    uniform numbers (B, T) in [0, 1), takes the place of the generator.
    """
    expect.indices(tokens=tokens)
    expect.floating(t=t)
    B, _ = expect.shape(tokens, "B T", "tokens")
    expect.shape(t, "B", "t", B=B)
    expect.between(0, 1, t=t, eps=eps)
    expect.between(0, torch.inf, tokens=tokens, mask_id=mask_id)
    if noise is None:
        noise = torch.rand(tokens.shape, generator=generator, device=tokens.device)
    expect.same_shape(tokens=tokens, noise=noise)
    expect.no_nan(noise=noise)
    p_mask = ((1 - eps) * t + eps)[:, None].expand(tokens.shape)  # (B, T)
    mask = noise < p_mask
    return tokens.masked_fill(mask, mask_id), mask, p_mask


@expect.annotated
def masked_diffusion_loss(
    logits: Tensor, tokens: Tensor, mask: Tensor, p_mask: Tensor
) -> Tensor:
    """Cross-entropy of the hidden tokens, each weighted by how rarely it is hidden.

    L = -1/(B T) sum over hidden tokens of log p(token) / p_mask   (Eq. 3, Algorithm 1)

    logits (B, T, V), the rest (B, T) -> 0-d, nats a token. It divides by all B T
    tokens, not by the hidden ones: otherwise 1 / p_mask would count twice.
    """
    B, T, V = expect.shape(logits, "B T V", "logits")
    expect.shape(tokens, "B T", "tokens", B=B, T=T)
    expect.same_shape(tokens=tokens, mask=mask, p_mask=p_mask)
    expect.floating(logits=logits, p_mask=p_mask)
    expect.indices(tokens=tokens)
    expect.boolean(mask=mask)
    expect.between(0, V - 1, tokens=tokens)
    expect.positive(B=B, T=T)
    p = torch.where(mask, p_mask, 1.0)  # visible tokens may have any
    expect.positive(p_mask=p)
    expect.between(0, 1 + 1e-5, p_mask=p)  # (1 - eps) + eps may round up
    nll = -logits.log_softmax(-1).gather(-1, tokens[..., None])[..., 0]  # (B, T)
    return torch.where(mask, nll / p, 0.0).sum() / (B * T)


@expect.annotated
def transfer_counts(num_masked: Tensor, steps: int) -> Tensor:
    """How many tokens to fill in at each step: equal shares, the remainder first.

    num_masked (B,) -> (B, steps).
    >>> transfer_counts(torch.tensor([8, 5]), 3)
    tensor([[3, 3, 2],
            [2, 2, 1]])
    """
    expect.indices(num_masked=num_masked)
    expect.shape(num_masked, "B", "num_masked")
    expect.between(0, 2**53, num_masked=num_masked)
    expect.positive(steps=steps)
    share, rest = num_masked[:, None] // steps, num_masked[:, None] % steps
    return share + (torch.arange(steps, device=num_masked.device) < rest)


@expect.annotated
def kept(surety: Tensor, hidden: Tensor, count: Tensor) -> Tensor:
    """Which guesses stay when `count` hidden tokens of each text may: the surest.

    surety, hidden (B, T), count (B,) -> (B, T) bool. Of equals the first stay.
    >>> kept(torch.tensor([[0.9, 0.5, 0.7]]), torch.tensor([[False, True, True]]),
    ...      torch.tensor([1]))
    tensor([[False, False,  True]])
    """
    B, _ = expect.shape(surety, "B T", "surety")
    expect.same_shape(surety=surety, hidden=hidden)
    expect.boolean(hidden=hidden)
    expect.shape(count, "B", "count", B=B)
    expect.indices(count=count)
    expect.between(0, torch.inf, count=count)
    expect.no_nan(surety=surety)
    surety = surety.masked_fill(~hidden, -torch.inf)
    order = surety.argsort(dim=-1, descending=True, stable=True)
    return hidden & (order.argsort(-1) < count[:, None])  # rank 0 is the surest


def _draw(logits: Tensor, temperature: float, generator: Random) -> Tensor:
    """A token from softmax(logits / temperature) by the Gumbel trick.

    (..., V) -> (...). float64, because in float32 the rare words become rarer still.
    """
    if temperature == 0:
        return logits.argmax(-1)
    u = torch.rand(
        logits.shape, generator=generator, device=logits.device, dtype=torch.float64
    )
    return (logits.double() - temperature * torch.log(-torch.log(u))).argmax(-1)


def _logits(model: Model, tokens: Tensor, part: slice) -> Tensor:
    """Logits of some positions (B, part, V), since the head is what costs most."""
    if isinstance(model, Transformer):
        return model.head(model.encode(model.embed(tokens))[:, part])
    return model(tokens)[:, part]


@expect.annotated
@torch.no_grad()
def generate(
    model: Model,
    prompt: Tensor,
    mask_id: int,
    steps: int,
    gen_length: int,
    block_length: int,
    temperature: float = 0.0,
    cfg_scale: float = 0.0,
    remasking: str = "low_confidence",
    generator: Random = None,
    history: list[Tensor] | None = None,
) -> Tensor:
    """Append gen_length masks to the prompt and fill them in, block by block.

    Each step guesses every mask of the block and keeps the surest guesses (`remasking`
    "low_confidence") or any ("random"); the rest stay masked. prompt (B, P) -> (B, P +
    gen_length). The steps are shared among the blocks. Guidance (Eq. 16) adds cfg_scale
    times what the prompt changed. A list `history` collects the tokens of each step.
    """
    expect.indices(prompt=prompt)
    B, P = expect.shape(prompt, "B P", "prompt")
    expect.one_of(remasking, ["low_confidence", "random"], "remasking")
    expect.divides(block_length=block_length, gen_length=gen_length)
    expect.divides(num_blocks=gen_length // block_length, steps=steps)
    expect.between(0, torch.inf, temperature=temperature)
    expect.between(0, torch.inf, prompt=prompt, mask_id=mask_id)
    x = torch.cat([prompt, prompt.new_full((B, gen_length), mask_id)], dim=1)
    for start in range(P, P + gen_length, block_length):
        block = slice(start, start + block_length)
        counts = transfer_counts(
            (x[:, block] == mask_id).sum(1), steps * block_length // gen_length
        )
        for count in counts.unbind(1):
            first = int((x == mask_id).any(0).int().argmax())  # where a mask is left:
            part = slice(min(first, start), block.stop)  # a guess may be a mask, too
            logits = _guided(model, x, P, part, mask_id, cfg_scale)
            guess = _draw(logits, temperature, generator)  # (B, part)
            if remasking == "random":
                surety = torch.rand(guess.shape, generator=generator, device=x.device)
            else:  # from the logits without Gumbel noise, whatever the temperature
                surety = logits.softmax(-1).gather(-1, guess[..., None])[..., 0]
            hidden = x[:, part] == mask_id
            x[:, part] = torch.where(kept(surety, hidden, count), guess, x[:, part])
            if history is not None:
                history.append(x.clone())
    return x


def _guided(
    model: Model, x: Tensor, P: int, part: slice, mask_id: int, scale: float
) -> Tensor:
    """Classifier-free guidance: un + (scale + 1) (cond - un), un without the prompt."""
    if scale == 0:
        return _logits(model, x, part)
    blind = x.clone()
    blind[:, :P] = mask_id
    cond, un = _logits(model, torch.cat([x, blind]), part).chunk(2)
    return un + (scale + 1) * (cond - un)


@expect.annotated
@torch.no_grad()
def likelihood_bound(
    model: Model,
    tokens: Tensor,
    mask_id: int,
    samples: int,
    prompt_length: int = 0,
    generator: Random = None,
    batch_size: int = 64,
) -> Tensor:
    """A lower bound on log p(answer | prompt), by hiding exactly l of L tokens.

    E over l in 1..L of (L / l) sum over hidden tokens of log p(token)   (Eqs. 6 and 14)

    tokens (B, T) -> (B,), in nats, at most 0. The L = T - prompt_length answer tokens
    alone are hidden. The counts l are spread evenly over the samples. (The official
    code rounds halves to even here, which prefers even counts; rounding down is fair.)
    """
    expect.indices(tokens=tokens)
    B, T = expect.shape(tokens, "B T", "tokens")
    L, device = T - prompt_length, tokens.device
    expect.positive(samples=samples, batch_size=batch_size, answer_length=L)
    expect.between(0, T, prompt_length=prompt_length)
    expect.between(0, torch.inf, tokens=tokens, mask_id=mask_id)
    start = torch.randint(L, (B, 1), generator=generator, device=device)
    spread = torch.arange(samples, device=device) * L // samples
    count = ((start + spread) % L + 1).flatten()[:, None]  # (B samples, 1)
    rank = torch.rand(B * samples, L, generator=generator, device=device).argsort(1)
    hidden = torch.zeros(B * samples, T, dtype=torch.bool, device=device)
    hidden[:, prompt_length:] = rank < count  # exactly `count` a row
    rows = tokens.repeat_interleave(samples, 0)
    sums = []
    for row, mask in zip(rows.split(batch_size), hidden.split(batch_size), strict=True):
        logp = model(row.masked_fill(mask, mask_id)).log_softmax(-1)
        logp = logp.gather(-1, row[..., None])[..., 0]
        sums.append(torch.where(mask, logp, 0.0).sum(1))
    return (torch.cat(sums) * L / count[:, 0]).reshape(B, samples).mean(1)
