"""Which chapter's exercises a notebook is: what it says of itself, then its titles."""

from collections.abc import Mapping
from typing import Any

from course.exercises import Sheet
from course.grading import graft


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
