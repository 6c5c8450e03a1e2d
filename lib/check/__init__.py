"""What an exercise's check is made of: pieces that name the mistake they see."""

from lib.check.pieces import (
    exercise,
    gradient,
    is_number,
    same,
    sums_to_one,
)
from lib.check.predict import near, tiers
from lib.check.steps import loops, steps
from lib.check.verdict import Wrong
from lib.check.watch import graded

__all__ = [
    "Wrong",
    "exercise",
    "graded",
    "gradient",
    "is_number",
    "loops",
    "near",
    "same",
    "steps",
    "sums_to_one",
    "tiers",
]
