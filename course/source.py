"""Read a chapter's MyST text into cells, with citations and links made to fit."""

import itertools
import os
import re
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jupytext.myst import MystMetadataParsingError, myst_to_notebook
from nbformat import NotebookNode

from course import ROOT
from course.citations import cite
from course.plain import equation_numbers, plain

NOTEBOOKS = ("index.md", "chapter.md", "exercises.md", "solutions.md")
Target = Literal["lab", "site"]


class SourceError(ValueError):
    """A source that makes no notebook: the message has file, line, what is expected."""

    def __init__(self, path: Path, line: int, sentence: str) -> None:
        place = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        super().__init__(f"{place}:{line}: {sentence}")


@dataclass(frozen=True)
class Cell:
    """One cell of a source: its text, the line it begins on, and what it is for."""

    kind: Literal["code", "markdown"]
    text: str
    line: int
    options: dict[str, Any] = field(default_factory=dict)  # `:says: ...`, `:tags: ...`
    role: str = ""  # in exercises: task, answer, check, ...
    name: str = ""  # in exercises: tells cells of one role apart

    @property
    def tags(self) -> list[str]:
        """The cell's tags, as Jupyter and the site know them."""
        return list(self.options.get("tags", []))


@dataclass(frozen=True)
class Page:
    """The notebook that a text is made into: what its links and numbers depend on."""

    source: Path
    target: Target
    notebook: Path
    equations: dict[str, int]


def read(
    path: Path, target: Target = "lab", notebook: Path | None = None
) -> list[Cell]:
    """Read a MyST notebook text into cells.

    For the lab, the text becomes plain Markdown, its citations links, and other pages
    notebooks; for the site roles and directives stay. `notebook` is the one that the
    cells are for, where it is not the source's own (a solutions notebook).
    """
    text = path.read_text("utf8")
    notebook = notebook or notebook_path(path, target)
    page = Page(path, target, notebook, equation_numbers(text))
    lines = text.splitlines()
    if lines[:1] == ["---"] and "---" in lines[1:]:
        header = lines.index("---", 1) + 1
        lines[:header] = [""] * header  # for jupytext's users; line numbers stay
    try:
        raw = deepcopy(raw_cells("\n".join(lines)))
    except MystMetadataParsingError as error:
        raise SourceError(
            path, 1, f"the options of a cell are no YAML: {error}"
        ) from error
    cells = []
    for cell, line in zip(raw.cells, raw.metadata["source_map"], strict=True):
        if "{code-cell}" in cell.source:
            expected = (
                "a code cell stands on its own, outside lists and boxes, and ends"
            )
            raise SourceError(
                path, line, f"`{{code-cell}}` inside another cell: {expected}"
            )
        if cell.cell_type == "code":
            cells.append(Cell("code", cell.source, line, dict(cell.metadata)))
        else:
            while not lines[line].strip():
                line += 1
            prose = resolve(cell.source, line + 1, page)
            cells.append(Cell("markdown", prose, line + 1, dict(cell.metadata)))
    return cells


@cache  # one text makes up to two notebooks and two pages
def raw_cells(text: str) -> NotebookNode:
    """Split a MyST notebook text into cells, each with its line."""
    return myst_to_notebook(text, add_source_map=True)


def notebook_path(path: Path, target: Target = "lab") -> Path:
    """Say where the notebook of a source lies, relative to the project or the site.

    source/index.md -> chapters/index.ipynb, source/05_vit/exercises.md ->
    exercises/05_vit.ipynb; on the site chapters and front page lie at the top.
    """
    folder = "chapters" if target == "lab" else ""
    if path.stem == "index":
        return Path(folder, "index.ipynb")
    if path.stem != "chapter":
        folder = path.stem  # exercises, solutions
    return Path(folder, path.parent.name + ".ipynb")


def source_folder(path: Path) -> Path:
    """Find the folder `source` above a text."""
    for parent in path.parents:
        if parent.name == "source":
            return parent
    raise SourceError(path, 1, "expected a text under a folder named source/")


# In prose: a role, or code (left alone), or the address of a link.
INLINE = re.compile(
    r"\{(?P<role>[a-z][\w:-]*)\}`(?P<words>[^`]+)`"
    r"|(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n\n).)+?(?<!`)(?P=ticks)(?!`)"
    r"|(?<=\]\()(?P<link>[^)\s]+)",
    re.DOTALL,
)
FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*([^`]*)$")


def resolve(text: str, line: int, page: Page) -> str:
    """Make roles, boxes and relative links of a markdown text fit its notebook."""
    done, first, lab = "", line, page.target == "lab"
    for literal, part in parts(text):

        def replace(found: re.Match, first: int = line) -> str:
            try:
                if found["role"] and lab:
                    return role(found["role"], found["words"], page)
                return link(found["link"], page) if found["link"] else found[0]
            except LookupError as error:
                place = first + found.string.count("\n", 0, found.start())
                raise SourceError(page.source, place, error.args[0]) from error

        done += part if literal else INLINE.sub(replace, part)
        line += part.count("\n")
    try:
        return plain(done, page.equations) if lab else done
    except LookupError as error:
        sentence, offset = error.args
        raise SourceError(page.source, first + offset, sentence) from error


def role(name: str, words: str, page: Page) -> str:
    """Write what a MyST role says in plain Markdown; LookupError for an unknown one."""
    kind, _, style = name.partition(":")
    if kind == "cite":
        return cite(words, style or "p", source_folder(page.source) / "references.bib")
    if kind == "math":
        return f"${words}$"
    if kind != "eq":
        raise LookupError(f"role {name}: expected cite:p, cite:t, eq or math")
    if words not in page.equations:
        raise LookupError(
            f"equation {words}: expected a label such as $$ x $$ ({words})"
        )
    return f"({page.equations[words]})"


def parts(text: str) -> list[tuple[bool, str]]:
    """Split a text into prose and literal blocks; a directive's body is prose."""
    runs: list[tuple[bool, str]] = []
    fences: list[str] = []  # the fences that are open, outermost first
    literal = False
    for line in text.splitlines(keepends=True):
        fence = FENCE.match(line.rstrip("\n"))
        runs.append((literal or fence is not None, line))
        if fence:
            ticks, info = fence[1], fence[2].strip()
            if fences and not info and ticks.startswith(fences[-1]):
                fences.pop()
                literal = False
            elif not literal:
                fences.append(ticks)
                literal = not info.startswith("{")
    blocks = itertools.groupby(runs, key=lambda run: run[0])
    return [
        (is_literal, "".join(line for _, line in block)) for is_literal, block in blocks
    ]


def link(to: str, page: Page) -> str:
    """Turn a link between sources into one between notebooks; others stay.

    Raises LookupError when it leads nowhere.
    """
    address, hash_sign, fragment = to.partition("#")
    if not address or re.match(r"[a-z][a-z+.-]*:", address) or address.startswith("/"):
        return to
    there = Path(os.path.normpath(page.source.parent / address))
    source = source_folder(page.source)
    text = there.with_name("exercises.md") if there.name == "solutions.md" else there
    if not text.exists():
        raise LookupError(f"the link {to} leads nowhere: expected a file there")
    if there.is_relative_to(source) and there.name in NOTEBOOKS:
        there = notebook_path(there, page.target)
    elif page.target == "lab":
        there = there.relative_to(source.parent)  # a file of the project
    elif there.is_relative_to(source):
        there = there.relative_to(source)  # on the site the texts lie at the top
    else:
        return to
    return (
        Path(os.path.relpath(there, page.notebook.parent)).as_posix()
        + hash_sign
        + fragment
    )
