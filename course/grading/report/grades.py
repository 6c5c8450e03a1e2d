"""Show marks: a table on the screen, and build/grades/grades.json as rows come."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from course.grading.marks import Row


class Grades:
    """The rows in grades.json: other chapters' stay, a new row is written at once."""

    def __init__(self, file: Path, chapters: Iterable[str]) -> None:
        self.file = file
        self.rows = [row for row in old(file) if row.get("chapter") not in {*chapters}]

    def add(self, row: Row) -> None:
        """Add a row, in one step: a kill leaves the old file or the new one."""
        self.rows.append(row.as_dict())
        self.rows.sort(key=lambda row: (row["chapter"], row["exercise"]))
        draft = self.file.with_name(f".{self.file.name}.{os.getpid()}")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(self.rows, indent=1) + "\n", "utf8")
            draft.replace(self.file)
        except OSError as error:
            why = error.strerror
            raise ValueError(f"{self.file} cannot be written: {why}") from None


def old(file: Path) -> list[dict[str, Any]]:
    """Read the rows of earlier runs; none where the file is missing or damaged."""
    try:
        rows = json.loads(file.read_text("utf8"))
    except (OSError, ValueError):
        return []
    return [row for row in rows if isinstance(row, dict)]


def table(rows: Iterable[Row]) -> str:
    """Lay out the rows of one chapter, in order, with their sum."""
    rows = sorted(rows, key=lambda row: row.exercise)
    width = max([len(row.title) for row in rows], default=0)
    lines = [
        f"{row.exercise:3}  {row.title:{width}}  {row.points:2} / {row.out_of:<2} "
        f" {row.remark}"
        for row in rows
    ]
    points, most = sum(row.points for row in rows), sum(row.out_of for row in rows)
    lines.append(f"     {'':{width}}  {points:2} / {most:<2}  points")
    return "\n".join(line.rstrip() for line in lines)
