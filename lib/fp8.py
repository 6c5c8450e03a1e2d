"""FP8: eight-bit numbers that keep their range by carrying a scale per tile.

DeepSeek-AI 2024, "DeepSeek-V3 Technical Report", arXiv:2412.19437, section 3.3, and
the official kernel.py. The format is E4M3: up to 448, 3 bits of mantissa, no infinity.
"""

from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from lib import expect

E4M3_MAX = 448.0
Tile = int | tuple[int, int]  # along the last dimension, or rows and columns


def _pair(tile: Tile) -> tuple[int, int]:
    rows, columns = (1, tile) if isinstance(tile, int) else tile
    expect.positive(tile=min(rows, columns))
    return rows, columns


def _spread(scale: Tensor, tile: Tile, shape: torch.Size) -> Tensor:
    """Every number's scale: tiles (..., h, w) -> (..., rows, columns)."""
    rows, columns = _pair(tile)
    h, w = scale.shape[-2:] if scale.dim() > 1 else (1, scale.shape[-1])
    full = scale.reshape(*scale.shape[:-2], h, 1, w, 1)
    full = full.expand(*full.shape[:-4], h, rows, w, columns)
    full = full.flatten(-2).flatten(-3, -2)[..., : shape[-1]]  # (..., h rows, columns)
    return full[..., : shape[-2] if len(shape) > 1 else 1, :].reshape(shape)


@expect.annotated
def quantize(
    x: Tensor, tile: Tile = 128, power_of_two: bool = False
) -> tuple[Tensor, Tensor]:
    """Round x to codes = x / scale, one scale per tile; the nearest code, ties to even.

    scale = max(amax of the tile, 1e-4) / 448, so that the largest number becomes 448;
    power_of_two rounds it up to one, as in V3.1.

    tile n: x (..., K) -> scale (..., K / n), as for activations (n = 128). tile (a, b):
    x (..., M, K) -> scale (..., M / a, K / b), as for weights (128, 128). A last tile
    may be shorter. codes are float8_e4m3fn, of the shape of x; scales are float32, or
    float64 as x is.
    """
    expect.floating(x=x)
    x = x.to(torch.promote_types(x.dtype, torch.float32))  # half rounds scales away
    expect.shape(x, "... K" if isinstance(tile, int) else "... M K", "x")
    rows, columns = _pair(tile)
    grid = x if x.dim() > 1 else x[None]
    M, K = grid.shape[-2:]
    grid = F.pad(grid, (0, -K % columns, 0, -M % rows)).abs()
    tiles = grid.unflatten(-1, (-1, columns)).unflatten(-3, (-1, rows))
    scale = tiles.amax((-3, -1)).clamp(min=1e-4) / E4M3_MAX  # (..., h, w)
    if power_of_two:
        scale = scale.log2().ceil().exp2()
    if x.dim() == 1:
        scale = scale[0]
    codes = x / _spread(scale, tile, x.shape)
    return codes.to(torch.float8_e4m3fn), scale


@expect.annotated
def dequantize(codes: Tensor, scale: Tensor, tile: Tile = 128) -> Tensor:
    """The numbers that codes and their scales stand for: codes * scale, as `quantize`.

    codes (..., K) or (..., M, K), scale as quantize gives it for that tile.
    """
    expect.shape(codes, "... K" if isinstance(tile, int) else "... M K", "codes")
    expect.tensor(scale=scale)
    rows, columns = _pair(tile)
    want = [*codes.shape[:-1], -(-codes.shape[-1] // columns)]
    if rows > 1:
        want[-2] = -(-want[-2] // rows)
    if list(scale.shape) != want:
        raise ValueError(
            f"scale has shape {tuple(scale.shape)}; codes {tuple(codes.shape)} in "
            f"tiles of {tile} have {tuple(want)} scales."
        )
    return codes.to(scale.dtype) * _spread(scale, tile, codes.shape)


@expect.annotated
def fp8_matmul(
    a: Tensor,
    b: Tensor,
    tile: int = 128,
    accumulate: int = 128,
    bits: int | None = None,
) -> Tensor:
    """The product a b as tensor cores make it from FP8: (M, K), (K, N) -> (M, N).

    a is quantised in tiles of 1 x tile, b of tile x tile. Each run of `accumulate`
    products has a sum of its own; these are added in full precision (section 3.3.2).
    With `bits`, the sums inside a run keep that many bits of mantissa after every 32
    products and lose the rest, as the hardware's short accumulator does (about 14).
    """
    K = expect.shape(a, "M K", "a")[1]
    expect.shape(b, "K N", "b", K=K)
    expect.positive(accumulate=accumulate)
    expect.whole(1, **{} if bits is None else {"bits": bits})
    left = dequantize(*quantize(a, tile), tile)
    right = dequantize(*quantize(b, (tile, tile)), (tile, tile))
    short = -K % accumulate
    left = F.pad(left, (0, short)).unflatten(1, (-1, accumulate)).transpose(0, 1)
    right = F.pad(right, (0, 0, 0, short)).unflatten(0, (-1, accumulate))
    if bits is None:
        return (left @ right).sum(0)  # (runs, M, N) -> (M, N)
    partial = left.new_zeros(len(left), len(a), b.shape[1])
    for x, y in zip(left.split(32, 2), right.split(32, 1), strict=True):
        partial = _truncate(partial + x @ y, bits)
    return partial.sum(0)


@expect.annotated
def round_trip(x: Tensor, tile: Tile | None = 128) -> Tensor:
    """What is left of x after a trip through FP8; tile None: cast, with no scale."""
    if tile is None:
        return x.to(torch.float8_e4m3fn).to(x.dtype)
    return dequantize(*quantize(x, tile), tile)


@expect.annotated
def fp8_linear(
    x: Tensor, weight: Tensor, tile: int | Literal["tensor"] | None = 128
) -> Tensor:
    """x W^T with all three matrix products of training in FP8 (section 3.3.1).

    Forward x W^T, and backward dx = dy W and dW = dy^T x: activations and gradients
    are quantised in runs of `tile` along the dimension that is summed over, weights in
    squares; "tensor" gives each matrix a single scale, and None casts without any.
    x (..., K), weight (N, K) -> (..., N).
    """
    N, K = expect.shape(weight, "N K", "weight")
    expect.shape(x, "... K", "x", K=K)
    if isinstance(tile, str):
        expect.one_of(tile, ["tensor"], "tile")
    return _Linear.apply(x.reshape(-1, K), weight, tile).reshape(*x.shape[:-1], N)


def _rounded(x: Tensor, tile: int | str | None, square: bool = False) -> Tensor:
    """A trip through FP8, in runs of `tile`, in squares, or all with one scale."""
    if isinstance(tile, str):
        return round_trip(x, (len(x), x.shape[1]))
    return round_trip(x, (tile, tile) if tile and square else tile)


class _Linear(torch.autograd.Function):
    @staticmethod
    def forward(x: Tensor, weight: Tensor, tile: int | str | None) -> Tensor:
        return _rounded(x, tile) @ _rounded(weight, tile, square=True).T

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Tensor) -> None:
        *saved, ctx.tile = inputs
        ctx.save_for_backward(*saved)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        (grad,), (x, weight), tile = grads, ctx.saved_tensors, ctx.tile
        dx = _rounded(grad, tile) @ _rounded(weight, tile, square=True)
        by_token = _rounded(grad.T, tile), _rounded(x.T, tile)  # sums over tokens
        return dx, by_token[0] @ by_token[1].T, None


def _truncate(x: Tensor, bits: int) -> Tensor:
    """Keep the first `bits` bits of each number's mantissa."""
    mantissa, exponent = torch.frexp(x)
    return torch.ldexp(torch.trunc(mantissa * 2**bits) / 2**bits, exponent)
