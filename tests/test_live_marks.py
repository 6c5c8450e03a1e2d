"""Marks against Python and matplotlib: texts, places and colours."""

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from javascript import draw, engine
from matplotlib.colors import LogNorm
from matplotlib.patches import Rectangle

from lib import plot
from lib.live.picture import Picture

FIELDS = st.sampled_from(["f", "g", "e", "%", "d"]).flatmap(
    lambda kind: st.tuples(
        st.sampled_from(["", "+"]),
        st.sampled_from(["", ","] if kind != "e" else [""]),
        st.just("")
        if kind == "d"
        else st.sampled_from(["", ".0", ".1", ".2", ".3", ".6"]),
        st.just(kind),
    ).map("".join)
)


@pytest.mark.slow
@given(FIELDS, st.floats(width=32, allow_nan=False, allow_infinity=False))
@example("f", 1e21)
@example(",.0f", 1.5e22)
@example("%", 1e20)
def test_texts_print_as_python_prints(spec, value):
    value = round(value) if spec.endswith("d") else value
    if spec.endswith("d") and abs(value) > 2**53:
        return
    template = f"a {{:{spec}}} b"
    assert engine().call("live.printed", template, [value]) == template.format(value)


@pytest.mark.parametrize(
    "value", [0.5, 1.5, 2.5, 0.125, 0.375, 1e-5, 999999.5, 123456.75, 0.0]
)
@pytest.mark.parametrize(
    "spec", [".0f", ".1f", ".2f", "g", ".3g", ".2e", ".1%", ",.0f", ",.2f"]
)
def test_halves_and_edges(spec, value):
    template = f"{{:{spec}}}"
    assert engine().call("live.printed", template, [value]) == template.format(value)


def test_texts_of_what_is_not_finite_and_of_integers():
    found = draw(
        {"kind": "text", "template": "{:.2f} {:.1%} {:.0f}"},
        torch.tensor([math.inf, math.nan, -math.inf]),
    )
    assert found == "inf nan% -inf"
    assert (
        draw({"kind": "text", "template": "{} of {:,d}"}, torch.tensor([3, 86567656]))
        == "3 of 86,567,656"
    )
    letters = torch.tensor([ord(letter) for letter in "a·é"])
    assert draw({"kind": "text", "template": "<{:c}{:c}{:c}>"}, letters) == "<a·é>"


def picture(draw_figure, **values):
    return Picture(draw_figure, values, plot.WIDE, "a picture")


def place(axes, x, y):
    """Where matplotlib puts a point, in SVG units."""
    px, py = axes.transData.transform((x, y))
    return px, axes.figure.bbox.height - py


def numbers(d):
    return [float(v) for v in re.findall(r"-?\d+\.?\d*", d)]


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_line_lies_where_matplotlib_puts_it_and_breaks_at_nan(scale):
    x = np.array([1.0, 2.0, 5.0, 9.0])
    y = torch.tensor([0.5, torch.nan, 3.0, 4.0])

    def figure(fig, y):
        axes = fig.subplots()
        axes.set(xscale=scale, yscale=scale, xlim=(1, 10), ylim=(0.1, 10))
        return {"y": axes.plot(x, np.ones(4), "s--")[0]}

    drawn = picture(figure, y=y)
    axes, mark = drawn.fig.axes[0], drawn.marks[0]
    found = draw(mark, y)
    assert found["d"].count("M") == 2 and found["d"].count("L") == 1
    want = [v for i in (0, 2, 3) for v in place(axes, x[i], y[i].item())]
    assert numbers(found["d"]) == pytest.approx(want, abs=0.01)
    assert len(found["points"]) == 3
    assert "stroke-dasharray" in mark["stroke"] and "var(--live-blue" in mark["stroke"]


def test_a_line_may_move_in_both_directions():
    def figure(fig, path):
        axes = fig.subplots()
        axes.set(xlim=(0, 1), ylim=(0, 1))
        return {"path": axes.plot([0], [0])[0]}

    path = torch.tensor([[0.1, 0.2], [0.3, 0.9]])
    drawn = picture(figure, path=path)
    want = [v for x, y in path.tolist() for v in place(drawn.fig.axes[0], x, y)]
    assert numbers(draw(drawn.marks[0], path)["d"]) == pytest.approx(want, abs=0.01)


@pytest.mark.parametrize("upright", [True, False])
def test_bars_boxes_and_points(upright):
    lengths = torch.tensor([1.0, -2.0, torch.nan])

    def figure(fig, lengths, box, dots):
        axes = fig.subplots()
        bars = (
            axes.bar(range(3), [1, 1, 1]) if upright else axes.barh(range(3), [1, 1, 1])
        )
        axes.set(xlim=(-3, 3), ylim=(-3, 3))
        return {
            "lengths": bars,
            "box": axes.add_patch(Rectangle((0, 0), 1, 1)),
            "dots": axes.scatter([0], [0], s=36),
        }

    box, dots = (
        torch.tensor([-1.0, 0.0, 1.0, 2.0]),
        torch.tensor([[1.0, 2.0], [torch.nan, 0]]),
    )
    drawn = picture(figure, lengths=lengths, box=box, dots=dots)
    axes = drawn.fig.axes[0]
    bars, frame, points = (
        draw(m, v) for m, v in zip(drawn.marks, (lengths, box, dots), strict=True)
    )
    corner = place(axes, 0.4, 1) if upright else place(axes, 1, 0.4)
    assert corner[0] == pytest.approx(max(numbers(bars[0])[::2]), abs=0.01)
    assert bars[2] == ""
    low, high = place(axes, -1, 0), place(axes, 1, 2)
    assert numbers(frame["d"])[:2] == pytest.approx(low, abs=0.01)
    assert numbers(frame["d"])[4:6] == pytest.approx(high, abs=0.01)
    assert len(points) == 1 and points[0]["scale"] == 6
    assert (points[0]["x"], points[0]["y"]) == pytest.approx(
        place(axes, 1, 2), abs=0.01
    )


def test_an_area_between_two_edges():
    x = np.linspace(0, 1, 4)

    def figure(fig, edges, upper):
        axes = fig.subplots()
        axes.set(xlim=(0, 1), ylim=(0, 5))
        areas = [axes.fill_between(x, [1, 2, 3, 4], 0.5) for _ in range(2)]
        return {"edges": areas[0], "upper": areas[1]}

    edges, upper = torch.tensor([[0.0, 1.0]] * 4), torch.ones(4)
    drawn = picture(figure, edges=edges, upper=upper)
    axes = drawn.fig.axes[0]
    both = numbers(draw(drawn.marks[0], edges)["d"])
    assert both[1] == pytest.approx(place(axes, 0, 1)[1], abs=0.01)
    assert both[-1] == pytest.approx(place(axes, 0, 0)[1], abs=0.01)
    above = numbers(draw(drawn.marks[1], upper)["d"])
    assert above[-1] == pytest.approx(place(axes, 0, 0.5)[1], abs=0.01)


@pytest.mark.parametrize("origin", ["upper", "lower"])
@pytest.mark.parametrize("norm", [None, LogNorm(0.1, 2)])
def test_an_image_has_matplotlibs_colours(origin, norm):
    values = torch.rand(3, 5) * 2.5 + 0.01
    values[1, 2] = torch.nan
    seen = {}

    def figure(fig, values):
        limits = {"norm": norm} if norm else {"vmin": 0.1, "vmax": 2}
        seen["image"] = fig.subplots().imshow(values, origin=origin, **limits)
        return {"values": seen["image"]}

    drawn = picture(figure, values=values)
    found = draw(drawn.marks[0], values)
    image = seen["image"]
    want = image.cmap(image.norm(np.ma.masked_invalid(values.numpy())), bytes=True)
    want = want[::-1] if origin == "lower" else want
    got = np.array(found["pixels"]).reshape(3, 5, 4)
    assert np.abs(got.astype(int) - want.astype(int)).max() <= 2
    box = (
        found["x"],
        found["y"] + found["height"],
        found["x"] + found["width"],
        found["y"],
    )
    x1, x2, y1, y2 = image.get_extent()
    low, high = place(image.axes, x1, y1), place(image.axes, x2, y2)
    assert box[0] == pytest.approx(low[0], abs=0.01)
    assert box[2] == pytest.approx(high[0], abs=0.01)
    assert sorted((box[1], box[3])) == pytest.approx(
        sorted((low[1], high[1])), abs=0.01
    )


def test_scatter_colours_follow_the_third_column():
    dots = torch.tensor([[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])

    def figure(fig, dots):
        axes = fig.subplots()
        return {
            "dots": axes.scatter(dots[:, 0], dots[:, 1], c=dots[:, 2], vmin=0, vmax=1)
        }

    low, high = draw(picture(figure, dots=dots).marks[0], dots)
    assert low["rgb"] != high["rgb"]


def test_a_misfit_says_what_came():
    mark = {
        "kind": "line",
        "name": "loss",
        "x": [0, 1],
        "sx": [1, 0, False],
        "sy": [1, 0, False],
    }
    with pytest.raises(Exception, match=r"loss: the kernel gave shape \(3\)"):
        draw(mark, torch.zeros(3))


def test_bars_are_called_what_stands_under_them_or_under_those_beside_them():
    def draw_pair(fig, left, right):
        both = fig.subplots(1, 2, sharey=True)
        names = ["red", "green"]
        return {
            name: axes.barh(names, value)
            for name, axes, value in zip(
                ("left", "right"), both, (left, right), strict=True
            )
        }

    two = torch.tensor([1.0, 2.0])
    marks = picture(draw_pair, left=two, right=two).marks
    assert [mark["names"] for mark in marks] == [["red", "green"]] * 2
    far = lambda fig, y: {"y": fig.subplots().bar([1.5, 40.25], y)}
    assert picture(far, y=two).marks[0]["names"] == ["", ""]


def test_a_bar_on_a_logarithmic_axis_rises_from_below_it():
    def draw_bars(fig, y):
        axes = fig.subplots()
        axes.set(yscale="log", ylim=(0.1, 100))
        return {"y": axes.bar([1, 2], y)}

    made = picture(draw_bars, y=torch.tensor([1.0, 2.0]))
    first, second = draw(made.marks[0], torch.tensor([10.0, 0.0]))
    top, bottom = (f(numbers(first)[1::2]) for f in (min, max))
    axes = made.fig.axes[0]
    assert top == pytest.approx(place(axes, 1, 10)[1], abs=0.01)
    assert bottom > place(axes, 1, 0.1)[1] and second == ""
