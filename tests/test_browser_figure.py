"""The gallery in real chromium, on a page and in JupyterLab: every control moves it."""

from pathlib import Path

import gallery
import nbformat
import pytest
from browser import chromium, html_page, watched
from hand import Hand, hold_everything
from lab import figures, jupyterlab, run_all

from lib import plot
from lib.live.figure import LiveFigure

pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    figure = LiveFigure(
        gallery.kernel, gallery.draw, gallery.ALT, plot.WIDE, gallery.CONTROLS
    )
    file = tmp_path_factory.mktemp("page") / "gallery.html"
    file.write_text(html_page(figure))
    return file.as_uri()


@pytest.mark.parametrize("width", [900, 390])
def test_every_control_on_a_page(page_file, width):
    with chromium() as browser:
        size = {"width": width, "height": 900}
        page, troubles = watched(browser, home=[page_file], viewport=size)
        page.goto(page_file)
        hold_everything(page, page.locator("figure.live"))
        assert page.evaluate("document.body.scrollWidth <= innerWidth")
        assert not troubles


def test_a_raising_mark_shows_its_message_and_the_figure_stays_alive(page_file):
    with chromium() as browser:
        page, _ = watched(browser)
        page.goto(page_file)
        hand = Hand(page, page.locator("figure.live"))
        page.evaluate(
            "() => { window.kept = LiveTensor.run;"
            "LiveTensor.run = () => { throw new Error('no such bump'); }; }"
        )
        slider = page.locator("input[type=range]")
        slider.press("ArrowRight")
        page.wait_for_selector(".live-error:not([hidden])")
        assert page.locator(".live-error").inner_text() == "no such bump"
        page.evaluate("() => { LiveTensor.run = window.kept; }")
        assert hand.changes(lambda: slider.press("ArrowRight"))
        assert page.locator(".live-error").is_hidden()


CELL = """
import sys; sys.path.insert(0, {tests!r})
import gallery, torch
from lib.live import live, Slider
live(gallery.kernel, gallery.draw, alt=gallery.ALT, **gallery.CONTROLS)
"""
RAISING = """
def kernel(a):
    if a > 1.5:
        raise ValueError("a is too large")
    return dict(y=a.expand(3))
def draw(fig, y):
    return dict(y=fig.subplots().plot(range(3), y)[0])
live(kernel, draw, alt="a line", a=Slider(0, 2, 1))
"""


def test_every_control_in_jupyterlab(tmp_path):
    tests = str(Path(__file__).parent)
    cells = [nbformat.v4.new_code_cell(c) for c in (CELL.format(tests=tests), RAISING)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, tmp_path / "gallery.ipynb")
    with chromium() as browser, jupyterlab(tmp_path) as address:
        page, troubles = watched(browser, viewport={"width": 1300, "height": 1000})
        run_all(page, address, "gallery.ipynb")
        shown = figures(page, 2)
        hold_everything(page, shown.first)

        slider = shown.nth(1).locator("input")
        Hand(page, shown.nth(1))
        slider.press("End")
        page.wait_for_selector("figure.live .live-error:not([hidden])")
        assert "a is too large" in shown.nth(1).locator(".live-error").inner_text()
        slider.press("Home")
        page.wait_for_selector("figure.live >> nth=1 >> .live-error", state="hidden")
        assert not troubles
