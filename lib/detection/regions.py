"""Region proposals and what is done with regions before and after a detector's head.

Ren et al. 2015, "Faster R-CNN", arXiv:1506.01497, Section 3.1, for the proposal network
and its targets; one map and class-agnostic, as R-FCN uses it.

Shapes: B images, A anchors of one image, N regions, M true boxes, C classes; boxes are
x1, y1, x2, y2 in image pixels. Class C is the background.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib import expect
from lib.detection.boxes import box_iou, decode_boxes, encode_boxes, nms


class ProposalNet(nn.Module):
    """A score and four corrections for each anchor: (B, D, H, W) -> (B, A, 5).

    A 3x3 convolution and a 1x1; at each place `per_cell` anchors, in the order of
    fpn.anchors: A = H W per_cell.
    """

    @expect.annotated
    def __init__(self, channels: int, width: int, per_cell: int) -> None:
        super().__init__()
        expect.whole(1, channels=channels, width=width, per_cell=per_cell)
        self.layers = nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, 5 * per_cell, 1),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(B, D, H, W) -> (B, A, 5), the score first."""
        return self.layers(maps).permute(0, 2, 3, 1).reshape(len(maps), -1, 5)


@expect.annotated
def anchor_targets(
    anchors: Tensor, true: Tensor, near: float = 0.5, far: float = 0.3
) -> Tensor:
    """Say what each anchor should answer: (A, 4), (M, 4) -> (A, 5).

    First 1 where its best IoU is at least `near` or where it is the nearest to some
    true box (the first of equals), 0 below `far`, -1 (no opinion) between; then the
    corrections.
    """
    expect.between(far, 1, near=near)
    expect.positive(**{"the number of anchors": len(anchors)})
    if len(true) == 0:
        return torch.zeros(len(anchors), 5).to(anchors)
    iou = box_iou(anchors, true)  # (A, M)
    best, which = iou.max(1)
    wanted = torch.where(best >= near, 1.0, torch.where(best < far, 0.0, -1.0))
    wanted[iou.argmax(0)] = 1.0  # nobody goes without
    return torch.cat([wanted[:, None], encode_boxes(anchors, true[which])], 1)


@expect.annotated
def proposal_loss(out: Tensor, targets: Tensor, weight: float = 5.0) -> Tensor:
    """Cross-entropy of the scores, and smooth L1 of the corrections near objects.

    out (B, A, 5) of ProposalNet, targets (B, A, 5) of anchor_targets; anchors near an
    object, which are few, weigh `weight` times as much.
    """
    expect.same_shape(out=out, targets=targets)
    expect.no_nan(targets=targets)
    wanted = targets[..., 0]
    scores, known = out[..., 0][wanted >= 0], wanted[wanted >= 0]
    more = torch.tensor(weight).to(out)
    loss = F.binary_cross_entropy_with_logits(scores, known, pos_weight=more)
    near = wanted == 1
    if near.any():
        loss = loss + F.smooth_l1_loss(out[near][:, 1:], targets[near][:, 1:])
    return loss


@expect.annotated
def propose(
    out: Tensor, anchors: Tensor, count: int, side: float, first: int = 200
) -> Tensor:
    """Pick the best boxes of each image that do not repeat one another: (B, count, 4).

    out (B, A, 5), anchors (A, 4). The `first` best scores are corrected and cut to the
    image, 0 to `side`; NMS at IoU 0.7 thins them. Where fewer than `count` remain the
    best one is repeated.
    """
    B, A, _ = expect.shape(out, "B A 5", "out")
    expect.whole(1, count=count, first=first, images=B, anchors=A)
    expect.shape(anchors, "A 4", "anchors", A=A)
    found = []
    for one in out:
        score, top = one[:, 0].topk(min(first, A))
        boxes = decode_boxes(anchors[top], one[top, 1:]).clamp(0, side)
        keep = nms(boxes, score, 0.7)[:count]
        found.append(boxes[F.pad(keep, (0, count - len(keep)), value=int(keep[0]))])
    return torch.stack(found)


@expect.annotated
def label_regions(
    regions: Tensor, true: Tensor, labels: Tensor, background: int, iou: float = 0.5
) -> tuple[Tensor, Tensor]:
    """Give each region the class and the box of the object that it overlaps most.

    (N, 4), (M, 4), (M,) -> classes (N,) int64, boxes (N, 4); the background where no
    IoU reaches the threshold. M is at least 1.
    """
    expect.shape(labels, "M", "labels", M=len(true))
    expect.indices(labels=labels)
    expect.between(0, torch.inf, labels=labels)
    expect.whole(0, background=background)
    if len(true) == 0:
        raise ValueError("true is empty; expected at least one box to be nearest")
    best, which = box_iou(regions, true).max(1)
    return torch.where(best >= iou, labels[which], background), true[which]


@expect.annotated
def as_rois(boxes: Tensor) -> Tensor:
    """Boxes (B, N, 4) -> rois (B N, 5), the number of the image in front."""
    B, N, _ = expect.shape(boxes, "B N 4", "boxes")
    image = torch.arange(B, device=boxes.device).repeat_interleave(N)
    return torch.cat([image[:, None].to(boxes), boxes.flatten(0, 1)], 1)


@expect.annotated
def suppress(
    boxes: Tensor, chances: Tensor, overlap: float = 0.3, least: float = 0.05
) -> tuple[Tensor, Tensor, Tensor]:
    """Thin out the finds of one image class by class: boxes, scores and labels.

    (N, 4), probabilities (N, C) without the background -> (K, 4), (K,), (K,) int64.
    """
    N, C = expect.shape(chances, "N C", "chances")
    expect.shape(boxes, "N 4", "boxes", N=N)
    expect.whole(1, classes=C)
    expect.no_nan(chances=chances)
    parts = []
    for c in range(C):
        rows = (chances[:, c] >= least).nonzero()[:, 0]
        rows = rows[nms(boxes[rows], chances[rows, c], overlap)]
        parts.append((boxes[rows], chances[rows, c], torch.full_like(rows, c)))
    found, scores, labels = (torch.cat(part) for part in zip(*parts, strict=True))
    return found, scores, labels
