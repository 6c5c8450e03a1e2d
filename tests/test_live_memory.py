"""A program keeps what did not change between two runs, and hands out copies."""

import json

import gallery
import pytest
import torch
from javascript import engine, fed

from lib import plot
from lib.live.figure import LiveFigure
from lib.live.page import program
from lib.live.trace import pack, trace

CONTROLS = {k: v for k, v in gallery.CONTROLS.items() if k != "shape"}


@pytest.fixture(scope="module")
def walk():
    """One control of the gallery is drawn anew at each step; one step moves nothing."""
    kernel = lambda **state: gallery.kernel(shape="smooth", **state)
    figure = LiveFigure(kernel, gallery.draw, gallery.ALT, plot.WIDE, CONTROLS)
    spec, constants = program(figure, "p")
    (found,) = spec["programs"].values()
    found["constants"] = [constants[h] for h in found["constants"]]
    generator = torch.Generator().manual_seed(0)
    state, states = {name: c.start() for name, c in CONTROLS.items()}, []
    for name in [*CONTROLS, *CONTROLS, None, *CONTROLS]:
        if name:
            state = state | {name: CONTROLS[name].random(generator)}
        states.append(
            [
                {
                    "dtype": str(v.dtype).removeprefix("torch."),
                    "shape": list(v.shape),
                    "data": v.double().flatten().tolist(),
                }
                for v in state.values()
            ]
        )
    sent = json.dumps({"program": found, "states": states})
    return json.loads(engine().call("live.walk", sent))


def test_a_kept_value_is_what_a_fresh_run_gives(walk):
    assert all(step["same"] for step in walk)


def test_only_what_depends_on_the_change_runs_again(walk):
    assert walk[0]["few"] == walk[0]["all"] > 20  # the first run has nothing to keep
    assert all(step["few"] < step["all"] for step in walk[1:])
    assert walk[2 * len(CONTROLS)]["few"] == 0  # nothing moved


def test_two_answers_do_not_disturb_each_other(both_ways):
    """The arrays of a plan are used again, so what leaves it must be a copy."""
    for answers in both_ways:
        for answer, wanted in zip(answers, WANTED, strict=True):
            for name, value in answer.items():
                found = torch.tensor(list(map(float, value["data"])))
                assert torch.allclose(found, wanted[name].flatten().float()), name


def test_loops_made_as_code_and_without_agree_to_the_bit(both_ways):
    fast, slow = both_ways
    assert fast == slow


GRID = torch.linspace(-1, 1, 12).view(3, 4)
INPUTS = [torch.linspace(0, 1, 4) + shift for shift in (0.0, 2.0, -1.0)]


def mixed(x):
    """Views, broadcasting, roundings and steps that lie between two loops."""
    table = (x * GRID).T + x[:, None].flip(0) * 0.1
    centred = (table - table.mean(0)).half().float()
    whole = (table * 10).long() % 7
    return {
        "input": x,
        "table": table,
        "centred": centred @ GRID,
        "whole": torch.where(whole > 2, whole, -whole)[1:, ::2],
        "rank": table.sort(0).values.flatten()[3:-3],
        "fixed": GRID.T,
        "below": 1 / ((x > -9) * -0.0),
    }


WANTED = [mixed(x) for x in INPUTS]


@pytest.fixture(scope="module")
def both_ways():
    """The answers for all inputs, kept until the last, in both kinds of loops."""
    found = trace(mixed, {"x": INPUTS[0]}, {})
    found["constants"] = [pack(t) for t in found["constants"]]
    states = [[{"dtype": "float32", "shape": [4], "data": x.tolist()}] for x in INPUTS]
    sent = json.dumps({"program": found, "states": states})
    return json.loads(engine().call("live.bothWays", sent))


def test_a_program_is_fed_with_its_own_answers():
    """`before` is an input handed on: it must not become the next one meanwhile."""
    kernel = lambda x, n: {"x": 3 * x + n, "n": n + 1, "before": x[1:]}
    x, n = torch.tensor([1.0, 2.0]), torch.tensor(0.0)
    found = fed(kernel, {"x": x, "n": n}, 5)
    for _ in range(5):
        before, x, n = x[1:], 3 * x + n, n + 1
    for name, want in {"x": x, "n": n, "before": before}.items():
        assert torch.equal(found[name], want.double()), name
