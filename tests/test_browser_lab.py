"""The chapter and the front page in JupyterLab: run them, then hold every figure."""

import pytest
from browser import chromium, watched
from hand import hold_everything
from lab import copied, jupyterlab, run_all

pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Its own toolbar trips over cells out of view; our code comes from a blob.
JUPYTERLABS_OWN = "/static/lab/jlab_core."


@pytest.mark.parametrize("name", ["index", "05_vit"])
def test_every_control_of_a_chapter_is_alive(tmp_path, name):
    expected = copied(name, tmp_path)
    with chromium() as browser, jupyterlab(tmp_path) as address:
        page, troubles = watched(browser, viewport={"width": 1300, "height": 1000})
        figures = run_all(page, address, f"{name}.ipynb", expected, patience=300)
        for figure in figures.all():
            hold_everything(page, figure)
        ours = [t for t in troubles if JUPYTERLABS_OWN not in t or "blob:" in t]
        assert not ours, "\n".join(ours)
