"""What the limits of a control must be."""

import math


def check_range(what: str, low: float, high: float) -> None:
    """Refuse limits that leave nothing between them."""
    if not low < high or math.inf in (-low, high):
        raise ValueError(f"{what}: low must be below high, got {low} and {high}")


def check_step(what: str, step: float | None) -> None:
    """Refuse a step that leads nowhere."""
    if step is not None and not 0 < step < math.inf:
        raise ValueError(f"{what} step: must be above 0, got {step}")


def check_inside(what: str, value: float, low: float, high: float) -> None:
    """Refuse a value that a hand could not reach."""
    if not low <= value <= high:
        raise ValueError(f"{what}: the value {value} is outside {low} to {high}")
