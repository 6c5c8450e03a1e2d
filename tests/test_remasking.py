"""Hiding words again: shares that stay, against loops and the official code's rule."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lib import remasking

MASK = 3
SHARE = st.floats(0.01, 1)


def official(t, s, eta, rescale):
    """remdm-cap and -rescale, diffusion.py of kuleshov-group/remdm at f830d65."""
    alpha_t, alpha_s = 1 - t, 1 - s
    ceiling = min(1, (1 - alpha_s) / alpha_t) if alpha_t > 0 else 1
    sigma = eta * ceiling if rescale else min(eta, ceiling)
    masked = (1 - alpha_s - sigma * alpha_t) / (1 - alpha_t)
    return sigma, masked


@given(SHARE, SHARE, st.floats(0, 1))
def test_the_share_after_a_step_is_s_whatever_is_hidden_again(t, part, how_much):
    s = t * part
    sigma = how_much * remasking.most(t, s)
    lifted = remasking.lifted(t, s, sigma)
    assert 0 <= lifted <= 1
    after = t * (1 - lifted) + (1 - t) * sigma  # masks that stay, words that hide
    assert after.item() == pytest.approx(s, abs=1e-9)


@given(SHARE, SHARE, st.floats(0, 1), st.booleans())
def test_the_chances_are_those_of_the_official_code(t, part, eta, rescale):
    s = t * part
    sigma, masked = official(t, s, eta, rescale)
    most = remasking.most(t, s)
    ours = eta * most if rescale else min(torch.tensor(eta), most)
    assert float(ours) == pytest.approx(sigma, abs=1e-6)
    lifted = remasking.lifted(t, s, float(ours))
    assert 1 - lifted.item() == pytest.approx(masked, abs=1e-5)


def test_the_bound_at_its_corners():
    t = torch.tensor([1.0, 1.0, 0.5, 0.5, 0.2])
    s = torch.tensor([0.9, 0.0, 0.5, 0.0, 0.2])
    want = torch.tensor([1.0, 0.0, 1.0, 0.0, 0.25])
    torch.testing.assert_close(remasking.most(t, s), want)


def test_nothing_hidden_again_is_the_step_of_masked_diffusion():
    assert remasking.lifted(0.8, 0.6, 0.0).item() == pytest.approx(0.25)
    assert remasking.lifted(0.5, 0.5, 0.0) == 0


def test_at_the_bound_every_mask_falls_once_few_are_left():
    assert remasking.lifted(0.3, 0.2, remasking.most(0.3, 0.2)).item() == 1
    early = remasking.lifted(0.9, 0.8, remasking.most(0.9, 0.8))
    assert early.item() == pytest.approx(0.2 / 0.9)  # a fresh page with a share 1 - s


@given(st.integers(0, 1000), st.integers(1, 4), st.integers(1, 6), st.floats(0, 1))
def test_a_step_is_the_loop(seed, R, n, how_much):
    g = torch.Generator().manual_seed(seed)
    x, words = (torch.randint(k, (R, n), generator=g) for k in (MASK + 1, MASK))
    noise, t, s = torch.rand(R, n, generator=g), 0.6, 0.5
    sigma = how_much * remasking.most(t, s).item()
    want, lifted = x.clone(), float(remasking.lifted(t, s, sigma))
    for r in range(R):
        for i in range(n):
            if x[r, i] == MASK and noise[r, i] < lifted:
                want[r, i] = words[r, i]
            elif x[r, i] != MASK and noise[r, i] < sigma:
                want[r, i] = MASK
    before = x.clone()
    got = remasking.step(x, words, t, s, sigma, MASK, noise)
    assert torch.equal(got, want) and torch.equal(x, before)


def test_the_clock_of_the_loop():
    shares, caps = remasking.loop(1000)
    assert shares[0] == 1 and shares[-1] == 0 and len(shares) == len(caps) + 1
    assert shares[450].item() == pytest.approx(0.1)  # time 0.55
    assert shares[225].item() == pytest.approx(0.55)
    assert (shares[450:951] == 0.1).all() and (shares.diff() <= 0).all()
    assert (caps[450:950] == 0.02).all() and caps.count_nonzero() == 500
    # a flat share: as many fall as are hidden again
    assert remasking.lifted(0.1, 0.1, 0.02).item() == pytest.approx(0.18)


def known(x):
    """A model that guesses the tokens evenly; the last column is the mask's."""
    return torch.zeros(*x.shape, MASK + 1)


@pytest.mark.parametrize("cap", [0.0, 0.1, 1.0])
def test_writing_keeps_the_shares(cap):
    shares, history = torch.linspace(1, 0, 9), []
    g = torch.Generator().manual_seed(1)
    caps = torch.full((8,), cap)
    got = remasking.write(known, 50, 400, MASK, shares, caps, 1.0, g, history)
    assert got.shape == (50, 400) and (got != MASK).all()
    found = torch.stack([(x == MASK).float().mean() for x in history])
    torch.testing.assert_close(found, shares[1:], rtol=0, atol=0.015)
    changed = [((a != MASK) & (b == MASK)).any() for a, b in pairwise(history)]
    assert any(changed) == (cap > 0)
    share = got.flatten().bincount(minlength=MASK) / got.numel()
    torch.testing.assert_close(share, torch.full((MASK,), 1 / 3), rtol=0, atol=0.015)


def test_a_mask_is_no_answer_and_temperature_sharpens():
    clock = torch.tensor([1.0, 0.0]), torch.zeros(1)

    def model(x):
        return torch.tensor([1.0, 2.0, 0.0, 9.0]).expand(*x.shape, 4)

    cold = remasking.write(model, 2, 50, MASK, *clock, temperature=1e-3)
    assert (cold == 1).all()


x, noise = torch.tensor([[0, MASK]]), torch.tensor([[0.5, 0.5]])
half, two = torch.tensor([1.0, 0.5, 0.0]), torch.zeros(2)


def write(*clock, temperature=1.0):
    return remasking.write(known, 1, 2, MASK, *clock, temperature)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: remasking.most(0.5, 0.6), "t_minus_s holds -0.1"),
        (lambda: remasking.most(0.0, 0.0), "t holds 0"),
        (lambda: remasking.most(torch.tensor([0.5]), torch.tensor(0.2)), "one shape"),
        (lambda: remasking.lifted(0.2, 0.1, 0.2), "below_the_highest_sigma holds -0.0"),
        (lambda: remasking.lifted(0.2, 0.1, -0.1), "sigma holds -0.1"),
        (lambda: remasking.step(x, x[:, :1], 0.5, 0.4, 0.1, MASK, noise), "one shape"),
        (lambda: remasking.loop(4), "rest holds 0"),
        (lambda: remasking.loop(40, on=0.1, off=0.2), "on_minus_off holds -0.1"),
        (lambda: write(half, torch.zeros(3)), "M=4"),
        (lambda: write(half[1:], torch.zeros(1)), "missing_from_1 holds 0.5"),
        (lambda: write(half[:2], torch.zeros(1)), "last_share holds 0.5"),
        (lambda: write(half, two, temperature=0.0), "temperature holds 0"),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()
