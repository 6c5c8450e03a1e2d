"""A GAN in the plane: targets, counting, and the laboratory between two steps."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import optim

from lib import gan
from lib.gan import lab, plane
from lib.train import Player


def close(got, want, near=1e-6):
    torch.testing.assert_close(got, torch.as_tensor(want), rtol=0, atol=near)


def players(game, kind, lr_d, lr_g):
    def discriminate(game, real, noise, mix):
        fake = game.generator(noise).detach()
        return gan.discriminator_loss(game.critic(real), game.critic(fake), kind)

    def generate(game, real, noise, mix):
        return gan.generator_loss(game.critic(game.generator(noise)), kind)

    critic, generator = game.critic.parameters(), game.generator.parameters()
    return {
        "discriminator": Player(discriminate, optim.Adam(critic, lr_d)),
        "generator": Player(generate, optim.Adam(generator, lr_g)),
    }


def state(bench):
    return torch.cat([p.detach().flatten() for p in bench.game.parameters()])


# Targets and counting


def test_where_the_modes_are():
    close(plane.ring(4, 2.0), [[2.0, 0], [0, 2], [-2, 0], [0, -2]])
    close(plane.ring().norm(dim=1), torch.full((8,), 2.0))
    close(plane.grid(3, 1.0)[:4], [[-1.0, -1], [0, -1], [1, -1], [-1, 0]])
    assert plane.spiral().norm(dim=1).diff().min() > 0
    for centres in plane.TARGETS.values():
        assert centres.abs().max() < lab.EXTENT - 3 * plane.SPREAD


def test_a_sample_lies_around_the_modes_that_are_kept():
    g = torch.Generator().manual_seed(0)
    kept = torch.tensor([True, False, False, True])
    points = plane.sample(plane.ring(4), 4000, g, kept, spread=0.1)
    share = plane.shares(points, plane.ring(4), reach=0.6)
    close(share, [0.5, 0, 0, 0.5], 0.03)
    close(points[points[:, 0] > 1].std(0), [0.1, 0.1], 0.01)
    again = plane.sample(plane.ring(4), 4000, g.manual_seed(0), kept, spread=0.1)
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


# The laboratory


def test_the_lab_gives_the_same_game_for_the_same_seed_and_disturbs_nobody():
    torch.manual_seed(5)
    want = torch.rand(3)
    torch.manual_seed(5)
    one, two = lab.Lab(players), lab.Lab(players)
    one.step(3)
    for _ in range(3):
        two.step()
    assert torch.equal(torch.rand(3), want)
    assert torch.equal(state(one), state(two))
    assert one.steps == 3
    one.restart()
    assert one.steps == 0
    one.step(3)
    assert torch.equal(state(one), state(two))


def test_a_change_that_changes_nothing_changes_nothing():
    one, two = lab.Lab(players), lab.Lab(players)
    one.step(4)
    two.step(2)
    two.change(lr_d=1e-3, kind="nonsaturating")
    two.step(2)
    assert torch.equal(state(one), state(two))  # the optimizers remember
    assert two.steps == 4


def test_rates_losses_and_data_can_be_changed_between_steps():
    bench = lab.Lab(players)
    bench.step()
    before = state(bench)
    bench.change(lr_g=0.5, lr_d=1e-9, kind="hinge")
    bench.step()
    moved = (state(bench) - before).abs()
    sizes = [sum(p.numel() for p in bench.game.generator.parameters())]
    mine, other = moved.split([*sizes, len(moved) - sizes[0]])
    assert mine.max() > 0.05 > 1e-6 > other.max()
    bench.change(kept=torch.tensor([[True] + [False] * 7]))
    close(bench.centres, plane.ring()[:1])
    bench.change(target="grid")  # a mask of eight says nothing of nine
    close(bench.centres, plane.grid())


def test_a_snapshot_looks_and_does_not_touch():
    bench = lab.Lab(players)
    before = state(bench)
    shot = bench.snapshot()
    assert (shot.points.shape, shot.field.shape) == ((96, 2), (17, 17))
    assert shot.mesh.shape == (9, 9, 2)
    assert 0 <= shot.field.min() <= shot.field.max() <= 1
    assert torch.equal(state(bench), before)
    grid = lab.lattice(2, 1.0)
    close(grid, [[[-0.5, -0.5], [0.5, -0.5]], [[-0.5, 0.5], [0.5, 0.5]]])


def test_a_packed_snapshot_comes_back_nearly_the_same():
    bench = lab.Lab(players)
    shot = bench.snapshot()
    back = lab.unpacked(lab.from_text(lab.to_text([lab.packed(bench.game)] * 2)))
    assert back.points.shape == (2, 96, 2)
    for one, other in zip(back, shot, strict=True):
        close(one[1], other, lab.EXTENT / 255)


def test_a_density_is_its_loop():
    points, kept = torch.randn(5, 2), torch.tensor([True, False, True, True, False])
    found = lab.density(points, kept)
    for row, column in ((0, 0), (8, 9), (16, 3)):
        place, total = lab.lattice(17)[row, column], 0.0
        for point in points[kept]:
            gap = float((place - point).square().sum())
            total += math.exp(-gap / 0.125) / (2 * math.pi * 0.0625) / 3
        assert found[row, column].item() == pytest.approx(total, rel=1e-4)
    assert not lab.density(points, kept & False).any()
    close(lab.density(0 * points).sum() * (2 * lab.EXTENT / 17) ** 2, 1.0, 0.02)


def test_a_net_has_two_lines_through_each_knot():
    lines = lab.strings(torch.arange(8.0).view(2, 2, 2))
    knots = lines[lines.isfinite().all(1)]
    close(knots, [[0.0, 1], [2, 3], [4, 5], [6, 7], [0, 1], [4, 5], [2, 3], [6, 7]])
    assert lines.isnan().any(1).sum() == 4


@pytest.mark.slow
def test_the_ring_is_learnt_a_little():
    bench = lab.Lab(players, lr_d=3e-3, lr_g=3e-3)
    far = bench.snapshot().points.norm(dim=1).mean()
    bench.step(120)
    near = bench.snapshot().points.norm(dim=1).mean()
    assert abs(near - 2) < abs(far - 2)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: plane.ring(0), ValueError, "modes holds 0"),
        (
            lambda: plane.sample(plane.ring(), 5, kept=torch.zeros(8).bool()),
            ValueError,
            "leaves no mode",
        ),
        (
            lambda: plane.sample(plane.ring(), 5, kept=torch.zeros(7).bool()),
            ValueError,
            "kept has shape",
        ),
        (lambda: plane.shares(torch.zeros(3), plane.ring()), ValueError, "points has"),
        (lambda: lab.Lab(players, target="rink"), ValueError, "'ring'"),
        (lambda: lab.Lab(players, lr_d=0.0), ValueError, "lr_d holds 0"),
        (lambda: lab.Lab(players).change(lr=1), ValueError, "the setting is 'lr'"),
    ],
)
def test_bad_input_is_explained(call, error, says):
    with pytest.raises(error, match=says):
        call()
