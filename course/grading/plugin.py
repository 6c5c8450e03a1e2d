"""A pytest plugin: nbval runs a graded notebook, and the values of its cells go out.

Its process sees neither expected values nor points: for each exercise it writes one
line of JSON, an outcome as course/grading/run.py describes it, as soon as it is known.
"""

import json
import os
import queue
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbval.plugin import IPyNbFile

from course.grading.box.kernels import Kernels
from course.grading.box.sandbox import Box
from course.grading.box.watch import WatchedKernel
from course.grading.cell import GradedCell
from course.grading.run import NOTHING


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say where outcomes go: the number of an open file."""
    parser.addoption("--outcomes", type=int)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Any:
    """Take graded notebooks; nbval itself takes none, as --nbval is not given."""
    if file_path.suffix == ".ipynb":
        return GradedNotebook.from_parent(parent, path=file_path)
    return None


class Line:
    """Standard input: the grader's side of it closes with the grader, and so do we."""

    def __init__(self) -> None:
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        """Take lines as they come."""
        for line in sys.stdin:
            self.lines.put(line)
        os._exit(1)  # every box dies with its parent


class GradedNotebook(IPyNbFile):
    """One learner's notebook: its kernels, one after another, and its outcomes.

    The first round runs all exercises in a kernel, as a learner does. The second, if
    there is one, runs those that the grader asks for, each in a kernel of its own.
    """

    def collect(self) -> Iterator[GradedCell]:
        """Make tests of each cell; nothing in a cell changes how it is run."""
        self.nb = nbformat.read(self.path, as_version=4)
        self.grader = Line()
        self.again: set[int] | None = None
        self.began = 0.0
        self.last = {cell.metadata.exercise: cell for cell in self.nb.cells}
        self.first_of = {c.metadata.exercise: c for c in reversed(self.nb.cells)}
        intro = [c.source for c in self.nb.cells if c.metadata.exercise == 0]
        self.box = Box(**self.nb.metadata.box)
        self.kernels = Kernels(self.box, self.path.parent, intro)
        turns = range(1, self.nb.metadata.rounds + 1)
        self.outcomes = {
            (turn, number): dict(NOTHING, exercise=number, alone=turn == 2)
            for number in self.last
            for turn in turns
        }
        for turn in turns:
            for number, cell in enumerate(self.nb.cells):
                if cell.metadata.exercise:
                    options = defaultdict(bool, check=cell.metadata.role == "grade")
                    made = GradedCell.from_parent(
                        self,
                        name=f"Cell {number} turn {turn}",
                        cell_num=number,
                        cell=cell,
                        options=options,
                    )
                    made.turn = turn
                    yield made

    @property
    def kernel(self) -> WatchedKernel | None:
        """The kernel that nbval runs a cell in."""
        return self.kernels.kernel

    def setup(self) -> None:
        """Start nothing yet: the first exercise starts its kernel."""

    def teardown(self) -> None:
        """End the last kernel, and its box."""
        self.kernels.close()

    def patience(self, alone: bool) -> float:
        """Say how long a cell may run: what can be run again alone has a third."""
        final = alone or self.nb.metadata.rounds == 1
        return self.box.cell_seconds * (1 if final else 1 / 3)

    def left(self) -> float:
        """Say how long the notebook may still run, from when its first kernel ran."""
        if not self.began:
            return self.box.book_seconds
        return self.began + self.box.book_seconds - time.monotonic()

    def asked_again(self, exercise: int) -> bool:
        """Whether the grader wants an exercise to be run once more, alone."""
        if self.again is None:
            self.again = set(json.loads(self.grader.lines.get()))
        return exercise in self.again

    def report(self, turn: int, exercise: int) -> None:
        """Write the outcome of an exercise for the grader."""
        line = json.dumps(self.outcomes[turn, exercise]) + "\n"
        with os.fdopen(os.dup(self.config.option.outcomes), "w") as out:
            out.write(line)
