"""Who is who, and which of someone's files counts: the last attempt, unless told."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from typing import Any

from course.grading.intake.downloads import COPY, OTTER, Handed

HOW = ("last", "first", "best")
EARLIER = {
    "last": "an earlier attempt: the last one counts",
    "first": "a later attempt: the first one counts",
}
MOST_ALIKE = 5  # files of one student and chapter that are graded
LESS = "another file of the same student and chapter earned more, or as much"


def names(chapters: Mapping[str, str], whose: Mapping[str, Handed]) -> dict[str, str]:
    """Name the student of each path; the chapters of the paths tell files apart.

    A chapter's name is cut out of a file's or folder's: anna_05_vit.ipynb is by anna.
    """
    found = {}
    for path, chapter in chapters.items():
        name = whose[path].student
        if not whose[path].platform:
            name = COPY.sub("", name) or name
            if chapter and chapter in name:
                name = name.replace(chapter, "").strip(" _-.")
        found[path] = name or whose[path].student
    return found


def students(
    chapters: Mapping[str, str], whose: Mapping[str, Handed]
) -> dict[str, str]:
    """Name students, but give whole paths to files that may be two people's.

    That is so where no platform says whose files are, two of them would be the same
    chapter by the same student, and it is not known which came later.
    """
    found, groups = names(chapters, whose), defaultdict(list)
    for path, chapter in chapters.items():
        groups[found[path], chapter].append(path)
    for paths in groups.values():
        if len(paths) > 1 and not comparable(paths, whose):
            for path in paths:
                if not whose[path].platform:
                    found[path] = path.removesuffix(".ipynb")
    return found


def superseded(
    chapters: Mapping[str, str],
    whose: Mapping[str, Handed],
    damaged: Iterable[str],
    how: str,
) -> dict[str, str]:
    """Say which files do not count since another attempt does, and why.

    A file that cannot be read takes the place of none that can.
    """
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    student = names(chapters, whose)
    for path, chapter in chapters.items():
        if chapter:
            groups[student[path], chapter].append(path)
    out: dict[str, str] = {}
    damaged = set(damaged)
    for paths in groups.values():
        good = [path for path in paths if path not in damaged]
        out |= {p: "it cannot be read" for p in paths if good and p in damaged}
        if how == "best" or not comparable(good, whose):
            continue
        attempts = {path: whose[path].attempt for path in good}
        chosen = {"last": max, "first": min}[how](attempts.values())
        out |= {path: EARLIER[how] for path in good if attempts[path] != chosen}
    return out


def too_many(
    chapters: Mapping[str, str], whose: Mapping[str, Handed], out: Container[str]
) -> dict[str, str]:
    """Say which files are one too many; of those that are not `out`, the last stay."""
    groups, student = defaultdict(list), names(chapters, whose)
    for path in sorted(chapters, key=lambda p: whose[p].attempt, reverse=True):
        if chapters[path] and path not in out:
            groups[student[path], chapters[path]].append(path)
    why = f"its student handed in over {MOST_ALIKE} notebooks of this chapter"
    return {p: why for paths in groups.values() for p in paths[MOST_ALIKE:]}


def comparable(paths: list[str], whose: Mapping[str, Handed]) -> bool:
    """Whether it is known in which order files were handed in."""
    if len(paths) < 2:
        return False
    if all(whose[path].platform or whose[path].attempt[0] for path in paths):
        return True
    plain = {COPY.sub("", OTTER.sub("", path.removesuffix(".ipynb"))) for path in paths}
    return len(plain) == 1  # a browser's "exercises (2).ipynb" beside exercises.ipynb


def less(entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Say which of several files of one student and chapter earned less than another.

    Entries have a student; of two that earned the same, the one that came later stays.
    """
    best: dict[tuple[str, str], Mapping[str, Any]] = {}
    out = {}
    for entry in entries:
        if not entry["chapter"]:
            continue
        key = (entry["student"], entry["chapter"])
        other = best.setdefault(key, entry)
        if other is not entry:
            worse = max(entry, other, key=lambda e: (-earned(e), -e["order"]))
            best[key] = other if worse is entry else entry
            out[worse["path"]] = LESS
    return out


def earned(entry: Mapping[str, Any]) -> int:
    """Add up what one file earned."""
    return sum(row["points"] for row in entry["rows"])
