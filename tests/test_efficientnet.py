"""EfficientNet against loops, the paper's counts and weights trained by others."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from lib import data, efficientnet

FAMILY = [  # width, depth, resolution, parameters, 10^9 multiply-adds
    (1.0, 1.0, 224, 5_288_548, 0.385815),
    (1.0, 1.1, 240, 7_794_184, 0.6868),
    (1.1, 1.2, 260, 9_109_994, 0.9936),
    (1.2, 1.4, 300, 12_233_232, 1.8271),
    (1.4, 1.8, 380, 19_341_616, 4.3938),
    (1.6, 2.2, 456, 30_389_784, 10.2664),
    (1.8, 2.6, 528, 43_040_704, 19.0676),
    (2.0, 3.1, 600, 66_347_960, 37.7459),
]
ids = [f"B{n}" for n in range(8)]
few = settings(max_examples=15)


def filled(model):
    """Parameters and batch norm statistics that leave nothing at its default."""
    for name, x in [*model.named_parameters(), *model.named_buffers()]:
        if x.is_floating_point():
            wave = torch.sin(0.37 * torch.arange(x.numel()) + len(name))
            base = 1.0 if name.endswith("running_var") else 0.0
            base = 1.0 if "bn" in name and name.endswith("weight") else base
            size = (2 / x[0].numel()) ** 0.5 if x.dim() == 4 else 0.3
            x.data.copy_((base + size * wave).reshape(x.shape))
    return model.eval()


# Arithmetic


def official_round_filters(filters, width, divisor=8):
    """The rule as the official code has it, one `if` at a time."""
    x = filters * width
    n = max(divisor, int(x + divisor / 2) // divisor * divisor)
    if n < 0.9 * x:
        n += divisor
    return n


@given(st.integers(1, 2000), st.floats(0.05, 8), st.sampled_from([4, 8, 16]))
def test_round_filters_is_the_official_rule(filters, width, divisor):
    got = efficientnet.round_filters(filters, width, divisor)
    assert type(got) is int
    assert got == official_round_filters(filters, width, divisor)


@pytest.mark.parametrize(
    ("filters", "width", "want"),
    [(16, 1.2, 24), (24, 0.75, 24), (8, 1.3, 16), (8, 1.4, 16), (32, 0.35, 16),
     (40, 0.25, 16), (56, 0.35, 24), (32, 1.1, 32), (1280, 1.1, 1408)],
)  # fmt: skip
def test_channels_that_the_tenth_rule_decides(filters, width, want):
    assert efficientnet.round_filters(filters, width) == want


def test_repeats_go_up_never_to_the_nearest():
    got = [efficientnet.round_repeats(r, 1.1) for r in (1, 2, 2, 3, 3, 4, 1)]
    assert got == [2, 3, 3, 4, 4, 5, 2]
    assert efficientnet.round_repeats(4, 3.1) == 13
    assert type(efficientnet.round_repeats(2, 1.0)) is int


def test_compound_scaling():
    d, w, r = efficientnet.compound_scaling(1)
    assert d * w**2 * r**2 == pytest.approx(1.92027, abs=1e-5)
    assert efficientnet.compound_scaling(0) == (1, 1, 1)
    assert efficientnet.compound_scaling(2, 1.2, 1.1, 1.15)[0] == pytest.approx(1.44)


@pytest.mark.parametrize("row", FAMILY, ids=ids)
def test_counts_of_the_family(row):
    width, depth, resolution, parameters, giga = row
    with torch.device("meta"):
        model = efficientnet.EfficientNet(width, depth)
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert efficientnet.parameters(width, depth) == parameters
    counted = efficientnet.multiply_adds(width, depth, resolution)
    assert type(counted) is int
    assert counted / 1e9 == pytest.approx(giga, abs=5.1e-5)


def test_what_one_axis_costs():
    base = efficientnet.multiply_adds(1, 1, 224)
    ratio = lambda *size: efficientnet.multiply_adds(*size) / base
    assert round(ratio(1, 2, 224), 2) == 2.03
    assert round(ratio(2, 1, 224), 2) == 3.76
    assert round(ratio(1, 1, 448), 3) == 3.985
    assert round(ratio(1.1, 1.2, 258), 3) == 2.573  # not the 1.92 of the formula
    assert round(ratio(2.0, 3.1, 600), 2) == 97.83


@pytest.mark.slow
@pytest.mark.parametrize(
    ("width", "depth", "side", "K", "lite"),
    [
        (1, 1, 224, 1000, False),
        (0.5, 1, 33, 10, False),
        (1.2, 1.4, 40, 7, False),
        (1.1, 1.2, 37, 5, True),
    ],
)
def test_counts_are_what_the_flop_counter_sees(width, depth, side, K, lite):
    with torch.device("meta"):
        model = efficientnet.EfficientNet(width, depth, K, lite)
        with FlopCounterMode(display=False) as counter:
            model(torch.zeros(1, 3, side, side))
    # torch's counter charges for the zeros of the padding, and so do we
    counted = efficientnet.multiply_adds(width, depth, side, K, lite)
    assert counter.get_total_flops() == 2 * counted
    learnt = sum(p.numel() for p in model.parameters())
    assert efficientnet.parameters(width, depth, K, lite) == learnt


def test_lite_counts():
    sizes = [(1.0, 1.0), (1.0, 1.1), (1.1, 1.2)]
    counts = [efficientnet.parameters(*s, lite=True) for s in sizes]
    assert counts == [4_652_008, 5_416_680, 6_092_072]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_table_can_be_dragged():
    class Figure(torch.nn.Module):
        def forward(self, phi, alpha):
            depth, width, grain = efficientnet.compound_scaling(phi, alpha)
            rows = efficientnet.stages(width, depth, (224 * grain) // 1)
            cost = sum(s.multiply_adds for s in rows)
            return torch.stack([s.outputs for s in rows]), cost

    start = torch.tensor(0.5), torch.tensor(1.2)
    program = torch.export.export(Figure(), start).run_decompositions()
    for phi, alpha in [(0.0, 1.2), (1.0, 1.25), (3.3, 1.1)]:
        outputs, cost = program.module()(torch.tensor(phi), torch.tensor(alpha))
        depth, width, grain = efficientnet.compound_scaling(phi, alpha)
        rows = efficientnet.stages(width, depth, int(224 * grain))
        assert outputs.tolist() == [s.outputs for s in rows]
        want = sum(s.multiply_adds for s in rows)
        assert cost.item() == pytest.approx(want, rel=1e-5)


# Layers


def same_conv_loop(x, weight, stride):
    """One output pixel at a time; what lies outside counts as 0."""
    H, W, k = *x.shape[2:], weight.shape[2]
    h, w = math.ceil(H / stride), math.ceil(W / stride)
    top = max((h - 1) * stride + k - H, 0) // 2  # the smaller half is above
    left = max((w - 1) * stride + k - W, 0) // 2
    out = torch.zeros(len(x), len(weight), h, w, dtype=x.dtype)
    for i in range(h):
        for j in range(w):
            for a in range(k):
                for b in range(k):
                    y, z = i * stride + a - top, j * stride + b - left
                    if 0 <= y < H and 0 <= z < W:
                        out[:, :, i, j] += x[:, :, y, z] @ weight[:, :, a, b].T
    return out


@few
@given(*[st.integers(1, 7)] * 2, st.sampled_from([1, 3, 5]), st.integers(1, 3))
def test_same_padding_is_the_loop(H, W, k, stride):
    layer = efficientnet.SameConv2d(2, 3, k, stride, bias=False).double()
    x = torch.randn(2, 2, H, W).double()
    torch.testing.assert_close(layer(x), same_conv_loop(x, layer.weight, stride))


def test_same_padding_is_not_symmetric():
    layer = efficientnet.SameConv2d(1, 1, 3, 2, bias=False)
    torch.nn.init.ones_(layer.weight)
    assert layer(torch.ones(1, 1, 4, 4)).flatten().tolist() == [9, 6, 6, 4]


def block_formula(block, x):
    """The block from its state alone, gates and batch norms spelt out."""
    p = block.state_dict()

    def norm(x, n):
        names = ("running_mean", "running_var", "weight", "bias")
        mean, var, w, b = (p[f"bn{n}.{name}"][:, None, None] for name in names)
        return (x - mean) / (var + 1e-3).sqrt() * w + b

    swish = lambda x: x * torch.sigmoid(x)
    out = swish(
        norm(torch.einsum("oi,bihw->bohw", p["expand_conv.weight"][..., 0, 0], x), 0)
    )
    stacked = [same_conv_loop(out[:, e : e + 1], p["depthwise_conv.weight"][e : e + 1],
                              block.stride) for e in range(out.shape[1])]  # fmt: skip
    out = swish(norm(torch.cat(stacked, 1), 1))
    squeezed = out.mean((2, 3)) @ p["se_reduce.weight"][..., 0, 0].T
    squeezed = swish(squeezed + p["se_reduce.bias"])
    gates = squeezed @ p["se_expand.weight"][..., 0, 0].T + p["se_expand.bias"]
    out = out * torch.sigmoid(gates)[..., None, None]
    out = norm(
        torch.einsum("oi,bihw->bohw", p["project_conv.weight"][..., 0, 0], out), 2
    )
    return x + out if block.stride == 1 and out.shape == x.shape else out


@pytest.mark.parametrize(("outputs", "stride"), [(4, 1), (6, 1), (4, 2)])
@torch.no_grad()
def test_a_block_is_its_formula(outputs, stride):
    block = filled(efficientnet.MBConv(4, outputs, 3, 3, stride).double())
    x = torch.randn(2, 4, 6, 5).double()
    torch.testing.assert_close(block(x), block_formula(block, x))


def test_gates_are_squeezed_from_the_blocks_inputs():
    block = efficientnet.MBConv(16, 24, 6, 3)
    assert block.se_reduce.weight.shape == (4, 96, 1, 1)  # not 96 / 4 = 24


def test_masked_channels_do_not_matter():
    block = filled(efficientnet.MBConv(4, 4, 2, 3))
    x, keep = torch.randn(2, 4, 5, 5), torch.tensor([1, 0, 1, 1, 0, 1, 1, 1]).bool()
    masked = block(x, keep)
    block.project_conv.weight.data[:, ~keep] = 0
    torch.testing.assert_close(masked, block(x))


def test_a_block_has_the_right_gradient():
    block = filled(efficientnet.MBConv(2, 2, 2, 3).double())
    x = torch.randn(1, 2, 4, 4).double().requires_grad_()
    assert torch.autograd.gradcheck(block, x)


def test_drop_connect_drops_whole_images_and_keeps_the_mean():
    x, noise = torch.ones(4, 2, 3, 3), torch.tensor([0.1, 0.2, 0.5, 0.9])
    out = efficientnet.drop_connect(x, 0.2, noise)
    assert out[:, 0, 0, 0].tolist() == pytest.approx([0, 1.25, 1.25, 1.25])
    assert (out == out[:, :1, :1, :1]).all()
    many = efficientnet.drop_connect(torch.ones(20_000, 1), 0.3)
    assert many.mean().item() == pytest.approx(1, abs=0.02)
    assert not efficientnet.drop_connect(x, 1.0).any()


def test_later_blocks_are_dropped_more_often():
    rates = [b.drop_connect for b in efficientnet.EfficientNet(1, 1).blocks]
    assert rates == pytest.approx([0.2 * n / 16 for n in range(16)])


# The network


@pytest.fixture(scope="module")
def lite0():
    model = efficientnet.EfficientNet(1.0, 1.0, lite=True)
    model.load_state_dict(data.weights("efficientnet_lite0"))  # strict
    return model.eval()


def rgb(images):
    return (images * 255 - 127) / 128


@torch.no_grad()
def test_lite0_knows_what_it_sees(lite0):
    photos = data.photos()
    names = data.imagenet_classes()
    for photo, says in [("coffee", "espresso"), ("chelsea", "cat")]:
        image = photos.images[photos.names.index(photo)][None]
        logits = lite0(rgb(F.interpolate(image, (224, 224), mode="bilinear")))
        best = [names[n] for n in logits[0].topk(3).indices]
        assert any(says in name for name in best), best


@torch.no_grad()
def test_features_are_c2_to_c5(lite0):
    maps = lite0.features(torch.zeros(1, 3, 192, 192))
    want = [(24, 48, 48), (40, 24, 24), (112, 12, 12), (320, 6, 6)]
    assert [tuple(m.shape[1:]) for m in maps] == want


@pytest.mark.parametrize("lite", [False, True])
@torch.no_grad()
def test_folding_changes_the_time_and_nothing_else(lite):
    model = filled(efficientnet.EfficientNet(0.25, 0.5, 5, lite)).double()
    before = {name: x.clone() for name, x in model.state_dict().items()}
    fast, images = efficientnet.for_inference(model), torch.rand(2, 3, 33, 40).double()
    torch.testing.assert_close(fast(images), model(images))
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in fast.modules())
    for name, x in model.state_dict().items():
        assert torch.equal(x, before[name])
    torch.testing.assert_close(efficientnet.for_inference(fast)(images), fast(images))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_export():
    model = filled(efficientnet.EfficientNet(0.25, 0.5, 5))
    images = torch.rand(2, 1, 3, 32, 32)
    program = torch.export.export(model, (images[0],)).run_decompositions()
    torch.testing.assert_close(program.module()(images[1]), model(images[1]))


@pytest.mark.slow
def test_it_learns():
    torch.manual_seed(0)
    model = efficientnet.EfficientNet(0.25, 0.3, 4, dropout=0, drop_connect=0)
    images, labels = torch.rand(8, 3, 32, 32), torch.arange(8) % 4
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    first = None
    for _ in range(25):
        loss = F.cross_entropy(model(images), labels)
        first = first or loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < first / 3


def test_without_classes_the_averaged_head_comes_out():
    model = efficientnet.EfficientNet(0.25, 0.5, 0).eval()
    assert model(torch.rand(2, 3, 20, 20)).shape == (2, 320)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: efficientnet.round_filters(32, 0), "width holds 0"),
        (lambda: efficientnet.round_repeats(2, -1.0), "depth holds -1"),
        (lambda: efficientnet.compound_scaling(1, alpha=0), "alpha holds 0"),
        (lambda: efficientnet.multiply_adds(1, 1, 0), "resolution holds 0"),
        (lambda: efficientnet.EfficientNet(0, 1), "width holds 0"),
        (lambda: efficientnet.EfficientNet(1, 1, dropout=2), "dropout holds 2"),
        (
            lambda: efficientnet.EfficientNet(0.25, 0.5)(torch.zeros(1, 20, 20, 3)),
            "permute",
        ),
        (
            lambda: efficientnet.MBConv(2, 2, 2, 3)(
                torch.zeros(1, 2, 3, 3), torch.ones(3)
            ),
            "E=4",
        ),
        (
            lambda: efficientnet.drop_connect(torch.ones(2), 0.5, torch.ones(3)),
            "noise has shape",
        ),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()
