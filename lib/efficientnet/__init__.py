"""EfficientNet: one small network, one rule to grow it, and what each size costs."""

from lib.efficientnet.cost import (
    STAGES,
    compound_scaling,
    multiply_adds,
    parameters,
    round_filters,
    round_repeats,
    stages,
)
from lib.efficientnet.network import (
    EfficientNet,
    MBConv,
    SameConv2d,
    conv,
    drop_connect,
    for_inference,
    norm,
)

__all__ = [
    "STAGES",
    "EfficientNet",
    "MBConv",
    "SameConv2d",
    "compound_scaling",
    "conv",
    "drop_connect",
    "for_inference",
    "multiply_adds",
    "norm",
    "parameters",
    "round_filters",
    "round_repeats",
    "stages",
]
