"""Every file that was handed in has a row, with a sentence that is true."""

import json
import os
from pathlib import Path

import pytest
from grading_little import raw
from handed_in import handed_in, little, taken_in, zipped

from course.grading.intake import kinds
from course.grading.intake.submissions import DEEPEST, find, shown
from course.source import ROOT

CONFLICT = b"""{"cells": [
<<<<<<< HEAD
{"cell_type": "code"},
=======
{"cell_type": "markdown"},
>>>>>>> main
]}"""
FILES = {
    "05_x.py": (b"# %%\ndef double(x): return 2 * x", "a Python script came"),
    "05_x.html": (b"<!DOCTYPE html><p>", "a web page came"),
    "page.ipynb": (b"<html><body>Sign in", "a web page came"),
    "05_x.pdf": (b"%PDF-1.7", "a PDF came"),
    "print.ipynb": (b"%PDF-1.7", "a PDF came"),
    "05_x.txt": (b"my answers", "a text came"),
    "05_x.docx": (zipped(**{"word/document.xml": b"x"}), "a Word document came"),
    "05_x.rar": (b"Rar!\x1a", "a rar archive came"),
    "05_x.tar.gz": (b"\x1f\x8b\x08", "a gzip archive came"),
    "photo.jpg": (b"\xff\xd8\xff\xe0", "a picture came"),
    "merge.ipynb": (CONFLICT, "<<<<<<<"),
    "empty.ipynb": (b"", "the file is empty"),
    "cut.ipynb": (b'{"cells": [', "damaged: save it once more"),
    "lfs.ipynb": (
        b"version https://git-lfs.github.com/spec/v1\n",
        "pointer of Git LFS",
    ),
    "colab.url": (b"[InternetShortcut]", "a link came"),
    "strange": (b"\x00\x01", "this is no notebook"),
    "numbers.json": (b"[1, 2]", "no exercise notebook of this course"),
}


@pytest.fixture(scope="module")
def remarks(tmp_path_factory):
    """What is said of each file, each by a student of their own."""
    folder = tmp_path_factory.mktemp("class")
    others = {f"s{k}/{name}": data for k, (name, (data, _)) in enumerate(FILES.items())}
    intake = handed_in(folder, others=others)
    assert not intake.left_out
    found = {path.split("/")[1]: e["rows"] for path, e in intake.begun.items()}
    return {name: {row["remark"] for row in rows} for name, rows in found.items()}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_notebook_is_told_for_what_it_is(remarks, name):
    (said,) = remarks[name]
    assert FILES[name][1] in said


@pytest.mark.parametrize(
    "name", ["05_x.ipynb", "x.ipynb.txt", "x.ipynb.json", "x.json"]
)
def test_a_notebook_is_one_under_any_name_that_a_browser_gives(tmp_path, name):
    intake = handed_in(tmp_path, f"anna/{name}")
    assert "rows" not in intake.begun[f"anna/{name}"]


def test_folders_that_are_closed_empty_or_named_as_a_notebook_have_rows(
    tmp_path, monkeypatch
):
    for name in ("anna", "ben", "carl/05_x.ipynb", "dora/05_x.ipynb"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "dora/05_x.ipynb/a.ipynb").write_bytes(little()[1])
    scan, opened = os.scandir, os.open

    def closed(path, *more, **options):
        if Path(os.fsdecode(path)).name == "ben":
            raise PermissionError(13, "Permission denied")
        return (opened if more else scan)(path, *more, **options)

    monkeypatch.setattr(os, "scandir", closed)  # root may read a folder of mode 000
    monkeypatch.setattr(os, "open", closed)
    intake = taken_in(tmp_path)
    said = {p: e["rows"][0]["remark"] for p, e in intake.begun.items() if "rows" in e}
    empty = "the folder is empty: nothing was handed in"
    assert said == {
        "anna": empty,
        "ben": "it cannot be read: Permission denied",
        "carl/05_x.ipynb": empty,
    }
    assert "dora/05_x.ipynb/a.ipynb" in intake.begun


def test_a_folder_without_an_end_stops_nobody(tmp_path):
    (tmp_path / "/".join("d" * (DEEPEST + 40))).mkdir(parents=True)
    (tmp_path / "ben").mkdir()
    (tmp_path / "ben" / "05_x.ipynb").write_bytes(little()[1])
    intake = taken_in(tmp_path)
    deep = "/".join("d" * (DEEPEST + 1))
    assert intake.students[deep] == "d" and "rows" not in intake.begun["ben/05_x.ipynb"]
    assert "60 folders deep" in intake.begun[deep]["rows"][0]["remark"]


def test_chapters_and_solutions_are_no_answers(tmp_path):
    books = {
        p: (ROOT / p / "05_vit.ipynb").read_bytes() for p in ("chapters", "solutions")
    }
    clone = {f"anna/{place}/05_x.ipynb": data for place, data in books.items()}
    alone = {f"{place}.ipynb": data for place, data in books.items()}
    intake = handed_in(tmp_path, "anna/exercises/05_x.ipynb", others=clone | alone)
    said = {p: e["rows"][0]["remark"] for p, e in intake.begun.items() if "rows" in e}
    assert "the chapter 05_vit itself" in said["chapters.ipynb"]
    assert "the course's own solutions" in said["solutions.ipynb"]
    assert set(intake.begun) == {"anna/exercises/05_x.ipynb", *alone}
    assert set(intake.left_out) == set(clone)
    assert intake.students["anna/exercises/05_x.ipynb"] == "anna"


def test_no_exercise_notebook_is_taken_for_the_courses_own():
    books = sorted((ROOT / "exercises").glob("*.ipynb"))
    assert len(books) == len([*(ROOT / "source").glob("*/exercises.md")])
    assert not any(kinds.of_the_course(json.loads(b.read_bytes())) for b in books)
    copied = {"metadata": {"live_papers": {"role": "why"}}, "cell_type": "markdown"}
    assert kinds.of_the_course(json.loads(raw({"cells": [copied] * 2}))) == ""


def test_everyone_has_a_row_and_every_file_a_reason(tmp_path):
    others = {f"anna/lib/{k}.py": b"x" for k in range(3)} | {"ben/notes.md": b"x"}
    intake = handed_in(tmp_path, "anna/05_x.ipynb", others=others)
    found = find(tmp_path)
    assert set(intake.begun) | set(intake.left_out) == set(found.whose)
    assert set(intake.students.values()) == {"anna", "ben"}
    assert set(intake.left_out.values()) == {
        "it is no notebook, and notebooks came too"
    }


def test_a_name_is_shown_in_any_locale():
    surrogates = os.fsencode("Zoë").decode("ascii", "surrogateescape")
    assert shown(surrogates) == "Zoë" and shown("a\nb\udcff") == "a\ufffdb\ufffd"
