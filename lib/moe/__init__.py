"""Mixture of experts: the router and its experts, on one process or on many."""

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
