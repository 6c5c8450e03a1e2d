"""The argument checks say what came, what was expected and the likely cause."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lib import expect


@given(st.lists(st.integers(0, 5), min_size=1, max_size=5))
def test_shape_comes_back_ready_to_unpack(sizes):
    dims = " ".join("ABCDE"[: len(sizes)])
    assert expect.shape(torch.zeros(sizes), dims, "x") == torch.Size(sizes)


@pytest.mark.parametrize(
    ("came", "dims", "sizes"),
    [
        ((7, 5), "R 5", {}),
        ((2, 2), "D D", {}),
        ((3, 4, 5), "... K", {"K": 5}),
        ((5,), "... K", {}),
        ((2, 3, 8, 8), "B C H W", {"C": 3}),
    ],
)
def test_shape_accepts(came, dims, sizes):
    assert expect.shape(torch.zeros(came), dims, "x", **sizes) == came


@pytest.mark.parametrize(
    ("came", "dims", "sizes", "says"),
    [
        ((7, 4), "R 5", {}, r"x has shape \(7, 4\); expected \(R, 5\)"),
        ((2, 3), "D D", {}, "expected"),
        ((4,), "... K", {"K": 5}, r"\.\.\., K=5"),
        ((5,), "... T K", {}, "expected"),
        ((5, 5, 5), "T K", {}, "expected"),
        ((3, 8, 8), "B C H W", {}, r"x\[None\]"),
        ((2, 8, 8, 3), "B C H W", {"C": 3}, r"permute\(0, 3, 1, 2\)"),
    ],
)
def test_shape_refuses(came, dims, sizes, says):
    with pytest.raises(ValueError, match=says):
        expect.shape(torch.zeros(came), dims, "x", **sizes)


def test_a_list_is_not_a_tensor():
    with pytest.raises(TypeError, match=r"x is a list; expected a tensor"):
        expect.shape([1, 2], "N", "x")


def test_same_shape_refuses_what_would_broadcast():
    expect.same_shape(p=torch.zeros(2, 3), q=torch.ones(2, 3))
    with pytest.raises(ValueError, match=r"p \(2, 3\), q \(3,\)"):
        expect.same_shape(p=torch.zeros(2, 3), q=torch.zeros(3))


def test_dtypes():
    real, whole, mask = torch.zeros(2), torch.zeros(2).long(), torch.zeros(2).bool()
    expect.floating(x=real)
    expect.indices(x=whole)
    expect.boolean(x=mask)
    for check, wrong in [
        (expect.floating, whole),
        (expect.indices, whole.int()),
        (expect.boolean, real),
    ]:
        with pytest.raises(TypeError, match=f"x holds {wrong.dtype}"):
            check(x=wrong)


def test_one_of_suggests_the_nearest():
    expect.one_of("hinge", ["hinge", "minimax"])
    with pytest.raises(ValueError, match="Did you mean 'minimax'"):
        expect.one_of("min-max", ["hinge", "minimax"])


@pytest.mark.parametrize(("part", "whole"), [(5, 32), (0, 4), (4, 0), (-2, 4)])
def test_divides(part, whole):
    expect.divides(patch_size=4, image_size=32)
    with pytest.raises(ValueError, match=f"patch_size is {part} and image_size"):
        expect.divides(patch_size=part, image_size=whole)


@pytest.mark.parametrize("bad", [0, -1.0, math.inf, math.nan])
def test_positive(bad):
    expect.positive(beta=1e-9, gamma=torch.tensor([1.0, 2.0]))
    with pytest.raises(ValueError, match="beta holds"):
        expect.positive(beta=torch.tensor([1.0, bad]))


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan])
def test_between(bad):
    expect.between(0, 1, t=torch.tensor([0.0, 1.0]))
    with pytest.raises(ValueError, match=r"t holds .*\[0, 1\]"):
        expect.between(0, 1, t=bad)


def test_probabilities():
    logits = torch.randn(3, 4)
    expect.probabilities(p=logits.softmax(-1))
    with pytest.raises(ValueError, match="another axis"):
        expect.probabilities(p=logits.softmax(0))
    with pytest.raises(ValueError, match=r"p holds -0\.5"):
        expect.probabilities(p=torch.tensor([1.5, -0.5]))


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_values_are_left_alone_while_a_kernel_is_exported():
    class Checked(torch.nn.Module):
        def forward(self, x):
            expect.positive(x=x)
            expect.probabilities(x=x)
            return x * 2

    program = torch.export.export(Checked(), (torch.ones(2),), strict=False)
    assert torch.equal(program.module()(-torch.ones(2)), -2 * torch.ones(2))


def test_plain_numbers_are_checked_on_the_meta_device_too():
    with torch.device("meta"), pytest.raises(ValueError, match="depth holds 0"):
        expect.positive(x=torch.empty(3), depth=0)
