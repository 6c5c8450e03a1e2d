"""Turns executed notebooks and exercises into the notebooks that Sphinx reads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook

from course.exercises import Sheet, answered, parse, unanswered
from course.naming import number
from course.notebooks import METADATA, as_node
from course.site import kernels
from course.site.execute import BuildError, Executed
from course.site.pictures import lighter
from course.site.syllabus import filled
from course.source import Cell

TITLE = re.compile(r"^# (.+)$", re.M)
QUESTION = re.compile(r"^\*\*(.+\?)\*\*$", re.M)
FACTS = re.compile(r"^\*(\d+) minutes to read · (.+)\*$", re.M)
POINTS = re.compile(r"^\*(\d+ points? · \w+ · \d+ minutes?) · needs: .+\*$", re.M)
# The front page's table of chapters: number, title or link, question.
HEAD = re.compile(r"^\| *(\|[^|\n]*\|[^|\n]*\|)\n\|[-:| ]+\|$", re.M)
ROW = re.compile(r"^\| *(\d\d[a-z]?) *\|([^|\n]*)\|([^|\n]*)\|$", re.M)
COST = "\n\n{.facts}\n*To run: seconds of one processor core, measured.*"


@dataclass(frozen=True)
class Opening:
    """What a chapter says of itself on its first lines, and what it cost."""

    title: str
    question: str
    minutes: int
    seconds: float


def pages(root: Path, executed: Mapping[str, Executed]) -> dict[str, bytes]:
    """Every page of the site: its path in the staging folder, and its content."""
    chapters = {name: done for name, done in executed.items() if name != "index"}
    openings = {name: opening(name, done) for name, done in chapters.items()}
    sheets = {}
    books = {name: chapter(done) for name, done in chapters.items()}
    for name in chapters:
        path = root / "source" / name / "exercises.md"
        if path.exists():
            sheets[name] = parse(path, "site")
            books[f"exercises/{name}"] = tasks(name, sheets[name])
            answers = parse(path, "site", Path("solutions", f"{name}.ipynb"))
            books[f"solutions/{name}"] = solutions(name, answers, openings[name].title)
    teaching = sorted(root.glob("source/teaching/*.md"))
    names = [f"teaching/{path.stem}" for path in teaching]
    books["exercises/index"] = all_exercises(openings, sheets, names)
    books["index"] = front(executed["index"], openings)
    files = {f"{name}.ipynb": _written(book) for name, book in books.items()}
    for name in ("references.md", "references.bib"):
        files[name] = (root / "source" / name).read_text("utf8")
    words = (root / "source" / "glossary.md").read_text("utf8")
    files["glossary.md"] = linked(words, openings)
    for path in teaching:
        files[f"teaching/{path.name}"] = filled(path.read_text("utf8"), sheets)
    files |= kernels.texts(root / "lib")
    return {name: text.encode() for name, text in files.items()}


def opening(name: str, done: Executed) -> Opening:
    """Title, question and minutes, read from the first cell of a chapter."""
    text = done.notebook.cells[0].source
    title, question, facts = (rule.search(text) for rule in (TITLE, QUESTION, FACTS))
    if not (title and question and facts):
        raise BuildError(
            f"{name}: a chapter's first cell holds `# Title`, `**its question?**` and "
            "`*40 minutes to read · under two minutes of machine time*`, each on a "
            f"line of its own; it begins:\n{text[:300]}"
        )
    return Opening(title[1], question[1], int(facts[1]), done.seconds)


def chapter(done: Executed) -> NotebookNode:
    """A chapter's page: its opening gains the seconds that were measured."""
    book = nbformat.from_dict(done.notebook)
    _dress(book)
    measured = f"{done.seconds:.0f} seconds of one processor core, measured"
    first = book.cells[0]
    first.source = QUESTION.sub(r"{.question}\n\g<0>", first.source, count=1)
    facts = rf"{{.facts}}\n*\1 minutes to read · {measured}*"
    first.source = FACTS.sub(facts, first.source, count=1)
    return book


def _dress(book: NotebookNode) -> None:
    """Make the pictures in outputs lighter, and tag what styles must tell apart.

    Styles could look into cells by `:has()`, which costs each answer of a figure 4 ms.
    """
    for cell in book.cells:
        found = [
            o.data for o in cell.get("outputs", []) if "text/html" in o.get("data", {})
        ]
        for data in found:
            data["text/html"] = lighter(data["text/html"])
        tags = cell.metadata.setdefault("tags", [])
        if any('class="live"' in data["text/html"] for data in found):
            tags.append("moving")
        if "hide-input" in tags and not cell.get("outputs"):
            tags.append("silent")


def linked(text: str, openings: Mapping[str, Opening]) -> str:
    """A page's links to chapters, as links where the site has the chapter."""

    def link(found: re.Match[str]) -> str:
        words, name = found.groups()
        return f"[{words}]({name}.ipynb)" if name in openings else words

    return re.sub(r"\[([^\]]+)\]\((\w+)/chapter\.md\)", link, text)


def front(done: Executed, openings: Mapping[str, Opening]) -> NotebookNode:
    """The front page: its table of chapters says what each takes, and which are there.

    A row's title and question are the chapter's own, so that they cannot differ.
    """
    names = {number(name): name for name in openings}

    def row(found: re.Match[str]) -> str:
        number, title, question = (cell.strip() for cell in found.groups())
        if number not in names:
            title = re.sub(r"\[(.+?)\]\(.+?\)", r"\1", title)
            return f"| {number} | {title} | {question} | in the making | |"
        name = names[number]
        o = openings[name]
        link, cost = f"[{o.title}]({name}.ipynb)", f"{o.seconds:.0f} s"
        return f"| {number} | {link} | {o.question} | {o.minutes} min | {cost} |"

    book = nbformat.from_dict(done.notebook)
    _dress(book)
    for cell in book.cells:
        if cell.cell_type == "markdown" and HEAD.search(cell.source):
            head = r"{.chapters}\n| No. \1 To read | To run |\n|-|-|-|-:|-:|"
            cell.source = ROW.sub(row, HEAD.sub(head, cell.source)) + COST
    tree = [f"{number(n)} · {o.title} <{n}>" for n, o in openings.items()]
    book.cells.append(
        _tree([*tree, "exercises/index", "lib/index", "glossary", "references"])
    )
    return book


def tasks(name: str, sheet: Sheet) -> NotebookNode:
    """The page of tasks: hints folded, answers left out."""
    book = new_notebook(metadata=METADATA)
    book.cells = [_cell(cell, cell.text) for cell in sheet.intro]
    where = (
        f"The checks are in the notebook: `make lab`, then `exercises/{name}.ipynb`."
    )
    book.cells.insert(1, _facts(where))
    for exercise in sheet.exercises:
        here = f"(exercise-{name}-{exercise.number})=\n"
        for cell in exercise.of("task", "setup", "answer"):
            text = POINTS.sub(r"{.facts}\n*\1*", cell.text, count=1)
            text = unanswered(text) if cell.role == "answer" else text
            book.cells.append(_cell(cell, here + text if here else text))
            here = ""
        after = f"[The answer, and why](#answer-{name}-{exercise.number})"
        book.cells.append(_facts(after))
    return book


def solutions(name: str, sheet: Sheet, title: str) -> NotebookNode:
    """The page of answers, each with its reason."""
    book = new_notebook(metadata=METADATA | {"orphan": True})  # reached from its task
    back = f"[The exercises](../exercises/{name}.ipynb)"
    heading = f"# Answers · {number(name)} {title}"
    book.cells = [new_markdown_cell(heading), _facts(back)]
    for exercise in sheet.exercises:
        place = f"{name}-{exercise.number}"
        heading = f"## Answer {exercise.number} · {exercise.title}"
        book.cells.append(new_markdown_cell(f"(answer-{place})=\n{heading}"))
        book.cells.append(_facts(f"[The task](#exercise-{place})"))
        for cell in exercise.of("answer", "why"):
            code = cell.role == "answer"
            book.cells.append(_cell(cell, answered(cell.text) if code else cell.text))
    return book


def all_exercises(
    openings: Mapping[str, Opening], sheets: Mapping[str, Sheet], teaching: list[str]
) -> NotebookNode:
    """A row for each chapter's exercises and for each of them; pages for teachers."""
    rows = [
        "# Exercises",
        "| No. | Chapter | Tasks | Points | Minutes |",
        "|-|-|-:|-:|-:|",
    ]
    for name, sheet in sheets.items():
        link = f"[{openings[name].title}]({name}.ipynb)"
        points = sum(exercise.points for exercise in sheet.exercises)
        minutes = sum(exercise.minutes for exercise in sheet.exercises)
        count = len(sheet.exercises)
        rows.append(f"| {number(name)} | {link} | {count} | {points} | {minutes} |")
    rows += ["", "## One by one", "", "| No. | Exercise | | Points | Minutes |"]
    rows.append("|-|-|-|-:|-:|")
    for name, sheet in sheets.items():
        for e in sheet.exercises:
            place = f"{number(name)}.{e.number}"
            link = f"[{e.title}](#exercise-{name}-{e.number})"
            rows.append(
                f"| {place} | {link} | {e.difficulty} | {e.points} | {e.minutes} |"
            )
    cells = [new_markdown_cell("\n".join(rows))]
    if teaching:
        links = [f"- [](../{name}.md)" for name in teaching]
        cells.append(new_markdown_cell("\n".join(["## For teachers", *links])))
    tree = _tree([*sheets, *(f"/{name}" for name in teaching)])
    return new_notebook(cells=[*cells, tree])


def _cell(cell: Cell, text: str) -> NotebookNode:
    return as_node(replace(cell, text=text), "site")


def _facts(text: str) -> NotebookNode:
    return new_markdown_cell("{.facts}\n" + text)


def _tree(names: list[str]) -> NotebookNode:
    """Tells Sphinx which pages belong together; not seen on the page."""
    return new_markdown_cell("\n".join(["```{toctree}", ":hidden:", *names, "```"]))


def _written(book: NotebookNode) -> str:
    """As text, with each cell's place as its id: the same page is the same text."""
    for place, cell in enumerate(book.cells):
        cell["id"] = f"cell-{place}"
    return nbformat.writes(book)
