"""How good a detector is: which finds are hits, and the average precision they earn.

Everingham et al. 2010, "The Pascal Visual Object Classes (VOC) Challenge", for the
area under precision and recall; Lin et al. 2014, "Microsoft COCO", arXiv:1405.0312,
for the matching and for objects of one size alone.

Shapes: N boxes found and M true ones, x1, y1, x2, y2; a box's side is sqrt(w h).
"""

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

import torch
from torch import Tensor

from lib import expect
from lib.detection.boxes import box_iou

HIT, MISS, LEFT_OUT = 1, 0, -1


class Found(NamedTuple):
    """What a detector says of one image."""

    boxes: Tensor  # (N, 4)
    scores: Tensor  # (N,)
    labels: Tensor  # (N,) int64


class Truth(NamedTuple):
    """What is in it."""

    boxes: Tensor  # (M, 4)
    labels: Tensor  # (M,) int64


@expect.annotated
def box_side(boxes: Tensor) -> Tensor:
    """The side of the square as large as each box, sqrt(w h): (N, 4) -> (N,)."""
    expect.shape(boxes, "N 4", "boxes")
    boxes = boxes.to(torch.promote_types(boxes.dtype, torch.float32))  # areas are large
    return (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(1).sqrt()


@expect.annotated
def match(
    boxes: Tensor,
    scores: Tensor,
    truth: Tensor,
    threshold: float = 0.5,
    sides: tuple[float, float] = (0, inf),
) -> Tensor:
    """Say of each box whether it is a HIT, a MISS or LEFT_OUT: (N,) int64.

    The best score chooses first: it takes the true box (M, 4) that it overlaps most,
    if by an IoU of at least the threshold, and no other can have it any more.

    Only true boxes with side in [low, high) = sides count. They are chosen before the
    others; who takes one of the others is left out, and so is who takes none and has a
    side out of the range itself.
    """
    N = expect.shape(boxes, "N 4", "boxes")[0]
    expect.shape(scores, "N", "scores", N=N)
    expect.shape(truth, "M 4", "truth")
    expect.between(0, 1, threshold=threshold)
    expect.between(-inf, inf, boxes=boxes, scores=scores)
    counts = _inside(truth, sides)  # (M,)
    result = torch.where(_inside(boxes, sides), MISS, LEFT_OUT)
    iou = box_iou(boxes, truth)  # (N, M)
    free = torch.ones_like(counts)
    for n in scores.argsort(descending=True, stable=True).tolist():
        near = free & (iou[n] >= threshold)
        if not near.any():
            continue
        near = near & counts if (near & counts).any() else near
        best = torch.where(near, iou[n], -1).argmax()
        free[best] = False
        result[n] = HIT if counts[best] else LEFT_OUT
    return result


def _inside(boxes: Tensor, sides: tuple[float, float]) -> Tensor:
    side = box_side(boxes)
    return (side >= sides[0]) & (side < sides[1])


@expect.annotated
def precision_recall(hits: Tensor, scores: Tensor, total: int) -> tuple[Tensor, Tensor]:
    """Precision and recall (N,) of the best 1, 2, ..., N finds, out of `total` truths.

    hits (N,) bool says which finds are right; their order is that of the scores (N,).
    """
    expect.boolean(hits=hits)
    N = expect.shape(hits, "N", "hits")[0]
    expect.shape(scores, "N", "scores", N=N)
    expect.no_nan(scores=scores)
    if total < (found := int(hits.sum())):
        raise ValueError(f"total is {total}, but {found} hits came; no more can be hit")
    right = hits[scores.argsort(descending=True, stable=True)].double().cumsum(0)
    return right / torch.arange(1.0, N + 1), right / max(total, 1)


@expect.annotated
def average_precision(hits: Tensor, scores: Tensor, total: int) -> float:
    """The area under precision against recall, each precision the best from there on.

    AP = sum_n (r_n - r_{n-1}) max_{m >= n} p_m       (all points, as VOC since 2010)

    hits (N,) bool, scores (N,), the number of true boxes; nan where there are none.
    """
    precision, recall = precision_recall(hits, scores, total)
    if total == 0:
        return float("nan")
    best = precision.flip(0).cummax(0).values.flip(0)  # from there on
    gain = recall.diff(prepend=recall.new_zeros(1))
    return float((gain * best).sum())


@expect.annotated
def mean_average_precision(
    found: Sequence[Found],
    truth: Sequence[Truth],
    threshold: float = 0.5,
    sides: tuple[float, float] = (0, inf),
) -> float:
    """Average the AP of each class that has true boxes with side in [low, high).

    One Found and one Truth for each image. With threshold 0.5 this is AP50.
    """
    if len(found) != len(truth):
        raise ValueError(f"{len(found)} found came, and {len(truth)} truth; one each")
    classes = torch.cat([t.labels for t in truth]).unique().tolist() if truth else []
    values = []
    for c in classes:
        marks, scores, total = [], [], 0
        for f, t in zip(found, truth, strict=True):
            own, true = f.labels == c, t.boxes[t.labels == c]
            total += int(_inside(true, sides).sum())
            marks.append(match(f.boxes[own], f.scores[own], true, threshold, sides))
            scores.append(f.scores[own])
        mark, score = torch.cat(marks), torch.cat(scores)
        kept = mark != LEFT_OUT
        if total:
            values.append(average_precision(mark[kept] == HIT, score[kept], total))
    return sum(values) / len(values) if values else float("nan")
