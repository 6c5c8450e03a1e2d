"""scripts/tensor against torch: every operation, its arguments, what it must refuse."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from javascript import compiled, traced

from lib.live.follow import Untraceable
from lib.live.ops import OPS
from lib.live.trace import pack, trace

G = torch.Generator().manual_seed(1)
X = torch.randn(3, 4, generator=G) * 2
P = torch.rand(3, 4, generator=G) + 0.1
Y = torch.randn(3, 4, generator=G)
PIXELS = torch.randn(2, 4, 7, 6, generator=G)
KERNEL = torch.randn(6, 4, 3, 2, generator=G)
EXTREME = torch.tensor([0.0, -0.0, 1.5, -2.5, torch.inf, -torch.inf, torch.nan, 0.5])
NORM = torch.nn.BatchNorm2d(4).eval()
NORM.running_mean = torch.randn(4, generator=G)
NORM.running_var = torch.rand(4, generator=G) + 0.5

UNARY = (
    "abs neg exp exp2 expm1 sin cos tan sinh cosh tanh asinh sigmoid erf relu "
    "floor ceil round trunc sign isnan isinf atan"
).split()
POSITIVE = "log log1p log2 log10 sqrt rsqrt reciprocal".split()
KERNELS = {
    **{name: lambda x, f=getattr(torch, name): f(x) for name in UNARY},
    **{name: lambda x, f=getattr(torch, name): f(x.abs() + 0.1) for name in POSITIVE},
    **{
        f"a{n}": lambda x, n=n: getattr(torch, n)(x.tanh() * 0.9)
        for n in ("asin", "acos", "atanh")
    },
    "acosh": lambda x: torch.acosh(x.abs() + 1.0),
    "not": lambda x: ~(x > 0),
    "logical": lambda x: (
        torch.logical_xor(x > 0, Y > 0) & (x > -1) | torch.logical_not(x)
    ),
    "gelu": F.gelu,
    "gelu tanh": lambda x: F.gelu(x, approximate="tanh"),
    "leaky": lambda x: F.leaky_relu(x, 0.2),
    "elu": lambda x: F.elu(x, 1.3) + F.selu(x),
    "silu softplus": lambda x: F.silu(x) + F.softplus(x) + F.logsigmoid(x),
    "hardtanh": lambda x: F.hardtanh(x, -0.5, 0.7) + F.relu6(x),
    "add alpha": lambda x: torch.add(x, Y, alpha=0.3) - torch.sub(x, Y, alpha=2),
    "rsub": lambda x: 1 - x + torch.rsub(x, 2.0),
    "div": lambda x: x / P + x / 3,
    "floor divide": lambda x: x // 0.7,
    "trunc divide": lambda x: torch.div(x, P, rounding_mode="trunc"),
    "integer divide": lambda x: (x * 10).long() // 3,
    "pow": lambda x: x.abs() ** P + x**2 + 2.0**x + x**0 + x**3,
    "modulo": lambda x: x % 0.7 + torch.fmod(x, 0.7) + torch.remainder(x, -P),
    "atan2": lambda x: torch.atan2(x, Y),
    "extremes": lambda x: torch.maximum(x, Y) - torch.minimum(x, P),
    "compare": lambda x: (
        (x == Y).float() + (x != 0) + (x < Y) + (x <= 1) + (x > Y) + (x >= 0)
    ),
    "where": lambda x: torch.where(x > 0, x, torch.inf),
    "clamp": lambda x: x.clamp(-1, 1) + x.clamp(min=0.2) + torch.clamp(x, Y, Y + 1),
    "sum": lambda x: x.sum() + x.sum(1)[0] + x.sum((0, 1), keepdim=True),
    "mean": lambda x: x.mean() + x.mean(0) + x.mean((0, 1)),
    "prod": lambda x: x.prod() + x.prod(1).sum(),
    "amax": lambda x: torch.cat([x.amax(1), x.amin(0), x.amax((0, 1))[None]]),
    "extreme": lambda x: x.max() - x.min(),
    "max": lambda x: x.max(1).values + x.max(1).indices + x.min(1).values,
    "argmax": lambda x: torch.cat([x.argmax(1), x.argmin(0), x.argmax()[None]]),
    "any all": lambda x: torch.cat(
        [(x > 1).any(1), (x > -1).all(0), (x > 9).any()[None]]
    ),
    "any dims": lambda x: (
        (x > 2).any(dim=(0, 1)) | (x > -9).all(dim=(0, 1)) | (x > 0).all()
    ),
    "var": lambda x: x.var() + x.std(0) + x.var(1, correction=0).sum(),
    "norm": lambda x: (
        torch.linalg.vector_norm(x, dim=1) + x.norm() + F.normalize(x)[:, 0]
    ),
    "rms norm": lambda x: (
        F.rms_norm(x, (4,)) + F.rms_norm(x, (3, 4), Y, 1e-3) + F.rms_norm(Y, (4,))
    ),
    "norms": lambda x: (
        torch.linalg.vector_norm(x, ord=1) + torch.linalg.vector_norm(x, torch.inf)
    ),
    "cumsum": lambda x: x.cumsum(1) + x.cumsum(0) + x.cumprod(1),
    "softmax": lambda x: (
        x.softmax(-1) + x.softmax(0) + x.log_softmax(1) + x.logsumexp(1, True)
    ),
    "sort": lambda x: torch.stack(
        [x.sort(1).values, x.sort(1, descending=True).values]
    ),
    "argsort": lambda x: x.round().argsort(dim=1, stable=True),
    "topk": lambda x: torch.stack([x.topk(2).values, x.topk(2, largest=False).values]),
    "topk indices": lambda x: x.topk(3, dim=0).indices,
    "mm": lambda x: x @ Y.T + torch.mm(x, x.T),
    "bmm": lambda x: torch.bmm(x[None], Y.T[None]) + torch.einsum("ij,kj->ik", x, Y),
    "linear": lambda x: (
        F.linear(x, Y, Y[:, 0]) + torch.addmm(Y[0, :3], x, Y.T, beta=2, alpha=0.5)
    ),
    "cdist": lambda x: torch.cdist(x, Y),
    "outer": lambda x: (
        torch.outer(x[0], x[1]) + torch.dot(x[0], x[1]) + (Y.T @ x[:, 0]).sum()
    ),
    "conv2d": lambda x: F.conv2d(
        PIXELS + x.mean(), KERNEL, X[:2].flatten()[:6], 2, (1, 0), (1, 2)
    ),
    "conv grouped": lambda x: F.conv2d(
        PIXELS * x[0, 0], KERNEL[:4, :2], groups=2, padding=1
    ),
    "conv1d": lambda x: F.conv1d(
        PIXELS[:, :, 0] * x[0, 0], KERNEL[:, :, 0], stride=2, padding=1
    ),
    "conv transposed": lambda x: F.conv_transpose2d(
        PIXELS * x[0, 0], KERNEL.transpose(0, 1)[:, :4].contiguous(), None, 2, 1, 1, 2
    ),
    "max pool": lambda x: F.max_pool2d(PIXELS + x[0, 0], 3, 2, 1),
    "avg pool": lambda x: F.avg_pool2d(
        PIXELS * x[0, 0], (3, 2), 2, 1, count_include_pad=False
    ),
    "avg pool padded": lambda x: F.avg_pool2d(
        PIXELS * x[0, 0], 3, 2, 1, ceil_mode=True
    ),
    "adaptive pool": lambda x: F.adaptive_avg_pool2d(PIXELS * x[0, 0], (3, 4)),
    "global pool": lambda x: F.adaptive_avg_pool2d(PIXELS * x[0, 0], 1),
    "nearest": lambda x: F.interpolate(PIXELS * x[0, 0], size=(10, 5)),
    "nearest scale": lambda x: F.interpolate(PIXELS * x[0, 0], scale_factor=2.0),
    "bilinear": lambda x: F.interpolate(PIXELS * x[0, 0], size=(9, 9), mode="bilinear"),
    "bilinear corners": lambda x: F.interpolate(
        PIXELS * x[0, 0], size=(3, 11), mode="bilinear", align_corners=True
    ),
    "bicubic": lambda x: F.interpolate(PIXELS * x[0, 0], size=(9, 4), mode="bicubic"),
    "layer norm": lambda x: (
        F.layer_norm(x, (4,), P[0], Y[0], 1e-6) + F.layer_norm(x, (3, 4))
    ),
    "group norm": lambda x: F.group_norm(PIXELS + x[0, 0], 2, Y[0], P[0], 1e-3),
    "batch norm": lambda x: NORM(PIXELS * x[0, 0]),
    "view": lambda x: (
        x.reshape(2, 6).flatten().view(4, 3).unsqueeze(0).squeeze(0).squeeze()
    ),
    "expand": lambda x: x[:, None].expand(3, 2, 4) + x[0].expand(2, 4)[:, :],
    "permute": lambda x: torch.cat([x.T, x.permute(1, 0), x.transpose(0, 1)]),
    "slice": lambda x: x[1:, ::2] + x[-2:, 1:3] + x[:-1, :2],
    "select": lambda x: x[1] + x[-1] + x[:, -2].sum(),
    "cat": lambda x: (
        torch.cat([x, Y, x[:1]]).sum(0) + torch.stack([x, Y], 1).sum((0, 1))
    ),
    "split": lambda x: (
        torch.split(x, [1, 3], 1)[1] + x.chunk(2, 1)[0][:, :1] + x.unbind(1)[0][:, None]
    ),
    "flip": lambda x: (
        x.flip(0) + x.flip((0, 1)) + x.roll(1, 1) + x.roll((1, 2), (0, 1))
    ),
    "unfold": lambda x: x.unfold(1, 2, 1),
    "im2col": lambda x: F.unfold(PIXELS * x[0, 0], (2, 3), stride=2),
    "pad": lambda x: F.pad(x, (1, 2, 0, 1), value=0.5) + F.pad(x, (2, 1, 1, 0)),
    "crop": lambda x: F.pad(x, (-1, 0)),
    "index select": lambda x: x.index_select(1, torch.tensor([2, 0, 2])),
    "index": lambda x: x[torch.tensor([2, 0])][:, torch.tensor([1, -1])],
    "index pair": lambda x: x[torch.tensor([[0], [2]]), torch.tensor([1, 3])],
    "index list": lambda x: x[:, [0, 2]] + x[[2, 0, 1]][:, :2],
    "gather": lambda x: (
        x.gather(1, x.argsort(1)) + torch.take_along_dim(x, x.argsort(0), 0)
    ),
    "embedding": lambda x: F.embedding((x[0].abs() * 0.9).long().clamp(max=2), Y),
    "scatter": lambda x: torch.zeros(3, 4).scatter(1, x.argsort(1), x),
    "scatter value": lambda x: x.scatter(1, x.argmax(1, keepdim=True), -torch.inf),
    "scatter add": lambda x: x.new_zeros(4).scatter_add(0, x.argsort(1)[0], x[1]),
    "put": lambda x: (
        x.index_put((torch.tensor([2, 0]),), Y[0])
        + x.index_put((torch.tensor([1, 1, 2]),), Y, accumulate=True)
    ),
    "part put": lambda x: (
        torch.slice_scatter(x, Y[:, :2], 1, 1, 4, 2)
        + x.select_scatter(Y[0], 0, -1)
        + torch.diagonal_scatter(x, Y[0, :3], 1)
    ),
    "copy": lambda x: torch.zeros(3, 4, dtype=torch.int64).copy_(x[0] * 9),
    "put bools": lambda x: (x > 0).index_put((torch.tensor([2, 0]),), Y[0] > 0),
    "put by mask": lambda x: (
        x.index_put((x > 0,), torch.tensor(5.0))
        + x.index_put((x[:, 0] > 0,), torch.tensor(1.0), accumulate=True)
    ),
    "one hot": lambda x: F.one_hot(x.argmax(1), 4),
    "triangle": lambda x: x.tril() + x.triu(1) + (x @ x.T).tril(-1).sum(),
    "bucketize": lambda x: torch.bucketize(x, torch.linspace(-1, 1, 5)),
    "full like": lambda x: (
        torch.full_like(x, 2.5) + torch.zeros_like(x) + torch.ones_like(x)
    ),
    "repeat": lambda x: x.repeat(2, 1, 2) + x.tile(1, 2),
    "repeat interleave": lambda x: x.repeat_interleave(2, 0),
    "cast": lambda x: x.long() + (x > 0) + x.to(torch.int32) + x.to(torch.float64),
    "bool": lambda x: x.round().bool() | (x > 0) & (x < 1) ^ (x > 0.5),
    "half": lambda x: (x * 1000).half().float() + x.bfloat16().float(),
    "float8": lambda x: (
        (x * 10).to(torch.float8_e4m3fn).float() + x.to(torch.float8_e5m2).float()
    ),
    "attention": lambda x: F.scaled_dot_product_attention(x[None], Y[None], P[None]),
    "causal": lambda x: F.scaled_dot_product_attention(
        x[None], Y[None], P[None], is_causal=True
    ),
    "cross entropy": lambda x: F.cross_entropy(x, torch.tensor([0, 3, 1])),
    "binary cross entropy": lambda x: F.binary_cross_entropy_with_logits(
        x, P.clamp(max=1)
    ),
    "linspace": lambda x: torch.linspace(0, 1, 5) * x[0, 0] + torch.arange(5),
    "meshgrid": lambda x: torch.meshgrid(x[0], x[1], indexing="ij")[0],
    "tensors": lambda x: torch.tensor(2.0) * x + torch.eye(3) @ x,
    "diagonal": lambda x: torch.diagonal(x @ x.T) + torch.diag_embed(x[0]).sum(),
}


def everything(x):
    return {name: kernel(x) for name, kernel in KERNELS.items()}


@pytest.fixture(scope="module")
def twin():
    return compiled(everything, {"x": X})


@pytest.mark.slow
@pytest.mark.parametrize("x", [X, Y * 3, X.round()], ids=["small", "large", "round"])
def test_operations(twin, x):
    found, wanted = twin(x=x), everything(x)
    for name, want in wanted.items():
        torch.testing.assert_close(
            found[name],
            want.double(),
            rtol=1e-5,
            atol=1e-5,
            equal_nan=True,
            msg=lambda text, name=name: f"{name}: {text}",
        )


@pytest.mark.slow
def test_every_operation_of_the_table_is_exercised():
    seen = {node[0] for node in trace(everything, {"x": X}, {})["nodes"]}
    assert {row.split()[0] for row in OPS.values()} - seen == set()


@pytest.mark.slow
def test_special_values():
    names = [*UNARY, "compare", "clamp", "where", "float8"]
    kernel = lambda x: {name: KERNELS[name](x) for name in names}
    x = torch.stack([EXTREME[:4], EXTREME[4:], EXTREME[:4]])
    found, wanted = traced(kernel, {"x": x}), kernel(x)
    for name in names:
        got, want = found[name], wanted[name].double()
        assert torch.allclose(got, want, rtol=1e-5, atol=1e-5, equal_nan=True), name


SMALL = ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")


@pytest.fixture(scope="module")
def rounded():
    kernel = lambda x: {n: x.to(getattr(torch, n)).float() for n in SMALL}
    return compiled(kernel, {"x": torch.zeros(1)})


@given(value=st.floats(width=32, allow_nan=False))
def test_rounding_to_small_floats(rounded, value):
    x = torch.tensor([value], dtype=torch.float32)
    found = rounded(x=x)
    for name in SMALL:
        want = x.to(getattr(torch, name)).double()
        assert torch.equal(found[name], want) or want.isnan(), name


@settings(max_examples=25)
@given(st.lists(st.sampled_from([1, 2, 3]), min_size=0, max_size=4), st.data())
def test_broadcasting(shape, data):
    def thinned():
        kept = [n if data.draw(st.booleans()) else 1 for n in shape]
        return kept[data.draw(st.integers(0, len(kept))) :]

    a, b = torch.rand(thinned(), generator=G), torch.rand(thinned(), generator=G)
    got = traced(lambda a, b: {"y": a - b}, {"a": a, "b": b})["y"]
    torch.testing.assert_close(got, (a - b).double(), rtol=1e-6, atol=1e-6)


def test_choices_are_plain_values():
    kernel = lambda x, n: {"y": x[:n].sum() if n > 1 else x[0, 0]}
    assert traced(kernel, {"x": X}, n=2)["y"].item() == pytest.approx(
        X[:2].sum().item(), rel=1e-6
    )
    assert traced(kernel, {"x": X}, n=1)["y"].item() == X[0, 0].item()


def test_closed_over_weights_and_folding():
    layer = torch.nn.Linear(4, 2)
    kernel = lambda x: {"y": layer(x) * torch.linspace(0, 1, 2).exp(), "fixed": P.sum()}
    program = trace(kernel, {"x": X}, {})
    assert [node[0] for node in program["nodes"]] == ["mm", "add", "mul"]
    got = traced(kernel, {"x": X})
    torch.testing.assert_close(
        got["y"], kernel(X)["y"].double().detach(), rtol=1e-5, atol=1e-6
    )
    assert got["fixed"].item() == pytest.approx(P.sum().item())


def test_a_value_that_no_control_moves_may_be_asked_for():
    kernel = lambda x: {"y": x * (P > 0.5).sum().item() if P[0, 0] > 0 else x}
    torch.testing.assert_close(traced(kernel, {"x": X})["y"], kernel(X)["y"].double())


def test_nothing_outside_is_changed_by_what_is_refused():
    before = Y.clone()
    with pytest.raises(Untraceable):
        trace(lambda x: {"y": x * Y.mul_(2)}, {"x": X}, {})
    assert torch.equal(Y, before)


def test_an_output_may_be_an_input():
    assert torch.equal(
        traced(lambda x: {"y": x, "z": x.clone()}, {"x": X})["z"], X.double()
    )


@pytest.mark.parametrize(
    "kernel, words",
    [
        (lambda x: {"y": torch.fft.fft(x).real}, "scripts/tensor has no"),
        (
            lambda x: {"y": torch.round(x, decimals=2)},
            "scripts/tensor has no round.decimals",
        ),
        (lambda x: {"y": x.long() & x.int()}, "bool tensors only"),
        (lambda x: {"y": x[P[:, 0] > 0.5]}, "no index.Tensor by a mask"),
        (lambda x: {"y": x if x[0, 0] > 0 else -x}, "torch cannot follow"),
        (lambda x: {"y": x[: int(x[0, 0])]}, "torch cannot follow"),
        (lambda x: {"y": x.sum().item()}, "torch cannot follow"),
        (lambda x: {"y": x if x.split(2, 1)[0][0, 0] > 0 else -x}, "on a value"),
        (lambda x: {"y": x if torch.equal(x, Y) else -x}, "on a value"),
        (lambda x: {"y": x * x.tolist()[0][0]}, "torch cannot follow"),
        (lambda x: {"y": x[x > 0]}, "a shape depends on the values"),
        (lambda x: (lambda mask: {"y": mask[mask]})(x > 0), "a shape depends"),
        (lambda x: {"y": x.unique()}, "a shape depends on the values"),
        (lambda x: {"y": x.index_put((x > 0,), x[x[:, 0] > 0])}, "a shape depends"),
        (lambda x: {"y": x * Y.mul_(1)}, "mul_.Tensor changes what outlives"),
        (lambda x: {"y": x * Y.view(12)[:4].mul_(1)}, "mul_.Tensor changes what outl"),
        (lambda x: {"y": x.add_(1)}, "copy_.default changes what outlives"),
    ],
)
def test_what_cannot_run_is_refused(kernel, words):
    with pytest.raises(Untraceable, match=words):
        trace(kernel, {"x": X}, {})


def test_an_ignored_argument_is_refused(monkeypatch):
    monkeypatch.setitem(OPS, "div.Tensor_mode", "div self other")
    with pytest.raises(Untraceable, match="ignores rounding_mode=floor"):
        trace(lambda x: {"y": x // 2.0}, {"x": X}, {})


@pytest.mark.parametrize(
    ("values", "stored"),
    [
        ([0.5, -torch.inf, torch.nan], "float16"),
        ([torch.finfo(torch.float32).min], "float32"),  # infinite in half precision
        ([1 / 3], "float32"),
    ],
)
def test_a_constant_is_stored_as_small_as_it_stays_exact(values, stored):
    assert pack(torch.tensor(values))["stored"] == stored
