"""VQGAN's kernels against loops, printed numbers and gradients by hand."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from javascript import traced
from torch import nn

from lib import vqgan
from lib.efficientnet import EfficientNet

few = st.integers(1, 5)


def close(got, want, near=1e-6):
    got, want = (torch.as_tensor(x, dtype=torch.float64) for x in (got, want))
    torch.testing.assert_close(got, want, rtol=0, atol=near)


def quantizer(codes, kind=vqgan.VectorQuantizer, **options):
    codes = torch.tensor(codes)
    found = kind(*codes.shape, **options)
    found.codebook.data.copy_(codes)
    return found


# The nearest code


def nearest_loop(z, codebook):
    found = []
    for vector in z.tolist():
        best, least = 0, math.inf
        for k, code in enumerate(codebook.tolist()):
            distance = sum((a - b) ** 2 for a, b in zip(vector, code, strict=True))
            if distance < least:  # an equal one, further on, does not win
                best, least = k, distance
        found.append(best)
    return torch.tensor(found)


@settings(max_examples=40)
@given(few, st.integers(1, 40), few, st.integers(0, 99))
def test_nearest_is_its_loop_even_where_distances_are_equal(N, K, D, seed):
    g = torch.Generator().manual_seed(seed)  # halves of small integers: many ties
    z = torch.randint(-4, 5, (N, D), generator=g) / 2
    codebook = torch.randint(-2, 3, (K, D), generator=g).float()
    assert torch.equal(vqgan.nearest_code(z, codebook), nearest_loop(z, codebook))


@pytest.mark.parametrize("K", [2, 7, 9, 13, 100])
@pytest.mark.parametrize("D", [16, 256])
def test_of_equal_codes_the_first_wins_whatever_the_processor_adds_first(K, D):
    torch.manual_seed(K)
    code = torch.randn(D)
    z = code + 0.1 * torch.randn(3000, D)
    assert not vqgan.nearest_code(z, code.expand(K, D).contiguous()).any()
    codebook = torch.cat([torch.randn(3, D) + 9, code.expand(K, D), torch.zeros(1, D)])
    assert (vqgan.nearest_code(z, codebook) == 3).all()


# The layer

CODES = [[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]
Z = torch.tensor([[0.4, 0.1], [0.9, -0.3], [0.2, 1.4], [0.5, 0.0]])
VECTORS = [0.025, -0.00625, 0.0125, 0.03125, 0.00625, -0.01875, -0.0375, 0.0]
BOOK = [-0.225, -0.025, 0.025, 0.075, -0.05, 0.15]


@pytest.mark.parametrize(
    ("swapped", "for_z", "for_codes"), [(False, 1, 1), (True, 4, 0.25)]
)
def test_printed_layer_whose_swap_shows_in_the_gradients_alone(
    swapped, for_z, for_codes
):
    layer = quantizer(CODES, swapped=swapped)
    z = Z.T.reshape(1, 2, 2, 2).clone().requires_grad_()
    z_q, indices, loss = layer(z)
    assert indices.flatten().tolist() == [0, 1, 2, 0]  # a tie goes to the lower
    assert torch.equal(z_q[0].flatten(1).T, torch.tensor(CODES)[[0, 1, 2, 0]])
    close(loss.detach(), 0.14375)
    slopes = torch.autograd.grad(loss, (z, layer.codebook), retain_graph=True)
    close(slopes[0].flatten(), [for_z * x for x in VECTORS])
    close(slopes[1].flatten(), [for_codes * x for x in BOOK])
    through, none = torch.autograd.grad(
        z_q.sum(), (z, layer.codebook), allow_unused=True
    )
    assert (through == 1).all()
    assert none is None


@settings(max_examples=15)
@given(few, few, few, few, few)
def test_layer_is_its_loop(B, D, H, W, K):
    layer = vqgan.VectorQuantizer(K, D, commitment=0.5)
    z = torch.randn(B, D, H, W)
    z_q, indices, loss = layer(z)
    assert tuple(indices.shape) == (B, H, W)
    total = 0.0
    for b in range(B):
        for i in range(H):
            for j in range(W):
                k = nearest_loop(z[b, :, i, j][None], layer.codebook)[0]
                assert indices[b, i, j] == k
                assert torch.equal(z_q[b, :, i, j], layer.codebook[k])
                total += float(
                    (z[b, :, i, j] - z_q[b, :, i, j]).square().sum().detach()
                )
    close(loss.detach(), 1.5 * total / z.numel(), 1e-5)
    assert torch.equal(layer.lookup(indices), z_q)


def test_both_gradients_of_the_loss_by_finite_differences():
    z, z_q = torch.randn(2, 2, 3, 2, 2, dtype=torch.float64).unbind()
    step = 1e-6 * torch.randn_like(z)
    for swapped, factor in ((False, (0.25, 1.0)), (True, (1.0, 0.25))):
        leaves = z.clone().requires_grad_(), z_q.clone().requires_grad_()
        loss = vqgan.quantization_loss(*leaves, 0.25, swapped)
        slopes = torch.autograd.grad(loss, leaves)
        change = ((z + step - z_q).square().mean() - (z - z_q).square().mean()) / 1e-6
        close((slopes[0] * step).sum() / 1e-6, factor[0] * change, 1e-5)
        close((slopes[1] * step).sum() / 1e-6, -factor[1] * change, 1e-5)
        close(loss.detach(), 1.25 * (z - z_q).square().mean())


def test_straight_through_has_the_value_of_one_and_the_gradient_of_the_other():
    z = torch.randn(5, requires_grad=True)
    codes = torch.randn(5, requires_grad=True)
    out = vqgan.straight_through(z, codes)
    assert torch.equal(out, codes)
    (out * torch.arange(5.0)).sum().backward()
    close(z.grad, torch.arange(5.0))
    assert codes.grad is None


# Codes that follow the means


def state(layer):
    return layer.counts, layer.sums, layer.codebook


def ema_loop(layer, z, decay):
    """One step by hand, for a layer that restarts nobody."""
    rows = z.permute(0, 2, 3, 1).reshape(-1, z.shape[1])
    winners = nearest_loop(rows, layer.codebook)
    counts, sums, codebook = (x.clone() for x in state(layer))
    for k in range(len(counts)):
        won = rows[winners == k]
        counts[k] = decay * counts[k] + (1 - decay) * len(won)
        sums[k] = decay * sums[k] + (1 - decay) * won.sum(0)
        codebook[k] = sums[k] / counts[k]
    return counts, sums, codebook


def test_codes_are_running_means_of_what_they_win():
    torch.manual_seed(0)
    layer = vqgan.EMAVectorQuantizer(5, 3, decay=0.8, restart=0)
    layer(torch.randn(2, 3, 4, 4))
    for _ in range(3):
        z = torch.randn(2, 3, 4, 4)
        want = ema_loop(layer, z, 0.8)
        z_q, _, loss = layer(z)
        close(loss, 0.25 * (z - z_q).square().mean())
        for got, wanted in zip(state(layer), want, strict=True):
            close(got, wanted, 1e-5)


def test_running_means_trace_and_leave_a_code_that_wins_nothing():
    codes, z = torch.tensor([[0.0, 0.0], [9.0, 9.0]]), torch.tensor([[1.0, 2.0]] * 4)
    given = dict(codes=codes, counts=torch.tensor([1.0, 0.0]), sums=codes.clone(), z=z)

    def kernel(codes, counts, sums, z):
        nearest = vqgan.nearest_code(z, codes)
        found = vqgan.running_means(codes, counts, sums, z, nearest, 0.5)
        return dict(zip(("codes", "counts", "sums"), found, strict=True))

    want = kernel(**given)
    close(want["codes"], [[0.8, 1.6], [9.0, 9.0]])
    close(want["counts"], [2.5, 0.0])
    got = traced(kernel, given)
    for name, value in want.items():
        close(got[name], value, 1e-6)


def test_first_batch_seats_the_codes_and_evaluation_moves_nothing():
    layer = vqgan.EMAVectorQuantizer(4, 2)
    assert not list(p for p in layer.parameters() if p.requires_grad)
    z = torch.randn(3, 2, 4, 4)
    before = layer.codebook.clone()
    layer.eval()(z)
    assert torch.equal(layer.codebook, before)
    assert not layer.started
    z_q, _, _ = layer.train()(z)
    rows = z.permute(0, 2, 3, 1).reshape(-1, 2).tolist()
    assert all(row in rows for row in z_q.permute(0, 2, 3, 1).reshape(-1, 2).tolist())
    twin = vqgan.EMAVectorQuantizer(4, 2)
    twin.load_state_dict(layer.state_dict())
    assert twin.started


@pytest.mark.parametrize("restart", [0.0, 1.0])
def test_dead_codes_come_back_only_where_asked(restart):
    torch.manual_seed(1)
    layer = quantizer(
        [[0.0, 0.0]] + [[50.0, 50.0]] * 7,
        vqgan.EMAVectorQuantizer,
        decay=0.5,
        restart=restart,
    )
    layer.sums.copy_(layer.codebook)
    layer.started.fill_(True)
    for _ in range(30):
        _, indices, _ = layer(torch.randn(4, 2, 8, 8))
    assert layer.codebook.isfinite().all()
    used = len(indices.unique())
    assert used == 1 if restart == 0 else used >= 7
    still = (layer.codebook[1:] == 50).all()
    assert still if restart == 0 else not still


# Counting and drawing


@settings(max_examples=20)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=20))
def test_perplexity_is_its_loop(indices):
    entropy = 0.0
    for k in range(7):
        share = indices.count(k) / len(indices)
        entropy -= share * math.log(share) if share else 0.0
    got = vqgan.codebook_perplexity(torch.tensor(indices), 7)
    close(got, math.exp(entropy), 1e-5)


def test_probabilities_of_the_likeliest_codes():
    logits = torch.tensor([0.0, 2.0, 1.0, 2.0, -1.0])
    close(vqgan.code_probabilities(logits, 2.0), (logits / 2).softmax(0))
    close(vqgan.code_probabilities(logits, 1.0, 1), [0, 0.5, 0, 0.5, 0])  # a tie
    e = math.exp(-2)
    close(
        vqgan.code_probabilities(logits, 0.5, 3),
        torch.tensor([0, 1, e, 1, 0]) / (2 + e),
    )
    close(vqgan.code_probabilities(logits, 1.0, 5), logits.softmax(0))
    batch = torch.randn(3, 2, 9)
    got = vqgan.code_probabilities(batch, 0.7, 4)
    assert ((got > 0).sum(-1) == 4).all()
    close(got.sum(-1), torch.ones(3, 2))


def window_by_search(row, col, height, width, size):
    """Of all windows in the grid, the one whose place is nearest to size // 2."""
    tops = min(range(height - size + 1), key=lambda t: abs(row - t - size // 2))
    lefts = min(range(width - size + 1), key=lambda t: abs(col - t - size // 2))
    return tops, lefts, row - tops, col - lefts


def official(i, H):
    """scripts/sample_conditional.py of the official code, for a window of 16."""
    if i <= 8:
        return i
    return 16 - (H - i) if H - i < 8 else 8


@given(st.integers(1, 9), st.integers(0, 12), st.integers(0, 12), st.data())
def test_window_by_search(size, above, beside, data):
    height, width = size + above, size + beside
    row = data.draw(st.integers(0, height - 1))
    col = data.draw(st.integers(0, width - 1))
    got = vqgan.attention_window(row, col, height, width, size)
    assert got == window_by_search(row, col, height, width, size)
    assert all(isinstance(x, int) for x in got)
    assert 0 <= got[2] < size and 0 <= got[3] < size
    as_tensors = vqgan.attention_window(
        torch.tensor(row), torch.tensor(col), height, width, size
    )
    assert tuple(map(int, as_tensors)) == got


def test_window_is_the_official_one():
    for H, W in ((16, 16), (24, 31)):
        for i in range(H):
            for j in range(W):
                top, left, row, col = vqgan.attention_window(i, j, H, W, 16)
                assert (row, col) == (official(i, H), official(j, W))
                assert (top, left) == (i - row, j - col)


# The critic and the balance


@pytest.mark.parametrize(
    ("layers", "field", "side", "parameters"),
    [
        (1, 16, 126, 136_513),
        (2, 34, 62, 663_361),
        (3, 70, 30, 2_765_633),
        (4, 142, 14, 6_960_961),
        (5, 286, 6, 11_156_289),
    ],
)
def test_patch_discriminators_as_counted(layers, field, side, parameters):
    assert vqgan.receptive_field(layers) == field
    with torch.device("meta"):
        critic = vqgan.PatchDiscriminator(3, 64, layers)
        assert critic(torch.empty(1, 3, 256, 256)).shape == (1, 1, side, side)
    assert sum(p.numel() for p in critic.parameters()) == parameters


def test_receptive_field_by_gradient():
    critic = vqgan.PatchDiscriminator(1, 2, 2).eval()
    x = torch.randn(1, 1, 80, 80, requires_grad=True)
    critic(x)[0, 0, 9, 9].backward()
    rows = x.grad[0, 0].abs().sum(1).nonzero()
    assert int(rows.max() - rows.min()) + 1 == vqgan.receptive_field(2)


def test_discriminator_normalises_and_has_no_idle_bias():
    convolutions = [
        m for m in vqgan.PatchDiscriminator(1, 4, 3).main if isinstance(m, nn.Conv2d)
    ]
    biased = [m.bias is not None for m in convolutions]
    assert biased == [True, False, False, False, True]


@pytest.mark.parametrize(
    ("eps", "weight"), [(1e-4, 0.3922168863), (1e-6, 0.3922321164)]
)
def test_printed_adaptive_weight_keeps_the_graph(eps, weight):
    last = torch.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=torch.float64).requires_grad_()
    y = last @ torch.tensor([1.0, -1.0], dtype=torch.float64)
    rec = y.abs().mean()
    gan = -(torch.tensor([2.0, -3.0], dtype=torch.float64) * y).mean()
    got = vqgan.adaptive_weight(rec, gan, last, eps=eps)
    close(got, weight, 1e-9)
    assert not got.requires_grad
    (rec + got * gan).backward()
    assert last.grad is not None


def test_adaptive_weight_is_clamped():
    last = torch.ones(3, requires_grad=True)
    gan = 1e-9 * last.sum()
    assert vqgan.adaptive_weight(last.sum(), gan, last, max_weight=5) == 5
    assert vqgan.adaptive_weight(0 * last.sum(), gan, last) == 0


def test_hinge_losses_by_hand():
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.0, 1.0])
    close(vqgan.hinge_discriminator_loss(real, fake), 0.5 * (0.25 + 1.0))
    close(vqgan.hinge_generator_loss(fake), 2 / 3)


def test_perceptual_distance_sees_and_does_not_learn():
    torch.manual_seed(0)
    net = EfficientNet(1.0, 1.0, lite=True).train()
    eyes = vqgan.PerceptualDistance(net)
    assert not eyes.train().training
    assert not any(p.requires_grad for p in eyes.parameters())
    x = torch.rand(2, 1, 32, 32, requires_grad=True)
    assert eyes(x, x) == 0
    shapes = [tuple(f.shape[1:]) for f in eyes.features(x)]
    assert shapes == [(16, 16, 16), *[(24, 8, 8)] * 2, *[(40, 4, 4)] * 2]
    y = torch.rand(2, 1, 32, 32)
    loss = 0.0
    for a, b in zip(eyes.features(x), eyes.features(y), strict=True):
        place = torch.zeros(())
        for n in range(2):
            for i in range(a.shape[2]):
                for j in range(a.shape[3]):
                    u, v = a[n, :, i, j], b[n, :, i, j]
                    place = place + (u / u.norm() - v / v.norm()).square().sum()
        loss += float(place.detach()) / (2 * a.shape[2] * a.shape[3])
    close(eyes(x, y).detach(), loss / 5, 1e-4)
    (slope,) = torch.autograd.grad(eyes(x, y), x)
    assert slope.abs().sum() > 0


# Live figures and errors


def test_a_live_figure_can_run_all_of_it():
    layer = quantizer(CODES, vqgan.EMAVectorQuantizer).eval()

    def kernel(z, heat, k, row):
        z_q, indices, loss = layer(z[None, :, None, None])
        top, left, _, col = vqgan.attention_window(row, row + 1, 9, 9, 4)
        return dict(
            code=z_q.flatten(),
            loss=loss,
            drawn=vqgan.code_probabilities(z_q.flatten(), heat, k),
            used=vqgan.codebook_perplexity(indices, 3),
            swapped=vqgan.quantization_loss(z, z_q.flatten(), heat, True),
            window=torch.stack([top, left, col]),
        )

    inputs = dict(
        z=torch.tensor([0.9, -0.3]),
        heat=torch.tensor(0.7),
        k=torch.tensor(1.0),
        row=torch.tensor(6.0),
    )
    got = traced(kernel, inputs)
    for name, want in kernel(**inputs).items():
        close(got[name], want.detach(), 1e-5)


def zeros(*shape):
    return torch.zeros(shape)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: vqgan.nearest_code(zeros(2, 3), zeros(4, 2)), ValueError, "D=3"),
        (lambda: vqgan.nearest_code(zeros(2, 3), zeros(0, 3)), ValueError, "num_codes"),
        (lambda: vqgan.VectorQuantizer(0, 4), ValueError, "num_codes holds 0"),
        (lambda: vqgan.VectorQuantizer(3, 4)(zeros(1, 2, 2, 4)), ValueError, "D=4"),
        (lambda: vqgan.VectorQuantizer(3, 4)(zeros(4, 2)), ValueError, "B, D=4, H, W"),
        (
            lambda: vqgan.VectorQuantizer(3, 4).lookup(zeros(1, 2, 2).long() + 3),
            ValueError,
            "indices holds 3",
        ),
        (lambda: vqgan.EMAVectorQuantizer(3, 4, decay=2), ValueError, "decay holds 2"),
        (
            lambda: vqgan.straight_through(zeros(2), zeros(2, 2)),
            ValueError,
            "one shape",
        ),
        (
            lambda: vqgan.quantization_loss(zeros(2), zeros(2), -1),
            ValueError,
            "commitment holds -1",
        ),
        (lambda: vqgan.codebook_perplexity(zeros(3), 3), TypeError, "int64"),
        (
            lambda: vqgan.codebook_perplexity(torch.tensor([5]), 5),
            ValueError,
            "indices holds 5",
        ),
        (
            lambda: vqgan.code_probabilities(zeros(3), 0.0),
            ValueError,
            "temperature holds 0",
        ),
        (lambda: vqgan.code_probabilities(zeros(3), 1, 4), ValueError, "top_k holds 4"),
        (lambda: vqgan.attention_window(0, 0, 8, 3, 4), ValueError, "width holds 3"),
        (lambda: vqgan.attention_window(8, 0, 8, 8, 4), ValueError, "row holds 8"),
        (
            lambda: vqgan.adaptive_weight(zeros(2), zeros(), zeros(1)),
            ValueError,
            "rec_loss has shape",
        ),
        (
            lambda: vqgan.adaptive_weight(
                *[torch.ones((), requires_grad=True)] * 2,
                torch.ones(1, requires_grad=True),
            ),
            ValueError,
            "does not depend on last_layer",
        ),
        (
            lambda: vqgan.PatchDiscriminator(3, 4, 2)(zeros(1, 1, 16, 16)),
            ValueError,
            "C=3",
        ),
        (lambda: vqgan.receptive_field(0), ValueError, "n_layers holds 0"),
        (
            lambda: vqgan.PerceptualDistance(EfficientNet(1.0, 1.0, lite=True))(
                zeros(1, 2, 32, 32), zeros(1, 2, 32, 32)
            ),
            ValueError,
            "channels",
        ),
    ],
)
def test_bad_input_is_explained(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_the_network_that_judges_is_a_copy():
    net = EfficientNet(1.0, 1.0, 10, lite=True)
    judge = vqgan.PerceptualDistance(net, blocks=1)
    assert all(p.requires_grad for p in net.parameters())
    net.train()
    assert not any(part.training for part in judge.modules())
