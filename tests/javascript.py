"""The scripts of lib/live in V8 without a browser, for the tests."""

import json
import math
from functools import cache
from pathlib import Path

import torch

from course import v8
from lib.live import bundle
from lib.live.trace import pack, trace


@cache
def engine(lacks=""):
    """V8 with the scripts, and without the global object that it is to lack."""
    without = f"delete globalThis.{lacks}" if lacks else ""
    return v8.context(
        without, bundle.classic(Path(__file__).with_suffix(".js"), "live")
    )


def plain(values):
    return [
        v
        if math.isfinite(v)
        else "nan"
        if math.isnan(v)
        else "inf"
        if v > 0
        else "-inf"
        for v in values
    ]


def sent(tensor):
    """A tensor as the scripts are given it."""
    return {
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "shape": list(tensor.shape),
        "data": plain(tensor.double().flatten().tolist()),
    }


def received(found):
    """Named tensors, in double precision, from what the scripts hand out."""
    return {
        name: torch.tensor(list(map(float, t["data"])), dtype=torch.float64).view(
            t["shape"]
        )
        for name, t in found.items()
    }


def loaded(program, constants, marks=(), lacks=""):
    """A program with its packed constants, as a function of a list of tensors.

    Each run draws these marks of what it found, in V8: no value is sent for that.
    """
    message = {"program": program, "constants": constants, "marks": list(marks)}
    index = engine(lacks).call("live.load", json.dumps(message))

    def run(inputs):
        given = json.dumps([sent(tensor) for tensor in inputs])
        return received(engine(lacks).call("live.answer", index, given))

    return run


def begun(spec, constants):
    """A figure that learns, as a function (state, **move) to its values and its run.

    The state has the numbers of each control, and of a choice that of its option.
    """
    message = json.dumps({"spec": spec, "constants": constants})
    index = engine().call("live.begin", message)

    def play(state, **move):
        asked = json.dumps({"state": state, "move": move})
        found = engine().call("live.play", index, asked)
        values = found.get("values")
        return values and received(values), found["run"]

    return play


def compiled(kernel, inputs, lacks="", **choices):
    """The kernel in JavaScript: a function of the same named inputs."""
    program = trace(kernel, inputs, choices)
    constants = [pack(t) for t in program.pop("constants")]
    run = loaded(program, constants, lacks=lacks)
    return lambda **state: run(list(state.values()))


def traced(kernel, inputs, **choices):
    """The kernel's answer in JavaScript."""
    return compiled(kernel, inputs, **choices)(**inputs)


def fed(kernel, inputs, times):
    """What a kernel gives whose outputs are its next inputs where they share a name."""
    program = trace(kernel, inputs, {})
    program["constants"] = [pack(t) for t in program["constants"]]
    asked = {"program": program, "inputs": [sent(t) for t in inputs.values()]}
    return received(engine().call("live.fed", json.dumps(asked), times))


def draw(mark, value):
    """What is drawn of a mark for a value."""
    sent = {
        "shape": list(value.shape),
        "data": plain(value.double().flatten().tolist()),
    }
    asked = json.dumps({"mark": mark, "value": sent})
    return engine().call("live.drawn", asked)
