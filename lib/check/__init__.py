"""What an exercise's check is made of: pieces that name the mistake they see."""

from lib.check.pieces import (
    Wrong,
    exercise,
    gradient,
    is_number,
    raises,
    same,
    sums_to_one,
    unchanged,
)

__all__ = [
    "Wrong",
    "exercise",
    "gradient",
    "is_number",
    "raises",
    "same",
    "sums_to_one",
    "unchanged",
]
