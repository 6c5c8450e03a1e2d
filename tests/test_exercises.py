"""Every exercise: its checks catch the known mistakes, and let right answers pass."""

import ast
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import pytest
from nbformat.v4 import new_code_cell
from nbval_alone import NBVAL
from trial import (
    SHEETS,
    SOURCES,
    TASKS,
    answers,
    arrived,
    check,
    earned,
    expected,
    marks,
    named,
    names_after,
    same,
)

from course import notebooks
from course.exercises import BEGIN
from course.source import ROOT

KINDS = (notebooks.exercises, notebooks.solutions)
HINTS = r".*".join(
    [rf"<details>\s*<summary>Hint {number}</summary>" for number in (1, 2, 3)]
    + ["</details>"] * 3
)


def squeezed(text):
    return " ".join(str(text).split())


@pytest.mark.parametrize(("chapter", "task"), named(TASKS))
def test_an_exercise_has_all_that_a_learner_and_a_test_need(chapter, task):
    assert len(task.wrong) >= 4
    assert len(task.right) >= 2
    assert task.points >= 1
    assert task.minutes >= 1
    text = "\n".join(cell.text for cell in task.of("task"))
    assert len(re.findall(r"<summary>Hint", text)) == 3
    assert re.search(HINTS, text, re.DOTALL), "three hints, each inside the one before"
    assert task.why
    for cell in task.of("wrong", "right"):
        assert BEGIN not in cell.text


@pytest.mark.parametrize("chapter", SOURCES)
def test_a_chapter_has_something_to_build_to_mend_and_to_predict(chapter):
    kinds = [task.kind for task in SHEETS[chapter].exercises]
    for kind in ("build", "find the bug", "predict"):
        assert kinds.count(kind) == 1


@pytest.mark.parametrize(("chapter", "task"), named(TASKS))
def test_an_exercise_uses_of_lib_what_it_says_it_needs(chapter, task):
    intro = [cell for cell in SHEETS[chapter].intro if cell.kind == "code"]
    used = set()
    for cell in [*intro, *task.cells]:
        if cell.kind == "code":
            used |= modules_of_lib(ast.parse(cell.text))
    assert used <= {*task.needs, "check"}
    for name in task.needs:
        assert (ROOT / "lib" / f"{name}.py").exists() or (ROOT / "lib" / name).is_dir()


def modules_of_lib(tree):
    """Which modules of lib some code imports."""
    found = set()
    for node in ast.walk(tree):
        paths = []
        if isinstance(node, ast.Import):
            paths = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            paths = [f"{node.module}.{alias.name}" for alias in node.names]
        found |= {path.split(".")[1] for path in paths if path.startswith("lib.")}
    return found


@pytest.mark.parametrize(("chapter", "task"), named(TASKS))
def test_an_unanswered_exercise_says_so_and_does_not_fail(chapter, task, capsys):
    check(task, names_after(chapter, task, stub=True))
    assert "Not answered" in capsys.readouterr().out


@pytest.mark.parametrize(("chapter", "task"), named(TASKS))
def test_the_solution_passes_its_check(chapter, task, capsys):
    check(task, names_after(chapter, task))
    assert "Not answered" not in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(("chapter", "task", "number", "cell"), answers("right"))
def test_other_right_answers_pass_and_earn_the_marks(
    chapter, task, number, cell, capsys
):
    names = names_after(chapter, task, cell)
    check(task, names)
    assert "Not answered" not in capsys.readouterr().out
    for seed in (1, 2):
        want = expected(chapter, task.number, seed)
        assert same(marks(task, names, seed), want)


@pytest.mark.parametrize(("chapter", "task", "number", "cell"), answers("wrong"))
def test_wrong_answers_are_told_why(chapter, task, number, cell):
    from lib.check import Wrong

    names = names_after(chapter, task, cell)
    with pytest.raises(Wrong) as wrong:
        check(task, names)
    assert squeezed(cell.options["says"]) in squeezed(wrong.value)


@pytest.mark.slow
@pytest.mark.parametrize(("chapter", "task", "number", "cell"), answers("wrong"))
def test_wrong_answers_earn_no_marks_on_any_seed(chapter, task, number, cell):
    names = names_after(chapter, task, cell)
    for seed in range(20):  # the grader draws a fresh one
        want = expected(chapter, task.number, seed)
        try:
            got = marks(task, names, seed)
        except Exception:  # an answer that breaks earns nothing either
            continue
        assert not earned(got, want), f"with seed {seed}"


@pytest.mark.parametrize(("chapter", "task"), named(TASKS))
def test_marks_depend_on_the_seed_and_on_nothing_else(chapter, task):
    first, again, other = (
        marks(task, names_after(chapter, task), seed) for seed in (1, 1, 2)
    )
    assert first
    assert same(again, arrived(first))
    assert not same(other, arrived(first))


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What nbval says of the code cells of all notebooks, by chapter and kind.

    They run in one kernel, for each start takes seconds; each finds no name in it.
    """
    folder = tmp_path_factory.mktemp("books")
    books = {
        (chapter, make): make(path).cells
        for chapter, path in SOURCES.items()
        for make in KINDS
    }
    whole = notebooks.exercises(next(iter(SOURCES.values())))
    whole.cells = []
    for cells in books.values():
        whole.cells += [*cells, new_code_cell("%reset -f", metadata={"tags": []})]
    for number, cell in enumerate(whole.cells):
        cell.id = str(number)
    (folder / "whole.ipynb").write_text(notebooks.as_text(whole), "utf8")
    command = [sys.executable, *NBVAL, "--nbval-current-env"]
    command += ["--nbval-cell-timeout=120", "--rootdir=.", "-c", os.devnull]
    run = subprocess.run(
        [*command, "--junitxml=said.xml"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert (folder / "said.xml").exists(), run.stdout[-4000:] + run.stderr[-4000:]
    results = iter(ElementTree.parse(folder / "said.xml").iter("testcase"))
    trouble = lambda cell: "".join(part.get("message", "no word") for part in cell)
    found = {
        name: [trouble(next(results)) for _ in range(1 + code_cells(cells))]
        for name, cells in books.items()
    }
    assert not [*results], "more cells ran than the notebooks have"
    return found


def code_cells(cells):
    return sum(cell.cell_type == "code" for cell in cells)


@pytest.mark.slow
@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("chapter", SOURCES)
def test_whole_notebooks_run_untouched_and_solved(said, chapter, make):
    assert said[chapter, make] == [""] * (1 + code_cells(make(SOURCES[chapter]).cells))
