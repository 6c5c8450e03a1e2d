"""Which operations torch is to write as simpler ones, and how."""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch._decomp import get_decompositions

from .slopes import SLOPES

aten = torch.ops.aten


@cache
def simpler(op: Any) -> Callable | None:
    """The operation written as simpler ones, or None where it is simple."""
    whole = "CompositeImplicitAutograd"
    composite = torch._C._dispatch_has_kernel_for_dispatch_key(op.name(), whole)
    return _decompositions().get(op, op.decompose if composite else None)


@cache
def _decompositions() -> dict[Any, Callable]:
    table = torch.export.default_decompositions().materialize()
    table |= get_decompositions(
        [aten.upsample_bicubic2d.default, aten.max_pool2d_with_indices_backward.default]
    )
    del table[aten.upsample_nearest2d.default]  # operations.js has it
    return table | {
        **SLOPES,
        aten.addmm.default: _addmm,
        aten.copy.default: _copy,
        aten.index_put.default: _put_by_mask,
        torch.ops.prims.copy_strided.default: _copy_strided,
        aten.native_batch_norm.default: _batch_norm,
    }


def one_hot(x: Tensor, num_classes: int) -> Tensor:
    """As torch's own, which looks at the largest value first."""
    return (x.unsqueeze(-1) == torch.arange(num_classes)).long()


def _addmm(bias: Tensor, a: Tensor, b: Tensor, beta: Any = 1, alpha: Any = 1) -> Tensor:
    product = a @ b
    return torch.add(product if alpha == 1 else alpha * product, bias, alpha=beta)


def _copy(x: Tensor, source: Tensor, waits: bool = False) -> Tensor:
    return source.to(x.dtype).expand(x.shape)


def _copy_strided(x: Tensor, stride: Any) -> Tensor:
    return x.clone()  # how it lies in memory is nothing to a page


def _put_by_mask(x: Tensor, masks: Any, value: Tensor, adds: bool = False) -> Any:
    """A number where a mask says so; other indices stay what they are."""
    mask = masks[0]
    if len(masks) > 1 or mask.dtype != torch.bool or value.numel() > 1:
        return NotImplemented
    mask = mask.view(*mask.shape, *[1] * (x.dim() - mask.dim()))
    value = value.view([]).to(x.dtype)
    return torch.where(mask, x + value if adds else value, x)


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
