"""Divergences against loops, printed numbers and torch.distributions."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from javascript import traced

from lib import divergence as dv

P, Q = torch.tensor([[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]]).double()


def close(got, want, near=1e-12):
    got, want = (torch.as_tensor(x, dtype=torch.float64) for x in (got, want))
    torch.testing.assert_close(got, want, rtol=0, atol=near)


def kl_loop(p, q):
    total = 0.0
    for a, b in zip(p.tolist(), q.tolist(), strict=True):
        if a > 0:
            total += a * math.log(a / b) if b > 0 else math.inf
    return total


def w1_loop(p, q, x):
    return sum(
        abs(float(p[: k + 1].sum() - q[: k + 1].sum())) * float(x[k + 1] - x[k])
        for k in range(len(x) - 1)
    )


@st.composite
def pairs(draw):
    """Two distributions over K outcomes with holes in their supports."""
    K = draw(st.integers(1, 6))
    weights = st.lists(st.integers(0, 5), min_size=K, max_size=K).filter(any)
    p, q = (torch.tensor(draw(weights)).double() for _ in range(2))
    return p / p.sum(), q / q.sum()


@settings(max_examples=50)
@given(pairs())
def test_each_is_its_loop(pair):
    p, q = pair
    close(dv.kl_divergence(p, q), kl_loop(p, q))
    m = (p + q) / 2
    close(dv.js_divergence(p, q), (kl_loop(p, m) + kl_loop(q, m)) / 2)
    worst = sum(abs(a - b) for a, b in zip(p.tolist(), q.tolist(), strict=True)) / 2
    close(dv.total_variation(p, q), worst)
    x = torch.arange(len(p)).double() ** 2
    close(dv.wasserstein_1d(p, q, x), w1_loop(p, q, x))
    assert dv.total_variation(p, q) <= (dv.kl_divergence(p, q) / 2).sqrt() + 1e-12


def test_printed_numbers():
    close(dv.kl_divergence(P, Q), 0.1732867951, 1e-10)
    close(dv.js_divergence(P, Q), 0.0424747592, 1e-10)
    close(dv.total_variation(P, Q), 0.25)


@pytest.mark.parametrize(
    ("d", "kl", "js", "tv"),
    [
        (1, 0.5, 0.1114215, 0.3829249),
        (2, 2, 0.3368308, 0.6826895),
        (4, 8, 0.6327202, 0.9544997),
        (8, 32, 0.6930536, 0.9999367),
    ],
)
def test_two_bumps_moving_apart(d, kl, js, tv):
    x = torch.linspace(-14, 14, 4001).double()
    p, q = (-((x - m) ** 2) / 2 for m in (-d / 2, d / 2))
    p, q = p.softmax(0), q.softmax(0)
    close(dv.kl_divergence(p, q), kl, 1e-6)
    close(dv.js_divergence(p, q), js, 1e-6)
    close(dv.total_variation(p, q), tv, 2e-3)  # a grid is coarse for the crossing
    close(dv.wasserstein_1d(p, q, x), d, 1e-6)


def test_the_impossible_is_inf_and_never_nan():
    p = torch.tensor([0.5, 0.5, 0.0, 0.0]).requires_grad_()
    q = torch.tensor([0.5, 0.0, 0.5, 0.0]).requires_grad_()
    value = dv.kl_divergence(p, q)  # a +1e-10 would make this a mere 11 nats
    assert value == math.inf
    for grad in torch.autograd.grad(value, (p, q)):
        assert not grad.isnan().any()
        assert (grad[2:] == 0).all()  # where p = 0
    close(dv.js_divergence(p, q).detach(), math.log(2) / 2, 1e-6)
    for grad in torch.autograd.grad(dv.js_divergence(p, q), (p, q)):
        assert grad.isfinite().all()


def test_disjoint_supports_saturate_all_but_the_way():
    x = torch.tensor([0.0, 1.0, 5.0])
    p, near, far = torch.eye(3)
    for other, way in ((near, 1), (far, 5)):
        close(dv.js_divergence(p, other), math.log(2), 1e-6)
        assert dv.total_variation(p, other) == 1
        assert dv.wasserstein_1d(p, other, x) == way


def test_gradients():
    x = torch.tensor([0.0, 1.0, 3.0]).double()
    logits = torch.randn(2, 2, 3).double().requires_grad_()
    for call in (
        dv.kl_divergence,
        dv.js_divergence,
        lambda p, q: dv.wasserstein_1d(p, q, x),
    ):
        assert torch.autograd.gradcheck(lambda z: call(*z.softmax(-1)), logits)


# Gaussians


def covariance(k, *batch):
    a = torch.randn(*batch, k, k).double()
    return a @ a.mT + torch.eye(k).double()


@pytest.mark.parametrize("batch", [(), (3,)])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_gaussians_as_torch_has_them(k, batch):
    (m0, m1), (s0, s1) = torch.randn(2, *batch, k).double(), covariance(k, 2, *batch)
    normal = torch.distributions.MultivariateNormal
    want = torch.distributions.kl_divergence(normal(m0, s0), normal(m1, s1))
    close(dv.gaussian_kl(m0, s0, m1, s1), want, 1e-10)


@pytest.mark.parametrize(
    ("m0", "v0", "m1", "v1", "want"),
    [
        (0, 1, 1, 4, 0.4431471806),  # 4 read as a standard deviation gives 0.917
        (1, 4, 0, 1, 1.3068528194),
        (0, 1, 2, 1, 2.0),
    ],
)
def test_gaussians_of_one_dimension(m0, v0, m1, v1, want):
    values = [torch.tensor(x).double() for x in ([m0], [[v0]], [m1], [[v1]])]
    close(dv.gaussian_kl(*values), want, 1e-10)


def test_gaussian_gradient():
    root = torch.randn(2, 2, 2).double().requires_grad_()
    mean = torch.randn(2, 2).double().requires_grad_()

    def call(mean, root):
        (s0, s1) = root @ root.mT + torch.eye(2)
        return dv.gaussian_kl(mean[0], s0, mean[1], s1)

    assert torch.autograd.gradcheck(call, (mean, root))


# Live figures and errors


def test_a_live_figure_can_run_all_of_it():
    x = torch.tensor([0.0, 1.0, 3.0])

    def kernel(p, q, mean, spread):
        cov = torch.stack([spread + 1, spread, spread, spread + 2]).view(2, 2)
        return dict(
            kl=dv.kl_divergence(p, q),
            js=dv.js_divergence(p, q),
            tv=dv.total_variation(p, q),
            w1=dv.wasserstein_1d(p, q, x),
            gaussian=dv.gaussian_kl(mean, cov, 0 * mean, torch.eye(2) * 2),
        )

    inputs = dict(
        p=torch.tensor([0.5, 0.5, 0.0]),
        q=torch.tensor([0.25, 0.25, 0.5]),
        mean=torch.tensor([0.3, -1.0]),
        spread=torch.tensor(0.4),
    )
    got = traced(kernel, inputs)
    for name, want in kernel(**inputs).items():
        close(got[name], want, 1e-5)


def eye(n, scale=1.0):
    return scale * torch.eye(n)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: dv.kl_divergence(P, Q[:2]), ValueError, "nothing is broadcast"),
        (lambda: dv.kl_divergence(P, Q[None]), ValueError, "nothing is broadcast"),
        (lambda: dv.kl_divergence(P, 2 * Q), ValueError, "softmax missing"),
        (lambda: dv.js_divergence(P - 0.5, Q), ValueError, "p holds -0.25"),
        (lambda: dv.total_variation(P, [0.5]), TypeError, "q is a list"),
        (lambda: dv.total_variation(P.long(), Q), TypeError, "real numbers"),
        (lambda: dv.wasserstein_1d(P, Q, torch.arange(2).double()), ValueError, "K=3"),
        (
            lambda: dv.wasserstein_1d(P, Q, -torch.arange(3).double()),
            ValueError,
            "step of x",
        ),
        (
            lambda: dv.gaussian_kl(torch.zeros(3), eye(2), torch.zeros(3), eye(2)),
            ValueError,
            "k=3",
        ),
        (
            lambda: dv.gaussian_kl(torch.zeros(2), eye(2, -1), torch.zeros(2), eye(2)),
            ValueError,
            "smallest eigenvalue of cov_p holds -1",
        ),
        (
            lambda: dv.gaussian_kl(
                torch.zeros(2),
                eye(2),
                torch.zeros(2),
                eye(2) + eye(2).roll(1, 0).triu(),
            ),
            ValueError,
            "cov_q.T",
        ),
    ],
)
def test_bad_input_is_explained(call, error, says):
    with pytest.raises(error, match=says):
        call()
