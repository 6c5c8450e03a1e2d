"""Latent attention against loops, the official code's numbers and itself absorbed."""

import json
import math
import operator
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import mla
from lib.live.ops import IGNORED

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("mla.json").read_text())
SIZES = dict(
    dim=8, heads=2, q_rank=4, kv_rank=4, nope_dim=4, rope_dim=2, v_dim=4
)  # fmt: skip


def golden_model():
    model = mla.MLA(**SIZES).double()
    model.load_state_dict({k: torch.tensor(v) for k, v in GOLDEN["params"].items()})
    return model


def rotary_loop(x, start):
    out = torch.empty_like(x)
    for t in range(len(x)):
        for i in range(x.shape[1] // 2):
            angle = (start + t) * 10000 ** (-2 * i / x.shape[1])
            z = complex(x[t, 2 * i], x[t, 2 * i + 1]) * complex(
                math.cos(angle), math.sin(angle)
            )
            out[t, 2 * i], out[t, 2 * i + 1] = z.real, z.imag
    return out


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 9))
def test_rotary_is_the_loop(T, pairs, start):
    x = torch.randn(T, 2 * pairs).double()
    torch.testing.assert_close(mla.rotary(x, start), rotary_loop(x, start))


def test_rotary_knows_only_distances():
    q, k = torch.randn(2, 1, 8).double()
    near = mla.rotary(q, 7) @ mla.rotary(k, 3).T
    torch.testing.assert_close(near, mla.rotary(q, 104) @ mla.rotary(k, 100).T)


def test_bfloat16_counts_past_256():
    one = torch.ones(1, 2, dtype=torch.bfloat16)
    exact = mla.rotary(one.double(), 257).bfloat16()
    torch.testing.assert_close(mla.rotary(one, 257), exact)


@pytest.mark.parametrize("absorb", [True, False])
def test_the_official_numbers(absorb):
    x, y = (torch.tensor(GOLDEN[name], dtype=torch.float64) for name in "xy")
    out, _ = golden_model()(x, absorb=absorb)
    torch.testing.assert_close(out, y, rtol=0, atol=1e-6)  # theirs turns in float32


def mla_loop(model, x):
    """One head, one query, one key at a time; keys and values written out."""
    w = dict(model.named_parameters())
    norm = lambda z: z / (z.pow(2).mean() + 1e-6).sqrt()
    n, r, v, c = model.nope_dim, model.rope_dim, model.v_dim, model.kv_rank
    T, out = len(x), []
    for t in range(T):
        q_all = w["wq_b.weight"] @ norm(w["wq_a.weight"] @ x[t])
        heads = []
        for h in range(model.heads):
            q = q_all[h * (n + r) : (h + 1) * (n + r)]
            q_rope = rotary_loop(q[None, n:], t)[0]
            scores, values = [], []
            for s in range(t + 1):
                down = w["wkv_a.weight"] @ x[s]
                up = w["wkv_b.weight"] @ norm(down[:c])
                mine = up[h * (n + v) : (h + 1) * (n + v)]
                k_rope = rotary_loop(down[None, c:], s)[0]
                scores.append((q[:n] @ mine[:n] + q_rope @ k_rope) / (n + r) ** 0.5)
                values.append(mine[n:])
            heads.append(torch.stack(scores).softmax(0) @ torch.stack(values))
        out.append(w["wo.weight"] @ torch.cat(heads))
    return torch.stack(out)


@settings(max_examples=10)
@given(*[st.integers(1, 3)] * 7)
def test_it_is_the_loop_both_ways(T, heads, q_rank, kv_rank, n, pairs, v):
    model = mla.MLA(5, heads, q_rank, kv_rank, n, 2 * pairs, v).double()
    x = torch.randn(1, T, 5).double()
    with torch.no_grad():
        want = mla_loop(model, x[0])
        torch.testing.assert_close(model(x)[0][0], want)
        torch.testing.assert_close(model(x, absorb=False)[0][0], want)


@pytest.mark.parametrize("absorb", [True, False])
@pytest.mark.parametrize("cuts", [[1] * 6, [4, 2], [1, 5]])
@pytest.mark.parametrize("q_rank", [0, 4])
def test_token_by_token_is_all_at_once(absorb, cuts, q_rank):
    model = mla.MLA(**SIZES | {"q_rank": q_rank}).double()
    x = torch.randn(2, 6, 8).double()
    cache, outs = None, []
    for piece in x.split(cuts, 1):
        out, cache = model(piece, cache, absorb=absorb)
        outs.append(out)
    whole, full = model(x, absorb=absorb)
    torch.testing.assert_close(torch.cat(outs, 1), whole)
    assert [tuple(c.shape) for c in cache] == [(2, 6, 4), (2, 6, 2)]
    torch.testing.assert_close(cache, full)


def test_the_latent_is_normalised_and_the_rope_key_is_not():
    model, x = golden_model(), torch.randn(1, 5, 8).double()
    latent, rope = model(x)[1]
    twice_latent, twice_rope = model(2 * x)[1]
    torch.testing.assert_close(latent, twice_latent, rtol=0, atol=1e-4)
    torch.testing.assert_close(2 * rope, twice_rope)


def test_the_future_has_no_say():
    model, x = golden_model(), torch.randn(1, 5, 8).double()
    changed = x.clone()
    changed[:, 3:] += 1
    torch.testing.assert_close(model(x)[0][:, :3], model(changed)[0][:, :3])


def test_gradient():
    model = mla.MLA(3, 2, 2, 2, 1, 2, 1).double()
    x = torch.randn(1, 3, 3).double().requires_grad_()
    for absorb in (True, False):
        assert torch.autograd.gradcheck(lambda x: model(x, absorb=absorb)[0], x)


def test_printed_cache_sizes():
    mha = mla.kv_cache_elements("mha", 128, 128)
    latent = mla.kv_cache_elements("mla", 128, 128, kv_rank=512, rope_dim=64)
    one = mla.kv_cache_elements("gqa", 128, 128, groups=1)
    assert latent / one == 2.25  # "equal to GQA with only 2.25 groups"
    assert mla.kv_cache_elements("mqa", 128, 128) == one
    assert mla.kv_cache_elements("gqa", 128, 128, groups=128) == mha
    assert 61 * latent * 2 == 70_272  # bytes a token of V3 in bfloat16
    before = 95 * mla.kv_cache_elements("gqa", 64, 128, groups=8)
    after = 60 * latent
    assert (before, after) == (194_560, 34_560)
    assert round(1 - after / before, 3) == 0.822
    assert round(1 - 6 * after / (16 * before), 3) == 0.933  # the abstract's 93.3 %


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("absorb", [True, False])
def test_export(absorb):
    class Figure(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = golden_model().float()

        def forward(self, x):
            first, cache = self.model(x[:, :3], absorb=absorb)
            return first, *self.model(x[:, 3:], cache, absorb)

    x = torch.randn(1, 5, 8)
    figure = Figure().eval()
    program = torch.export.export(figure, (x,)).run_decompositions()
    for node in program.graph.nodes:
        if node.op != "call_function" or node.target is operator.getitem:
            continue
        if str(node.target).removeprefix("aten.") not in IGNORED:
            assert torch.Tag.core in node.target.tags, node.target
    torch.testing.assert_close(program.module()(2 * x), figure(2 * x))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: mla.rotary(torch.zeros(2, 3)), "rope_dim is 3"),
        (lambda: mla.MLA(**SIZES | {"rope_dim": 3}), "rope_dim is 3"),
        (lambda: mla.MLA(**SIZES | {"heads": 0}), "heads holds 0"),
        (lambda: mla.MLA(**SIZES)(torch.zeros(2, 8)), "x has shape"),
        (
            lambda: mla.MLA(**SIZES)(
                torch.zeros(2, 1, 8), (torch.zeros(1, 3, 4), torch.zeros(1, 3, 2))
            ),
            r"cache\[0\] has shape",
        ),
        (lambda: mla.kv_cache_elements("mle", 4, 8), "Did you mean"),
        (lambda: mla.kv_cache_elements("gqa", 4, 8, groups=3), "groups is 3"),
        (lambda: mla.kv_cache_elements("mla", 4, 8), "kv_rank holds 0"),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()
