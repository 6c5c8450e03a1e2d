"""Carry a learner's work over into an exercise notebook whose source has changed."""

from copy import deepcopy

from nbformat import NotebookNode

from course.notebooks import digest

Place = tuple[int, str]  # an exercise's number and the name of one of its cells


def merge(old: NotebookNode, fresh: NotebookNode) -> NotebookNode:
    """Put the answers of `old` where `fresh` has the same exercise, and lose nothing.

    Exercises meet by title, then by number; within one, answers meet by the function
    that they define. Every other cell that the learner wrote or changed is kept as a
    cell of their own, after the cell that it followed.
    """
    numbers = renumbered(old, fresh)
    places = {place(cell) for cell in fresh.cells}
    answers: dict[Place, NotebookNode] = {}
    after: dict[Place | None, list[NotebookNode]] = {}
    taken = {cell.id for cell in fresh.cells}
    neighbour: Place | None = None
    for cell in old.cells:
        here = place(cell, numbers)
        if here not in places:
            here = None  # the learner's own, or of an exercise that is gone
        neighbour = here or neighbour
        if here and here not in answers and is_answer(cell):
            answers[here] = cell
        elif edited(cell) and cell.source.strip():
            exercise = here[0] if here and is_answer(cell) else None
            after.setdefault(neighbour, []).append(own(cell, exercise, taken))
    cells = [*after.get(None, [])]
    for cell in fresh.cells:
        here = place(cell)
        cells.append(filled(cell, answers[here]) if here in answers else cell)
        cells.extend(after.get(here, []))
    return NotebookNode({**fresh, "cells": cells})


def ours(cell: NotebookNode) -> dict:
    """Give what the course wrote into a cell; empty for a cell of the learner's own."""
    mark = cell.metadata.get("live_papers")
    fields = {"exercise", "role", "name", "made"}
    return dict(mark) if isinstance(mark, dict) and fields <= set(mark) else {}


def edited(cell: NotebookNode) -> bool:
    """Whether the learner wrote or changed this cell."""
    return ours(cell).get("made") != digest(cell.source)


def is_answer(cell: NotebookNode) -> bool:
    """Whether the learner wrote an answer here (an untouched stub is none)."""
    role = ours(cell).get("role")
    return role == "answer" and cell.cell_type == "code" and edited(cell)


def place(cell: NotebookNode, numbers: dict[int, int] | None = None) -> Place | None:
    """Say where a cell belongs, by the new numbers if there are; None for nowhere."""
    mark = ours(cell)
    if not mark:
        return None
    number = mark["exercise"] if numbers is None else numbers.get(mark["exercise"])
    return None if number is None else (number, mark["name"])


def renumbered(old: NotebookNode, fresh: NotebookNode) -> dict[int, int]:
    """Map each old exercise's number to its new one: by title, else by number."""
    before = old.metadata["live_papers"].get("titles") or []
    now = fresh.metadata["live_papers"]["titles"]
    numbers = {0: 0}
    for number, title in enumerate(before, 1):
        if title in now:
            numbers[number] = now.index(title) + 1
    for number in range(1, len(before) + 1):
        if number <= len(now) and number not in numbers.values():
            numbers.setdefault(number, number)
    return numbers


def filled(cell: NotebookNode, answer: NotebookNode) -> NotebookNode:
    """Put what a learner wrote, and what it printed, into the cell meant for it."""
    done = deepcopy(cell)
    done.source = answer.source
    done.outputs = answer.get("outputs", [])
    done.execution_count = answer.get("execution_count")
    return done


def own(cell: NotebookNode, exercise: int | None, taken: set[str]) -> NotebookNode:
    """Copy a learner's cell, with an id that is not taken.

    It stays part of an answer where `exercise` is given.
    """
    copy = deepcopy(cell)
    while copy.get("id") in {None, *taken}:
        copy.id = digest(cell.source, copy.get("id"))
    taken.add(copy.id)
    if exercise is not None:
        copy.metadata["live_papers"]["exercise"] = exercise
    elif ours(cell):
        del copy.metadata["live_papers"]
        copy.metadata.pop("tags", None)
    return copy
