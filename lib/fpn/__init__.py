"""The Feature Pyramid Network, and what a detector with one costs."""

from lib.fpn.pyramid import FPN, anchors, assign_level, upsample

__all__ = [
    "FPN",
    "anchors",
    "assign_level",
    "upsample",
]
