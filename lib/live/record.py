"""What the tests need to hold a page's answers against torch's, as JSON.

A kernel is asked in float32, as it is. A run is followed in double precision, so that
the page is held against what is right, and not against another rounding.
"""

import copy
import itertools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx

from . import programs
from .figure import LiveFigure
from .follow import Followed
from .run import Course

CASES, STEPS = 25, 20
LOOKS = (1, 2, 3, STEPS)  # after how many steps it is looked at


def record(
    figure: LiveFigure, number: int, spec: dict[str, Any], constants: dict[str, Any]
) -> None:
    """Write spec, constants and cases into the folder LIVE_FIGURES, if there is one."""
    if not (folder := os.environ.get("LIVE_FIGURES")):
        return
    kind = _played(figure, number) if figure.course else _answered(figure, number)
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    found = {"spec": spec, "constants": constants, "cases": list(kind)}
    (path / f"{number}.json").write_text(json.dumps(found))
    (path / f"{number}.png").write_bytes(figure.picture.still)


def _settings(figure: LiveFigure, number: int) -> Iterator[tuple[str, Any, Any]]:
    """Random settings: a key, tensors, choices."""
    generator = torch.Generator().manual_seed(number)
    combinations = list(figure.combinations())
    for i in range(CASES):
        key, choices = combinations[i % len(combinations)]
        inputs = {
            name: figure.controls[name].random(generator)  # type: ignore[union-attr]
            for name in figure.inputs
        }
        yield key, inputs, choices


def _answered(figure: LiveFigure, number: int) -> Iterator[dict[str, Any]]:
    for key, inputs, choices in _settings(figure, number):
        answers = figure.moving(figure.call(inputs, choices))
        yield {"key": key, "state": _plain(inputs), "answers": _tensors(answers)}


def _played(figure: LiveFigure, number: int) -> list[dict[str, Any]]:
    """A run for each setting, seeded by its number; those with equal choices as one."""
    assert figure.course
    course = Course(figure.course.run)
    steps = [*map(_Double, programs.steps(figure).values())]
    looks = [*map(_Double, programs.looks(figure).values())]
    rows = sorted(enumerate(_settings(figure, number), 1), key=_key)
    cases = []
    for key, some in itertools.groupby(rows, _key):
        seeds, settings = zip(*some, strict=True)
        choices = settings[0][2]
        step, look = (_chosen(kind, choices) for kind in (steps, looks))
        starts = []
        for seed, (_, inputs, _) in zip(seeds, settings, strict=True):
            course.restart(seed)
            chance = {programs.KEY: course.key}
            starts.append(programs.inputs_of(course) | chance | inputs)
        state = {name: torch.stack([x[name] for x in starts]) for name in starts[0]}
        seen = {}
        for i in range(1, STEPS + 1):
            state |= step(state)
            if i in LOOKS:
                seen[i] = look(state)
        course.advance(inputs | choices, 3)  # the last one's own, without a graph
        own = figure.call(inputs, choices, course.state)
        _expect_near(_row(seen[3], -1), figure.moving(own))
        for row, (seed, (_, inputs, _)) in enumerate(zip(seeds, settings, strict=True)):
            answers = {i: _tensors(_row(values, row)) for i, values in seen.items()}
            case = {"key": key, "seed": seed, "state": _plain(inputs)}
            cases.append(case | {"answers": answers})
    return sorted(cases, key=lambda case: case["seed"])


def _key(row: tuple[int, tuple[str, Any, Any]]) -> str:
    return row[1][0]


def _row(values: dict[str, Tensor], row: int) -> dict[str, Tensor]:
    return {name: value[row] for name, value in values.items()}


def _chosen(kernels: list["_Double"], choices: dict[str, Any]) -> "_Double":
    """The one whose own choices are among these."""
    for kernel in kernels:
        if all(
            choices[name] == value for name, value in kernel.followed.choices.items()
        ):
            return kernel
    raise LookupError(f"none of {len(kernels)} kernels is for {choices}")


def _expect_near(followed: dict[str, Tensor], own: dict[str, Tensor]) -> None:
    """Raise AssertionError where what was followed is not what the step itself does."""
    for name, want in own.items():
        wide = want.double()
        size = wide.nan_to_num(0, 0, 0).abs().max().item() if want.numel() else 0
        close: dict[str, Any] = dict(rtol=1e-2, atol=1e-2 * size, equal_nan=True)
        said = f"{name}, traced, is not what the step gives"
        torch.testing.assert_close(followed[name].double(), wide, **close, msg=said)


class _Double:
    """A kernel that was followed, for many inputs at once, in float64 for float32."""

    def __init__(self, followed: Followed):
        self.followed = followed
        graph = copy.deepcopy(followed.graph)
        for node in graph.nodes:
            node.args = fx.node.map_aggregate(node.args, _wide)
            node.kwargs = fx.node.map_aggregate(node.kwargs, _wide)
        outside = {name: _wider(x) for name, x in followed.outside.items()}
        self.module = fx.GraphModule(outside, graph)

    def __call__(self, given: dict[str, Tensor]) -> dict[str, Tensor]:
        single = (given[name] for name in self.followed.inputs)
        wide = map(_wider, single)
        torch.set_default_dtype(torch.float64)
        try:
            with torch.no_grad():
                found = torch.vmap(self.module)(*wide)
        finally:
            torch.set_default_dtype(torch.float32)
        return dict(zip(self.followed.outputs, found, strict=True))


def _wider(x: Tensor) -> Tensor:
    return x.double() if x.dtype == torch.float32 else x


def _wide(argument: Any) -> Any:
    return torch.float64 if argument is torch.float32 else argument


def _plain(inputs: dict[str, Tensor]) -> dict[str, list[float]]:
    return {k: v.float().flatten().tolist() for k, v in inputs.items()}


def _tensors(values: dict[str, Tensor]) -> dict[str, Any]:
    return {
        k: {"shape": list(v.shape), "data": v.double().flatten().tolist()}
        for k, v in values.items()
    }
