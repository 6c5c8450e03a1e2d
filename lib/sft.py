"""Supervised fine-tuning of a masked model: the prompt is given, the answer is hidden.

Nie et al. 2025, "Large Language Diffusion Models", arXiv:2502.09992v3, Section 2.3.

Shapes: B batch, T tokens, V vocabulary, P prompt tokens.
"""

import torch
from torch import Tensor

from lib import expect


@expect.annotated
def answer_places(prompt_length: Tensor, T: int) -> Tensor:
    """True where a token belongs to the answer, end-of-text padding included.

    prompt_length (B,), each from 0 to T - 1 -> (B, T) bool.
    >>> answer_places(torch.tensor([1, 2]), 3)
    tensor([[False,  True,  True],
            [False, False,  True]])
    """
    expect.indices(prompt_length=prompt_length)
    expect.shape(prompt_length, "B", "prompt_length")
    expect.positive(T=T)
    expect.between(0, T - 1, prompt_length=prompt_length)
    return torch.arange(T, device=prompt_length.device) >= prompt_length[:, None]


@expect.annotated
def keep_prompt(
    tokens: Tensor, noisy: Tensor, mask: Tensor, prompt_length: Tensor
) -> tuple[Tensor, Tensor]:
    """Undo what the forward process did to the prompts (Algorithm 2).

    tokens, noisy (B, T), mask (B, T), prompt_length (B,) -> noisy and mask (B, T), in
    which nothing of a prompt is hidden.
    """
    expect.indices(tokens=tokens, noisy=noisy)
    _, T = expect.shape(tokens, "B T", "tokens")
    expect.same_shape(tokens=tokens, noisy=noisy, mask=mask)
    expect.boolean(mask=mask)
    expect.between(0, torch.inf, tokens=tokens, noisy=noisy)
    expect.shape(prompt_length, "B", "prompt_length", B=len(tokens))
    answer = answer_places(prompt_length, T)
    return torch.where(answer, noisy, tokens), mask & answer


@expect.annotated
def answer_loss(
    logits: Tensor, tokens: Tensor, mask: Tensor, p_mask: Tensor, prompt_length: Tensor
) -> Tensor:
    """Cross-entropy of hidden answer tokens, each answer divided by its own length.

    L = -1/B sum_b 1/L_b sum over hidden answer tokens of log p(token)/p_mask   (Eq. 5)

    with L_b = T - prompt_length_b. logits (B, T, V), the next three (B, T),
    prompt_length (B,) -> 0-d, nats a token. End-of-text padding counts as answer: it is
    how the model says that it has finished.
    """
    B, T, V = expect.shape(logits, "B T V", "logits")
    expect.shape(tokens, "B T", "tokens", B=B, T=T)
    expect.same_shape(tokens=tokens, mask=mask, p_mask=p_mask)
    expect.floating(logits=logits, p_mask=p_mask)
    expect.no_nan(logits=logits, p_mask=p_mask)
    expect.indices(tokens=tokens)
    expect.boolean(mask=mask)
    expect.between(0, V - 1, tokens=tokens)
    expect.shape(prompt_length, "B", "prompt_length", B=B)
    hidden = mask & answer_places(prompt_length, T)
    p = torch.where(hidden, p_mask, 1.0)  # visible tokens may have any
    expect.positive(p_mask=p)
    expect.between(0, 1 + 1e-5, p_mask=p)  # (1 - eps) + eps may round up
    nll = -logits.log_softmax(-1).gather(-1, tokens[..., None])[..., 0]  # (B, T)
    each = torch.where(hidden, nll / p, 0.0).sum(1)  # (B,)
    return (each / (T - prompt_length)).mean()
