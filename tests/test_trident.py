"""TridentNet's branches, ranges and joining against loops and the official rules."""

from math import inf

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import detection, trident

few = settings(max_examples=20, deadline=None)


def convolution_loop(x, weight, bias, d):
    """One output at a time; what lies outside the map counts as zero."""
    B, _, H, W = x.shape
    out = bias.expand(B, H, W, -1).permute(0, 3, 1, 2).clone()
    half = len(weight[0, 0]) // 2
    for y in range(H):
        for z in range(W):
            for i in range(-half, half + 1):
                for j in range(-half, half + 1):
                    row, column = y + d * i, z + d * j
                    if 0 <= row < H and 0 <= column < W:
                        taps = weight[:, :, i + half, j + half]  # (O, C)
                        out[:, :, y, z] += x[:, :, row, column] @ taps.T
    return out


@pytest.mark.parametrize("side", [1, 3, 5])
def test_each_branch_is_the_loop_at_its_dilation(side):
    maps = [torch.randn(2, 3, *size).double() for size in ((7, 6), (5, 9), (4, 4))]
    weight, bias = torch.randn(4, 3, side, side).double(), torch.randn(4).double()
    got = trident.convolve(maps, weight, bias, (1, 2, 3))
    for y, x, d in zip(got, maps, (1, 2, 3), strict=True):
        torch.testing.assert_close(y, convolution_loop(x, weight, bias, d))


def test_gradients_of_the_branches_meet_in_one_weight():
    maps = [torch.randn(1, 2, 5, 5).double() for _ in range(3)]
    weight = torch.randn(2, 2, 3, 3).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda w: trident.convolve(maps, w), [weight])

    def slope(maps, dilations):
        out = trident.convolve(maps, weight, None, dilations)
        return torch.autograd.grad(sum(y.square().sum() for y in out), weight)[0]

    alone = [slope([x], [d]) for x, d in zip(maps, (1, 2, 3), strict=True)]
    torch.testing.assert_close(slope(maps, (1, 2, 3)), sum(alone))


@few
@given(st.integers(1, 3), st.integers(2, 5))
def test_a_picture_enlarged_without_new_detail_gives_the_dilated_branch_the_same(d, n):
    """On every d-th place of a map that repeats each value."""
    small, weight = torch.randn(1, 2, n, n), torch.randn(3, 2, 3, 3)
    large = small.repeat_interleave(d, 2).repeat_interleave(d, 3)
    (want,) = trident.convolve([small], weight, None, [1])
    (got,) = trident.convolve([large], weight, None, [d])
    torch.testing.assert_close(got[:, :, ::d, ::d], want)


def block_loop(block, x, d):
    """The bottleneck, part by part, without `convolve`."""
    halves = block.norm1(block.conv1(x)).relu()
    zero = torch.zeros(len(block.conv2.weight), dtype=x.dtype)
    seen = convolution_loop(halves, block.conv2.weight, zero, d)
    return (x + block.norm3(block.conv3(block.norm2(seen).relu()))).relu()


@pytest.mark.parametrize("training", [True, False])
@torch.no_grad()
def test_a_block_is_a_bottleneck_at_each_dilation(training):
    block = trident.TridentBlock(4, 3).double()
    block(list(torch.randn(3, 2, 4, 5, 6).double()))  # statistics to evaluate with
    block.train(training)
    maps = list(torch.randn(3, 2, 4, 5, 6).double())
    for r, (got, x) in enumerate(zip(block(maps), maps, strict=True)):
        torch.testing.assert_close(got, block_loop(block, x, r + 1))
        torch.testing.assert_close(block([x], branch=r)[0], got)


def test_three_branches_cost_no_weight_more_than_one():
    one, three = trident.TridentBlock(8, 4, [2]), trident.TridentBlock(8, 4)
    count = [sum(p.numel() for p in b.parameters()) for b in (one, three)]
    assert count[0] == count[1] == 8 * 4 + 9 * 4 * 4 + 4 * 8 + 2 * (4 + 4 + 8)
    one.load_state_dict(three.state_dict())
    x = torch.randn(2, 8, 6, 6)
    torch.testing.assert_close(one([x])[0], three([x], branch=1)[0])


@few
@given(
    st.lists(
        st.tuples(st.sampled_from([1, 3, 5]), st.integers(1, 2), st.integers(1, 3)),
        min_size=1,
        max_size=4,
    )
)
def test_the_receptive_field_is_where_a_gradient_arrives(layers):
    x = torch.zeros(1, 1, 161, requires_grad=True)
    y = x
    for k, s, d in layers:
        y = torch.nn.functional.conv1d(
            y, torch.ones(1, 1, k), stride=s, dilation=d, padding=d * (k // 2)
        )
    y[0, 0, y.shape[2] // 2].backward()
    touched = x.grad[0, 0].nonzero()
    want = trident.receptive_field(*zip(*layers, strict=True))
    assert int(touched.max() - touched.min()) + 1 == want


@pytest.mark.parametrize(
    ("side", "branches"),
    [
        (0, [1, 0, 0]), (29.9, [1, 0, 0]), (30, [1, 1, 0]), (90, [1, 1, 1]),
        (90.1, [0, 1, 1]), (160, [0, 1, 1]), (160.1, [0, 0, 1]), (9000, [0, 0, 1]),
    ],
)  # fmt: skip
def test_the_ranges_of_the_official_configuration(side, branches):
    box = torch.tensor([[5.0, 5, 5 + side, 5 + side]], dtype=torch.float64)
    assert trident.in_range(box)[:, 0].tolist() == [bool(b) for b in branches]
    long = torch.tensor([[0, 0, side * 4, side / 4]], dtype=torch.float64)
    assert torch.equal(trident.in_range(long), trident.in_range(box))


def boxes(n):
    corner = torch.rand(n, 2) * 60
    return torch.cat([corner, corner + 2 + torch.rand(n, 2) * 60], 1)


def labels_loop(labels, anchors, true, ranges, overlap):
    """Every anchor against every box that is out of the branch's range."""
    out = []
    for low, high in ranges:
        own = labels.clone()
        for a, anchor in enumerate(anchors):
            for box in true:
                w, h = (box[2:] - box[:2]).tolist()
                iou = detection.box_iou(anchor[None], box[None]).item()
                if not low <= (w * h) ** 0.5 <= high and iou > overlap:
                    own[a] = -1
        out.append(own)
    return torch.stack(out)


@pytest.mark.parametrize("seed", range(5))
def test_labels_of_the_branches_are_the_loop(seed):
    torch.manual_seed(seed)
    anchors, true, labels = boxes(30), boxes(4), torch.randint(-1, 2, (30,))
    ranges = [(0, 20), (12, 40), (25, inf)]
    got = trident.branch_labels(labels, anchors, true, ranges, 0.2)
    assert torch.equal(got, labels_loop(labels, anchors, true, ranges, 0.2))
    assert (got != labels).any()


def test_without_boxes_or_with_open_ranges_all_branches_are_asked_the_same():
    torch.manual_seed(0)
    labels, anchors = torch.randint(-1, 2, (9,)), boxes(9)
    for true, ranges in ((boxes(0), trident.RANGES), (boxes(3), [(0, inf)] * 3)):
        got = trident.branch_labels(labels, anchors, true, ranges)
        assert torch.equal(got, labels.expand(3, -1))


def merge_loop(found, scores, ranges, threshold):
    rows = [
        (s.item(), b)
        for boxes_, scores_, (low, high) in zip(found, scores, ranges, strict=True)
        for b, s in zip(boxes_, scores_, strict=True)
        if low <= ((b[2] - b[0]) * (b[3] - b[1])).sqrt().item() <= high
    ]
    kept = []
    for score, box in sorted(rows, key=lambda row: -row[0]):
        overlaps = [detection.box_iou(box[None], other[None]) for _, other in kept]
        if all(iou <= threshold for iou in overlaps):
            kept.append((score, box))
    return kept


@pytest.mark.parametrize("seed", range(5))
def test_merging_is_the_loop(seed):
    torch.manual_seed(seed)
    found, scores = [boxes(n) for n in (9, 0, 12)], [torch.rand(n) for n in (9, 0, 12)]
    ranges = [(0, 30), (15, 45), (30, inf)]
    got, sure = trident.merge(found, scores, ranges, 0.4)
    want = merge_loop(found, scores, ranges, 0.4)
    assert 0 < len(got) < 21
    torch.testing.assert_close(sure, torch.tensor([s for s, _ in want]))
    torch.testing.assert_close(got, torch.stack([b for _, b in want]))


def test_a_find_outside_its_branchs_range_suppresses_nothing():
    large = torch.tensor([[0.0, 0, 40, 40]])
    found, scores = [large, large + 1, large[:0]], [
        torch.tensor([0.9]), torch.tensor([0.4]), torch.zeros(0)]  # fmt: skip
    got, sure = trident.merge(found, scores, [(0, 20), (15, 60), (50, inf)])
    assert got.tolist() == [[1, 1, 41, 41]]
    assert sure.tolist() == pytest.approx([0.4])


MAP = [torch.rand(1, 2, 5, 5)]
KERNEL = torch.rand(2, 2, 3, 3)
SCORES = [torch.rand(3)]
WRONG = {
    "one each": lambda: trident.convolve(MAP, KERNEL),
    "odd": lambda: trident.convolve(MAP, torch.rand(2, 2, 2, 2), None, [1]),
    "C=3": lambda: trident.convolve(MAP, torch.rand(2, 3, 3, 3), None, [1]),
    "1 or more": lambda: trident.convolve(MAP, KERNEL, None, [0]),
    "dilations is empty": lambda: trident.TridentBlock(4, 2, []),
    "low <= high": lambda: trident.in_range(boxes(2), [(30, 10)]),
    "ranges is empty": lambda: trident.in_range(boxes(2), []),
    "every layer": lambda: trident.receptive_field([3], [1, 1], [1]),
    "one of each a branch": lambda: trident.merge([boxes(2)], SCORES),
    "N=2": lambda: trident.merge([boxes(2)], SCORES, [(0, 9)]),
}


@pytest.mark.parametrize("words", WRONG)
def test_what_is_wrong_is_said(words):
    with pytest.raises(ValueError, match=words):
        WRONG[words]()
