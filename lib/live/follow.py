"""What a torch kernel does, as a graph of aten operations without side effects."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, fx
from torch._decomp import get_decompositions
from torch.func import functionalize
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.attention import SDPBackend, sdpa_kernel

from .slopes import SLOPES

aten = torch.ops.aten


class Untraceable(Exception):
    """The kernel cannot run without Python; the message says which part and why."""


@dataclass(frozen=True)
class Followed:
    """The operations of a kernel for one combination of choices, and their names.

    Tensors that it closes over are attributes of the graph.
    """

    graph: fx.GraphModule
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

    return Followed(_graph(call, inputs), list(inputs), outputs, choices)


def _graph(call: Callable, inputs: dict[str, Tensor]) -> fx.GraphModule:
    exporting = patch.object(torch.compiler, "_is_exporting_flag", True)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), exporting:
        try:
            graph = _once(call, inputs)
            for node in filter(mutates, graph.graph.nodes):
                if owner(node.args[0]).op == "placeholder":
                    raise Untraceable(f"{node.target} changes what outlives the call")
            if any(map(mutates, graph.graph.nodes)):
                graph = _once(graph, inputs)  # some of torch's own work in place
        except Untraceable:
            raise
        except Exception as error:
            reason = str(error).strip().split("\n")[0]
            raise Untraceable(f"torch cannot follow it: {reason}") from error
    return graph


def mutates(node: fx.Node) -> bool:
    """Whether an operation writes into the tensor that it is given, as `add_` does."""
    name = str(node.target).removeprefix("aten.").split(".")[0]
    return node.op == "call_function" and name.endswith("_")


def owner(node: Any) -> Any:
    """The node whose memory this one is a view of; most are of their own."""
    while node.op == "call_function":
        schema = getattr(node.target, "_schema", None)  # getitem has none
        if schema and not (schema.returns and schema.returns[0].alias_info):
            break
        node = node.args[0]
    return node


def _once(call: Callable, inputs: dict[str, Tensor]) -> fx.GraphModule:
    trace = make_fx(
        functionalize(call, remove="mutations"),
        decomposition_table=_decompositions(),
        tracing_mode="fake",
        _allow_non_fake_inputs=True,
    )
    apart = (x.clone() for x in inputs.values())  # the same tensor twice is one input
    return trace(*apart)


@cache
def _decompositions() -> dict[Any, Callable]:
    """Which operations torch is to write as simpler ones, and how."""
    table = torch.export.default_decompositions().materialize()
    table |= get_decompositions(
        [aten.upsample_bicubic2d.default, aten.max_pool2d_with_indices_backward.default]
    )
    del table[aten.upsample_nearest2d.default]  # operations.js has it
    return table | {
        **SLOPES,
        aten.addmm.default: _addmm,
        aten.copy.default: _copy,
        aten.native_batch_norm.default: _batch_norm,
    }


def _addmm(bias: Tensor, a: Tensor, b: Tensor, beta: Any = 1, alpha: Any = 1) -> Tensor:
    product = a @ b
    return torch.add(product if alpha == 1 else alpha * product, bias, alpha=beta)


def _copy(x: Tensor, source: Tensor, waits: bool = False) -> Tensor:
    return source.to(x.dtype).expand(x.shape)


def _batch_norm(x: Tensor, *given: Any) -> Any:
    """The operation for a model in eval mode, or without running statistics."""
    *tensors, training, momentum, eps = given
    if not training:
        arguments = x, *tensors, momentum, eps
        return aten._native_batch_norm_legit_no_training(*arguments)
    weight, bias, running, _ = tensors
    if running is not None:
        return NotImplemented
    axes = [0, *range(2, x.dim())]
    mean = x.mean(axes, keepdim=True)
    rate = torch.rsqrt((x - mean).square().mean(axes, keepdim=True) + eps)
    found = (x - mean) * rate
    if weight is not None:
        found = found * weight.view(mean.shape[1:]) + bias.view(mean.shape[1:])
    return found, mean.flatten(), rate.flatten()
