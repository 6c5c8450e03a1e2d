"""Pictures of live figures that a notebook is opened with."""

import base64
import io

import nbformat
import numpy as np
import pytest
from little import CHAPTER, load, make, save, source_of
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from course import keeping
from course.source import ROOT

LIVE = """
```{code-cell} ipython3
from lib.live import live
live(kernel, draw, alt="a line")
```
"""


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)))


@pytest.fixture
def root(tmp_path):
    """A project whose chapter has a live figure in its second cell, and its picture."""
    root = make(tmp_path)
    source = source_of(root)
    source.write_text(CHAPTER + LIVE)
    said = PngInfo()
    said.add_text("Description", "A line. Run this cell.")
    Image.new("RGB", (2, 2)).save(source.with_suffix(".png"), pnginfo=said)
    keeping.update(root)
    return root


def test_the_first_live_figure_has_its_picture_before_it_is_run(root):
    book = load(root)
    with_outputs = [cell for cell in book.cells if cell.get("outputs")]
    assert [cell.source.split("\n")[-1][:5] for cell in with_outputs] == ["live("]
    [output] = with_outputs[0].outputs
    assert output.metadata["image/png"]["alt"] == output.data["text/plain"]
    assert output.data["text/plain"] == "A line. Run this cell."
    picture = source_of(root).with_suffix(".png").read_bytes()
    assert base64.b64decode(output.data["image/png"]) == picture
    nbformat.validate(book)


def test_a_picture_that_came_with_it_does_not_make_a_notebook_run(root):
    assert not keeping.executed(load(root))
    book = load(root)
    book.cells[-1].outputs.append(nbformat.v4.new_output("stream", text="1"))
    save(root, book)
    assert keeping.executed(load(root))


def test_the_front_pages_picture_is_what_its_figure_draws(monkeypatch, tmp_path):
    monkeypatch.setenv("LIVE_STATIC", "1")
    monkeypatch.setenv("LIVE_FIGURES", str(tmp_path))
    book = nbformat.read(ROOT / "chapters" / "index.ipynb", as_version=4)
    [code] = [c.source for c in book.cells if "\nlive(" in c.source]
    exec(code, {})
    [drawn] = tmp_path.glob("*.png")
    shipped = ROOT / "source" / "index.png"
    assert (pixels(drawn.read_bytes()) == pixels(shipped.read_bytes())).all(), (
        "draw it again: make html, then copy build/figures/index/1.png to source"
    )
