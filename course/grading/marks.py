"""Turn a learner's notebook into rows: points for each exercise, and why."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from course.exercises import Exercise, Sheet
from course.grading import ends, graft
from course.grading.answers import learners
from course.grading.box.sandbox import Box
from course.grading.run import Outcome, run
from course.grading.values import difference, share, unpack

Values = dict[int, dict[str, np.ndarray]]  # of each exercise
HINTS = {
    "NameError": "what an answer names comes along from other cells only if it is an "
    "import, a function, a class or a plain constant; the rest belongs into its cell",
    "ModuleNotFoundError: No module named 'lib": "this exercise has no such module of "
    "the course's, for it may hold the answer",
    "ModuleNotFoundError": "where answers are graded there are PyTorch, NumPy, "
    "matplotlib and Python's own library",
    "OSError: [Errno 30]": "where answers are graded only /tmp can be written to",
    "FileNotFoundError": "no file of yours is there where answers are graded",
}


@dataclass(frozen=True)
class Row:
    """One exercise of one notebook. `remark` may hold words of the learner's code."""

    chapter: str
    exercise: int
    title: str
    points: int
    out_of: int
    seconds: float
    remark: str

    def as_dict(self) -> dict[str, Any]:
        """Give the row for JSON or CSV."""
        return asdict(self)


def expected(sheet: Sheet, seed: int, box: Box) -> Values:
    """Run the course's own answers; RuntimeError if they give no values."""
    return {n: unpack(message) for n, message in solved(sheet, seed, box).items()}


def solved(sheet: Sheet, seed: int, box: Box) -> dict[int, Any]:
    """Run the course's own answers; give the message of values of each exercise."""
    book = graft.graded(sheet, graft.solutions(sheet), seed)
    outcomes = {outcome["exercise"]: outcome for outcome in run(book, box)}
    for task in sheet.exercises:
        outcome = outcomes.get(task.number, {"end": "no outcome", "said": ""})
        if outcome.get("values") is None:
            why = outcome["end"] or outcome["said"]
            raise RuntimeError(f"the solution of exercise {task.number} fails: {why}")
    return {number: outcome["values"] for number, outcome in outcomes.items()}


def rows(
    chapter: str, sheet: Sheet, raw: bytes, want: Values, seed: int, box: Box
) -> Iterator[Row]:
    """Grade the bytes of a learner's notebook; rows come as they are known.

    `want` are the expected values for this very seed.
    """
    try:
        answers = learners(graft.read(raw), sheet)
    except ValueError as error:
        for task in sheet.exercises:
            yield row(chapter, task, 0, 0.0, str(error))
        return
    for task in sheet.exercises:
        if task.number not in answers:
            yield row(chapter, task, 0, 0.0, "not answered")
    tasks = {task.number: task for task in sheet.exercises if task.number in answers}
    if not tasks:
        return

    def right(outcome: Outcome) -> bool:
        return not judge(outcome, want[outcome["exercise"]])

    for outcome in run(graft.graded(sheet, answers, seed), box, right):
        task = tasks.pop(outcome["exercise"])
        yield marked(chapter, task, outcome, want[task.number], box)
    for task in tasks.values():  # the run itself broke
        broken = {"end": "broken", "seconds": 0.0}
        yield marked(chapter, task, broken, want[task.number], box)


def judge(outcome: Outcome, want: dict[str, np.ndarray]) -> str:
    """Compare what a kernel sent with what is right; say what is wrong, if anything."""
    if outcome["end"] or outcome.get("values") is None:
        return "no values came"
    try:
        return difference(unpack(outcome["values"]), want)
    except ValueError as error:
        return str(error)


def earned(outcome: Outcome, want: dict[str, np.ndarray]) -> Fraction:
    """Which part of the points an outcome earns."""
    if outcome["end"] or outcome.get("values") is None:
        return Fraction(0)
    try:
        return share(unpack(outcome["values"]), want)
    except ValueError:
        return Fraction(0)


def marked(
    chapter: str,
    task: Exercise,
    outcome: Outcome,
    want: dict[str, np.ndarray],
    box: Box,
) -> Row:
    """Give the points of an exercise that was run, with the kindest true remark."""
    points = int(earned(outcome, want) * task.points)
    said = remark(outcome, judge(outcome, want), box)
    if 0 < points < task.points:
        said = f"near, but not near enough for all points: {said}"
    return row(chapter, task, points, outcome["seconds"], said)


def remark(outcome: Outcome, wrong: str, box: Box) -> str:
    """Say in a sentence how an answer went."""
    if not wrong:
        return "right"
    if outcome["end"]:
        return ends.told(outcome["end"], box)
    if outcome["said"] == "NotImplementedError: ":
        return "not answered"
    if outcome["check"]:
        return outcome["check"]
    if outcome["said"]:
        hints = (h for start, h in HINTS.items() if outcome["said"].startswith(start))
        hint = next(hints, "")
        return outcome["said"] + f" ({hint})" * bool(hint)
    return f"passes the check, but not the grading: {wrong}"


def row(chapter: str, task: Exercise, points: int, seconds: float, remark: str) -> Row:
    """Make a row, of one line whatever was said."""
    words = " ".join("".join(c if c.isprintable() else " " for c in remark).split())
    return Row(
        chapter, task.number, task.title, points, task.points, round(seconds, 2), words
    )
