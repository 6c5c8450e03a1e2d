"""What the tests need to hold a page's answers against torch's, as JSON.

A kernel is asked in float32, as it is. A run is followed in double precision, so that
the page is held against what is right, and not against another rounding.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, fx

from . import programs
from .figure import LiveFigure
from .follow import follow
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


def _played(figure: LiveFigure, number: int) -> Iterator[dict[str, Any]]:
    """A run for each setting, seeded by its number."""
    assert figure.course
    course = Course(figure.course.run)
    doubled: dict[str, Any] = {}
    for seed, (key, inputs, choices) in enumerate(_settings(figure, number), 1):
        course.restart(seed)
        state = programs.inputs_of(course) | {programs.KEY: course.key}
        if is_new := key not in doubled:
            calls = programs.step_of(course), programs.look_of(figure)
            doubled[key] = [_doubled(call, state | inputs, choices) for call in calls]
        step, look = doubled[key]
        seen = {}
        for i in range(1, STEPS + 1):
            state = step(state | inputs)
            if i in LOOKS:
                seen[i] = look(state | inputs)
        if is_new:
            course.advance(inputs | choices, 3)
            own = figure.call(inputs, choices, course.state)
            _expect_near(seen[3], figure.moving(own))
        answers = {i: _tensors(values) for i, values in seen.items()}
        yield {"key": key, "seed": seed, "state": _plain(inputs), "answers": answers}


def _expect_near(followed: dict[str, Tensor], own: dict[str, Tensor]) -> None:
    """Raise AssertionError where what was followed is not what the step itself does."""
    for name, want in own.items():
        wide = want.double()
        size = wide.nan_to_num(0, 0, 0).abs().max().item() if want.numel() else 0
        close: dict[str, Any] = dict(rtol=1e-2, atol=1e-2 * size, equal_nan=True)
        said = f"{name}, traced, is not what the step gives"
        torch.testing.assert_close(followed[name].double(), wide, **close, msg=said)


def _doubled(call: Any, inputs: dict[str, Tensor], choices: dict[str, Any]) -> Any:
    """The call in double precision: its operations, followed and made anew."""
    outputs: list[str] = []

    def flat(*tensors: Tensor) -> tuple[Tensor, ...]:
        found = call(**dict(zip(inputs, tensors, strict=True)), **choices)
        outputs[:] = found
        return tuple(found.values())

    double = _Double(follow(flat, inputs))
    return lambda given: dict(zip(outputs, double.run(*given.values()), strict=True))


class _Double(fx.Interpreter):
    """Makes each operation in float64 where the graph has float32."""

    def fetch_attr(self, target: str) -> Any:
        return _wide(super().fetch_attr(target))

    def placeholder(self, target: Any, args: Any, kwargs: Any) -> Any:
        return _wide(super().placeholder(target, args, kwargs))

    def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
        if kwargs.get("dtype") == torch.float32:
            kwargs = kwargs | {"dtype": torch.float64}
        return _wide(super().call_function(target, args, kwargs))


def _wide(value: Any) -> Any:
    single = isinstance(value, Tensor) and value.dtype == torch.float32
    return value.double() if single else value


def _plain(inputs: dict[str, Tensor]) -> dict[str, list[float]]:
    return {k: v.float().flatten().tolist() for k, v in inputs.items()}


def _tensors(values: dict[str, Tensor]) -> dict[str, Any]:
    return {
        k: {"shape": list(v.shape), "data": v.double().flatten().tolist()}
        for k, v in values.items()
    }
