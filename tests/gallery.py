"""One live figure with every control and every artist, shared by the tests."""

import torch
from matplotlib.patches import Rectangle

from lib import plot
from lib.live import Bars, Choice, Mask, Pad, Slider, Switches

X = torch.linspace(-3, 3, 61)


def kernel(height, tilt, cells, centre, parts, shape):
    """Bumps, a tinted image and some counts: each control moves something."""
    gap = X - centre[0]
    bump = torch.exp(-(gap**2)) if shape == "smooth" else (gap.abs() < 1).float()
    curve = height * bump
    field = torch.outer(curve[::4], curve[::4]) * tilt.mean().add(1.5)
    cells_on = torch.where(cells, 1.0, 0.3)
    return {
        "curve": torch.where(parts[0], curve, torch.nan),
        "band": curve * torch.where(parts[1], 0.5, 0.1),
        "bars": tilt,
        "field": field,
        "patches": cells_on[..., None] * torch.tensor([0.9, 0.5, 0.1]),
        "dots": torch.stack([centre, -centre]),
        "frame": torch.cat([centre - 0.5, centre + 0.5]),
        "count": cells.sum(),
        "area": curve.sum() * 0.1,
    }


def draw(fig, curve, band, bars, field, patches, dots, frame, count, area):
    first, second, third, fourth = fig.subplots(1, 4)
    (line,) = first.plot(X, curve, marker="o", markersize=3)
    first.set(ylim=(0, 3.2), xlabel="x", ylabel="height")
    shade = first.fill_between(X, band, color=plot.SKY, alpha=0.4)
    columns = second.bar(range(5), bars, color=plot.GREEN)
    second.set(ylim=(-1.1, 1.1), xlabel="bar")
    picture = third.imshow(field, vmin=0, vmax=4, extent=(0, 1, 0, 1), origin="lower")
    third.set(xlim=(0, 1), ylim=(0, 1))
    tiles = fourth.imshow(patches, extent=(-3, 3, -3, 3))
    scatter = fourth.scatter(dots[:, 0], dots[:, 1], color=plot.VERMILION, s=30)
    x1, y1, x2, y2 = frame.tolist()
    box = Rectangle((x1, y1), x2 - x1, y2 - y1, edgecolor=plot.INK, facecolor="none")
    fourth.add_patch(box)
    title = fourth.set_title("{:d} on")
    label = first.set_title("area {:.3f}")
    return {
        "curve": line,
        "band": shade,
        "bars": columns,
        "field": picture,
        "patches": tiles,
        "dots": scatter,
        "frame": box,
        "count": title,
        "area": label,
    }


CONTROLS = {
    "height": Slider(0.5, 3.0, 2.0),
    "tilt": Bars(5, -1, 1, [0.2, -0.4, 0.6, -0.8, 1.0]),
    "cells": Mask(3, 4, on="patches", columns=["west", "near", "far", "east"]),
    "centre": Pad((-2, 2), (-2, 2), (0.5, 0.5)),
    "parts": Switches(["curve", "band"], label="drawn"),
    "shape": Choice(["smooth", "square"]),
}
ALT = "A bump, five bars, a field and a tiled picture that the controls move"
