"""Which chapter's exercises a notebook is: what it says of itself, then its titles."""

from collections.abc import Iterator, Mapping
from typing import Any

from course.exercises import Sheet
from course.grading import answers, graft
from course.grading.statement import DEFINITION

FUNCTIONS = 2  # of one chapter's, and of no other's as many


def chapter_of(book: Any, path: str, sheets: Mapping[str, Sheet]) -> str:
    """Say which chapter's exercises these are, by name; empty if no one can tell.

    What the notebook says of itself counts, then the titles in it, then its path, then
    the functions that it defines. A false claim gains nothing: it is graded as what it
    claims to be.
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
    named = max((name for name in sheets if name in path), key=len, default="")
    return named or by_functions(book, sheets)


def by_functions(book: Any, sheets: Mapping[str, Sheet]) -> str:
    """Say which chapter asks for the functions that a notebook defines."""
    defined = set(DEFINITION.findall("\n".join(texts(book, "code"))))
    votes = {
        name: sum(not defined.isdisjoint(answers.wanted(t)) for t in sheet.exercises)
        for name, sheet in sheets.items()
    }
    first, second = sorted([*votes, "", ""], key=lambda n: -votes.get(n, 0))[:2]
    clear = votes.get(first, 0) > votes.get(second, 0)
    return first if clear and votes[first] >= FUNCTIONS else ""


def texts(book: Any, *kinds: str) -> Iterator[str]:
    """Give the text of each cell of some kinds, of all where none is named."""
    for cell in graft.listed(book, "cells"):
        text = cell.get("source") if isinstance(cell, dict) else None
        text = "".join(map(str, text)) if isinstance(text, list) else text
        if isinstance(text, str) and (not kinds or cell.get("cell_type") in kinds):
            yield text


def headings(book: Any) -> set[str]:
    """Collect the headings of exercises in a notebook's text."""
    return {
        text.split("\n")[0].removeprefix("## Exercise ").strip()
        for text in texts(book)
        if text.startswith("## Exercise ")
    }
