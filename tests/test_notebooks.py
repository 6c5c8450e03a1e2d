"""The notebooks that the sources give: the same bytes every time, as git has them."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from little import CHAPTER, load, make, own, save, source_of, texts

from course import keeping, notebooks
from course.__main__ import main
from course.source import ROOT


@pytest.fixture
def root(tmp_path):
    return make(tmp_path)


@pytest.mark.slow
def test_committed_notebooks_are_what_source_gives():
    assert notebooks.sources(ROOT)
    stale = notebooks.differing(ROOT)
    assert not stale, f"run make notebooks, and commit {', '.join(map(str, stale))}"


@pytest.mark.slow
def test_two_processes_give_the_same_bytes(root):
    code = (
        "import sys, pathlib; from course import notebooks as n;"
        "books = n.all_notebooks(pathlib.Path(sys.argv[1]));"
        "sys.stdout.write(''.join(str(p) + n.as_text(b) for p, b in books.items()))"
    )
    digests = set()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        run = [sys.executable, "-c", code, str(root)]
        out = subprocess.check_output(run, env=environment, cwd=ROOT)
        assert out.count(b"cell_type") > 10
        digests.add(hashlib.sha256(out).hexdigest())
    assert len(digests) == 1


def test_exercises_hide_what_solutions_show(root):
    asked, solved = (texts(load(root, kind)) for kind in ("exercises", "solutions"))
    assert "def alpha(x):\n    raise NotImplementedError" in asked
    assert "def alpha(x):\n    return x" in solved
    assert not [text for text in asked if "**Why.**" in text or "return -x" in text]
    assert "**Why.** Because of Alpha." in solved
    assert not [
        text for text in asked + solved if "grade" in text or "SOLUTION" in text
    ]


def test_cells_say_which_exercise_and_role(root):
    marks = [cell.metadata["live_papers"] for cell in load(root, "exercises").cells]
    seen = [(mark["exercise"], mark["role"]) for mark in marks]
    each = ["task", "answer", "check"]
    assert seen == [(0, "intro")] * 4 + [(n, role) for n in (1, 2) for role in each]


@pytest.mark.parametrize("where", ["chapters", "exercises", "solutions"])
def test_the_first_code_cell_gets_lib_where_it_is_missing(root, where, monkeypatch):
    code = [cell.source for cell in load(root, where).cells if cell.cell_type == "code"]
    assert len(code[0].splitlines()) <= 6
    exec(code[0], {})  # lib is here: it does nothing
    asked, ran = [], []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: asked.append(name))
    shell = SimpleNamespace(run_line_magic=lambda *words: ran.append(words))
    names = {"input": lambda _: "https://host/course", "get_ipython": lambda: shell}
    exec(code[0], names)
    assert asked == ["lib"]
    assert ran == [("pip", "install --quiet git+https://host/course")]


def test_notebooks_are_valid_and_have_no_outputs(root):
    for path in notebooks.all_notebooks(root):
        book = nbformat.read(root / path, as_version=4)
        nbformat.validate(book)
        assert (book.nbformat, book.nbformat_minor) == (4, 5)
        assert book.metadata.kernelspec.name == "python3"
        assert not keeping.executed(book)


def test_learners_see_checks_folded_and_no_words_for_authors(root):
    for folder in ("exercises", "solutions"):
        book = nbformat.read(root / folder / "05_x.ipynb", as_version=4)
        ours = [cell for cell in book.cells if "live_papers" in cell.metadata]
        checks = [c for c in ours if c.metadata["live_papers"]["role"] == "check"]
        assert len(checks) == 2
        for cell in checks:
            assert cell.metadata["jupyter"]["source_hidden"]
            assert cell.source.startswith(f"{notebooks.CHECK}\n")
        assert "*2 points · easy · 8 minutes*" in notebooks.as_text(book)
        assert "needs:" not in notebooks.as_text(book)


def test_a_stale_or_missing_notebook_is_named(root):
    source_of(root).write_text(CHAPTER + "\nMore.\n")
    (root / "chapters" / "index.ipynb").unlink()
    (root / "solutions" / "05_x.ipynb").write_bytes(b"\xff not even text")
    assert list(map(str, notebooks.differing(root))) == [
        "chapters/index.ipynb",
        "chapters/05_x.ipynb",
        "solutions/05_x.ipynb",
    ]


def test_a_readers_own_work_is_no_difference_where_git_has_the_clean_one(root):
    git = ["git", "-C", str(root)]
    subprocess.check_call([*git, "init", "--quiet"])
    subprocess.check_call([*git, "add", "chapters", "exercises", "solutions"])
    book = load(root)
    book.cells.append(own("mine = 1"))
    save(root, book)
    assert notebooks.differing(root) == []
    subprocess.check_call([*git, "add", "chapters"])
    assert list(map(str, notebooks.differing(root))) == ["chapters/05_x.ipynb"]


def test_the_command_exits_with_1_and_names(root, monkeypatch, capsys):
    monkeypatch.setattr(notebooks, "differing", lambda: [Path("chapters/05_x.ipynb")])
    assert main(["notebooks", "--check"]) == 1
    assert "chapters/05_x.ipynb" in capsys.readouterr().out
    monkeypatch.setattr(notebooks, "differing", list)
    assert main(["notebooks", "--check"]) == 0


def test_code_that_only_lays_out_a_picture_is_folded_in_the_lab():
    book = notebooks.chapter(ROOT / "source" / "index.md")
    hidden = [cell.metadata.get("jupyter") for cell in book.cells if cell.metadata]
    assert {"source_hidden": True} in hidden
