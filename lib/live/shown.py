"""Puts a kernel's values into a drawn figure's artists, as draw.js does on a page."""

from typing import Any

import numpy as np
import torch
from matplotlib.collections import FillBetweenPolyCollection, PathCollection
from matplotlib.container import BarContainer
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from .recipes import Mark


def show(artist: Any, mark: Mark, value: torch.Tensor) -> None:
    """The artist, whose recipe is `mark`, with this value; a text has it already."""
    numbers = value.detach().cpu().numpy()
    if isinstance(artist, Line2D):
        free = numbers.ndim == 2
        artist.set_data(*numbers.T if free else (mark["x"], numbers))
    elif isinstance(artist, FillBetweenPolyCollection):
        low, high = numbers.T if numbers.ndim == 2 else (mark["base"], numbers)
        seen = np.isfinite(low) & np.isfinite(high)
        artist.set_data(np.array(mark["x"]), low, high, where=seen)
    elif isinstance(artist, BarContainer):
        along = "height" if mark["upright"] else "width"
        for patch, length in zip(artist, numbers, strict=True):
            patch.set(**{along: length})
    elif isinstance(artist, AxesImage):
        artist.set_data(numbers)
    elif isinstance(artist, PathCollection):
        artist.set_offsets(numbers[:, :2])
        if "lut" in mark and numbers.shape[1] == 3:
            artist.set_array(numbers[:, 2])
    elif isinstance(artist, Rectangle):
        x1, y1, x2, y2 = numbers
        artist.set_bounds(x1, y1, x2 - x1, y2 - y1)
