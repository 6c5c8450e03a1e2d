"""Whose a file is, by the names that learning platforms give to what was handed in.

A platform puts the student and the attempt into names. They are believed only where a
platform writes them: further down, in what a student packed, anyone could be named.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath

ATTEMPT = tuple[str, int, int]  # a time, a number that grows, a browser's "(2)"
OURS = {"chapters", "exercises", "solutions"}
DATES = ["%b %d, %Y %I%M %p", "%b %d, %Y %H%M", "%d %b, %Y %H%M", "%B %d, %Y %I%M %p"]
# The student's own name for the file comes last in each, and may hold anything.
FORMS = {
    "Moodle": r"(?P<name>.+?)_(?P<number>\d+)_assignsubmission_[a-z]+(_.*)?",
    "Canvas": r"(?P<name>\w+?)(_LATE)?_(?P<number>[1-9]\d*)_(?P<order>[1-9]\d{3,})_.+",
    "Canvas, text": r"(?P<name>\w+?)(_LATE)?_(?P<number>[1-9]\d*)_(text|link)\.html",
    "Canvas, no names": r"(LATE_)?(?P<name>anon_\w+?)_(?P<order>[1-9]\d{3,})_.+",
    "Blackboard": r"(?P<name>.+?)_[^\W\d_]+_(?P<when>\d{4}(-\d\d){5})(_.+)",
    "Blackboard, receipt": r"(?P<name>.+?)_[^\W\d_]+_(?P<when>\d{4}(-\d\d){5})\.txt",
    "Brightspace": r"(?P<number>\d+)-\d+ - (?P<name>.+?) ?- "
    r"(?P<when>[^-]*\d{4}[^-]*?)( ?- .+)?",
    "nbgrader": r"(?P<name>[^+]+)\+[^+]+\+(?P<when>\d{4}-\d\d-\d\d [\d:.]+ \w+)(\+.*)?",
    "Gradescope": r"(?P<name>submission_\d+)",
}
FORMS_OF = {name: re.compile(form, re.S) for name, form in FORMS.items()}
RECEIPTS = {"index.html", "submission_metadata.yml", "timestamp.txt", "grades.csv"}
OTTER = re.compile(r"_?(\d{4})_(\d\d)_(\d\d)T(\d\d)_(\d\d)_(\d\d)_(\d+)")
COPY = re.compile(r" ?\((\d{1,3})\)$")


@dataclass(frozen=True)
class Person:
    """A student, with what a platform's gradebook knows them by."""

    name: str
    number: str = ""
    email: str = ""


@dataclass(frozen=True)
class Handed:
    """Whose a file is: several people's, if they worked as a group."""

    people: tuple[Person, ...]
    platform: str = ""  # that said so; empty where only the place of the file does
    attempt: ATTEMPT = ("", 0, 0)
    receipt: bool = False  # written by a platform, or typed into it: no one's file

    @property
    def student(self) -> str:
        """What they are called in reports."""
        return " & ".join(person.name for person in self.people)


def handed(
    paths: Iterable[str], groups: Mapping[str, tuple[Person, ...]] | None = None
) -> dict[str, Handed]:
    """Say of each path whose it is; `groups` has Gradescope's, by their folders."""
    paths = list(paths)
    level = depth(paths)
    found = {path: one(path, level, groups or {}) for path in paths}
    return apart(without_title(found), level)


def depth(paths: Iterable[str], most: int = 3) -> int:
    """Count the folders above those that are named after students.

    A folder is looked into if it lies there alone, or if all that lie there have names
    of a platform in them: no single student can bring that about.
    """
    paths = list(paths)
    children: dict[str, set[str]] = defaultdict(set)
    for path in paths:
        top, *rest = PurePosixPath(path).parts
        children[top].update(rest[:1])
    if any(form(top, "") for top in children) or not most:
        return 0
    folders = [top for top in children if children[top]]
    if folders and all(is_download(children[top], top) for top in folders):
        return 1
    if len(children) > 1 or not folders:
        return 0
    inner = [path.partition("/")[2] for path in paths]
    further = depth(inner, most - 1)
    books = {p.partition("/")[0] for p in inner if p.lower().endswith(".ipynb")}
    many = len({name for name in books if not name.lower().endswith(".ipynb")}) > 1
    many = many and not children[folders[0]] & OURS
    return 1 + further if further or many or folders[0] == "submitted" else 0


def is_download(names: set[str], folder: str) -> bool:
    """Whether all names in a folder are what one platform gives."""
    known = {name for name in names if form(name, folder)}
    return bool(known) and names <= known | RECEIPTS


def form(name: str, folder: str) -> tuple[str, dict[str, str]] | None:
    """Match a name with those of the platforms: which one, and what it says."""
    for platform, pattern in FORMS_OF.items():
        if found := pattern.fullmatch(name):
            return platform, found.groupdict("")
    course = folder.removesuffix("submissions")  # as `gh classroom clone` names it
    if course.endswith("-") and course != folder and name.startswith(course):
        return "GitHub Classroom", {"name": name.removeprefix(course)}
    return None


def one(path: str, level: int, groups: Mapping[str, tuple[Person, ...]]) -> Handed:
    """Say whose one path is."""
    parts = PurePosixPath(path).parts
    level = min(level, len(parts) - 1)
    folder, name = parts[level - 1] if level else "", parts[level]
    stamp = next((s for part in parts[level:] if (s := OTTER.search(part))), None)
    when = "".join(stamp.groups()) if stamp else ""
    copy = COPY.search(PurePosixPath(parts[-1]).stem)
    last = int(copy[1]) if copy else 0
    found = form(name, folder)
    if found is None:
        plain = name if len(parts) > level + 1 else PurePosixPath(name).stem
        plain = OTTER.sub("", plain.removesuffix(".zip")) or plain
        receipt = name in RECEIPTS and level == len(parts) - 1
        return Handed((Person(plain),), "", (when, 0, last), receipt)
    platform, said = found
    people = groups.get("/".join(parts[: level + 1])) or (
        Person(said["name"], said.get("number", "")),
    )
    typed = "_assignsubmission_onlinetext" in name
    receipt = platform.endswith(("receipt", "text")) or typed
    attempt = (time_of(said.get("when", "")) or when, int(said.get("order") or 0), last)
    return Handed(people, platform.split(",")[0], attempt, receipt)


def time_of(text: str) -> str:
    """Write a platform's time as digits that sort; empty if it cannot be read."""
    for shape in DATES:
        try:
            return datetime.strptime(text, shape).strftime("%Y%m%d%H%M%S")
        except ValueError:
            continue
    numbers = re.findall(r"\d+", text)
    return "".join(numbers) if len(numbers) > 4 and len(numbers[0]) == 4 else ""


def without_title(found: dict[str, Handed]) -> dict[str, Handed]:
    """Cut the assignment's title, which all of Blackboard's names begin with."""
    names = {h.student for h in found.values() if h.platform == "Blackboard"}
    title = ""
    if len(names) > 1:  # what they have in common, up to a "_"
        low, high = min(names), max(names)
        same = next((k for k, c in enumerate(low) if high[k : k + 1] != c), len(low))
        title = low[: low.rfind("_", 0, same) + 1]
    for path, it in found.items():
        if it.platform == "Blackboard":
            name = it.student[len(title) :] if title else it.student.split("_")[-1]
            found[path] = replace(it, people=(Person(name, name),))
    return found


def apart(found: dict[str, Handed], level: int) -> dict[str, Handed]:
    """Tell namesakes apart by their numbers.

    Moodle has other numbers for each assignment, so two of them mean two people only
    within one download.
    """
    numbers: dict[tuple[str, str, str], set[str]] = defaultdict(set)

    def key(path: str, it: Handed) -> tuple[str, str, str]:
        parts = PurePosixPath(path).parts[:level]
        return it.platform, "/".join(parts) * (it.platform == "Moodle"), it.student

    for path, it in found.items():
        numbers[key(path, it)].add(it.people[0].number)
    for path, it in found.items():
        if len(numbers[key(path, it)] - {""}) > 1 and it.platform != "Gradescope":
            first = it.people[0]
            named = replace(first, name=f"{first.name} ({first.number})")
            found[path] = replace(it, people=(named,))
    return found
