"""Read exercises.md into exercises: the task, the answer, and what judges answers."""

import ast
import re
from dataclasses import dataclass, replace
from pathlib import Path

from course.source import Cell, SourceError, Target, parts, read

ROLES = ("answer", "check", "grade", "wrong", "right")  # the tags that name a role
OTHER_TAGS = {"hide-input", "hide-output", "hide-cell", "raises-exception"}
BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"

HEADING = re.compile(r"## Exercise (\d+) · (\S.*)")
FACTS = re.compile(
    r"\*(\d+) points? · (easy|medium|hard) · (\d+) minutes?"
    r"(?: · (build|find the bug|predict))? · needs: ([\w, -]+)\*"
)
HEADING_EXPECTED = "expected a heading `## Exercise 3 · title`"
FACTS_EXPECTED = (
    "expected under the heading a line such as "
    "`*2 points · easy · 8 minutes · needs: expect*`"
)


@dataclass(frozen=True)
class Exercise:
    """One exercise of a chapter; `cells` are all its cells, in order, each with a role.

    `kind` is build, find the bug or predict, and empty for one function by itself.
    Roles: task, setup, answer, why, check (what a solutions notebook shows), and
    grade, wrong, right (what only tests and the grader see). `needs` names the
    modules of lib that an answer may use.
    """

    number: int
    title: str
    points: int
    difficulty: str
    minutes: int
    kind: str
    needs: tuple[str, ...]
    cells: tuple[Cell, ...]

    def of(self, *roles: str) -> list[Cell]:
        """Cells of some roles, in their order in the text."""
        return [cell for cell in self.cells if cell.role in roles]

    @property
    def wrong(self) -> list[tuple[str, str]]:
        """Known wrong answers: the words that the check must say, and the code."""
        return [(cell.options["says"], cell.text) for cell in self.of("wrong")]

    @property
    def right(self) -> list[str]:
        """Other right answers: their code."""
        return [cell.text for cell in self.of("right")]

    @property
    def why(self) -> str:
        """Why the answer is so, as markdown; empty where the text does not say."""
        return "\n\n".join(cell.text for cell in self.of("why"))


@dataclass(frozen=True)
class Sheet:
    """All exercises of a chapter, and the cells that stand before the first."""

    intro: tuple[Cell, ...]
    exercises: tuple[Exercise, ...]


def parse(path: Path, target: Target = "lab", notebook: Path | None = None) -> Sheet:
    """Read an exercises.md; SourceError says which line lacks what."""
    intro: list[Cell] = []
    tasks: list[list[Cell]] = []
    for cell in split_headings(read(path, target, notebook)):
        if cell.kind == "markdown" and cell.text.startswith("## "):
            tasks.append([cell])
        else:
            (tasks[-1] if tasks else intro).append(cell)
    exercises = [exercise(path, cells) for cells in tasks]
    for number, (task, cells) in enumerate(zip(exercises, tasks, strict=True), 1):
        if task.number != number:
            found = f"exercise {task.number}: expected number {number} here"
            raise SourceError(path, cells[0].line, found)
        if task.title in [other.title for other in exercises[: number - 1]]:
            found = f"exercise {number}: expected a title of its own"
            raise SourceError(path, cells[0].line, found)
    return Sheet(
        named([replace(cell, role="intro") for cell in intro]), tuple(exercises)
    )


def split_headings(cells: list[Cell]) -> list[Cell]:
    """Let every second-level heading begin a cell of its own."""
    split = []
    for cell in cells:
        if cell.kind == "code":
            split.append(cell)
            continue
        pieces = [""]
        for literal, part in parts(cell.text):
            cut = [part] if literal else re.split(r"^(?=## )", part, flags=re.M)
            pieces[-1] += cut[0]
            pieces += cut[1:]
        line = cell.line
        for piece in pieces:
            if piece.strip():
                split.append(replace(cell, text=piece.strip(), line=line))
            line += piece.count("\n")
    return split


def for_learners(text: str) -> str:
    """A task's text without what its line of facts says to tests and grader."""
    return re.sub(r"^(\*\d+ points? · .+) · needs: .+\*$", r"\1*", text, flags=re.M)


def exercise(path: Path, cells: list[Cell]) -> Exercise:
    """Make an exercise of the cells from one heading to the next."""
    head, line = cells[0].text.split("\n"), cells[0].line
    heading = HEADING.fullmatch(head[0].rstrip())
    if heading is None:
        raise SourceError(path, line, f"{HEADING_EXPECTED}, and `{head[0]}` came")
    number = f"exercise {heading[1]}"
    below = next((text for text in head[1:] if text.strip()), "")
    facts = FACTS.fullmatch(below.strip())
    if facts is None:
        raise SourceError(path, line, f"{number}: {FACTS_EXPECTED}, and `{below}` came")
    needs = tuple(name.strip() for name in facts[5].split(",") if name.strip() != "-")
    found = Exercise(
        number=int(heading[1]),
        title=heading[2].strip(),
        points=int(facts[1]),
        difficulty=facts[2],
        minutes=int(facts[3]),
        kind=facts[4] or "",
        needs=needs,
        cells=watched(named([with_role(path, number, cell) for cell in cells])),
    )
    for role in ("answer", "check", "grade"):
        if not found.of(role):
            raise SourceError(
                path, line, f"{number}: expected a cell with the tag {role}"
            )
    return found


def with_role(path: Path, number: str, cell: Cell) -> Cell:
    """Say what a cell of an exercise is for, and whether it has what that takes."""

    def expected(sentence: str) -> SourceError:
        return SourceError(path, cell.line, f"{number}: expected {sentence}")

    if cell.kind == "markdown":
        return replace(cell, role="why" if cell.text.startswith("**Why.**") else "task")
    roles = [tag for tag in cell.tags if tag in ROLES]
    if unknown := set(cell.tags) - set(ROLES) - OTHER_TAGS:
        known = ", ".join([*ROLES, *sorted(OTHER_TAGS)])
        raise expected(f"tags among {known}; {', '.join(sorted(unknown))} came")
    if len(roles) > 1:
        raise expected(f"one role a cell, and {' and '.join(roles)} came")
    role = roles[0] if roles else "setup"
    try:
        tree = ast.parse(cell.text)
    except SyntaxError as error:
        raise expected(f"Python in the {role} cell; {error}") from error
    names = [d.name for d in tree.body if isinstance(d, ast.FunctionDef | ast.ClassDef)]
    if role == "wrong" and not isinstance(cell.options.get("says"), str):
        raise expected('`:says: "words"` on a wrong answer: what the check must say')
    if role == "grade" and "grade" not in names:
        raise expected("`def grade(seed)` in the grade cell")
    if role == "answer":
        if not names:
            raise expected("a function or a class in the answer cell")
        try:
            unanswered(cell.text)
        except ValueError as error:
            raise expected(str(error)) from error
    return replace(cell, role=role, name=names[0] if role == "answer" else "")


def named(cells: list[Cell]) -> tuple[Cell, ...]:
    """Give every cell that has no name one: its role, and which one it is of them."""
    seen: dict[str, int] = {}
    done = []
    for cell in cells:
        seen[cell.role] = seen.get(cell.role, 0) + 1
        done.append(replace(cell, name=cell.name or f"{cell.role} {seen[cell.role]}"))
    return tuple(done)


WATCHED = "\n\ngrade = __import__('lib.check').check.graded(grade, {})"


def watched(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """Let each grade cell call the answers under the watch that the check has on them.

    What is out of an answer's reach is what the check calls `given`.
    """
    functions = [
        part.name
        for cell in cells
        if cell.role == "answer"
        for part in ast.parse(cell.text).body
        if isinstance(part, ast.FunctionDef)
    ]
    given = [
        word.value.id
        for cell in cells
        if cell.role == "check"
        for call in ast.walk(ast.parse(cell.text))
        if isinstance(call, ast.Call)
        for word in call.keywords
        if word.arg == "given" and isinstance(word.value, ast.Name)
    ]
    seal = WATCHED.format(", ".join([repr(" and ".join(functions)), *given]))
    return tuple(
        replace(cell, text=cell.text + seal) if cell.role == "grade" else cell
        for cell in cells
    )


def unanswered(text: str) -> str:
    """Put `raise NotImplementedError` in place of every marked part of an answer.

    Raises ValueError unless the marks come in pairs, inside a function.
    """
    lines, inside, found = [], False, 0
    for line in text.split("\n"):
        mark = line.strip()
        if mark in (BEGIN, END):
            if inside == (mark == BEGIN) or line == BEGIN:
                raise ValueError(f"{BEGIN} and {END} in turn, inside a function")
            inside = mark == BEGIN
            if inside:
                lines.append(line.replace(BEGIN, "raise NotImplementedError"))
                found += 1
        elif not inside:
            lines.append(line)
    if inside or not found:
        raise ValueError(f"{BEGIN} and {END} around what the learner is to write")
    return "\n".join(lines)


def answered(text: str) -> str:
    """Show an answer without the marks around it."""
    kept = [line for line in text.split("\n") if line.strip() not in (BEGIN, END)]
    return "\n".join(kept)
