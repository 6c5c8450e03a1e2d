"""JupyterLab's file manager: the course's notebooks name a kernel only while open."""

import asyncio
import sys

import nbformat
import pytest
from little import load, make, own, save

from course import keeping
from course.clean import WIDGET, Notebooks, stilled

NAME = "chapters/05_x.ipynb"


@pytest.fixture
def root(tmp_path):
    return make(tmp_path)


def opened(root, name=NAME):
    return asyncio.run(Notebooks(root_dir=str(root)).get(name))


def saved(root, model, name=NAME):
    asyncio.run(Notebooks(root_dir=str(root)).save(model, name))
    return (root / name).read_bytes()


def test_what_is_opened_names_this_machines_kernel(root):
    metadata = opened(root)["content"]["metadata"]
    assert metadata["language_info"]["version"] == sys.version.split()[0]
    assert metadata["kernelspec"]["display_name"] == "Python 3 (ipykernel)"
    assert metadata["live_papers"] == load(root).metadata.live_papers


def test_what_is_saved_is_what_was_there(root):
    before = (root / NAME).read_bytes()
    assert saved(root, opened(root)) == before
    assert keeping.update(root) == []


def test_a_notebook_that_names_another_python_is_opened_with_this_ones(root):
    before = (root / NAME).read_bytes()
    book = load(root)
    book.metadata.language_info["version"] = "3.9.1"
    save(root, book)
    model = opened(root)
    language = model["content"]["metadata"]["language_info"]
    assert language["version"] == sys.version.split()[0]
    assert saved(root, model) == before


def test_a_figure_whose_kernel_has_ended_is_opened_as_its_picture():
    data = {WIDGET: {"model_id": "m"}, "image/png": "cGljdHVyZQ==", "text/plain": "t"}
    ours = {"image/png": {"alt": 'a "b" <c>'}, "live_papers": {"processes": [7, 3]}}
    other = {"data": dict(data), "metadata": {}}
    figure = {"data": dict(data), "metadata": ours}
    book = {"cells": [{"source": ""}, {"outputs": [{"name": "stdout"}, other, figure]}]}
    stilled(book, {7, 9})
    assert figure["data"] == other["data"] == data
    stilled(book, {9})
    assert other["data"] == data and WIDGET not in figure["data"]
    source = "data:image/png;base64,cGljdHVyZQ=="
    image = f'<img alt="a &quot;b&quot; &lt;c&gt;" src="{source}">'
    assert figure["data"]["text/html"] == image


def test_a_picture_is_saved_without_the_words_around_it(root):
    book = load(root)
    shown = {"image/png": {"alt": "a line"}, "live_papers": {}}
    book.cells[1].outputs = [
        nbformat.v4.new_output(
            "display_data", {"image/png": "cGljdHVyZQ=="}, metadata=shown
        )
    ]
    save(root, book)
    before = (root / NAME).read_bytes()
    model = opened(root)
    assert "alt=" in model["content"]["cells"][1]["outputs"][0]["data"]["text/html"]
    assert saved(root, model) == before


def test_what_a_reader_wrote_is_saved(root):
    model = opened(root)
    model["content"]["cells"][1]["source"] = "mine = 1"
    saved(root, model)
    assert load(root).cells[1].source == "mine = 1"


@pytest.mark.parametrize("kernel", [None, "a-gpu"])
def test_other_notebooks_and_other_kernels_are_left_alone(root, kernel):
    book = load(root)
    if kernel:
        book.metadata.kernelspec["name"] = kernel
    else:
        book = nbformat.v4.new_notebook(cells=[own("1")])
    save(root, book)
    metadata = dict(load(root).metadata)
    model = opened(root)
    assert model["content"]["metadata"] == metadata
    saved(root, model)
    assert dict(load(root).metadata) == metadata


def test_what_is_no_notebook_is_read_as_ever(root):
    assert opened(root, "source/index.md")["content"].startswith("# Front")
    assert asyncio.run(Notebooks(root_dir=str(root)).get(NAME, content=False))["path"]
