"""In JupyterLab: a notebook opens without an unsaved mark, and only outputs change."""

import json
import shutil

import pytest
from browser import chromium
from lab import HERE, IDLE, ROOT, open_alone, opened, run_all

from course.notebooks import CHECK
from lib.live.picture import STILL

pytest.importorskip("playwright.sync_api")
pytestmark = [pytest.mark.browser, pytest.mark.slow]

KERNEL_IS_KNOWN = f"async () => void await {HERE}.sessionContext.session.kernel.info"
RAN = f"""() => {HERE}.context.model.sharedModel.cells.every(
  (cell) => cell.cell_type !== "code" || cell.execution_count)"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A page with JupyterLab, and the folder that it shows."""
    folder = tmp_path_factory.mktemp("lab")
    with chromium() as browser, opened(browser, folder) as (page, _):
        yield page, folder


def not_run(text):
    """A notebook's text without what running it leaves."""
    book = json.loads(text)
    for cell in book["cells"]:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return json.dumps(book, indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("folder", ["chapters", "exercises"])
def test_a_notebook_opens_clean_and_saving_changes_outputs_only(lab, folder):
    page, root = lab
    name = {"chapters": "index.ipynb", "exercises": "05_vit.ipynb"}[folder]
    shutil.copy(ROOT / folder / name, root)
    committed = (root / name).read_text("utf8")
    open_alone(page, name)
    page.evaluate(KERNEL_IS_KNOWN)
    assert page.evaluate(f"{HERE}.context.model.dirty") is False
    assert page.locator(".jp-mod-dirty").count() == 0
    run_all(page, name)
    page.wait_for_function(RAN, timeout=120_000)
    page.wait_for_selector(IDLE, timeout=60_000)
    checks = committed.count(CHECK)
    assert page.locator(".jp-InputPlaceholder", has_text=CHECK).count() == checks
    verdicts = page.locator("[role=status]", has_text="Not answered.")
    assert verdicts.count() == checks == (9 if folder == "exercises" else 0)
    page.evaluate(f"async () => void await {HERE}.context.save()")
    assert (root / name).read_text("utf8") != committed
    assert not_run((root / name).read_text("utf8")) == not_run(committed)


def test_the_front_page_shows_its_figure_before_anything_is_run(lab):
    page, root = lab
    shutil.copy(ROOT / "chapters" / "index.ipynb", root / "front.ipynb")
    open_alone(page, "front.ipynb")
    still = page.locator(".jp-OutputArea-output img")
    assert STILL in still.get_attribute("alt")
    box = still.bounding_box()
    assert box["width"] > 300 and box["y"] + box["height"] < 1000  # on the first screen
