"""What crosses from a kernel: numbers as JSON, read with suspicion and compared here.

A message is {name: {"kind": "float", "shape": [2, 3], "data": base64}}, as
course/grading/sending.py packs it inside the kernel.
"""

import base64
import binascii
import math
import re
from fractions import Fraction
from typing import Any

import numpy as np

MIME = "application/vnd.live-papers.values+json"  # as in sending.py
KINDS = {"bool": "|b1", "int": "<i8", "float": "<f8", "complex": "<c16"}
MOST_DIMENSIONS = 16
MOST_NAMES = 1000
LONGEST_NAME = 200
PREDICTION = re.compile(r"within (\d+) %")  # a name that lets its values be so far off


def unpack(message: Any) -> dict[str, np.ndarray]:
    """Read the values that a kernel sent; ValueError where these are none.

    The message may come from hostile code: nothing in it chooses what runs here.
    """
    if not isinstance(message, dict) or not all(isinstance(k, str) for k in message):
        raise ValueError("the kernel sent no values by name")
    if len(message) > MOST_NAMES or max(map(len, message), default=0) > LONGEST_NAME:
        raise ValueError("the kernel sent too many names, or too long ones")
    return {name: array(value) for name, value in message.items()}


def array(value: Any) -> np.ndarray:
    """Read one value of a message."""
    kind = value.get("kind") if isinstance(value, dict) else None
    shape = value.get("shape") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"the kernel sent a value of kind {kind!r:.40}")
    whole = isinstance(shape, list) and all(type(n) is int and n >= 0 for n in shape)
    if not isinstance(shape, list) or not whole or len(shape) > MOST_DIMENSIONS:
        raise ValueError(f"the kernel sent a value of shape {shape!r:.40}")
    try:
        data = base64.b64decode(value["data"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error):
        raise ValueError("the kernel sent a value that is no base64") from None
    dtype = np.dtype(KINDS[kind])
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f"the kernel sent {len(data)} bytes for {shape!r:.40} {kind}")
    return np.frombuffer(data, dtype).reshape(shape)


def difference(got: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> str:
    """Say in what the first value that is not right differs; nothing if all are right.

    The words name kinds and shapes, and never an expected value.
    """
    if missing := want.keys() - got.keys():
        return f"nothing came for {min(missing)}"
    if got.keys() != want.keys():
        return "more came than was asked for"
    for name, right in want.items():
        ours, theirs = kind_of(got[name]), kind_of(right)
        if ours != theirs and (ours, theirs) != ("int", "float"):
            return f"{name}: {ours} came, {theirs} was expected"
        if got[name].shape != right.shape:
            return f"{name}: shape {got[name].shape} came, {right.shape} was expected"
        if not close(got[name], right, off(name)):
            return f"{name}: the values differ"
    return ""


def share(got: dict[str, np.ndarray], want: dict[str, np.ndarray]) -> Fraction:
    """Which part of the points the values earn: all or nothing, but for predictions.

    What is predicted comes under several names, `within 50 %`, `within 10 %`; as many
    as are near enough earn their part, where everything else is right.
    """
    nearness = [name for name in want if PREDICTION.fullmatch(name)]
    if got.keys() != want.keys() or not nearness:
        return Fraction(not difference(got, want))
    plain = want.keys() - nearness
    if difference({n: got[n] for n in plain}, {n: want[n] for n in plain}):
        return Fraction(0)
    met = (not difference({n: got[n]}, {n: want[n]}) for n in nearness)
    return Fraction(sum(met), len(nearness))


def off(name: str) -> float | None:
    """How far off values of this name may be, as a part of the right ones."""
    prediction = PREDICTION.fullmatch(name)
    return int(prediction[1]) / 100 if prediction else None


def kind_of(values: np.ndarray) -> str:
    """Name the kind of numbers in an array."""
    return {"b": "bool", "i": "int", "f": "float", "c": "complex"}[values.dtype.kind]


def close(got: np.ndarray, want: np.ndarray, off: float | None = None) -> bool:
    """Whether |got - want| <= 1e-4 |want| + 1e-5 max|want|, everywhere, or off |want|.

    Whole numbers and truth values must be equal. What is not finite agrees only with
    the same: inf with inf, nan with nan. Shapes are equal; the maximum is over what is
    finite.
    """
    if want.dtype.kind in "bi":
        return bool((got == want).all())
    finite = np.isfinite(want)
    largest = np.abs(want[finite]).max(initial=0.0)
    with np.errstate(all="ignore"):
        exact = 1e-4 * np.abs(want) + 1e-5 * largest
        limit = exact if off is None else off * np.abs(want)
        near = np.abs(got - want) <= limit
    alike = (got == want) | (np.isnan(got) & np.isnan(want))
    return bool(np.where(finite & np.isfinite(got), near, alike).all())
