"""Average precision against loops, hand-made cases and its own definition."""

import math
from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import detection
from lib.detection import HIT, LEFT_OUT, MISS, Found, Truth

few = settings(max_examples=60)


def boxes_of(*corners):
    return torch.tensor(corners, dtype=torch.float32).reshape(-1, 4)


def iou(a, b):
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(w, 0) * max(h, 0)
    areas = [(x[2] - x[0]) * (x[3] - x[1]) for x in (a, b)]
    return shared / (sum(areas) - shared)


def match_loop(boxes, scores, truth, threshold, sides):
    """One find after the other looks through all true boxes."""

    def counts(box):
        return sides[0] <= math.sqrt((box[2] - box[0]) * (box[3] - box[1])) < sides[1]

    taken, result = set(), [None] * len(boxes)
    for n in sorted(range(len(boxes)), key=lambda n: -scores[n]):
        best = None
        for wanted in (True, False):  # first those that count
            for m, true in enumerate(truth):
                overlap = iou(boxes[n], true)
                if m in taken or counts(true) != wanted or overlap < threshold:
                    continue
                if best is None or overlap > iou(boxes[n], truth[best]):
                    best = m
            if best is not None:
                break
        if best is None:
            result[n] = MISS if counts(boxes[n]) else LEFT_OUT
        else:
            taken.add(best)
            result[n] = HIT if counts(truth[best]) else LEFT_OUT
    return result


def area_loop(hits, total):
    """The area under the staircase, exactly; hits by falling score."""
    points = [
        (Fraction(sum(hits[: n + 1]), n + 1), Fraction(sum(hits[: n + 1]), total))
        for n in range(len(hits))
    ]
    area, before = Fraction(0), Fraction(0)
    for n, (_, recall) in enumerate(points):
        area += (recall - before) * max(p for p, _ in points[n:])
        before = recall
    return area


@st.composite
def some_boxes(draw, most):
    """Whole corners on a small field, so that many overlap and many are equal."""
    count = draw(st.integers(0, most))
    return [
        [x, y, x + draw(st.integers(1, 6)), y + draw(st.integers(1, 6))]
        for x, y in [(draw(st.integers(0, 3)), draw(st.integers(0, 3)))
                     for _ in range(count)]
    ]  # fmt: skip


@few
@given(
    some_boxes(6), some_boxes(4), st.sampled_from([0.3, 0.5]),
    st.sampled_from([(0, math.inf), (0, 3), (3, 5)]), st.randoms(),
)  # fmt: skip
def test_matching_is_the_loop(boxes, truth, threshold, sides, random):
    scores = [random.randint(0, 4) / 4 for _ in boxes]  # with ties
    got = detection.match(
        boxes_of(*boxes), torch.tensor(scores), boxes_of(*truth), threshold, sides
    )
    assert got.dtype == torch.int64
    assert got.tolist() == match_loop(boxes, scores, truth, threshold, sides)


def test_a_second_box_on_the_same_object_is_a_miss():
    boxes = boxes_of([0, 0, 10, 10], [0, 0, 10, 9], [30, 30, 40, 40])
    truth = boxes_of([0, 0, 10, 10])
    marks = detection.match(boxes, torch.tensor([0.5, 0.9, 0.1]), truth)
    assert marks.tolist() == [MISS, HIT, MISS]


def test_an_overlap_of_exactly_the_threshold_hits():
    marks = detection.match(
        boxes_of([0, 0, 10, 5]), torch.ones(1), boxes_of([0, 0, 10, 10])
    )
    assert marks.tolist() == [HIT]


def test_what_lies_out_of_the_range_of_sizes_neither_helps_nor_harms():
    truth = boxes_of([0, 0, 8, 8], [20, 20, 60, 60])
    boxes = boxes_of([0, 0, 8, 8], [20, 20, 60, 60], [60, 0, 100, 40], [70, 70, 78, 78])
    scores = torch.tensor([0.9, 0.8, 0.7, 0.6])
    small = detection.match(boxes, scores, truth, sides=(0, 16))
    large = detection.match(boxes, scores, truth, sides=(16, math.inf))
    assert small.tolist() == [HIT, LEFT_OUT, LEFT_OUT, MISS]
    assert large.tolist() == [LEFT_OUT, HIT, MISS, LEFT_OUT]


@few
@given(st.lists(st.booleans(), max_size=12), st.integers(0, 4))
def test_average_precision_is_the_exact_area(hits, missed):
    total = sum(hits) + missed
    mixed = torch.randperm(
        len(hits), generator=torch.Generator().manual_seed(len(hits))
    )
    scores = 1 - torch.arange(len(hits)) / 20
    marks = torch.tensor(hits, dtype=torch.bool)[mixed]
    got = detection.average_precision(marks, scores[mixed], total)
    if total == 0:
        assert math.isnan(got)
    else:
        assert got == pytest.approx(float(area_loop(hits, total)), abs=1e-12)


def test_the_example_to_compute_by_hand():
    hits, scores = torch.tensor([True, False, True]), torch.tensor([0.9, 0.8, 0.7])
    precision, recall = detection.precision_recall(hits, scores, 2)
    assert precision.tolist() == pytest.approx([1, 1 / 2, 2 / 3])
    assert recall.tolist() == [0.5, 0.5, 1.0]
    assert detection.average_precision(hits, scores, 2) == pytest.approx(5 / 6)


def image(boxes, labels):
    return boxes_of(*boxes), torch.tensor(labels, dtype=torch.int64)


def test_the_mean_goes_over_the_classes_that_are_there():
    truth = [
        Truth(*image([[0, 0, 9, 9], [20, 0, 29, 9]], [0, 2])),
        Truth(*image([], [])),
    ]
    boxes, labels = image([[0, 0, 9, 9], [20, 0, 29, 9], [20, 0, 29, 9]], [0, 0, 1])
    nothing = Found(boxes_of(), torch.zeros(0), torch.zeros(0, dtype=torch.int64))
    found = [Found(boxes, torch.tensor([0.9, 0.8, 0.7]), labels), nothing]
    assert detection.mean_average_precision(found, truth) == pytest.approx(0.5)
    assert math.isnan(detection.mean_average_precision(found, truth, sides=(50, 60)))
    assert math.isnan(detection.mean_average_precision([], []))


def test_finds_of_all_images_stand_in_one_queue():
    """A bad find with a high score in one image costs the good one of another."""
    truth = [Truth(*image([[0, 0, 9, 9]], [0]))] * 2
    good, bad = image([[0, 0, 9, 9]], [0]), image([[40, 40, 49, 49]], [0])
    high = Found(bad[0], torch.tensor([0.9]), bad[1])
    low = Found(good[0], torch.tensor([0.5]), good[1])
    assert detection.mean_average_precision([high, low], truth) == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: detection.match(boxes_of(), torch.ones(1), boxes_of()), "scores has"),
        (
            lambda: detection.match(torch.ones(4), torch.ones(1), boxes_of()),
            "boxes has",
        ),
        (
            lambda: detection.match(boxes_of(), torch.ones(0), boxes_of(), 50),
            "threshold holds 50",
        ),
        (
            lambda: detection.average_precision(
                torch.tensor([True, True]), torch.ones(2), 1
            ),
            "total is 1, but 2 hits",
        ),
        (
            lambda: detection.mean_average_precision([], [Truth(*image([], []))]),
            "0 found came, and 1 truth",
        ),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_large_boxes_are_measured_in_half_precision_too():
    boxes = torch.tensor([[0.0, 0, 300, 300], [0, 0, 300, 150]]).half()
    assert detection.box_iou(boxes, boxes).tolist() == [[1.0, 0.5], [0.5, 1.0]]
    assert detection.box_side(boxes)[0] == 300
    assert detection.nms(
        boxes[[0, 0]], torch.tensor([0.9, 0.8]).half(), 0.5
    ).tolist() == [0]
