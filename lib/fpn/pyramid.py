"""The Feature Pyramid Network: what deep layers know, at every size of map.

Lin et al. 2017, "Feature Pyramid Networks for Object Detection", arXiv:1612.03144;
parameter names and rounding of torchvision, whose weights load here.

Shapes: levels go from the finest map to the coarsest; N boxes x1, y1, x2, y2 in image
pixels, A anchors per place; sizes and strides are (height, width) where they are two.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib import expect

Size = tuple[int, int]  # height, width


@expect.annotated
def upsample(x: Tensor, size: Size, mode: str = "nearest") -> Tensor:
    """Enlarge maps (B, C, h, w) to a size, which need not be the double.

    Twice as large and nearest, as nearly always, is a copy into 2 x 2 places: this is
    left to broadcasting, which is quicker than any interpolation.
    """
    B, C, h, w = expect.shape(x, "B C H W", "x")
    expect.one_of(mode, ["nearest", "bilinear"], "mode")
    expect.whole(1, h=h, w=w, **{"the new height": size[0], "the new width": size[1]})
    if mode == "nearest" and tuple(size) == (2 * h, 2 * w):
        return x[:, :, :, None, :, None].expand(B, C, h, 2, w, 2).reshape(B, C, *size)
    return F.interpolate(x, tuple(size), mode=mode)


class FPN(nn.Module):
    """A 1x1 across, an addition from above, a 3x3 to smooth; nothing non-linear.

    M_l = lateral_l(C_l) + up(M_{l+1}),   P_l = smooth_l(M_l)      (Section 3, Fig. 3)

    Maps C (B, in_channels[l], H_l, W_l), finest first -> as many maps P
    (B, out_channels, H_l, W_l). What is handed down is M, before the smoothing.
    """

    @expect.annotated
    def __init__(
        self, in_channels: Sequence[int], out_channels: int, mode: str = "nearest"
    ) -> None:
        super().__init__()
        expect.one_of(mode, ["nearest", "bilinear"], "mode")
        if not in_channels:
            raise ValueError("in_channels is empty; expected one number per level.")
        expect.positive(in_channels=torch.tensor(in_channels, device="cpu"))
        expect.positive(out_channels=out_channels)
        self.in_channels, self.mode = tuple(in_channels), mode
        # Each convolution sits in a Sequential because torchvision's does.
        self.inner_blocks = nn.ModuleList(  # the lateral ones
            nn.Sequential(nn.Conv2d(C, out_channels, 1)) for C in in_channels
        )
        self.layer_blocks = nn.ModuleList(  # the smoothing ones
            nn.Sequential(nn.Conv2d(out_channels, out_channels, 3, padding=1))
            for _ in in_channels
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, a=1)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def merge(
        self,
        features: Sequence[Tensor],
        lateral: Tensor | None = None,
        top_down: Tensor | None = None,
    ) -> list[Tensor]:
        """The maps M before smoothing; see forward for the two masks."""
        levels = len(self.in_channels)
        if len(features) != levels:
            raise ValueError(
                f"features has {len(features)} maps; expected {levels}, finest first, "
                f"with {', '.join(map(str, self.in_channels))} channels."
            )
        for name, mask, n in [
            ("lateral", lateral, levels),
            ("top_down", top_down, levels - 1),
        ]:
            if mask is not None:
                expect.shape(mask, "L", name, L=n)
        for i, (x, C) in enumerate(zip(features, self.in_channels, strict=True)):
            expect.shape(x, "B C H W", f"features[{i}]", B=len(features[0]), C=C)
        merged: list[Tensor] = []
        for i in reversed(range(levels)):
            here = self.inner_blocks[i](features[i])  # (B, out, H, W)
            if lateral is not None:
                here = here * lateral[i : i + 1]
            if merged:
                above = upsample(merged[0], here.shape[2:], self.mode)
                here = here + (
                    above if top_down is None else above * top_down[i : i + 1]
                )
            merged.insert(0, here)
        return merged

    def forward(
        self,
        features: Sequence[Tensor],
        lateral: Tensor | None = None,
        top_down: Tensor | None = None,
    ) -> list[Tensor]:
        """One smoothed map per level, finest first, all with out_channels channels.

        For ablations: lateral (L,) scales the path into each level, top_down (L - 1,)
        the path from level l + 1 to level l; 0 or False cuts it.
        """
        merged = self.merge(features, lateral, top_down)
        return [smooth(m) for smooth, m in zip(self.layer_blocks, merged, strict=True)]


@expect.annotated
def assign_level(
    boxes: Tensor,
    k0: int = 4,
    canonical: float = 224,
    k_min: int = 2,
    k_max: int = 5,
) -> Tensor:
    """Choose the pyramid level whose grain fits each box: (N, 4) -> (N,) int64.

    k = floor(k0 + log2(sqrt(w h) / canonical)), kept in k_min..k_max       (Eq. 1)

    A box without area goes to k_min. The formula is a count of the thresholds
    canonical 2^(k - k0) that sqrt(w h) reaches: no logarithm to round the wrong way.
    """
    expect.shape(boxes, "N 4", "boxes")
    expect.positive(canonical=canonical)
    if k_min > k_max:
        raise ValueError(f"k_min is {k_min} and k_max {k_max}; expected k_min <= k_max")
    expect.no_nan(boxes=boxes)
    boxes = boxes.to(torch.promote_types(boxes.dtype, torch.float32))
    w, h = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).unbind(1)
    area = w * h
    level = torch.full_like(area, k_min, dtype=torch.int64)
    for k in range(k_min + 1, k_max + 1):
        level = level + (area >= (canonical * 2.0 ** (k - k0)) ** 2)
    return level


def _pair(x: int | Size) -> Size:
    return (x[0], x[1]) if isinstance(x, tuple | list) else (x, x)


def _per_level(ratios: Sequence, levels: int) -> list:
    """Ratios as given for all levels, or one sequence of them per level."""
    nested = len(ratios) and isinstance(ratios[0], Sequence)
    return list(ratios) if nested else [ratios] * levels


@expect.annotated
def anchors(
    feature_sizes: Sequence[Size],
    strides: Sequence[int | Size],
    sizes: Sequence[float | Sequence[float]],
    ratios: Sequence[float] | Sequence[Sequence[float]],
) -> list[Tensor]:
    """Lay boxes over each level: a list of (H W A, 4), centred at index x stride.

    A base box has area size^2 and height / width = ratio, its corners rounded to whole
    pixels (half to even, as torchvision's). The order is row, column, ratio, size. A
    level's size is a number or several; ratios are common, or one sequence per level.
    """
    levels = len(feature_sizes)
    common = _per_level(ratios, levels)
    if not levels == len(strides) == len(sizes) == len(common):
        raise ValueError(
            f"came: {levels} feature_sizes, {len(strides)} strides, {len(sizes)} sizes"
            f", {len(common)} lists of ratios; expected equal numbers, one per level."
        )
    if not all(common):
        raise ValueError("ratios is empty; expected at least one, height / width.")
    boxes = []
    for (H, W), stride, size, shapes in zip(
        feature_sizes, strides, sizes, common, strict=True
    ):
        side = torch.as_tensor(size, dtype=torch.float32).reshape(-1)
        root = torch.as_tensor(shapes, dtype=torch.float32).sqrt()
        expect.positive(sizes=side, ratios=root)
        h, w = (torch.outer(r, side).flatten() for r in (root, 1 / root))  # (A,)
        base = (torch.stack([-w, -h, w, h], 1) / 2).round()  # (A, 4)
        dy, dx = _pair(stride)
        y, x = torch.meshgrid(torch.arange(H) * dy, torch.arange(W) * dx, indexing="ij")
        centres = torch.stack([x, y, x, y], 2).reshape(-1, 1, 4)  # (H W, 1, 4)
        boxes.append((centres + base).reshape(-1, 4))
    return boxes
