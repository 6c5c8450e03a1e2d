"""Diagrams: what stands where, and what is refused."""

import re

import pytest
from matplotlib.text import Annotation

from lib import plot
from lib.diagram import Box, Diagram


def drawn(diagram):
    return plot.html(diagram.fig, "a model")


def ends(diagram):
    """Where each arrow begins and ends, in units."""
    return [
        (arrow.xyann, arrow.xy)
        for arrow in diagram.axes.texts
        if isinstance(arrow, Annotation)
    ]


@pytest.fixture
def diagram():
    return Diagram(6, 3)


def test_a_row_stands_side_by_side(diagram):
    first, second, third = diagram.row("a", "b", "c", at=(1, 1), step=1.5)
    assert [box.x for box in (first, second, third)] == [1, 2.5, 4]
    assert first.right == (1.5, 1) and second.left == (2.0, 1)


@pytest.mark.parametrize(
    ("place", "start", "tip"),
    [
        ((4, 1), (1.5, 1), (3.46, 1)),
        ((-2, 1), (0.5, 1), (-1.46, 1)),
        ((1, 2.5), (1, 1.25), (1, 2.21)),
        ((1, -1), (1, 0.75), (1, -0.71)),
    ],
)
def test_a_straight_arrow_joins_the_sides_that_face_each_other(
    diagram, place, start, tip
):
    diagram.arrow(Box(1, 1, 1, 0.5), Box(*place, 1, 0.5))
    [found] = ends(diagram)
    assert found[0] == pytest.approx(start) and found[1] == pytest.approx(tip)


@pytest.mark.parametrize(
    ("over", "level", "tip"), [(0.5, 2.0, 1.54), (-0.5, 0.25, 0.71)]
)
def test_an_arrow_over_others_comes_down_on_its_end(diagram, over, level, tip):
    low, high = Box(1, 1, 1, 0.5), Box(4, 1.25, 1, 0.5)
    diagram.arrow(low, high, over=over)
    [line] = diagram.axes.lines
    assert list(line.get_ydata())[1:] == [level, level]
    [(start, end)] = ends(diagram)
    assert start == (4, level) and end[1] == pytest.approx(tip if over > 0 else 0.96)


def test_an_arrow_climbs_from_one_row_to_another(diagram):
    diagram.climb(Box(4, 0.5, 1, 0.5), Box(1, 2, 1, 0.5), 1.1)
    [line] = diagram.axes.lines
    assert list(zip(*line.get_data(), strict=True)) == [(4, 0.75), (4, 1.1), (1, 1.1)]
    [(start, end)] = ends(diagram)
    assert start == (1, 1.1) and end == pytest.approx((1, 1.71))


def test_a_chain_has_an_arrow_between_neighbours(diagram):
    diagram.chain(*diagram.row("a", "b", "c", at=(1, 1)))
    assert len(ends(diagram)) == 2


def test_a_frame_lies_around_its_boxes(diagram):
    boxes = [Box(1, 1, 1, 0.5), Box(3, 2, 1, 1)]
    frame = diagram.frame(boxes, "twice", margin=0.1)
    assert frame.left[0] == pytest.approx(0.4) and frame.right[0] == pytest.approx(3.6)
    assert frame.bottom[1] == pytest.approx(0.65) and frame.top[1] == pytest.approx(2.6)


def test_a_text_that_leaves_its_box_is_refused(diagram):
    with pytest.raises(
        ValueError, match="needs .* and the box has 1 by 0.5: give it a"
    ):
        diagram.box("a name that is far too long", (1, 1))


def test_colours_follow_the_page_and_words_stay_words(diagram):
    diagram.box("linear", (1, 1), colour=plot.ORANGE)
    diagram.sum((2, 1))
    diagram.note("a word", (3, 1))
    html = drawn(diagram)
    assert "var(--live-orange" in html and ">linear<" in html and ">a word<" in html
    assert not re.findall(r"stroke: #(?!none)", html), "a colour that stays as it is"
