"""Every exercise in one process: its cells are run, checked and marked as they are."""

from functools import cache

import pytest

from course.exercises import parse, unanswered
from course.grading.sending import pack
from course.grading.values import share, unpack
from course.source import ROOT

SOURCES = {
    path.parent.name: path for path in sorted(ROOT.glob("source/*/exercises.md"))
}
SHEETS = {chapter: parse(path) for chapter, path in SOURCES.items()}
TASKS = [
    (chapter, task) for chapter, sheet in SHEETS.items() for task in sheet.exercises
]


def named(cases):
    """Parameters whose names read as chapter, exercise and which answer it is."""
    return [
        pytest.param(
            *case, id="-".join([case[0], str(case[1].number), *map(str, case[2:3])])
        )
        for case in cases
    ]


def answers(role):
    cases = [
        (chapter, task, number, cell)
        for chapter, task in TASKS
        for number, cell in enumerate(task.of(role), 1)
    ]
    return named(cases)


def names_after(chapter, task, *cells, stub=False, **held):
    """What a kernel holds after set-up, answer, and other answers over it."""
    names = {"__name__": "__main__", **held}
    before = [*SHEETS[chapter].intro, *task.of("setup", "answer")]
    for cell in [*before, *cells]:
        if cell.kind == "code":
            empty = stub and cell.role == "answer"
            execute(unanswered(cell.text) if empty else cell.text, names, cell)
    return names


def execute(text, names, cell):
    """Run a cell's text; a traceback shows its line in the source."""
    exec(compiled(text, f"exercises.md, {cell.role} from line {cell.line}"), names)


@cache
def compiled(text, place):
    return compile(text, place, "exec")


def check(task, names):
    for cell in task.of("check"):
        execute(cell.text, names, cell)


def marks(task, names, seed):
    """What the grader would compute."""
    for cell in task.of("grade"):
        execute(cell.text, names, cell)
    return names["grade"](seed)


@cache
def expected(chapter, number, seed):
    """The marks of the course's own answer, as they arrive at the grader."""
    task = SHEETS[chapter].exercises[number - 1]
    return arrived(marks(task, names_after(chapter, task), seed))


def arrived(values):
    """What the grader reads of what a kernel sends."""
    return unpack({name: pack(name, value) for name, value in values.items()})


def same(got, want):
    """Compare marks as the grader does, with what has arrived there."""
    return earned(got, want) == 1


def earned(got, want):
    """Which part of the points the grader would give."""
    try:
        ours = arrived(got)
    except (TypeError, AttributeError):  # no dict, or no number in it
        return 0
    return share(ours, want)
