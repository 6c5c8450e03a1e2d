"""A pytest plugin: nbval runs a graded notebook, and the values of its cells go out.

Its process sees neither expected values nor points: for each exercise it writes one
line of JSON, an outcome as course/grading/run.py describes it, as soon as it is known.
"""

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError

from course.grading.sandbox import Box, make_lib
from course.grading.values import MIME
from course.grading.watch import Stopped, WatchedKernel

MOST_WORDS = 400  # of what a learner's code says, kept for showing


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say where outcomes go: the number of an open file."""
    parser.addoption("--outcomes", type=int)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Any:
    """Take graded notebooks; nbval itself takes none, as --nbval is not given."""
    if file_path.suffix == ".ipynb":
        return GradedNotebook.from_parent(parent, path=file_path)
    return None


class GradedNotebook(IPyNbFile):
    """One learner's notebook: its kernels, one after another, and its outcomes."""

    kernel: WatchedKernel | None = None

    def collect(self) -> Iterator["GradedCell"]:
        """Make a test of each cell; nothing in a cell changes how it is run."""
        self.nb = nbformat.read(self.path, as_version=4)
        self.box = Box(**self.nb.metadata.box)
        self.last = {cell.metadata.exercise: cell for cell in self.nb.cells}
        self.first_of = {c.metadata.exercise: c for c in reversed(self.nb.cells)}
        self.intro = [c.source for c in self.nb.cells if c.metadata.exercise == 0]
        self.needs: tuple[str, ...] | None = None
        self.kernels = 0
        self.outcomes = {
            number: {"exercise": number, "end": "", "said": "", "check": ""}
            | {"values": None, "alone": False, "seconds": 0.0}
            for number in self.last
        }
        for number, cell in enumerate(self.nb.cells):
            if cell.metadata.exercise:
                options = defaultdict(bool, check=cell.metadata.role == "grade")
                yield GradedCell.from_parent(
                    self,
                    name=f"Cell {number}",
                    cell_num=number,
                    cell=cell,
                    options=options,
                )

    def setup(self) -> None:
        """Start nothing yet: the first exercise starts its kernel."""

    def teardown(self) -> None:
        """End the last kernel."""
        self.give_up()

    def give_up(self) -> None:
        """End the kernel; the next exercise gets another."""
        if self.kernel is not None:
            kernel, self.kernel = self.kernel, None
            kernel.stop()

    def kernel_for(self, exercise: int, needs: tuple[str, ...]) -> None:
        """Have a kernel whose lib is just what an exercise needs; note if it is new."""
        if self.kernel is not None and (
            self.needs != needs or not self.kernel.is_alive()
        ):
            self.give_up()
        if self.kernel is not None:
            return
        self.kernels += 1
        folder = self.path.parent / f"k{self.kernels}"
        folder.mkdir()
        folder.chmod(0o777)  # its kernel may be another user
        lib = make_lib(self.path.parent / f"lib{self.kernels}", needs)
        self.kernel = kernel = WatchedKernel(self.box, folder, lib)
        self.needs = needs
        for source in self.intro:
            kernel.await_reply(kernel.execute_cell_input(source, False), 60)
        self.outcomes[exercise]["alone"] = True

    def report(self, exercise: int) -> None:
        """Write the outcome of an exercise for the grader."""
        line = json.dumps(self.outcomes[exercise]) + "\n"
        with os.fdopen(os.dup(self.config.option.outcomes), "w") as out:
            out.write(line)


class GradedCell(IPyNbCell):
    """One cell: answer, grade or check; whatever goes wrong in it becomes words."""

    def runtest(self) -> None:
        """Run the cell, unless its exercise has been given up."""
        book, ours = self.parent, self.cell.metadata
        outcome = book.outcomes[ours.exercise]
        try:
            if outcome["end"]:
                pytest.skip(outcome["end"])
            self.run_watched(outcome)
        finally:
            if book.last[ours.exercise] is self.cell:
                book.report(ours.exercise)

    def run_watched(self, outcome: dict[str, Any]) -> None:
        """Run the cell as nbval does, and keep what it said or how it ended."""
        book, ours = self.parent, self.cell.metadata
        start = time.monotonic()
        try:
            if book.first_of[ours.exercise] is self.cell:
                book.kernel_for(ours.exercise, tuple(ours.needs))
            book.kernel.begin()
            super().runtest()
        except NbCellError:
            self.note_error(outcome)
            raise
        except Stopped as stopped:
            outcome["end"] = stopped.end
        except Exception:  # messages that make no sense: a kernel may send anything
            alive = book.kernel is not None and book.kernel.is_alive()
            outcome["end"] = "flood" if alive else "died"
        finally:
            outcome["seconds"] += time.monotonic() - start
        if outcome["end"]:
            book.give_up()
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
            self.parent.outcomes[self.cell.metadata.exercise]["values"] = sent[0]
        return True
