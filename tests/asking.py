"""Small figures that ask, shared by the tests: each kind, and one that learns."""

from dataclasses import replace

import learning
import torch

from lib import plot
from lib.live import Choice, Pad, Slider, guess
from lib.live.figure import LiveFigure

X = torch.linspace(0, 4, 41)
CONTROLS = {
    "height": Slider(0, 4, 1, step=0.5),
    "kind": Choice(["bump", "step"]),
    "knob": Pad((0, 4), (0, 4), (1, 3), on="spot"),
}


def kernel(height, kind, knob):
    """A curve, the place of its top, and its area: what only this computes."""
    curve = (X - 2).square().neg().exp() if kind == "bump" else (X > 2).float()
    curve = height * curve
    area = curve.sum() * 0.1
    return {
        "curve": curve,
        "spot": torch.stack([knob, knob.flip(0)]),
        "field": torch.outer(curve, curve)[::5, ::5],
        "area": area,
        "top": torch.cat([X.index_select(0, curve.argmax()[None]), curve.max()[None]]),
        "more": (area > 2).long(),
    }


def draw(fig, curve, spot, field, area):
    left, middle, right = fig.subplots(1, 3)
    left.set(xlim=(0, 4), ylim=(0, 4), xlabel="x")
    middle.set(xlim=(0, 4), ylim=(0, 4))
    return {
        "curve": left.plot(X, curve, color=plot.BLUE)[0],
        "spot": middle.scatter(*spot.T, color=plot.INK),
        "field": right.imshow(field, vmin=0, vmax=4),
        "area": left.set_title("area {:.4f}"),
    }


NUMBER = guess.Number(
    "How large is the area?", "area", 0, 8, unit="m", on="curve", at={"height": 2}
)
CHOICE = guess.Choice("Is it more than two?", "more", ["no", "yes"], shows=["spot"])
POINT = guess.Point("Where is the top?", "top", "curve", at={"kind": "step"})
CURVE = guess.Curve("Draw the bump.", "curve", unit="m")
LEARNS = guess.Number("How large is the gap?", "gap", 0, 4, on="line", steps=20)


def figure(*guesses):
    """The first figure, with some of these questions."""
    return LiveFigure(
        kernel, draw, "A curve, two spots, a field", plot.WIDE, CONTROLS, None, guesses
    )


def learner(**at):
    """A figure that learns, asked about its twentieth step with controls put there."""
    return learning.figure(replace(LEARNS, at={"offset": 0.5} | at))
