"""From key to picture: how long a live figure takes, on a page and in JupyterLab."""

import importlib.util
import sys
import tempfile
from collections.abc import Iterator
from math import inf
from pathlib import Path
from statistics import median
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))  # the hand that the browser tests have

import gallery  # noqa: E402
from browser import CHROMIUM, chromium, html_page, watched  # noqa: E402
from hand import Hand  # noqa: E402
from lab import BUSY, copied, figures, opened, run_all  # noqa: E402

from course.site import build  # noqa: E402
from lib import plot  # noqa: E402
from lib.live import bundle  # noqa: E402
from lib.live.figure import LiveFigure  # noqa: E402


class Row(NamedTuple):
    """The finest control of a figure, its slowest one beside it; milliseconds."""

    figure: str
    where: str
    median: float
    target: float
    slowest: float
    control: str  # the slowest
    pictures: int  # of a drag
    compute: float  # the figure's own part, without a picture; 0 where it learns


Waits = dict[str, float]  # milliseconds of a figure's controls

PRESSES, MORE = 10, 30  # keys; so many where the first are slow, for a median is noisy
VISITS = 4  # to a slow control, after all others: a machine has slow minutes
STEPS, STEP_MS = 20, 40  # of a drag
PAUSES = {"page": 80, "JupyterLab": 250, "while 05 trains": 600}  # ms between two keys
TARGETS = {"page": 17.0, "JupyterLab": 50.0, "while 05 trains": 100.0}

# From the key event until the frame is painted that shows the answering picture: a
# message that is sent while a frame is being made arrives once it is painted.
CLOCK = """(figure) => {
  window.waits = [];
  let pressed = null, answered = false;
  const painted = new MessageChannel();
  painted.port1.onmessage = () => {
    if (!answered) return;
    waits.push(performance.now() - pressed);
    pressed = null;
    answered = false;
  };
  const frame = () => {
    if (pressed === null) return;
    requestAnimationFrame(frame);
    painted.port2.postMessage(0);
  };
  addEventListener("keydown", () => {
    pressed = performance.now();
    requestAnimationFrame(frame);
  }, true);
  new MutationObserver(() => { answered = pressed !== null; })
    .observe(figure, { attributes: true, attributeFilter: ["data-pictures"] });
}"""

SCRIPT = bundle.classic(Path(__file__).with_name("compute.js"), "compute")

CELL = f"""
import sys; sys.path.insert(0, {str(ROOT / "tests")!r})
import gallery
from lib.live import live
live(gallery.kernel, gallery.draw, alt=gallery.ALT, **gallery.CONTROLS)
"""


def missing() -> str:
    """What keeps this from being measured here; empty where nothing does."""
    if not CHROMIUM:
        return "no chromium"
    lacking = [
        m for m in ("playwright", "jupyterlab") if not importlib.util.find_spec(m)
    ]
    return f"no {' and no '.join(lacking)}" if lacking else ""


def rows() -> Iterator[Row]:
    """Each control of the gallery and of all pages; in JupyterLab gallery and 05."""
    site = build()
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        folder = Path(name)
        yield from on_pages(browser, folder, site)
        yield from in_jupyterlab(browser, folder)


def on_pages(browser, folder: Path, site: Path) -> Iterator[Row]:
    figure = LiveFigure(
        gallery.kernel, gallery.draw, gallery.ALT, plot.WIDE, gallery.CONTROLS
    )
    alone = folder / "gallery.html"
    alone.write_text(html_page(figure))
    wanted: dict[Path, dict[int, Waits]] = {alone: {}}
    wanted |= {file: {} for file in sorted(site.glob("*.html"))}
    for visit in range(1, VISITS + 1):
        slow: dict[Path, dict[int, Waits]] = {}
        for file, known in wanted.items():
            page, _ = watched(browser, viewport={"width": 1100, "height": 900})
            page.goto(file.as_uri())
            for number, waits, row in measured(page, file.stem, "page", known):
                if row.slowest <= row.target or visit == VISITS:
                    yield row
                else:
                    slow.setdefault(file, {})[number] = waits
            page.close()
        wanted = slow


def in_jupyterlab(browser, folder: Path) -> Iterator[Row]:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(CELL)]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "gallery.ipynb")
    expected = {"gallery": 1, "05_vit": copied("05_vit", folder)}
    with opened(browser, folder) as (page, _):
        for name, count in expected.items():
            run_all(page, f"{name}.ipynb")
            figures(page, count, patience=900)
            yield from (row for *_, row in measured(page, name, "JupyterLab"))
        book = nbformat.read(ROOT / "chapters" / "05_vit.ipynb", as_version=4)
        book.cells.insert(0, cells[0])
        nbformat.write(book, folder / "training.ipynb")
        run_all(page, "training.ipynb")
        page.locator("figure.live[data-pictures]").nth(1).wait_for(timeout=120_000)
        page.wait_for_timeout(6_000)  # what stands before the training is soon done
        *_, row = next(measured(page, "gallery", "while 05 trains"))
        yield row
        if page.locator(BUSY).count() == 0:
            raise RuntimeError("the training of 05 was over before the measurement")


def measured(
    page, name: str, where: str, known: dict[int, Waits] | None = None
) -> Iterator[tuple[int, Waits, Row]]:
    """Each figure of the page; or what was slow of those already known, again."""
    page.add_script_tag(content=f"{SCRIPT}; compute.prepare()")
    for number, figure in enumerate(page.locator("figure.live").all(), 1):
        if known and number not in known:
            continue
        hand = Hand(page, figure)
        controls = hand.controls()
        finest = _finest(hand, controls)
        if where == "while 05 trains":
            controls = [finest]  # the training is soon over
        figure.evaluate(CLOCK)
        spent = figure.evaluate("e => compute.spent(e)") if where == "page" else {}
        before = (known or {}).get(number, {})
        waits = dict(before)
        for c in controls:
            if (wait := before.get(c.name, inf)) > TARGETS[where]:
                waits[c.name] = min(wait, key(hand, c, where))
        slowest = max(waits, key=waits.__getitem__)
        row = Row(
            f"{name}, figure {number}: {finest.name}",
            where,
            waits[finest.name],
            TARGETS[where],
            waits[slowest],
            slowest,
            drag(hand, finest),
            max(spent.values(), default=0.0),
        )
        yield number, waits, row


def _finest(hand: Hand, controls):
    """The slider with the most positions; else a pad, else the first."""
    sliders = [c for c in controls if c.kind == "slider"]
    pads = [c for c in controls if c.kind == "pad"]
    positions = lambda c: int(hand.handles(c)[0].get_attribute("max"))  # noqa: E731
    return max(sliders, key=positions) if sliders else [*pads, *controls][0]


def key(hand: Hand, control, where: str) -> float:
    """Median milliseconds from a key to the frame that shows its picture."""
    hand.reset()
    there, back = _keys(hand, control)
    hand.page.evaluate("() => { waits = []; }")
    waits: list[float] = []
    for press in range(PRESSES + MORE):  # left alone meanwhile: looking costs, too
        if press == PRESSES:
            waits = hand.page.evaluate("waits")
            if median(waits or [0.0]) <= TARGETS[where]:
                break
        hand.page.keyboard.press(back if press % 2 else there)
        hand.page.wait_for_timeout(PAUSES[where] + 7 * press % 17)  # out of step
    waits = hand.page.evaluate("waits")
    if len(waits) < press - 1:
        raise RuntimeError(f"{len(waits)} pictures for {press} keys, {control.name}")
    return median(waits)


def _keys(hand: Hand, control) -> tuple[str, str]:
    """Focus the control; returns a key that moves it and the key that moves it back."""
    first, *_ = handles = hand.handles(control)
    first.focus()
    if control.kind in ("mask", "switches"):
        return "Space", "Space"
    if control.kind == "bars":
        lying = first.get_attribute("aria-orientation") == "horizontal"
        return ("ArrowRight", "ArrowLeft") if lying else ("ArrowUp", "ArrowDown")
    if control.kind == "choice" and first.evaluate("e => e.type === 'radio'"):
        next(e for e in handles if e.is_checked()).focus()
    at_end = first.evaluate(
        "e => e.type === 'range' ? e.value === e.max"
        " : e.options?.length - 1 === e.selectedIndex"
    )
    return ("ArrowLeft", "ArrowRight") if at_end else ("ArrowRight", "ArrowLeft")


def drag(hand: Hand, control) -> int:
    """Pictures shown while the pointer makes STEPS steps across the control."""
    page, (left, top, width, height) = hand.page, hand.place(control)
    at = lambda part: (left + (0.05 + 0.9 * part) * width, top + height / 2)  # noqa: E731
    page.mouse.move(*at(0))
    page.mouse.down()
    page.wait_for_timeout(500)
    pictures = lambda: int(hand.element.get_attribute("data-pictures"))  # noqa: E731
    before = pictures()
    for step in range(1, STEPS + 1):
        page.mouse.move(*at(step / STEPS))
        page.wait_for_timeout(STEP_MS)
    shown = pictures() - before
    page.mouse.up()
    return shown
