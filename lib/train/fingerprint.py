"""What makes one training run another: its data, its code, its model, in short hashes.

Two runs of one fingerprint do the same work. What learns is known by its shape, and
what only collects (a list of numbers, a dict, an iterator) by its type: both change as
a run goes.
"""

import functools
import hashlib
import sysconfig
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

INSTALLED = tuple(sysconfig.get_path(name) for name in ("stdlib", "purelib"))
PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...))


def fingerprint(*things: object) -> str:
    """Twelve letters and digits that tell functions, models and tensors apart."""
    told = hashlib.sha256()
    seen: dict[int, object] = {}  # kept, so that no id is given twice
    for thing in things:
        _tell(told, thing, seen)
    return told.hexdigest()[:12]


def checksum(state: object) -> str:
    """The hash of all that a checkpoint holds, to the last bit."""
    told = hashlib.sha256()
    _whole(told, state)
    return told.hexdigest()


def _whole(told: Any, thing: Any) -> None:
    """Add tensors, numbers and words, in lists, tuples and dicts of any depth."""
    told.update(f"{type(thing).__name__} ".encode())
    if isinstance(thing, Tensor):
        _tensor(told, thing)
    elif isinstance(thing, dict):
        for key, value in thing.items():
            _whole(told, key)
            _whole(told, value)
    elif isinstance(thing, list | tuple):
        for value in thing:
            _whole(told, value)
    else:
        told.update(f"{thing!r} ".encode())


def _tensor(told: Any, x: Tensor) -> None:
    told.update(f"{x.dtype} {tuple(x.shape)} ".encode())
    flat = x.detach().cpu().contiguous().view(-1)
    told.update(flat.view(torch.uint8).numpy())


def _tell(told: Any, thing: Any, seen: dict[int, object]) -> None:
    """Add what decides on what `thing` does."""
    told.update(f"{type(thing).__qualname__} ".encode())
    if isinstance(thing, PLAIN):
        told.update(f"{thing!r} ".encode())
        return
    if id(thing) in seen:
        return
    seen[id(thing)] = thing
    if isinstance(thing, nn.Module):
        _module(told, thing, seen)
    elif isinstance(thing, Tensor):
        if thing.requires_grad:  # it learns
            told.update(f"{tuple(thing.shape)} ".encode())
        else:
            _tensor(told, thing)
    elif isinstance(thing, np.ndarray):
        told.update(f"{thing.dtype} {thing.shape} ".encode() + thing.tobytes())
    elif isinstance(thing, FunctionType):
        _function(told, thing, seen)
    elif isinstance(thing, CodeType):
        _code(told, thing, seen)
    elif isinstance(thing, functools.partial):
        for part in (thing.func, *thing.args, *sorted(thing.keywords.items())):
            _tell(told, part, seen)
    elif isinstance(thing, MethodType):
        _tell(told, thing.__func__, seen)
        _tell(told, thing.__self__, seen)
    elif isinstance(thing, frozenset):
        told.update(f"{sorted(map(repr, thing))} ".encode())
    elif isinstance(thing, tuple) or _is_data(thing):
        for part in thing:
            _tell(told, part, seen)
    elif isinstance(thing, type | ModuleType | BuiltinFunctionType):
        told.update(f"{thing.__name__} ".encode())
    else:  # an object that can be called, or that holds data
        call = type(thing).__call__ if callable(thing) else None
        held = getattr(thing, "__dict__", {})
        parts = [held[name] for name in sorted(held) if _is_data(held[name])]
        for part in [call if isinstance(call, FunctionType) else None, *parts]:
            _tell(told, part, seen)


def _is_data(thing: object) -> bool:
    """Whether a thing is data: a tensor, an array, or a list of tensors or texts."""
    if isinstance(thing, list):
        return bool(thing) and all(isinstance(p, Tensor | str) for p in thing)
    return isinstance(thing, Tensor | np.ndarray)


def _module(told: Any, model: nn.Module, seen: dict[int, object]) -> None:
    """Add what a model is made of and what it computes, and no weight."""
    for name, part in model.named_modules():
        kind = type(part)
        told.update(f"{name} {kind.__qualname__} {part.extra_repr()} ".encode())
        if not kind.__module__.startswith("torch"):
            _tell(told, kind.forward, seen)
            numbers = {k: v for k, v in vars(part).items() if isinstance(v, PLAIN)}
            numbers.pop("training", None)
            told.update(f"{sorted(numbers.items(), key=str)} ".encode())


def _function(told: Any, function: FunctionType, seen: dict[int, object]) -> None:
    """Add a function's code, its defaults, and what it sees around it."""
    if function.__code__.co_filename.startswith(INSTALLED):
        told.update(f"{function.__qualname__} ".encode())
        return
    around = function.__globals__
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    parts: list[Any] = [function.__code__, function.__defaults__]
    parts += sorted((function.__kwdefaults__ or {}).items())
    for part in parts:
        _tell(told, part, seen)
    for name, cell in cells:
        told.update(f"{name} ".encode())
        try:
            _tell(told, cell.cell_contents, seen)
        except ValueError:  # an empty cell: a name that gets its value later
            continue
    for name in _names(function.__code__):
        if name in around:
            told.update(f"{name} ".encode())
            _tell(told, around[name], seen)


def _names(code: CodeType) -> list[str]:
    """The names that code, and what is defined inside it, looks for around it."""
    inside = [c for c in code.co_consts if isinstance(c, CodeType)]
    return sorted({*code.co_names, *(name for c in inside for name in _names(c))})


def _code(told: Any, code: CodeType, seen: dict[int, object]) -> None:
    told.update(code.co_code)
    told.update(f"{code.co_names} {code.co_varnames} ".encode())
    for part in code.co_consts:
        _tell(told, part, seen)
