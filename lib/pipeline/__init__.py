"""Pipelines: a model cut into stages, and which device does what when."""

from lib.pipeline.methods import METHODS, Action, Orders, Piece, orders
from lib.pipeline.times import KINDS, Plan, bubble, follow, idle, peak, plan

__all__ = [
    "KINDS",
    "METHODS",
    "Action",
    "Orders",
    "Piece",
    "Plan",
    "bubble",
    "follow",
    "idle",
    "orders",
    "peak",
    "plan",
]
