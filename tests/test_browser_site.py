"""Every built page in real chromium: quiet, local, narrow, accessible and alive."""

import importlib.util
from contextlib import contextmanager
from pathlib import Path

import pytest
from browser import chromium, watched
from hand import hold_everything

from course.site import ROOT, build

pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Elements that stick out of a 390 px screen and that no box around them lets scroll.
STICKING_OUT = """() => {
  const scrolls = (e) => e && (/auto|scroll/.test(getComputedStyle(e).overflowX)
    || scrolls(e.parentElement));
  const wide = document.documentElement.scrollWidth > innerWidth ? ["the page"] : [];
  const out = [...document.querySelectorAll("body *:not(svg *, .katex *)")]
    .filter((e) => e.checkVisibility() && e.getBoundingClientRect().width > 1)
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e));
  return [...wide, ...out.map((e) => e.outerHTML.slice(0, 90))];
}"""
OPEN_ALL = "() => document.querySelectorAll('details').forEach((d) => (d.open = true))"
# Code is most of a page and alike everywhere: a block counts if it has a new colour.
AXE = """async () => {
  const seen = new Set();
  const alike = [...document.querySelectorAll(".highlight")].filter((block) => {
    const before = seen.size;
    block.querySelectorAll("span").forEach((token) => seen.add(token.className));
    return seen.size === before;
  });
  const options = { resultTypes: ["violations"] };
  const { violations } = await axe.run({ exclude: alike }, options);
  return violations.filter((v) => ["serious", "critical"].includes(v.impact))
    .map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 90)).join(" | ")}`);
}"""


@pytest.fixture(scope="session")
def site():
    html = ROOT / "build" / "html"
    return html if (html / "index.html").exists() else build()


@contextmanager
def every_page(site, **options):
    """(name, page, troubles) of each page in turn, opened from its folder."""

    def walk():
        for file in sorted(site.rglob("*.html")):
            page, troubles = watched(browser, home=[site.as_uri()], **options)
            page.goto(file.as_uri())
            yield file.relative_to(site).as_posix(), page, troubles
            page.close()

    with chromium() as browser:
        yield walk()


def axe_file():
    """The rules of axe, which a package of the bindings carries."""
    found = importlib.util.find_spec("axe_playwright_python")
    if not found:
        pytest.skip("no axe: pip install axe-playwright-python")
    return Path(found.submodule_search_locations[0]) / "axe.min.js"


def test_pages_fit_a_phone_and_ask_for_nothing_from_elsewhere(site):
    faults = []
    with every_page(site, viewport={"width": 390, "height": 844}) as pages:
        for name, page, troubles in pages:
            page.evaluate(OPEN_ALL)
            faults += [f"{name}: {e}" for e in page.evaluate(STICKING_OUT) + troubles]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(site, scheme):
    faults, rules = [], axe_file()
    with every_page(site, color_scheme=scheme) as pages:
        for name, page, _ in pages:
            page.evaluate(OPEN_ALL)
            page.add_script_tag(path=rules)
            faults += [f"{name}: {fault}" for fault in page.evaluate(AXE)]
    assert not faults, "\n".join(faults)


def test_every_control_of_every_page_is_alive(site):
    held, faults = 0, []
    with every_page(site, viewport={"width": 1100, "height": 900}) as pages:
        for name, page, troubles in pages:
            for figure in page.locator("figure.live").all():
                hold_everything(page, figure)
                held += 1
            faults += [f"{name}: {trouble}" for trouble in troubles]
    assert held, "no page has a live figure"
    assert not faults, "\n".join(faults)
