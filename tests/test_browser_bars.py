"""Bars that a reader drags in the picture itself, lying and upright."""

import pytest
from browser import chromium, html_page, watched
from hand import hold_everything
from narrow import settle

from lib import plot
from lib.live import Bars
from lib.live.figure import LiveFigure

pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.slow]
NAMES = ["one", "two", "three"]


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.mark.parametrize("width", [900, 390])
@pytest.mark.parametrize("upright", [False, True])
def test_bars_are_dragged_where_they_are_drawn(browser, tmp_path, upright, width):
    def draw(fig, tilt, total):
        left, right = fig.subplots(1, 2)
        bars = (left.bar if upright else left.barh)(NAMES, tilt)
        left.set(ylim=(-1, 1)) if upright else left.set(xlim=(-1, 1))
        return {"tilt": bars, "total": right.set_title("{:.2f}")}

    control = Bars(3, -1, 1, [-0.5, 0.0, 0.5], labels=NAMES, on="tilt")
    figure = LiveFigure(
        lambda tilt: {"tilt": tilt, "total": tilt.sum()},
        draw,
        "Three bars",
        plot.WIDE,
        {"tilt": control},
    )
    file = tmp_path / "bars.html"
    file.write_text(html_page(figure))
    size = {"width": width, "height": 900}
    page, troubles = watched(browser, home=[file.as_uri()], viewport=size)
    page.goto(file.as_uri())
    hold_everything(page, page.locator("figure.live"))
    settle(page)
    for name, bar in zip(NAMES, page.locator("#live1-m0 path").all(), strict=True):
        handle = page.get_by_role("slider", name=f"tilt, {name}", exact=True)
        middle, length = ("x", "width") if upright else ("y", "height")
        drawn, held = bar.bounding_box(), handle.bounding_box()
        centre = held[middle] + held[length] / 2
        assert centre == pytest.approx(drawn[middle] + drawn[length] / 2, abs=1.5)
        handle.press("ArrowUp" if upright else "ArrowRight")
    page.wait_for_function(
        "() => document.querySelector('.live-picture').textContent.includes('0.30')"
    )
    page.get_by_role("slider", name="tilt, one").focus()
    for _ in range(2):  # the bar of barh's last row lies on top
        page.keyboard.press("ArrowRight" if upright else "ArrowUp")
    held = page.evaluate("document.activeElement.ariaLabel")
    assert held == "tilt, three"
    assert page.locator(".live-value").inner_text() == "three: 0.6"
    assert not troubles
    page.close()
