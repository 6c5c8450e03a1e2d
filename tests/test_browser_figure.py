"""The gallery in real chromium, on a page and in JupyterLab: every control moves it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.resources import files
from pathlib import Path

import gallery
import nbformat
import pytest
from browser import Hand, chromium, watched

from lib import plot
from lib.live.figure import LiveFigure
from lib.live.page import page_html

TimeoutError = pytest.importorskip("playwright.sync_api").TimeoutError

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def html_page(figure):
    """The smallest page that a live figure needs."""
    read = lambda name: (files("lib") / name).read_text("utf8")
    scripts = "".join(
        f"<script>{read(f'live/{n}')}</script>"
        for n in ("tensor.js", "marks.js", "live.js")
    )
    styles = read("live/palette.css") + read("live/live.css")
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>gallery</title>"
        f"<meta name='viewport' content='width=device-width'><style>{styles}</style>"
        f"<body>{page_html(figure, 1, {})}{scripts}"
    )


def hold_everything(page, figure):
    hand = Hand(page, figure)
    start = hand.picture()
    for kind, name, handle in hand.controls():
        for way in (hand.by_keyboard, hand.by_mouse):
            assert hand.changes(lambda way=way: way(kind, handle)), (name, way.__name__)
            hand.reset()
            assert hand.picture() == start, f"reset after {name} by {way.__name__}"


@pytest.mark.parametrize("width", [900, 390])
def test_every_control_on_a_page(tmp_path, width):
    figure = LiveFigure(
        gallery.kernel, gallery.draw, gallery.ALT, plot.WIDE, gallery.CONTROLS
    )
    file = tmp_path / "page.html"
    file.write_text(html_page(figure))
    with chromium() as browser:
        page, troubles = watched(browser, viewport={"width": width, "height": 900})
        page.goto(file.as_uri())
        hold_everything(page, page.locator("figure.live"))
        assert page.evaluate("document.body.scrollWidth <= innerWidth")
        assert not troubles


def test_a_raising_mark_shows_its_message_and_the_figure_stays_alive(tmp_path):
    figure = LiveFigure(
        gallery.kernel, gallery.draw, gallery.ALT, plot.WIDE, gallery.CONTROLS
    )
    file = tmp_path / "page.html"
    file.write_text(html_page(figure))
    with chromium() as browser:
        page, _ = watched(browser)
        page.goto(file.as_uri())
        hand = Hand(page, page.locator("figure.live"))
        page.evaluate(
            "() => { window.kept = LiveTensor.run;"
            "LiveTensor.run = () => { throw new Error('no such bump'); }; }"
        )
        slider = page.locator("input[type=range]")
        slider.press("ArrowRight")
        page.wait_for_selector(".live-error:not([hidden])")
        assert page.locator(".live-error").inner_text() == "no such bump"
        page.evaluate("() => { LiveTensor.run = window.kept; }")
        assert hand.changes(lambda: slider.press("ArrowRight"))
        assert page.locator(".live-error").is_hidden()


CELL = """
import sys; sys.path.insert(0, {tests!r})
import gallery, torch
from lib.live import live, Slider
live(gallery.kernel, gallery.draw, alt=gallery.ALT, **gallery.CONTROLS)
"""
RAISING = """
def kernel(a):
    if a > 1.5:
        raise ValueError("a is too large")
    return dict(y=a.expand(3))
def draw(fig, y):
    return dict(y=fig.subplots().plot(range(3), y)[0])
live(kernel, draw, alt="a line", a=Slider(0, 2, 1))
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on a notebook with the gallery; gives its address."""
    folder = tmp_path_factory.mktemp("lab")
    tests = str(Path(__file__).parent)
    cells = [nbformat.v4.new_code_cell(c) for c in (CELL.format(tests=tests), RAISING)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, folder / "gallery.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = folder / "settings"
    settings.mkdir()
    options = [
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--IdentityProvider.token=t",
        "--LabApp.expose_app_in_browser=True",
    ]
    environment = os.environ | {
        "HOME": str(folder),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
    }
    environment.pop("LIVE_STATIC", None)
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "jupyter",
                "lab",
                *options,
                f"--ServerApp.root_dir={folder}",
            ],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/api", timeout=2)
            break
        except OSError:
            time.sleep(0.5)
    yield f"{address}/lab/tree/gallery.ipynb?token=t"
    server.terminate()
    server.wait(20)


def run_all(page, figures):
    """Run the notebook's cells as its menu would, and wait for the figures."""
    page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
    for _ in range(4):
        page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
        try:
            page.wait_for_function(
                "n => document.querySelectorAll('figure.live').length === n",
                arg=figures,
                timeout=40_000,
            )
            return
        except TimeoutError:  # the notebook was not ready to run
            continue
    pytest.fail("the notebook shows no figures")


def test_every_control_in_jupyterlab(lab):
    with chromium() as browser:
        page, _ = watched(browser, viewport={"width": 1300, "height": 1000})
        page.goto(lab)
        page.wait_for_selector(".jp-Notebook", timeout=90_000)
        run_all(page, figures=2)
        figures = page.locator("figure.live")
        hold_everything(page, figures.first)

        slider = figures.nth(1).locator("input")
        Hand(page, figures.nth(1))
        slider.press("End")
        page.wait_for_selector("figure.live .live-error:not([hidden])")
        assert "a is too large" in figures.nth(1).locator(".live-error").inner_text()
        slider.press("Home")
        page.wait_for_selector("figure.live >> nth=1 >> .live-error", state="hidden")
