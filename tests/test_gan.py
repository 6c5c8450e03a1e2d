"""The GAN's kernels against loops, numbers worked by hand, and the game's theorem."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from javascript import traced

from lib import divergence, gan
from lib.gan import dirac, plane

some = st.integers(1, 5)


def close(got, want, near=1e-12):
    got, want = (torch.as_tensor(x, dtype=torch.float64) for x in (got, want))
    torch.testing.assert_close(got, want, rtol=0, atol=near)


def number(value):
    return torch.tensor(value, dtype=torch.float64)


def sigma(a):
    return 1 / (1 + math.exp(-a))


REAL = {  # what one real logit costs the discriminator
    "minimax": lambda a: -math.log(sigma(a)),
    "nonsaturating": lambda a: -math.log(sigma(a)),
    "hinge": lambda a: max(0, 1 - a) / 2,
    "wasserstein": lambda a: -a,
}
FAKE = {
    "minimax": lambda a: -math.log(1 - sigma(a)),
    "nonsaturating": lambda a: -math.log(1 - sigma(a)),
    "hinge": lambda a: max(0, 1 + a) / 2,
    "wasserstein": lambda a: a,
}
DECEIVED = {  # what one fake logit costs the generator
    "minimax": lambda a: math.log(1 - sigma(a)),
    "nonsaturating": lambda a: -math.log(sigma(a)),
    "hinge": lambda a: -a,
    "wasserstein": lambda a: -a,
}


@pytest.mark.parametrize("kind", gan.KINDS)
@settings(max_examples=20)
@given(some, some, some)
def test_losses_are_their_loops(kind, B, N, side):
    real, fake = torch.randn(B, 1, side).double(), torch.randn(N, side, 2).double()
    cost = [REAL[kind](a) for a in real.flatten().tolist()]
    other = [FAKE[kind](a) for a in fake.flatten().tolist()]
    want = sum(cost) / len(cost) + sum(other) / len(other)
    close(gan.discriminator_loss(real, fake, kind), want)
    back = [DECEIVED[kind](a) for a in fake.flatten().tolist()]
    close(gan.generator_loss(fake, kind), sum(back) / len(back))


def test_numbers_worked_by_hand():
    real, fake, nothing = number([2, 0.5, -1]), number([-2, 0.3, 1.5]), number([0.0])
    close(gan.discriminator_loss(real, fake, "hinge"), 1.05)
    close(gan.generator_loss(fake, "hinge"), 0.2 / 3)
    close(gan.discriminator_loss(real, fake) / 2, 0.7661605360, 1e-9)
    close(gan.discriminator_loss(nothing, nothing), math.log(4))
    close(gan.generator_loss(nothing, "nonsaturating"), math.log(2))
    close(gan.generator_loss(nothing, "minimax"), -math.log(2))
    close(gan.discriminator_loss(real, fake, "wasserstein"), -0.2 / 3 - 0.5)


@pytest.mark.parametrize(
    ("kind", "slope"),
    [
        ("minimax", -0.0066928509),
        ("nonsaturating", -0.9933071491),
        ("hinge", -1.0),
        ("wasserstein", -1.0),
    ],
)
def test_what_is_left_of_the_slope_when_the_fake_is_seen_through(kind, slope):
    a = number(-5.0).requires_grad_()
    close(torch.autograd.grad(gan.generator_loss(a, kind), a)[0], slope, 1e-10)


@pytest.mark.parametrize("kind", gan.KINDS)
@pytest.mark.parametrize("size", [50.0, -50.0, 1e4])
def test_sure_logits_stay_finite_and_so_do_their_slopes(kind, size):
    a = torch.tensor([size], requires_grad=True)
    for loss in (
        gan.discriminator_loss(a, -a, kind),
        gan.discriminator_loss(-a, a, kind),
        gan.generator_loss(a, kind),
    ):
        assert loss.isfinite()
        assert torch.autograd.grad(loss, a)[0].isfinite()
    close(gan.generator_loss(torch.tensor([50.0]), "minimax"), -50)
    close(gan.generator_loss(torch.tensor([-50.0])), 50)


@pytest.mark.parametrize("kind", gan.KINDS)
def test_gradients_of_the_losses(kind):
    real, fake = torch.randn(2, 5).double().requires_grad_().unbind()
    assert torch.autograd.gradcheck(
        lambda r, f: gan.discriminator_loss(r, f, kind), (real, fake)
    )
    assert torch.autograd.gradcheck(lambda f: gan.generator_loss(f, kind), fake)


# The gradient penalty


def lines(weight):
    """A critic that is linear, one weight for each number of a sample."""
    return lambda x: (x * weight).flatten(1).sum(1)


@pytest.mark.parametrize(
    ("slope", "penalty"), [((3.0, 4.0), 160), ((1.0, 1.0), 1.7157287525), ((0, 1), 0)]
)
def test_penalties_worked_by_hand(slope, penalty):
    x = torch.randn(4, 2).double()
    close(gan.gradient_penalty(lines(number(slope)), x, -x), penalty, 1e-9)


def test_the_norm_is_of_each_sample_alone():
    slopes = number([[3.0, 4.0], [0.0, 1.0]])  # a norm of the whole gives 168.02
    close(gan.gradient_penalty(lines(slopes), slopes, slopes), 80)


@settings(max_examples=20)
@given(some, some, some)
def test_the_penalty_is_its_loop(B, C, side):
    critic = torch.nn.Sequential(torch.nn.Conv2d(C, 3, 1), torch.nn.Tanh()).double()
    real, fake = torch.randn(2, B, C, side, side).double()
    mix = torch.rand(B).double()
    total = 0.0
    for b in range(B):
        x = (float(mix[b]) * real[b] + (1 - float(mix[b])) * fake[b])[None]
        x.requires_grad_()
        (slope,) = torch.autograd.grad(critic(x).sum(), x)
        total += (math.sqrt(float((slope**2).sum())) - 1) ** 2
    close(gan.gradient_penalty(critic, real, fake, 7.0, mix), 7 * total / B, 1e-9)


def test_mix_goes_from_fake_at_zero_to_real_at_one():
    def steep(x):
        return (x**2).sum(1) / 2  # its slope is x itself

    real, fake = number([[3.0, 0.0]] * 2), number([[0.0, 1.0]] * 2)
    mix = number([1.0, 0.0])
    close(gan.gradient_penalty(steep, real, fake, 1.0, mix), (2**2 + 0) / 2)
    torch.manual_seed(0)
    drawn = gan.gradient_penalty(steep, real.repeat(50, 1), fake.repeat(50, 1), 1.0)
    assert 0.05 < drawn < 1.9  # each sample has drawn its own


def test_the_penalty_can_be_differentiated_again():
    real, fake = torch.randn(2, 3, 2).double()
    mix = torch.rand(3).double()
    first, second = torch.randn(4, 2).double(), torch.randn(1, 4).double()

    def penalty(first, second):
        def critic(x):
            return (x @ first.mT).tanh() @ second.mT

        return gan.gradient_penalty(critic, real, fake, 10.0, mix)

    inputs = first.requires_grad_(), second.requires_grad_()
    assert torch.autograd.gradcheck(penalty, inputs)
    assert torch.autograd.gradgradcheck(penalty, inputs)


def test_only_the_critic_learns_from_the_penalty():
    critic = torch.nn.Linear(2, 1)
    fake = torch.randn(3, 2, requires_grad=True)
    gan.gradient_penalty(critic, torch.randn(3, 2), fake).backward()
    assert fake.grad is None
    assert critic.weight.grad is not None


def test_a_flat_critic_has_a_finite_slope_and_no_grad_is_no_obstacle():
    critic = torch.nn.Linear(2, 1)
    torch.nn.init.zeros_(critic.weight)
    with torch.no_grad():
        close(gan.gradient_penalty(critic, *torch.randn(2, 3, 2)), 10)
    gan.gradient_penalty(critic, *torch.randn(2, 3, 2)).backward()
    assert critic.weight.grad.isfinite().all()


# The game and its theorem


def test_the_best_discriminator_of_two_bells_is_a_line():
    x = torch.linspace(-6, 6, 25).double()
    p, q = (
        torch.distributions.Normal(m, number(1.0)).log_prob(x).exp() for m in (0, 1)
    )
    close(gan.optimal_discriminator(p, q).logit(), 0.5 - x, 1e-9)


def test_where_nothing_is_the_best_discriminator_shrugs():
    p, q = number([0.0, 0.0, 0.3, 0.0]), number([0.0, 0.2, 0.0, 1e-300])
    p.requires_grad_()
    best = gan.optimal_discriminator(p, q)
    close(best.detach(), [0.5, 0, 1, 0])
    assert torch.autograd.grad(best.sum(), p)[0].isfinite().all()


@settings(max_examples=20)
@given(some, some)
def test_at_its_best_the_value_is_the_divergence(B, K):
    p, q = torch.randn(2, B, K).double().softmax(-1)
    best = gan.optimal_discriminator(p, q).logit()
    value = gan.game_value(best, p, q)
    close(value, -math.log(4) + 2 * divergence.js_divergence(p, q))
    loop = [
        sum(
            float(p[b, k]) * math.log(sigma(float(best[b, k])))
            + float(q[b, k]) * math.log(1 - sigma(float(best[b, k])))
            for k in range(K)
        )
        for b in range(B)
    ]
    close(value, loop)
    other = gan.game_value(best + torch.randn(B, K).double(), p, q)
    assert (other <= value + 1e-12).all()


def test_the_extremes_of_the_value():
    p, q = number([0.5, 0.5, 0.0]), number([0.0, 0.0, 1.0])
    sure = gan.optimal_discriminator(p, q).logit()  # infinite logits
    close(gan.game_value(sure, p, q), 0)
    close(gan.game_value(torch.zeros(3).double(), p, p), -math.log(4))


@pytest.mark.parametrize(
    ("distance", "value"),
    [(1, -1.1634514), (2, -0.7126327), (4, -0.1208539), (8, -0.00018707)],
)
def test_values_of_two_bells_at_a_distance(distance, value):
    x = torch.linspace(-12, 12, 4801).double()
    p, q = (torch.exp(-((x - m * distance / 2) ** 2) / 2) for m in (-1, 1))
    logits = p.log() - q.log()
    close(gan.game_value(logits, p / p.sum(), q / q.sum()), value, 1e-7)


# The Dirac-GAN


@pytest.mark.parametrize("kind", gan.KINDS)
@pytest.mark.parametrize(("theta", "psi"), [(0.7, -0.4), (-1.2, 0.9), (1.5, 1.5)])
def test_the_field_is_minus_the_slope_of_each_loss(kind, theta, psi):
    theta, psi = (number(x).requires_grad_() for x in (theta, psi))
    strength = 0.3
    held = strength * (psi.abs() - 1) ** 2
    if kind != "wasserstein":
        held = strength * psi**2 / 2
    d = gan.discriminator_loss(psi * 0, psi * theta, kind) + held
    g = gan.generator_loss(psi * theta, kind)
    want = -torch.autograd.grad(g, theta)[0], -torch.autograd.grad(d, psi)[0]
    close(torch.stack(dirac.field(theta, psi, kind, strength)), torch.stack(want))


def test_simultaneous_descent_spirals_outwards():
    path = dirac.play(torch.tensor([1.0, 0.0]), "minimax", 0.1, 100)
    close(path[-1].norm(), 1.1125, 5e-5)
    path = dirac.play(number([1.0, 0.0]), "wasserstein", 0.1, 100)
    close(path[-1].norm(), (1 + 0.01) ** 50)  # each step is a turn and a stretch


def test_taking_turns_the_generator_sees_the_discriminators_move():
    start = number([1.0, 0.5])
    path = dirac.play(start, "wasserstein", 0.1, 1, alternating=True)
    close(path[1], [1 + 0.1 * 0.4, 0.4])
    far = dirac.play(start, "wasserstein", 0.1, 400, alternating=True).norm(dim=1)
    assert far.max() < 1.3


def test_a_penalty_calls_the_spiral_back():
    path = dirac.play(number([1.0, 0.0]), "minimax", 0.1, 400, penalty=0.5)
    assert path[-1].norm() < 0.02


@pytest.mark.parametrize(("kind", "slope"), [("minimax", 0.5), ("wasserstein", 1.0)])
def test_rates_near_the_end_are_those_of_the_paper(kind, slope):
    values = dirac.eigenvalues(kind)
    close(values.real, [0.0, 0.0])
    close(values.imag.abs(), [slope, slope])
    close(dirac.growth(kind, 0.2), math.sqrt(1 + 0.04 * slope**2))
    close(dirac.growth(kind, 0.2, alternating=True), 1)


def test_r1_turns_the_eigenvalues_inwards():
    values = dirac.eigenvalues("minimax", 0.5)
    close(values.real, [-0.25, -0.25])
    close(values.imag.abs(), [math.sqrt(0.25 - 0.0625)] * 2)
    values = dirac.eigenvalues("nonsaturating", 2.0).real.sort().values
    close(values, [-1 - math.sqrt(0.75), -1 + math.sqrt(0.75)])


def test_several_games_at_once_are_each_alone():
    """Columns are losses, rows whether the players take turns."""
    start = number([[[0.8] * 4] * 2, [[-0.6] * 4] * 2])  # (2, 2, 4)
    turns = torch.tensor([[False], [True]])
    paths = dirac.play(start, gan.KINDS, 0.2, 7, 0.3, turns)
    for row in (0, 1):
        for column, kind in enumerate(gan.KINDS):
            alone = dirac.play(number([0.8, -0.6]), kind, 0.2, 7, 0.3, bool(row))
            close(paths[:, :, row, column], alone)


# Live figures and errors


@pytest.mark.slow
def test_a_live_figure_can_run_all_but_the_penalty():
    def kernel(a, start):
        p, q = a.softmax(0), (2 * a).softmax(0)
        found = dict(best=gan.optimal_discriminator(p, q), won=gan.game_value(a, p, q))
        for kind in gan.KINDS:
            found[f"d {kind}"] = gan.discriminator_loss(a, 3 * a, kind)
            found[f"g {kind}"] = gan.generator_loss(a, kind)
            found[f"path {kind}"] = dirac.play(start, kind, 0.2, 5, 0.1, True)
        return found

    inputs = dict(a=torch.tensor([0.3, -30, 40.0]), start=torch.tensor([0.5, -1]))
    got = traced(kernel, inputs)
    for name, want in kernel(**inputs).items():
        close(got[name], want, 1e-5)


def zeros(*shape):
    return torch.zeros(shape)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (
            lambda: gan.discriminator_loss(zeros(2), zeros(2), "hing"),
            ValueError,
            "'hinge'",
        ),
        (lambda: gan.generator_loss(zeros(2), "wgan"), ValueError, "kind is 'wgan'"),
        (lambda: gan.generator_loss(zeros(2).long()), TypeError, "fake_logits holds"),
        (lambda: gan.generator_loss(0.5), TypeError, "fake_logits is a float"),
        (lambda: gan.discriminator_loss(zeros(0), zeros(2)), ValueError, "real_logits"),
        (
            lambda: gan.gradient_penalty(lines(1), zeros(2, 3), zeros(3, 3)),
            ValueError,
            "nothing is broadcast",
        ),
        (
            lambda: gan.gradient_penalty(lines(1), *[zeros(2, 3)] * 2, mix=zeros(1)),
            ValueError,
            "mix has shape",
        ),
        (
            lambda: gan.gradient_penalty(
                lines(1), *[zeros(2, 3)] * 2, mix=zeros(2) - 1
            ),
            ValueError,
            "mix holds -1",
        ),
        (
            lambda: gan.gradient_penalty(lines(1), zeros(0, 2), zeros(0, 2)),
            ValueError,
            "B",
        ),
        (
            lambda: gan.optimal_discriminator(zeros(2), zeros(3)),
            ValueError,
            "broadcast",
        ),
        (
            lambda: gan.optimal_discriminator(zeros(2) - 1, zeros(2)),
            ValueError,
            "p holds",
        ),
        (lambda: gan.game_value(zeros(2), zeros(2), zeros(2)), ValueError, "sum"),
        (lambda: dirac.field(zeros(1), zeros(2), "hinge"), ValueError, "broadcast"),
        (lambda: dirac.play(zeros(3), "hinge", 0.1, 1), ValueError, "start"),
        (lambda: dirac.field(zeros(3), zeros(3), ["hinge"] * 2), ValueError, "K=2"),
        (lambda: dirac.field(zeros(1), zeros(1), "hing"), ValueError, "'hinge'"),
    ],
)
def test_bad_input_is_explained(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_a_penalty_with_a_kink_has_no_jacobian():
    with pytest.raises(ValueError, match="kink"):
        dirac.eigenvalues("wasserstein", 1.0)


def test_a_point_between_two_modes_belongs_to_one():
    middle, ends = torch.zeros(1, 2), torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    assert plane.shares(middle, ends, 2.0).tolist() == [1, 0]
