"""A new chapter: sources that are whole, and say what is still to be written."""

import re
from pathlib import Path

from course.source import ROOT

NAME = re.compile(r"\d\d[a-z]?_[a-z0-9_]+")
HEAD = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3 (ipykernel)
  language: python
  name: python3
---

"""
CHAPTER = """\
# {title}

**Which one question does it answer?**

*40 minutes to read · under two minutes of machine time*

Begin with the question, and with what its answer would be good for.

```{{code-cell}} ipython3
import torch
from lib import plot
from lib.live import Slider, live
```

Say what the code computes.

```{{code-cell}} ipython3
x = torch.linspace(-3, 3, 121)

def wave(rate):
    return dict(line=(rate * x).sin())
```

What is to be guessed before the figure is touched?

```{{code-cell}} ipython3
:tags: [hide-input]
def draw(fig, line):
    axes = fig.subplots()
    return dict(line=axes.plot(x, line)[0])

live(wave, draw, alt="A wave whose rate can be dragged", rate=Slider(0.5, 5, 1))
```

Say what was surprising. The [exercises](exercises.md) follow.
"""
EXERCISES = """\
# Exercises: {title}

All of them are in [the chapter](chapter.md).

```{{code-cell}} ipython3
import torch
from lib import check
```

## Exercise 1 · Twice

*1 point · easy · 5 minutes · needs: -*

Write `twice`, so that it gives two of everything.

<details><summary>Hint 1</summary>

What is the same, taken two times?

<details><summary>Hint 2</summary>

Addition will do.

<details><summary>Hint 3</summary>

`x + x`.

</details>
</details>
</details>

```{{code-cell}} ipython3
:tags: [answer]
def twice(x):
    \"\"\"A tensor of any shape, doubled.\"\"\"
    # BEGIN SOLUTION
    return 2 * x
    # END SOLUTION
```

**Why.** Say why it is so, and not how it is written.

```{{code-cell}} ipython3
:tags: [check]
with check.exercise("twice"):
    x = torch.tensor([1.0, -2.0, 3.0])
    mistakes = {{
        "nothing was doubled": x,
        "that is the square": x**2,
        "that is a half": x / 2,
        "the sign is lost": 2 * x.abs(),
    }}
    check.same(twice(x), 2 * x, mistakes=mistakes)
```

```{{code-cell}} ipython3
:tags: [grade]
def grade(seed):
    torch.manual_seed(seed)
    return {{"twice": twice(torch.randn(20))}}
```
"""
WRONG = {
    "nothing was doubled": "x",
    "that is the square": "x**2",
    "that is a half": "x / 2",
    "the sign is lost": "2 * x.abs()",
}
RIGHT = ("x + x", "x * 2")


def chapter(name: str, root: Path = ROOT) -> list[str]:
    """Write source/NAME with a chapter and its exercises; returns what comes next.

    name is a number and words, such as 14_world_models. Raises ValueError for any
    other, and for one that is there: nothing is written over.
    """
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a chapter: 14_world_models is one")
    folder = root / "source" / name
    if folder.exists():
        raise ValueError(f"{folder} is there already")
    number, _, words = name.partition("_")
    title = words.replace("_", " ").capitalize()
    folder.mkdir(parents=True)
    (folder / "chapter.md").write_text(HEAD + CHAPTER.format(title=title), "utf8")
    (folder / "exercises.md").write_text(HEAD + exercises(title), "utf8")
    row = f"| {number} | [{title}]({name}/chapter.md) | Which question? |"
    return [
        f"made {folder.relative_to(root)}: write, then",
        f"  put this row into source/index.md: {row}",
        f"  make notebooks; make html CHAPTER={number}",
    ]


def exercises(title: str) -> str:
    """The text of a sheet with one exercise that is whole."""
    cells = [EXERCISES.format(title=title)]
    for says, body in WRONG.items():
        cells.append(cell(f':tags: [wrong]\n:says: "{says}"', body))
    cells += [cell(":tags: [right]", body) for body in RIGHT]
    return "\n".join(cells)


def cell(options: str, body: str) -> str:
    """A code cell that defines the answer anew."""
    code = f"def twice(x):\n    return {body}"
    return f"```{{code-cell}} ipython3\n{options}\n{code}\n```\n"
