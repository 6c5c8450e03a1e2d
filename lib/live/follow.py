"""What a torch kernel does, as a graph of aten operations without side effects."""

from collections.abc import Callable
from dataclasses import dataclass
from operator import getitem
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, fx
from torch.func import functionalize
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode

from .simpler import one_hot, simpler

aten = torch.ops.aten
Call = Callable[..., tuple[Tensor, ...]]


class Untraceable(Exception):
    """The kernel cannot run without Python; the message says which part and why."""


@dataclass(frozen=True)
class Followed:
    """The operations of a kernel for one combination of choices, and their names.

    Tensors that it closes over are `outside`, by the names that the graph has for them.
    """

    graph: fx.Graph
    outside: dict[str, Tensor]
    inputs: list[str]
    outputs: list[str]
    choices: dict[str, Any]


def follow(
    kernel: Callable[..., dict[str, Tensor]],
    inputs: dict[str, Tensor],
    choices: dict[str, Any],
) -> Followed:
    """What a kernel does; Untraceable with torch's own reason."""
    outputs: list[str] = []

    def call(*tensors: Tensor) -> tuple[Tensor, ...]:
        found = kernel(**dict(zip(inputs, tensors, strict=True)), **choices)
        outputs[:] = found
        return tuple(torch.as_tensor(value) for value in found.values())

    graph, outside = _graph(call, list(inputs.values()))
    return Followed(graph, outside, list(inputs), outputs, choices)


def _graph(call: Call, inputs: list[Tensor]) -> tuple[fx.Graph, dict[str, Tensor]]:
    exporting = patch.object(torch.compiler, "_is_exporting_flag", True)
    unchecked = patch.object(F, "one_hot", one_hot)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), exporting, unchecked:
        try:
            graph, outside = _noted(call, inputs)
            if any(map(_mutates, graph.nodes)):  # some of torch's own work in place
                graph, outside = _noted(fx.GraphModule(outside, graph), inputs)
        except Untraceable:
            raise
        except Exception as error:
            reason = str(error).strip().split("\n")[0]
            raise Untraceable(f"torch cannot follow it: {reason}") from error
    return graph, outside


def _noted(call: Call, inputs: list[Tensor]) -> tuple[fx.Graph, dict[str, Tensor]]:
    apart = [x.clone() for x in inputs]  # the same tensor twice is one input
    with _Notes(apart) as notes:
        found = functionalize(call, remove="mutations")(*apart)
    notes.graph.output(tuple(map(notes.node, found)))
    return notes.graph, notes.outside


class _Notes(TorchDispatchMode):
    """A graph of what torch carries out, in simpler operations where there are such.

    Each node's meta has what it gave as `val`, and whether it depends on an input as
    `moving`.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # nothing is compiled here, and loading the compiler takes seconds

    def __init__(self, inputs: list[Tensor]) -> None:
        super().__init__()
        self.graph, self.outside = fx.Graph(), dict[str, Tensor]()
        self.known: dict[int, tuple[fx.Node, Tensor]] = {}  # by the tensor's id
        for number, x in enumerate(inputs):
            self._gave(self.graph.placeholder(f"input_{number}"), x, moving=True)

    def node(self, x: Any) -> Any:
        """What gave a tensor; anything else is as it is."""
        if not isinstance(x, Tensor):
            return x
        if id(x) not in self.known:
            name = f"outside_{len(self.outside)}"
            self.outside[name] = x
            self._gave(self.graph.create_node("get_attr", name), x, moving=False)
        return self.known[id(x)][0]

    def __torch_dispatch__(
        self, op: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if parts := simpler(op):
            with self:
                if (found := parts(*args, **kwargs)) is not NotImplemented:
                    return found
        if op is aten.lift_fresh.default:  # of a number in the code: it may be changed
            op = aten.lift_fresh_copy.default
        given = fx.node.map_aggregate((args, kwargs), self.node)
        node = self.graph.call_function(op, *given)
        moving = any(source.meta["moving"] for source in node.all_input_nodes)
        _check(node, moving)
        found = op(*args, **kwargs)
        self._gave(node, found, moving)
        if isinstance(found, list | tuple):
            for number, part in enumerate(found):
                self._gave(
                    self.graph.call_function(getitem, (node, number)), part, moving
                )
        return found

    def _gave(self, node: fx.Node, found: Any, moving: bool) -> None:
        node.meta.update(val=found, moving=moving)
        if isinstance(found, Tensor):  # it is kept, and no other tensor gets its id
            self.known[id(found)] = node, found


def _check(node: Any, moving: bool) -> None:
    """Raise Untraceable where an operation cannot be carried out elsewhere."""
    if _mutates(node) and _owner(node.args[0]).op != "call_function":
        raise Untraceable(f"{node.target} changes what outlives the call")
    if moving and torch.Tag.data_dependent_output in node.target.tags:
        raise Untraceable("torch cannot follow it: its next step depends on a value")
    if moving and torch.Tag.dynamic_output_shape in node.target.tags:
        masked = any(mask.meta["moving"] for mask in masks(node))
        if node.target is not aten.index.Tensor or masked:
            raise Untraceable("a shape depends on the values of a control")


def masks(node: Any) -> list[fx.Node]:
    """Those of an operation's indices that say yes or no, in x[i, j]."""
    if node.target not in (aten.index.Tensor, aten.index_put.default):
        return []
    indices = filter(None, node.args[1])
    return [index for index in indices if index.meta["val"].dtype == torch.bool]


def _mutates(node: fx.Node) -> bool:
    """Whether an operation writes into the tensor that it is given, as `add_` does."""
    name = str(node.target).removeprefix("aten.").split(".")[0]
    return node.op == "call_function" and name.endswith("_")


def _owner(node: Any) -> Any:
    """The node whose memory this one is a view of; most are of their own."""
    while node.op == "call_function":
        schema = getattr(node.target, "_schema", None)  # getitem has none
        if schema and not (schema.returns and schema.returns[0].alias_info):
            break
        node = node.args[0]
    return node
