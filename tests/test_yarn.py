"""YaRN's pairs against a loop, the official code's numbers and its paper's ramp."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lib import transformer, yarn

V3 = dict(width=64, trained=4096.0)


def speeds_loop(width, factor, trained, base, alpha, beta, ramp):
    """Pair by pair, by the paper and by DeepSeek's precompute_freqs_cis."""
    found = []
    for i in range(width // 2):
        theta = base ** (-2 * i / width)
        if ramp == "turns":
            r = trained * theta / (2 * math.pi)
            gamma = 0 if r < alpha else 1 if r > beta else (r - alpha) / (beta - alpha)
        else:

            def place(turns):
                return width * math.log(trained / (turns * 2 * math.pi)) / (
                    2 * math.log(base))  # fmt: skip

            low, high = max(math.floor(place(beta)), 0), math.ceil(place(alpha))
            high = min(high, width - 1)
            high += 0.001 if high == low else 0
            gamma = 1 - min(max((i - low) / (high - low), 0), 1)
        found.append(theta / factor * (1 - gamma) + theta * gamma)
    return torch.tensor(found, dtype=torch.float64)


@given(st.integers(1, 40), st.floats(1, 64), st.floats(100, 1e5), st.floats(100, 1e6),
       st.floats(0.5, 2), st.floats(3, 40), st.sampled_from(yarn.RAMPS))  # fmt: skip
def test_speeds_are_the_loop(pairs, factor, trained, base, alpha, beta, ramp):
    inputs = 2 * pairs, factor, trained, base, alpha, beta, ramp
    low = 2 * math.pi * alpha < trained  # the ramp's lower end, inside the text
    if ramp == "turns" or (low and yarn_ends(*inputs)):
        torch.testing.assert_close(yarn.speeds(*inputs), speeds_loop(*inputs))


def yarn_ends(width, factor, trained, base, alpha, beta, ramp):
    """Whether the ramp begins before it ends, as with all sizes of practice."""
    last = width * math.log(trained / (2 * math.pi * alpha)) / (2 * math.log(base))
    first = width * math.log(trained / (2 * math.pi * beta)) / (2 * math.log(base))
    return max(math.floor(first), 0) <= min(math.ceil(last), width - 1)


def test_v3_keeps_eleven_pairs_and_slows_nine():
    kept = yarn.kept(**V3)
    assert (kept == 1).sum() == 11
    assert (kept == 0).sum() == 9
    # precompute_freqs_cis of deepseek-ai/DeepSeek-V3, inference/model.py at b15f0db,
    # run with its defaults and max_seq_len 4097: the angles of place 1
    golden = {0: 1.0, 10: 0.0562341, 11: 0.0390069, 16: 0.0055, 22: 0.000177828,
              23: 3.3338e-05, 31: 3.3338e-06}  # fmt: skip
    speeds = yarn.speeds(factor=40.0, **V3)
    for pair, want in golden.items():
        assert speeds[pair].item() == pytest.approx(want, rel=1e-5), pair


def test_the_paper_lets_go_of_the_middle_pairs_sooner_than_the_code():
    paper, code = (yarn.kept(**V3, ramp=ramp) for ramp in ("turns", "pairs"))
    assert paper[16].item() == pytest.approx(0.178, abs=1e-3)
    assert code[16].item() == pytest.approx(7 / 13)
    assert (paper <= code + 1e-12).all()
    for kept in (paper, code):
        assert kept[10] == 1
        assert kept[23] == 0


def test_factor_one_is_the_rotary_of_the_transformer():
    x = torch.randn(1, 6).double()
    turned = transformer.rotary(x, torch.tensor([17]))
    angle = 17 * yarn.speeds(6, 1.0, 64.0)
    z = torch.view_as_complex(x.view(1, 3, 2)) * (1j * angle).exp()
    torch.testing.assert_close(turned, torch.view_as_real(z).flatten(1))


def test_sharpening_is_what_the_reports_print():
    assert yarn.sharpening(40.0).sqrt().item() == pytest.approx(1.36889, abs=1e-5)
    v2 = yarn.sharpening(40.0, 0.0707).sqrt().item()
    assert v2 == pytest.approx(1.2608, abs=1e-4)
    assert yarn.sharpening(1.0) == 1


def test_gradients_reach_the_factor():
    factor = torch.tensor(7.0, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda s: yarn.speeds(8, s, 300.0), factor)
    assert torch.autograd.gradcheck(yarn.sharpening, factor)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: yarn.speeds(7, 2.0, 64.0), "width"),
        (lambda: yarn.speeds(8, 0.5, 64.0), "factor holds 0.5"),
        (lambda: yarn.speeds(8, 2.0, 0.0), "trained holds 0"),
        (lambda: yarn.kept(8, 64.0, alpha=9.0, beta=4.0), "beta is 4"),
        (lambda: yarn.kept(8, 64.0, base=1.0), "base is 1"),
        (lambda: yarn.kept(8, 64.0, ramp="linear"), "ramp"),
        (lambda: yarn.wavelengths(8, -1.0), "base holds -1"),
        (lambda: yarn.sharpening(0.9), "factor holds 0.9"),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()
