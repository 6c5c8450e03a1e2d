"""Frames: every answer of a kernel that cannot be traced, computed beforehand."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import torch

from .controls import Choice, Control, Mask, Slider, Switches
from .figure import LiveFigure

MOST = 2_000


class TooMany(Exception):
    """The controls have too many states to tabulate; the message says which."""


def tabulate(figure: LiveFigure) -> dict[str, torch.Tensor]:
    """Each output for every state, stacked; the first control changes slowest.

    Raises TooMany with more than 2,000 states, and where a control is continuous.
    """
    counts = {name: _count(name, c) for name, c in figure.controls.items()}
    if (n := math.prod(counts.values())) > MOST:
        raise TooMany(f"{n:,} states ({counts}), at most {MOST:,}: coarser steps")
    rows = []
    states = [_states(c) for c in figure.controls.values()]
    for state in itertools.product(*states):
        named = dict(zip(figure.controls, state, strict=True))
        rows.append(figure.moving(figure.call(named, {})))
    shapes = {name: {tuple(row[name].shape) for row in rows} for name in rows[0]}
    if changing := [name for name, seen in shapes.items() if len(seen) > 1]:
        raise TooMany(f"the shape of {', '.join(changing)} changes from state to state")
    return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}


def _count(name: str, control: Control) -> int:
    if isinstance(control, Slider):
        return control.positions + 1
    if isinstance(control, Choice):
        return len(control.options)
    if isinstance(control, Mask | Switches):
        return 2 ** control.start().numel()
    raise TooMany(f"{name} is continuous")


def _states(control: Control) -> Iterator[Any]:
    if isinstance(control, Slider):
        yield from (control.at(p) for p in range(control.positions + 1))
    elif isinstance(control, Choice):
        yield from control.options
    elif isinstance(control, Mask | Switches):
        shape = control.start().shape
        for bits in itertools.product((False, True), repeat=math.prod(shape)):
            yield torch.tensor(bits).view(shape)
