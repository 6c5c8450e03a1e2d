"""Reliability and its error against loops, by hand, and in a live figure."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from javascript import traced

from lib.calibration import calibration_error, reliability


def loop(probabilities, labels, bins):
    """Said, right and share of each bin, one picture at a time."""
    found = [[] for _ in range(bins)]
    for row, label in zip(probabilities.tolist(), labels.tolist(), strict=True):
        said = max(row)
        m = next(m for m in range(bins) if m / bins < said <= (m + 1) / bins)
        found[m].append((said, row.index(said) == label))
    mean = lambda values: sum(values) / len(values) if values else float("nan")
    table = [
        (mean([s for s, _ in b]), mean([r for _, r in b]), len(b) / len(labels))
        for b in found
    ]
    return torch.tensor(table, dtype=torch.float64).T


def some(seed, n=40, classes=4, sharp=2.0):
    g = torch.Generator().manual_seed(seed)
    logits = sharp * torch.randn(n, classes, generator=g, dtype=torch.float64)
    return logits.softmax(-1), torch.randint(classes, (n,), generator=g)


@given(st.integers(0, 999), st.integers(1, 12), st.integers(1, 60), st.integers(2, 5))
def test_it_is_the_loop(seed, bins, n, classes):
    p, labels = some(seed, n, classes)
    want = loop(p, labels, bins)
    found = reliability(p, labels, bins)
    torch.testing.assert_close(torch.stack(found), want, equal_nan=True)
    error = calibration_error(p, labels, bins)
    torch.testing.assert_close(
        error, ((want[1] - want[0]).abs() * want[2]).nansum(), atol=1e-12, rtol=0
    )
    assert 0 <= error <= 1
    torch.testing.assert_close(found.share.sum(), torch.ones_like(error))


def test_four_pictures_by_hand():
    p = torch.tensor([[0.9, 0.1], [0.9, 0.1], [0.4, 0.6], [0.6, 0.4]])
    labels = torch.tensor([0, 1, 1, 0])
    said, right, share = reliability(p, labels, bins=5)
    torch.testing.assert_close(said[[2, 4]], torch.tensor([0.6, 0.9]))
    assert right[[2, 4]].tolist() == [1.0, 0.5] and share[[2, 4]].tolist() == [0.5, 0.5]
    assert said[[0, 1, 3]].isnan().all() and share[[0, 1, 3]].eq(0).all()
    torch.testing.assert_close(
        calibration_error(p, labels, 5), torch.tensor(0.5 * 0.4 + 0.5 * 0.4)
    )


def test_a_sure_and_right_one_is_calibrated_and_a_sure_and_wrong_one_is_not():
    sure = torch.eye(3)
    assert calibration_error(sure, torch.arange(3)) == 0
    assert calibration_error(sure, torch.tensor([1, 2, 0])) == 1


def test_labels_that_follow_what_was_said_leave_noise_alone():
    p, _ = some(0, n=100_000, sharp=1.0)
    labels = torch.multinomial(p, 1, generator=torch.Generator().manual_seed(1))[:, 0]
    assert calibration_error(p, labels) < 0.01
    assert calibration_error(p.pow(2) / p.pow(2).sum(1, keepdim=True), labels) > 0.05


def test_the_traced_twin_agrees():
    p, labels = some(3)
    kernel = lambda p: reliability(p, labels)._asdict()
    found = traced(kernel, {"p": p.float()})
    for name, want in reliability(p, labels)._asdict().items():
        torch.testing.assert_close(
            found[name], want, atol=1e-5, rtol=1e-5, equal_nan=True
        )


@pytest.mark.parametrize(
    ("probabilities", "labels", "words"),
    [
        (torch.ones(2, 3), torch.zeros(2).long(), r"sum\(-1\) holds 3"),
        (torch.ones(2, 1), torch.zeros(3).long(), "labels has shape"),
        (torch.ones(2), torch.zeros(2).long(), "probabilities has shape"),
    ],
)
def test_bad_input_is_named(probabilities, labels, words):
    with pytest.raises(ValueError, match=words):
        reliability(probabilities, labels)
    with pytest.raises(TypeError, match="int64"):
        reliability(torch.eye(2), torch.zeros(2))
