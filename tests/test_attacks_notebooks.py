"""Attacks on the notebook and its file: one class of strangers, graded in one run."""

import csv
import json
import os
import zipfile

import pytest
from bs4 import BeautifulSoup
from grading_little import HONEST, book, raw, source

from course.grading import crowd, graft
from course.grading.intake import submissions

pytest_plugins = "graded_class"
pytestmark = [pytest.mark.slow, pytest.mark.sandbox]
DOUBLE = "def double(x):\n    return x + x"
WRONG = "def double(x):\n    return -2 * x"


def edited(change):
    """Make a notebook whose first answer is wrong, and let a function change it."""

    def make(path):
        made = json.loads(raw(book(path, double=WRONG, shift=HONEST)))
        change(made["cells"])
        return json.dumps(made).encode()

    return make


def cells_of(cells, role):
    marks = [(cell, cell["metadata"]["live_papers"]) for cell in cells]
    return [cell for cell, mark in marks if mark["role"] == role]


def delete_checks(cells):
    for cell in cells_of(cells, "check"):
        cells.remove(cell)


def edit_checks(cells):
    for cell in cells_of(cells, "check"):
        cell["source"] = "def grade(seed): return {'x': 0, 'n': 0}\nprint('correct')"


def duplicate(cells):
    for cell in cells_of(cells, "check") + cells_of(cells, "answer"):
        cells += [cell, cell]


def retag(cells):
    for cell in cells_of(cells, "check"):
        cell["source"] = "grade = lambda seed: {'x': 0, 'n': 0}"
        cell["metadata"]["tags"] = ["grade", "answer"]
        cell["metadata"]["live_papers"] |= {"role": "grade", "exercise": 1}


def print_what_is_expected(cells):
    for cell in cells_of(cells, "check"):
        cell["outputs"] = [
            {"output_type": "stream", "name": "stdout", "text": "double: correct"}
        ]


def same_ids(cells):
    for cell in cells:
        cell["id"] = "same"


def nest(_):
    return b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def many_parts(_):
    return b'{"cells": [' + b"{}," * 15_000_000 + b"{}]}"


def fifty_megabytes(path):
    made = json.loads(raw(book(path, shift=HONEST)))
    made["cells"][-1]["outputs"] = [{"data": {"image/png": "x" * 50 * 2**20}}]
    return json.dumps(made).encode()


def version_3(path):
    mark = {"live_papers": {"exercise": 2, "role": "answer"}}
    old = {"cell_type": "code", "input": [HONEST], "metadata": mark}
    ours = {"live_papers": {"source": "05_x/exercises.md"}}
    whole = {"nbformat": 3, "worksheets": [{"cells": [old]}], "metadata": ours}
    return json.dumps(whole).encode()


def no_kernelspec(path):
    made = json.loads(raw(book(path, shift=HONEST)))
    del made["metadata"]["kernelspec"]
    made["metadata"]["language_info"] = {"name": "<script>"}
    return json.dumps(made).encode()


def hostile_words(path):
    said = "</td><script>alert(1)</script><img src=//x.example onerror=alert(1)>"
    words = f"def double(x): raise ValueError({said!r})"
    return raw(book(path, double=words, shift=HONEST))


def formula(path):
    words = "class cmd(Exception): pass\ncmd.__name__ = '=cmd|A0'\n"
    return raw(book(path, double=words + "def double(x): raise cmd", shift=HONEST))


# The points that each earns: 3 are honest, whatever was tried beside them.
BOOKS = {
    "checks deleted": (edited(delete_checks), 3),
    "checks edited": (edited(edit_checks), 3),
    "cells duplicated": (edited(duplicate), 3),
    "cells retagged": (edited(retag), 3),
    "expected output printed": (edited(print_what_is_expected), 3),
    "duplicate ids": (edited(same_ids), 3),
    "no kernelspec": (no_kernelspec, 3),
    "nbformat 3": (version_3, 3),
    "fifty megabytes": (fifty_megabytes, 3),
    "hostile words": (hostile_words, 3),
    "a formula": (formula, 3),
    "deep nesting": (nest, 0),
    "millions of parts": (many_parts, 0),
    "not JSON": (lambda _: b"\x80\x04K\x01.", 0),
    "empty": (lambda _: b"", 0),
}
NAMES = [
    "new\nline",
    "quo'te\"",
    "<b onmouseover=alert(1)>",
    "..\\..",
    "=1+1",
    "\udcff",
]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    return root, source(root)


@pytest.fixture(scope="module")
def report(course, once):
    """Reports of a class in which every attack sits beside one honest student."""
    root, path = course
    folder = root / "handed in"
    for name, (make, _) in BOOKS.items():
        (folder / name).mkdir(parents=True)
        (folder / name / "05_x.ipynb").write_bytes(make(path))
    for name in NAMES:
        os.makedirs(os.fsencode(folder / name))
        (folder / name / "05_x.ipynb").write_bytes(raw(book(path)))
    outside = root / "honest elsewhere.ipynb"
    outside.write_bytes(raw(book(path, double=DOUBLE, shift=HONEST)))
    for name, target in {"link": outside, "linked folder": root}.items():
        (folder / name).mkdir()
        (folder / name / "05_x.ipynb").symlink_to(target)
    (folder / "folder itself linked").symlink_to(root)
    with zipfile.ZipFile(folder / "zipped.ipynb", "w") as file:
        file.writestr("05_x.ipynb", outside.read_bytes())
    os.mkfifo(folder / "pipe.ipynb")
    (folder / "zz honest").mkdir()
    good = raw(book(path, double=DOUBLE, shift=HONEST))
    (folder / "zz honest" / "05_x.ipynb").write_bytes(good)
    assert crowd.main(folder, root / "report", jobs=2, root=root, seconds=20) == 0
    return root / "report"


@pytest.fixture(scope="module")
def rows(report):
    with open(report / "results.csv", newline="") as file:
        return list(csv.DictReader(file))


def earned(rows, student):
    return sum(int(row["points"]) for row in rows if row["student"] == student)


@pytest.mark.parametrize("name", BOOKS)
def test_a_notebook_earns_what_is_honest_in_it(rows, name):
    assert earned(rows, name) == BOOKS[name][1]
    assert [row["exercise"] for row in rows if row["student"] == name] == ["1", "2"]


def test_what_the_attacks_left_to_run_was_run(report, once):
    """The solutions, and six notebooks: most attacks change nothing that is run."""
    assert len(once) == 7


def test_the_honest_student_beside_them_lost_nothing(rows):
    assert earned(rows, "zz honest") == 5


@pytest.mark.parametrize(
    ("student", "words"),
    [
        ("link", "links are not followed"),
        ("linked folder", "links are not followed"),
        ("folder itself linked", "links are not followed"),
        ("zipped", "zip archive"),
        ("pipe", "no ordinary file"),
    ],
)
def test_what_is_no_notebook_is_named_and_earns_nothing(rows, student, words):
    found = [row for row in rows if row["student"] == student]
    assert found and all(words in row["remark"] for row in found)
    assert earned(rows, student) == 0


def test_every_file_has_a_row_a_page_and_a_harmless_name(report, rows):
    students = {row["student"] for row in rows}
    assert len(students) == len(BOOKS) + len(NAMES) + 6
    pages = list((report / "feedback").iterdir())
    assert len(pages) == len(students)
    assert all(page.name.replace(".", "-").replace("-", "").isalnum() for page in pages)
    assert all("\n" not in value for row in rows for value in row.values())


def test_no_page_runs_or_loads_anything(report):
    for page in (report / "feedback").iterdir():
        soup = BeautifulSoup(page.read_text("utf8"), "html.parser")
        assert not soup.select("script, img, iframe, link, object, b[onmouseover]")
        assert not [
            tag for tag in soup.find_all() for name in tag.attrs if name[:2] == "on"
        ]
        assert "default-src 'none'" in str(soup.select_one("meta[http-equiv]"))
    said = [page.read_text("utf8") for page in (report / "feedback").iterdir()]
    assert any("&lt;script&gt;alert(1)" in text for text in said)


def test_no_spreadsheet_takes_a_cell_for_a_formula(rows):
    cells = [value for row in rows for value in row.values()]
    assert not [value for value in cells if value[:1] in ("=", "+", "@")]
    assert any(value.startswith("'=1+1") for value in cells)


def test_an_escape_that_was_left_out_would_be_seen(report, monkeypatch):
    """The test can fail: without escaping there would be a script on the page."""
    from course.grading.report import feedback

    monkeypatch.setattr(feedback, "escape", str)
    row = {"exercise": 1, "title": "", "points": 0, "out_of": 1, "remark": "<script>"}
    assert BeautifulSoup(feedback.line(row), "html.parser").select("script")


def test_a_link_in_a_path_is_not_followed_even_if_the_file_is_none(course, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.ipynb").write_text("{}")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert submissions.read(tmp_path, "real/a.ipynb") == b"{}"
    with pytest.raises(ValueError, match="links are not followed"):
        submissions.read(tmp_path, "link/a.ipynb")


def test_a_file_that_is_too_large_is_not_even_read(tmp_path):
    with open(tmp_path / "a.ipynb", "wb") as file:
        file.truncate(graft.MOST_BYTES + 1)
    with pytest.raises(ValueError, match="64 MB"):
        submissions.read(tmp_path, "a.ipynb")
