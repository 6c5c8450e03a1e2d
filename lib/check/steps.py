"""What an answer does, where no value can show it: its operations and their shapes."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Step(NamedTuple):
    """One operation of PyTorch: its name, the shapes that it read and that it made."""

    name: str
    read: list[torch.Size]
    made: list[torch.Size]


class _Recorder(TorchDispatchMode):
    """Writes down each operation that reaches a kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        read = [x.shape for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)]
        new = [x.shape for x in tree_leaves(made) if isinstance(x, Tensor)]
        self.steps.append(Step(func.overloadpacket.__name__, read, new))
        return made


def steps(function: Callable[..., Any], *inputs: Any) -> list[Step]:
    """Call `function(*inputs)` and list its operations, in their order.

    >>> [step.name for step in steps(lambda x: (x + 1).exp(), torch.ones(2))]
    ['add', 'exp']
    """
    with _Recorder() as recorder:
        function(*inputs)
    return recorder.steps


def loops(
    function: Callable[..., Any], small: tuple[Any, ...], large: tuple[Any, ...]
) -> bool:
    """Whether larger inputs take half as many operations again: a loop is in there."""
    few, many = (len(steps(function, *inputs)) for inputs in (small, large))
    return many > 1.5 * few
