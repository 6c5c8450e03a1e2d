"""The gallery on a page in real chromium: every control moves it."""

import gallery
import pytest
from browser import chromium, html_page, watched
from hand import Hand, hold_everything

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


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.mark.parametrize("width", [900, 390])
def test_every_control_on_a_page(browser, page_file, width):
    size = {"width": width, "height": 900}
    page, troubles = watched(browser, home=[page_file], viewport=size)
    page.goto(page_file)
    hold_everything(page, page.locator("figure.live"))
    assert page.evaluate("document.body.scrollWidth <= innerWidth")
    assert not troubles


@pytest.mark.parametrize(
    "needed",  # by the kernel, and to draw
    ["Float32Array.prototype.set", "CanvasRenderingContext2D.prototype.putImageData"],
)
def test_what_raises_shows_its_message_and_the_figure_stays_alive(
    browser, page_file, needed
):
    page, _ = watched(browser)
    page.goto(page_file)
    hand = Hand(page, page.locator("figure.live"))
    page.evaluate(
        f"() => {{ window.kept = {needed};"
        f"{needed} = () => {{ throw new Error('no such bump'); }}; }}"
    )
    slider = page.locator("input[type=range]")
    slider.press("ArrowRight")
    page.wait_for_selector(".live-error:not([hidden])")
    assert page.locator(".live-error").inner_text() == "no such bump"
    page.evaluate(f"() => {{ {needed} = window.kept; }}")
    assert hand.changes(lambda: slider.press("ArrowRight"))
    assert page.locator(".live-error").is_hidden()
