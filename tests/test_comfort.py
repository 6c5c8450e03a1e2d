"""The comfort commands: what they say, and that they say it in a sentence."""

import json

import pytest
from little import answer, load, make, own, save

from course import comfort
from course.__main__ import main


@pytest.fixture
def root(tmp_path):
    return make(tmp_path)


def test_progress_counts_answers_and_not_stubs(root):
    (line,) = comfort.progress(root)
    assert line.split() == ["05_x", "□□", "0", "of", "2", "answered"]
    book = load(root, "exercises")
    answer(book, "beta", "def beta(x):\n    return 2 - x")
    book.cells.append(own("scratch = 1"))
    save(root, book, "exercises")
    (line,) = comfort.progress(root)
    assert line.split() == ["05_x", "□■", "1", "of", "2", "answered"]


def test_progress_adds_the_points_of_the_last_marking(root):
    grades = root / "build" / "grades"
    grades.mkdir(parents=True)
    rows = [{"chapter": "05_x", "points": 2}, {"chapter": "05_x", "points": 1.5}]
    (grades / "grades.json").write_text(json.dumps(rows))
    assert "3.5 points when last marked" in comfort.progress(root)[0]


def test_progress_survives_a_damaged_notebook(root):
    (root / "exercises" / "05_x.ipynb").write_text("{")
    assert "damaged" in comfort.progress(root)[0]


def test_progress_without_notebooks_says_how_to_make_them(tmp_path):
    assert "make notebooks" in comfort.progress(tmp_path)[0]


def test_times_are_listed_or_explained(tmp_path):
    assert "make html" in comfort.times(tmp_path)[0]
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "times.json").write_text('{"05_x": 83.21, "02_y": 7}')
    lines = [line.split() for line in comfort.times(tmp_path)]
    assert lines == [["02_y", "7.0", "s"], ["05_x", "83.2", "s"]]


def test_the_doctor_says_what_for_and_how_to_get_it(monkeypatch):
    needs = [
        comfort.Need("a", lambda: "1.0", "never said", "never said"),
        comfort.Need("b", lambda: "", "its use", "the way to it"),
    ]
    monkeypatch.setattr(comfort, "NEEDS", needs)
    text = "\n".join(comfort.doctor())
    assert "1.0" in text
    assert "never said" not in text
    assert text.index("missing b") < text.index("its use") < text.index("the way to it")


def test_the_doctor_knows_this_machine():
    there = {
        line.split()[1]: line.split()[0] for line in comfort.doctor() if line[0] != " "
    }
    assert there["PyTorch"] == there["JupyterLab"] == "ok"
    assert comfort.package("no-such-package")() == ""


def test_reset_asks_which_chapter(capsys):
    assert main(["reset"]) == 1
    assert "make reset CHAPTER=05" in capsys.readouterr().err
