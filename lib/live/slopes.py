"""What torch leaves whole when a kernel takes slopes, as simpler operations."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

aten = torch.ops.aten


def _convolution(*given: Any) -> Any:
    """That of the image, the kernels and the bias, as far as they are wanted.

    The second is a convolution that takes channels for images and images for channels.
    """
    slope, x, weight, _, stride, padding, dilation, transposed, *rest = given
    _, groups, wanted = rest
    of_x = of_weight = None
    plane = slope.dim() - 2
    if wanted[0]:
        beyond = [0] * plane
        if not transposed:
            settings = zip(stride, padding, dilation, strict=True)
            for axis, (step, edge, gap) in enumerate(settings):
                n, k = slope.shape[2 + axis], weight.shape[2 + axis]
                reached = (n - 1) * step - 2 * edge + gap * (k - 1) + 1
                beyond[axis] = x.shape[2 + axis] - reached
        how = stride, padding, dilation, not transposed, beyond, groups
        of_x = aten.convolution(slope, weight, None, *how)
    if wanted[1]:
        image, kernel = (slope, x) if transposed else (x, slope)
        N, C, *size = image.shape
        image = image.view(N, groups, C // groups, *size).transpose(0, 2)
        image = image.reshape(C // groups, groups * N, *size)
        how = dilation, padding, stride, False, [0] * plane, groups
        of_weight = aten.convolution(image, kernel.transpose(0, 1), None, *how)
        for axis, n in enumerate(weight.shape[2:], 2):
            of_weight = of_weight.narrow(axis, 0, n)
        of_weight = of_weight.transpose(0, 1)
    axes = [0, *range(2, slope.dim())]
    return of_x, of_weight, slope.sum(axes) if wanted[2] else None


def _separable(slope: Tensor, size: Sequence[int], f: Callable) -> Tensor:
    """That of an image whose axes f(image, axis), linear, changed one by one."""
    H, W = size[-2:]
    rows = f(torch.eye(H).view(1, H, H, 1), 0).view(H, -1)
    columns = f(torch.eye(W).view(1, W, 1, W), 1).view(W, -1)
    return rows @ slope @ columns.T


def _along(pair: Any, axis: int, other: Any = 1) -> list[Any]:
    """A setting for two axes: its own for one of them, `other` for the other."""
    own = pair[axis if len(pair) == 2 else 0]
    return [other, own] if axis else [own, other]


def _nearest(
    slope: Tensor, to: Any, size: list[int], high: Any = None, wide: Any = None
) -> Tensor:
    def one(x: Tensor, axis: int) -> Tensor:
        scales = _along([high, wide], axis, None)
        return aten.upsample_nearest2d(x, _along(to, axis), *scales)

    return _separable(slope, size, one)


def _bilinear(
    slope: Tensor, to: Any, size: Any, corners: bool, high: Any = None, wide: Any = None
) -> Tensor:
    def one(x: Tensor, axis: int) -> Tensor:
        scales = _along([high, wide], axis, None)
        return aten.upsample_bilinear2d(x, _along(to, axis), corners, *scales)

    return _separable(slope, size, one)


def _avg_pool(slope: Tensor, x: Tensor, *settings: Any) -> Any:
    kernel, stride, padding, *how, divisor = settings
    if divisor is not None:
        return NotImplemented

    def one(x: Tensor, axis: int) -> Tensor:
        steps = _along(stride or kernel, axis)
        edges = _along(padding, axis, 0)
        return aten.avg_pool2d(x, _along(kernel, axis), steps, edges, *how)

    return _separable(slope, x.shape, one)


def _adaptive_pool(slope: Tensor, x: Tensor) -> Tensor:
    def one(x: Tensor, axis: int) -> Tensor:
        return aten._adaptive_avg_pool2d(x, _along(slope.shape[-2:], axis))

    return _separable(slope, x.shape, one)


def _cdist(slope: Tensor, a: Tensor, b: Tensor, p: float, gap: Tensor) -> Any:
    if p != 2:
        return NotImplemented
    rate = torch.where(gap > 0, slope / gap, 0.0)
    return rate.sum(-1, keepdim=True) * a - rate @ b


SLOPES: dict[Any, Callable] = {
    aten.convolution_backward.default: _convolution,
    aten.upsample_nearest2d_backward.default: _nearest,
    aten.upsample_bilinear2d_backward.default: _bilinear,
    aten.avg_pool2d_backward.default: _avg_pool,
    aten._adaptive_avg_pool2d_backward.default: _adaptive_pool,
    aten._cdist_backward.default: _cdist,
}
