"""A reader's notebooks: rewritten only where nothing of theirs is in them."""

from pathlib import Path

import nbformat
import pytest
from little import CHAPTER, answer, load, make, own, save, sheet, source_of, texts

from course import keeping, notebooks


@pytest.fixture
def root(tmp_path):
    return make(tmp_path)


def test_nothing_to_do_touches_nothing(root):
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*.ipynb")}
    assert keeping.update(root) == []
    assert before == {path: path.stat().st_mtime_ns for path in root.rglob("*.ipynb")}
    assert len(before) == 4


def test_outputs_stay_while_the_source_does(root):
    book = load(root)
    book.cells[1].outputs = [nbformat.v4.new_output("stream", text="1")]
    save(root, book)
    assert keeping.update(root) == []
    assert load(root).cells[1].outputs


def test_a_run_notebook_follows_its_source(root):
    book = load(root)
    book.cells[1].execution_count = 3
    book.cells[1].metadata["execution"] = {"iopub.execute_input": "now"}
    book.cells.append(own(""))  # JupyterLab adds an empty cell under the last one
    save(root, book)
    source_of(root).write_text(CHAPTER + "\nMore.\n")
    assert keeping.update(root) == [
        "made chapters/05_x.ipynb again: its source has changed"
    ]
    assert texts(load(root))[-1] == "More."


def test_a_changed_chapter_is_kept_and_said_so(root):
    book = load(root)
    book.cells.append(own("mine = 1"))
    save(root, book)
    assert keeping.update(root) == []
    source_of(root).write_text(CHAPTER + "\nMore.\n")
    (line,) = keeping.update(root)
    assert "kept chapters/05_x.ipynb" in line
    assert "make reset CHAPTER=05" in line
    assert texts(load(root)) == texts(book)


@pytest.mark.parametrize("bad", ["", "{", "[]", "{}", "<<<<<<< HEAD", '{"cells": 3}'])
def test_what_is_no_notebook_of_ours_is_never_touched(root, bad):
    file = root / "exercises" / "05_x.ipynb"
    file.write_text(bad)
    source_of(root, "exercises").write_text(sheet("Alpha", "Beta", "Gamma"))
    assert "left alone" in "".join(keeping.update(root))
    assert file.read_text() == bad


def test_a_foreign_notebook_is_never_touched(root):
    save(root, nbformat.v4.new_notebook(cells=[own("1")]))
    before = (root / "chapters" / "05_x.ipynb").read_bytes()
    source_of(root).write_text(CHAPTER + "\nMore.\n")
    assert "left alone" in "".join(keeping.update(root))
    assert (root / "chapters" / "05_x.ipynb").read_bytes() == before


def test_reset_starts_again_and_keeps_a_copy(root):
    book = load(root, "exercises")
    answer(book, "beta", "def beta(x):\n    return 2 - x")
    save(root, book, "exercises")
    (line,) = keeping.reset("05", root)
    (copy,) = (root / "build" / "kept").glob("*.ipynb")
    assert copy.name in line
    assert "return 2 - x" in copy.read_text()
    assert notebooks.differing(root) == []
    assert keeping.reset("05", root) == ["chapter 05 is already as new"]


def test_reset_replaces_what_is_damaged_and_keeps_that_too(root):
    (root / "chapters" / "05_x.ipynb").write_text("<<<<<<< HEAD")
    keeping.reset("05_x", root)
    assert notebooks.differing(root) == []
    (copy,) = (root / "build" / "kept").glob("*.ipynb")
    assert copy.read_text() == "<<<<<<< HEAD"


def test_reset_says_which_chapters_there_are(root):
    with pytest.raises(ValueError, match="no chapter '7': expected one of 05, index"):
        keeping.reset("7", root)


def test_copies_never_take_the_place_of_one_another(root):
    names = {keeping.keep(root, Path("chapters/05_x.ipynb")) for _ in range(3)}
    assert len(names) == 3
