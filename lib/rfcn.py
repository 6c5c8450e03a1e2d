"""R-FCN and the operators around it: a region of a map becomes a k x k grid of bins.

Dai et al. 2016, "R-FCN", arXiv:1605.06409 (ps_roi_pool), with RoI pooling of Fast
R-CNN, arXiv:1504.08083, and RoIAlign of Mask R-CNN, arXiv:1703.06870; rounding as in
the authors' own code.

The two axes are apart: bin (i, j) weighs pixel (y, x) by Y[i, y] X[j, x], Y (R, k, H),
X (R, k, W). R regions (batch index, x1, y1, x2, y2 in image pixels), C channels.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from lib import expect
from lib.detection.boxes import box_iou, decode_boxes, encode_boxes, kept, nms

__all__ = [
    "box_iou",
    "decode_boxes",
    "encode_boxes",
    "kept",
    "nms",
    "ps_roi_align",
    "ps_roi_pool",
    "roi_align",
    "roi_pool",
]

Size = int | tuple[int, int]  # one side, or height and width


@expect.annotated
def roi_pool(
    features: Tensor, rois: Tensor, output_size: Size, spatial_scale: float
) -> Tensor:
    """RoI pooling: the largest number in each bin, all edges on whole pixels.

    (B, C, H, W), (R, 5) -> (R, C, k, k). The region's corners are rounded on the map,
    the last pixel included; bins reach from floor to ceil, so neighbours may overlap.
    An empty bin gives 0.
    """
    H, W = expect.shape(features, "B C H W", "features")[2:]
    batch, corners = _check(features, rois, spatial_scale)
    start, end = _round(corners * spatial_scale).chunk(2, dim=1)
    size = (end - start + 1).clamp(min=1)
    kh, kw = _pair(output_size)
    Y = _covered(start[:, 1], size[:, 1], kh, H)
    X = _covered(start[:, 0], size[:, 0], kw, W)
    if _dense(rois):
        return _dense_max(features.index_select(0, batch), Y, X)
    return _bags(_rows(features), batch[:, None, None] * (H * W), Y, X, "max")


@expect.annotated
def roi_align(
    features: Tensor,
    rois: Tensor,
    output_size: Size,
    spatial_scale: float,
    sampling_ratio: int = 0,
    aligned: bool = False,
) -> Tensor:
    """RoIAlign: each bin is the mean of a grid of samples, and nothing is rounded.

    (B, C, H, W), (R, 5) -> (R, C, k, k). A sample is interpolated between four pixels;
    beyond the map by more than one pixel it is 0. A bin has sampling_ratio samples a
    side, or where that is 0 one per pixel, rounded up. With aligned=True a
    pixel's centre is half a pixel off its index; without, each region is one large.
    """
    H, W = expect.shape(features, "B C H W", "features")[2:]
    expect.whole(0, sampling_ratio=sampling_ratio)
    batch, corners = _check(features, rois, spatial_scale)
    kh, kw = _pair(output_size)
    box = corners * spatial_scale - (0.5 if aligned else 0.0)
    least = None if aligned else 1.0
    Y = _sampled(box[:, 1], box[:, 3], kh, H, sampling_ratio, least).to(features)
    X = _sampled(box[:, 0], box[:, 2], kw, W, sampling_ratio, least).to(features)
    if _dense(rois):
        ours = features.index_select(0, batch)  # (R, C, H, W)
        return torch.einsum("rcyx,riy,rjx->rcij", ours, Y, X)
    return _bags(_rows(features), batch[:, None, None] * (H * W), Y, X, "sum")


@expect.annotated
def ps_roi_pool(
    score_maps: Tensor, rois: Tensor, k: int, spatial_scale: float
) -> Tensor:
    """Position-sensitive RoI pooling: bin (i, j) is a mean of its own maps.

    r_c(i, j) = mean over bin (i, j) of z_{c, i, j}                  (Eq. 1)

    (B, C k k, H, W), (R, 5) -> (R, C, k, k), class-major: class c and bin (i, j) read
    channel (c k + i) k + j. The image corners are rounded, the last pixel included, and
    only then scaled, as in the authors' code; on the map the bins keep their fractions
    and reach from floor to ceil. No voting in here: that is .mean((2, 3)).
    """
    batch, corners = _check(score_maps, rois, spatial_scale)
    H, W = _grouped(score_maps, k).shape[-2:]
    start, end = _round(corners).chunk(2, dim=1)
    start, end = start * spatial_scale, (end + 1) * spatial_scale
    size = (end - start).clamp(min=0.1)
    Y = _covered(start[:, 1], size[:, 1], k, H)
    X = _covered(start[:, 0], size[:, 0], k, W)
    return _position_sensitive(score_maps, batch, Y, X, "mean")


@expect.annotated
def ps_roi_align(
    score_maps: Tensor,
    rois: Tensor,
    k: int,
    spatial_scale: float,
    sampling_ratio: int = 0,
) -> Tensor:
    """Position-sensitive RoIAlign: ps_roi_pool's channels, roi_align's aligned samples.

    (B, C k k, H, W), (R, 5) -> (R, C, k, k).
    """
    expect.whole(0, sampling_ratio=sampling_ratio)
    batch, corners = _check(score_maps, rois, spatial_scale)
    H, W = _grouped(score_maps, k).shape[-2:]
    box = corners * spatial_scale - 0.5
    Y = _sampled(box[:, 1], box[:, 3], k, H, sampling_ratio, None).to(score_maps)
    X = _sampled(box[:, 0], box[:, 2], k, W, sampling_ratio, None).to(score_maps)
    return _position_sensitive(score_maps, batch, Y, X, "sum")


def _check(maps: Tensor, rois: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """Split checked rois into batch indices (R,) and corners (R, 4)."""
    B, _, H, W = expect.shape(maps, "B C H W", "the map")
    expect.shape(rois, "R 5", "rois")  # batch index, x1, y1, x2, y2
    expect.floating(**{"the map": maps, "rois": rois})
    expect.positive(spatial_scale=scale, **{"the map's height": H, "its width": W})
    expect.between(0, B - 1, **{"rois[:, 0], the batch index,": rois[:, 0]})
    expect.between(-1e9, 1e9, rois=rois)
    rois = rois.to(torch.promote_types(rois.dtype, torch.float32))
    return rois[:, 0].long(), rois[:, 1:]


def _pair(size: Size) -> tuple[int, int]:
    height, width = size if isinstance(size, tuple | list) else (size, size)
    expect.positive(output_size=min(height, width))
    return height, width


def _round(x: Tensor) -> Tensor:
    """Round half away from zero, as C does; torch.round goes to the even number."""
    whole = x.trunc()
    return whole + x.sign() * ((x - whole).abs() >= 0.5)


def _covered(start: Tensor, size: Tensor, k: int, pixels: int) -> Tensor:
    """Which pixels of an axis lie in which of k bins: (R,), (R,) -> (R, k, pixels)."""
    i = torch.arange(k, device=start.device)
    step = size[:, None] / k
    low = (start[:, None] + i * step).floor()[..., None]  # (R, k, 1)
    high = (start[:, None] + (i + 1) * step).ceil()[..., None]
    pixel = torch.arange(pixels, device=start.device)
    return (low <= pixel) & (pixel < high)


def _sampled(
    start: Tensor, end: Tensor, k: int, pixels: int, ratio: int, least: float | None
) -> Tensor:
    """How much each pixel of an axis counts in each bin: -> (R, k, pixels)."""
    size = end - start if least is None else (end - start).clamp(min=least)
    step = (size / k)[:, None]  # (R, 1)
    if ratio > 0:
        samples, most = torch.full_like(step, ratio), ratio
    elif torch.compiler.is_exporting():
        raise ValueError(f"sampling_ratio is {ratio}; a traced kernel needs 1 or more.")
    else:
        samples = step.ceil().clamp(min=0)
        most = int(samples.max()) if len(samples) else 0
    edge = start[:, None] + torch.arange(k, device=start.device) * step  # (R, k)
    pixel = torch.arange(pixels, device=start.device)
    weights = torch.zeros(len(start), k, pixels).to(start)
    for s in range(most):
        y = edge + (s + 0.5) * step / samples.clamp(min=1)
        counts = (y >= -1) & (y <= pixels) & (s < samples)
        near = 1 - (y.clamp(0, pixels - 1)[..., None] - pixel).abs()  # a tent around y
        weights = weights + near.clamp(min=0) * counts[..., None]
    return weights / samples.clamp(min=1)[..., None]


def _grouped(score_maps: Tensor, k: int) -> Tensor:
    """(B, C k k, H, W) -> (B, C, k, k, H, W)."""
    channels = score_maps.shape[1]
    if k < 1 or channels % k**2:
        raise ValueError(
            f"score_maps has {channels} channels and k is {k}; expected a multiple of "
            f"k^2 = {k**2}, one map for each class and bin."
        )
    return score_maps.unflatten(1, (-1, k, k))


def _position_sensitive(
    maps: Tensor, batch: Tensor, Y: Tensor, X: Tensor, mode: str
) -> Tensor:
    """A weighted sum, or a mean, where bin (i, j) reads maps of its own.

    (B, C k k, H, W), batch (R,), Y (R, k, H), X (R, k, W) -> (R, C, k, k).
    """
    k, H, W = Y.shape[1], Y.shape[2], X.shape[2]
    grouped = _grouped(maps, k)  # (B, C, k, k, H, W)
    if _dense(batch):
        ours = grouped.index_select(0, batch)
        Y, X = Y.to(maps), X.to(maps)
        out = torch.einsum("rcijyx,riy,rjx->rcij", ours, Y, X)
        each = Y.sum(2)[:, None, :, None] * X.sum(2)[:, None, None]  # (R, 1, k, k)
        return out / each.clamp(min=1) if mode == "mean" else out
    bins = torch.arange(k * k, device=batch.device).reshape(1, k, k)
    first = (batch[:, None, None] * k * k + bins) * (H * W)  # (R, k, k)
    rows = grouped.permute(0, 2, 3, 4, 5, 1).reshape(-1, grouped.shape[1])
    return _bags(rows, first, Y, X, mode)


def _dense(rois: Tensor) -> bool:
    """Whether to multiply whole matrices: slow, but traceable; also for no regions."""
    return torch.compiler.is_exporting() or len(rois) == 0


def _dense_max(x: Tensor, Y: Tensor, X: Tensor) -> Tensor:
    """The largest of (R, C, H, W) in each bin, one axis after the other."""
    least = torch.finfo(x.dtype).min
    x = x[:, :, :, None].masked_fill(~X[:, None, None], least).amax(4)  # (R, C, H, k)
    x = x[:, :, None].masked_fill(~Y[:, None, ..., None], least).amax(3)
    return x * (Y.any(2)[:, None, :, None] & X.any(2)[:, None, None])  # (R, C, k, k)


def _rows(features: Tensor) -> Tensor:
    """Pixels as rows of channels: (B, C, H, W) -> (B H W, C)."""
    return features.permute(0, 2, 3, 1).flatten(0, 2)


def _bags(rows: Tensor, first: Tensor, Y: Tensor, X: Tensor, mode: str) -> Tensor:
    """Reduce each bin's pixels: a bin is a bag of rows, as words are in a text.

    first (R, k, k) or (R, 1, 1) is the row of the bin's pixel (0, 0). Only pixels that
    count are visited, which makes this several times faster than matrix products.
    """
    ny = (Y != 0).sum(2)[:, :, None]  # (R, k, 1)
    nx = (X != 0).sum(2)[:, None]  # (R, 1, k)
    each = ny * nx  # pixels of each bin, (R, k, k)
    count = each.flatten()
    offsets = count.cumsum(0) - count
    bag = torch.arange(len(count), device=count.device).repeat_interleave(count)
    place = torch.arange(len(bag), device=count.device) - offsets[bag]  # in its bag
    before_y = (ny.flatten().cumsum(0) - ny.flatten()).reshape(ny.shape)
    before_x = (nx.flatten().cumsum(0) - nx.flatten()).reshape(nx.shape)
    wide = nx.expand_as(each).flatten()[bag]
    y = before_y.expand_as(each).flatten()[bag] + place // wide  # among all non-zeros
    x = before_x.expand_as(each).flatten()[bag] + place % wide
    row = first.expand_as(each).flatten()[bag]
    row = row + Y.nonzero()[y, 2] * X.shape[2] + X.nonzero()[x, 2]
    rows = rows.contiguous()  # a copy costs less than rows whose numbers lie far apart
    weights = Y[Y != 0][y] * X[X != 0][x] if mode == "sum" else None
    out = F.embedding_bag(row, rows, offsets, mode=mode, per_sample_weights=weights)
    return out.unflatten(0, each.shape).permute(0, 3, 1, 2)  # (R, C, k, k)
