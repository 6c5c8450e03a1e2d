"""Every public function of a kernel refuses bad input in words: none raw, none silent.

One good argument at a time is spoilt in the ways of bad_input.py. What is right to
accept stands in ACCEPTED, with the reason.
"""

import math
from collections import Counter
from collections.abc import Callable
from fnmatch import fnmatch
from functools import cache
from typing import TypeVar

import bad_input
import pytest
import torch
from torch import Tensor

from lib import expect, rfcn

ACCEPTED = {  # function, argument, way to spoil it: why it is no mistake
    ("*", "*", "infinite"): "a limit, and a formula has one or says inf or nan",
    ("*cost.*", "resolution", "a fraction"): "a live figure drags it",
    ("*", "num_classes", "0"): "a network without a classifier",
    ("*", "mask_id", "0"): "a token may have the number 0",
    ("*", "background", "0"): "so may a class",
    ("*.rotary", "start", "0"): "so may a place",
    ("*attention_window", "*", "0"): "and a row",
    ("*causal_mask", "*", "0"): "no tokens have an empty mask; none are past at first",
    ("*rotary", "positions", "*"): "a position is any number, and 0 is only a habit",
    ("*assign_level", "k*", "*"): "levels may be counted from anywhere",
    ("*likelihood_bound", "prompt_length", "0"): "there need be no prompt",
    ("*generate", "prompt", "no columns"): "nor here",
    ("*pass_at_k", "c", "0"): "all may be wrong",
    ("*group_advantages", "ddof", "0"): "as in numpy",
    ("*play", "steps", "0"): "the path is its start",
    ("*cost.regions", "count", "0"): "no regions cost nothing",
    ("*kv_cache_elements", "*", "0"): "what this kind of attention does not have",
    ("rfcn.*", "sampling_ratio", "0"): "one sample for each pixel",
    ("rfcn.*", "*", "nan"): "no region covers this pixel; one that does gives nan",
    ("grpo.rewards.*", "*", "*"): "any text may be rewarded, with 0",
    ("*moe.experts.load", "*", "*"): "indices of any shape, none too",
    ("*", "load", "a float tensor"): "a mean of loads is no whole number",
    ("*match", "truth", "no rows"): "an image may be empty: all finds are misses",
    ("*anchor_targets", "true", "no rows"): "then every anchor answers 0",
    ("*branch_labels", "boxes", "no rows"): "then no box is another branch's",
    ("*attention", "v", "no columns"): "the weights are asked for alone",
    ("*attention", "mask", "one dimension more"): "(..., T, S), as it says",
    **{
        (name, "*", "one dimension *"): "any leading dimensions"
        for name in ("fp8.*", "*rotary", "*normalized", "*importance_bound")
    },
    **{
        (name, "*", "one dimension *"): "any shape: a mean, or number by number"
        for name in ("*kl_k?", "*or_loss", "*perplexity", "*code_probabilities")
    },
}


def accepted(name: str, key: str, how: str) -> bool:
    """Whether ACCEPTED has a reason for it."""
    place = (name, key, how)
    return any(all(map(fnmatch, place, pattern)) for pattern in ACCEPTED)


FUNCTIONS = bad_input.functions()


@cache
def cases():
    """By function, each argument, way to spoil it, and the spoilt value."""
    found = {name: [] for name in bad_input.GOOD}
    for name, *rest in bad_input.cases():
        found[name].append(rest)
    return found


@cache
def outcomes(name):
    """What comes of each spoilt argument: its name, the way, the outcome, the words."""
    function, good = FUNCTIONS[name], bad_input.GOOD[name]
    return [
        (key, how, *bad_input.outcome(function, good | {key: bad}, how))
        for key, how, bad in cases()[name]
    ]


def test_every_public_function_has_good_arguments():
    assert set(FUNCTIONS) == set(bad_input.GOOD) | bad_input.OTHERS_PROCESSES
    assert len(FUNCTIONS) > 100 and sum(map(len, cases().values())) > 2000


@pytest.mark.parametrize("name", bad_input.GOOD)
def test_what_is_spoilt_is_refused_in_words(name):
    FUNCTIONS[name](**bad_input.GOOD[name])
    for key, how, came, said in outcomes(name):
        fine = {"words", "through"} | (
            {"silent"} if accepted(name, key, how) else set()
        )
        assert came in fine, f"{name}({key}: {how}): {came} {said}"


def test_each_reason_is_needed():
    met = Counter()
    for name in bad_input.GOOD:
        for key, how, came, _ in outcomes(name):
            if came == "silent":
                place = (name, key, how)
                met.update(p for p in ACCEPTED if all(map(fnmatch, place, p)))
    assert set(met) == set(ACCEPTED)


def test_nan_in_a_region_comes_out():
    for pool in (rfcn.roi_pool, rfcn.roi_align, rfcn.ps_roi_pool, rfcn.ps_roi_align):
        given = dict(spatial_scale=0.3, rois=bad_input.rois)
        maps = torch.full_like(bad_input.maps, math.nan)
        key = "k" if pool in (rfcn.ps_roi_pool, rfcn.ps_roi_align) else "output_size"
        assert pool(maps, **given, **{key: 2}).isnan().all()


# The words


Number = TypeVar("Number", float, Tensor)


@expect.annotated
def whatever(
    x: Tensor,
    n: int = 1,
    rate: float = 1.0,
    sure: bool = True,
    kind: str = "a",
    size: int | tuple[int, int] = 1,
    each: list[float] | None = None,
    call: Callable | None = None,
    number: Number = 1.0,
    other: Tensor | None = None,
    free=None,
) -> int:
    return n


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (dict(x=[1.0]), "x is a list; expected a tensor: torch.tensor"),
        (dict(n=2.5), "n is a float, 2.5; expected a whole number"),
        (dict(n=True), "n is a bool, True; expected a whole number"),
        (dict(n="3"), "n is a str, '3'; expected a whole number"),
        (dict(rate=math.nan), "rate holds nan; expected a number"),
        (dict(rate="a"), "rate is a str, 'a'; expected a number"),
        (dict(sure="no"), "sure is a str, 'no'; expected True or False"),
        (dict(kind=3), "kind is a int, 3; expected a string"),
        (
            dict(size=(1, 2, 3)),
            r"size is a tuple of 3; expected a whole number or",
        ),
        (dict(size=(1, 2.5)), "size is a tuple of 2; expected a whole number or"),
        (
            dict(each=[1.0, "a"]),
            "each is a list; expected a list of these: a number or",
        ),
        (dict(call=3), "call is a int, 3; expected a function or None"),
        (dict(number=None), "number is a NoneType; expected a number or a tensor"),
        (
            dict(n=torch.ones(2)),
            r"n is a tensor of shape \(2,\) and torch.float32; exp",
        ),
        (
            dict(other=torch.ones(2).double()),
            "x holds torch.float32 and other torch.float64; expected one precision",
        ),
    ],
)
def test_an_argument_that_its_annotation_excludes_is_refused(given, words):
    with pytest.raises((TypeError, ValueError), match=words):
        whatever(**{"x": torch.ones(2)} | given)


def test_an_argument_that_fits_is_let_through():
    zero = torch.tensor(0.0)
    assert whatever(torch.ones(1), n=2, rate=3, size=(1, 2), each=[1.0], call=len) == 2
    assert whatever(zero, n=zero, rate=zero, number=torch.ones(2)) is zero
    assert whatever(zero.double(), other=torch.ones(2), free="anything") == 1
    with pytest.raises(TypeError, match="unexpected keyword"):
        whatever(zero, nothing=3)
    assert whatever.__name__ == "whatever"
