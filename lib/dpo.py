"""Direct preference optimisation: the policy is its own reward model.

Rafailov et al. 2023, "Direct Preference Optimization: Your Language Model is Secretly a
Reward Model", arXiv:2305.18290, and its official code. An answer's log-probability is
the sum over its own tokens, as in the official code; nothing is divided by a length.

B pairs, N answers, T tokens, V vocabulary, K answers to one question. w is the answer
that was preferred, l the other one; r a reward, beta the price of a nat of divergence.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from lib import expect
from lib.grpo.loss import token_logp

Number = float | Tensor  # 0-d, as live figures drag it


@expect.annotated
def answer_logp(logits: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """The log-probability of whole answers: the sum over their own tokens.

    log pi(y | x) = sum_t log pi(y_t | x, y_<t)

    logits (N, T, V), tokens (N, T), mask (N, T) bool or 0/1, True on the answer's own
    tokens and not on those of the question -> (N,). logits[:, t] is the distribution of
    tokens[:, t]: shift them beforehand.
    """
    N, T = expect.shape(tokens, "N T", "tokens")
    expect.shape(logits, "N T V", "logits", N=N, T=T)
    expect.shape(mask, "N T", "mask", N=N, T=T)
    expect.between(0, 1, mask=mask)
    logp = token_logp(logits, tokens)
    return logp.masked_fill(mask == 0, 0.0).sum(1)


@expect.annotated
def implicit_reward(logp: Tensor, logp_ref: Tensor, beta: Number) -> Tensor:
    """The reward for which this policy is the best one: beta log(pi / pi_ref).

    (Sec. 4, after Eq. 7; Eq. 5 without its term in Z(x), which no pair can see)

    logp, logp_ref, one shape, any -> the same shape. The reference is a constant.
    """
    expect.same_shape(logp=logp, logp_ref=logp_ref)
    expect.floating(logp=logp, logp_ref=logp_ref)
    expect.number(beta=beta)
    expect.positive(beta=beta)
    return beta * (logp - logp_ref.detach())


@expect.annotated
def preference(reward_w: Tensor, reward_l: Tensor) -> Tensor:
    """The chance that the first is preferred: sigma(r_w - r_l)    (Eq. 1).

    The model of Bradley and Terry 1952.

    reward_w, reward_l, one shape, any -> the same shape.
    """
    expect.same_shape(reward_w=reward_w, reward_l=reward_l)
    expect.floating(reward_w=reward_w, reward_l=reward_l)
    return torch.sigmoid(reward_w - reward_l)


@expect.annotated
def margin(
    logp_w: Tensor, logp_l: Tensor, ref_w: Tensor, ref_l: Tensor, beta: Number
) -> Tensor:
    """By how much the preferred answer is ahead in implicit reward: r_w - r_l.

    All (B,), the log-probabilities of whole answers -> (B,). Where the policy is the
    reference it is exactly 0.
    """
    B = expect.shape(logp_w, "B", "logp_w")[0]
    for name, x in (("logp_l", logp_l), ("ref_w", ref_w), ("ref_l", ref_l)):
        expect.shape(x, "B", name, B=B)
    ahead = implicit_reward(logp_w, ref_w, beta)
    return ahead - implicit_reward(logp_l, ref_l, beta)


@expect.annotated
def dpo_loss(
    logp_w: Tensor,
    logp_l: Tensor,
    ref_w: Tensor,
    ref_l: Tensor,
    beta: Number = 0.1,
    smoothing: Number = 0.0,
) -> Tensor:
    """How surprised the implicit reward is by the pairs, to minimise    (Eq. 7).

    - mean over pairs of log sigma(r_w - r_l)

    All (B,), the log-probabilities of whole answers -> 0-d. ref_w and ref_l are
    constants: no gradient. smoothing is the share of labels that may be the wrong way
    round (the official code's label_smoothing). Where the policy is the reference the
    loss is log 2.
    """
    expect.number(smoothing=smoothing)
    expect.between(0, 0.5, smoothing=smoothing)
    expect.positive(number_of_pairs=logp_w.numel())
    m = margin(logp_w, logp_l, ref_w, ref_l, beta)
    each = (1 - smoothing) * F.logsigmoid(m) + smoothing * F.logsigmoid(-m)
    return -each.mean()


@expect.annotated
def pull(
    logp_w: Tensor, logp_l: Tensor, ref_w: Tensor, ref_l: Tensor, beta: Number = 0.1
) -> Tensor:
    """How hard a pair is pulled: beta sigma(r_l - r_w)    (Sec. 4, the gradient).

    The gradient of a pair's loss is this number times
    grad log pi(l) - grad log pi(w): a pair whose rewards are the wrong way round is
    pulled with nearly beta, one that is settled with nearly nothing.

    All (B,) -> (B,).
    """
    return beta * torch.sigmoid(-margin(logp_w, logp_l, ref_w, ref_l, beta))


@expect.annotated
def best_policy(logp_ref: Tensor, reward: Tensor, beta: Number) -> Tensor:
    """The policy with the most reward less beta nats of divergence    (Eq. 4).

    log pi*(y) = log pi_ref(y) + r(y) / beta - log Z

    logp_ref, reward (..., K), over all K answers to a question -> log-probabilities
    (..., K). What the reference never says it never says either.
    """
    expect.same_shape(logp_ref=logp_ref, reward=reward)
    expect.shape(logp_ref, "... K", "logp_ref")
    expect.floating(logp_ref=logp_ref, reward=reward)
    expect.number(beta=beta)
    expect.positive(beta=beta)
    return (logp_ref + reward / beta).log_softmax(-1)
