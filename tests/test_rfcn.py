"""Pooling operators and boxes against loops, golden numbers and known mistakes."""

import json
import math
from pathlib import Path

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import rfcn

GOLDEN = json.loads(Path(__file__).with_name("golden").joinpath("roi.json").read_text())
few = settings(max_examples=25)


def c_round(x):
    return math.copysign(math.floor(abs(x) + 0.5), x)


def loop(rois, k, pixel_bins, reduce):
    """One region, one bin at a time; pixel_bins(roi) gives start, size, limit twice."""
    out = []
    for roi in rois.tolist():
        for i in range(k):
            for j in range(k):
                edges = []
                for n, (start, size, limit) in zip(
                    (i, j), pixel_bins(roi), strict=True
                ):
                    low = math.floor(start + n * (size / k))
                    high = math.ceil(start + (n + 1) * (size / k))
                    edges.append((min(max(low, 0), limit), min(max(high, 0), limit)))
                out.append(reduce(int(roi[0]), i, j, *edges))
    return torch.stack(out).reshape(len(rois), k, k, -1).permute(0, 3, 1, 2)


def roi_pool_loop(features, rois, k, scale):
    H, W = features.shape[2:]

    def bins(roi):
        for low, high, limit in [(roi[2], roi[4], H), (roi[1], roi[3], W)]:
            start = c_round(low * scale)
            yield start, max(c_round(high * scale) - start + 1, 1), limit

    def largest(b, i, j, y, x):
        cut = features[b, :, y[0] : y[1], x[0] : x[1]].flatten(1)
        return cut.amax(1) if cut.numel() else torch.zeros(len(cut), dtype=cut.dtype)

    return loop(rois, k, bins, largest)


def ps_roi_pool_loop(maps, rois, k, scale):
    H, W = maps.shape[2:]

    def bins(roi):
        for low, high, limit in [(roi[2], roi[4], H), (roi[1], roi[3], W)]:
            start = c_round(low) * scale
            yield start, max((c_round(high) + 1) * scale - start, 0.1), limit

    def mean(b, i, j, y, x):
        C = maps.shape[1] // k**2
        values = []
        for c in range(C):
            cut = maps[b, (c * k + i) * k + j, y[0] : y[1], x[0] : x[1]]
            values.append(cut.mean() if cut.numel() else cut.sum())
        return torch.stack(values)

    return loop(rois, k, bins, mean)


def bilinear(plane, y, x):
    H, W = plane.shape
    if not (-1 <= y <= H and -1 <= x <= W):
        return 0.0
    y, x = min(max(y, 0), H - 1), min(max(x, 0), W - 1)
    top, left = int(y), int(x)
    low, right = min(top + 1, H - 1), min(left + 1, W - 1)
    a, b = y - top, x - left
    upper = (1 - b) * plane[top, left] + b * plane[top, right]
    lower = (1 - b) * plane[low, left] + b * plane[low, right]
    return float((1 - a) * upper + a * lower)


def align_loop(maps, rois, k, scale, ratio, aligned, sensitive=False):
    """One sample at a time; each bin reads its own map if position-sensitive."""
    C = maps.shape[1] // (k**2 if sensitive else 1)
    out = torch.zeros(len(rois), C, k, k, dtype=maps.dtype)
    for r, roi in enumerate(rois.tolist()):
        x0, y0, x1, y1 = (v * scale - (0.5 if aligned else 0) for v in roi[1:])
        h, w = y1 - y0, x1 - x0
        if not aligned:
            h, w = max(h, 1), max(w, 1)
        gh, gw = (ratio or max(math.ceil(s / k), 0) for s in (h, w))
        for c in range(C):
            for i in range(k):
                for j in range(k):
                    plane = maps[int(roi[0]), (c * k + i) * k + j if sensitive else c]
                    values = [
                        bilinear(plane, y0 + (i + (a + 0.5) / gh) * h / k,
                                 x0 + (j + (b + 0.5) / gw) * w / k)
                        for a in range(gh) for b in range(gw)
                    ]  # fmt: skip
                    out[r, c, i, j] = sum(values) / max(len(values), 1)
    return out


def operators(k=3):
    """name, our operator, its loop: each from maps, rois and scale."""
    for ratio in (0, 2):
        for aligned in (False, True):
            yield (
                f"align {ratio} {aligned}",
                lambda m, r, s, q=ratio, a=aligned: rfcn.roi_align(m, r, k, s, q, a),
                lambda m, r, s, q=ratio, a=aligned: align_loop(m, r, k, s, q, a),
            )
        yield (
            f"ps align {ratio}",
            lambda m, r, s, q=ratio: rfcn.ps_roi_align(m, r, k, s, q),
            lambda m, r, s, q=ratio: align_loop(m, r, k, s, q, True, True),
        )
    yield (
        "pool",
        lambda m, r, s: rfcn.roi_pool(m, r, k, s),
        lambda m, r, s: roi_pool_loop(m, r, k, s),
    )
    yield (
        "ps pool",
        lambda m, r, s: rfcn.ps_roi_pool(m, r, k, s),
        lambda m, r, s: ps_roi_pool_loop(m, r, k, s),
    )


OPERATORS = [pytest.param(*row[1:], id=row[0]) for row in operators()]
half_pixels = st.integers(-16, 40).map(lambda n: n / 2)


@pytest.mark.parametrize(("ours", "slow"), OPERATORS)
@settings(max_examples=8)
@given(
    st.lists(st.tuples(*[half_pixels] * 4), min_size=1, max_size=3),
    st.sampled_from([1.0, 0.5, 0.3]),
)
def test_each_operator_is_its_loop(ours, slow, corners, scale):
    """Regions inside, outside, inverted and without area, on half pixels too."""
    maps = torch.randn(2, 18, 5, 7).double()
    rois = torch.tensor([[n % 2, *box] for n, box in enumerate(corners)]).double()
    torch.testing.assert_close(ours(maps, rois, scale), slow(maps, rois, scale))


def waves(channels, abc):
    a, b, w = abc
    c, y, x = (torch.arange(n).double() for n in (channels, 12, 14))
    return torch.sin(a * c[:, None, None] + b * y[:, None] + w * x)[None]


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: str(row["roi"]))
def test_golden_numbers(row):
    maps, scores = waves(2, row["abc"]), waves(18, row["abc"])
    roi, scale = torch.tensor([[0.0, *row["roi"]]]).double(), row["scale"]
    got = {
        "roi_align_aligned_sr2_2x2": rfcn.roi_align(maps, roi, 2, scale, 2, True),
        "roi_align_unaligned_sr0_2x2": rfcn.roi_align(maps, roi, 2, scale),
        "roi_pool_2x2": rfcn.roi_pool(maps, roi, 2, scale),
        "ps_roi_pool_original_rfcn_3x3(transcription)": rfcn.ps_roi_pool(
            scores, roi, 3, scale
        ),
        "ps_roi_align_3x3_sr2": rfcn.ps_roi_align(scores, roi, 3, scale, 2),
    }
    for name, value in got.items():
        want = torch.tensor(row[name]).double()[None]
        torch.testing.assert_close(value, want, rtol=0, atol=1e-6, msg=name)


def ramp(h, w=None):
    return torch.arange(float(h * (w or h))).reshape(1, 1, h, w or h)


def roi(*corners):
    return torch.tensor([[0.0, *corners]])


def test_numbers_that_others_print():
    pool, align = rfcn.roi_pool, rfcn.roi_align
    assert pool(ramp(8), roi(0, 0, 4, 4), 2, 1).flatten().tolist() == [18, 20, 34, 36]
    far = roi(0, 0, 100, 60)
    assert pool(ramp(8), far, 2, 1 / 16).flatten().tolist() == [19, 22, 35, 38]
    got = align(ramp(8), far, 2, 1 / 16, 2, True).flatten().tolist()
    assert got == [4.6875, 7.8125, 19.5625, 22.6875]
    got = align(ramp(8), far, 2, 1 / 16, 2).flatten().tolist()
    assert got == [9.0625, 12.1875, 24.0625, 27.1875]
    d2l = torch.tensor([[0.0, 0, 0, 20, 20], [0, 0, 10, 30, 30]])
    want = [[5, 6, 9, 10], [9, 11, 13, 15]]
    assert pool(ramp(4), d2l, 2, 0.1).flatten(1).tolist() == want
    got = align(ramp(5), roi(1, 1, 3, 3), 4, 1.0, 0, True).flatten()
    assert got[0] == 4.5 and got[-1] == 13.5  # detectron2's own test
    assert align(ramp(5), roi(1, 1, 3, 3), 4, 1.0).flatten()[0] == 7.5


def test_the_channel_order_is_class_major():
    maps = torch.arange(18.0)[None, :, None, None].expand(1, 18, 9, 9)
    want = torch.arange(18.0).reshape(1, 2, 3, 3)
    assert torch.equal(rfcn.ps_roi_pool(maps, roi(0, 0, 8, 8), 3, 1.0), want)
    aligned = rfcn.ps_roi_align(maps, roi(1, 1, 8, 8), 3, 1.0, 2)
    torch.testing.assert_close(aligned, want)


def test_the_last_row_and_column_are_read():
    """torchvision's ps_roi_pool gives 7, 9.5, 22, 24.5 here."""
    maps = torch.arange(36.0).reshape(1, 1, 6, 6).expand(1, 4, 6, 6)
    got = rfcn.ps_roi_pool(maps, roi(0, 0, 5, 5), 2, 1.0)
    assert got.flatten().tolist() == [7, 10, 25, 28]


def test_halves_are_rounded_away_from_zero():
    """torch.round would take 2.5 to 2, and the bin would begin at pixel 2."""
    maps = ramp(1, 9)
    got = rfcn.roi_pool(maps, roi(2.5, 0, 2.5, 0), 1, 1.0)
    assert got.item() == 3
    assert rfcn.ps_roi_pool(maps, roi(2.5, 0, 2.5, 0), 1, 1.0).item() == 3
    odd = torch.tensor([-2.5, -0.5, 0.49999997, 0.5, 1.5])
    assert rfcn._round(odd).tolist() == [-3, -1, 0, 1, 2]


def test_pooling_jumps_where_alignment_glides():
    shifts = torch.arange(0.0, 17.0, 4.0)
    rois = torch.stack([torch.tensor([0.0, s, 0, s + 64, 64]) for s in shifts])
    jumps = rfcn.roi_pool(ramp(8), rois, 2, 1 / 16)[:, 0, 0, 0].diff()
    assert jumps.tolist() == [0, 1, 0, 0]
    glide = rfcn.roi_align(ramp(8), rois, 2, 1 / 16, 2, True)[:, 0, 0, 0].diff()
    torch.testing.assert_close(glide[1:], torch.full((3,), 0.25))


@pytest.mark.slow
@pytest.mark.parametrize("name", [p.id for p in OPERATORS])
def test_gradients_reach_the_border_too(name):
    ours = {p.id: p.values[0] for p in OPERATORS}[name]
    maps = torch.randn(1, 9, 4, 5).double().requires_grad_()
    rois = torch.tensor([[0, 0, 0, 4, 3], [0, 1, 1, 9, 9.0]]).double()
    assert torch.autograd.gradcheck(lambda m: ours(m, rois, 1.0), maps)


@pytest.mark.parametrize(("ours", "slow"), OPERATORS)
def test_no_regions_and_regions_far_away(ours, slow):
    maps = torch.randn(1, 9, 4, 5)
    C = ours(maps, roi(0, 0, 3, 3), 1.0).shape[1]
    assert ours(maps, torch.zeros(0, 5), 1.0).shape == (0, C, 3, 3)
    away = torch.tensor([[0.0, 100, 100, 120, 120], [0, -90, -90, -80, -80]])
    assert torch.equal(ours(maps, away, 1.0), torch.zeros(2, C, 3, 3))


def test_output_height_and_width_may_differ():
    maps = torch.randn(2, 3, 6, 6)
    for operator in (rfcn.roi_pool, rfcn.roi_align):
        both = operator(maps, roi(0, 0, 5, 5), (2, 3), 1.0)
        assert both.shape == (1, 3, 2, 3)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("name", [p.id for p in OPERATORS if " 0" not in p.id])
def test_export_gives_the_same(name):
    ours = {p.id: p.values[0] for p in OPERATORS}[name]

    class Figure(torch.nn.Module):
        def forward(self, maps, rois):
            return ours(maps, rois, 0.5)

    maps = torch.randn(2, 18, 5, 7)
    inside = torch.tensor([[1, 1.5, 0.5, 9, 7], [0, 20, 20, 30, 30]])
    other = torch.tensor([[0, 0.0, 0.0, 13, 9], [1, -4, 3, 2, 5]])
    program = torch.export.export(Figure(), (maps, inside)).run_decompositions()
    torch.testing.assert_close(program.module()(maps, other), ours(maps, other, 0.5))


# Boxes

NMS_BOXES = torch.tensor(
    [[0.0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30], [0, 0, 10, 5]]
)
NMS_SCORES = torch.tensor([0.9, 0.8, 0.7, 0.95])


def iou_loop(a, b):
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(w, 0) * max(h, 0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union > 0 else 0.0


def nms_loop(boxes, scores, threshold):
    keep = []
    for n in sorted(range(len(scores)), key=lambda n: -scores[n]):
        if all(iou_loop(boxes[m], boxes[n]) <= threshold for m in keep):
            keep.append(n)
    return keep


@pytest.mark.parametrize(
    ("threshold", "want"), [(0.3, [3, 2]), (0.5, [3, 0, 2]), (0.7, [3, 0, 1, 2])]
)
def test_nms_golden(threshold, want):
    """At 0.5 the first box overlaps the last by exactly that, and is kept."""
    assert rfcn.nms(NMS_BOXES, NMS_SCORES, threshold).tolist() == want


whole = st.integers(0, 6)


@few
@given(
    st.lists(st.tuples(whole, whole, whole, whole, whole), max_size=9),
    st.sampled_from([0.0, 0.2, 0.5, 1.0]),
)
def test_nms_is_the_loop(rows, threshold):
    xywh = torch.tensor(rows, dtype=torch.float64).reshape(-1, 5)
    b = torch.cat([xywh[:, :2], xywh[:, :2] + xywh[:, 2:4]], 1)
    got = rfcn.nms(b, xywh[:, 4], threshold)
    assert got.dtype == torch.int64
    assert got.tolist() == nms_loop(b.tolist(), xywh[:, 4].tolist(), threshold)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_mask_of_kept_boxes_can_be_traced():
    class Figure(torch.nn.Module):
        def forward(self, b, scores):
            return rfcn.kept(b, scores, 0.3)

    program = torch.export.export(Figure(), (NMS_BOXES, NMS_SCORES))
    got = program.module()(NMS_BOXES, NMS_SCORES.flip(0))
    assert torch.equal(got, rfcn.kept(NMS_BOXES, NMS_SCORES.flip(0), 0.3))


def test_decode_golden():
    box = torch.tensor([[10.0, 20, 50, 80]])
    deltas = torch.tensor([[0.1, -0.2, math.log(2), 0]])
    want = torch.tensor([[-6.0, 8, 74, 68]])
    torch.testing.assert_close(rfcn.decode_boxes(box, deltas), want)
    want = torch.tensor([[7.42603, 18.8, 53.37397, 78.8]])
    got = rfcn.decode_boxes(box, deltas, (10, 10, 5, 5))
    torch.testing.assert_close(got, want, rtol=0, atol=1e-4)


def test_growth_is_limited():
    box = torch.tensor([[0.0, 0, 16, 16]])
    grown = rfcn.decode_boxes(box, torch.tensor([[0, 0, 9.0, -9.0]]))
    assert (grown[0, 2] - grown[0, 0]).item() == pytest.approx(1000)
    assert 0 < grown[0, 3] - grown[0, 1] < 0.01


def test_encoding_is_undone_and_differentiable():
    low, size = torch.rand(2, 5, 2).double(), torch.rand(2, 5, 2).double() + 0.5
    a, b = torch.cat([low, low + size], 2)
    weights = (10, 10, 5, 5)
    deltas = rfcn.encode_boxes(a, b, weights)
    torch.testing.assert_close(rfcn.decode_boxes(a, deltas, weights), b)
    deltas.requires_grad_()
    assert torch.autograd.gradcheck(lambda d: rfcn.decode_boxes(a, d, weights), deltas)


zeros = torch.zeros


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: rfcn.roi_pool(zeros(3, 4, 4), zeros(1, 5), 2, 1.0), "the|features"),
        (lambda: rfcn.roi_pool(zeros(1, 3, 4, 4), zeros(1, 4), 2, 1.0), "rois.*R, 5"),
        (lambda: rfcn.roi_align(zeros(1, 3, 4, 4), roi(0, 0, 1, 1), 0, 1), "output_si"),
        (lambda: rfcn.roi_align(zeros(1, 3, 4, 4), roi(0, 0, 1, 1), 2, 0), "spatial"),
        (
            lambda: rfcn.roi_pool(zeros(1, 1, 4, 4), zeros(1, 5) + 1, 2, 1),
            "batch index",
        ),
        (lambda: rfcn.roi_pool(zeros(1, 1, 4, 4), zeros(1, 5) + math.nan, 2, 1), "nan"),
        (lambda: rfcn.ps_roi_pool(zeros(1, 10, 4, 4), zeros(1, 5), 3, 1.0), "k^2 = 9"),
        (lambda: rfcn.nms(zeros(3, 4), zeros(2), 0.5), "N=3"),
        (lambda: rfcn.nms(zeros(1, 4), zeros(1), 1.5), "iou_threshold"),
        (lambda: rfcn.nms(zeros(1, 4), zeros(1) + math.nan, 0.5), "scores"),
        (lambda: rfcn.decode_boxes(zeros(2, 4), zeros(1, 4)), "N=2"),
        (lambda: rfcn.decode_boxes(zeros(1, 4), zeros(1, 4), (1, 1)), "a tuple of 2"),
        (lambda: rfcn.encode_boxes(zeros(1, 4), zeros(1, 4)), "sizes of boxes"),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises((ValueError, TypeError), match=says.replace("^", r"\^")):
        call()


def test_whole_numbers_are_refused():
    with pytest.raises(TypeError, match="real numbers"):
        rfcn.roi_pool(zeros(1, 1, 4, 4), zeros(1, 5).long(), 2, 1.0)


def test_whole_numbers_of_numpy_are_whole_numbers():
    rois = torch.tensor([[0.0, 0, 0, 3, 3]])
    pooled = rfcn.roi_pool(zeros(1, 1, 4, 4), rois, numpy.int64(2), 1.0)
    assert pooled.shape == (1, 1, 2, 2)
