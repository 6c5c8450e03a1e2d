"""A figure's kernel and run, followed once for its page and what the tests need."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from .chance import Chance
from .figure import LiveFigure
from .follow import Followed, follow
from .run import Course, flat, names, takes

KEY = "."  # the name of the key of chance; those of the state's tensors begin with it


@lru_cache(maxsize=1)
def looks(figure: LiveFigure) -> dict[str, Followed]:
    """The kernel for each combination of the choices that it takes.

    Raises Untraceable where torch cannot follow it.
    """
    inputs = takes(figure.kernel, figure.inputs)
    if figure.course:
        inputs = inputs_of(figure.course) | inputs
    combinations = figure.combinations(figure.kernel)
    return {key: follow(_look_of(figure), inputs, c) for key, c in combinations}


@lru_cache(maxsize=1)
def steps(figure: LiveFigure) -> dict[str, Followed]:
    """A step of its run for each combination of the choices that it takes."""
    assert figure.course
    course = figure.course
    inputs = inputs_of(course) | {KEY: course.key}
    inputs |= takes(course.run.step, figure.inputs)
    combinations = figure.combinations(course.run.step)
    return {key: follow(_step_of(course), inputs, c) for key, c in combinations}


def start(course: Course) -> Followed:
    """What gives the state, and the key of chance, for a seed."""

    def begin(seed: Tensor) -> dict[str, Tensor]:
        chance = Chance.seeded(seed)
        leaves, _ = flat(course.run.start(chance))
        return named(course, leaves) | {KEY: chance.key}

    return follow(begin, {"seed": torch.tensor(1.0)}, {})


def _look_of(figure: LiveFigure) -> Callable[..., dict[str, Tensor]]:
    """The kernel as a function of controls, and of a state's tensors by name."""

    def look(**given: Any) -> dict[str, Tensor]:
        state = state_of(figure.course, given) if figure.course else None
        return figure.moving(figure.call(given, {}, state))

    return look


def _step_of(course: Course) -> Callable[..., dict[str, Tensor]]:
    """A step as such a function, which also takes and gives the key of chance."""

    def step(**given: Any) -> dict[str, Tensor]:
        chance, state = Chance(given.pop(KEY)), state_of(course, given)
        state = course.run.step(state, chance, **takes(course.run.step, given))
        return named(course, flat(state)[0]) | {KEY: chance.key}

    return step


def inputs_of(course: Course) -> dict[str, Tensor]:
    """The tensors of a run's state as it stands, by name."""
    return named(course, course.leaves)


def named(course: Course, leaves: list[Tensor]) -> dict[str, Tensor]:
    """The tensors of a state by name."""
    keys = [KEY + name for name in names(course.form)]
    return dict(zip(keys, leaves, strict=True))


def state_of(course: Course, given: dict[str, Any]) -> dict[str, Any]:
    """The state whose tensors are among what was given by name, and are taken out."""
    leaves = [given.pop(KEY + name) for name in names(course.form)]
    return pytree.tree_unflatten(leaves, course.form)
