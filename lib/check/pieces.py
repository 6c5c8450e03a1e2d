"""What an exercise's check is made of: pieces that name the mistake they see."""

import dis
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import CodeType
from typing import Any

import torch
from torch import Tensor

from lib.check import differ, ladder
from lib.check.verdict import NOT_ANSWERED, NOT_YET, RIGHT, Wrong, either, tell
from lib.check.watch import watching

ANY = (-math.inf, math.inf)


@contextmanager
def exercise(
    name: str,
    praise: str = "correct",
    *,
    given: Callable[..., Any] | None = None,
) -> Iterator[None]:
    """Run a check, and tell its verdict: right, not yet and why, or not answered.

    `name` is the answer's name, or two joined by "and". Meanwhile the function of that
    name gets copies of its inputs, writing into them is Wrong, and so is a call of what
    is `given` as the specification. A bare `raise NotImplementedError` is an unanswered
    task and no error. Wrong goes on with the exercise's name before its sentence, other
    errors with a kind note.
    """
    check = sys._getframe(2)  # who says `with`: contextlib stands between
    own = _made(check.f_code)
    try:
        with watching(check.f_globals, name, *filter(None, [given]), own=own):
            yield
    except Wrong as wrong:
        wrong.args, wrong.told = (f"{name}: {wrong}",), True
        tell(NOT_YET, str(wrong))
        raise
    except Exception as error:
        if _unanswered(error):
            tell(NOT_ANSWERED, f"{name} waits for your code")
            return
        stopped = f"{name}: an error stopped the check before it could judge the answer"
        error.add_note(
            f"{stopped}. Look first at the last line of the traceback that is yours."
        )
        tell(NOT_YET, stopped)
        raise
    tell(RIGHT, f"{name}: {praise}")


def same(
    got: Any,
    want: Any,
    *,
    mistakes: Mapping[str, Any] | None = None,
    parts: Callable[[Any], Mapping[str, Any]] | None = None,
    tolerance: float = 1e-4,
    name: str = "",
) -> None:
    """Climb from type to value, and raise Wrong at the first rung that breaks.

    `want` is a tensor, a number, a string, or a dict, tuple or list of these.
    `mistakes` maps a sentence to what a known mistake gives, or to a function that
    gives it; a wrong answer equal to it earns that sentence, and where several are
    equal to it here, all of them up to three. `parts` takes an answer
    apart, into what has a name: where no known mistake fits and a part is right, the
    sentence says which are and which are not. Values agree where
    |got - want| <= tolerance (|want| + max |want| / 10); whole numbers must be equal.

    Raises ValueError if a right answer meets a known mistake that is right too.

    >>> x = torch.tensor([1.0, 2.0, 3.0])
    >>> same(x.log2(), x.log(), mistakes={"no logarithm": x})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    lib.check.verdict.Wrong: everything is 1.44 times too large (as if ...)
    """
    trouble, fitting = differ.trouble(got, want, tolerance), []
    for sentence, value in (mistakes or {}).items():
        known = value() if callable(value) else value
        if differ.alike(known, want, tolerance):
            _never_wrong(sentence, trouble)
        elif trouble and differ.alike(got, known, tolerance):
            fitting.append(sentence)
    if fitting:
        trouble = either(fitting)
    elif trouble and parts:
        trouble = differ.apart(got, want, parts, tolerance) or trouble
    if trouble:
        raise Wrong(f"{name}: {trouble}" if name else trouble)


def _never_wrong(sentence: str, trouble: str | None) -> None:
    """Tell the author of a mistake that gives the right answer, and no learner."""
    if trouble is None:
        raise ValueError(
            f"the known mistake {sentence!r} gives the right answer here: choose "
            "inputs on which it does not"
        )


def gradient(
    function: Callable[..., Tensor],
    reference: Callable[..., Tensor],
    *inputs: Any,
    mistakes: Mapping[str, Callable[..., Tensor]] | None = None,
    tolerance: float = 1e-4,
) -> None:
    """Raise Wrong unless `function` has the gradients of `reference` at `inputs`.

    `mistakes` maps a sentence to a function that has the gradients of a known mistake.
    """
    want = _slopes(reference, inputs)
    known = {said: _slopes(wrong, inputs) for said, wrong in (mistakes or {}).items()}
    try:
        same(_slopes(function, inputs), want, mistakes=known, tolerance=tolerance)
    except Wrong as wrong:
        if str(wrong).endswith("everything is 0"):
            why = "was something detached, rounded, or computed under no_grad?"
            wrong.args = (f"{wrong}: {why}",)
        raise


def is_number(
    got: Any, low: float = ANY[0], high: float = ANY[1], name: str = "the answer"
) -> None:
    """Raise Wrong unless it is one finite number, plain or 0-d, from low to high."""
    scalar = isinstance(got, Tensor) and got.dim() == 0
    if isinstance(got, bool) or not (scalar or isinstance(got, int | float)):
        raise Wrong(f"{name} should be a number; {differ.told(got)} came")
    if not (math.isfinite(got) and low <= got <= high):
        between = f" from {low:g} to {high:g}" if (low, high) != ANY else ""
        raise Wrong(
            f"{name} is {float(got):.6g}; a finite number{between} was expected"
        )


def sums_to_one(got: Any, dim: int = -1, name: str = "the answer") -> None:
    """Raise Wrong unless these are probabilities that sum to 1 over dimension `dim`."""
    fits = isinstance(got, Tensor) and got.is_floating_point() and got.dim()
    if not fits:
        raise Wrong(
            f"{name} should be a tensor of probabilities; {differ.told(got)} came"
        )
    got = got.detach().double()
    said = ladder.finite(got, torch.zeros_like(got))
    if said is None and (got < 0).any():
        said = f"{got.min():.3g}{ladder.at(got == got.min())} is no probability"
    said = said or ladder.sums(got, dim)
    if said:
        raise Wrong(f"{name}: {said}")


@cache
def _made(code: CodeType) -> frozenset[str]:
    """The names that a cell makes."""
    stores = (i for i in dis.get_instructions(code) if i.opname == "STORE_NAME")
    return frozenset(step.argval for step in stores)


def _unanswered(error: Exception) -> bool:
    """Torch raises NotImplementedError too, but always with a message."""
    return type(error) is NotImplementedError and not error.args


def _slopes(
    function: Callable[..., Tensor], inputs: tuple[Any, ...]
) -> dict[str, Tensor]:
    """The gradient of `function`, summed with unequal weights, for each float input."""
    leaves = [x.detach().clone() if isinstance(x, Tensor) else x for x in inputs]
    floats = {
        f"the gradient for input {i}": x.requires_grad_()
        for i, x in enumerate(leaves)
        if isinstance(x, Tensor) and x.is_floating_point()
    }
    out = function(*leaves)
    if not isinstance(out, Tensor):
        raise Wrong(f"{differ.told(out)} came, a tensor was expected")
    zeros = {name: torch.zeros_like(x) for name, x in floats.items()}
    if not out.requires_grad:
        return zeros
    weights = torch.linspace(1, 2, out.numel()).reshape(out.shape)
    found = torch.autograd.grad(
        (out * weights).sum(), list(floats.values()), allow_unused=True
    )
    pairs = zip(zeros.items(), found, strict=True)
    return {name: zero if slope is None else slope for (name, zero), slope in pairs}
