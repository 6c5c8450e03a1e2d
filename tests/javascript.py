"""tensor.js and marks.js in V8 without a browser, for the tests."""

import atexit
import base64
import json
import math
from functools import cache
from importlib.resources import files

import torch
from py_mini_racer import MiniRacer

from lib.live.trace import pack, trace


@cache
def engine():
    racer = MiniRacer()
    atexit.register(racer.close)  # or V8 may keep Python from ending
    for name in ("tensor.js", "marks.js"):
        racer.eval((files("lib") / "live" / name).read_text("utf8"))
    racer.eval("""
    const words = { nan: NaN, inf: Infinity, "-inf": -Infinity };
    const word = (v) => Number.isNaN(v) ? "nan" : v > 0 ? "inf" : "-inf";
    const plain = (v) => Number.isFinite(v) ? v : word(v);
    const number = (v) => typeof v === "string" ? words[v] : v;
    function decoded({bytes, dtype, shape, stored}) {
      return LiveTensor.decode(Uint8Array.from(bytes), dtype, shape, stored);
    }
    const loaded = [];
    function load(json) {
      const {program, constants} = JSON.parse(json);
      return loaded.push({...program, constants: constants.map(decoded)}) - 1;
    }
    function answer(index, json) {
      const found = LiveTensor.run(loaded[index],
        JSON.parse(json).map((t) => LiveTensor.make(t, t.data.map(number))));
      return JSON.stringify(Object.fromEntries(Object.entries(found).map(([k, t]) =>
        [k, {dtype: t.dtype, shape: t.shape, data: Array.from(t.data, plain)}])));
    }
    function marks(json) {
      const {mark, value} = JSON.parse(json);
      if (mark.lut) mark.table = mark.bytes;
      value.data = value.data.map(number);
      const drawn = LiveMarks.draw(mark, value);
      if (drawn.pixels) drawn.pixels = Array.from(drawn.pixels);
      return JSON.stringify(drawn);
    }""")
    return racer


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


def unpacked(constant):
    return constant | {"bytes": list(base64.b64decode(constant["bytes"]))}


def loaded(program, constants):
    """A program with its packed constants, as a function of a list of tensors."""
    message = {"program": program, "constants": list(map(unpacked, constants))}
    index = engine().call("load", json.dumps(message))

    def run(inputs):
        given = [
            {
                "dtype": str(t.dtype).removeprefix("torch."),
                "shape": list(t.shape),
                "data": plain(t.double().flatten().tolist()),
            }
            for t in inputs
        ]
        found = json.loads(engine().call("answer", index, json.dumps(given)))
        return {
            name: torch.tensor(list(map(float, t["data"])), dtype=torch.float64).view(
                t["shape"]
            )
            for name, t in found.items()
        }

    return run


def compiled(kernel, inputs, **choices):
    """The kernel in JavaScript: a function of the same named inputs."""
    program = trace(kernel, inputs, choices)
    constants = [pack(t) for t in program.pop("constants")]
    run = loaded(program, constants)
    return lambda **state: run(list(state.values()))


def traced(kernel, inputs, **choices):
    """The kernel's answer in JavaScript."""
    return compiled(kernel, inputs, **choices)(**inputs)


def draw(mark, value):
    """What marks.js makes of a value."""
    if "lut" in mark:
        mark = mark | {"bytes": list(base64.b64decode(mark["lut"]))}
    sent = {
        "shape": list(value.shape),
        "data": plain(value.double().flatten().tolist()),
    }
    return json.loads(engine().call("marks", json.dumps({"mark": mark, "value": sent})))
