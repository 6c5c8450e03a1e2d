"""The gallery on a page in real chromium: every control moves it."""

import gallery
import pytest
from browser import html_page, watched
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


def test_a_figures_link_opens_it_as_it_stands(browser, page_file):
    page, troubles = watched(browser, home=[page_file])
    page.goto(page_file)
    figure = page.locator("figure.live")
    start = Hand(page, figure).picture
    copied = page.get_by_role("button", name="Copy link")
    copied.click()
    page.get_by_text("Copied").or_(page.get_by_text("address bar")).wait_for()
    begun = page.url
    figure.locator("input[type=range]").press("End")
    figure.locator(".live-bar").nth(2).press("End")
    figure.locator(".live-cells button").first.press("Space")
    figure.locator(".live-knob").press("ArrowLeft")
    figure.get_by_role("switch").first.press("Space")
    figure.get_by_label("square").check()
    state = standing(figure)
    copied.or_(page.get_by_text("Copied")).or_(page.get_by_text("address")).click()
    assert page.url.endswith(
        "#live1?height=3&tilt=0.2,-0.4,1,-0.8,1&cells=011111111111"
        "&centre=0.34,0.5&parts=01&shape=square"
    )
    moved, _ = watched(browser, home=[page_file])
    moved.goto(page.url)
    assert standing(moved.locator("figure.live")) == state
    page.evaluate("to => { location.hash = to; }", begun.split("#")[1])
    Hand(page, figure)
    assert standing(figure) != state
    assert Hand(page, figure).picture == start == 0
    assert not troubles


def standing(figure):
    """What the controls of a figure say, and what its picture prints."""
    figure.page.wait_for_function(
        "f => f.dataset.pictures && !('busy' in f.dataset)",
        arg=figure.element_handle(),
    )
    controls = figure.locator("[aria-valuenow], [aria-pressed], [aria-checked], input")
    return controls.evaluate_all("""all => all.map((e) => e.checked + "," + e.value +
      ["pressed", "checked"].map((name) => e.getAttribute("aria-" + name)) +
      Number(e.ariaValueNow).toPrecision(6))
    """), figure.locator("svg text").all_inner_texts()


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("#live?height=1&parts=10", ["1", "true", "false"]),
        ("#live?height=low&parts=1&shape=round", ["2", "true", "true"]),  # as it was
        ("#live1?height=99", ["3", "true", "true"]),  # its end
    ],
)
def test_a_sentence_puts_a_figure_into_a_state(browser, page_file, address, parts):
    page, troubles = watched(browser, home=[page_file])
    page.goto(page_file)
    figure = page.locator("figure.live")
    standing(figure)
    page.evaluate(
        "to => document.body.insertAdjacentHTML('beforeend',"
        " `<a href='${to}'>show me</a>`)",
        address,
    )
    page.get_by_text("show me").click()
    standing(figure)
    assert [
        figure.locator("input[type=range]").get_attribute("aria-valuetext"),
        *(s.get_attribute("aria-checked") for s in figure.get_by_role("switch").all()),
    ] == parts
    assert not troubles
