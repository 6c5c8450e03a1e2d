"""GRPO against loops over tokens, exact expectations and answers that cheat."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import grpo
from lib.grpo import loss

# Advantages


@given(st.integers(1, 4), st.integers(2, 6), st.sampled_from([0, 1]))
def test_advantages_are_the_loop(B, G, ddof):
    rewards = torch.randn(B, G).double()
    got = grpo.group_advantages(rewards, ddof, eps=1e-6)
    for b, group in enumerate(rewards.tolist()):
        mean = sum(group) / G
        std = math.sqrt(sum((r - mean) ** 2 for r in group) / (G - ddof))
        want = [(r - mean) / (std + 1e-6) for r in group]
        assert got[b].tolist() == pytest.approx(want)
    centred = rewards - rewards.mean(1, keepdim=True)
    torch.testing.assert_close(grpo.group_advantages(rewards, scale=False), centred)


def test_one_right_of_eight():
    rewards = torch.eye(8)[:1]
    assert grpo.group_advantages(rewards)[0, 0].item() == pytest.approx(2.474, abs=1e-3)
    plus = grpo.group_advantages(rewards, ddof=0)[0, 0].item()
    assert plus == pytest.approx(math.sqrt(7), abs=3e-3)


@given(st.floats(-10, 10, width=32), st.integers(2, 9))
def test_equal_rewards_give_exactly_nothing(reward, G):
    assert (grpo.group_advantages(torch.full((1, G), reward)) == 0).all()


# The loss


def loss_loop(logp, old, A, mask, low, high, beta, ref, aggregate, longest):
    sums, lengths = [], []
    for i in range(len(logp)):
        total = 0.0
        for t in range(logp.shape[1]):
            if mask[i, t]:
                rho = math.exp(logp[i, t] - old[i, t])
                clipped = min(max(rho, 1 - low), 1 + high)
                d = (ref[i, t] - logp[i, t]).item()
                total -= min(rho * A[i].item(), clipped * A[i].item())
                total += beta * (math.exp(d) - d - 1)
        sums.append(total)
        lengths.append(int(mask[i].sum()))
    if aggregate == "sequence":
        means = [s / max(n, 1) for s, n in zip(sums, lengths, strict=True)]
        return sum(means) / len(means)
    count = sum(lengths) if aggregate == "token" else len(sums) * longest
    return sum(sums) / max(count, 1)


@settings(max_examples=40)
@given(
    st.integers(1, 4),
    st.integers(1, 5),
    st.sampled_from(["sequence", "token", "constant"]),
    st.sampled_from([(0.2, 0.2, 0.0), (0.2, 0.28, 0.04), (10.0, 10.0, 0.001)]),
    st.booleans(),
)
def test_the_loss_is_the_loop(N, T, aggregate, numbers, whole):
    low, high, beta = numbers
    logp, old, ref = torch.randn(3, N, T).double()
    A, mask = torch.randn(N).double(), torch.rand(N, T) > 0.4
    got = grpo.grpo_loss(
        logp, old, A, mask.long() if whole else mask,
        low, high, beta, ref if beta else None, aggregate, 7,
    )  # fmt: skip
    want = loss_loop(logp, old, A, mask, low, high, beta, ref, aggregate, 7)
    assert got.item() == pytest.approx(want, abs=1e-10)


@pytest.mark.parametrize("aggregate", ["sequence", "token", "constant"])
def test_gradient_of_the_loss(aggregate):
    logp = torch.randn(3, 4).double().requires_grad_()
    old, ref = torch.randn(2, 3, 4).double()
    A, mask = torch.randn(3).double(), torch.rand(3, 4) > 0.3

    def loss(logp):
        return grpo.grpo_loss(logp, old, A, mask, 0.2, 0.3, 0.1, ref, aggregate, 5)

    assert torch.autograd.gradcheck(loss, logp)


def test_on_the_first_step_the_loss_is_0_and_the_gradient_is_not():
    logp = torch.randn(4, 3, requires_grad=True)
    A = grpo.group_advantages(torch.tensor([[1.0, 0, 0, 1]]))[0]
    loss = grpo.grpo_loss(logp, logp, A, torch.ones(4, 3))  # logp_old is a constant
    (grad,) = torch.autograd.grad(loss, logp)
    assert loss.abs() < 1e-6
    torch.testing.assert_close(grad, -A[:, None].expand(4, 3) / 12)


@pytest.mark.parametrize(
    ("rho", "A", "flows"),
    [(1.3, 1, False), (1.1, 1, True), (0.5, 1, True),
     (0.7, -1, False), (0.9, -1, True), (1.5, -1, True)],
)  # fmt: skip
def test_the_clip_stops_what_has_gone_far_enough(rho, A, flows):
    logp = torch.tensor([[math.log(rho)]], requires_grad=True)
    one = torch.ones(1, 1)
    grpo.grpo_loss(logp, 0 * one, torch.tensor([float(A)]), one).backward()
    assert (logp.grad.item() != 0) == flows


def test_a_long_answer_pays_less_per_token_under_sequence_alone():
    mask = torch.arange(10) < torch.tensor([[1], [10]])
    logp, A = torch.zeros(2, 10, requires_grad=True), torch.tensor([-1.0, -1.0])
    rates = {}
    for how in ["sequence", "token", "constant"]:
        loss = grpo.grpo_loss(logp, logp, A, mask, aggregate=how, max_length=10)
        rates[how] = torch.autograd.grad(loss, logp)[0][:, 0].tolist()
    assert rates["sequence"] == pytest.approx([1 / 2, 1 / 20])
    assert rates["token"] == pytest.approx([1 / 11, 1 / 11])
    assert rates["constant"] == pytest.approx([1 / 20, 1 / 20])


def test_padding_may_hold_anything():
    logp = torch.tensor([[-1.0, -math.inf], [-2.0, math.nan]], requires_grad=True)
    mask = torch.tensor([[1, 0], [1, 0]])
    A = torch.tensor([1.0, -1.0])
    loss = grpo.grpo_loss(logp, logp, A, mask, beta=0.1, logp_ref=logp)
    loss.backward()
    assert loss.isfinite() and logp.grad.isfinite().all()
    empty = grpo.grpo_loss(logp, logp, A, torch.zeros(2, 2), aggregate="token")
    assert empty == 0


# Estimators of the KL


def test_k1_and_k3_are_unbiased_and_k3_descends_another_divergence():
    theta, other = torch.randn(2, 50).double() * 0.4
    theta.requires_grad_()
    logp, ref = theta.log_softmax(0), other.log_softmax(0)
    p, d = logp.exp().detach(), ref - logp
    forward = (logp.exp() * (logp - ref)).sum()
    assert (p * grpo.kl_k1(d)).sum().item() == pytest.approx(forward.item())
    assert (p * grpo.kl_k3(d)).sum().item() == pytest.approx(forward.item())
    assert (p * grpo.kl_k2(d)).sum().item() != pytest.approx(forward.item(), rel=1e-3)
    assert (grpo.kl_k3(d) >= 0).all() and (grpo.kl_k1(d) < 0).any()
    backward = (ref.exp() * (ref - logp)).sum()
    sampled = (p * grpo.kl_k3(d)).sum()  # the samples are fixed: p is a constant
    grads = [
        torch.autograd.grad(loss, theta, retain_graph=True)[0]
        for loss in (sampled, backward, forward)
    ]
    torch.testing.assert_close(grads[0], grads[1])
    assert (grads[0] - grads[2]).abs().max() > 1e-3


def test_k3_keeps_small_differences_and_explodes_upwards():
    assert grpo.kl_k3(torch.tensor(1e-3)).item() == pytest.approx(5e-7, rel=0.2)
    assert grpo.kl_k3(torch.tensor(20.0)).item() == pytest.approx(4.85e8, rel=1e-3)


# Log-probabilities


@settings(max_examples=20)
@given(st.integers(1, 3), st.integers(1, 9), st.integers(1, 5))
def test_token_logp_is_the_loop(B, T, V):
    logits, tokens = torch.randn(B, T, V).double(), torch.randint(V, (B, T))
    got = grpo.token_logp(logits, tokens)
    for b, t in itertools.product(range(B), range(T)):
        want = logits[b, t].log_softmax(0)[tokens[b, t]]
        torch.testing.assert_close(got[b, t], want)


def test_token_logp_in_blocks(monkeypatch):
    monkeypatch.setattr(loss._TokenLogp, "BLOCK", 15)  # 3 rows of 5 words
    logits = torch.randn(2, 4, 5).double().requires_grad_()
    tokens = torch.randint(5, (2, 4))
    want = logits.log_softmax(-1).gather(-1, tokens[..., None])[..., 0]
    torch.testing.assert_close(grpo.token_logp(logits, tokens), want)
    assert torch.autograd.gradcheck(lambda x: grpo.token_logp(x, tokens), logits)


def test_gradient_of_token_logp():
    logits = torch.randn(3, 4, 5).double().requires_grad_()
    tokens = torch.randint(5, (3, 4))
    assert torch.autograd.gradcheck(lambda x: grpo.token_logp(x, tokens), logits)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_export():
    class Figure(torch.nn.Module):
        def forward(self, rewards, logits, old, low, beta):
            tokens, one = torch.zeros(4, 3, dtype=torch.int64), torch.ones(4, 3)
            logp = grpo.token_logp(logits, tokens)
            A = grpo.group_advantages(rewards)[0]
            return A, grpo.grpo_loss(logp, old, A, one, low, None, beta, old)

    inputs = torch.rand(1, 4), torch.randn(4, 3, 5), torch.randn(4, 3)
    inputs = *inputs, torch.tensor(0.2), torch.tensor(0.1)
    program = torch.export.export(Figure(), inputs).run_decompositions()
    inputs = *inputs[:3], torch.tensor(0.9), torch.tensor(0.4)
    for a, b in zip(program.module()(*inputs), Figure()(*inputs), strict=True):
        torch.testing.assert_close(a, b)


# Scores


@pytest.mark.parametrize(
    ("n", "c", "k", "chance"), [(16, 4, 4, 0.72802), (16, 4, 8, 0.96154), (10, 7, 5, 1)]
)
def test_pass_at_k(n, c, k, chance):
    assert grpo.pass_at_k(n, c, k) == pytest.approx(chance, abs=1e-5)
    draws = list(itertools.combinations(range(10), 3))
    assert grpo.pass_at_k(10, 2, 3) == pytest.approx(
        sum(min(draw) < 2 for draw in draws) / len(draws)
    )


one = torch.ones(2, 3)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: grpo.group_advantages(torch.ones(3)), "B, G"),
        (lambda: grpo.group_advantages(torch.ones(3, 1)), "a group of 1"),
        (lambda: grpo.grpo_loss(one, one[:1], one[:, 0], one), "one shape"),
        (lambda: grpo.grpo_loss(one, one, one[0], one), "N=2"),
        (lambda: grpo.grpo_loss(one, one, one[:, 0], 2 * one), "mask holds 2"),
        (lambda: grpo.grpo_loss(one, one, one[:, 0], one, beta=0.1), "logp_ref"),
        (
            lambda: grpo.grpo_loss(one, one, one[:, 0], one, aggregate="tokens"),
            "Did you mean 'token'",
        ),
        (
            lambda: grpo.grpo_loss(one, one, one[:, 0], one, aggregate="constant"),
            "max_length",
        ),
        (lambda: grpo.token_logp(one, torch.zeros(3).long()), "differ"),
        (lambda: grpo.token_logp(one, torch.tensor([0, 3])), "tokens holds 3"),
        (lambda: grpo.pass_at_k(4, 5, 1), "c holds 5"),
        (lambda: grpo.pass_at_k(4, 2, 5), "k holds 5"),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_the_slope_of_a_slope_is_that_of_torchs_own_functions():
    g = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 5, generator=g, dtype=torch.float64, requires_grad=True)
    tokens, along = torch.randint(5, (2, 3), generator=g), torch.randn(2, 3, 5)

    def twice(logp):
        loss = logp(logits, tokens).sum(1).square().sum()
        (slope,) = torch.autograd.grad(loss, logits, create_graph=True)
        return torch.autograd.grad((slope * along).sum(), logits)[0]

    plain = twice(lambda x, t: x.log_softmax(-1).gather(-1, t[..., None])[..., 0])
    torch.testing.assert_close(twice(grpo.token_logp), plain)


@pytest.mark.parametrize("advantage", [-1.0, 0.0, 1.0])
def test_a_ratio_beyond_all_numbers_has_a_finite_slope(advantage):
    logp = torch.zeros(1, 2, requires_grad=True)
    old = torch.tensor([[-100.0, 0.0]])
    loss = grpo.grpo_loss(logp, old, torch.tensor([advantage]), torch.ones(1, 2))
    (slope,) = torch.autograd.grad(loss, logp)
    assert loss.isfinite()
    assert slope.isfinite().all()
