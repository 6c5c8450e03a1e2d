"""What a file is that is no notebook to be graded: a true sentence about each."""

import re
from pathlib import PurePosixPath
from typing import Any

from course.grading import graft

CONFLICT = re.compile(rb"^\s*<{7}( |$)", re.M)
NOTEBOOKS = (".ipynb", ".ipynb.txt", ".ipynb.json", ".json")  # or a browser's names
WHYS = 3  # one or two may have been copied out of the solutions, to be kept
WANTED = "the notebook itself was expected, a file .ipynb"
STARTS = {
    b"%PDF": "a PDF came",
    b"Rar!": "a rar archive came: pack it as zip, or not at all",
    b"7z\xbc\xaf": "a 7z archive came: pack it as zip, or not at all",
    b"\x1f\x8b": "a gzip archive came: pack it as zip, or not at all",
    b"\x89PNG": "a picture came",
    b"\xff\xd8\xff": "a picture came",
    b"version https://git-lfs": "a pointer of Git LFS came, without the file itself",
}
ENDINGS = {
    ".py": "a Python script came",
    ".html": "a web page came",
    ".htm": "a web page came",
    ".md": "a Markdown text came",
    ".txt": "a text came",
    ".docx": "a Word document came",
    ".url": "a link came, without the file that it leads to",
    ".webloc": "a link came, without the file that it leads to",
}


def notebook(path: str, raw: bytes) -> tuple[Any, str]:
    """Read a notebook; where there is none, give a sentence that says what came."""
    name = path.lower()
    try:
        book = graft.load(raw)
    except ValueError as error:
        large = name.endswith(".ipynb") and "damaged" not in str(error)
        return None, str(error) if large else sentence(path, raw)
    return book, "" if name.endswith(NOTEBOOKS) else sentence(path, raw)


def sentence(path: str, raw: bytes) -> str:
    """Say what came in place of a notebook that can be read."""
    name = PurePosixPath(path).name
    if not raw.strip():
        return "the file is empty"
    for start, what in STARTS.items():
        if raw.startswith(start):
            return f"{what}; {WANTED}"
    if CONFLICT.search(raw[: graft.MOST_BYTES]):
        return (
            "a merge conflict of git is still in the notebook: it has lines that begin "
            "with <<<<<<<. Choose one side of each, and hand it in again"
        )
    if "_assignsubmission_onlinetext" in path:
        return f"what came was typed into Moodle's text field; {WANTED}"
    start = raw[:2000].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return f"a web page came; {WANTED}"
    ending = PurePosixPath(name.lower()).suffix
    if ending in ENDINGS:
        return f"{ENDINGS[ending]}; {WANTED}"
    if name.lower().endswith(".ipynb"):
        return "the notebook's file is damaged: save it once more, and hand it in again"
    return f"this is no notebook; {WANTED}"


def of_the_course(book: Any) -> str:
    """Say so if a notebook is the course's own, with no answers of a learner in it.

    Exercises are a learner's. A chapter says that it is one, and only solutions have
    paragraphs that tell why.
    """
    metadata = book.get("metadata") if isinstance(book, dict) else None
    ours = metadata.get("live_papers") if isinstance(metadata, dict) else None
    source = str(ours.get("source", ""))[:200] if isinstance(ours, dict) else ""
    chapter, _, text = source.partition("/")
    if text == "chapter.md":
        return (
            f"this is the chapter {chapter} itself: its exercises, in the folder "
            "exercises, were expected"
        )
    if sum(role_of(cell) == "why" for cell in graft.listed(book, "cells")) >= WHYS:
        return "these are the course's own solutions, not answers of a learner"
    return ""


def role_of(cell: Any) -> str:
    """Give the role that a cell's own mark claims."""
    for key in ("metadata", "live_papers"):
        cell = cell.get(key) if isinstance(cell, dict) else None
    return str(cell.get("role", "")) if isinstance(cell, dict) else ""
