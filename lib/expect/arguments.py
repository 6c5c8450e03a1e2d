"""Let a function or a class check its arguments against its annotations."""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from types import UnionType
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

import torch
from torch import Tensor

from lib.expect.values import one

PRECISIONS = {torch.float16, torch.bfloat16, torch.float32, torch.float64}
P = ParamSpec("P")
R = TypeVar("R")
Test = Callable[[Any], bool]


def annotated(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function or a class check its arguments against its annotations first.

    A whole number may be a tensor of one number, as live figures drag it, and so may
    any number; nan is none. Tensors of real numbers must agree in their precision.
    """
    if isinstance(function, type):  # a dataclass, say, whose constructor was made
        made: Any = function
        made.__init__ = annotated(made.__init__)
        return function
    names = list(inspect.signature(function).parameters)

    @functools.cache
    def tests() -> dict[str, tuple[Test, str]]:
        hints = get_type_hints(function)
        return {name: _test(hints[name]) for name in names if name in hints}

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if torch.compiler.is_compiling():  # a graph holds what is computed, no tests
            return function(*args, **kwargs)
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
    if isinstance(value, float) and value != value:
        raise ValueError(f"{name} holds nan; expected {words}.")
    if isinstance(value, tuple):
        kind = f"{kind} of {len(value)}"
    if isinstance(value, Tensor):
        kind = f"tensor of shape {tuple(value.shape)} and {value.dtype}"
    elif isinstance(value, int | float | str):
        kind = f"{kind}, {value!r:.40}"
    hint = ": torch.tensor(...)" if words == "a tensor" else "."
    raise TypeError(f"{name} is a {kind}; expected {words}{hint}")


def _real(value: object) -> bool:
    if type(value) in (int, float):  # as nearly always: what follows takes longer
        return value == value
    return isinstance(value, Real) and not isinstance(value, bool) and value == value


def _whole(value: object) -> bool:
    return type(value) is int or (_real(value) and isinstance(value, Integral))


SIMPLE: dict[object, tuple[Test, str]] = {
    None: (lambda x: x is None, "None"),
    type(None): (lambda x: x is None, "None"),
    Tensor: (lambda x: isinstance(x, Tensor), "a tensor"),
    bool: (lambda x: isinstance(x, bool), "True or False"),
    str: (lambda x: isinstance(x, str), "a string"),
    int: (lambda x: _whole(x) or one(x), "a whole number"),
    float: (lambda x: _real(x) or one(x), "a number"),
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
    if Callable in (hint, origin):
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
        fits = _in_a_row if origin is Sequence else _listed
        return lambda x: fits(x) and all(map(test, x)), f"a list of these: {word}"
    kind: Any = origin or hint
    if kind is not Any and isinstance(kind, type):
        named = "dict" if kind is Mapping else kind.__name__
        return lambda x: isinstance(x, kind), f"a {named}"
    return lambda x: True, "anything"


def _listed(value: object) -> bool:
    return isinstance(value, list | tuple)


def _in_a_row(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
