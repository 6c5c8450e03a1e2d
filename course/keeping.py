"""Write notebooks without ever losing what a reader did in them.

A notebook is rewritten only where its cells are what was last made. Otherwise chapters
and solutions stay as the reader has them, and exercises are merged, after a copy went
to build/kept.
"""

import os
import shutil
from datetime import datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course.merge import merge
from course.naming import named, number
from course.notebooks import ROOT, all_notebooks, as_text, made
from course.stills import shipped


def update(root: Path = ROOT) -> list[str]:
    """Bring all notebooks up to date with source/; say what was done, one line each."""
    done = [update_one(root, path, book) for path, book in all_notebooks(root).items()]
    return [line for line in done if line]


def update_one(root: Path, path: Path, fresh: NotebookNode) -> str:
    """Bring one notebook up to date; an empty answer means that nothing was to do."""
    file = root / path
    if not file.exists():
        write(file, fresh)
        return f"made {path}"
    old = load(file)
    if old is None:
        return f"{path} is no notebook of this course, or is damaged: left alone"
    if last_made(old) == last_made(fresh) and (changed(old) or executed(old)):
        return ""
    if not changed(old):
        same = file.read_text("utf8") == as_text(fresh)
        write(file, fresh)
        return "" if same else f"made {path} again: its source has changed"
    if path.parts[0] == "exercises":
        copy = keep(root, path)
        write(file, merge(old, fresh))
        return f"merged your answers into the new {path}; {copy} has the old one"
    return (
        f"kept {path} with your changes, though its source has changed: "
        f"make reset CHAPTER={number(path.stem)} gives the new one"
    )


def reset(chapter: str, root: Path = ROOT) -> list[str]:
    """Start a chapter's notebooks again, keeping copies; say what was done.

    `chapter` is a number or a folder's whole name; ValueError names those there are.
    """
    books = all_notebooks(root)
    name = named(chapter, (path.stem for path in books))
    done = []
    for path in (path for path in books if path.stem == name):
        file = root / path
        text = as_text(books[path])
        if file.exists() and file.read_bytes() == text.encode():
            continue
        copy = keep(root, path) if file.exists() else None
        write(file, books[path])
        done.append(
            f"{path} is new again" + (f"; {copy} has what was there" if copy else "")
        )
    return done or [f"chapter {chapter} is already as new"]


def load(file: Path) -> NotebookNode | None:
    """Read a notebook that this course made; None for anything else, however broken."""
    try:
        book = nbformat.reads(file.read_text("utf8"), as_version=4)
        nbformat.validate(book)
        return book if isinstance(last_made(book), str) else None
    except Exception:  # a damaged file can fail in any of many ways: it is not ours
        return None


def last_made(book: NotebookNode) -> str:
    """Give the hash that the course left in a notebook when it made its cells."""
    return book.metadata["live_papers"]["made"]


def changed(book: NotebookNode) -> bool:
    """Whether a reader wrote in a notebook; running it is no change."""
    return made(book.cells) != last_made(book)


def executed(book: NotebookNode) -> bool:
    """Whether a notebook holds outputs, other than pictures that it came with."""
    return any(
        cell.get("execution_count") or not all(map(shipped, cell.get("outputs", [])))
        for cell in book.cells
    )


def write(file: Path, book: NotebookNode) -> None:
    """Write a notebook in one step, so that a kill leaves the old one or the new.

    A file that holds just this already is not touched.
    """
    nbformat.validate(book)
    text = as_text(book).encode()
    if file.exists() and file.read_bytes() == text:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_bytes(text)
    draft.replace(file)


def keep(root: Path, path: Path) -> Path:
    """Copy a notebook to build/kept under a name that is not taken; give the name."""
    folder = root / "build" / "kept"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{'_'.join(path.with_suffix('').parts)}_{datetime.now():%Y%m%d-%H%M%S}"
    copy, number = folder / f"{name}.ipynb", 1
    while copy.exists():
        copy, number = folder / f"{name}-{number}.ipynb", number + 1
    shutil.copy2(root / path, copy)
    return copy.relative_to(root)
