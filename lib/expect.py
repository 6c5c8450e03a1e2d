"""Argument checks for learners: what came, what was expected, the likely cause.

Names come from the keywords: `expect.same_shape(p=p, q=q)`. Types and shapes are
always checked; values are not while a live figure is traced and there are none yet.
"""

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from math import inf
from numbers import Integral, Real
from types import UnionType
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

import torch
from torch import Tensor

PRECISIONS = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
P = ParamSpec("P")
R = TypeVar("R")
Test = Callable[[Any], bool]


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


def annotated(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function check its arguments against its annotations before it runs.

    A whole number may be a tensor of one number, as live figures drag it, and so may
    any number; nan is none. Tensors of real numbers must agree in their precision.
    """
    names = list(inspect.signature(function).parameters)

    @functools.cache
    def tests() -> dict[str, tuple[Test, str]]:
        hints = get_type_hints(function)
        return {name: _test(hints[name]) for name in names if name in hints}

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        known, first = tests(), None
        for name, value in (*zip(names, args, strict=False), *kwargs.items()):
            if name not in known:
                continue
            test, words = known[name]
            if not test(value):
                _refuse(name, value, words)
            if isinstance(value, Tensor) and value.dim() and value.dtype in PRECISIONS:
                first = first or (name, value.dtype)
                if value.dtype != first[1]:
                    raise TypeError(
                        f"{first[0]} holds {first[1]} and {name} {value.dtype}; "
                        f"expected one precision, as {name}.to({first[0]}.dtype) gives."
                    )
        return function(*args, **kwargs)

    return checked


def _refuse(name: str, value: object, words: str) -> None:
    kind = type(value).__name__
    if isinstance(value, Tensor):
        kind = f"tensor of shape {tuple(value.shape)} and {value.dtype}"
    elif isinstance(value, int | float | str):
        kind = f"{kind}, {value!r:.40}"
    hint = ": torch.tensor(...)" if words == "a tensor" else "."
    raise TypeError(f"{name} is a {kind}; expected {words}{hint}")


def _one(value: object) -> bool:
    return isinstance(value, Tensor) and not value.dim() and not value.is_complex()


def _real(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and value == value


SIMPLE: dict[object, tuple[Test, str]] = {
    None: (lambda x: x is None, "None"),
    type(None): (lambda x: x is None, "None"),
    Tensor: (lambda x: isinstance(x, Tensor), "a tensor"),
    bool: (lambda x: isinstance(x, bool), "True or False"),
    str: (lambda x: isinstance(x, str), "a string"),
    int: (
        lambda x: (_real(x) and isinstance(x, Integral)) or _one(x),
        "a whole number",
    ),
    float: (lambda x: _real(x) or _one(x), "a number"),
}


def _test(hint: Any) -> tuple[Test, str]:
    """What an annotation asks for: a test of a value, and words for a learner."""
    if hint in SIMPLE:
        return SIMPLE[hint]
    origin, inner = get_origin(hint), get_args(hint)
    if isinstance(hint, TypeVar):
        origin, inner = Union, hint.__constraints__
    if origin in (Union, UnionType):
        tests, words = zip(*map(_test, inner), strict=True)
        return lambda x: any(test(x) for test in tests), " or ".join(words)
    if origin is Callable:
        return callable, "a function"
    if origin is tuple and ... not in inner:
        tests, words = zip(*map(_test, inner), strict=True)
        return (
            lambda x: (
                _listed(x)
                and len(x) == len(tests)
                and all(test(part) for test, part in zip(tests, x, strict=True))
            ),
            f"({', '.join(words)})",
        )
    if origin in (tuple, list, Sequence):
        test, word = _test(inner[0])
        return lambda x: _listed(x) and all(map(test, x)), f"a list of these: {word}"
    if isinstance(hint, type):
        return lambda x: isinstance(x, hint), f"a {hint.__name__}"
    return lambda x: True, "anything"


def _listed(value: object) -> bool:
    return isinstance(value, list | tuple)
