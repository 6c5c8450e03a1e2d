"""The VAE's kernels against loops, printed numbers and an exact model."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from javascript import traced

from lib import vae

small_int = st.integers(1, 4)


def close(got, want, near=1e-12):
    got, want = (torch.as_tensor(x, dtype=torch.float64) for x in (got, want))
    torch.testing.assert_close(got, want, rtol=0, atol=near)


def number(value):
    return torch.tensor(value, dtype=torch.float64)


@settings(max_examples=20)
@given(small_int, small_int)
def test_sample_divergence_and_bound_are_their_loops(B, L):
    mu, logvar, noise = torch.randn(3, B, L).double()
    likelihood = torch.randn(B).double()
    sample, kl = vae.reparameterize(mu, logvar, noise), torch.zeros(B, L).double()
    bound = vae.elbo(likelihood, mu, logvar, beta=2.0)
    for b in range(B):
        spent = 0.0
        for i in range(L):
            m, std = float(mu[b, i]), math.sqrt(math.exp(logvar[b, i]))
            close(sample[b, i], m + std * float(noise[b, i]))
            kl[b, i] = -math.log(std) + (std**2 + m**2 - 1) / 2
            spent += float(kl[b, i])
        close(bound[b], float(likelihood[b]) - 2 * spent)
    close(vae.kl_to_standard_normal(mu, logvar), kl)


@pytest.mark.parametrize(
    ("mu", "logvar", "kl"),
    [
        (0.5, 0, 0.125),
        (-1, math.log(0.25), 0.8181471805599),
        (0, 1, 0.3591409142295),
        (0, math.log(4), 0.8068528194),
        (3, -2, 5.0676676416),
    ],
)
def test_printed_divergences(mu, logvar, kl):
    close(vae.kl_to_standard_normal(number(mu), number(logvar)), kl, 1e-10)


def test_the_divergence_of_a_nearly_collapsed_unit_is_not_rounded_away():
    kl = vae.kl_to_standard_normal(number(1e-6), number(0.0))
    close(kl, 5e-13, 1e-20)


def test_fresh_noise_has_the_right_spread_and_lets_gradients_through():
    mu = torch.full((100_000,), 3.0).requires_grad_()
    logvar = torch.full_like(mu, math.log(4)).requires_grad_()
    z = vae.reparameterize(mu, logvar)
    close(z.mean().detach(), 3, 0.05)
    close(z.std().detach(), 2, 0.05)  # exp(logvar) taken for the std gives 4
    for grad in torch.autograd.grad(z.square().sum(), (mu, logvar)):
        assert grad.abs().sum() > 0


def test_gradients():
    mu, logvar, noise = torch.randn(3, 2, 3).double()
    x = torch.rand(2, 3).double().round()

    def call(mu, logvar):
        z = vae.reparameterize(mu, logvar, noise)
        return vae.elbo(vae.bernoulli_log_likelihood(z, x), mu, logvar, 0.5)

    inputs = mu.requires_grad_(), logvar.requires_grad_()
    assert torch.autograd.gradcheck(call, inputs)


# Likelihoods


def test_likelihoods_are_sums_over_pixels_of_what_torch_has():
    logits, mean = torch.randn(2, 3, 1, 2, 2).double()
    x = torch.rand(3, 1, 2, 2).double().round()
    coins = torch.distributions.Bernoulli(logits=logits).log_prob(x)
    close(vae.bernoulli_log_likelihood(logits, x), coins.sum((1, 2, 3)))
    bells = torch.distributions.Normal(mean, 0.5).log_prob(x)
    close(vae.gaussian_log_likelihood(mean, x, 0.25), bells.sum((1, 2, 3)))


@pytest.mark.parametrize(("grey", "floor"), [(0.1, 0.325083), (0.5, 0.693147)])
def test_a_grey_pixel_costs_its_entropy_even_when_hit(grey, floor):
    x = number([[grey]])
    close(vae.bernoulli_log_likelihood(x.logit(), x), [-floor], 1e-6)


def test_sure_logits_stay_finite():
    assert (
        vae.bernoulli_log_likelihood(torch.tensor([[500.0]]), torch.zeros(1, 1)) == -500
    )


# The model with exact answers


def test_the_bound_is_reached_by_the_posterior_alone():
    model, x = vae.LinearGaussian(2.0, 0.5), number([1.5])
    close(model.log_evidence(x), [-1.9209772315928], 1e-12)
    mean, variance = model.posterior(x)
    close(mean, [2 / 3])
    close(variance, [1 / 9])
    for mu, var, want in [
        (mean, variance, -1.9209772315928),
        (0 * x, 1 + 0 * x, -6.8223649429),
    ]:
        likelihood = model.log_likelihood(x, mu, var)
        bound = vae.elbo(likelihood, mu[:, None], var.log()[:, None])
        close(bound, [want], 1e-10)


@pytest.mark.parametrize(
    ("beta", "kl", "likelihood"),
    [
        (0.5, 1.19515, -0.81544),
        (1, 0.87639, -1.04459),
        (2, 0.58472, -1.46236),
        (4, 0.34097, -2.15570),
        (8, 0.16689, -3.13486),
    ],
)
def test_beta_trades_likelihood_for_divergence(beta, kl, likelihood):
    model, x = vae.LinearGaussian(2.0, 0.5), number(1.5)
    mean, variance = model.posterior(x, beta)
    close(vae.kl_to_standard_normal(mean, variance.log()), kl, 1e-5)
    close(model.log_likelihood(x, mean, variance), likelihood, 1e-5)


def test_more_samples_tighten_the_importance_bound():
    model, x = vae.LinearGaussian(2.0, 0.5), number(1.5)
    z = torch.randn(4000, 500).double()  # q is the prior: the weights are p(x | z)
    weights = model.log_likelihood(x, z, 0 * z)
    bounds = [
        float(vae.importance_bound(weights[:, :K]).mean()) for K in (1, 5, 50, 500)
    ]
    assert bounds == sorted(bounds)
    close(bounds[1:], [-2.236, -1.938, -1.923], 0.03)
    close(vae.importance_bound(weights[:, :1]), weights[:, 0])


@settings(max_examples=20)
@given(small_int, small_int, small_int)
def test_weights_are_densities_of_torch(B, K, L):
    mu, logvar, z = torch.randn(3, B, K, L).double()
    likelihood = torch.randn(B, K).double()
    prior = torch.distributions.Normal(number(0.0), number(1.0)).log_prob(z).sum(-1)
    q = torch.distributions.Normal(mu, (logvar / 2).exp()).log_prob(z).sum(-1)
    got = vae.log_weights(likelihood, z, mu, logvar)
    close(got, likelihood + prior - q, 1e-9)
    for b in range(B):
        mean = sum(math.exp(w) for w in got[b]) / K
        close(vae.importance_bound(got)[b], math.log(mean), 1e-9)


def test_draws_from_the_posterior_all_say_the_evidence():
    model, x = vae.LinearGaussian(2.0, 0.5), number(1.5)
    mean, variance = model.posterior(x)
    z = mean + variance.sqrt() * torch.randn(7, 1).double()
    mu, logvar = mean.expand(7, 1), variance.log().expand(7, 1)
    likelihood = model.log_likelihood(x, z, 0 * z)[:, 0]
    claims = vae.log_weights(likelihood, z, mu, logvar)
    close(claims, model.log_evidence(x).expand(7))


def average_bound(variance, weight, noise, beta):
    """The ELBO with its best q, averaged over data: everything is linear in x^2."""
    model, x = vae.LinearGaussian(weight, noise), variance.sqrt()
    mean, var = model.posterior(x, beta)
    kl = vae.kl_to_standard_normal(mean, var.log())
    return model.log_likelihood(x, mean, var) - beta * kl


@pytest.mark.parametrize("beta", [0.5, 1, 3, 8])
@pytest.mark.parametrize("variance", [0.3, 2.0])
def test_no_other_weight_beats_the_learnt_one(variance, beta):
    variance = number(variance)
    learnt = vae.LinearGaussian.learnt(variance, 0.5, beta)
    best = average_bound(variance, learnt.weight, 0.5, beta)
    others = torch.linspace(0, 3, 301).double()
    assert (average_bound(variance, others, 0.5, beta) <= best + 1e-12).all()
    assert (learnt.weight == 0) == (variance <= beta * 0.5)


def test_the_learnt_model_fills_its_prior():
    """Reverse water-filling: the rate is log(variance / (beta noise)) / 2."""
    variance = torch.tensor([4.0, 1.0, 0.3]).double()
    model = vae.LinearGaussian.learnt(variance, 0.5, 1.5)
    mean, var = model.posterior(variance.sqrt(), 1.5)
    close(mean.square() + var, [1, 1, 1])
    kl = vae.kl_to_standard_normal(mean, var.log())
    close(kl, (variance / 0.75).log().clamp(min=0) / 2)


def test_a_unit_that_does_not_vary_is_not_active():
    mu = torch.tensor([[0.0, 5.0, 0.0], [1.0, 5.0, 0.01]])
    assert vae.active_units(mu).tolist() == [True, False, False]


# The network


def test_the_network_has_the_size_of_the_official_example():
    model = vae.VAE()
    assert sum(p.numel() for p in model.parameters()) == 652_824
    logits, mu, logvar = model(torch.rand(3, 784), noise=torch.zeros(3, 20))
    assert mu.shape == logvar.shape == (3, 20)
    torch.testing.assert_close(logits, model.decode(mu))


@pytest.mark.slow
def test_it_learns_four_pictures():
    model, x = vae.VAE(16, 32, 2), torch.eye(4).repeat(1, 4)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    losses = []
    for _ in range(300):
        logits, mu, logvar = model(x)
        likelihood = vae.bernoulli_log_likelihood(logits, x)
        loss = -vae.elbo(likelihood, mu, logvar).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-20:]) / 20 < 6 < losses[0]


# Live figures and errors


def test_a_live_figure_can_run_all_of_it():
    net = vae.VAE(9, 8, 2)

    def kernel(beta, x, pad):
        model = vae.LinearGaussian(2.0, 0.5)
        mean, variance = model.posterior(x, beta)
        likelihood = model.log_likelihood(x, mean, variance)
        log_var = variance.log()[:, None]
        pixels = torch.ones(1, 9)
        logits, mu, logvar = net(pixels, pad[None])
        return dict(
            bound=vae.elbo(likelihood, mean[:, None], log_var, beta),
            evidence=model.log_evidence(x),
            coins=vae.bernoulli_log_likelihood(logits, pixels),
            weights=vae.log_weights(likelihood, log_var, log_var, log_var),
            learnt=vae.LinearGaussian.learnt(x.square(), 0.5, beta).weight,
            bells=vae.gaussian_log_likelihood(logits, pixels, beta),
            tighter=vae.importance_bound(likelihood),
            kl=vae.kl_to_standard_normal(mu, logvar),
        )

    inputs = dict(
        beta=torch.tensor(2.0), x=torch.tensor([1.5, -1]), pad=torch.tensor([0.3, 1])
    )
    got = traced(kernel, inputs)
    for name, want in kernel(**inputs).items():
        close(got[name], want.detach(), 1e-5)


def zeros(*shape):
    return torch.zeros(shape)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: vae.reparameterize(zeros(2, 3), zeros(3)), ValueError, "broadcast"),
        (lambda: vae.reparameterize(*[zeros(2, 3)] * 2, zeros(3)), ValueError, "noise"),
        (lambda: vae.kl_to_standard_normal(zeros(2), 1.0), TypeError, "logvar is a"),
        (lambda: vae.elbo(zeros(3), *[zeros(2, 3)] * 2), ValueError, "B=2"),
        (
            lambda: vae.elbo(zeros(2), *[zeros(2, 3)] * 2, -1),
            ValueError,
            "beta holds -1",
        ),
        (lambda: vae.bernoulli_log_likelihood(zeros(2, 3), zeros(2)), ValueError, "x"),
        (
            lambda: vae.bernoulli_log_likelihood(zeros(1, 1), zeros(1, 1) + 255),
            ValueError,
            "x holds 255",
        ),
        (
            lambda: vae.gaussian_log_likelihood(zeros(1, 1), zeros(1, 1), 0.0),
            ValueError,
            "variance holds 0",
        ),
        (
            lambda: vae.log_weights(zeros(2, 1), *[zeros(2, 3)] * 3),
            ValueError,
            "z without L",
        ),
        (lambda: vae.LinearGaussian.learnt(zeros(2), 0.5), ValueError, "variance"),
        (lambda: vae.importance_bound(zeros(2, 0)), ValueError, "K holds 0"),
        (lambda: vae.active_units(zeros(1, 3)), ValueError, "batch of 1"),
        (lambda: vae.LinearGaussian(1.0, -1.0), ValueError, "noise holds -1"),
        (lambda: vae.VAE()(zeros(2, 1, 28, 28)), ValueError, "X=784"),
    ],
)
def test_bad_input_is_explained(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_a_variance_is_a_number_or_one_for_each_pixel():
    x = torch.zeros(2, 3)
    for variance in (2.0, torch.tensor(2.0), torch.full((2, 3), 2.0)):
        assert vae.gaussian_log_likelihood(x, x, variance).shape == (2,)
    with pytest.raises(ValueError, match="variance"):
        vae.gaussian_log_likelihood(x, x, torch.ones(5, 1, 1))
