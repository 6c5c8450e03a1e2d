"""Argument checks for learners: what came, what was expected, the likely cause.

Names come from the keywords: `expect.same_shape(p=p, q=q)`. Types and shapes are
always checked; values are not while a live figure is traced and there are none yet.
"""

import difflib
from collections.abc import Callable, Iterable
from math import inf
from numbers import Integral, Real
from typing import Any

import torch
from torch import Tensor


def tensor(**named: object) -> None:
    """Check that each value is a tensor."""
    for name, x in named.items():
        if not isinstance(x, Tensor):
            came = type(x).__name__
            raise TypeError(f"{name} is a {came}; expected a tensor: torch.tensor(...)")


def kind(wanted: Any, words: str, **named: object) -> None:
    """Check that each value is of a type, which `words` name for a learner."""
    for name, value in named.items():
        if not isinstance(value, wanted):
            raise TypeError(f"{name} is a {type(value).__name__}; expected {words}.")


def shape(x: Tensor, dims: str, name: str, **sizes: int) -> torch.Size:
    """Check a shape such as "B C H W", "R 5" or "... K"; return it, to unpack.

    A letter has one size wherever it comes, the given one if given (`C=3`); "..."
    in front allows any leading dimensions.
    """
    tensor(**{name: x})
    letters = dims.removeprefix("...").split()
    tail = x.shape[x.dim() - len(letters) :] if dims.startswith("...") else x.shape
    seen = dict(sizes)
    sized = [int(d) if d.isdigit() else seen.setdefault(d, n)
             for d, n in zip(letters, tail, strict=False)]  # fmt: skip
    if len(tail) != len(letters) or sized != list(tail):
        wanted = ", ".join(f"{d}={sizes[d]}" if d in sizes else d for d in dims.split())
        hint = ""
        if dims == "B C H W" and x.dim() == 3:
            hint = f" Is the batch missing? {name}[None] adds it."
        elif dims == "B C H W" and x.dim() == 4 and x.shape[3] == sizes.get("C"):
            hint = f" PyTorch puts channels first: {name}.permute(0, 3, 1, 2)."
        came = tuple(x.shape)
        raise ValueError(f"{name} has shape {came}; expected ({wanted}).{hint}")
    return x.shape


def same_shape(**named: Tensor) -> None:
    """Check that all tensors have one shape: nothing broadcasts silently."""
    tensor(**named)
    if len({x.shape for x in named.values()}) > 1:
        came = ", ".join(f"{name} {tuple(x.shape)}" for name, x in named.items())
        raise ValueError(f"expected one shape, got {came}; nothing is broadcast here.")


def floating(**named: Tensor) -> None:
    """Check that each tensor holds real numbers."""
    _dtype(named, torch.is_floating_point, "real numbers (.float() converts)")


def indices(**named: Tensor) -> None:
    """Check that each tensor holds int64, as indices, labels and tokens do."""
    _dtype(named, lambda x: x.dtype == torch.int64, "int64 (.long() converts)")


def boolean(**named: Tensor) -> None:
    """Check that each tensor is a mask of True and False."""
    _dtype(named, lambda x: x.dtype == torch.bool, "bool (compare, as in x > 0)")


def _dtype(named: dict, ok: Callable[[Tensor], bool], wanted: str) -> None:
    tensor(**named)
    for name, x in named.items():
        if not ok(x):
            raise TypeError(f"{name} holds {x.dtype}; expected {wanted}.")


def one_of(value: object, options: Iterable[object], name: str = "kind") -> None:
    """Check that a value is one of the options; suggest the nearest one."""
    options = list(options)
    if value not in options:
        near = difflib.get_close_matches(str(value), map(str, options), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        known = ", ".join(map(repr, options))
        raise ValueError(f"{name} is {value!r}; expected one of {known}.{hint}")


def whole(low: int | None = None, **named: object) -> None:
    """Check that each value is a whole number, and at least `low` if that is said."""
    for name, value in named.items():
        if one(value):
            continue  # a live figure drags it
        if isinstance(value, bool) or not isinstance(value, Integral):
            came = f"{value!r:.40} ({type(value).__name__})"
            raise TypeError(f"{name} is {came}; expected a whole number.")
        if low is not None and value < low:
            raise ValueError(f"{name} is {value}; expected {low} or more.")


def number(**named: object) -> None:
    """Check that each value is a number, or a tensor of one real number."""
    for name, value in named.items():
        one = (
            isinstance(value, Tensor) and not value.dim() and value.is_floating_point()
        )
        if not one and (isinstance(value, bool) or not isinstance(value, Real)):
            came = f"{value!r:.40} ({type(value).__name__})"
            raise TypeError(f"{name} is {came}; expected a number.")


def divides(**named: int) -> None:
    """Check that the first of two whole numbers divides the second exactly."""
    (part_name, part), (whole_name, whole) = named.items()
    if part < 1 or whole < 1 or whole % part:
        raise ValueError(
            f"{part_name} is {part} and {whole_name} is {whole}; "
            f"expected {part_name} to divide {whole_name} exactly."
        )


def positive(**named: Tensor | float) -> None:
    """Check that every number is finite and above zero."""
    _values(named, lambda x: (x > 0) & (x < inf), "finite numbers above 0")


def between(low: float, high: float, **named: Tensor | float) -> None:
    """Check that every number lies in [low, high]; nan does not."""
    _values(named, lambda x: (x >= low) & (x <= high), f"numbers in [{low}, {high}]")


def no_nan(**named: Tensor) -> None:
    """Check for nan, which comparisons and the largest of many swallow."""
    _values(named, lambda x: x == x, "numbers, and no nan")


def probabilities(**named: Tensor) -> None:
    """Check that the last dimension holds no negative number and sums to 1."""
    between(0, inf, **named)
    sums = {f"{name}.sum(-1)": x.sum(-1) for name, x in named.items()}
    wanted = "1 (is a softmax missing, or over another axis?)"
    _values(sums, lambda x: (x - 1).abs() < 1e-4, wanted)


def _values(named: dict, ok: Callable[[Tensor], Tensor], wanted: str) -> None:
    if torch.compiler.is_exporting():
        return
    for name, value in named.items():
        if not isinstance(value, Tensor):
            number(**{name: value})
        x = value if isinstance(value, Tensor) else torch.tensor(value, device="cpu")
        if not x.is_meta and not ok(x).all():
            worst = x[~ok(x)][0].item()
            raise ValueError(f"{name} holds {worst:g}; expected {wanted}.")


def one(value: object) -> bool:
    """Whether a value is a tensor of one real number, as live figures drag it."""
    return isinstance(value, Tensor) and not value.dim() and not value.is_complex()
