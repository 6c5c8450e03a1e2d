"""Mixture of experts, in one process; spread over many it is in ranks."""

from lib.moe.experts import (
    MoE,
    balance_loss,
    gate_map,
    load,
    max_violation,
    route,
    update_bias,
)

__all__ = [
    "MoE",
    "balance_loss",
    "gate_map",
    "load",
    "max_violation",
    "route",
    "update_bias",
]
