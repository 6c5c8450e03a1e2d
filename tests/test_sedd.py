"""Score entropy and its samplers against definitions, matrices and golden numbers."""

import itertools
import json
import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import llada, sedd

GOLDEN = json.loads(
    Path(__file__).with_name("golden").joinpath("sedd.json").read_text()
)
GRAPHS = [sedd.Absorbing(3), sedd.Uniform(4)]
few = settings(max_examples=15)
f64 = torch.float64


def rate_matrix(graph):
    """Q with Q[to, from]; columns sum to 0."""
    S = graph.states
    Q = torch.zeros(S, S, dtype=f64)
    for a, b in itertools.product(range(S), range(S)):
        if a != b and isinstance(graph, sedd.Uniform):
            Q[a, b] = 1 / S
        elif a != b and a == graph.mask_id:
            Q[a, b] = 1
    return Q - Q.sum(0).diag()


def every_token(graph):
    return torch.arange(graph.states)[None]


# Graphs and noise


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("sigma", [1e-4, 0.3, 5.0])
def test_transition_is_the_matrix_exponential(graph, sigma):
    P = torch.linalg.matrix_exp(sigma * rate_matrix(graph))
    rows = graph.transition(every_token(graph), torch.tensor([sigma], dtype=f64))[0]
    torch.testing.assert_close(rows, P.T, rtol=0, atol=1e-14)
    torch.testing.assert_close(rows.sum(-1), torch.ones(graph.states, dtype=f64))


@pytest.mark.parametrize("graph", GRAPHS)
def test_rates_are_those_of_the_matrix(graph):
    rates = graph.rates_into(every_token(graph), torch.ones(1, dtype=f64))[0]
    Q = rate_matrix(graph)
    torch.testing.assert_close(rates, Q - Q.diag().diag())


@pytest.mark.parametrize("graph", GRAPHS)
def test_ratios_are_those_of_the_transition(graph):
    sigma = torch.tensor([0.7], dtype=f64)
    for x_0 in range(graph.vocab):
        p = graph.transition(torch.tensor([[x_0]]), sigma)[0, 0]
        for x_t in range(graph.states):
            if p[x_t] == 0:
                continue  # a mask hides every word; no word hides another
            at = torch.tensor([[x_t]]), torch.tensor([[x_0]])
            torch.testing.assert_close(graph.ratios(*at, sigma)[0, 0], p / p[x_t])


def test_noise_has_the_printed_values():
    noise = sedd.LogLinearNoise()
    sigma, rate = noise(torch.tensor([0.5, 1.0], dtype=f64))
    assert sigma.tolist() == pytest.approx([0.692148, 6.907755], abs=1e-6)
    assert rate.tolist() == pytest.approx([1.996004, 999], abs=1e-6)
    assert (1 - (-sigma).exp()).tolist() == pytest.approx([0.4995, 0.999])
    sigma, _ = sedd.GeometricNoise(1e-4, 20.0)(torch.tensor([0.0, 0.5, 1.0], dtype=f64))
    assert sigma.tolist() == pytest.approx([1e-4, math.sqrt(2e-3), 20])


@pytest.mark.parametrize("noise", [sedd.LogLinearNoise(), sedd.GeometricNoise(1e-3, 9)])
def test_the_rate_is_the_derivative_of_sigma(noise):
    t = torch.tensor([0.1, 0.5, 0.9], dtype=f64, requires_grad=True)
    sigma, rate = noise(t)
    torch.testing.assert_close(torch.autograd.grad(sigma.sum(), t)[0], rate.detach())


@pytest.mark.parametrize("graph", GRAPHS)
def test_corrupt_draws_from_the_transition(graph):
    x_0, sigma = torch.tensor([1, 2])[:, None].expand(2, 20_000), torch.tensor([0.3, 2])
    x_t = sedd.corrupt(graph, x_0, sigma, torch.Generator().manual_seed(0))
    share = torch.stack([row.bincount(minlength=graph.states) for row in x_t]) / 20_000
    want = graph.transition(x_0[:, :1], sigma)[:, 0]
    torch.testing.assert_close(share, want, rtol=0, atol=0.02)


# Score entropy


@pytest.mark.parametrize("kind", ["uniform", "absorb"])
def test_golden_score_entropy(kind):
    log_score = torch.tensor(GOLDEN["log_score"], dtype=f64)
    sigma = torch.tensor(GOLDEN["sigma"], dtype=f64)[:, 0]
    graph = sedd.Uniform(4) if kind == "uniform" else sedd.Absorbing(3)
    for case, want in GOLDEN[kind].items():
        x_t, x_0 = int(case[1]), int(case[-1])
        tokens = torch.full((2, 1), x_t), torch.full((2, 1), x_0)
        got = sedd.score_entropy(graph, log_score, sigma, *tokens)[:, 0]
        assert got.tolist() == pytest.approx(want, abs=1e-12), case


def entropy_loop(graph, log_score, sigma, x_t, x_0):
    """The definition, for one token, from the matrix exponential."""
    Q = rate_matrix(graph)
    p = torch.linalg.matrix_exp(sigma * Q)[:, x_0]
    total = 0.0
    for y in range(graph.states):
        if y != x_t and Q[x_t, y] > 0:
            r, s = float(p[y] / p[x_t]), math.exp(log_score[y])
            total += float(Q[x_t, y]) * (
                s - r * float(log_score[y]) + (r * (math.log(r) - 1) if r else 0)
            )
    return total


@few
@given(st.sampled_from(GRAPHS), st.floats(0.05, 4), st.integers(0, 2), st.data())
def test_score_entropy_is_the_definition(graph, sigma, x_0, data):
    uniform = isinstance(graph, sedd.Uniform)
    x_t = data.draw(st.integers(0, 3)) if uniform else graph.mask_id
    log_score = torch.randn(1, 1, graph.states, dtype=f64)
    got = sedd.score_entropy(
        graph, log_score, torch.tensor([sigma], dtype=f64),
        torch.tensor([[x_t]]), torch.tensor([[x_0]]),
    )  # fmt: skip
    want = entropy_loop(graph, log_score[0, 0], sigma, x_t, x_0)
    assert got.item() == pytest.approx(want, abs=1e-9)
    assert got.item() >= -1e-12


@pytest.mark.parametrize("graph", GRAPHS)
def test_it_is_zero_at_the_truth_and_its_gradient_too(graph):
    x_0 = torch.tensor([[0, 1, 2]])
    x_t = torch.full_like(x_0, 3)  # the mask, or the fourth word
    sigma = torch.tensor([0.8], dtype=f64)
    log_score = graph.ratios(x_t, x_0, sigma).log().requires_grad_()
    loss = sedd.score_entropy(graph, log_score, sigma, x_t, x_0)
    assert loss.abs().max() < 1e-14
    loss.sum().backward()
    assert log_score.grad.isfinite().all() and log_score.grad.abs().max() < 1e-14


def test_gradcheck():
    x_t, x_0 = torch.tensor([[3, 1], [3, 2]]), torch.tensor([[0, 1], [2, 2]])
    sigma = torch.tensor([0.4, 1.5], dtype=f64)
    score = torch.randn(2, 2, 4, dtype=f64, requires_grad=True)
    for graph in GRAPHS:
        entropy = lambda s, graph=graph: sedd.score_entropy(graph, s, sigma, x_t, x_0)
        assert torch.autograd.gradcheck(entropy, score)


def test_a_visible_word_costs_nothing_when_absorbing():
    x = torch.tensor([[0, 1, 2]])
    entropy = sedd.score_entropy(
        GRAPHS[0], torch.randn(1, 3, 4), torch.tensor([0.5]), x, x
    )
    assert torch.equal(entropy, torch.zeros(1, 3))


def test_sedd_absorbing_is_llada():
    """With a predicted word as score, rate x entropy is the cross-entropy over t."""
    graph, t = GRAPHS[0], torch.tensor([0.2, 0.9], dtype=f64)
    logits, x_0 = torch.randn(2, 5, 3, dtype=f64), torch.randint(3, (2, 5))
    mask = torch.rand(2, 5) < 0.6
    x_t = x_0.masked_fill(mask, graph.mask_id)
    sigma, rate = sedd.LogLinearNoise()(t)
    log_score = sedd.absorbing_log_score(logits, sigma)
    entropy = sedd.score_entropy(graph, log_score, sigma, x_t, x_0)
    nll = F.cross_entropy(logits.flatten(0, 1), x_0.flatten(), reduction="none")
    want = mask * nll.reshape(2, 5) / sigma.expm1()[:, None]
    torch.testing.assert_close(entropy, want)
    p_mask = t[:, None].expand(2, 5)  # rate / (e^sigma - 1) is 1/t exactly
    loss = llada.masked_diffusion_loss(logits, x_0, mask, p_mask)
    torch.testing.assert_close((rate[:, None] * entropy).mean(), loss)


# Samplers


def distribution(graph, noise, p_0, t):
    """p_t, and its true score at every token."""
    sigma = noise(torch.tensor([t], dtype=f64))[0]
    p = p_0 @ graph.transition(every_token(graph), sigma)[0]
    score = p / p[:, None]  # row x: p(y) / p(x)
    return p, torch.where(score.isfinite(), score, 0.0)[None]


def data(graph):
    p = torch.tensor([0.5, 0.3, 0.2] + [0.0] * (graph.states - 3), dtype=f64)
    return p


NOISES = [sedd.LogLinearNoise(), sedd.GeometricNoise(1e-3, 8.0)]


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("noise", NOISES)
def test_tweedie_with_the_true_score_gives_the_true_past(graph, noise):
    """One token: the reverse conditional is exact, however long the step."""
    for t, dt in [(0.9, 0.1), (0.8, 0.7), (0.5, 0.5)]:
        p_t, score = distribution(graph, noise, data(graph), t)
        p_s, _ = distribution(graph, noise, data(graph), t - dt)
        back = sedd.tweedie_step(
            graph, noise, score, every_token(graph), torch.tensor([t], dtype=f64), dt
        )[0]
        torch.testing.assert_close(p_t @ back, p_s, rtol=0, atol=1e-12)


def undo_by_matrix(graph, score, x, d_sigma):
    """Eq. 19 with matrix exponentials: (S,)."""
    Q = rate_matrix(graph)
    sharp = torch.linalg.matrix_exp(-d_sigma * Q) @ score
    return sharp * torch.linalg.matrix_exp(d_sigma * Q)[x]


def test_tweedie_is_the_formula_on_the_uniform_graph():
    graph, noise, t, dt = GRAPHS[1], NOISES[1], torch.tensor([0.6], dtype=f64), 0.2
    _, score = distribution(graph, noise, data(graph), 0.6)
    d_sigma = float(noise(t)[0] - noise(t - dt)[0])
    got = sedd.tweedie_step(graph, noise, score, every_token(graph), t, dt)[0]
    for x in range(4):
        want = undo_by_matrix(graph, score[0, x], x, d_sigma)
        torch.testing.assert_close(got[x], want, rtol=0, atol=1e-12)


@pytest.mark.parametrize("graph", GRAPHS)
def test_euler_is_the_loop(graph):
    noise, t, dt = NOISES[1], torch.tensor([0.5], dtype=f64), 0.01
    score = torch.rand(1, graph.states, graph.states, dtype=f64)
    got = sedd.euler_step(graph, noise, score, every_token(graph), t, dt)[0]
    Q, rate = rate_matrix(graph), float(noise(t)[1])
    for x in range(graph.states):
        row = torch.zeros(graph.states, dtype=f64)
        for y in range(graph.states):
            if y != x:
                row[y] = dt * rate * Q[x, y] * score[0, x, y]
        row[x] = 1 - row.sum()
        torch.testing.assert_close(got[x], row)


def test_euler_and_tweedie_are_one_for_masks_with_log_linear_noise():
    graph, x, t = GRAPHS[0], torch.full((1, 5), 3), torch.tensor([0.6], dtype=f64)
    score = torch.rand(1, 5, 4, dtype=f64)  # any score will do
    steps = [
        f(graph, sedd.LogLinearNoise(), score, x, t, 0.1)
        for f in (sedd.euler_step, sedd.tweedie_step)
    ]
    torch.testing.assert_close(*steps, rtol=0, atol=1e-14)
    geometric = [
        f(graph, sedd.GeometricNoise(1e-3, 1.0), score, x, t, 0.1)
        for f in (sedd.euler_step, sedd.tweedie_step)
    ]
    assert (geometric[0] - geometric[1]).abs().max() > 1e-3


@few
@given(st.sampled_from(GRAPHS), st.sampled_from(NOISES), st.floats(0.05, 1),
       st.floats(0.01, 1), st.floats(0, 30))  # fmt: skip
def test_steps_are_probabilities_whatever_the_score(graph, noise, t, share, size):
    score = size * torch.rand(1, graph.states, graph.states, dtype=f64)
    at = torch.tensor([t], dtype=f64)
    for step in (sedd.euler_step, sedd.tweedie_step):
        p = step(graph, noise, score, every_token(graph), at, t * share)
        assert (p >= 0).all()
        torch.testing.assert_close(p.sum(-1), torch.ones_like(p[..., 0]))
        if isinstance(graph, sedd.Absorbing):
            torch.testing.assert_close(p[0, :3], torch.eye(4, dtype=f64)[:3])


def test_more_steps_come_nearer_to_the_data():
    graph, noise, start = GRAPHS[1], sedd.GeometricNoise(1e-3, 8.0), data(GRAPHS[1])

    def distance(step, steps):
        p = distribution(graph, noise, start, 1.0)[0]
        for i in range(steps):
            t = 1 - i / steps
            score = distribution(graph, noise, start, t)[1]
            at = torch.tensor([t], dtype=f64)
            p = p @ step(graph, noise, score, every_token(graph), at, 1 / steps)[0]
        return float((p - start).abs().sum() / 2)

    errors = [distance(sedd.euler_step, n) for n in (8, 32, 128)]
    assert errors == sorted(errors, reverse=True)
    assert distance(sedd.tweedie_step, 8) < 0.01 < errors[0]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("noise", NOISES)
def test_kernels_that_a_hand_may_drag_can_be_traced(graph, noise):
    class Figure(torch.nn.Module):
        def forward(self, t, dt, score, x_t, x_0):
            t = t.expand(1)
            steps = [
                f(graph, noise, score, x_t, t, dt)
                for f in (sedd.euler_step, sedd.tweedie_step)
            ]
            sigma, rate = noise(t)
            entropy = sedd.score_entropy(graph, score.log(), sigma, x_t, x_0)
            return *steps, rate * entropy

    rest = torch.rand(1, 3, 4), torch.full((1, 3), 3), torch.tensor([[0, 1, 2]])
    inputs = torch.tensor(0.5), torch.tensor(0.1), *rest
    program = torch.export.export(Figure(), inputs, strict=False).module()
    other = torch.tensor(0.9), torch.tensor(0.4), *rest
    for got, want in zip(program(*other), Figure()(*other), strict=True):
        torch.testing.assert_close(got, want)


# Errors say what to do

x, score, t = torch.zeros(2, 3, dtype=torch.int64), torch.ones(2, 3, 4), torch.ones(2)
A, U = GRAPHS
N = sedd.LogLinearNoise()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: sedd.score_entropy(A, score[..., :3], t, x, x), "S=4"),
        (lambda: sedd.score_entropy(A, score, t[:1], x, x), "R=2"),
        (lambda: sedd.score_entropy(A, score, t, x, x[:1]), "one shape"),
        (lambda: sedd.score_entropy(A, score, t, x, x + 3), "x_0 holds 3"),
        (lambda: sedd.score_entropy(U, score, t, x + 4, x), "x_t holds 4"),
        (lambda: sedd.score_entropy(A, score, t * 0, x, x), "sigma holds 0"),
        (lambda: sedd.euler_step(A, N, -score, x, t, 0.1), "score holds -1"),
        (lambda: sedd.euler_step(A, N, score, x, t * 0.5, 0.6), "t_minus_dt"),
        (lambda: sedd.tweedie_step(A, N, score, x, t, 0.0), "dt holds 0"),
        (lambda: sedd.tweedie_step(U, N, score[..., :2], x, t, 0.1), "S=4"),
        (lambda: N(t * 2), "t holds 2"),
        (lambda: sedd.GeometricNoise(1.0, 1.0), "growth holds 0"),
        (lambda: sedd.Uniform(0), "vocab holds 0"),
        (lambda: sedd.absorbing_log_score(score, t[:1]), "R=2"),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_tokens_must_be_int64():
    with pytest.raises(TypeError, match="int64"):
        sedd.score_entropy(A, score, t, x.float(), x.float())


@pytest.mark.parametrize("step", [sedd.euler_step, sedd.tweedie_step])
def test_a_step_has_one_length_for_all_rows(step):
    t, dt = torch.tensor([0.5, 0.6, 0.7]), torch.tensor([0.1, 0.2, 0.3])
    x = torch.zeros(3, 2, dtype=torch.int64)
    with pytest.raises(TypeError, match="dt is tensor"):
        step(sedd.Uniform(3), sedd.LogLinearNoise(), torch.rand(3, 2, 3), x, t, dt)


def test_a_ratio_without_end_leaves_the_others_finite():
    x = torch.tensor([[0, A.mask_id]])
    ratios = A.ratios(x, torch.zeros(1, 2, dtype=torch.int64), torch.tensor([100.0]))
    assert not ratios.isnan().any()
    assert ratios[0, 0, A.mask_id].isinf()
