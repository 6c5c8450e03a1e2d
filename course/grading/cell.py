"""One cell of a graded notebook as a test: it is run, and its exercise has an outcome.

What came of it goes into the outcomes of its notebook, which plugin.py reports.
"""

import time
from typing import Any

import pytest
from nbval.plugin import IPyNbCell, NbCellError

from course.grading.box.wire import Stopped
from course.grading.values import MIME, unpack

MOST_WORDS = 400  # of what a learner's code says, kept for showing


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
