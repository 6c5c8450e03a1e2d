"""The pages of chapters in chromium: the longest of the site, for another worker."""

from test_browser_site import (
    is_chapter,
    pytestmark,
    seen,
    site,
    test_every_control_of_every_page_is_alive,
    test_pages_fit_a_phone_ask_for_nothing_from_elsewhere_and_please_axe,
)

__all__ = [
    "pytestmark",
    "seen",
    "site",
    "test_every_control_of_every_page_is_alive",
    "test_pages_fit_a_phone_ask_for_nothing_from_elsewhere_and_please_axe",
]

pages_here = is_chapter
