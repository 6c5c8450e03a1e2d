"""The router and its balance against loops, and the experts run one call at a time."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import moe


def route_loop(scores, bias, top_k, n_groups, top_groups, scale):
    chosen, weights = [], []
    for s in scores.tolist():
        choice = [a + b for a, b in zip(s, bias.tolist(), strict=True)]
        size = len(s) // n_groups
        groups = [range(g * size, (g + 1) * size) for g in range(n_groups)]
        best = sorted(
            groups, key=lambda g: -sum(sorted((choice[e] for e in g), reverse=True)[:2])
        )
        if n_groups == 1:
            best = groups
        allowed = [e for g in best[:top_groups] for e in g]
        picked = sorted(allowed, key=lambda e: -choice[e])[:top_k]
        total = sum(s[e] for e in picked)
        chosen.append(picked)
        weights.append([scale * s[e] / total for e in picked])
    return torch.tensor(chosen), torch.tensor(weights, dtype=scores.dtype)


@settings(max_examples=50)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 4), st.data())
def test_route_is_the_loop(T, n_groups, size, data):
    top_groups = data.draw(st.integers(1, n_groups))
    top_k = data.draw(st.integers(1, top_groups * size))
    scores, bias = torch.rand(T, n_groups * size).double(), torch.randn(n_groups * size)
    args = bias.double(), top_k, n_groups, top_groups, 2.5
    indices, weights = moe.route(scores, *args)
    want_indices, want_weights = route_loop(scores, *args)
    assert torch.equal(indices, want_indices)
    torch.testing.assert_close(weights, want_weights)
    torch.testing.assert_close(weights.sum(1), torch.full((T,), 2.5).double())


def test_the_bias_chooses_and_does_not_weigh():
    scores = torch.tensor([[0.9, 0.8, 0.1, 0.2]])
    indices, weights = moe.route(scores, torch.tensor([0.0, 0, 2, 0]), 2)
    assert indices.tolist() == [[2, 0]]
    torch.testing.assert_close(weights, torch.tensor([[0.1, 0.9]]))


def test_closed_groups_lose_even_to_negative_choices():
    scores = torch.tensor([[0.3, 0.2, 0.1, 0.1]])
    bias = torch.full((4,), -5.0)
    indices, _ = moe.route(scores, bias, 2, n_groups=2, top_groups=1)
    assert indices.tolist() == [[0, 1]]  # with 0 in place of -inf: [[2, 3]]


def test_a_group_is_as_good_as_its_best_two():
    scores = torch.tensor([[0.9, 0.1, 0.6, 0.6]])  # by the maximum, the first group
    indices, _ = moe.route(scores, torch.zeros(4), 1, n_groups=2, top_groups=1)
    assert indices.item() in (2, 3)


@given(st.integers(1, 5), st.integers(1, 6), st.data())
def test_load_and_gate_map_are_the_loop(T, E, data):
    K = data.draw(st.integers(1, E))
    indices = torch.rand(T, E).argsort(1)[:, :K]
    weights = torch.rand(T, K)
    counts, gates = [0] * E, torch.zeros(T, E)
    for t in range(T):
        for k in range(K):
            counts[indices[t, k]] += 1
            gates[t, indices[t, k]] = weights[t, k]
    assert moe.load(indices, E).tolist() == counts
    assert torch.equal(moe.gate_map(indices, weights, E), gates)


def test_update_bias_and_violation():
    bias, load = torch.tensor([0.5, 0.5, 0.5]), torch.tensor([4, 2, 0])
    torch.testing.assert_close(
        moe.update_bias(bias, load, 0.1), torch.tensor([0.4, 0.5, 0.6])
    )
    assert moe.max_violation(load).item() == 1.0  # 4 / 2 - 1
    assert moe.max_violation(torch.full((8,), 3)).item() == 0.0


def test_balance_loss_is_1_if_even_and_n_over_k_if_not():
    E, K = 16, 4
    even = torch.arange(64).reshape(16, 4) % E
    scores = torch.full((16, E), 0.3)
    assert moe.balance_loss(scores, even).item() == pytest.approx(1.0)
    crowd = torch.arange(K).expand(16, K)
    scores = torch.full((16, E), 1e-9).scatter(1, crowd, 0.7)
    assert moe.balance_loss(scores, crowd).item() == pytest.approx(E / K)


def test_balance_loss_is_the_loop_and_its_gradient():
    scores = torch.rand(5, 4).double().requires_grad_()
    indices = scores.detach().topk(2).indices
    total = 0.0
    for e in range(4):
        f = 4 / (2 * 5) * sum(e in row for row in indices.tolist())
        total += f * sum(scores[t, e] / scores[t].sum() for t in range(5)) / 5
    torch.testing.assert_close(moe.balance_loss(scores, indices), total)
    assert torch.autograd.gradcheck(lambda s: moe.balance_loss(s, indices), scores)


def test_the_bias_balances_a_lopsided_router():
    lean, bias = torch.linspace(-1, 1, 16), torch.zeros(16)
    violations = []
    for _ in range(200):
        scores = (torch.randn(256, 16) + lean).sigmoid()
        load = moe.load(moe.route(scores, bias, 4)[0], 16)
        violations.append(moe.max_violation(load).item())
        bias = moe.update_bias(bias, load, 0.01)
    assert violations[0] > 0.8
    assert sum(violations[-20:]) / 20 < 0.3


# The module


def experts_loop(model, tokens):
    _, indices, weights = model.choose(tokens)
    out = torch.zeros_like(tokens)
    for t, x in enumerate(tokens):
        for e, w in zip(indices[t].tolist(), weights[t], strict=True):
            gate, up = (model.gate_up[e] @ x).chunk(2)
            out[t] += w * (model.down[e] @ (F.silu(gate) * up))
        if model.shared_gate_up is not None:
            gate, up = model.shared_gate_up(x).chunk(2)
            out[t] += model.shared_down(F.silu(gate) * up)
    return out


@settings(max_examples=15)
@given(st.integers(1, 6), st.integers(1, 3), st.integers(0, 2), st.data())
def test_the_experts_are_the_loop(T, half, shared, data):
    K = data.draw(st.integers(1, half))
    options = dict(n_groups=2, top_groups=1, scale=2.5, shared=shared)
    model = moe.MoE(3, 4, 2 * half, K, **options).double()
    model.bias.normal_()
    x = torch.randn(1, T, 3).double()
    torch.testing.assert_close(model(x)[0], experts_loop(model, x[0]))


def test_gradients_reach_tokens_router_and_experts():
    model = moe.MoE(3, 2, 4, 2).double()
    x = torch.randn(5, 3).double().requires_grad_()
    assert torch.autograd.gradcheck(model, x)
    names = [name for name, _ in model.named_parameters()]
    grads = torch.autograd.grad(model(x).sum(), list(model.parameters()))
    wants = torch.autograd.grad(experts_loop(model, x).sum(), list(model.parameters()))
    for name, grad, want in zip(names, grads, wants, strict=True):
        torch.testing.assert_close(grad, want, msg=name)
        assert grad.abs().max() > 0, name


def test_the_bias_is_saved_and_not_trained():
    model = moe.MoE(3, 2, 4, 2)
    assert "bias" in model.state_dict()
    assert "bias" not in dict(model.named_parameters())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_export():
    class Figure(torch.nn.Module):
        def forward(self, scores, bias):
            indices, weights = moe.route(scores, bias, 2, n_groups=2, top_groups=1)
            load = moe.load(indices, 8)
            loss = moe.balance_loss(scores, indices)
            tilted = moe.update_bias(bias, load, 0.1)
            gates = moe.gate_map(indices, weights, 8)
            return load, loss, tilted, gates, moe.max_violation(load)

    inputs = torch.rand(6, 8), torch.zeros(8)
    program = torch.export.export(Figure(), inputs).run_decompositions()
    inputs = torch.rand(6, 8), torch.randn(8)
    for a, b in zip(program.module()(*inputs), Figure()(*inputs), strict=True):
        torch.testing.assert_close(a, b)


ones, longs = torch.ones, lambda *shape: torch.ones(*shape, dtype=torch.int64)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: moe.route(ones(2, 4), ones(3), 1), "E=4"),
        (lambda: moe.route(ones(2, 4), ones(4), 5), "top_k holds 5"),
        (lambda: moe.route(ones(2, 4), ones(4), 3, 2, 1), "top_k holds 3"),
        (lambda: moe.route(ones(2, 4), ones(4), 1, 3), "n_groups is 3"),
        (lambda: moe.route(ones(2, 4), ones(4), 1, 2, 3), "top_groups holds 3"),
        (lambda: moe.load(longs(2, 2), 1), "indices holds 1"),
        (lambda: moe.gate_map(longs(2, 2), ones(2, 1), 3), "one shape"),
        (lambda: moe.update_bias(ones(3), ones(1), 0.1), "one shape"),
        (lambda: moe.balance_loss(ones(3, 4), longs(2, 1)), "T=3"),
        (lambda: moe.MoE(3, 2, 4, 2)(ones(2, 4)), "D=3"),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_bias_too_short_for_its_steps_is_refused(dtype):
    with pytest.raises(TypeError, match="float32"):
        moe.update_bias(torch.zeros(2).to(dtype), torch.tensor([0, 20]), 1e-3)


def test_scores_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="scores"):
        moe.route(torch.tensor([[torch.nan, 0.2]]), torch.zeros(2), 1)
