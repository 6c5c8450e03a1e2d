"""The feature pyramid against loops, formulas and torchvision's numbers."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import fpn

WIDTHS = (2, 3, 4)
few = settings(max_examples=20)


def maps(*sizes):
    return [torch.randn(2, C, *s).double() for C, s in zip(WIDTHS, sizes, strict=True)]


def pyramid_loop(model, features):
    """From the top down, one pixel of the coarser map at a time."""
    weights = [[list(s.parameters()) for s in blocks]
               for blocks in (model.inner_blocks, model.layer_blocks)]  # fmt: skip
    above, out = None, []
    for i in reversed(range(len(features))):
        here = F.conv2d(features[i], *weights[0][i])
        H, W = here.shape[2:]
        if above is not None:
            h, w = above.shape[2:]
            for y in range(H):
                for x in range(W):
                    here[:, :, y, x] += above[:, :, y * h // H, x * w // W]
        above = here  # handed down before the smoothing
        out.insert(0, F.conv2d(here, *weights[1][i], padding=1))
    return out


@pytest.mark.parametrize(
    "sizes", [[(8, 12), (4, 6), (2, 3)], [(25, 42), (13, 21), (7, 11)], [(5, 5)] * 3]
)
@torch.no_grad()
def test_the_pyramid_is_the_loop(sizes):
    model, features = fpn.FPN(WIDTHS, 5).double(), maps(*sizes)
    out = model(features)
    assert [tuple(p.shape) for p in out] == [(2, 5, *s) for s in sizes]
    for got, want in zip(out, pyramid_loop(model, features), strict=True):
        torch.testing.assert_close(got, want, rtol=0, atol=1e-12)


def test_parameters_of_the_paper_and_names_of_torchvision():
    with torch.device("meta"):
        model = fpn.FPN((256, 512, 1024, 2048), 256)
    assert sum(p.numel() for p in model.inner_blocks.parameters()) == 984_064
    assert sum(p.numel() for p in model.layer_blocks.parameters()) == 2_360_320
    names = list(model.state_dict())
    assert names[0] == "inner_blocks.0.0.weight"
    assert names[-1] == "layer_blocks.3.0.bias"


@few
@given(*[st.integers(1, 9)] * 4, st.sampled_from(["nearest", "bilinear"]))
def test_upsampling_is_torchs(h, w, H, W, mode):
    x = torch.randn(1, 2, h, w)
    for size in [(2 * h, 2 * w), (H, W)]:
        want = F.interpolate(x, size, mode=mode)
        torch.testing.assert_close(fpn.upsample(x, size, mode), want)


def test_three_to_five_repeats_the_first_two():
    got = fpn.upsample(torch.arange(3.0).reshape(1, 1, 1, 3), (1, 5))
    assert got.flatten().tolist() == [0, 0, 1, 1, 2]


def test_the_pyramid_is_linear():
    """A ReLU after the lateral convolution, a classic mistake, would break this."""
    model = fpn.FPN(WIDTHS, 5).double()
    sizes = [(8, 8), (4, 4), (2, 2)]
    a, b = maps(*sizes), maps(*sizes)
    both = model([2 * x - y for x, y in zip(a, b, strict=True)])
    for p, x, y in zip(both, model(a), model(b), strict=True):
        torch.testing.assert_close(p, 2 * x - y)


def test_masks_cut_the_paths_they_name():
    model, features = fpn.FPN(WIDTHS, 5).double(), maps((8, 8), (4, 4), (2, 2))
    ones, everything = torch.ones(3).double(), model(features)
    for got, want in zip(model(features, ones, ones[1:]), everything, strict=True):
        torch.testing.assert_close(got, want)
    flat = model.merge(features, top_down=torch.tensor([False, False]))
    for m, block, x in zip(flat, model.inner_blocks, features, strict=True):
        torch.testing.assert_close(m, block(x))
    top_only = model.merge(features, lateral=torch.tensor([0.0, 0, 1]).double())
    want = fpn.upsample(fpn.upsample(top_only[2], (4, 4)), (8, 8))
    torch.testing.assert_close(top_only[0], want)


def test_gradients():
    model, features = fpn.FPN((1, 2), 2).double(), [maps((4, 4), (2, 2), (1, 1))[0]]
    features = [features[0][:1, :1], torch.randn(1, 2, 2, 2).double()]
    inputs = [x.clone().requires_grad_() for x in features]
    assert torch.autograd.gradcheck(lambda *x: tuple(model(x)), inputs)


# Levels


def square(side):
    return [0.0, 0.0, side, side]


@pytest.mark.parametrize(
    ("width", "height", "level"),
    [
        (111.9, 111.9, 2), (112, 112, 3), (223.9, 223.9, 3), (224, 224, 4),
        (447.9, 447.9, 4), (448, 448, 5), (5000, 5000, 5), (1, 1, 2),
        (112, 448, 4), (56, 896, 4), (32, 512, 3), (300, 150, 3), (640, 480, 5),
        (500, 375, 4), (0, 900, 2), (0, 0, 2), (-300, -300, 2),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_levels_of_known_boxes(width, height, level, dtype):
    if dtype == torch.float16 and width != int(width):
        pytest.skip("float16 has no such number")
    got = fpn.assign_level(torch.tensor([[0, 0, width, height]], dtype=dtype))
    assert got.dtype == torch.int64
    assert got.tolist() == [level]


@few
@given(
    st.floats(1, 3000),
    st.floats(1, 3000),
    st.integers(2, 6),
    st.sampled_from([96, 224]),
)
def test_levels_are_the_formula(w, h, k0, canonical):
    exact = k0 + math.log2(math.sqrt(w * h) / canonical)
    if abs(exact - round(exact)) > 1e-9:
        box = torch.tensor([[3.0, 5.0, 3 + w, 5 + h]]).double()
        got = fpn.assign_level(box, k0, canonical, 1, 6)
        assert got.item() == min(max(math.floor(exact), 1), 6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_levels_and_the_pyramid_can_be_traced():
    class Figure(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fpn = fpn.FPN(WIDTHS, 2).double()

        def forward(self, boxes, lateral, top_down, *features):
            level = fpn.assign_level(boxes)
            return level, *self.fpn(features, lateral, top_down)

    figure, features = Figure(), maps((4, 6), (2, 3), (1, 2))
    boxes = torch.tensor([square(30.0), square(300.0)])
    masks = torch.tensor([1.0, 0, 1]).double(), torch.tensor([1.0, 0.5]).double()
    inputs = boxes, torch.ones(3).double(), torch.ones(2).double(), *features
    program = torch.export.export(figure, inputs).run_decompositions()
    inputs = boxes * 8, *masks, *features
    for got, want in zip(program.module()(*inputs), figure(*inputs), strict=True):
        torch.testing.assert_close(got, want)


# Anchors


def anchors_loop(size, stride, sides, ratios):
    boxes = []
    for y in range(size[0]):
        for x in range(size[1]):
            for ratio in ratios:
                for side in sides:
                    h, w = side * math.sqrt(ratio), side / math.sqrt(ratio)
                    half_w, half_h = round(w / 2), round(h / 2)  # half to even, too
                    cx, cy = x * stride[1], y * stride[0]
                    boxes.append([cx - half_w, cy - half_h, cx + half_w, cy + half_h])
    return torch.tensor(boxes, dtype=torch.float32)


@few
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 9), st.integers(1, 9))
def test_anchors_are_the_loop(H, W, dy, dx):
    got = fpn.anchors([(H, W), (1, 2)], [(dy, dx), 16], [(32, 47), 64], (0.5, 1.0, 2.0))
    want = anchors_loop((H, W), (dy, dx), (32, 47), (0.5, 1, 2))
    assert torch.equal(got[0], want)
    assert torch.equal(got[1], anchors_loop((1, 2), (16, 16), (64,), (0.5, 1, 2)))


def test_the_base_boxes_of_torchvision():
    got = fpn.anchors([(1, 1)], [4], [32], (0.5, 1.0, 2.0))[0]
    want = [[-23, -11, 23, 11], [-16, -16, 16, 16], [-11, -23, 11, 23]]
    assert got.tolist() == want


@pytest.mark.parametrize(
    ("image", "count"),
    [((800, 1344), 268_569), ((800, 1333), 267_069), ((512, 512), 65_472),
     ((800, 800), 159_882), ((224, 224), 12_543)],
)  # fmt: skip
def test_how_many_anchors_an_image_has(image, count):
    strides = (4, 8, 16, 32, 64)
    sizes = [tuple(-(-side // s) for side in image) for s in strides]
    boxes = fpn.anchors(sizes, strides, (32, 64, 128, 256, 512), (0.5, 1, 2))
    assert sum(map(len, boxes)) == count


def test_ratios_of_each_level():
    boxes = fpn.anchors([(2, 2), (1, 1)], [4, 8], [8, 16], [(1.0,), (0.5, 2.0)])
    assert [len(b) for b in boxes] == [4, 2]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: fpn.FPN((), 4), "in_channels is empty"),
        (lambda: fpn.FPN((2, 0), 4), "in_channels holds 0"),
        (lambda: fpn.FPN((2, 3), 4, "nearset"), "Did you mean 'nearest'"),
        (
            lambda: fpn.FPN((2, 3), 4)([torch.zeros(1, 2, 4, 4)]),
            "has 1 maps; expected 2",
        ),
        (
            lambda: fpn.FPN((2, 3), 4)([torch.zeros(1, n, 4, 4) for n in (3, 2)]),
            r"features\[0\]",
        ),
        (
            lambda: fpn.FPN((2,), 4)([torch.zeros(1, 2, 4, 4)], torch.ones(2)),
            "lateral has shape",
        ),
        (lambda: fpn.assign_level(torch.zeros(3, 5)), "boxes has shape"),
        (lambda: fpn.assign_level(torch.zeros(3, 4), k_min=6), "k_min <= k_max"),
        (lambda: fpn.anchors([(1, 1)], [4, 8], [32], (1.0,)), "2 strides"),
        (lambda: fpn.anchors([(1, 1)], [4], [-32], (1.0,)), "sizes holds -32"),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()
