"""A run that a reader plays: how it starts, and how one step follows another."""

import inspect
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from lib import expect

from .chance import Chance

State = dict[str, Any]  # names -> tensors, or dicts of such
SEED = 1


@expect.annotated
@dataclass(frozen=True)
class Run:
    """What a figure learns or plays, in pure torch, so that a page can do it, too.

    `start(chance)` gives the state, a dict of tensors (dicts within it are welcome);
    `step(state, chance, **controls)` the next one, in the same shapes. What is random
    in them is drawn from `chance` (chance.py). It ends after `steps` steps; `named` is
    the word on the button.
    """

    start: Callable[[Chance], State]
    step: Callable[..., State]
    steps: int = 1000
    named: str = "Train"

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"Run: steps must be at least 1, got {self.steps}")


class Course:
    """A run under way: its state, the steps made, and whether it has come apart.

    A step that leaves the finite numbers is not taken, and `lost` says so until the
    next restart. What was not finite at the start, as a curve yet to be drawn, may
    stay so.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.restart(SEED)

    def restart(self, seed: int) -> None:
        """Begin again with this seed."""
        with torch.no_grad():
            chance = Chance.seeded(seed)
            leaves, self.form = flat(self.run.start(chance))
        check_state(leaves)
        self.leaves, self.key = leaves, chance.key
        self.steps, self.lost = 0, False
        self._watched = [i for i, leaf in enumerate(leaves) if leaf.isfinite().all()]

    def is_random(self, settings: Iterable[dict[str, Any]]) -> bool:
        """Whether its start, or the next step with one of these controls, draws."""
        chance = Chance.seeded(SEED)
        with torch.no_grad():
            self.run.start(chance)
            for controls in settings:
                if chance.is_asked:
                    break
                self.run.step(self.state, chance, **takes(self.run.step, controls))
        return chance.is_asked

    @property
    def state(self) -> State:
        """How it stands."""
        return pytree.tree_unflatten(self.leaves, self.form)

    def follow(self, controls: dict[str, Any], move: dict[str, Any]) -> None:
        """What player.js asks for: {"seed": ..., "steps": ..., "ms": ...}, or less."""
        if "seed" in move:
            self.restart(move["seed"])
        if "steps" in move:
            self.advance(controls, move["steps"], move["ms"])

    def advance(
        self, controls: dict[str, Any], steps: int, ms: float = float("inf")
    ) -> None:
        """Make so many steps, or fewer if the milliseconds are over; at least one."""
        end = time.monotonic() + ms / 1000
        for _ in range(min(steps, self.run.steps - self.steps)):
            if not self.lost:
                self._step(takes(self.run.step, controls))
            if time.monotonic() > end:
                return

    def _step(self, controls: dict[str, Any]) -> None:
        with torch.no_grad():
            chance = Chance(self.key)
            state = self.run.step(self.state, chance, **controls)
            leaves, form = flat(state)
            check_step(self.leaves, self.form, leaves, form)
            if not all(bool(leaves[i].isfinite().all()) for i in self._watched):
                self.lost = True
                return
            self.leaves, self.key = leaves, chance.key
        self.steps += 1


def flat(state: State) -> tuple[list[Tensor], Any]:
    """The tensors of a state by the order of their names, and its form."""
    return pytree.tree_flatten(_ordered(state))


def _ordered(state: Any) -> Any:
    if not isinstance(state, dict):
        return state
    return {key: _ordered(state[key]) for key in sorted(state)}


def names(form: Any) -> list[str]:
    """The names of a state's tensors, in order: "critic.0.weight"."""
    n = form.num_leaves
    paths, _ = pytree.tree_flatten_with_path(pytree.tree_unflatten(range(n), form))
    return [
        ".".join(str(key.key) for key in path if isinstance(key, pytree.MappingKey))
        for path, _ in paths
    ]


def takes(function: Callable, given: dict[str, Any]) -> dict[str, Any]:
    """Those of the named things that a function has a parameter for."""
    parameters = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return dict(given)
    return {name: value for name, value in given.items() if name in parameters}


def check_state(leaves: list[Any]) -> None:
    """Raise TypeError where a state holds what is no tensor."""
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise TypeError(
                f"the state of a run holds a {type(leaf).__name__}; expected a dict of "
                "tensors"
            )


def check_step(before: list[Tensor], form: Any, after: list[Any], new: Any) -> None:
    """Raise where a step gives another kind of state than it was given."""
    check_state(after)
    if form != new:
        raise ValueError(
            f"the step gave a state of {', '.join(names(new))}; expected "
            f"{', '.join(names(form))}"
        )
    for name, old, fresh in zip(names(form), before, after, strict=True):
        said = [f"{tuple(x.shape)} {x.dtype}" for x in (old, fresh)]
        if said[0] != said[1]:
            raise ValueError(f"the step made {name} {said[1]}; expected {said[0]}")
