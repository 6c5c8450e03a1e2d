"""Group relative policy optimisation: an answer is as good as it beats its group.

DeepSeek-AI 2025, "DeepSeek-R1", arXiv:2501.12948, Eqs. 1-3, with the lengths of
Shao et al. 2024, "DeepSeekMath", arXiv:2402.03300. B questions, G answers to each,
N = B G completions, T tokens, V vocabulary. The rewards are in rewards.py.
"""

from math import comb

import torch
from torch import Tensor

from lib import expect


@expect.annotated
def group_advantages(
    rewards: Tensor, ddof: int = 1, eps: float = 1e-4, scale: bool = True
) -> Tensor:
    """How far each answer is from its group: (r - mean) / (std + eps)    (Eq. 3).

    rewards (B, G) -> (B, G). ddof as in numpy: 1 divides the variance by G - 1.
    scale=False only centres (Dr. GRPO). A group of equal rewards gives exactly 0.
    """
    G = expect.shape(rewards, "B G", "rewards")[1]
    expect.floating(rewards=rewards)
    expect.whole(0, ddof=ddof)
    centred = rewards - rewards[:, :1]  # equal rewards cancel without rounding
    centred = centred - centred.mean(1, keepdim=True)
    if not scale:
        return centred
    if ddof >= G:
        raise ValueError(
            f"a group of {G} has no spread with ddof={ddof}; it needs more"
        )
    std = (centred.square().sum(1, keepdim=True) / (G - ddof)).sqrt()
    return centred / (std + eps)


@expect.annotated
def kl_k1(d: Tensor) -> Tensor:
    """Estimate KL(policy || ref) per token of the policy: -d, d = logp_ref - logp."""
    return -d


@expect.annotated
def kl_k2(d: Tensor) -> Tensor:
    """Half the square, d^2 / 2: biased, never negative."""
    return d * d / 2


@expect.annotated
def kl_k3(d: Tensor) -> Tensor:
    """The estimate of Eq. 2, e^d - d - 1: unbiased and never negative.

    Only its value: as a loss, its gradient is that of KL(ref || policy).
    """
    return torch.expm1(d) - d


@expect.annotated
def clipped_gain(
    ratio: Tensor,
    advantages: Tensor,
    clip_low: float | Tensor = 0.2,
    clip_high: float | Tensor | None = None,
) -> Tensor:
    """What each token is worth: min(rho A, clip(rho, 1 - low, 1 + high) A)   (Eq. 1).

    ratio (N, T) = policy / old policy, advantages (N,) -> (N, T), to maximise.
    clip_high is clip_low unless given. Where the clip is smaller no gradient flows.
    """
    N, _ = expect.shape(ratio, "N T", "ratio")
    expect.shape(advantages, "N", "advantages", N=N)
    clip_high = clip_low if clip_high is None else clip_high
    clipped = ratio.clamp(min=1 - clip_low).clamp(max=1 + clip_high)
    A = advantages[:, None]
    return torch.minimum(ratio * A, clipped * A)


@expect.annotated
def token_weights(
    mask: Tensor, aggregate: str = "sequence", max_length: int | None = None
) -> Tensor:
    """How much each token counts in the loss: (N, T), 0 off the completions.

    mask (N, T) bool or 0/1, True on the completion's own tokens. aggregate: "sequence"
    the mean over each completion, then over N (an empty one counts 0); "token" all
    tokens alike; "constant" divides by N max_length, whatever the lengths are.
    """
    expect.one_of(aggregate, ["sequence", "token", "constant"], "aggregate")
    N, _ = expect.shape(mask, "N T", "mask")
    expect.between(0, 1, mask=mask)
    own = mask if mask.is_floating_point() else mask.to(torch.get_default_dtype())
    if aggregate == "sequence":
        return own / (N * own.sum(1, keepdim=True).clamp(min=1))
    if aggregate == "token":
        return own / own.sum().clamp(min=1)
    if max_length is None:
        raise ValueError('aggregate="constant" needs max_length, the longest allowed')
    expect.positive(max_length=max_length)
    return own / (N * max_length)


@expect.annotated
def grpo_loss(
    logp: Tensor,
    logp_old: Tensor,
    advantages: Tensor,
    mask: Tensor,
    clip_low: float | Tensor = 0.2,
    clip_high: float | Tensor | None = None,
    beta: float | Tensor = 0.0,
    logp_ref: Tensor | None = None,
    aggregate: str = "sequence",
    max_length: int | None = None,
) -> Tensor:
    """The clipped objective with its KL penalty, to minimise (Eq. 1).

    - sum over tokens of token_weights (clipped_gain - beta k3), where
    rho = exp(logp - logp_old)

    logp, logp_old, logp_ref (N, T), advantages (N,), mask (N, T) bool or 0/1, True on
    the completion's own tokens. logp_old and logp_ref are constants: no gradient.
    """
    expect.same_shape(logp=logp, logp_old=logp_old, mask=mask)
    weights = token_weights(mask.to(logp.dtype), aggregate, max_length)
    own = mask > 0
    ratio = _difference(logp, logp_old.detach(), own).clamp(max=80).exp()  # finite
    gain = clipped_gain(ratio, advantages, clip_low, clip_high)  # (N, T)
    if logp_ref is not None:
        expect.same_shape(logp=logp, logp_ref=logp_ref)
        gain = gain - beta * kl_k3(_difference(logp_ref.detach(), logp, own))
    elif isinstance(beta, Tensor) or beta:
        raise ValueError(
            f"beta is {beta} and logp_ref is missing: a penalty needs both"
        )
    return -(weights * gain).sum()


def _difference(a: Tensor, b: Tensor, own: Tensor) -> Tensor:
    """a - b on the completion's own tokens; 0, not inf or nan, on the padding."""
    return a.masked_fill(~own, 0.0) - b.masked_fill(~own, 0.0)


class _TokenLogp(torch.autograd.Function):
    """Row blocks small enough to stay in cache; backward is onehot - softmax.

    A gradient that is to be differentiated itself is made of torch's own functions.
    """

    BLOCK = 2**18  # numbers in a block, 1 MB in float32: 8 rows of 32,768 words

    @staticmethod
    def forward(ctx, logits: Tensor, tokens: Tensor) -> Tensor:  # noqa: ANN001
        ctx.rows = max(1, _TokenLogp.BLOCK // logits.shape[1])
        parts = zip(logits.split(ctx.rows), tokens.split(ctx.rows), strict=True)
        rows = [x.log_softmax(-1).gather(1, t[:, None])[:, 0] for x, t in parts]
        ctx.save_for_backward(logits, tokens)
        return torch.cat(rows) if rows else logits.new_zeros(0)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:  # noqa: ANN001
        logits, tokens = ctx.saved_tensors
        if torch.is_grad_enabled():
            right = torch.zeros_like(logits).scatter(1, tokens[:, None], 1.0)
            return (right - logits.softmax(-1)) * grad[:, None], None
        out = torch.empty_like(logits)
        for i in range(0, len(logits), ctx.rows):
            rows = slice(i, i + ctx.rows)
            torch.softmax(logits[rows], -1, out=out[rows]).mul_(-grad[rows, None])
            out[rows].scatter_add_(1, tokens[rows, None], grad[rows, None])
        return out, None


@expect.annotated
def token_logp(logits: Tensor, tokens: Tensor) -> Tensor:
    """Each token's log-probability: logits (..., T, V), tokens (..., T) -> (..., T).

    logits[..., t, :] is the distribution of tokens[..., t]: shift them beforehand.
    """
    expect.floating(logits=logits)
    expect.indices(tokens=tokens)
    V = expect.shape(logits, "... V", "logits")[-1]
    if logits.shape[:-1] != tokens.shape:
        raise ValueError(
            f"logits {tuple(logits.shape)} and tokens {tuple(tokens.shape)} differ; "
            "expected (..., T, V) and (..., T)."
        )
    expect.between(0, V - 1, tokens=tokens)
    if torch.compiler.is_exporting():
        return logits.log_softmax(-1).gather(-1, tokens[..., None]).squeeze(-1)
    flat = _TokenLogp.apply(logits.reshape(-1, V), tokens.flatten())
    return flat.reshape(tokens.shape)


@expect.annotated
def pass_at_k(n: int, c: int, k: int) -> float:
    """Chance that k of n answers, c of them right, hold a right one.

    1 - C(n - c, k) / C(n, k), unbiased in the true chance of one answer.
    >>> pass_at_k(10, 7, 5)
    1.0
    """
    expect.between(0, n, c=c)
    expect.between(1, n, k=k)
    return 1 - comb(n - c, k) / comb(n, k)
