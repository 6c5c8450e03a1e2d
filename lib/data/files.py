"""Read the files that ship beside this package, each decoded only once."""

import functools
import lzma
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

ASSETS = Path(__file__).with_name("assets")


@functools.cache
def arrays(name: str) -> dict[str, np.ndarray]:
    """Decode an .npz file; the arrays are read-only, for every caller shares them."""
    with np.load(ASSETS / name, allow_pickle=False) as file:
        decoded = dict(file)
    for array in decoded.values():
        array.flags.writeable = False
    return decoded


@functools.cache
def text(name: str) -> str:
    """Decode a text file, packed with xz or plain."""
    packed = (ASSETS / name).read_bytes()
    return (lzma.decompress(packed) if name.endswith(".xz") else packed).decode("utf8")


def pixels(images: np.ndarray) -> Tensor:
    """Copy bytes (N, H, W, C) to a new float32 tensor (N, C, H, W) in [0, 1]."""
    channels_first = np.moveaxis(images, -1, 1)
    return torch.from_numpy(channels_first.astype(np.float32, order="C")).div_(255)


def numbers(array: np.ndarray) -> Tensor:
    """Copy labels to a new int64 tensor."""
    return torch.from_numpy(array.astype(np.int64))


def words(array: np.ndarray) -> tuple[str, ...]:
    """Give the strings of an array as Python's own."""
    return tuple(array.tolist())


def one_of(what: str, given: object, choices: Sequence[str]) -> None:
    """Raise a ValueError that lists the choices, unless `given` is one of them."""
    if given not in choices:
        known = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{what} is {given!r}; expected one of {known}")
