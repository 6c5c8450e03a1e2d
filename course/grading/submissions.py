"""What was handed in: files with any names, of which nothing is believed.

A file is found and opened without following a link, a notebook is known for a chapter's
by what it says of itself, and whose it is by where it lies.
"""

import os
import stat
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from course.exercises import Sheet
from course.grading import graft

# Of systems and editors: what no person named.
SYSTEMS_OWN = [
    "__MACOSX",
    "Thumbs.db",
    "desktop.ini",
    ".DS_Store",
    ".git",
    ".ipynb_checkpoints",
]


def find(folder: Path) -> tuple[list[str], list[str]]:
    """List what lies below a folder: what is to be graded, and what is left out.

    Graded are notebooks, and any other file or link of someone who handed in no
    notebook: so that everyone who handed in something has a row.
    """
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not hidden(name))
        links = [name for name in folders if Path(place, name).is_symlink()]
        for name in [*files, *links]:
            if not hidden(name):
                found.append(Path(place, name).relative_to(folder).as_posix())
    books = {path for path in found if path.lower().endswith(".ipynb")}
    served = {whose(path) for path in books}
    graded = [path for path in found if path in books or whose(path) not in served]
    return sorted(graded), sorted(set(found) - set(graded))


def hidden(name: str) -> bool:
    """Whether a name is none that a person gave, such as a checkpoint's."""
    return name.startswith(("._", ".~", ".ipynb_")) or name in SYSTEMS_OWN


def read(folder: Path, path: str) -> bytes:
    """Read a file below a folder, following no link; ValueError says what came.

    Every part of the path is opened by itself, so that none can be changed for a link.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    place = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        for part in PurePosixPath(path).parts:
            inner = os.open(part, flags, dir_fd=place)
            os.close(place)
            place = inner
        kind = os.fstat(place)
        if not stat.S_ISREG(kind.st_mode):
            raise ValueError("this is no notebook: it is no ordinary file")
        if kind.st_size > graft.MOST_BYTES:
            size = kind.st_size / 2**20
            raise ValueError(f"the notebook has {size:.0f} MB: clear its outputs")
        with os.fdopen(os.dup(place), "rb") as file:
            return file.read(graft.MOST_BYTES + 1)
    except OSError as error:
        link = Path(folder, path).is_symlink()
        why = "a link came, and links are not followed" if link else error.strerror
        raise ValueError(f"this is no notebook: {why}") from None
    finally:
        os.close(place)


def whose(path: str) -> str:
    """Name the student whose file this is: the first folder, else the file's name."""
    parts = PurePosixPath(path).parts
    return parts[0] if len(parts) > 1 else PurePosixPath(path).stem


def students(chapters: Mapping[str, str]) -> dict[str, str]:
    """Name the student of each path; the chapters of the paths tell files apart.

    In a flat folder a chapter's name is cut out of the file's: anna_05_vit.ipynb is by
    anna. Where two files would be the same chapter by the same student, both go by
    their whole paths: which one counts is for the teacher to say.
    """
    names = {path: whose(path) for path in chapters}
    for path, chapter in chapters.items():
        if "/" not in path and chapter:
            rest = names[path].replace(chapter, "").strip(" _-.")
            names[path] = rest or names[path]
    taken = Counter((names[path], chapter) for path, chapter in chapters.items())
    for path, chapter in chapters.items():
        if taken[names[path], chapter] > 1:
            names[path] = path.removesuffix(".ipynb")
    return names


def chapter_of(book: Any, path: str, sheets: Mapping[str, Sheet]) -> str:
    """Say which chapter's exercises these are, by name; empty if no one can tell.

    What the notebook says of itself counts, then the titles in it, then its path. A
    false claim gains nothing: it is graded as what it claims to be.
    """
    metadata = book.get("metadata") if isinstance(book, dict) else None
    ours = metadata.get("live_papers") if isinstance(metadata, dict) else None
    ours = ours if isinstance(ours, dict) else {}
    claimed = str(ours.get("source", ""))[:200].split("/")[0]
    if claimed in sheets:
        return claimed
    said = set(map(str, graft.listed(ours, "titles"))) | headings(book)
    votes = {
        name: sum(
            task.title in said or f"{task.number} · {task.title}" in said
            for task in sheet.exercises
        )
        for name, sheet in sheets.items()
    }
    best = max(votes, key=lambda name: votes[name], default="")
    if best and votes[best]:
        return best
    return max((name for name in sheets if name in path), key=len, default="")


def headings(book: Any) -> set[str]:
    """Collect the headings of exercises in a notebook's text."""
    found = set()
    for cell in graft.listed(book, "cells"):
        text = cell.get("source") if isinstance(cell, dict) else None
        text = "".join(map(str, text)) if isinstance(text, list) else text
        if isinstance(text, str) and text.startswith("## Exercise "):
            found.add(text.split("\n")[0].removeprefix("## Exercise ").strip())
    return found


def shown(name: str) -> str:
    """Make a name fit to be shown: one line, with nothing that a screen obeys."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
