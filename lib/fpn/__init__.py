"""The Feature Pyramid Network; what a detector with one multiplies is in cost."""

from lib.fpn.pyramid import FPN, anchors, assign_level, upsample

__all__ = [
    "FPN",
    "anchors",
    "assign_level",
    "upsample",
]
