"""A program keeps what did not change between two runs, and only that."""

import json

import gallery
import pytest
import torch
from javascript import engine

from lib import plot
from lib.live.figure import LiveFigure
from lib.live.page import program

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
