"""Multi-token prediction: from one position, guess the token after the next as well.

DeepSeek-AI 2024, "DeepSeek-V3 Technical Report", arXiv:2412.19437, Eqs. 21-25; and
what the guesses are good for, Leviathan, Kalman and Matias 2023, "Fast Inference from
Transformers via Speculative Decoding", arXiv:2211.17192.

B batch, T tokens that the model reads, D width, V vocabulary, k depth.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib import expect


class MTPHead(nn.Module):
    """One depth k of prediction: the hidden state of i meets the embedding of i + k.

    h^k_i = block(M [RMSNorm(h^{k-1}_i); RMSNorm(Emb(t_{i+k}))])   (Eqs. 21, 22)

    `block` is any causal module (B, N, D) -> (B, N, D). The embedding and the output
    head are the main model's own: give the one's rows, put the other on what comes out.
    """

    @expect.annotated
    def __init__(self, dim: int, block: nn.Module) -> None:
        super().__init__()
        expect.whole(1, dim=dim)
        self.hidden_norm = nn.RMSNorm(dim, eps=1e-6)
        self.embedding_norm = nn.RMSNorm(dim, eps=1e-6)
        self.proj = nn.Linear(2 * dim, dim, bias=False)
        self.block = block

    def forward(self, hidden: Tensor, embedded: Tensor) -> Tensor:
        """Hidden states (B, N, D) of the depth before -> (B, N - 1, D) of this one.

        embedded (B, T, D) holds the embeddings of all T tokens at every depth; depth
        1 has N = T. The last position goes: it has no further token to look at.
        """
        B, N, D = expect.shape(hidden, "B N D", "hidden")
        T = expect.shape(embedded, "B T D", "embedded", B=B, D=D)[1]
        if not 2 <= N <= T:
            raise ValueError(
                f"hidden has {N} positions, embedded {T}; need 2 <= N <= T"
            )
        states = self.hidden_norm(hidden[:, :-1])  # positions 1 .. N - 1
        ahead = self.embedding_norm(embedded[:, T - N + 1 :])  # k further on
        return self.block(self.proj(torch.cat([states, ahead], -1)))


@expect.annotated
def mtp_loss(logits: Tensor, tokens: Tensor, depth: int = 1) -> Tensor:
    """Cross-entropy of the guesses at depth k, divided by T though T - k are made.

    loss = -(1/T) sum_i log P_i(t_{i+k+1}), i = 1 .. T - k       (Eq. 24)

    logits (B, T - k, V); tokens (B, T + 1), the ones read and one more. depth=0 is the
    usual next-token loss. The mean over the batch, in nats.
    """
    B, length = expect.shape(tokens, "B T", "tokens")
    expect.indices(tokens=tokens)
    expect.between(0, length - 2, depth=depth)
    T = length - 1
    V = expect.shape(logits, "B N V", "logits", B=B, N=T - depth)[2]
    expect.between(0, V - 1, tokens=tokens)
    targets = tokens[:, depth + 1 :]
    total = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
    return total / (B * T)


@expect.annotated
def acceptance(p: Tensor, q: Tensor) -> Tensor:
    """How often a word drawn from the draft q may stay, where p is the model's.

    sum_x q(x) min(1, p(x) / q(x)) = 1 - total variation(p, q)   (Leviathan, Thm. 3.5)

    p, q (..., V) -> (...).
    """
    expect.same_shape(p=p, q=q)
    expect.probabilities(p=p, q=q)
    return torch.minimum(p, q).sum(-1)


@expect.annotated
def residual(p: Tensor, q: Tensor) -> Tensor:
    """What to draw from in place of a refused word: what p has and q has not.

    max(p - q, 0), normalised; so that kept and redrawn words together are drawn from
    p itself. p, q (..., V) -> (..., V); where p = q, and nothing is refused, p.
    """
    expect.same_shape(p=p, q=q)
    expect.probabilities(p=p, q=q)
    missing = (p - q).clamp(min=0)
    total = missing.sum(-1, keepdim=True)
    return torch.where(total > 0, missing / total.clamp(min=1e-30), p)


@expect.annotated
def tokens_per_pass(accept: Tensor | float, depth: Tensor | float) -> Tensor:
    """Words written by one pass of the model that checks `depth` guesses in a row.

    1 + a + a^2 + ... + a^depth                                    (Leviathan, Eq. 1)

    A guess counts if it and all before it were accepted, each with probability a, and
    the pass itself gives one word more. 0-d or any shape, depth of the same shape or a
    number.
    """
    a = torch.as_tensor(accept, dtype=torch.float32)
    expect.between(0, 1, accept=a)
    expect.between(0, torch.inf, depth=depth)
    count = torch.as_tensor(depth, dtype=torch.float32) + 1
    whole = (1 - a**count) / (1 - a).clamp(min=1e-6)
    return torch.where(1 - a > 1e-6, whole, count)
