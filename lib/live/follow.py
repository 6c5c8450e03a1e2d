"""What a torch kernel does, as a graph of aten operations without side effects."""

from collections.abc import Callable
from functools import cache
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, fx
from torch._decomp import get_decompositions
from torch.func import functionalize
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.attention import SDPBackend, sdpa_kernel

aten = torch.ops.aten


class Untraceable(Exception):
    """The kernel cannot run without Python; the message says which part and why."""


def follow(call: Callable, inputs: dict[str, Tensor]) -> fx.GraphModule:
    """The operations that a call makes; Untraceable with torch's own reason.

    Tensors that it closes over become attributes of the module.
    """
    exporting = patch.object(torch.compiler, "_is_exporting_flag", True)
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), exporting:
        try:
            graph = _once(call, inputs)
            if any(map(mutates, graph.graph.nodes)):
                graph = _once(graph, inputs)  # some of torch's own work in place
        except Exception as error:
            reason = str(error).strip().split("\n")[0]
            raise Untraceable(f"torch cannot follow it: {reason}") from error
    return graph


def mutates(node: fx.Node) -> bool:
    """Whether an operation writes into the tensor that it is given, as `add_` does."""
    name = str(node.target).removeprefix("aten.").split(".")[0]
    return node.op == "call_function" and name.endswith("_")


def _once(call: Callable, inputs: dict[str, Tensor]) -> fx.GraphModule:
    trace = make_fx(
        functionalize(call, remove="mutations"),
        decomposition_table=_decompositions(),
        tracing_mode="fake",
        _allow_non_fake_inputs=True,
    )
    return trace(*inputs.values())


@cache
def _decompositions() -> dict[Any, Callable]:
    """Which operations torch is to write as simpler ones, and how."""
    table = torch.export.default_decompositions().materialize()
    table |= get_decompositions([aten.upsample_bicubic2d.default])
    del table[aten.upsample_nearest2d.default]  # operations.js has it
    return table | {
        aten.addmm.default: _addmm,
        aten.native_batch_norm.default: _batch_norm,
    }


def _addmm(bias: Tensor, a: Tensor, b: Tensor, beta: Any = 1, alpha: Any = 1) -> Tensor:
    product = a @ b
    return torch.add(product if alpha == 1 else alpha * product, bias, alpha=beta)


def _batch_norm(*given: Any) -> Any:
    """The operation for a model in eval mode; a figure does not train."""
    *tensors, training, momentum, eps = given
    if training:
        return NotImplemented
    return aten._native_batch_norm_legit_no_training(*tensors, momentum, eps)
