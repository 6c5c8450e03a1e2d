"""Graft a learner's answers into a pristine notebook of set-up, answers and grading.

Everything but the answers comes from source/: what a learner's notebook says of itself
is only read to find the answers in it.
"""

import json
import re
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course.exercises import Exercise, Sheet, answered, unanswered
from course.grading.answers import Answers, Found

MOST_BYTES = 64 * 2**20  # of a learner's notebook, pictures and all
FRONT_END = re.compile(r"^([ \t]*)%matplotlib\b.*$", re.M)  # graded, there is none
COMPILE = (  # no compiler is there, and to find that out takes long
    "setattr(__import__('torch'), 'compile', "
    "lambda model=None, **_: (lambda f: f) if model is None else model)"
)
MOST_PARTS = 1_000_000  # lists, dicts and what is in them: each takes far more memory


def read(raw: bytes) -> list[Found]:
    """Find the cells in a notebook's bytes; ValueError says what is wrong with it.

    Any version of the format will do, and only the cells' text and our own metadata
    are looked at.
    """
    book = load(raw)
    sheets = listed(book, "worksheets") or [book]  # version 3 had sheets
    cells = [cell for sheet in sheets for cell in listed(sheet, "cells")]
    if not cells:
        raise ValueError("this is no notebook, or it has no cells")
    found = [as_found(cell) for cell in cells if isinstance(cell, dict)]
    return [cell for cell in found if cell is not None]


def load(raw: bytes) -> Any:
    """Read JSON that a stranger wrote, if it is not too large to be read."""
    if len(raw) > MOST_BYTES:
        raise ValueError(f"the notebook has {len(raw) / 2**20:.0f} MB: too large")
    if raw.startswith(b"PK"):
        raise ValueError("this is no notebook: a zip archive came; unpack it first")
    if sum(map(raw.count, (b"[", b"{", b","))) > MOST_PARTS:
        raise ValueError("the notebook's outputs are too large: clear them, save it")
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise ValueError("this is no notebook: its file is damaged") from None


def listed(thing: Any, key: str) -> list[Any]:
    """Give the list under a key, if there is one."""
    value = thing.get(key) if isinstance(thing, dict) else None
    return value if isinstance(value, list) else []


def as_found(cell: dict[str, Any]) -> Found | None:
    """Read one cell; None if there is no text in it."""
    text = cell.get("source", cell.get("input"))
    if isinstance(text, list) and all(isinstance(line, str) for line in text):
        text = "".join(text)
    if not isinstance(text, str):
        return None
    metadata = cell.get("metadata")
    mark = metadata.get("live_papers") if isinstance(metadata, dict) else None
    mark = mark if isinstance(mark, dict) else {}
    exercise = mark.get("exercise")
    return Found(
        text.encode("utf8", "replace").decode(),  # a lone surrogate is no text
        exercise if type(exercise) is int else None,
        str(mark.get("role", "")),
        cell.get("cell_type") == "code",
    )


def solutions(sheet: Sheet) -> Answers:
    """Give the course's own answers."""
    return {
        task.number: [answered(cell.text) for cell in task.of("answer")]
        for task in sheet.exercises
    }


def graded(sheet: Sheet, answers: Answers, seed: int) -> NotebookNode:
    """Make the notebook that is run: set-up, answers, grading, checks."""
    cells = [cell(COMPILE, "intro")]
    cells += [cell(c.text, "intro") for c in sheet.intro if c.kind == "code"]
    for task in sheet.exercises:
        if task.number in answers:
            cells += exercise(task, answers[task.number], seed)
    return new_notebook(cells=cells)


def exercise(task: Exercise, answer: list[str], seed: int) -> list[NotebookNode]:
    """Make the cells of one exercise, the learner's in place of its answer cells.

    The pristine answer cells stay before the learner's, as stubs, for functions that
    the learner never wrote. What is ours is one cell: a kernel takes its time for each.
    """
    ours = [c.text for c in task.of("setup")]
    ours += [unanswered(c.text) for c in task.of("answer")]
    texts = [("stub", "\n\n".join(ours))]
    texts += [("answer", FRONT_END.sub(r"\1pass", text)) for text in answer]
    texts += [("grade", f"{c.text}\n{SEND.format(seed)}") for c in task.of("grade")]
    texts += [("check", c.text) for c in task.of("check")]
    return [cell(text, role, task) for role, text in texts]


SEND = "__import__('live_papers_sending').send(grade({}))"


def cell(text: str, role: str, task: Exercise | None = None) -> NotebookNode:
    """Make a code cell; nbval compares outputs only where there are some already."""
    number, needs = (task.number, task.needs) if task else (0, ())
    metadata = {"exercise": number, "role": role, "needs": needs}
    made = new_code_cell(text, metadata=metadata)
    if role == "grade":
        made.execution_count = 1
        made.outputs = [new_output("display_data", {"text/plain": "values"})]
    return made
