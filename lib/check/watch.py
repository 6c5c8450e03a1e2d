"""An answer under watch: it gets copies, sees its own names, calls no specification."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

import torch
from torch import Tensor

from lib.check.verdict import Wrong

PLAIN = (int, float, str)  # most of what answers are given; asked about first


class Room:
    """A notebook's names, of which the check's `own` are not for answers to see.

    Without it an answer that forgets a line may find what it lacks in the check, and a
    helper of the learner's may be lost to a name that the check makes.
    """

    def __init__(self, names: dict[str, Any], own: Iterable[str] = ()) -> None:
        self.names, self.own, self.answering = names, set(own), False
        self.other = {name: names[name] for name in self.own if name in names}

    @contextmanager
    def turn(self, answering: bool) -> Iterator[None]:
        """Have the names that an answer sees, or those of the check, for a while."""
        turns = answering != self.answering
        if turns:
            self.exchange()
        try:
            yield
        finally:
            if turns:
                self.exchange()

    def exchange(self) -> None:
        """Put one side's names away, and have the other's."""
        now = {name: self.names.pop(name) for name in self.own if name in self.names}
        self.names |= self.other
        self.other, self.answering = now, not self.answering

    def hosted(self, x: Any) -> Any:
        """Let a function of the check, handed to an answer, see the check's names."""
        if not self.own or getattr(x, "__globals__", None) is not self.names:
            return x

        def host(*inputs: Any, **named: Any) -> Any:
            with self.turn(answering=False):
                return x(*inputs, **named)

        return host


class Watched:
    """A function that is called with copies of its inputs, and may not change them.

    Tensors that require a gradient are handed over themselves, for other inputs may
    hang on their graph. While it runs, the functions `given` as its specification
    refuse to be called.
    """

    def __init__(
        self,
        answer: Callable[..., Any],
        given: tuple[Callable[..., Any], ...] = (),
        room: Room | None = None,
    ) -> None:
        self.answer, self.given, self.room = answer, given, room or Room({})

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """Return what the answer returns; raise Wrong where it writes into an input."""
        everything = inputs, named
        before, ours = _copies(everything, True), _copies(everything, False)
        host = self.room.hosted
        hosted = [*map(host, ours[0])], {name: host(x) for name, x in ours[1].items()}
        with _refusing(self.given), self.room.turn(answering=True):
            result = self.answer(*hosted[0], **hosted[1])
        places: list[int | str] = [*range(len(inputs)), *named]
        olds, news = ([*x[0], *x[1].values()] for x in (before, ours))
        for place, old, new in zip(places, olds, news, strict=True):
            if not _alike(old, new):
                name = _name(self.answer, place)
                raise Wrong(f"your function writes into {name}: work on a copy")
        return result


@contextmanager
def watching(
    names: dict[str, Any],
    answers: str,
    *given: Callable[..., Any],
    own: Iterable[str] = (),
) -> Iterator[None]:
    """Watch the functions of a namespace that `answers` names, joined by "and".

    `own` are names that whoever calls them makes meanwhile: they are gone at the end.
    """
    kept = {n: names[n] for n in answers.split(" and ") if callable(names.get(n))}
    room = Room(names, {*own} - kept.keys())
    names |= {name: Watched(answer, given, room) for name, answer in kept.items()}
    try:
        yield
    finally:
        room.exchange()
        names |= kept


def graded(
    grade: Callable[[int], Any], answers: str, *given: Callable[..., Any]
) -> Callable[[int], Any]:
    """Return `grade` with the answers that it calls under the watch of a check."""

    @wraps(grade)
    def watched(seed: int) -> Any:
        with watching(grade.__globals__, answers, *given):
            return grade(seed)

    return watched


@contextmanager
def _refusing(given: tuple[Any, ...]) -> Iterator[None]:
    """Let functions refuse to be called, whatever name or variable holds them."""
    kept = [function.__code__ for function in given]
    for function in given:
        function.__code__ = _refuse.__code__
    try:
        yield
    finally:
        for function, code in zip(given, kept, strict=True):
            function.__code__ = code


def _refuse(*_: Any, **__: Any) -> None:
    """Stand in the place of a specification; it finds no name of this module there."""
    from lib.check.verdict import Wrong

    raise Wrong(
        "your answer calls the function that is given as its specification: it should "
        "do that work itself"
    )


def _copies(x: Any, all_of_it: bool) -> Any:
    """Copy tensors in lists, tuples and dicts, those with a gradient if `all_of_it`."""
    if isinstance(x, PLAIN):
        return x
    if isinstance(x, Tensor):
        return x if x.requires_grad and not all_of_it else x.detach().clone()
    if isinstance(x, Mapping):
        return {key: _copies(value, all_of_it) for key, value in x.items()}
    if type(x) in (list, tuple):
        return type(x)(_copies(value, all_of_it) for value in x)
    return x


def _alike(old: Any, new: Any) -> bool:
    """Whether nothing was written: the same numbers, nan being nan, in the same places.

    An object of any other kind is not looked into.
    """
    if isinstance(old, PLAIN):
        return isinstance(new, PLAIN) and (old == new or old != old)
    if isinstance(old, Tensor):
        if not isinstance(new, Tensor):
            return False
        if old.shape != new.shape or old.dtype != new.dtype:
            return False
        floats = old.is_floating_point()
        if not (floats and old.dtype.itemsize < 4) and torch.equal(old, new):
            return True  # nearly always; not all small floats can be compared so
        if not floats:
            return False
        a, b = (x.detach().double() for x in (old, new))
        return bool(((a == b) | (a.isnan() & b.isnan())).all())
    if isinstance(old, Mapping):
        same_keys = isinstance(new, Mapping) and old.keys() == new.keys()
        return same_keys and all(_alike(old[k], new[k]) for k in old)
    if type(old) in (list, tuple):
        same_size = type(new) is type(old) and len(old) == len(new)
        return same_size and all(map(_alike, old, new))
    return True


def _name(function: Callable[..., Any], place: int | str) -> str:
    """The name of the parameter that stands at a place, or that place."""
    if isinstance(place, str):
        return place
    try:
        parameter = [*inspect.signature(function).parameters.values()][place]
    except (ValueError, TypeError, IndexError):  # torch's own functions have none
        return f"input {place}"
    several = parameter.kind is inspect.Parameter.VAR_POSITIONAL
    return f"input {place}" if several else parameter.name
