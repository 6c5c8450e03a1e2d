"""The pages of chapters in chromium: the longest of the site, for another worker."""

from narrow import settle
from test_browser_site import (
    is_chapter,
    pytestmark,
    seen,
    test_every_control_of_every_page_is_alive,
    test_pages_fit_a_phone_ask_for_nothing_from_elsewhere_and_please_axe,
)

__all__ = [
    "pytestmark",
    "seen",
    "test_every_control_of_every_page_is_alive",
    "test_pages_fit_a_phone_ask_for_nothing_from_elsewhere_and_please_axe",
]

pages_here = is_chapter

# Each figure's question, and the pixels from its top to the foot of the picture.
BESIDE = """() => [...document.querySelectorAll("figure.live")].map((figure) => {
  const asking = figure.querySelector(".live-guess") ??
    [...document.querySelectorAll("main p")].findLast((p) =>
      !p.closest(".cell, figure") && p.compareDocumentPosition(figure) & 4);
  const picture = figure.querySelector("svg").getBoundingClientRect();
  const top = asking.getBoundingClientRect().top;
  return [asking.textContent.slice(-50), Math.round(picture.bottom - top)];
})"""


def test_a_question_and_its_picture_stand_in_one_window(site, browser):
    seen = []
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    for file in sorted(site.glob("*.html")):
        if is_chapter(file.name):
            page.goto(file.as_uri())
            settle(page)
            seen += [(file.name, *figure) for figure in page.evaluate(BESIDE)]
    page.close()
    assert len({name for name, _, _ in seen}) > 12
    assert not [figure for figure in seen if not 0 < figure[2] <= 900]


def test_a_figure_has_found_its_size_when_it_is_reached(site, browser):
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto((site / "02_vae.html").as_uri())
    for figure in page.locator("figure.live").all():
        figure.scroll_into_view_if_needed()
        page.wait_for_function(REACHED, arg=figure.element_handle())
    page.close()


REACHED = """(figure) => [...figure.querySelectorAll("svg text")].every((text) =>
  !text.textContent || !text.getClientRects().length ||
  text.getBoundingClientRect().height >= 9)"""
