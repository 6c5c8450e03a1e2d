"""The programs of a figure: its kernel's, and those of its run, for a page."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from .chance import Chance
from .figure import LiveFigure
from .run import Course, flat, names, takes
from .trace import trace

KEY = "."  # the name of the key of chance; those of the state's tensors begin with it
Traced = dict[str, Any]


def looks(figure: LiveFigure) -> dict[str, Traced]:
    """The kernel's program for each combination of the choices that it takes.

    Raises Untraceable where there is none.
    """
    inputs = takes(figure.kernel, figure.inputs)
    if figure.course:
        inputs = inputs_of(figure.course) | inputs
    combinations = figure.combinations(figure.kernel)
    return {key: trace(look_of(figure), inputs, c) for key, c in combinations}


def steps(figure: LiveFigure, course: Course) -> dict[str, Traced]:
    """The program of a step for each combination of the choices that it takes."""
    inputs = inputs_of(course) | {KEY: course.key}
    inputs |= takes(course.run.step, figure.inputs)
    combinations = figure.combinations(course.run.step)
    return {key: trace(step_of(course), inputs, c) for key, c in combinations}


def start(course: Course) -> Traced:
    """The program that gives the state, and the key of chance, for a seed."""

    def begin(seed: Tensor) -> dict[str, Tensor]:
        chance = Chance.seeded(seed)
        leaves, _ = flat(course.run.start(chance))
        return named(course, leaves) | {KEY: chance.key}

    return trace(begin, {"seed": torch.tensor(1.0)}, {})


def look_of(figure: LiveFigure) -> Callable[..., dict[str, Tensor]]:
    """The kernel as a function of controls, and of a state's tensors by name."""

    def look(**given: Any) -> dict[str, Tensor]:
        state = state_of(figure.course, given) if figure.course else None
        return figure.moving(figure.call(given, {}, state))

    return look


def step_of(course: Course) -> Callable[..., dict[str, Tensor]]:
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
