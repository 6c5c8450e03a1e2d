"""The chapter and the front page in JupyterLab: run them, then hold every figure."""

from pathlib import Path

import nbformat
import pytest
from browser import chromium, watched
from hand import hold_everything
from lab import copied, figures, jupyterlab, run_all

pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Its own toolbar trips over cells out of view; our code comes from a blob.
JUPYTERLABS_OWN = "/static/lab/jlab_core."


@pytest.mark.parametrize("name", ["index", "05_vit"])
def test_every_control_of_a_chapter_is_alive(tmp_path, name):
    expected = copied(name, tmp_path)
    with chromium() as browser, jupyterlab(tmp_path) as address:
        page, troubles = watched(browser, viewport={"width": 1300, "height": 1000})
        run_all(page, address, f"{name}.ipynb")
        for figure in figures(page, expected, patience=900).all():
            hold_everything(page, figure)
        ours = [t for t in troubles if JUPYTERLABS_OWN not in t or "blob:" in t]
        assert not ours, "\n".join(ours)


def test_a_figure_waits_for_a_busy_kernel(tmp_path):
    here = str(Path(__file__).parent)
    show = f"import sys; sys.path.insert(0, {here!r})\nimport gallery\n" + (
        "from lib.live import live\n"
        "live(gallery.kernel, gallery.draw, alt=gallery.ALT, **gallery.CONTROLS)"
    )
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    for code in (show, "import time; time.sleep(8)"):
        book.cells.append(nbformat.v4.new_code_cell(code))
    nbformat.write(book, tmp_path / "busy.ipynb")
    with chromium() as browser, jupyterlab(tmp_path) as address:
        page, _ = watched(browser, viewport={"width": 1300, "height": 1000})
        run_all(page, address, "busy.ipynb")
        page.get_by_text("this figure comes when it is idle").wait_for()
        figures(page, 1)
