"""What a notebook may take: of the grader's memory, of its time, of cells."""

import contextlib
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from grading_little import (
    BOX,
    DOUBLE,
    HONEST,
    expected,
    grade,
    points,
    raw,
    source,
    together,
)

from course.exercises import parse
from course.grading import run

pytestmark = [pytest.mark.slow, pytest.mark.sandbox]

# Each floods the grader in another part of a message, or with what takes more memory
# there than on the way: four bytes are a list.
SEND = """
def double(x):
    kernel = get_ipython().kernel
    content, parent = dict(data={}, metadata={}), kernel.get_parent()
    for _ in range(60):
        kernel.session.send(kernel.iopub_socket, "display_data", %s)
    return x"""
FILL = {
    "buffers": SEND % "content, parent, buffers=[bytes(2**24)] * 9",
    "metadata": SEND % "content, parent, metadata={'x': 'x' * 2**24}",
    "a header": SEND % "content, parent, header=dict(kernel.session.msg_header("
    "'display_data'), x='x' * 2**24)",
    "content": SEND % "dict(content, x='x' * 2**24), parent",
    "many parts": SEND % "dict(content, x=[[]] * 2**22), parent",
    "many names": SEND % "dict(content, x={str(n): n for n in range(2**20)}), parent",
    "an error": SEND.replace("display_data", "error")
    % "dict(ename='x' * 2**24, evalue='', traceback=['x'] * 2**22), parent",
}

# Each sends values that would make the line to the grader longer than it reads.
VALUES = {
    "a long name": "{chr(0x1F600) * 200_000: one}",
    "many names": "{str(n): one for n in range(20_000)}",
    "more in a value": "dict(x=one | dict(more=chr(0x1F600) * 200_000), n=one)",
    "a long kind": "dict(x=dict(one, kind=chr(0x1F600) * 200_000), n=one)",
    "a long shape": "dict(x=dict(one, shape=[1] * 40_000), n=one)",
    "a long number": "dict(x=dict(one, shape=[10**4000]), n=one)",
}
VALUE = """
import live_papers_sending as way
from IPython.display import display
one = way.pack("x", 1.0)
way.send = lambda values: display({way.MIME: %s}, raw=True)
def double(x): return x"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return source(tmp_path_factory.mktemp("course"))


def test_no_message_fills_the_memory_of_the_grader(path):
    """Its process begins with some 120 MB; an attack once brought it to 2.3 GB."""
    peaks, over = [0], threading.Event()

    def look():
        while not over.wait(0.02):
            for process in list(run.running):
                with contextlib.suppress(OSError, IndexError):
                    status = Path("/proc", str(process.pid), "status").read_text()
                    peaks.append(int(status.split("VmHWM:")[1].split()[0]))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        both = [case for text in FILL.values() for case in ((1, text), (2, HONEST))]
        found = together(path, both, replace(BOX, cell_seconds=5))
    finally:
        over.set()
        watcher.join()
    assert [row.points for row in found] == [0, 3] * len(FILL), found
    assert 50_000 < max(peaks) < 500_000


def test_no_value_makes_a_line_too_long_to_be_read(path, monkeypatch):
    """A shorter line than else is too long here, so that an attack takes less time."""
    monkeypatch.setattr(run, "LONGEST", 2**20)
    both = [
        case for text in VALUES.values() for case in ((1, VALUE % text), (2, HONEST))
    ]
    found = together(path, both, replace(BOX, cell_seconds=5))
    assert [row.points for row in found] == [0, 3] * len(VALUES), found
    assert all(len(row.remark) < 600 for row in found)


# What a whole notebook may take

SLOW = "import time\ntime.sleep(1)"


def cells(path, answers, box):
    """Grade a notebook whose answers have several cells; give its rows."""
    marks = [
        {"exercise": number, "role": "answer"}
        for number, texts in answers.items()
        for _ in texts
    ]
    texts = [text for texts in answers.values() for text in texts]
    made = [
        {"cell_type": "code", "source": text, "metadata": {"live_papers": mark}}
        for text, mark in zip(texts, marks, strict=True)
    ]
    return grade(path, raw({"cells": made}), expected(parse(path)), box)


def test_a_notebook_has_an_end_beside_that_of_a_cell(path):
    answers = {1: [*[SLOW] * 9, DOUBLE], 2: [HONEST]}
    rows = cells(path, answers, replace(BOX, cell_seconds=4, cells=1))
    assert points(rows) == {1: 0, 2: 0}
    assert {row.remark for row in rows.values()} == {
        "the notebook as a whole ran longer than 4 s, and was stopped before this "
        "exercise was done"
    }
    assert sum(row.seconds for row in rows.values()) < 6


def test_an_answer_has_at_most_so_many_cells(path):
    answers = {1: [*["pass"] * 50, DOUBLE], 2: [HONEST]}
    rows = cells(path, answers, BOX)
    assert points(rows) == {1: 0, 2: 3}
    assert rows[1].remark == "its answer has more than 50 cells: put it into fewer"
    assert points(cells(path, {1: [*["pass"] * 49, DOUBLE]}, BOX)) == {1: 2, 2: 0}
