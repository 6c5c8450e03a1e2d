"""Block diffusion: its mask by loops, one pass against many, its limits."""

import math
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import block_diffusion
from lib.block_diffusion import BlockDiffusionLM, block_diffusion_mask

few = settings(max_examples=15)


def lm(block_size, length=6, **keywords):
    torch.manual_seed(2)
    net = BlockDiffusionLM(5, 8, 2, 2, length, block_size, **keywords).double()
    for p in net.parameters():
        torch.nn.init.normal_(p, std=0.5)
    return net


def by_block(net, noisy, clean):
    """The same logits, block after block with a clean cache, as in sampling."""
    cache, parts = [], []
    for x, y in zip(
        noisy.split(net.block_size, 1), clean.split(net.block_size, 1), strict=True
    ):
        parts.append(net.net(x, cache=cache, store=False)[..., :-1])
        net.net(y, cache=cache)
    return torch.cat(parts, dim=1)


# The mask


@pytest.mark.slow
@few
@given(st.integers(1, 9), st.integers(1, 10))
def test_the_mask_is_the_loop(n, size):
    mask = block_diffusion_mask(n, size)
    assert mask.shape == (2 * n, 2 * n) and mask.dtype == torch.bool
    for q in range(2 * n):
        for k in range(2 * n):
            block_q, block_k = q % n // size, k % n // size
            if q < n and k < n:  # noisy to noisy
                want = block_q == block_k
            elif q < n:  # noisy to clean: never its own block, which is the answer
                want = block_q > block_k
            elif k >= n:  # clean to clean
                want = block_q >= block_k
            else:  # clean never sees noisy
                want = False
            assert bool(mask[q, k]) == want, (q, k)


@pytest.mark.parametrize(
    ("n", "size", "ones"),
    [(6, 2, 48), (8, 1, 72), (8, 8, 128), (1024, 4, 1_052_672), (1024, 16, 1_064_960)],
)
def test_the_mask_has_the_counted_ones(n, size, ones):
    assert block_diffusion_mask(n, size).sum() == ones == n * n + n * size
    diagonal, offset, causal = block_diffusion.mask_parts(n, size)
    assert diagonal.sum() == 2 * n * size
    assert offset.sum() == (n * n - n * size) // 2
    assert causal.sum() == (n * n + n * size) // 2
    assert (diagonal & causal).sum() == n * size  # the clean diagonal, in both


# The weight


def test_variance_has_the_printed_values():
    values = {(0.001, 1): 5.91, (0.3, 0.8): 0.962, (0.45, 0.95): 0.494, (0.5, 1): 0.386}
    for (low, high), want in values.items():
        got = block_diffusion.clipped_weight_variance(low, high)
        assert float(got) == pytest.approx(want, abs=1e-2)
        exact = math.log(high / low) / (high - low) - 1
        assert float(got) == pytest.approx(exact, abs=1e-12)


def test_variance_is_what_one_counts():
    t = 0.3 + 0.5 * torch.rand(400_000)
    weight = (torch.rand(400_000) < t) / t
    assert float(weight.mean()) == pytest.approx(1, abs=0.01)
    got = block_diffusion.clipped_weight_variance(0.3, 0.8)
    assert float(weight.var()) == pytest.approx(float(got), abs=0.02)


def test_variance_of_an_empty_range_is_its_limit():
    exactly = block_diffusion.clipped_weight_variance(0.5, 0.5)
    nearly = block_diffusion.clipped_weight_variance(0.5, 0.5 + 1e-12)
    assert float(exactly) == 1 == pytest.approx(float(nearly))
    assert block_diffusion.clipped_weight_variance(1.0, 1.0) == 0


# The model


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("max_length", [0, 6])
def test_one_pass_is_many(size, max_length):
    net = lm(size, max_length=max_length)
    clean = torch.randint(5, (3, 6))
    noisy = clean.masked_fill(torch.rand(3, 6) < 0.5, net.mask_id)
    got = net(noisy, clean)
    assert got.shape == (3, 6, 5)
    want = by_block(net, noisy, clean)
    torch.testing.assert_close(got, want, rtol=0, atol=1e-12)


def test_the_positions_of_the_clean_half_start_again():
    net, clean = lm(2, max_length=12), torch.randint(5, (1, 6))
    x = net.net.embed(torch.cat([clean, clean], 1), torch.arange(12))
    wrong = net.net.head(net.net.encode(x, net.mask, torch.arange(12))[:, :6])
    assert (net(clean, clean) - wrong[..., :-1]).abs().max() > 1e-3


def test_no_block_sees_its_own_answer():
    net, noisy = lm(3), torch.full((1, 6), 5)
    first = net(noisy, torch.tensor([[0, 1, 2, 3, 4, 0]]))
    other = net(noisy, torch.tensor([[0, 1, 2, 4, 4, 4]]))  # the last block differs
    torch.testing.assert_close(first, other)
    other = net(noisy, torch.tensor([[1, 1, 2, 3, 4, 0]]))  # the first one does
    torch.testing.assert_close(first[:, :3], other[:, :3])
    assert (first[:, 3:] - other[:, 3:]).abs().max() > 1e-3


@pytest.mark.slow
def test_block_size_one_is_autoregressive():
    """All masked, each token is predicted from the clean ones before it."""
    net, tokens = lm(1), torch.randint(5, (4, 6))
    exact = 0.0
    for i in range(6):
        noisy = torch.full((4, 1), net.mask_id)
        cache = []
        for j in range(i):
            net.net(tokens[:, j : j + 1], cache=cache)
        logits = net.net(noisy, cache=cache)[:, 0, :-1]
        exact += F.cross_entropy(logits, tokens[:, i]) / 6
    torch.testing.assert_close(net.loss(tokens, 1.0, 1.0), exact)
    rates = [net.loss(tokens, 0.5, 1.0).item() for _ in range(300)]
    assert sum(rates) / 300 == pytest.approx(exact.item(), rel=0.05)  # same mean


def test_each_block_has_its_own_rate_and_weight():
    seen = {}
    net = lm(3)
    net.forward = lambda noisy, clean: (
        seen.update(noisy=noisy) or torch.zeros(*noisy.shape, 5, dtype=torch.float64)
    )
    tokens = torch.randint(5, (2000, 6))
    loss = net.loss(tokens)
    assert loss.item() == pytest.approx(math.log(5), rel=0.1)  # E[1(mask) / t] = 1
    hidden = (seen["noisy"] == net.mask_id).double()
    same, across = hidden[:, :3], hidden[:, 3:]
    correlation = torch.corrcoef(torch.stack([same[:, 0], same[:, 1], across[:, 0]]))
    assert correlation[0, 1] > 0.25  # one rate t: 1/3 in theory
    assert correlation[0, 2].abs() < 0.1


@pytest.mark.slow
def test_it_learns_and_samples_what_it_learnt():
    net = BlockDiffusionLM(5, 16, 1, 2, 6, 2)
    cycles = (torch.arange(5)[:, None] + torch.arange(6)) % 5  # five sentences
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.02)
    for _ in range(250):
        loss = net.loss(cycles.repeat(4, 1), 0.3, 1.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    samples = net.sample(50, torch.Generator().manual_seed(0))
    good = (samples[:, 1:] == (samples[:, :-1] + 1) % 5).all(1)
    assert good.float().mean() > 0.9
    assert samples[:, 0].unique().numel() == 5


def test_sampling_goes_block_by_block_one_mask_at_a_time():
    net, history = lm(4), []
    out = net.sample(3, history=history)  # blocks of 4 and 2
    lengths = [(h.shape[1], int((h[0] == net.mask_id).sum())) for h in history]
    assert lengths == [(4, 3), (4, 2), (4, 1), (4, 0), (6, 1), (6, 0)]
    assert out.shape == (3, 6) and (out < net.mask_id).all()
    for before, after in pairwise(history[:4]):
        seen = before != net.mask_id
        assert torch.equal(before[seen], after[seen])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_kernels_that_a_hand_may_drag_can_be_traced():
    class Figure(torch.nn.Module):
        def forward(self, low, high, parts):
            mask = torch.stack(block_diffusion.mask_parts(6, 2)) & parts[:, None, None]
            variance = block_diffusion.clipped_weight_variance(low, high)
            return variance, mask.any(0), mask.any(0).sum()

    inputs = torch.tensor(0.3), torch.tensor(0.8), torch.ones(3).bool()
    program = torch.export.export(Figure(), inputs, strict=False).module()
    for low, high in [(0.3, 0.8), (0.5, 0.5)]:
        args = torch.tensor(low), torch.tensor(high), torch.tensor([1, 0, 1]).bool()
        for got, want in zip(program(*args), Figure()(*args), strict=True):
            torch.testing.assert_close(got, want)


# Errors say what to do

tokens = torch.zeros(2, 6, dtype=torch.int64)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: block_diffusion_mask(0, 1), "n holds 0"),
        (lambda: block_diffusion_mask(4, 0), "block_size holds 0"),
        (lambda: block_diffusion.clipped_weight_variance(0.0, 1.0), "lowest_rate"),
        (lambda: block_diffusion.clipped_weight_variance(0.5, 1.5), "highest_rate"),
        (lambda: block_diffusion.clipped_weight_variance(0.5, 0.4), "high_minus_low"),
        (lambda: lm(2).loss(tokens[:, :5]), "n=6"),
        (lambda: lm(2).loss(tokens, 0.8, 0.3), "range holds -0.5"),
        (lambda: lm(2)(tokens, tokens[:1]), "one shape"),
        (lambda: lm(2)(tokens[:, :4], tokens[:, :4]), "n=6"),
        (lambda: lm(2).sample(0), "batch holds 0"),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_the_variance_at_one_rate_has_the_slopes_of_its_limit():
    def slopes(gap):
        low = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
        high = torch.tensor(0.3 + gap, dtype=torch.float64, requires_grad=True)
        variance = block_diffusion.clipped_weight_variance(low, high)
        return torch.stack(torch.autograd.grad(variance, (low, high)))

    torch.testing.assert_close(slopes(0.0), slopes(1e-6), rtol=1e-4, atol=0)
