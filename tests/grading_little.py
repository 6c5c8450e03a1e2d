"""Two small exercises for the tests of grading, and notebooks that answer them."""

import json
from dataclasses import replace

from course.exercises import Sheet, answered, parse
from course.grading import crowd, graft, marks
from course.grading.box.sandbox import Box, works
from course.grading.run import run
from course.grading.sending import pack
from course.grading.values import unpack
from course.notebooks import exercises

WRAPPED = works()
BOX = Box(WRAPPED, cell_seconds=3)
SEED = 7
TEXT = """# Exercises

```{code-cell} ipython3
import torch

from lib import check
```

## Exercise 1 · Double

*2 points · easy · 8 minutes · needs: -*

Do it.

```{code-cell} ipython3
:tags: [answer]
def double(x):
    # BEGIN SOLUTION
    return 2 * x
    # END SOLUTION
```

```{code-cell} ipython3
:tags: [check]
with check.exercise("double"):
    check.same(double(torch.arange(3.0)), torch.tensor([0.0, 2.0, 4.0]))
```

```{code-cell} ipython3
:tags: [grade]
def grade(seed):
    torch.manual_seed(seed)
    return {"x": double(torch.randn(3, 4)), "n": double(seed)}
```

## Exercise 2 · Shift

*3 points · easy · 8 minutes · needs: -*

Use `one`.

```{code-cell} ipython3
one = 1
```

```{code-cell} ipython3
:tags: [answer]
def shift(x):
    # BEGIN SOLUTION
    return x.roll(one)
    # END SOLUTION
```

```{code-cell} ipython3
:tags: [check]
with check.exercise("shift"):
    check.same(shift(torch.arange(3.0)), torch.tensor([2.0, 0.0, 1.0]))
```

```{code-cell} ipython3
:tags: [grade]
def grade(seed):
    torch.manual_seed(seed)
    return {"x": shift(torch.randn(9))}
```
"""
DOUBLE = "def double(x):\n    return x + x"
HONEST = "def shift(x):\n    return torch.cat([x[-1:], x[:-1]])"


def source(folder):
    """Write the sheet where a course has it; give its path."""
    path = folder / "source" / "05_x" / "exercises.md"
    path.parent.mkdir(parents=True)
    path.write_text(TEXT)
    (path.parent / "chapter.md").write_text("# A chapter\n")
    return path


def book(path, **answers):
    """Make a learner's notebook in which some functions are answered, by name."""
    made = exercises(path)
    for cell in made.cells:
        name = cell.metadata.live_papers.name
        if name in answers:
            cell.source = answers[name]
    return made


def raw(notebook):
    """The bytes of a notebook's file."""
    return json.dumps(notebook).encode()


def with_students(place):
    path = source(place / "course")
    folder = place / "in"
    given = {"anna": dict(double=DOUBLE, shift=HONEST), "ben": dict(shift=HONEST)}
    for name, answers in (given | {"carl": {}}).items():
        (folder / name).mkdir(parents=True)
        (folder / name / "work.ipynb").write_bytes(raw(book(path, **answers)))
    return place


def go(course, **options):
    return crowd.main(course / "in", course / "out", root=course / "course", **options)


def results(course):
    return json.loads((course / "out" / "results.json").read_text())


def expected(sheet):
    """What marks.expected gives, without a kernel: its starts take seconds."""
    found = {}
    for task in sheet.exercises:
        names = {}
        for cell in [*sheet.intro, *task.of("setup", "answer", "grade")]:
            if cell.kind == "code":
                exec(cell.text, names)
        sent = {name: pack(name, x) for name, x in names["grade"](SEED).items()}
        found[task.number] = unpack(sent)
    return found


def grade(path, notebook, want, box=BOX):
    """Grade a notebook, or bytes; give the rows by exercise."""
    data = notebook if isinstance(notebook, bytes) else raw(notebook)
    rows = marks.rows("05_x", parse(path), data, want, SEED, box)
    return {row.exercise: row for row in rows}


def points(rows):
    return {number: row.points for number, row in sorted(rows.items())}


def endless(box):
    """A box that ends no notebook: one of so many answers is nobody's."""
    return replace(box, cells=1000)


def judged(sheet, cases, box=BOX):
    """Run many answers, (task, text) each, in one kernel; give what is wrong with each.

    Also gives the outcomes. Before them the kernel runs the solution of each task.
    """
    solved = [(t, [answered(c.text) for c in t.of("answer")]) for t in sheet.exercises]
    whole = [*solved, *((task, [text]) for task, text in cases)]
    tasks = [replace(task, number=k) for k, (task, _) in enumerate(whole, 1)]
    given = {k: texts for k, (_, texts) in enumerate(whole, 1)}
    many = Sheet(sheet.intro, tuple(tasks))
    outcomes = list(run(graft.graded(many, given, SEED), endless(box)))
    assert [o["exercise"] for o in outcomes] == list(given)
    first, rest = outcomes[: len(solved)], outcomes[len(solved) :]
    want = {
        task.number: marks.unpack(outcome["values"])
        for (task, _), outcome in zip(solved, first, strict=True)
    }
    found = [
        marks.judge(outcome, want[task.number])
        for (task, _), outcome in zip(cases, rest, strict=True)
    ]
    return found, rest


def together(path, cases, box=BOX):
    """Grade one notebook of many exercises; cases are (number in the sheet, answer).

    Gives the rows in the order of the cases.
    """
    sheet = parse(path)
    tasks = [
        replace(sheet.exercises[number - 1], number=k)
        for k, (number, _) in enumerate(cases, 1)
    ]
    many = Sheet(sheet.intro, tuple(tasks))
    cells = [
        {
            "cell_type": "code",
            "source": text,
            "metadata": {"live_papers": {"exercise": k, "role": "answer"}},
        }
        for k, (_, text) in enumerate(cases, 1)
    ]
    data, box = raw({"cells": cells}), endless(box)
    rows = marks.rows("05_x", many, data, expected(many), SEED, box)
    return sorted(rows, key=lambda row: row.exercise)


HASTY = replace(BOX, cell_seconds=2, start_seconds=3)  # some attacks wait for the end


def after_each(path, attacks):
    """Grade attacks, answers to the first exercise, in one notebook, by their names.

    Gives the row of each, and that of an honest answer to the second after it. Some run
    until they are stopped.
    """
    cases = [case for _, text in attacks for case in ((1, text.lstrip()), (2, HONEST))]
    rows = together(path, cases, HASTY)
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return {name: pair for (name, _), pair in zip(attacks, pairs, strict=True)}


def selected(request, param):
    """The values of a parameter that this run of pytest has chosen, in order."""
    here = [item for item in request.session.items if item.fspath == request.fspath]
    specs = [item.callspec.params for item in here if hasattr(item, "callspec")]
    return list(dict.fromkeys(spec[param] for spec in specs if param in spec))
