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
# Most of a page is code, formulas and drawings, alike everywhere: axe gets those blocks
# of code that have a new colour, and of the others a few.
THIN = """() => {
  const seen = new Set();
  const alike = [...document.querySelectorAll(".highlight")].filter((block) => {
    const before = seen.size;
    block.querySelectorAll("span").forEach((token) => seen.add(token.className));
    return seen.size === before;
  });
  const later = (some) => [...document.querySelectorAll(some)].slice(3);
  [...alike, ...later(".katex"), ...later("svg")].forEach((e) => e.replaceChildren());
}"""
AXE = """async (rules) => {
  const options = { resultTypes: ["violations"], ...(rules && { runOnly: rules }) };
  const { violations } = await axe.run(document, options);
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


def test_axe_finds_nothing_serious(site):
    """Every rule on the light pages; on the dark ones contrast, all that differs."""
    faults, rules = [], axe_file()
    with every_page(site, color_scheme="light") as pages:
        for name, page, _ in pages:
            page.evaluate(OPEN_ALL)
            page.evaluate(THIN)
            page.add_script_tag(path=rules)
            found = page.evaluate(AXE)
            page.emulate_media(color_scheme="dark")
            found += page.evaluate(AXE, ["color-contrast"])
            faults += [f"{name}: {fault}" for fault in found]
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
