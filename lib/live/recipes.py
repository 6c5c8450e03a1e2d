"""The recipe of each part of a figure that moves: JSON for draw.js.

A recipe holds what stays (places, colours, the scales of the axes); the numbers that
the kernel returns are all that draw.js adds.
"""

import base64
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection, PathCollection
from matplotlib.colors import Colormap, LogNorm, Normalize, to_hex, to_rgba
from matplotlib.container import BarContainer
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.markers import MarkerStyle
from matplotlib.patches import Rectangle
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

from lib import plot

from .keys import is_map

Mark = dict[str, Any]
_DASHES = {"--": "dashed", ":": "dotted", "-.": "dashdot"}


def recipe(artist: Any) -> Mark:
    """What draw.js must know of an artist to move it."""
    for cls, kind, read in _READERS:
        if isinstance(artist, cls):
            return {"kind": kind, **read(artist)}
    raise TypeError(
        f"a {type(artist).__name__} cannot move; expected a line, bars, an image, "
        "a scatter, a rectangle, a fill_between or a text"
    )


def _line(line: Line2D) -> Mark:
    style, width = str(line.get_linestyle()), line.get_linewidth()
    drawn = style not in ("None", "none", " ", "")
    stroke = _paint(None, line.get_color() if drawn else None, width, line.get_alpha())
    if style in _DASHES:
        pattern = rcParams[f"lines.{_DASHES[style]}_pattern"]
        stroke += f";stroke-dasharray:{' '.join(f'{width * p:.2f}' for p in pattern)}"
    x = np.asarray(line.get_xdata(orig=False), dtype=float)
    mark: Mark = {"x": x.tolist(), "stroke": stroke, **_scales(line.axes)}
    marker = MarkerStyle(line.get_marker())
    if len(marker.get_path().vertices):
        size = Affine2D().scale(line.get_markersize())
        mark["marker"] = _outline(
            marker.get_path().transformed(marker.get_transform() + size)
        )
        mark["point"] = _paint(
            line.get_markerfacecolor(),
            line.get_markeredgecolor(),
            line.get_markeredgewidth(),
            line.get_alpha(),
        )
    return mark


def _area(area: FillBetweenPolyCollection) -> Mark:
    # start, n upper, end, n lower, start
    vertices = np.asarray(area.get_paths()[0].vertices)
    n = (len(vertices) - 3) // 2
    edge = area.get_edgecolor()
    return {
        "x": vertices[1 : n + 1, 0].tolist(),
        "base": vertices[n + 2 : 2 * n + 2, 1][::-1].tolist(),
        "fill": _paint(
            area.get_facecolor()[0],
            edge[0] if len(edge) else None,
            area.get_linewidth()[0],
        ),
        **_scales(area.axes),
    }


def _bars(bars: BarContainer) -> Mark:
    upright = bars.orientation == "vertical"
    boxes = [(p.get_x(), p.get_y(), p.get_width(), p.get_height()) for p in bars]
    spans = [(x, x + w, y) if upright else (y, y + h, x) for x, y, w, h in boxes]
    ticks = _ticks(bars[0].axes, "x" if upright else "y")
    middles = [(low + high) / 2 for low, high, _ in spans]
    return {
        "spans": [[float(v) for v in span] for span in spans],
        "names": [ticks.get(m, "") for m in middles],
        "upright": upright,
        "fills": [_patch(patch) for patch in bars],
        **_scales(bars[0].axes),
    }


def _ticks(axes: Axes, way: str) -> dict[float, str]:
    """What stands at the ticks of an axis, or of one that it shares, by place."""
    found: dict[float, str] = {}
    for one in getattr(axes, f"get_shared_{way}_axes")().get_siblings(axes):
        axis = getattr(one, f"{way}axis")
        labels = [label.get_text() for label in axis.get_majorticklabels()]
        pairs = zip(axis.get_majorticklocs(), labels, strict=False)
        found |= {float(place): label for place, label in pairs if label}
    return found


def _image(image: AxesImage) -> Mark:
    mark = {
        "extent": [float(v) for v in image.get_extent()],
        "flip": image.origin == "lower",
        **_scales(image.axes),
    }
    if image.get_array().ndim == 3:
        return mark
    return mark | _colours(image.norm, image.cmap) | {"map": is_map(image)}


def _points(points: PathCollection) -> Mark:
    face, edge = points.get_facecolor(), points.get_edgecolor()
    width, sizes = points.get_linewidth()[0], np.sqrt(points.get_sizes())
    n = max(len(face), len(edge), len(sizes))

    def colour(table: Any, i: int) -> Any:
        return table[i % len(table)] if len(table) else None

    mark = {
        "marker": _outline(points.get_paths()[0]),
        "sizes": sizes.round(3).tolist(),
        "fills": [  # the edge grows with the marker
            _paint(colour(face, i), colour(edge, i), width / sizes[i % len(sizes)])
            for i in range(n)
        ],
        **_scales(points.axes),
    }
    if points.get_array() is None:
        return mark
    return mark | _colours(points.norm, points.cmap)


def _box(box: Rectangle) -> Mark:
    return {"fill": _patch(box), **_scales(box.axes)}


_READERS: list[tuple[type, str, Callable[[Any], Mark]]] = [
    (Line2D, "line", _line),
    (FillBetweenPolyCollection, "area", _area),
    (BarContainer, "bars", _bars),
    (AxesImage, "image", _image),
    (PathCollection, "points", _points),
    (Rectangle, "box", _box),
    (Text, "text", lambda label: {}),
]


def check_shape(mark: Mark, value: torch.Tensor) -> None:
    """Raise ValueError where the kernel's shape does not fit; so does draw.js."""
    shape, name = tuple(value.shape), mark["name"]
    n = len(mark.get("x") or mark.get("spans") or ())
    fits, expected = {
        "line": (
            shape == (n,) or (len(shape) == 2 and shape[1] == 2),
            f"a line takes ({n},) heights at its own places, or (m, 2) points",
        ),
        "area": (
            shape in ((n,), (n, 2)),
            f"an area takes ({n},) upper edges, or ({n}, 2) lower and upper edges",
        ),
        "bars": (shape == (n,), f"the bars take ({n},), one length each"),
        "image": (
            len(shape) == (2 if "lut" in mark else 3) and shape[2:] in ((), (3,)),
            "an image takes (h, w) if drawn from numbers, (h, w, 3) if from colours",
        ),
        "points": (
            len(shape) == 2 and shape[1] in (2, 3),
            "a scatter takes (n, 2) places, or (n, 3) with a number for the colour",
        ),
        "box": (shape == (4,), "a rectangle takes (4,): x1, y1, x2, y2"),
        "text": (True, ""),
    }[mark["kind"]]
    if not fits:
        raise ValueError(f"{name}: the kernel gave shape {shape}; {expected}")


def _scales(axes: Axes) -> Mark:
    """Along each axis [a, b, log]: the SVG place of v is a v + b, of log10 v if log."""
    found = {}
    for axis, (name, limits, scale) in enumerate(
        (
            ("sx", axes.get_xlim(), axes.get_xscale()),
            ("sy", axes.get_ylim(), axes.get_yscale()),
        )
    ):
        if scale not in ("linear", "log"):
            raise ValueError(f"a live figure's axes are linear or log, got {scale}")
        corners = np.array([axes.get_xlim(), axes.get_ylim()], dtype=float).T
        ends = axes.transData.transform(corners)[:, axis]
        ends = axes.figure.bbox.height - ends if axis else ends
        low, high = np.log10(limits) if scale == "log" else limits
        a = (ends[1] - ends[0]) / (high - low)
        found[name] = [float(a), float(ends[0] - a * low), scale == "log"]
    return found


def _colours(norm: Normalize, cmap: Colormap) -> Mark:
    """The colour map as 256 RGBA entries and one for nan."""
    if type(norm) not in (Normalize, LogNorm):
        raise TypeError(f"colours by {type(norm).__name__}; expected linear or LogNorm")
    table = np.concatenate([cmap(np.arange(256) / 255), cmap([np.nan])])
    lut = (table * 255).round().astype(np.uint8)
    return {
        "lut": base64.b64encode(lut.tobytes()).decode(),
        "low": float(norm.vmin or 0.0),
        "high": float(1.0 if norm.vmax is None else norm.vmax),
        "lognorm": isinstance(norm, LogNorm),
    }


def _patch(patch: Rectangle) -> str:
    return _paint(patch.get_facecolor(), patch.get_edgecolor(), patch.get_linewidth())


def _paint(face: Any, edge: Any, width: float, alpha: float | None = None) -> str:
    """Fill and stroke as CSS, in the page's colours."""
    parts = [f"stroke-width:{width:.3g}"]
    for what, colour in (("fill", face), ("stroke", edge)):
        plain = isinstance(colour, str) and colour == "none"
        if colour is None or plain or to_rgba(colour)[3] == 0:
            parts.append(f"{what}:none")
            continue
        parts.append(f"{what}:{plot.themed(to_hex(colour))}")
        opacity = to_rgba(colour)[3] if alpha is None else alpha
        if opacity < 1:
            parts.append(f"{what}-opacity:{opacity:.3g}")
    return ";".join(parts)


def _outline(path: Path) -> str:
    """A marker's path as SVG, centred on the origin, y downwards."""
    letters = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}
    out = []
    for vertices, code in path.iter_segments(simplify=False):
        if code == Path.CLOSEPOLY:
            out.append("Z")
        else:
            points = np.asarray(vertices).reshape(-1, 2) * [1, -1]
            out.append(letters[code] + " ".join(f"{v:.3g}" for v in points.ravel()))
    return "".join(out)
