"""Make the notebooks from source/: the same text gives the same bytes, every time.

chapter, exercises and solutions each turn one text into one notebook; how a reader's
own work survives when the text changes is course/keeping.py.
"""

import hashlib
import json
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.address import repository
from course.exercises import answered, for_learners, parse, unanswered
from course.source import ROOT, Cell, Target, notebook_path, read, source_folder
from course.stills import ship

LEARNERS_SEE = ("task", "setup", "answer", "check")
FOLDED = {"hide-input", "remove-cell"}  # plumbing, and what claims hold a run to
CHECK = "# Check your answer: run this cell, by ▶ or with Shift and Enter."
INSTALL = """\
# Gets the course's code where it is not installed; elsewhere nothing happens.
from importlib.util import find_spec

if not find_spec("lib"):  # in Colab or the like, where this was never tried
    where = {where}
    get_ipython().run_line_magic("pip", f"install --quiet git+{{where}}")"""
RULE = (
    "Graded are the answer cells, with the imports, functions, classes and plain "
    "constants of your other cells that they name; PyTorch, NumPy, matplotlib and "
    "Python's own library are there, SciPy, einops and pandas are not."
)
ASKING = """input("lib is not installed here. The course's git address: ")"""
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def chapter(source: Path, target: Target = "lab") -> NotebookNode:
    """Make a chapter's notebook, or the front page's, from its text."""
    nodes = [as_node(cell, target) for cell in read(source, target)]
    picture = source.with_suffix(".png")
    if target == "lab" and picture.exists():
        ship(nodes, picture)
    return notebook(source, installing(nodes, source) if target == "lab" else nodes)


def exercises(source: Path) -> NotebookNode:
    """Make the notebook that a learner fills in from an exercises.md."""
    sheet = parse(source)
    nodes = [as_node(cell, "lab", 0) for cell in sheet.intro]
    at = next((i for i, n in enumerate(nodes) if n.cell_type == "code"), len(nodes))
    nodes.insert(
        at, new_markdown_cell(RULE, metadata={"live_papers": first_cell("rule", RULE)})
    )
    for task in sheet.exercises:
        for cell in task.of(*LEARNERS_SEE):
            text = unanswered(cell.text) if cell.role == "answer" else cell.text
            nodes.append(exercise_node(cell, text, task.number))
    titles = [task.title for task in sheet.exercises]
    return notebook(source, installing(nodes, source), titles)


def solutions(source: Path) -> NotebookNode:
    """Make the notebook of answers, with their reasons, from an exercises.md."""
    sheet = parse(source, notebook=notebook_path(source.with_name("solutions.md")))
    nodes = [as_node(cell, "lab", 0) for cell in sheet.intro]
    for task in sheet.exercises:
        for cell in task.of(*LEARNERS_SEE, "why"):
            nodes.append(exercise_node(cell, answered(cell.text), task.number))
    titles = [task.title for task in sheet.exercises]
    return notebook(source, installing(nodes, source), titles)


def exercise_node(cell: Cell, text: str, number: int) -> NotebookNode:
    """Turn a cell of an exercise into a notebook's, with this text.

    A check is folded: its code would tell the answer, and its verdict stands below it.
    """
    if cell.role == "check":
        node = as_node(replace(cell, text=f"{CHECK}\n{text}"), "lab", number)
        node.metadata["jupyter"] = {"source_hidden": True}
        return node
    return as_node(replace(cell, text=for_learners(text)), "lab", number)


def as_node(cell: Cell, target: Target, exercise: int | None = None) -> NotebookNode:
    """Turn a source cell into a notebook's; its exercise is 0 before the first one."""
    metadata: dict[str, Any] = {"tags": cell.tags} if cell.tags else {}
    if FOLDED.intersection(cell.tags) and target == "lab":
        metadata["jupyter"] = {"source_hidden": True}  # a click shows it
    if target == "site":  # where other options have a meaning too
        metadata = {k: v for k, v in cell.options.items() if k != "says"}
    if exercise is not None:
        metadata["live_papers"] = {
            "exercise": exercise,
            "role": cell.role,
            "name": cell.name,
            "made": digest(cell.text),
        }
    new = new_code_cell if cell.kind == "code" else new_markdown_cell
    return new(cell.text, metadata=metadata)


def installing(nodes: list[NotebookNode], source: Path) -> list[NotebookNode]:
    """Put a cell before the first code that gets the course where it is not."""
    address = repository(source_folder(source).parent)
    text = INSTALL.format(where=f'"{address}"' if address else ASKING)
    at = next((i for i, n in enumerate(nodes) if n.cell_type == "code"), len(nodes))
    cell = new_code_cell(text, metadata={"jupyter": {"source_hidden": True}})
    if at < len(nodes) and "live_papers" in nodes[at].metadata:
        cell.metadata["live_papers"] = first_cell("install", text)
    return [*nodes[:at], cell, *nodes[at:]]


def first_cell(name: str, text: str) -> dict[str, Any]:
    """What we write into a cell that we put before a notebook's first exercise."""
    return {"exercise": 0, "role": "intro", "name": name, "made": digest(text)}


def notebook(
    source: Path, nodes: list[NotebookNode], titles: list[str] | None = None
) -> NotebookNode:
    """Put cells together, with ids from their content and a hash of what was made."""
    seen: dict[str, int] = {}
    for node in nodes:
        key = node.cell_type + node.source
        seen[key] = seen.get(key, 0) + 1
        node.id = digest(key, seen[key])
    ours: dict[str, Any] = {
        "source": source.relative_to(source_folder(source)).as_posix(),
        "made": made(nodes),
    }
    if titles is not None:
        ours["titles"] = titles
    book = new_notebook(cells=nodes, metadata=METADATA | {"live_papers": ours})
    nbformat.validate(book)
    return book


def digest(*parts: object) -> str:
    """Hash some text into twelve letters and digits."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:12]


def made(nodes: Iterable[NotebookNode]) -> str:
    """Hash what an author decides in cells; outputs and empty cells do not count."""
    return digest(
        *(
            [node.cell_type, node.source, tags(node), node.metadata.get("live_papers")]
            for node in nodes
            if node.source.strip()
        )
    )


def tags(node: NotebookNode) -> list[str]:
    """List a cell's tags."""
    return list(node.metadata.get("tags", []))


def as_text(book: NotebookNode) -> str:
    """Write a notebook as the text of its file."""
    return nbformat.writes(book) + "\n"


def sources(root: Path = ROOT) -> list[Path]:
    """List the texts that notebooks are made from, front page first."""
    source = root / "source"
    texts = [source / "index.md"]
    for folder in sorted(path for path in source.glob("[0-9]*") if path.is_dir()):
        texts += [folder / "chapter.md", folder / "exercises.md"]
    return [text for text in texts if text.exists()]


def all_notebooks(root: Path = ROOT) -> dict[Path, NotebookNode]:
    """Make every notebook; keys are paths relative to `root`."""
    books = {}
    for text in sources(root):
        if text.stem == "exercises":
            books[notebook_path(text)] = exercises(text)
            books[notebook_path(text.with_name("solutions.md"))] = solutions(text)
        else:
            books[notebook_path(text)] = chapter(text)
    return books


def differing(root: Path = ROOT) -> list[Path]:
    """Name the notebooks that are not, byte for byte, what the source gives.

    Where the file itself differs, because a reader works in it, git's staged copy
    counts. A notebook that was made from a source that is gone is named too.
    """
    books = all_notebooks(root)
    wrong = []
    for path, book in books.items():
        text = as_text(book).encode()
        file = root / path
        same = file.exists() and file.read_bytes() == text
        if not same and staged(root, path) != text:
            wrong.append(path)
    for folder in ("chapters", "exercises", "solutions"):
        for file in sorted((root / folder).glob("*.ipynb")):
            path = file.relative_to(root)
            if path not in books and staged(root, path) is not None:
                wrong.append(path)
    return wrong


def staged(root: Path, path: Path) -> bytes | None:
    """Give the content of a file as git would commit it, or None where git has none."""
    show = ["git", "-C", str(root), "show", f":{path.as_posix()}"]
    try:
        result = subprocess.run(show, capture_output=True)
    except OSError:
        return None
    return result.stdout if result.returncode == 0 else None
