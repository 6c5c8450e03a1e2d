"""The pages of chapters in chromium: the longest of the site, for another worker."""

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


def test_a_question_and_its_picture_stand_in_one_window(seen):
    beside = seen["beside"]
    assert len({name for name, _, _ in beside}) > 12
    assert not [figure for figure in beside if not 0 < figure[2] <= 900]


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
