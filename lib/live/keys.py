"""Keys of colours, for those of a figure's images that are maps of numbers."""

from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np
from matplotlib.colors import LogNorm, to_hex
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

_GREYS = {"gray", "gist_gray", "binary", "Greys", "gist_yarg"}
_STOPS = 9


def is_map(image: AxesImage) -> bool:
    """Whether colours stand for numbers, not for light or for two or three kinds."""
    given: Any = image.get_array()
    data: Any = np.ma.filled(np.ma.asarray(given, dtype=float), np.nan)
    grey = image.cmap.name.removesuffix("_r") in _GREYS
    kinds = np.unique(data[np.isfinite(data)])
    return data.ndim == 2 and not grey and len(kinds) > 3


def keys(fig: Figure, names: Mapping[Any, str]) -> str:
    """A bar of colours with its ends for each map that prints no numbers, as HTML.

    `names` says what an image shows; it is told where there are several keys.
    """
    found: dict[tuple[str, str, str], str] = {}
    for axes in fig.axes:
        for image in axes.images:
            cells = np.prod(np.shape(image.get_array()))
            if is_map(image) and not image.colorbar and len(axes.texts) < cells:
                found.setdefault(_ends(image), names.get(image, axes.get_title()))
    said = [
        f"<span>{escape(name) + ' ' if len(found) > 1 else ''}{low}"
        f'<i style="background:linear-gradient(to right,{colours})"></i>{high}</span>'
        for (low, high, colours), name in found.items()
    ]
    return f'<p class="live-keys">{"".join(said)}</p>' if said else ""


def _ends(image: AxesImage) -> tuple[str, str, str]:
    parts = np.linspace(0, 1, _STOPS)
    colours = ",".join(to_hex(image.cmap(part)) for part in parts)
    log = " (log)" if isinstance(image.norm, LogNorm) else ""
    return f"{image.norm.vmin:.3g}", f"{image.norm.vmax:.3g}{log}", colours
