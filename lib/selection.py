"""More computing at test time: vote among answers, pick one, or search with a judge.

The vote is Wang et al. 2023, "Self-Consistency Improves Chain of Thought Reasoning",
arXiv:2203.11171; the pick Cobbe et al. 2021, arXiv:2110.14168; the search keeps the
best beginnings by a judge of single steps, as in Snell et al. 2024, arXiv:2408.03314.

B questions, N answers to each, K values that an answer may have, W beginnings kept,
M ways to go on from each, S tokens so far, T tokens at most.
"""

from collections.abc import Callable
from math import comb

import torch
from torch import Tensor

from lib import expect

Grow = Callable[[Tensor], Tensor]  # beginnings (N, S) -> (N, S + 1 or more)
Judge = Callable[[Tensor], Tensor]  # beginnings (N, S) -> scores (N,)
Over = Callable[
    [Tensor], Tensor
]  # beginnings (N, S) -> (N,) bool, True where at an end


@expect.annotated
def weighted_vote(values: Tensor, weights: Tensor, K: int) -> Tensor:
    """The value with the most weight behind it:  argmax_k sum_n w_n [v_n = k].

    values (B, N) from 0 to K - 1, or -1 for an answer that has none and does not vote;
    weights (B, N), not negative -> (B,). Of values with equal weight the smallest is
    taken; where nobody votes it is -1.
    """
    expect.indices(values=values)
    B, N = expect.shape(values, "B N", "values")
    expect.shape(weights, "B N", "weights", B=B, N=N)
    expect.floating(weights=weights)
    expect.whole(1, K=K)
    expect.between(-1, K - 1, values=values)
    expect.between(0, float("inf"), weights=weights)
    kinds = torch.arange(K, device=values.device)
    own = values[..., None] == kinds  # (B, N, K)
    most, winner = torch.where(own, weights[..., None], 0.0).sum(1).max(1)  # (B,)
    return torch.where(most > 0, winner, -1)


@expect.annotated
def majority(values: Tensor, K: int) -> Tensor:
    """The most frequent value, every answer counting alike: (B, N) -> (B,).

    What R1's tables call cons@64, of 64 answers.
    """
    expect.indices(values=values)
    expect.whole(1, N=expect.shape(values, "B N", "values")[1])
    return weighted_vote(values, torch.ones(values.shape, device=values.device), K)


@expect.annotated
def best_of_n(values: Tensor, scores: Tensor) -> Tensor:
    """The value of the answer that a judge likes best, the first of equals: -> (B,).

    values (B, N), scores (B, N).
    """
    expect.indices(values=values)
    B, N = expect.shape(values, "B N", "values")
    expect.shape(scores, "B N", "scores", B=B, N=N)
    expect.floating(scores=scores)
    expect.between(-1, float("inf"), values=values)
    expect.no_nan(scores=scores)
    return values.gather(1, scores.argmax(1, keepdim=True))[:, 0]


@expect.annotated
def expected_best(worth: Tensor, scores: Tensor, k: int) -> Tensor:
    """The mean worth of the judge's favourite among k of the N answers: (B,).

    sum_i C(i - 1, k - 1) / C(N, k) worth_(i), answers in order of rising score: the
    i-th is the favourite of a draw if the other k - 1 come from the i - 1 before it.
    Unbiased, as pass@k is, which it equals where worth and score are both right or
    wrong (as in Nakano et al. 2021, arXiv:2112.09332). Of equal scores the first is
    taken for the better one.

    worth (B, N), scores (B, N), 1 <= k <= N.
    """
    B, N = expect.shape(worth, "B N", "worth")
    expect.shape(scores, "B N", "scores", B=B, N=N)
    expect.floating(worth=worth, scores=scores)
    expect.whole(1, k=k)
    expect.between(1, N, k=k)
    expect.no_nan(scores=scores)
    falling = scores.argsort(dim=1, descending=True, stable=True)  # the first of equals
    chance = [comb(N - 1 - i, k - 1) / comb(N, k) for i in range(N)]
    shares = torch.tensor(chance, dtype=worth.dtype, device=worth.device)
    return (worth.gather(1, falling) * shares).sum(1)


@expect.annotated
def within_budget(lengths: Tensor, budget: float | Tensor) -> Tensor:
    """Which answers are paid for, one after the other: (B, N) -> (B, N) bool.

    An answer counts if it and all before it cost no more tokens than the budget. So two
    ways to search are compared at equal computing, and not at equal numbers of answers.
    """
    expect.indices(lengths=lengths)
    expect.shape(lengths, "B N", "lengths")
    expect.number(budget=budget)
    expect.between(0, float("inf"), lengths=lengths, budget=budget)
    return lengths.cumsum(1) <= budget


@expect.annotated
def beam(
    begin: Tensor, grow: Grow, judge: Judge, over: Over, W: int, M: int, T: int
) -> tuple[Tensor, Tensor]:
    """Keep the W best beginnings of each question, by a judge: answers and their cost.

    At each step every beginning that is not over is continued in M ways, the judge
    scores all W M of them, and the W best stay, with all that they hold. One that is
    over stands for itself, once. A score of -inf cuts a beginning off. It ends when all
    are over, or after T steps.

    begin (B, S) -> the best answer of each question (B, S + tokens), padded as `grow`
    pads what is over; and the calls of `grow` that its beginnings cost, (B,): at one
    token a call, the tokens drawn.
    """
    expect.indices(begin=begin)
    B, S = expect.shape(begin, "B S", "begin")
    expect.whole(1, B=B, S=S, W=W, M=M, T=T)
    expect.between(0, float("inf"), begin=begin)
    kept, cost = begin.repeat_interleave(W, 0), torch.zeros(B, dtype=torch.int64)
    alive = (torch.arange(W) == 0).expand(B, W)  # at first all W are one beginning
    for _ in range(T):
        done = over(kept).view(B, W)
        if bool((done | ~alive).all()):
            break
        cost += M * (alive & ~done).sum(1)
        tried = grow(kept.repeat_interleave(M, 0))  # (B W M, S + 1)
        scores = judge(tried).reshape(B, W, M).clone()
        if bool(scores.isnan().any()):
            raise ValueError(
                "the judge's scores hold nan, which has no place in an order"
            )
        scores[~alive] = -torch.inf
        scores[..., 1:][done] = -torch.inf  # what is over is one, and not M
        scores, best = scores.view(B, W * M).topk(W, dim=1)
        rows = torch.arange(B)[:, None] * W * M + best  # (B, W)
        kept, alive = tried[rows.flatten()], scores > -torch.inf
    return kept.view(B, W, -1)[:, 0], cost
