"""Which cells of a learner's notebook are answers, and what goes along with them.

An answer is what its cell holds, or what defines its function elsewhere. What it names
and the learner wrote in other cells goes along: imports, functions, classes and
constants, and never a cell as a whole.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from course.exercises import Exercise, Sheet, answered, unanswered
from course.grading.statement import Statement, broken
from course.grading.statements import statements

Answers = dict[int, list[str]]  # code by the number of the exercise
MOST_CODE = 2**20  # characters in which helpers are looked for
CARRIED = ("import", "definition", "constant")


@dataclass(frozen=True)
class Found:
    """A cell of a learner's notebook, and what its metadata claims it to be."""

    text: str
    exercise: int | None
    role: str
    code: bool = True


@dataclass(frozen=True)
class Written:
    """What a learner wrote into one cell: nothing of it is the course's own."""

    cell: Found
    parts: tuple[Statement, ...]

    @property
    def binds(self) -> set[str]:
        """The names that it gives a value."""
        return set().union(*(part.binds for part in self.parts))


def learners(cells: list[Found], sheet: Sheet) -> Answers:
    """Choose the answers among the cells of a learner's notebook, with what they need.

    An answer is every cell so marked in which the learner wrote something, in the
    notebook's order: a split cell counts whole, and of two copies the later one
    decides. A function that is still missing then is taken from any cell that defines
    it. Exercises with no answer are left out.
    """
    ours, reserved = given(sheet)
    written = [Written(cell, parts) for cell, parts in by_learner(cells, ours)]
    answers = {}
    for task in sheet.exercises:
        chosen = choose(written, task)
        if chosen:
            helpers = carried(written, chosen, reserved | wanted(task))
            answers[task.number] = [
                *(text for at, text in helpers if at < min(chosen)),
                *(chosen[at] for at in sorted(chosen)),
                *(text for at, text in helpers if at > min(chosen)),
            ]
    return answers


def given(sheet: Sheet) -> tuple[set[tuple[str, ...]], set[str]]:
    """What the course itself wrote: its statements, and the names that stay its own."""
    shown = [c for c in sheet.intro if c.kind == "code"]
    shown += [c for task in sheet.exercises for c in task.of("setup", "check")]
    parts = [part for cell in shown for part in statements(cell.text)]
    reserved = {"grade"}.union(*(part.binds for part in parts))
    for task in sheet.exercises:
        parts += stubs(task)
    return {part.signature for part in parts}, reserved


def stubs(task: Exercise) -> list[Statement]:
    """The statements of an exercise's answer cells before anything is answered."""
    cells = task.of("answer")
    return [part for c in cells for part in statements(unanswered(c.text))]


def wanted(task: Exercise) -> set[str]:
    """Name what the learner is to write."""
    before = {part.signature for part in stubs(task)}
    parts = [p for c in task.of("answer") for p in statements(answered(c.text))]
    return set().union(*(p.binds for p in parts if p.signature not in before))


def by_learner(
    cells: Iterable[Found], ours: set[tuple[str, ...]]
) -> Iterable[tuple[Found, tuple[Statement, ...]]]:
    """Give each cell with the statements in it that are not the course's."""
    left = MOST_CODE
    for cell in cells:
        left -= len(cell.text)
        parts = statements(cell.text) if left >= 0 else (broken(cell.text),)
        code = cell.code or cell.role == "answer"
        if not code and (not parts or parts[0].kind not in CARRIED):
            parts = ()  # a text, and no code that was made text by accident
        yield cell, tuple(part for part in parts if part.signature not in ours)


def choose(written: list[Written], task: Exercise) -> dict[int, str]:
    """Give the texts that answer an exercise, by the place of their cells."""
    mark = (task.number, "answer")
    marked = {
        at: it
        for at, it in enumerate(written)
        if (it.cell.exercise, it.cell.role) == mark and it.parts
    }
    missing = wanted(task).difference(*(it.binds for it in marked.values()))
    chosen = {at: it.cell.text for at, it in marked.items()}
    for code in (True, False):  # a cell may have been made text by accident
        others = {
            at: it.cell.text
            for at, it in enumerate(written)
            if it.cell.code == code and at not in chosen and it.binds & missing
        }
        missing = missing.difference(*(written[at].binds for at in others))
        if others:  # a stub that was left must not stand after what answers it
            for at, it in marked.items():
                chosen[at] = "\n".join(part.text for part in it.parts)
        chosen |= others
    return chosen


def carried(
    written: list[Written], chosen: Iterable[int], reserved: set[str]
) -> list[tuple[int, str]]:
    """Give what the answers name and the learner wrote elsewhere, by place, in order.

    Of several definitions of a name the last before the answer counts, or else the
    first after it. An import of what is not installed stands by itself.
    """
    first = min(chosen)
    places = [(at, k) for at, it in enumerate(written) for k in range(len(it.parts))]
    offered: dict[str, tuple[int, int]] = {}
    taken: set[tuple[int, int]] = set()
    needed = [n for at in chosen for p in written[at].parts for n in p.names]
    known = set(reserved).union(*(written[at].binds for at in chosen))
    for at, k in places:
        part = written[at].parts[k]
        if at in chosen or not written[at].cell.code or part.kind not in CARRIED:
            continue
        if part.always and part.found:
            taken.add((at, k))
        for name in part.binds - known:
            if at < first or name not in offered:
                offered[name] = (at, k)
    while needed:
        if place := offered.pop(needed.pop(), None):
            taken.add(place)
            needed += written[place[0]].parts[place[1]].names
    pieces: list[tuple[int, str]] = []
    for (at, found), group in itertools.groupby(
        sorted(taken), lambda place: (place[0], written[place[0]].parts[place[1]].found)
    ):
        texts = [written[at].parts[k].text for _, k in group]
        pieces += [(at, "\n".join(texts))] if found else [(at, text) for text in texts]
    return pieces
