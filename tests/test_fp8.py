"""FP8 against a loop over tiles, the format's own limits and the official order."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import fp8

size = st.integers(1, 7)


def quantize_loop(x, rows, columns):
    codes, scales = torch.empty_like(x), []
    for i in range(0, x.shape[0], rows):
        scales.append([])
        for j in range(0, x.shape[1], columns):
            tile = x[i : i + rows, j : j + columns]
            scale = max(tile.abs().max().item(), 1e-4) / 448
            codes[i : i + rows, j : j + columns] = tile / scale
            scales[-1].append(scale)
    return codes.to(torch.float8_e4m3fn), torch.tensor(scales)


def error(got, want):
    return ((got - want).abs().mean() / want.abs().mean()).item()


@pytest.mark.slow
@settings(max_examples=40)
@given(size, size, size, st.integers(1, 4), st.integers(1, 4))
def test_quantize_is_the_loop(B, M, K, rows, columns):
    x = torch.randn(B, M, K) * torch.randn(M, K).exp()
    codes, scale = fp8.quantize(x, (rows, columns))
    line_codes, line_scale = fp8.quantize(x, columns)
    for b in range(B):
        want_codes, want_scale = quantize_loop(x[b], rows, columns)
        torch.testing.assert_close(scale[b], want_scale)
        near = (codes[b].float() - want_codes.float()).abs()
        assert (near <= want_codes.float().abs() / 8 + 2**-9).all()  # one step
        torch.testing.assert_close(line_scale[b], quantize_loop(x[b], 1, columns)[1])
    back = fp8.dequantize(codes, scale, (rows, columns))
    assert ((back - x).abs() <= x.abs() / 16 + 2**-9 * scale.max()).all()
    flat_codes, flat_scale = fp8.quantize(x[0, 0], columns)
    assert torch.equal(flat_codes.float(), line_codes[0, 0].float())
    assert torch.equal(flat_scale, line_scale[0, 0])
    torch.testing.assert_close(
        fp8.dequantize(flat_codes, flat_scale, columns),
        fp8.dequantize(line_codes, line_scale, columns)[0, 0],
    )


def test_the_largest_number_becomes_448_and_ties_go_to_even():
    x = torch.tensor([448.0, 19.0, 17.0, -448.0])  # a scale of 1
    codes, scale = fp8.quantize(x, 4)
    assert codes.dtype == torch.float8_e4m3fn
    assert scale.tolist() == [1.0]
    assert codes.float().tolist() == [448, 20, 16, -448]


def test_zeros_stay_zeros():
    codes, scale = fp8.quantize(torch.zeros(2, 8), 4)
    assert (fp8.dequantize(codes, scale, 4) == 0).all()
    torch.testing.assert_close(scale, torch.full((2, 2), 1e-4 / 448))


def test_power_of_two_scales_never_overflow():
    x = torch.randn(8, 256)
    codes, scale = fp8.quantize(x, 128, power_of_two=True)
    plain = fp8.quantize(x, 128)[1]
    assert (torch.frexp(scale).mantissa == 0.5).all()
    assert ((scale >= plain) & (scale < 2 * plain)).all()
    assert error(fp8.dequantize(codes, scale, 128), x) < 0.03


def test_an_outlier_harms_its_own_tile_alone():
    x = torch.randn(64, 1024)
    rest = x[:, 128:].clone()
    for size, low, high in [(1e3, 0.0, 0.03), (1e5, 0.3, 0.6)]:
        x[:, 0] = size * torch.randn(64)
        x[0, 0] = size  # the largest is at least this
        whole = fp8.dequantize(*fp8.quantize(x, (64, 1024)), (64, 1024))[:, 128:]
        tiles = fp8.dequantize(*fp8.quantize(x, 128), 128)[:, 128:]
        assert low < error(whole, rest) < high  # floating point: x1000 is still fine
        assert error(tiles, rest) < 0.03


def official_order(a, b, tile):
    """kernel.py: a dot of codes for each tile of K, times both scales, added up."""
    a8, a_scale = fp8.quantize(a, tile)
    b8, b_scale = fp8.quantize(b, (tile, tile))
    out = torch.zeros(len(a), b.shape[1])
    for i, k in enumerate(range(0, a.shape[1], tile)):
        dot = a8[:, k : k + tile].float() @ b8[k : k + tile].float()
        columns = b_scale[i].repeat_interleave(tile)[: b.shape[1]]
        out += dot * a_scale[:, i, None] * columns
    return out


@settings(max_examples=20)
@given(size, st.integers(1, 20), size, st.integers(1, 6), st.integers(1, 9))
def test_matmul_is_the_official_order(M, K, N, tile, accumulate):
    a, b = torch.randn(M, K), torch.randn(K, N)
    got = fp8.fp8_matmul(a, b, tile, accumulate)
    torch.testing.assert_close(got, official_order(a, b, tile), rtol=1e-5, atol=1e-5)


def test_matmul_is_near_the_true_product():
    a, b = torch.rand(8, 300), torch.rand(300, 8)
    assert 1e-5 < error(fp8.fp8_matmul(a, b), a @ b) < 0.01


def test_a_short_accumulator_errs_and_promotion_helps():
    a, b = torch.rand(8, 4096), torch.rand(4096, 8)
    exact = fp8.fp8_matmul(a, b)
    never = error(fp8.fp8_matmul(a, b, accumulate=4096, bits=11), exact)
    often = error(fp8.fp8_matmul(a, b, accumulate=128, bits=11), exact)
    assert never > 0.01
    assert often < never / 10
    assert error(fp8.fp8_matmul(a, b, bits=24), exact) < 1e-5


def linear_loop(x, weight, grad, tile):
    """Forward and both gradients, each operand quantised by the loop over tiles."""

    def narrow(z, rows, columns):
        codes, scales = quantize_loop(z, rows, columns)
        scales = scales.repeat_interleave(rows, 0)[: len(z)]
        return codes.float() * scales.repeat_interleave(columns, 1)[:, : z.shape[1]]

    w = narrow(weight, tile, tile)
    out = narrow(x, 1, tile) @ w.T
    dx = narrow(grad, 1, tile) @ w
    dw = narrow(grad, tile, 1).T @ narrow(x, tile, 1)  # runs of tokens
    return out, dx, dw


@settings(max_examples=15)
@given(st.integers(2, 9), st.integers(2, 9), st.integers(2, 9), st.integers(1, 5))
def test_linear_and_its_gradients_are_the_loop(T, K, N, tile):
    x, w = torch.randn(T, K, requires_grad=True), torch.randn(N, K, requires_grad=True)
    grad = torch.randn(T, N) * 1e-3
    out = fp8.fp8_linear(x, w, tile)
    got = out, *torch.autograd.grad(out, (x, w), grad)
    wants = linear_loop(x.detach(), w.detach(), grad, tile)
    for a, b in zip(got, wants, strict=True):  # a tie may round either way
        assert (a - b).abs().max() <= 0.13 * b.abs().max() + 1e-6
        assert error(a, b) < 0.02


def test_linear_is_near_the_true_one_and_keeps_shapes():
    x, w = torch.randn(2, 3, 40), torch.randn(5, 40)
    assert fp8.fp8_linear(x, w, 16).shape == (2, 3, 5)
    assert error(fp8.fp8_linear(x, w, 16), x @ w.T) < 0.06


def test_without_a_scale_small_gradients_are_lost():
    x, w = torch.randn(4, 8), torch.randn(3, 8, requires_grad=True)
    grad = torch.full((4, 3), 1e-4)  # below half of the smallest code, 2^-9
    lost = torch.autograd.grad(fp8.fp8_linear(x, w, None), w, grad)[0]
    kept = torch.autograd.grad(fp8.fp8_linear(x, w, 4), w, grad)[0]
    assert (lost == 0).all() and error(kept, grad.T @ x) < 0.1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_export():
    class Figure(torch.nn.Module):
        def forward(self, x):
            codes, scale = fp8.quantize(x, 4)
            square, wide = fp8.quantize(x, (2, 4))
            back = fp8.dequantize(codes, scale, 4), fp8.dequantize(square, wide, (2, 4))
            return *back, fp8.fp8_matmul(x, x.T, 4, 4)

    x = torch.randn(6, 10)
    program = torch.export.export(Figure(), (x,)).run_decompositions()
    torch.testing.assert_close(program.module()(3 * x), Figure()(3 * x))


ones = torch.ones


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: fp8.quantize(ones(4), 0), "tile holds 0"),
        (lambda: fp8.quantize(ones(4), (2, 2)), "M, K"),
        (lambda: fp8.dequantize(ones(4, 4), ones(4, 1), 2), r"\(4, 2\) scales"),
        (lambda: fp8.dequantize(ones(4, 4), ones(4, 2), (2, 2)), r"\(2, 2\) scales"),
        (lambda: fp8.fp8_matmul(ones(2, 3), ones(4, 2)), "K=3"),
        (lambda: fp8.fp8_matmul(ones(2, 3), ones(3, 2), 2, 0), "accumulate holds 0"),
        (lambda: fp8.fp8_linear(ones(2, 3), ones(2, 4)), "K=4"),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_whole_numbers_are_refused():
    with pytest.raises(TypeError, match="real numbers"):
        fp8.quantize(ones(4, dtype=torch.int64), 2)


def test_one_scale_for_each_matrix_and_slopes_by_torch_func():
    x, weight = torch.randn(6, 5), torch.randn(4, 5)
    trip = fp8.round_trip
    left, right = trip(x, (6, 5)), trip(weight, (4, 5))
    torch.testing.assert_close(fp8.fp8_linear(x, weight, "tensor"), left @ right.T)
    slope = torch.func.grad(lambda x: fp8.fp8_linear(x, weight, "tensor").sum())(x)
    torch.testing.assert_close(slope, torch.ones(6, 4) @ right)
    with pytest.raises(ValueError, match="tile is 'row'"):
        fp8.fp8_linear(x, weight, "row")


def test_half_precision_keeps_the_largest_number_of_a_tile():
    x = torch.full((128,), 1.2e-4).half()
    codes, scale = fp8.quantize(x)
    assert scale.dtype == torch.float32
    assert codes.float().max() == 448
