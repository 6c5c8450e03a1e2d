"""Group relative policy optimisation: an answer is as good as it beats its group.

DeepSeek-AI 2025, "DeepSeek-R1", arXiv:2501.12948, Eqs. 1-3, with the lengths of
Shao et al. 2024, "DeepSeekMath", arXiv:2402.03300. B questions, G answers to each,
N = B G completions, T tokens, V vocabulary.
"""

import ast
import operator
import re
from collections import Counter
from collections.abc import Callable, Iterable
from fractions import Fraction
from math import comb

import torch
from torch import Tensor

from lib import expect


def group_advantages(
    rewards: Tensor, ddof: int = 1, eps: float = 1e-4, scale: bool = True
) -> Tensor:
    """How far each answer is from its group: (r - mean) / (std + eps)    (Eq. 3).

    rewards (B, G) -> (B, G). ddof as in numpy: 1 divides the variance by G - 1.
    scale=False only centres (Dr. GRPO). A group of equal rewards gives exactly 0.
    """
    G = expect.shape(rewards, "B G", "rewards")[1]
    expect.floating(rewards=rewards)
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


def kl_k1(d: Tensor) -> Tensor:
    """Estimate KL(policy || ref) per token of the policy: -d, d = logp_ref - logp."""
    return -d


def kl_k2(d: Tensor) -> Tensor:
    """Half the square, d^2 / 2: biased, never negative."""
    return d * d / 2


def kl_k3(d: Tensor) -> Tensor:
    """The estimate of Eq. 2, e^d - d - 1: unbiased and never negative.

    Only its value: as a loss, its gradient is that of KL(ref || policy).
    """
    return torch.expm1(d) - d


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

    - min(rho A, clip(rho, 1 - clip_low, 1 + clip_high) A) + beta k3, per token, where
    rho = exp(logp - logp_old)

    logp, logp_old, logp_ref (N, T), advantages (N,), mask (N, T) bool or 0/1, True on
    the completion's own tokens. logp_old and logp_ref are constants: no gradient.
    aggregate: "sequence" the mean over each completion, then over N; "token" all tokens
    alike; "constant" divides by N max_length.
    """
    expect.one_of(aggregate, ["sequence", "token", "constant"], "aggregate")
    expect.same_shape(logp=logp, logp_old=logp_old, mask=mask)
    N, _ = expect.shape(logp, "N T", "logp")
    expect.shape(advantages, "N", "advantages", N=N)
    expect.between(0, 1, mask=mask)
    own = mask > 0
    ratio = _difference(logp, logp_old.detach(), own).exp()
    clip_high = clip_low if clip_high is None else clip_high
    clipped = ratio.clamp(min=1 - clip_low).clamp(max=1 + clip_high)
    A = advantages[:, None]
    loss = -torch.minimum(ratio * A, clipped * A)  # (N, T)
    if logp_ref is not None:
        expect.same_shape(logp=logp, logp_ref=logp_ref)
        loss = loss + beta * kl_k3(_difference(logp_ref.detach(), logp, own))
    elif isinstance(beta, Tensor) or beta:
        raise ValueError(
            f"beta is {beta} and logp_ref is missing: a penalty needs both"
        )
    loss = loss * own
    if aggregate == "sequence":
        return (loss.sum(1) / own.sum(1).clamp(min=1)).mean()
    if aggregate == "token":
        return loss.sum() / own.sum().clamp(min=1)
    if max_length is None:
        raise ValueError('aggregate="constant" needs max_length, the longest allowed')
    expect.positive(max_length=max_length)
    return loss.sum() / (N * max_length)


def _difference(a: Tensor, b: Tensor, own: Tensor) -> Tensor:
    """a - b on the completion's own tokens; 0, not inf or nan, on the padding."""
    return a.masked_fill(~own, 0.0) - b.masked_fill(~own, 0.0)


class _TokenLogp(torch.autograd.Function):
    """Row blocks small enough to stay in cache; backward is onehot - softmax."""

    ROWS = 8

    @staticmethod
    def forward(ctx, logits: Tensor, tokens: Tensor) -> Tensor:  # noqa: ANN001
        blocks = logits.split(_TokenLogp.ROWS), tokens.split(_TokenLogp.ROWS)
        parts = zip(*blocks, strict=True)
        rows = [x.log_softmax(-1).gather(1, t[:, None])[:, 0] for x, t in parts]
        ctx.save_for_backward(logits, tokens)
        return torch.cat(rows) if rows else logits.new_zeros(0)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:  # noqa: ANN001
        logits, tokens = ctx.saved_tensors
        out = torch.empty_like(logits)
        for i in range(0, len(logits), _TokenLogp.ROWS):
            rows = slice(i, i + _TokenLogp.ROWS)
            torch.softmax(logits[rows], -1, out=out[rows]).mul_(-grad[rows, None])
            out[rows].scatter_add_(1, tokens[rows, None], grad[rows, None])
        return out, None


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


def pass_at_k(n: int, c: int, k: int) -> float:
    """Chance that k of n answers, c of them right, hold a right one.

    1 - C(n - c, k) / C(n, k), unbiased in the true chance of one answer.
    >>> pass_at_k(10, 7, 5)
    1.0
    """
    expect.between(0, n, c=c)
    expect.between(1, n, k=k)
    return 1 - comb(n - c, k) / comb(n, k)


_FORM = re.compile(r"\s*<think>(.*?)</think>\s*<answer>(.*?)</answer>\s*", re.DOTALL)
_ANSWER = re.compile(r"<answer>((?:(?!<answer>).)*?)</answer>", re.DOTALL)
_OPERATORS: dict[type, Callable] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def format_reward(completion: str) -> float:
    """1.0 for one think block, then one answer block and nothing else; or 0.0."""
    match = _FORM.fullmatch(completion)
    tag = re.compile(r"</?(think|answer)>")
    return float(match is not None and not any(tag.search(s) for s in match.groups()))


def accuracy_reward(
    completion: str, answer: str | float, numbers: Iterable[int] | None = None
) -> float:
    """1.0 if the last answer block is right, or 0.0.

    Right is arithmetic (+ - * / and brackets) of the answer's value, in exact
    fractions; where either is no arithmetic, the same words. With numbers (countdown),
    it must be arithmetic that uses each of them once.
    """
    blocks = _ANSWER.findall(completion)
    if not blocks:
        return 0.0
    given, wanted = _evaluate(blocks[-1]), _evaluate(str(answer))
    if numbers is not None:
        if given is None or Counter(given[1]) != Counter(map(Fraction, numbers)):
            return 0.0
    elif given is None or wanted is None:
        return float(blocks[-1].split() == str(answer).split())
    return float(wanted is not None and given[0] == wanted[0])


def _evaluate(text: str) -> tuple[Fraction, list[Fraction]] | None:
    """The value of arithmetic and the numbers in it, or None; nothing is executed."""
    used: list[Fraction] = []

    def value(node: ast.AST) -> Fraction:
        match node:
            case ast.Constant(value=int() | float() as number) if (
                type(number) is not bool
            ):
                used.append(Fraction(str(number)))
                return used[-1]
            case ast.UnaryOp(op=op, operand=operand):
                return _OPERATORS[type(op)](value(operand))
            case ast.BinOp(left=left, op=op, right=right):
                return _OPERATORS[type(op)](value(left), value(right))
        raise ValueError("not arithmetic")

    if len(text) > 500:  # nobody counts down at that length
        return None
    try:
        return value(ast.parse(text.strip(), mode="eval").body), used
    except (SyntaxError, ValueError, KeyError, ArithmeticError):
        return None
    except (RecursionError, MemoryError):  # brackets nested beyond the parser
        return None
