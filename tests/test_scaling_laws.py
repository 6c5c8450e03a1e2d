"""The scaling laws against the paper's tables and against laws made to be found."""

import math

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lib import scaling_laws as laws


@pytest.mark.parametrize(
    ("layers", "width", "rate", "batch"),  # Table 2, 2e12 tokens, context 4096
    [(30, 4096, 4.2e-4, 2304), (95, 8192, 3.2e-4, 4608)],
)
def test_the_laws_are_within_nine_percent_of_table_2(layers, width, rate, batch):
    C = laws.flops_per_token(layers, width, 4096) * 2e12
    assert rate == pytest.approx(laws.optimal_learning_rate(C), rel=0.09)
    sequences = laws.optimal_batch_size(C) / 4096  # the law counts tokens
    assert batch == pytest.approx(sequences, rel=0.09)


@pytest.mark.parametrize(
    ("layers", "width", "first", "second"),  # Table 3's 6 N1 / M and 6 N2 / M
    [(8, 512, 0.43, 1.32), (12, 768, 0.53, 1.02), (24, 1024, 0.60, 0.81),
     (24, 2048, 0.75, 0.88), (40, 5120, 0.88, 0.92), (80, 8192, 0.92, 0.94)],
)  # fmt: skip
def test_table_3(layers, width, first, second):
    M = laws.flops_per_token(layers, width, 4096)
    assert round(laws.parameter_flops(layers, width) / M, 2) == first
    assert round(laws.parameter_flops(layers, width, 102400) / M, 2) == second


def test_numbers_at_1e17():
    assert laws.optimal_learning_rate(1e17) == pytest.approx(2.338e-3, rel=1e-3)
    assert laws.optimal_batch_size(1e17) == pytest.approx(1.062e5, rel=1e-3)
    assert laws.optimal_model_scale(10**17) == pytest.approx(1.404e8, rel=1e-3)
    assert laws.optimal_tokens(10**20 // 1000) == pytest.approx(7.12e8, rel=1e-3)


@given(st.floats(1e15, 1e26))
def test_model_times_data_is_the_budget(C):
    both = laws.optimal_model_scale(C) * laws.optimal_tokens(C)
    assert both == pytest.approx(C, rel=2e-4)
    tensor = laws.optimal_model_scale(torch.tensor(C, dtype=torch.float64))
    assert tensor.item() == pytest.approx(laws.optimal_model_scale(C))


def test_attention_costs_as_much_as_the_weights_at_six_widths():
    M = laws.flops_per_token(7, 64, 6 * 64)
    assert 2 * laws.parameter_flops(7, 64) == M


def test_schedule():
    rates = [laws.multi_step_schedule(s, 10, 2.0, 4) for s in range(11)]
    steps = [0, 0.5, 1, 1.5, 2, 2, 2, 2, 0.632, 0.2, 0.2]
    assert rates == pytest.approx(steps, rel=1e-12)
    together = laws.multi_step_schedule(torch.arange(11), 10, 2.0, 4)
    torch.testing.assert_close(together, torch.tensor(steps))
    assert laws.multi_step_schedule(0, 10, 2.0, 0) == 2.0


@given(st.integers(1, 5000))
def test_schedule_drops_at_the_very_step(total):
    edge = -(-8 * total // 10)
    assert laws.multi_step_schedule(edge, total, 1.0, 0) < 1
    assert laws.multi_step_schedule(max(edge - 1, 0), total, 1.0, 0) == 1.0


def chinchilla(n_budgets=8, n_runs=9, dtype=torch.float64):
    """Runs of a made-up world, L = 1.7 + 400 / N^0.34 + 410 / D^0.28, C = 6 N D."""
    C = torch.logspace(17, 20, n_budgets, dtype=torch.float64)[:, None]
    best = (0.34 * 400 / (0.28 * 410)) ** (1 / 0.62) * (C / 6) ** (0.28 / 0.62)
    N = best * torch.logspace(-0.2, 0.2, n_runs, dtype=torch.float64)
    loss = 1.7 + 400 / N**0.34 + 410 / (C / 6 / N) ** 0.28
    return [x.to(dtype) for x in (C.expand_as(N), 6 * N, loss)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_isoflop_finds_the_exponent_of_a_known_world(dtype):
    fit = laws.fit_isoflop(*chinchilla(dtype=dtype))
    assert fit.exponent.item() == pytest.approx(0.28 / 0.62, abs=2e-3)
    law = fit.coefficient * fit.budgets**fit.exponent
    torch.testing.assert_close(law, fit.scales, rtol=0.02, atol=0)


def test_the_order_of_runs_does_not_matter():
    runs = [x.flatten() for x in chinchilla()]
    mixed = torch.randperm(len(runs[0]))
    for a, b in zip(
        laws.fit_isoflop(*runs),
        laws.fit_isoflop(*[x[mixed] for x in runs]),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


def test_the_optimum_is_the_vertex_not_the_best_run():
    scale = torch.tensor([1e8, 2e8, 5e8, 1e9, 3e9], dtype=torch.float64)
    loss = 2.0 + 0.1 * (scale / 3e8).log() ** 2
    assert laws.isoflop_optimum(scale, loss).item() == pytest.approx(3e8, rel=1e-6)
    noisy = loss + 0.01 * torch.randn(5).double()
    a, b, _ = numpy.polyfit(scale.log().numpy(), noisy.numpy(), 2)
    want = math.exp(-b / (2 * a))
    assert laws.isoflop_optimum(scale, noisy).item() == pytest.approx(want, rel=1e-6)


def fit_isoflop_loop(runs):
    """The law from a list of (compute, scale, loss), budget by budget."""
    points = []
    for budget in sorted({C for C, _, _ in runs}):
        M = [math.log(M) for C, M, _ in runs if budget == C]
        L = [L for C, _, L in runs if budget == C]
        a, b, _ = numpy.polyfit(M, L, 2)
        points.append((math.log(budget), -b / (2 * a)))
    slope, intercept = numpy.polyfit(*zip(*points, strict=True), 1)
    return math.exp(intercept), slope


@pytest.mark.slow
@given(st.integers(2, 6), st.integers(3, 8), st.integers(0, 9999))
def test_isoflop_is_the_loop(n_budgets, n_runs, seed):
    g = torch.Generator().manual_seed(seed)
    C, M, L = chinchilla(n_budgets, n_runs)
    M = M * (0.2 * torch.rand(M.shape, generator=g, dtype=torch.float64)).exp()
    L = L + 1e-4 * torch.randn(L.shape, generator=g, dtype=torch.float64)
    runs = [x.flatten() for x in (C, M, L)]
    coefficient, exponent = fit_isoflop_loop(
        [*zip(*map(Tensor.tolist, runs), strict=True)]
    )
    fit = laws.fit_isoflop(*runs)
    assert fit.exponent.item() == pytest.approx(exponent, rel=1e-4)
    assert fit.coefficient.item() == pytest.approx(coefficient, rel=1e-3)


def test_a_loss_may_be_negative():
    C, M, L = chinchilla()
    torch.testing.assert_close(
        laws.fit_isoflop(C, M, L - 9).exponent, laws.fit_isoflop(C, M, L).exponent
    )


def test_gradients():
    _, scale, loss = (x.requires_grad_() for x in chinchilla(2, 4))
    assert torch.autograd.gradcheck(
        lambda s, y: laws.isoflop_optimum(s * 1e9, y), (scale.detach() / 1e9, loss)
    )
    x = torch.tensor([1.0, 2, 5], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(laws.fit_power_law, (x, 3 * x.detach() ** 0.7))


@given(st.floats(0.1, 9), st.floats(-2, 2), st.integers(2, 9))
def test_power_law(coefficient, exponent, n):
    x = torch.logspace(0, 3, n, dtype=torch.float64)
    fit = laws.fit_power_law(x, coefficient * x**exponent)
    assert fit.exponent.item() == pytest.approx(exponent, abs=1e-9)
    assert fit.coefficient.item() == pytest.approx(coefficient)


def loss_law_loop(compute, loss, floor):
    """The least sum of squares of E + a C^-b over a fine list of b, one by one."""
    middle, best = sum(map(math.log, compute)) / len(compute), math.inf
    for n in range(1001):
        b = 10 ** (-3 + 3 * n / 1000)
        u = [math.exp(-b * (math.log(C) - middle)) for C in compute]
        a, E = numpy.polyfit(u, loss, 1) if floor else (0.0, 0.0)
        if E <= 0:  # a loss has no negative floor
            a = sum(x * y for x, y in zip(u, loss, strict=True)) / sum(x * x for x in u)
            E = 0.0
        miss = sum((E + a * x - y) ** 2 for x, y in zip(u, loss, strict=True))
        best = min(best, miss)
    return best


@pytest.mark.slow
@settings(max_examples=15)
@given(st.integers(3, 7), st.floats(0, 3), st.floats(0.03, 0.7), st.booleans(),
       st.integers(0, 9999))  # fmt: skip
def test_loss_law_is_the_loop(n, E, b, floor, seed):
    g = torch.Generator().manual_seed(seed)
    C = torch.logspace(8, 12, n, dtype=torch.float64)
    L = E + 3 * (C / 1e8) ** -b + 0.01 * torch.rand(n, generator=g, dtype=torch.float64)
    law = laws.fit_loss_law(C, L, floor)
    miss = (law.floor + law.coefficient * C**-law.exponent - L).square().sum().item()
    loop = loss_law_loop(C.tolist(), L.tolist(), floor)
    assert loop - 1e-4 < miss < loop * (1 + 1e-6) + 1e-12  # as good, on a finer list


@given(st.floats(0.1, 3), st.floats(0.05, 0.6), st.integers(3, 9))
def test_loss_law_finds_a_law_made_to_be_found(E, b, n):
    C = torch.logspace(17, 21, n, dtype=torch.float64)
    law = laws.fit_loss_law(C, E + 2 * (C / 1e19) ** -b)
    assert law.exponent.item() == pytest.approx(b, rel=1e-3)
    assert law.floor.item() == pytest.approx(E, rel=0.01, abs=0.01)
    straight = laws.fit_loss_law(C, 2 * (C / 1e19) ** -b, floor=False)
    assert straight.exponent.item() == pytest.approx(b, rel=1e-4)


def test_loss_law_has_no_negative_floor_and_takes_single_precision():
    C = torch.logspace(8, 11, 5)
    L = 5 - 0.1 * C.log()  # bends less than any law with a floor
    law = laws.fit_loss_law(C, L)
    assert law.floor == 0
    assert law.exponent.dtype == torch.float32
    for got, want in zip(law, laws.fit_loss_law(C, L, floor=False), strict=True):
        torch.testing.assert_close(got, want, rtol=1e-4, atol=0)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_export():
    class Figure(torch.nn.Module):
        def forward(self, log_compute, scale, loss):
            C = 10**log_compute
            fit = laws.fit_power_law(scale[:, 0], laws.isoflop_optimum(scale, loss))
            late = laws.multi_step_schedule(log_compute, 30, 1.0, 3)
            model = laws.flops_per_token(log_compute, log_compute, 4096.0)
            rate = laws.optimal_learning_rate(C)
            far = laws.fit_loss_law(scale[0], loss[0].sort(descending=True).values)
            return late, rate, model, *fit, *far

    _, scale, loss = chinchilla(3, 4)
    inputs = torch.tensor(17.0), scale, loss
    program = torch.export.export(Figure(), inputs).run_decompositions()
    inputs = torch.tensor(25.0), scale, loss
    for a, b in zip(program.module()(*inputs), Figure()(*inputs), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: laws.optimal_learning_rate(0), "compute holds 0"),
        (lambda: laws.optimal_batch_size(-1.0), "compute holds -1"),
        (lambda: laws.optimal_tokens(torch.tensor([1.0, 0.0])), "compute holds 0"),
        (lambda: laws.optimal_model_scale(math.nan), "compute holds nan"),
        (lambda: laws.flops_per_token(2, 0, 8), "d_model holds 0"),
        (lambda: laws.multi_step_schedule(11, 10, 1.0, 2), "step holds 11"),
        (lambda: laws.fit_isoflop(*[torch.ones(4)] * 3), "1 budget"),
        (lambda: laws.fit_isoflop(torch.ones(2), *[torch.ones(4)] * 2), "one shape"),
        (lambda: laws.fit_power_law(*[torch.ones(4)] * 2), "spread_of_x holds 0"),
        (lambda: laws.isoflop_optimum(*[torch.ones(2)] * 2), "3 points"),
        (lambda: laws.fit_loss_law(*[torch.rand(2) + 1] * 2), "2 budgets came"),
        (lambda: laws.fit_loss_law(*[torch.ones(3)] * 2), "spread_of_compute holds 0"),
        (lambda: laws.fit_loss_law(*[torch.rand(2, 3) + 1] * 2), "compute has shape"),
        (lambda: laws.fit_loss_law(*[torch.arange(1.0, 6)] * 2), "fall_of_the_loss"),
        (
            lambda: laws.isoflop_optimum(
                torch.tensor([1.0, 2, 4]), torch.tensor([0.0, 1, 0])
            ),
            "curvature",
        ),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@pytest.mark.parametrize("exponent", [0.05, 0.9, 1.5, 4.0])
def test_the_loss_law_finds_exponents_on_both_sides_of_one(exponent):
    compute = torch.tensor([1.0, 2, 4, 8]).double()
    found = laws.fit_loss_law(compute, 1 + 2 * compute**-exponent)
    assert [float(x) for x in found] == pytest.approx([1, 2, exponent], rel=1e-3)


def test_an_exponent_at_the_end_of_the_search_is_no_find():
    compute = torch.tensor([1.0, 2, 4, 8]).double()
    with pytest.raises(ValueError, match="best_exponent"):
        laws.fit_loss_law(compute, 1 + 2 * compute**-40.0)
