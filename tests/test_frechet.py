"""The Fréchet distance against closed forms and a root taken another way."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.gan.frechet import frechet_distance, square_root, statistics


def close(got, want, near=1e-9):
    got, want = (torch.as_tensor(x, dtype=torch.float64) for x in (got, want))
    torch.testing.assert_close(got, want, rtol=0, atol=near)


def cloud(n, k, scale=1.0):
    return scale * torch.randn(n, k).double() @ torch.randn(k, k).double()


def test_statistics_are_their_loops():
    x = cloud(7, 3)
    mean, cov = statistics(x)
    for i in range(3):
        close(mean[i], sum(float(v) for v in x[:, i]) / 7)
        for j in range(3):
            terms = ((x[n, i] - mean[i]) * (x[n, j] - mean[j]) for n in range(7))
            close(cov[i, j], sum(map(float, terms)) / 6)
    assert statistics(x.float())[1].dtype == torch.float64


def test_one_dimension_by_hand():
    """(difference of means)^2 + (difference of standard deviations)^2."""
    one = torch.ones(1, 1)
    zero = torch.zeros(1)
    close(frechet_distance(zero, 4 * one, zero + 3, 25 * one), 9 + (5 - 2) ** 2)


def test_diagonal_covariances_add_up():
    a, b = torch.tensor([1.0, 4.0, 0.0]), torch.tensor([9.0, 4.0, 16.0])
    zero = torch.zeros(3)
    close(frechet_distance(zero, a.diag(), zero, b.diag()), 4 + 0 + 16)


@settings(max_examples=15)
@given(st.integers(1, 5))
def test_the_root_of_the_product_gives_the_same(k):
    p, q = statistics(cloud(k + 9, k)), statistics(cloud(k + 9, k, 2.0))
    roots = torch.linalg.eigvals(p[1] @ q[1]).sqrt().sum().real
    want = (p[0] - q[0]).square().sum() + p[1].trace() + q[1].trace() - 2 * roots
    close(frechet_distance(*p, *q), want, 1e-7)
    close(frechet_distance(*q, *p), want, 1e-7)
    close(frechet_distance(*p, *p), 0, 1e-7)


def test_few_samples_of_many_features_are_allowed_and_look_worse():
    torch.manual_seed(0)
    x = torch.randn(4000, 20)
    truth = statistics(x[2000:])
    few, many = (frechet_distance(*statistics(x[:n]), *truth) for n in (15, 2000))
    assert 0 < many < 0.5 < few


def test_the_root_squares_to_the_covariance():
    _, cov = statistics(cloud(3, 5))  # singular
    root = square_root(cov)
    close(root @ root, cov)
    close(root, root.mT)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: statistics(torch.zeros(1, 3)), ValueError, "needs 2 or more"),
        (lambda: statistics(torch.zeros(5)), ValueError, "features has shape"),
        (lambda: statistics(torch.zeros(5, 2).long()), TypeError, "features holds"),
        (
            lambda: frechet_distance(
                torch.zeros(2), torch.eye(2), torch.zeros(3), torch.eye(3)
            ),
            ValueError,
            "mean_q has shape",
        ),
        (
            lambda: frechet_distance(
                torch.zeros(2), torch.ones(2, 2).triu(), torch.zeros(2), torch.eye(2)
            ),
            ValueError,
            "cov_p",
        ),
    ],
)
def test_bad_input_is_explained(call, error, says):
    with pytest.raises(error, match=says):
        call()
