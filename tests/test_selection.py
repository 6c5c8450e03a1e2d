"""Votes, picks and beams against loops over questions, answers and beginnings."""

import math
from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import grpo, selection

# Votes


def vote_loop(values, weights, K):
    found = []
    for row, heavy in zip(values.tolist(), weights.tolist(), strict=True):
        sums = [0.0] * K
        for value, weight in zip(row, heavy, strict=True):
            if value >= 0:
                sums[value] += weight
        found.append(sums.index(max(sums)) if max(sums) > 0 else -1)
    return found


@settings(max_examples=40)
@given(st.integers(1, 4), st.integers(1, 9), st.integers(1, 5), st.integers(0, 9999))
def test_the_vote_is_the_loop(B, N, K, seed):
    g = torch.Generator().manual_seed(seed)
    values = torch.randint(-1, K, (B, N), generator=g)
    weights = torch.randint(0, 3, (B, N), generator=g).double() / 4  # exact, with ties
    assert selection.weighted_vote(values, weights, K).tolist() == vote_loop(
        values, weights, K
    )
    ones = torch.ones(B, N)
    assert selection.majority(values, K).tolist() == vote_loop(values, ones, K)


def test_ties_go_to_the_smallest_and_silence_stays_silent():
    values = torch.tensor([[3, 1, 1, 3], [-1, -1, -1, -1], [-1, -1, -1, 2]])
    assert selection.majority(values, 4).tolist() == [1, -1, 2]


@given(st.integers(0, 999))
def test_a_vote_does_not_look_at_the_order(seed):
    g = torch.Generator().manual_seed(seed)
    values = torch.randint(-1, 4, (3, 7), generator=g)
    turn = torch.randperm(7, generator=g)
    assert torch.equal(
        selection.majority(values, 4), selection.majority(values[:, turn], 4)
    )


# Picks


def test_the_pick_is_the_first_of_the_best():
    values = torch.tensor([[4, 5, 6], [7, 8, 9]])
    scores = torch.tensor([[0.0, 1.0, 1.0], [2.0, -1.0, 0.0]])
    assert selection.best_of_n(values, scores).tolist() == [5, 7]


@settings(max_examples=40)
@given(st.integers(1, 6), st.integers(1, 6), st.booleans(), st.integers(0, 9999))
def test_the_expected_pick_is_the_mean_over_all_draws(N, k, ties, seed):
    k = min(k, N)
    g = torch.Generator().manual_seed(seed)
    worth = torch.randn(2, N, generator=g).double()
    scores = torch.randint(3, (2, N), generator=g).double()
    if not ties:
        scores = torch.randn(2, N, generator=g).double()
    got = selection.expected_best(worth, scores, k)
    for b in range(2):
        total = 0.0
        for drawn in combinations(range(N), k):
            total += worth[b, max(drawn, key=lambda n: (scores[b, n], -n))].item()
        assert got[b].item() == pytest.approx(total / math.comb(N, k))


@given(st.integers(1, 8), st.integers(0, 8), st.integers(1, 8))
def test_with_a_judge_who_knows_it_is_pass_at_k(n, c, k):
    c, k = min(c, n), min(k, n)
    right = (torch.arange(n) < c).double()[None]
    got = selection.expected_best(right, right, k).item()
    assert got == pytest.approx(grpo.pass_at_k(n, c, k))


def test_the_gradient_of_the_expected_pick():
    worth = torch.randn(2, 5, dtype=torch.float64, requires_grad=True)
    scores = torch.randn(2, 5).double()
    assert torch.autograd.gradcheck(
        lambda w: selection.expected_best(w, scores, 3), (worth,)
    )


# Budgets


@given(st.lists(st.integers(0, 9), min_size=1, max_size=7), st.integers(0, 40))
def test_the_budget_is_the_loop(lengths, budget):
    spent, want = 0, []
    for length in lengths:
        spent += length
        want.append(spent <= budget)
    assert selection.within_budget(torch.tensor([lengths]), budget)[0].tolist() == want


# Beams

END, PAD = 1, 2


def over(kept):
    return (kept[:, 1:] == END).any(1)


def grower(seed):
    """Beginnings go on by a hash of what they hold, so that a loop may ask the same."""

    def grow(kept):
        each = torch.arange(len(kept))
        token = (kept * torch.arange(1, kept.shape[1] + 1)).sum(1) * 7 + each * 5 + seed
        token = torch.where(over(kept), PAD, torch.tensor([1, 3, 4, 5])[token % 4])
        return torch.cat([kept, token[:, None]], 1)

    return grow


def judged(kept):
    weights = 1 / torch.arange(1, kept.shape[1] + 1).double()
    return torch.sin((kept * weights).sum(1) * 12.3)


def beam_loop(begin, grow, W, M, T):
    """As the kernel keeps them, but one by one."""
    B = len(begin)
    kept = [[row.tolist()] * W for row in begin]
    alive, cost = [[w == 0 for w in range(W)] for _ in range(B)], [0] * B
    for _ in range(T):
        rows = torch.tensor([x for beams in kept for x in beams for _ in range(M)])
        done = [[END in x[1:] for x in beams] for beams in kept]
        if all(done[b][w] or not alive[b][w] for b in range(B) for w in range(W)):
            break
        tried = grow(rows)
        scores = judged(tried).tolist()
        for b in range(B):
            pool = []
            for w in range(W):
                live = alive[b][w] and not done[b][w]
                cost[b] += M if live else 0
                for m in range(M if live else 1):
                    n = (b * W + w) * M + m
                    pool.append((scores[n] if alive[b][w] else -math.inf, tried[n]))
            pool.sort(key=lambda pair: -pair[0])
            pool += [(-math.inf, pool[-1][1])] * W
            kept[b] = [x.tolist() for _, x in pool[:W]]
            alive[b] = [s > -math.inf for s, _ in pool[:W]]
    return [beams[0] for beams in kept], cost


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 5),
    st.integers(0, 99),
)
def test_the_beam_is_the_loop(B, W, M, T, seed):
    begin = torch.randint(3, 6, (B, 2))
    got, cost = selection.beam(begin, grower(seed), judged, over, W, M, T)
    want, spent = beam_loop(begin, grower(seed), W, M, T)
    assert cost.tolist() == spent
    assert got.tolist() == want


def test_a_beam_as_wide_as_the_tree_finds_the_best():
    target = torch.tensor([3, 4, 3, 4])

    def grow(kept):  # the first of two goes on with 3, the second with 4
        token = 3 + torch.arange(len(kept)) % 2
        return torch.cat([kept, token[:, None]], 1)

    def judge(kept):  # says nothing before the end
        right = (kept[:, -4:] == target).all(1) if kept.shape[1] == 5 else kept[:, 0]
        return right.float()

    best, cost = selection.beam(
        torch.zeros(1, 1, dtype=torch.int64),
        grow,
        judge,
        lambda kept: torch.zeros(len(kept), dtype=torch.bool),
        16,
        2,
        4,
    )
    assert best[0, 1:].tolist() == target.tolist()
    assert cost.tolist() == [2 + 4 + 8 + 16]


def test_one_beginning_and_one_way_is_plain_writing():
    begin, grow = torch.tensor([[4, 3]]), grower(1)
    want, drawn = begin, 0
    while drawn < 9 and not over(want).all():
        want, drawn = grow(want), drawn + 1
    got, cost = selection.beam(begin, grow, judged, over, 1, 1, 9)
    assert torch.equal(got, want) and cost.tolist() == [drawn]


# Bad input


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: selection.majority(torch.tensor([[5]]), 5), "holds 5"),
        (lambda: selection.majority(torch.tensor([[0.5]]), 5), "values"),
        (lambda: selection.majority(torch.tensor([1]), 5), "values"),
        (
            lambda: selection.weighted_vote(torch.zeros(2, 3).long(), torch.ones(3), 2),
            "weights",
        ),
        (
            lambda: selection.weighted_vote(
                torch.zeros(1, 1).long(), -torch.ones(1, 1), 2
            ),
            "weights",
        ),
        (
            lambda: selection.best_of_n(
                torch.zeros(1, 2).long(), torch.tensor([[0, torch.nan]])
            ),
            "nan",
        ),
        (lambda: selection.expected_best(torch.ones(1, 2), torch.ones(1, 2), 3), "k"),
        (
            lambda: selection.expected_best(torch.ones(1, 2), torch.ones(2, 2), 1),
            "scores",
        ),
        (lambda: selection.within_budget(torch.ones(3).long(), 1), "lengths"),
        (
            lambda: selection.beam(
                torch.zeros(1, 1).long(), grower(0), judged, over, 0, 1, 1
            ),
            "W",
        ),
        (
            lambda: selection.beam(
                torch.zeros(1, 1).long(),
                grower(0),
                lambda kept: torch.full((len(kept),), torch.nan),
                over,
                1,
                1,
                1,
            ),
            "nan",
        ),
    ],
)
def test_bad_input_is_refused_in_words(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()


def test_a_weight_without_end_wins():
    values, weights = torch.tensor([[0, 1]]), torch.tensor([[torch.inf, 1.0]])
    assert selection.weighted_vote(values, weights, 2).tolist() == [0]
