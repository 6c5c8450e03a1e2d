"""On paper: where controls stand, no folds, no page that holds a footer alone."""

import gallery
import pytest
from browser import html_page, watched

from lib import plot
from lib.live.figure import LiveFigure

pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_printed_figure_says_where_its_controls_stand(browser, tmp_path):
    figure = LiveFigure(
        gallery.kernel, gallery.draw, gallery.ALT, plot.WIDE, gallery.CONTROLS
    )
    file = tmp_path / "gallery.html"
    file.write_text(html_page(figure))
    page, troubles = watched(browser, home=[file.as_uri()])
    page.goto(file.as_uri())
    line = page.locator(".live-paper")
    assert line.is_hidden()
    page.locator("input[type=range]").press("End")
    page.locator(".live-cells button").first.press("Space")
    page.pdf()
    page.emulate_media(media="print")
    assert line.inner_text() == (
        "height: 3 · tilt: 0.2, -0.4, 0.6, -0.8, 1 · cells: 11 of 12 on · "
        "centre: 0.5, 0.5 · drawn: curve, band · shape: smooth"
    )
    assert page.locator(".live-controls").is_hidden()
    assert not troubles


@pytest.mark.parametrize("name", ["05_vit", "exercises/05_vit"])
def test_paper_has_neither_folds_nor_footer(site, browser, name):
    page, _ = watched(browser, home=["file:"])
    page.goto((site / f"{name}.html").as_uri())
    assert page.locator("summary").first.is_visible()
    page.emulate_media(media="print")
    shown = "all => all.filter((e) => e.checkVisibility()).length"
    for part in ("summary", "footer", "button", "details"):
        assert page.locator(part).count() > 0
        assert page.locator(part).evaluate_all(shown) == 0, part
    assert page.locator("main p").first.is_visible()
