"""Boxes x1, y1, x2, y2: how much two overlap, which to keep, how to correct one.

Girshick 2015, "Fast R-CNN", arXiv:1504.08083, for the deltas; a box's width is
x2 - x1, with none of the "+ 1" of older codes.
"""

from math import log

import torch
from torch import Tensor

from lib import expect

MOST_GROWTH = log(1000 / 16)  # the limit on a size's delta that detectors share


@expect.annotated
def box_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of each pair: (N, 4), (M, 4) -> (N, M) in [0, 1].

    Two boxes without area have no union; theirs is 0.
    """
    expect.shape(a, "N 4", "a")
    expect.shape(b, "M 4", "b")
    expect.no_nan(a=a, b=b)
    a, b = (x.to(torch.promote_types(x.dtype, torch.float32)) for x in (a, b))  # areas
    low = torch.maximum(a[:, None, :2], b[:, :2])  # (N, M, 2)
    high = torch.minimum(a[:, None, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(2)  # (N, M)
    area_a, area_b = ((x[:, 2:] - x[:, :2]).clamp(min=0).prod(1) for x in (a, b))
    union = area_a[:, None] + area_b - shared
    return torch.where(union > 0, shared / torch.where(union > 0, union, 1), 0)


@expect.annotated
def kept(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Mark (N,) the boxes that no better kept box overlaps by more than a threshold.

    Equal scores: the earlier box counts as better. Memory grows with N^2.
    """
    N = expect.shape(boxes, "N 4", "boxes")[0]
    expect.shape(scores, "N", "scores", N=N)
    expect.floating(boxes=boxes, scores=scores)
    expect.between(-float("inf"), float("inf"), boxes=boxes, scores=scores)
    expect.between(0, 1, iou_threshold=iou_threshold)
    order = scores.argsort(descending=True, stable=True)
    rank = order.argsort()
    better = rank[:, None] < rank
    suppresses = better & (box_iou(boxes, boxes) > iou_threshold)  # (N, N)
    keep = torch.ones_like(scores, dtype=torch.bool)
    for _ in range(N):  # each round settles at least one more box, mostly many more
        settled = ~(suppresses & keep[:, None]).any(0)
        if not torch.compiler.is_exporting() and torch.equal(settled, keep):
            break
        keep = settled
    return keep


@expect.annotated
def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Non-maximum suppression: indices of the boxes kept, best score first.

    The best box suppresses those that overlap it by more than the threshold (equal is
    kept), the best that is left does the same, and so on. (N, 4), (N,) -> (K,) int64.
    >>> boxes = torch.tensor([[0.0, 0, 2, 2], [0, 0, 2, 1.9]])
    >>> nms(boxes, torch.tensor([0.5, 0.6]), iou_threshold=0.5)
    tensor([1])
    """
    keep = kept(boxes, scores, iou_threshold)
    order = scores.argsort(descending=True, stable=True)
    return order[keep[order]]


def _centre_form(boxes: Tensor) -> tuple[Tensor, Tensor]:
    size = boxes[:, 2:] - boxes[:, :2]
    return boxes[:, :2] + size / 2, size


def _weights(weights: tuple[float, ...], like: Tensor) -> Tensor:
    if len(weights) != 4:
        raise ValueError(f"weights has {len(weights)} numbers; expected 4: x, y, w, h.")
    w = torch.tensor(weights, dtype=like.dtype, device=like.device)
    expect.positive(weights=w)
    return w


@expect.annotated
def decode_boxes(
    boxes: Tensor,
    deltas: Tensor,
    weights: tuple[float, float, float, float] = (1, 1, 1, 1),
    clip: float = MOST_GROWTH,
) -> Tensor:
    """Move and resize boxes (N, 4) by what a network says about them, deltas (N, 4).

    centre = x + w dx / weight,   size = w exp(min(dw / weight, clip)),   h likewise
    """
    N = expect.shape(boxes, "N 4", "boxes")[0]
    expect.shape(deltas, "N 4", "deltas", N=N)
    expect.floating(boxes=boxes, deltas=deltas)
    centre, size = _centre_form(boxes)
    d = deltas / _weights(weights, deltas)
    centre = centre + size * d[:, :2]
    half = size * d[:, 2:].clamp(max=clip).exp() / 2
    return torch.cat([centre - half, centre + half], dim=1)


@expect.annotated
def encode_boxes(
    boxes: Tensor,
    targets: Tensor,
    weights: tuple[float, float, float, float] = (1, 1, 1, 1),
) -> Tensor:
    """Say how to get from boxes (N, 4) to targets (N, 4): what decode_boxes undoes.

    dx = weight (x* - x) / w,   dw = weight log(w* / w)
    """
    expect.same_shape(boxes=boxes, targets=targets)
    expect.shape(boxes, "N 4", "boxes")
    expect.floating(boxes=boxes, targets=targets)
    (centre, size), (wanted, wanted_size) = _centre_form(boxes), _centre_form(targets)
    expect.positive(**{"the sizes of boxes": size, "the sizes of targets": wanted_size})
    d = torch.cat([(wanted - centre) / size, (wanted_size / size).log()], dim=1)
    return d * _weights(weights, d)
