"""Every built page in real chromium: quiet, local, narrow, accessible and alive."""

import importlib.util
from collections import defaultdict
from pathlib import Path

import pytest
from browser import watched
from hand import hold_everything
from narrow import LOST, settle, two_frames

Error = pytest.importorskip("playwright.sync_api").Error
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
OPEN_ALL = """() => document.querySelectorAll("details:not([open])").forEach((d) => {
  d.open = true;
  d.dataset.was = "shut";
})"""
SHUT_AGAIN = """() => document.querySelectorAll("details[data-was]").forEach((d) => {
  d.open = false;
  delete d.dataset.was;
})"""
# Each figure's question, and the pixels from its top to the foot of the picture.
BESIDE = """() => [...document.querySelectorAll("figure.live")].map((figure) => {
  const asking = figure.querySelector(".live-guess") ??
    [...document.querySelectorAll("main p")].findLast((p) =>
      !p.closest(".cell, figure") && p.compareDocumentPosition(figure) & 4);
  const picture = figure.querySelector("svg").getBoundingClientRect();
  const top = asking.getBoundingClientRect().top;
  return [asking.textContent.slice(-50), Math.round(picture.bottom - top)];
})"""
DISABLED = "(style, is) => { style.disabled = is; }"
# Most of a page is code, formulas and drawings, alike everywhere: axe gets those blocks
# of code that have a new colour, and of the others a few. Figures are copies by then,
# which miss nothing.
THIN = """() => {
  const figures = document.querySelectorAll("figure.live");
  figures.forEach((figure) => figure.replaceWith(figure.cloneNode(true)));
  const seen = new Set();
  const alike = [...document.querySelectorAll(".highlight")].filter((block) => {
    const before = seen.size;
    block.querySelectorAll("span").forEach((token) => seen.add(token.className));
    return seen.size === before;
  });
  const later = (some) => [...document.querySelectorAll(some)].slice(3);
  [...alike, ...later(".katex"), ...later("svg")].forEach((e) => e.replaceChildren());
}"""
# Colours come from style sheets, tags, classes, styles, states and what is around: of
# elements that have all these alike, and nothing left inside, three are enough to judge
# contrast. They are counted over all pages, in the storage of the tab.
THINNER = r"""() => {
  const kinds = new Map(JSON.parse(sessionStorage.kinds ?? "[]"));
  const kindOf = (...alike) => {
    const key = alike.join(" ");
    if (!kinds.has(key)) kinds.set(key, { number: kinds.size, seen: 0 });
    return kinds.get(key);
  };
  const states = ["class", "open", "type", "disabled", "aria-current",
    "aria-checked", "aria-disabled", "aria-pressed"];
  const lengths = /(?<!font-size: *)-?[\d.]+(em|px|rem|%)/g;
  const visit = (e, around) => {
    const told = states.map((name) => e.getAttribute(name));
    told.push(e.getAttribute("style")?.replace(lengths, ""));
    const chosen = e.matches(":checked, :has(> :checked)");
    const kind = kindOf(around, e.tagName, chosen, ...told);
    [...e.children].forEach((inner) => visit(inner, kind.number));
    if (e.childElementCount) return;
    kind.seen += 1;
    if (kind.seen > 3) e.remove();
  };
  const sheets = [...document.querySelectorAll("link[rel=stylesheet], style")];
  visit(document.body, kindOf(...sheets.map((s) => s.href ?? s.textContent)).number);
  sessionStorage.kinds = JSON.stringify([...kinds]);
}"""
# Preloaded are style sheets, which no rule here asks for and file:// does not give.
AXE = """async (options) => {
  const { violations } = await axe.run({ resultTypes: ["violations"], preload: false,
    ...options });
  return violations.filter((v) => ["serious", "critical"].includes(v.impact))
    .map((v) => `${v.id}: ${v.nodes.map((n) => n.html.slice(0, 90)).join(" | ")}`);
}"""
OF_COLOUR = ["color-contrast", "link-in-text-block"]
COLOURS = {"runOnly": OF_COLOUR}
ALL_ELSE = {"rules": {rule: {"enabled": False} for rule in OF_COLOUR}}
LIB = ("lib/index.html", "lib/moe.html", "lib/vit.html")  # of its pages axe gets these


def axe_file():
    """The rules of axe, which a package of the bindings carries."""
    found = importlib.util.find_spec("axe_playwright_python")
    if not found:
        pytest.skip("no axe: pip install axe-playwright-python")
    return Path(found.submodule_search_locations[0]) / "axe.min.js"


def pages_here(page):
    """Whether a page is tried here: test_browser_chapters.py has the others."""
    return not is_chapter(page)


def is_chapter(page):
    """Whether this is the page of a chapter itself."""
    return page[:2].isdecimal()


@pytest.fixture(scope="module")
def seen(site, browser, request):
    """What is wrong with each page, by kind; and how many live figures were held.

    Each is opened once, from its folder, first on a phone and then on a desk.
    """
    rules, found = axe_file(), defaultdict(list)
    assert all((site / page).is_file() for page in LIB), "axe would read none of lib's"
    page, troubles = watched(browser, home=[site.as_uri()])
    page.add_init_script(path=rules)
    for file in sorted(site.rglob("*.html")):
        name = file.relative_to(site).as_posix()
        if not request.module.pages_here(name):
            continue
        faults = lambda kind, some: found[kind].extend(f"{name}: {f}" for f in some)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(file.as_uri())
        page.evaluate(OPEN_ALL)
        style = settle(page)
        faults("narrow", page.evaluate(STICKING_OUT))
        faults("lost", page.evaluate(LOST))
        page.set_viewport_size({"width": 1100, "height": 900})
        page.evaluate(SHUT_AGAIN)  # the menu lies over a figure at the top of the page
        if is_chapter(name):
            two_frames(page)
            found["beside"] += [(name, *figure) for figure in page.evaluate(BESIDE)]
        style.evaluate(DISABLED, True)  # as a reader has it, and less to paint
        for figure in page.locator("figure.live").all():
            faults("alive", dead(page, figure))
            found["held"].append(name)
        style.evaluate(DISABLED, False)
        if not name.startswith("lib/") or name in LIB:  # made alike by one writer
            page.evaluate(OPEN_ALL)
            page.evaluate(THIN)
            faults("light", page.evaluate(AXE, ALL_ELSE))
            page.evaluate(THINNER)
            faults("light", page.evaluate(AXE, COLOURS))
            page.emulate_media(color_scheme="dark")
            faults("dark", page.evaluate(AXE, COLOURS))  # all that differs
        faults("quiet", troubles)
        troubles.clear()
    page.close()
    return found


def dead(page, figure):
    """What does not answer in a figure: no sentence or one."""
    try:
        hold_everything(page, figure)
    except (AssertionError, Error) as fault:  # an Error: no picture came
        return [str(fault)]
    return []


@pytest.mark.parametrize("kind", ["narrow", "lost", "quiet", "light", "dark"])
def test_pages_fit_a_phone_ask_for_nothing_from_elsewhere_and_please_axe(seen, kind):
    assert not seen[kind], "\n".join(seen[kind])


def test_every_control_of_every_page_is_alive(seen):
    assert seen["held"], "no page has a live figure"
    assert not seen["alive"], "\n".join(seen["alive"])
