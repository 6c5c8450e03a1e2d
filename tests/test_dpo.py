"""DPO against loops over pairs and tokens, the problem it solves, and its gradient."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import dpo
from lib.divergence import kl_divergence


def logps(*shape):
    return -3 * torch.rand(*shape, dtype=torch.float64)


# Whole answers


@settings(max_examples=20)
@given(st.integers(1, 3), st.integers(1, 6), st.integers(1, 5), st.booleans())
def test_answer_logp_is_the_loop(N, T, V, whole):
    logits, tokens = torch.randn(N, T, V).double(), torch.randint(V, (N, T))
    mask = torch.rand(N, T) > 0.4
    got = dpo.answer_logp(logits, tokens, mask.long() if whole else mask)
    for n in range(N):
        want = 0.0
        for t in range(T):
            if mask[n, t]:
                scores = logits[n, t].tolist()
                norm = math.log(sum(math.exp(s) for s in scores))
                want += scores[tokens[n, t]] - norm
        assert got[n].item() == pytest.approx(want)


def test_padding_may_hold_anything_and_gives_no_gradient():
    logits = torch.randn(2, 3, 4)
    logits[:, 2, 1] = -math.inf  # the padding's own token is impossible
    logits.requires_grad_()
    tokens = torch.ones(2, 3, dtype=torch.int64)
    logp = dpo.answer_logp(logits, tokens, torch.tensor([[1, 1, 0]]).expand(2, 3))
    logp.sum().backward()
    assert logp.isfinite().all()
    assert (logits.grad[:, 2] == 0).all() and (logits.grad[:, :2] != 0).any()


# The loss


def loss_loop(logp_w, logp_l, ref_w, ref_l, beta, smoothing):
    total = 0.0
    for b in range(len(logp_w)):
        r_w = beta * (logp_w[b] - ref_w[b]).item()
        r_l = beta * (logp_l[b] - ref_l[b]).item()
        right = 1 / (1 + math.exp(r_l - r_w))
        total -= (1 - smoothing) * math.log(right) + smoothing * math.log(1 - right)
    return total / len(logp_w)


@settings(max_examples=40)
@given(st.integers(1, 5), st.floats(0.01, 5), st.sampled_from([0.0, 0.1, 0.5]))
def test_the_loss_is_the_loop(B, beta, smoothing):
    four = logps(4, B)
    got = dpo.dpo_loss(*four, beta, smoothing)
    assert got.item() == pytest.approx(loss_loop(*four, beta, smoothing), abs=1e-10)


@given(st.floats(0.01, 5), st.sampled_from([0.0, 0.3]))
def test_at_the_reference_the_loss_is_log_2(beta, smoothing):
    w, l = logps(2, 4)
    loss = dpo.dpo_loss(w, l, w, l, beta, smoothing)
    assert loss.item() == pytest.approx(math.log(2), abs=1e-12)
    assert (dpo.margin(w, l, w, l, beta) == 0).all()
    torch.testing.assert_close(
        dpo.pull(w, l, w, l, beta), torch.full((4,), beta / 2).double()
    )


def test_what_is_alike_in_both_answers_cancels():
    w, l, ref_w, ref_l = logps(4, 5)
    same = dpo.dpo_loss(w, l, ref_w, ref_l)
    moved = dpo.dpo_loss(w - 2, l - 2, ref_w, ref_l)  # both became rarer
    torch.testing.assert_close(same, moved)


def test_settled_and_hopeless_pairs_stay_finite():
    far = torch.tensor([5000.0, -5000.0], requires_grad=True)
    zero = torch.zeros(2)
    loss = dpo.dpo_loss(far, zero, zero, zero, 1.0)
    loss.backward()
    assert loss.item() == pytest.approx(2500)
    assert far.grad.tolist() == pytest.approx([0, -0.5])


# The gradient


def test_gradient_of_the_loss():
    w, l = logps(2, 3).requires_grad_()
    ref_w, ref_l = logps(2, 3)
    assert torch.autograd.gradcheck(
        lambda w, l: dpo.dpo_loss(w, l, ref_w, ref_l, 0.5, 0.1), (w, l)
    )


def test_each_pair_is_pulled_by_the_weight_of_section_4():
    w, l, ref_w, ref_l = (x.clone().requires_grad_() for x in logps(4, 6))
    dpo.dpo_loss(w, l, ref_w, ref_l, 0.7).backward()
    weight = dpo.pull(w, l, ref_w, ref_l, 0.7).detach() / 6
    torch.testing.assert_close(w.grad, -weight)
    torch.testing.assert_close(l.grad, weight)
    assert ref_w.grad is None and ref_l.grad is None  # the reference is a constant


# What it solves


@pytest.mark.slow
@given(st.integers(2, 6), st.floats(0.2, 5))
def test_no_policy_is_better_than_the_best_one(K, beta):
    ref, reward = torch.randn(2, K).double()
    ref = ref.log_softmax(0)
    best = dpo.best_policy(ref, reward, beta).exp()

    def worth(policy):
        return (policy * reward).sum() - beta * kl_divergence(policy, ref.exp())

    assert best.sum().item() == pytest.approx(1)
    others = torch.randn(50, K).double().softmax(-1)
    nearby = (best.log() + 0.01 * torch.randn(50, K)).softmax(-1)
    for other in (*others, *nearby):
        assert worth(other) <= worth(best) + 1e-12


@given(st.integers(2, 5), st.floats(0.1, 3))
def test_the_best_policy_has_the_reward_as_its_implicit_one(K, beta):
    ref, reward = torch.randn(2, 3, K).double()
    ref = ref.log_softmax(-1)
    found = dpo.implicit_reward(dpo.best_policy(ref, reward, beta), ref, beta)
    gap = found - reward  # the same for all answers to a question: -beta log Z
    torch.testing.assert_close(gap, gap[:, :1].expand(3, K))


def test_what_the_reference_never_says_stays_unsaid():
    ref = torch.tensor([0.5, 0.5, 0.0]).log()
    best = dpo.best_policy(ref, torch.tensor([0.0, 1.0, 100.0]), 1.0).exp()
    assert best[2] == 0 and best[1] / best[0] == pytest.approx(math.e)


def test_pairs_by_chance_of_the_reward_lead_to_the_best_policy():
    """All pairs, each as often as Bradley and Terry say: Eq. 7 has Eq. 4 as its end."""
    ref, reward = torch.randn(4).double().log_softmax(0), torch.randn(4).double()
    i, j = torch.combinations(torch.arange(4)).T
    first = dpo.preference(reward[i], reward[j])
    theta = ref.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([theta], max_iter=200, line_search_fn="strong_wolfe")

    def loss():
        optimizer.zero_grad()
        logp = theta.log_softmax(0)
        m = dpo.margin(logp[i], logp[j], ref[i], ref[j], 0.5)
        total = -(first * m.sigmoid().log() + (1 - first) * (-m).sigmoid().log()).sum()
        total.backward()
        return total

    optimizer.step(loss)
    want = dpo.best_policy(ref, reward, 0.5)
    torch.testing.assert_close(theta.log_softmax(0), want, atol=1e-5, rtol=1e-4)


three = torch.zeros(3)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: dpo.dpo_loss(three, three, three, three[:2]), "ref_l has shape"),
        (lambda: dpo.dpo_loss(*[torch.ones(3, 2)] * 4), "logp_w has shape"),
        (lambda: dpo.dpo_loss(three, three, three, three, 0.0), "beta holds 0"),
        (lambda: dpo.dpo_loss(three, three, three, three, 0.1, 0.7), "smoothing holds"),
        (lambda: dpo.best_policy(three, three[:2], 1.0), "one shape"),
        (
            lambda: dpo.answer_logp(
                torch.ones(2, 3, 4), torch.ones(2, 3).long(), torch.full((2, 3), 2)
            ),
            "mask holds 2",
        ),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_no_pairs_have_no_loss():
    with pytest.raises(ValueError, match="pairs"):
        dpo.dpo_loss(*[torch.zeros(0)] * 4)
