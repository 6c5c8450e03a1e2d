"""Distances of samples against loops, integrals, closed forms and their slopes."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from javascript import traced
from torch.autograd import gradcheck

from lib import divergence
from lib import two_samples as ts

SIZES = st.tuples(st.integers(1, 5), st.integers(1, 4), st.integers(1, 3))


def clouds(N, B, D, seed=0):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(N, D, generator=g, dtype=torch.float64)
    return x, 0.5 + 2 * torch.randn(B, D, generator=g, dtype=torch.float64)


def around(angles):
    turn = torch.arange(angles).double() * math.pi / angles
    return torch.stack([turn.cos(), turn.sin()], 1)


def mean_loop(a, b, of, alone=False):
    """The mean of a function of the distance over pairs, one after the other."""
    found = [
        of(math.dist(p, q))
        for i, p in enumerate(a.tolist())
        for j, q in enumerate(b.tolist())
        if not (alone and i == j)
    ]
    return sum(found) / len(found)


def energy_loop(x, y):
    far = [mean_loop(a, b, lambda r: r) for a, b in ((x, y), (x, x), (y, y))]
    return 2 * far[0] - far[1] - far[2]


def mmd_loop(x, y, width, alone):
    def near(r):
        return math.exp(-((r / width) ** 2) / 2)

    own = [mean_loop(a, a, near, alone) for a in (x, y)]
    return own[0] - 2 * mean_loop(x, y, near) + own[1]


def sliced_loop(x, y, directions):
    total = 0.0
    for d in directions.tolist():
        shadows = [
            sorted(sum(a * b for a, b in zip(p, d, strict=True)) for p in z.tolist())
            for z in (x, y)
        ]
        total += sum(abs(a - b) for a, b in zip(*shadows, strict=True)) / len(x)
    return total / len(directions)


@settings(max_examples=25, deadline=None)
@given(SIZES, st.floats(0.2, 3))
def test_each_is_its_loop(sizes, width):
    x, y = clouds(*sizes)
    assert ts.energy_distance(x, y).item() == pytest.approx(energy_loop(x, y), abs=1e-9)
    got = ts.mmd_squared(x, y, width)
    assert got.item() == pytest.approx(mmd_loop(x, y, width, False), abs=1e-9)
    if min(sizes[:2]) > 1:
        got = ts.mmd_squared(x, y, width, unbiased=True)
        assert got.item() == pytest.approx(mmd_loop(x, y, width, True), abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(1, 4), st.integers(1, 3))
def test_the_sliced_distance_is_its_loop(N, S, D):
    x, y = clouds(N, N, D)
    lines = torch.nn.functional.normalize(clouds(S, 1, D, seed=1)[0], dim=1)
    want = sliced_loop(x, y, lines)
    assert ts.sliced_wasserstein(x, y, lines).item() == pytest.approx(want, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(SIZES)
def test_what_a_distance_must_be(sizes):
    x, y = clouds(*sizes)
    far = ts.energy_distance(x, y)
    assert far >= -1e-12
    torch.testing.assert_close(far, ts.energy_distance(y, x))
    torch.testing.assert_close(far, ts.energy_distance(x.flip(0) + 3, y + 3))
    torch.testing.assert_close(3 * far, ts.energy_distance(3 * x, 3 * y))
    for value in (ts.energy_distance(x, x.flip(0)), ts.mmd_squared(x, x.flip(0), 1.0)):
        assert abs(value.item()) < 1e-12
    assert -1e-12 <= ts.mmd_squared(x, y, 0.7) <= 2


def test_on_a_line_it_is_twice_the_integral_of_the_squared_gap():
    x, y = clouds(7, 4, 1)
    places = torch.cat([x, y])[:, 0].sort().values
    gap = torch.stack([(x <= p).double().mean() - (y <= p).double().mean()
                       for p in places])  # fmt: skip
    want = 2 * (gap[:-1].square() * places.diff()).sum()
    torch.testing.assert_close(ts.energy_distance(x, y), want)


def test_on_a_line_the_sliced_distance_is_w1():
    x, y = clouds(6, 6, 1)
    places, order = torch.cat([x, y])[:, 0].sort()
    p, q = (torch.where(order < 6, 1 / 6, 0), torch.where(order < 6, 0, 1 / 6))
    want = divergence.wasserstein_1d(p.double(), q.double(), places)
    for line in (1.0, -1.0):
        got = ts.sliced_wasserstein(x, y, torch.tensor([[line]]).double())
        torch.testing.assert_close(got, want)


@pytest.mark.slow
def test_two_gaussians_have_the_mmd_of_the_formula():
    """N(0, 1), N(d, 1): 2 w / sqrt(w^2 + 2) (1 - exp(-d^2 / (2 w^2 + 4)))."""
    even = torch.distributions.Normal(0.0, 1.0).icdf((torch.arange(4000) + 0.5) / 4000)
    x, w, d = even.double()[:, None], 0.8, 1.5
    want = 2 * w / math.sqrt(w * w + 2) * (1 - math.exp(-d * d / (2 * w * w + 4)))
    assert ts.mmd_squared(x, x + d, w).item() == pytest.approx(want, abs=1e-3)


def test_without_bias_it_is_zero_on_average_and_with_it_is_not():
    found = []
    for seed in range(300):
        x, y = torch.randn(2, 5, 2, generator=torch.Generator().manual_seed(seed))
        found.append([ts.mmd_squared(x, y, 1.0, unbiased=u) for u in (True, False)])
    fair, high = torch.tensor(found).mean(0)
    assert abs(fair) < 0.01 and high > 0.1


def test_slopes():
    x, y = clouds(3, 4, 2)
    y.requires_grad_()
    assert gradcheck(lambda y: ts.energy_distance(x, y), y)
    assert gradcheck(lambda y: ts.mmd_squared(x, y, 0.9), y)
    assert gradcheck(lambda y: ts.sliced_wasserstein(x, y[:3], around(5)), y)


def test_two_points_at_one_place_have_finite_slopes():
    x = torch.zeros(2, 3)
    y = x.clone().requires_grad_()
    ts.energy_distance(x, y).backward()
    assert y.grad.isfinite().all()


def test_far_away_a_narrow_kernel_has_no_slope_and_the_others_have():
    x, y = torch.zeros(1, 2), torch.tensor([[9.0, 0.0]], requires_grad=True)
    slope = [torch.autograd.grad(value, y)[0][0, 0].item() for value in (
        ts.mmd_squared(x, y, 0.3), ts.energy_distance(x, y),
        ts.sliced_wasserstein(x, y, around(64).float()))]  # fmt: skip
    assert slope[0] == 0
    assert slope[1] == pytest.approx(2)
    assert slope[2] == pytest.approx(2 / math.pi, abs=1e-3)  # the mean of |cos|


def test_each_runs_on_a_page():
    x, y = (z.float() for z in clouds(5, 5, 2))
    lines = around(3).float()

    def kernel(width):
        return dict(
            energy=ts.energy_distance(x, y * width),
            mmd=ts.mmd_squared(x, y, width),
            sliced=ts.sliced_wasserstein(x, y * width, lines),
        )

    inputs = dict(width=torch.tensor(0.8))
    got = traced(kernel, inputs)
    for name, value in kernel(**inputs).items():
        torch.testing.assert_close(got[name].float(), value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: ts.energy_distance(x, x[:, :1]), r"y has shape \(4, 1\)"),
        (lambda x: ts.energy_distance(x[:0], x), "a sample is empty"),
        (lambda x: ts.energy_distance(x, x.log()), "nan"),
        (lambda x: ts.mmd_squared(x, x, 0.0), "width"),
        (lambda x: ts.mmd_squared(x, x[:1], 1.0, unbiased=True), "y has 1 row"),
        (lambda x: ts.sliced_wasserstein(x, x[1:], around(3).float()), "as many"),
        (lambda x: ts.sliced_wasserstein(x, x, 2 * around(3).float()), "length"),
        (lambda x: ts.sliced_wasserstein(x, x, torch.ones(1, 3)), "directions has"),
    ],
)
def test_bad_input_is_refused_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call(torch.arange(8.0).view(4, 2) - 3)


def test_mixed_dtypes_are_refused():
    x = torch.ones(2, 2)
    with pytest.raises(TypeError, match="one precision"):
        ts.energy_distance(x, x.double())
    with pytest.raises(TypeError, match="one precision"):
        ts.sliced_wasserstein(x, x, around(2))
