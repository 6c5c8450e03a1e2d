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
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError

from course.grading.box.kernels import Kernels
from course.grading.box.sandbox import Box
from course.grading.box.watch import WatchedKernel
from course.grading.box.wire import Stopped
from course.grading.run import NOTHING
from course.grading.values import MIME, unpack

MOST_WORDS = 400  # of what a learner's code says, kept for showing


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

    def collect(self) -> Iterator["GradedCell"]:
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


class GradedCell(IPyNbCell):
    """One cell: answer, grade or check; whatever goes wrong in it becomes words."""

    turn = 1

    def runtest(self) -> None:
        """Run the cell, unless its exercise has been given up."""
        book, exercise = self.parent, self.cell.metadata.exercise
        if self.turn == 2 and not book.asked_again(exercise):
            pytest.skip("once was enough")
        outcome = book.outcomes[self.turn, exercise]
        try:
            if outcome["end"]:
                pytest.skip(outcome["end"])
            self.run_watched(outcome)
        finally:
            if book.last[exercise] is self.cell:
                book.report(self.turn, exercise)

    def run_watched(self, outcome: dict[str, Any]) -> None:
        """Run the cell as nbval does, and keep what it said or how it ended."""
        book, ours = self.parent, self.cell.metadata
        start = time.monotonic()
        try:
            if book.left() <= 0:
                raise Stopped("long")
            if book.first_of[ours.exercise] is self.cell:
                if book.kernels.have(tuple(ours.needs), new=self.turn == 2):
                    outcome["alone"] = True
                start = time.monotonic()
                book.began = book.began or start
            patience = min(book.patience(outcome["alone"]), book.left())
            self.config.option.nbval_cell_timeout = patience
            book.kernel.begin()
            super().runtest()
        except NbCellError:
            self.note_error(outcome)
            raise
        except Stopped as stopped:
            late = stopped.end == "slow" and book.left() <= 0
            outcome["end"] = "long" if late else stopped.end
        except Exception:  # messages that make no sense: a kernel may send anything
            alive = book.kernel is not None and book.kernel.is_alive()
            outcome["end"] = "flood" if alive else "died"
        finally:
            outcome["seconds"] += time.monotonic() - start
        if outcome["end"]:
            book.kernels.give_up()
            pytest.fail(outcome["end"], pytrace=False)

    def note_error(self, outcome: dict[str, Any]) -> None:
        """Keep the first error of an exercise, or the sentence of its check."""
        errors = [out for out in self.test_outputs or [] if "ename" in out]
        if not errors:
            return
        name, words = str(errors[-1]["ename"]), str(errors[-1]["evalue"])
        if name == "Wrong" and self.cell.metadata.role == "check":
            outcome["check"] = words[:MOST_WORDS]
        elif not outcome["said"]:
            outcome["said"] = f"{name}: {words}"[:MOST_WORDS]

    def compare_outputs(self, test: Any, ref: Any, skip_compare: Any = None) -> bool:
        """Take the values of a grade cell, if it sent just one message of them."""
        sent = [out.data[MIME] for out in test if MIME in out.get("data", {})]
        if len(sent) == 1:
            exercise = self.cell.metadata.exercise
            self.parent.outcomes[self.turn, exercise]["values"] = plain(sent[0])
        return True


def plain(message: Any) -> Any:
    """Give a message of values back if it is one; words in its place if it is not.

    So no more comes to the grader than names, shapes and bytes, however it was nested.
    """
    try:
        unpack(message)
    except ValueError as error:
        return str(error)
    parts = ("kind", "shape", "data")
    return {name: {part: x[part] for part in parts} for name, x in message.items()}
