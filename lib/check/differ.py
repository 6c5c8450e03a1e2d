"""How two values of any kind differ, in a sentence: their kind, then their parts."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from lib.check import ladder

Reason = Callable[[Tensor, Tensor, float], str | None]  # how tensors differ


def alike(got: Any, want: Any, tolerance: float) -> bool:
    """Whether two values of any kind agree; nobody looks for the reason."""
    return trouble(got, want, tolerance, ladder.differs) is None


def trouble(
    got: Any, want: Any, tolerance: float, reason: Reason = ladder.difference
) -> str | None:
    """How two values of any kind differ; None if they agree."""
    if got is None and want is not None:
        return "nothing (None) came: is a `return` missing?"
    if isinstance(want, Tensor):
        got = stacked(got, want)
        if isinstance(got, Tensor):
            return reason(got, want, tolerance)
        shape = tuple(want.shape)
        return f"{told(got)} came, a tensor of shape {shape} was expected"
    if isinstance(want, int | float):
        return number_trouble(got, want, tolerance, reason)
    if isinstance(want, Mapping):
        if not isinstance(got, Mapping) or got.keys() != want.keys():
            return f"{told(got)} came, {told(want)} was expected"
        parts = [(str(key), got[key], want[key]) for key in want]
    elif isinstance(want, tuple | list):
        if isinstance(got, Tensor) and got.shape[:1] == (len(want),):
            plain = not any(isinstance(part, Tensor) for part in want)
            got = got.tolist() if plain else list(got)
        if not isinstance(got, tuple | list) or len(got) != len(want):
            return f"{told(got)} came, {told(want)} was expected"
        pairs = enumerate(zip(got, want, strict=True))
        parts = [(f"[{i}]", ours, theirs) for i, (ours, theirs) in pairs]
    else:
        alike = type(got) is type(want) and got == want
        return None if alike else f"{told(got)} came, {told(want)} was expected"
    for name, ours, theirs in parts:
        if said := trouble(ours, theirs, tolerance, reason):
            return f"{name}: {said}"
    return None


def apart(
    got: Any,
    want: Any,
    parts: Callable[[Any], Mapping[str, Any]],
    tolerance: float,
) -> str | None:
    """Which named parts of an answer are wrong, and which right; None if none is right.

    It says nothing of an answer that cannot be taken apart, or has other shapes.
    """
    try:
        ours, theirs = parts(got), parts(want)
    except Exception:  # what came is of another kind
        return None
    if any(shaped(ours.get(n)) != shaped(part) for n, part in theirs.items()):
        return None
    wrong = [n for n, x in theirs.items() if not alike(ours[n], x, tolerance)]
    right = [n for n in theirs if n not in wrong]
    return f"wrong: {', '.join(wrong)}; right: {', '.join(right)}" if right else None


def shaped(x: Any) -> Any:
    """A tensor's shape; a number has none."""
    return tuple(x.shape) if isinstance(x, Tensor) else ()


def stacked(got: Any, want: Tensor) -> Any:
    """Make one tensor of a tuple or list of them, where they are what was wanted."""
    several = isinstance(got, tuple | list) and want.dim() > 0
    if not several or [getattr(x, "shape", None) for x in got] != [
        x.shape for x in want
    ]:
        return got
    return torch.stack([*got])


def number_trouble(
    got: Any, want: float, tolerance: float, reason: Reason
) -> str | None:
    """How two plain numbers differ: a bool is no int, an int will do for a float."""
    kind = next(kind for kind in (bool, int, float) if isinstance(want, kind))
    whole = isinstance(got, bool) if kind is bool else not isinstance(got, bool)
    if not whole or not isinstance(got, int | float if kind is float else kind):
        hint = " (.item() makes one of a tensor)" if isinstance(got, Tensor) else ""
        if kind is int and isinstance(got, float):
            hint = " (// divides whole numbers)"
        return f"{told(got)} came, a plain {kind.__name__} was expected{hint}"
    if kind is int and max(abs(got), abs(want)) > 2**53:  # no float64 can tell these
        return None if got == want else f"{got} came, {want} was expected"
    dtype = torch.float64 if kind is float else None
    ours, theirs = torch.tensor(got, dtype=dtype), torch.tensor(want, dtype=dtype)
    return reason(ours, theirs, tolerance)


def told(x: Any) -> str:
    """What came, in a few words."""
    if isinstance(x, Tensor):
        return f"a {ladder.dtype(x)} tensor of shape {tuple(x.shape)}"
    if isinstance(x, Mapping):
        return f"a dict with the keys {list(x)}"
    if isinstance(x, tuple | list):
        return f"a {type(x).__name__} of {len(x)}"
    if isinstance(x, int | float | str):
        return f"the {type(x).__name__} {x!r:.60}"
    if inspect.isroutine(x):
        return "a function, not what it returns,"
    return f"an object of type {type(x).__module__}.{type(x).__qualname__}"
