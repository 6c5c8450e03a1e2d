"""A prediction: a number said before the run, held to the run by its distance."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from lib.check import differ
from lib.check.verdict import Wrong, either

WITHIN = (50, 25, 10)  # per cent of what a run gives; all points are for the last


def tiers(prediction: Any, within: Sequence[int] = WITHIN) -> dict[str, Any]:
    """Return a prediction for the grader: once under each distance that earns points.

    >>> tiers(3.0)
    {'within 50 %': 3.0, 'within 25 %': 3.0, 'within 10 %': 3.0}
    """
    return {f"within {percent} %": prediction for percent in within}


def near(
    got: Any,
    measured: Any,
    *,
    mistakes: Mapping[str, Any] | None = None,
    within: Sequence[int] = WITHIN,
) -> None:
    """Raise Wrong unless a prediction is as near to a run as all points ask for.

    What was `measured` is a number, or a tensor or list of them, none of them 0; the
    distance is |got - measured| / |measured|, the largest of them. `mistakes` maps a
    sentence to what a known mistake predicts.

    >>> near(40.0, 100.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    lib.check.verdict.Wrong: 40 was predicted, and the run gave 100: 60 % off, ...
    """
    if said := differ.trouble(_plain(got), _real(_plain(measured)), math.inf):
        raise Wrong(said)
    ours, truth = _numbers(got), _numbers(measured)
    if _off(ours, truth) <= within[-1]:
        return
    known = {said: _numbers(value) for said, value in (mistakes or {}).items()}
    if fitting := [said for said, value in known.items() if _off(ours, value) < 1]:
        raise Wrong(either(fitting))
    worst = int(((ours - truth) / truth).abs().argmax())
    off = _off(ours, truth)
    here = f"{ours[worst]:.3g} was predicted, and the run gave {truth[worst]:.3g}"
    most = [percent for percent in within if off <= percent]
    part = f"{len(most)} of {len(within)} parts of the points" if most else "no points"
    raise Wrong(
        f"{here}: {off:.0f} % off, which earns {part}; at most {within[-1]} % earns all"
    )


def _plain(x: Any) -> Any:
    return x.tolist() if isinstance(x, Tensor) else x


def _real(x: Any) -> Any:
    """A run may give whole numbers; a prediction need not be one."""
    return [_real(part) for part in x] if isinstance(x, list | tuple) else float(x)


def _numbers(x: Any) -> Tensor:
    return torch.as_tensor(x, dtype=torch.float64).detach().flatten()


def _off(got: Tensor, want: Tensor) -> float:
    """The largest distance, in per cent; infinite where a number is not finite."""
    distance = ((got - want) / want).abs().max().item() * 100
    return distance if math.isfinite(distance) else math.inf
