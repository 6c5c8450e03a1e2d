"""Hours in a syllabus: what stands as {minutes} and {total} is added up in the build.

A row of its tables names a part, sections of its chapter, and exercises of its sheet,
by their titles.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from course.exercises import Sheet
from course.naming import number

ROW = re.compile(
    r"^\| *\d+ *\|(?P<part>[^|]*)\|(?P<see>[^|]*)\|(?P<do>[^|]*)\|.*$", re.M
)
TITLE = re.compile(r"\*([^*]+)\*")


@dataclass(frozen=True)
class Week:
    """One row: the number of a part, titles of sections and of exercises."""

    part: str
    sections: list[str]
    exercises: list[str]


def week(row: re.Match[str]) -> Week:
    """Read a row."""
    titles = TITLE.findall
    return Week(row["part"].strip(), titles(row["see"]), titles(row["do"]))


def filled(text: str, sheets: Mapping[str, Sheet]) -> str:
    """Put minutes into rows, and the hours of each table below it."""
    known = {
        (number(name), task.title): task.minutes
        for name, sheet in sheets.items()
        for task in sheet.exercises
    }
    done = []
    for part in re.split(r"(?<=\{total\})", text):
        total = 0
        for row in ROW.finditer(part):
            one = week(row)
            minutes = sum(known.get((one.part, title), 0) for title in one.exercises)
            part = part.replace(row[0], row[0].replace("{minutes}", str(minutes)))
            total += minutes
        done.append(part.replace("{total}", f"about {round(total / 60)} hours"))
    return "".join(done)
