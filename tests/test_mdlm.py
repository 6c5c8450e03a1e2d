"""The short step for masks against Tweedie's long one, and its chance by its parts."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import mdlm
from lib import sedd

NOISES = [sedd.LogLinearNoise(), sedd.GeometricNoise(1e-3, 8.0)]
LOGITS = torch.tensor([0.3, -1.0, 0.8])


def head(vectors):
    """The same logits everywhere."""
    return vectors * LOGITS


@settings(max_examples=15)
@given(st.sampled_from(NOISES), st.floats(0.05, 1), st.floats(0.01, 1))
def test_the_chance_is_that_of_bayes(noise, t, share):
    """Untouched at t - dt and masked at t, among the masked at t."""
    dt = t * share
    now, then = (float(noise(torch.tensor([at]))[0]) for at in (t, max(t - dt, 0)))
    want = (math.exp(-then) - math.exp(-now)) / (1 - math.exp(-now))
    assert mdlm.fall_chance(noise, t, dt) == pytest.approx(want, rel=1e-3)


def test_with_log_linear_noise_it_is_the_share_of_the_time_left():
    assert mdlm.fall_chance(NOISES[0], 0.8, 0.2) == pytest.approx(0.25, rel=1e-5)
    assert mdlm.fall_chance(NOISES[0], 0.8, 0.8) == pytest.approx(1)


@pytest.mark.parametrize("noise", NOISES)
def test_unmask_draws_from_tweedie(noise):
    """What falls and what it becomes, counted, against the step's probabilities."""
    t, dt, at = 0.7, 0.3, torch.tensor([0.7])
    x = torch.full((1, 40_000), 3)
    x[0, ::2] = 1  # words stay
    g = torch.Generator().manual_seed(0)
    got = mdlm.unmask(noise, head, torch.ones(1, 40_000, 1), x, t, dt, 3, g)
    assert (got[0, ::2] == 1).all() and (x[0, 1::2] == 3).all()
    score = sedd.absorbing_log_score(LOGITS[None, None], noise(at)[0]).exp()
    graph = sedd.Absorbing(3)
    want = sedd.tweedie_step(graph, noise, score, torch.tensor([[3]]), at, dt)
    share = got[0, 1::2].bincount(minlength=4) / 20_000
    torch.testing.assert_close(share, want[0, 0], rtol=0, atol=0.015)


def test_the_head_reads_only_what_falls():
    read = []
    x = torch.tensor([[3, 0, 3, 1]])
    mdlm.unmask(
        NOISES[0],
        lambda v: read.append(len(v)) or head(v),
        torch.ones(1, 4, 1), x, 0.5, 0.5, 3,
    )  # fmt: skip
    assert read == [2]
    words = torch.tensor([[0, 1]])
    same = mdlm.unmask(NOISES[0], head, torch.ones(1, 2, 1), words, 0.5, 0.1, 3)
    assert torch.equal(same, words)


x, vectors = torch.zeros(2, 3, dtype=torch.int64), torch.ones(2, 3, 1)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: mdlm.unmask(NOISES[0], head, vectors[:1], x, 0.5, 0.1, 3), "B=2"),
        (lambda: mdlm.unmask(NOISES[0], head, vectors, x, 0.5, 0.6, 3), "t_minus_dt"),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_tokens_must_be_int64():
    with pytest.raises(TypeError, match="int64"):
        mdlm.unmask(NOISES[0], head, vectors, x.float(), 0.5, 0.1, 3)
