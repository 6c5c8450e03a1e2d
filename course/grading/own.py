"""Mark a learner's own exercises, chapter by chapter: `make grade`."""

import secrets
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from course import ROOT
from course.exercises import parse
from course.grading import marks
from course.grading.box import sandbox
from course.grading.report.grades import Grades, table
from course.naming import named

UNWRAPPED = "bubblewrap is not here, so your own code runs as you: fine for your own"


def main(chapter: str | None = None, root: Path = ROOT) -> int:
    """Mark the notebooks in exercises/, or one; print tables, write grades.json.

    `chapter` is a number or a folder's whole name; ValueError names those there are.
    """
    books = chosen(chapter, root)
    wrapped = sandbox.works()
    if not wrapped:
        print(UNWRAPPED)
    box = sandbox.Box(wrapped)
    names = [book.stem for book in books]
    grades = Grades(root / "build" / "grades" / "grades.json", names)
    for book in books:
        print(book.stem)
        rows = []
        for row in tqdm(grade(book, root, box), leave=False, disable=None):
            rows.append(row)
            grades.add(row)
        print(table(rows), flush=True)
    return 0


def chosen(chapter: str | None, root: Path) -> list[Path]:
    """List the exercise notebooks to grade: those that have a source."""
    folders = {path.parent.name for path in root.glob("source/*/exercises.md")}
    books = sorted((root / "exercises").glob("*.ipynb"))
    books = [book for book in books if book.stem in folders and book.is_file()]
    if not books:
        raise ValueError("there are no exercises yet: make notebooks makes them")
    if chapter is None:
        return books
    name = named(chapter, (book.stem for book in books), "exercises of chapter")
    return [book for book in books if book.stem == name]


def grade(book: Path, root: Path, box: sandbox.Box) -> Iterator[marks.Row]:
    """Mark one notebook with a seed that no one has seen before."""
    try:
        raw = book.read_bytes()
    except OSError as error:
        raise ValueError(f"{book} cannot be read: {error.strerror}") from None
    sheet = parse(root / "source" / book.stem / "exercises.md")
    seed = secrets.randbelow(2**31)
    want = marks.expected(sheet, seed, box)
    yield from marks.rows(book.stem, sheet, raw, want, seed, box)
