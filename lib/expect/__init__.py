"""Argument checks for learners: what came, what was expected, the likely cause."""

from lib.expect.arguments import annotated
from lib.expect.values import (
    between,
    boolean,
    divides,
    floating,
    indices,
    kind,
    no_nan,
    number,
    one_of,
    positive,
    probabilities,
    same_shape,
    shape,
    tensor,
    whole,
)

__all__ = [
    "annotated",
    "between",
    "boolean",
    "divides",
    "floating",
    "indices",
    "kind",
    "no_nan",
    "number",
    "one_of",
    "positive",
    "probabilities",
    "same_shape",
    "shape",
    "tensor",
    "whole",
]
