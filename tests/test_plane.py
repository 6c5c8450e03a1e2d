"""A GAN in the plane: the ring, counting its modes, and looking at a game."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.gan import plane


def close(got, want, near=1e-6):
    torch.testing.assert_close(got, torch.as_tensor(want), rtol=0, atol=near)


# Targets and counting


def test_where_the_modes_are():
    close(plane.ring(4, 2.0), [[2.0, 0], [0, 2], [-2, 0], [0, -2]])
    close(plane.ring().norm(dim=1), torch.full((8,), 2.0))
    assert plane.ring().abs().max() < plane.EXTENT - 3 * plane.SPREAD


def test_a_sample_lies_around_the_modes():
    g = torch.Generator().manual_seed(0)
    points = plane.sample(plane.ring(4), 4000, g, spread=0.1)
    share = plane.shares(points, plane.ring(4), reach=0.6)
    close(share, [0.25] * 4, 0.03)
    close(points[points[:, 0] > 1].std(0), [0.1, 0.1], 0.01)
    again = plane.sample(plane.ring(4), 4000, g.manual_seed(0), spread=0.1)
    assert torch.equal(points, again)


@settings(max_examples=20)
@given(st.integers(1, 6), st.integers(1, 4))
def test_shares_are_their_loop(N, M):
    points, centres = torch.randn(N, 2), torch.randn(M, 2)
    want = torch.zeros(M)
    for n in range(N):
        gaps = [float((points[n] - centres[m]).norm()) for m in range(M)]
        best = min(range(M), key=gaps.__getitem__)
        if gaps[best] <= 0.7:
            want[best] += 1 / N
    close(plane.shares(points, centres, reach=0.7), want)


def test_a_mode_is_found_by_a_fifth_of_its_fair_share():
    centres = plane.ring(4)
    points = torch.cat([centres[[0]].repeat(94, 1), centres[[1]].repeat(6, 1)])
    assert plane.modes_found(points, centres) == 2  # 6 per cent: fair is 25, a fifth 5
    assert plane.modes_found(points[:-2], centres) == 1
    assert plane.modes_found(0 * points, centres) == 0
    assert plane.modes_found(points, centres).dtype == torch.int64


def test_a_lattice_is_the_middles_of_cells():
    grid = plane.lattice(2, 1.0)
    close(grid, [[[-0.5, -0.5], [0.5, -0.5]], [[-0.5, 0.5], [0.5, 0.5]]])


def test_a_net_has_two_lines_through_each_knot():
    lines = plane.strings(torch.arange(8.0).view(2, 2, 2))
    knots = lines[lines.isfinite().all(1)]
    close(knots, [[0.0, 1], [2, 3], [4, 5], [6, 7], [0, 1], [4, 5], [2, 3], [6, 7]])
    assert lines.isnan().any(1).sum() == 4


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: plane.ring(0), ValueError, "modes holds 0"),
        (lambda: plane.sample(torch.zeros(0, 2), 5), ValueError, "M holds 0"),
        (lambda: plane.shares(torch.zeros(3), plane.ring()), ValueError, "points has"),
    ],
)
def test_bad_input_is_explained(call, error, says):
    with pytest.raises(error, match=says):
        call()
