"""One small figure that learns, shared by the tests: a line finds points."""

import torch
from torch import nn

from lib import plot
from lib.live import Choice, Run, Slider, Switches
from lib.live.figure import LiveFigure
from lib.live.learner import SGD, Learner, recorded

X = torch.linspace(-1, 1, 16)
LINE = Learner(nn.Linear(1, 1), SGD())
LOSSES = {"square": torch.square, "absolute": torch.abs}


def start(chance):
    points = 0.5 + 1.5 * X + 0.2 * chance.normal(16)
    curve = torch.full((50,), torch.nan)
    return dict(
        net=LINE.start(chance), points=points, curve=curve, count=torch.zeros(())
    )


def step(state, chance, rate, kind, parts):
    shaken = state["points"] + torch.where(parts[0], 0.1, 0.0) * chance.normal(16)

    def loss(line):
        return LOSSES[kind](line(X[:, None])[:, 0] - shaken).mean()

    net, value = LINE.step(state["net"], loss, rate)
    curve = recorded(state["curve"], state["count"], value)
    return state | dict(net=net, curve=curve, count=state["count"] + 1)


def look(state, offset):
    line = LINE.at(state["net"], lambda line: line(X[:, None])[:, 0])
    dots = torch.stack([X, state["points"]], -1)
    gap = (line - state["points"]).square().mean()
    return dict(line=line + offset, dots=dots, curve=state["curve"], gap=gap)


def draw(fig, line, dots, curve, gap):
    left, right = fig.subplots(1, 2)
    left.set(xlim=(-1.2, 1.2), ylim=(-3, 3), xlabel="x", ylabel="y")
    right.set(xlim=(0, 50), ylim=(0, 4), xlabel="step", ylabel="loss")
    return dict(
        line=left.plot(X, line, color=plot.BLUE)[0],
        dots=left.scatter(dots[:, 0], dots[:, 1], color=plot.INK, s=9),
        curve=right.plot(range(50), curve, color=plot.ORANGE)[0],
        gap=left.set_title("squared gap {:.3f}"),
    )


RUN = Run(start, step, steps=60)
CONTROLS = {
    "rate": Slider(0.001, 1e6, 0.1, log=True),
    "kind": Choice(list(LOSSES)),
    "parts": Switches(["noise"], False),
    "offset": Slider(-1, 1, 0),
}
ALT = "A line that comes to lie along sixteen points while its loss falls"


def figure(*guesses):
    """The figure that learns, with some questions or none."""
    return LiveFigure(look, draw, ALT, plot.WIDE, CONTROLS, RUN, guesses)
