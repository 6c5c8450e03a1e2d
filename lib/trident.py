"""TridentNet: one set of weights, run at several dilations, for objects of all sizes.

Li et al. 2019, "Scale-Aware Trident Networks for Object Detection", arXiv:1901.01892;
faithful to github.com/tusen-ai/simpledet, models/tridentnet, and to detectron2's
projects/TridentNet.

Shapes: B images, C channels, R branches, one for each dilation; N boxes and A anchors
x1, y1, x2, y2 in image pixels; a range is (low, high), in pixels of a box's side.
"""

from collections.abc import Callable, Sequence
from math import inf

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib import expect
from lib.detection import box_iou, box_side, nms

Range = tuple[float, float]  # of sides; both ends belong to it
DILATIONS = (1, 2, 3)
RANGES = ((0.0, 90.0), (30.0, 160.0), (90.0, inf))  # in pixels of the original image


@expect.annotated
def convolve(
    maps: Sequence[Tensor],
    weight: Tensor,
    bias: Tensor | None = None,
    dilations: Sequence[int] = DILATIONS,
) -> list[Tensor]:
    """Convolve each branch's map with the same weights, spread to its own dilation.

    y_r[o, p] = bias[o] + sum_{c, q} weight[o, c, q] x_r[c, p + d_r q],  q = 0 midway

    Maps (B, C, H, W), one a branch, and weight (O, C, k, k) with k odd -> maps
    (B, O, H, W): the padding grows with the dilation, so that all keep their size.
    """
    outputs, C, k, _ = expect.shape(weight, "O C k k", "weight")
    expect.whole(1, outputs=outputs, channels=C)
    if bias is not None:
        expect.shape(bias, "O", "bias", O=outputs)
    if k % 2 == 0:
        raise ValueError(f"weight has a kernel of {k} x {k}; expected an odd side")
    if len(maps) != len(dilations):
        raise ValueError(
            f"{len(maps)} maps came and {len(dilations)} dilations; one each, since "
            "a branch is a map and its dilation"
        )
    out = []
    for r, (x, d) in enumerate(zip(maps, dilations, strict=True)):
        expect.shape(x, "B C H W", f"maps[{r}]", C=C)
        expect.whole(1, **{f"dilations[{r}]": d})
        out.append(F.conv2d(x, weight, bias, padding=d * (k // 2), dilation=d))
    return out


class TridentBlock(nn.Module):
    """A bottleneck whose 3x3 convolution runs at every dilation; one set of weights.

    x_r + norm(1x1(relu(norm(3x3_{d_r}(relu(norm(1x1(x_r))))))), then a ReLU   (Fig. 3)

    Maps (B, C, H, W), one a branch -> as many of the same shape. In training each
    branch is normalised by its own batch, as in detectron2; the official models keep
    the norm's statistics fixed. `norm` makes another norm for a number of channels.
    """

    @expect.annotated
    def __init__(
        self,
        channels: int,
        narrow: int,
        dilations: Sequence[int] = DILATIONS,
        norm: Callable[[int], nn.Module] = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        expect.whole(1, channels=channels, narrow=narrow)
        if not dilations:
            raise ValueError("dilations is empty; expected one number a branch")
        for number, dilation in enumerate(dilations):
            expect.whole(1, **{f"dilations[{number}]": dilation})
        self.dilations = tuple(dilations)
        self.conv1 = nn.Conv2d(channels, narrow, 1, bias=False)
        self.norm1 = norm(narrow)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, bias=False)  # padded by `convolve`
        self.norm2 = norm(narrow)
        self.conv3 = nn.Conv2d(narrow, channels, 1, bias=False)
        self.norm3 = norm(channels)

    def forward(
        self, maps: Sequence[Tensor], branch: int | None = None
    ) -> list[Tensor]:
        """One map a branch; with `branch` the map of that one alone."""
        dilations = self.dilations if branch is None else self.dilations[branch:][:1]
        narrow = [self.norm1(self.conv1(x)).relu() for x in maps]
        seen = convolve(narrow, self.conv2.weight, None, dilations)
        wide = [self.norm3(self.conv3(self.norm2(x).relu())) for x in seen]
        return [(x + w).relu() for x, w in zip(maps, wide, strict=True)]


@expect.annotated
def receptive_field(
    kernels: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> int:
    """How many pixels wide a stack of convolutions sees.

    1 + sum_l (k_l - 1) d_l s_1 ... s_{l-1}

    >>> receptive_field([3, 3, 3], [1, 1, 1], [3, 3, 3])
    19
    """
    if not len(kernels) == len(strides) == len(dilations):
        raise ValueError(
            f"came: {len(kernels)} kernels, {len(strides)} strides and "
            f"{len(dilations)} dilations; expected one of each for every layer"
        )
    reach, step = 1, 1
    for n, (k, s, d) in enumerate(zip(kernels, strides, dilations, strict=True)):
        numbers = {f"kernels[{n}]": k, f"strides[{n}]": s, f"dilations[{n}]": d}
        expect.whole(1, **numbers)
        reach += (k - 1) * d * step
        step *= s
    return int(reach)


def _limits(ranges: Sequence[Range], like: Tensor) -> Tensor:
    """The ranges as a tensor (R, 2), each checked."""
    if not ranges:
        raise ValueError("ranges is empty; expected (low, high), one a branch")
    for r, (low, high) in enumerate(ranges):
        if not torch.compiler.is_exporting() and not 0 <= low <= high:
            raise ValueError(
                f"ranges[{r}] is ({low}, {high}); expected 0 <= low <= high"
            )
    ends = [torch.as_tensor(end).to(like) for one in ranges for end in one]
    return torch.stack(ends).view(-1, 2)


@expect.annotated
def in_range(boxes: Tensor, ranges: Sequence[Range] = RANGES) -> Tensor:
    """Whose box is it: (N, 4) -> (R, N) bool, which a box may be for several branches.

    low_r <= sqrt(w h) <= high_r                                        (Section 4.2)
    """
    expect.shape(boxes, "N 4", "boxes")
    expect.floating(boxes=boxes)
    expect.no_nan(boxes=boxes)
    limits, side = _limits(ranges, boxes), box_side(boxes)
    return (side >= limits[:, :1]) & (side <= limits[:, 1:])


@expect.annotated
def branch_labels(
    labels: Tensor,
    anchors: Tensor,
    boxes: Tensor,
    ranges: Sequence[Range] = RANGES,
    overlap: float = 0.3,
) -> Tensor:
    """What each branch is asked of each anchor: labels (A,) -> (R, A) of 1, 0 and -1.

    labels say 1 for an object, 0 for background, -1 for no opinion, with all true boxes
    (N, 4) in view. A branch gets no opinion of anchors that overlap a box outside its
    range by more than `overlap`: it is neither to find that box nor to deny it.
    """
    A, _ = expect.shape(anchors, "A 4", "anchors")
    expect.shape(labels, "A", "labels", A=A)
    expect.indices(labels=labels)
    expect.between(-1, 1, labels=labels)
    expect.between(0, 1, overlap=overlap)
    foreign = ~in_range(boxes, ranges)  # (R, N)
    near = box_iou(anchors, boxes) > overlap  # (A, N)
    touches = (near & foreign[:, None]).any(2)  # (R, A)
    return labels.where(~touches, -1)


@expect.annotated
def merge(
    boxes: Sequence[Tensor],
    scores: Sequence[Tensor],
    ranges: Sequence[Range] = RANGES,
    iou_threshold: float = 0.5,
) -> tuple[Tensor, Tensor]:
    """Join what the branches found: each keeps its own range, and NMS does the rest.

    R times (N_r, 4) and (N_r,) -> (K, 4), (K,), the best score first.
    """
    if not len(boxes) == len(scores) == len(ranges):
        raise ValueError(
            f"came: {len(boxes)} boxes, {len(scores)} scores and {len(ranges)} ranges; "
            "expected one of each a branch"
        )
    own = [in_range(b, [r])[0] for b, r in zip(boxes, ranges, strict=True)]
    for r, (b, s) in enumerate(zip(boxes, scores, strict=True)):
        expect.shape(s, "N", f"scores[{r}]", N=len(b))
    found = torch.cat([b[mine] for b, mine in zip(boxes, own, strict=True)])
    sure = torch.cat([s[mine] for s, mine in zip(scores, own, strict=True)])
    keep = nms(found, sure, iou_threshold)
    return found[keep], sure[keep]
