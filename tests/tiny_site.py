"""A project with one tiny chapter, for the tests of the site."""

import os
import shutil

from filelock import FileLock

from course.site import ROOT, build

HEAD = "---\njupytext: {text_representation: {format_name: myst}}\n---\n"
TEXTS = {
    "lib/__init__.py": "",
    "lib/tiny.py": "def answer():\n    return 41 + 1\n",
    "lib/game/__init__.py": """\
\"\"\"A game: what is lost, and where it is played.\"\"\"

from lib.game.losses import KINDS, loss

__all__ = ["KINDS", "loss"]
""",
    "lib/game/losses.py": '''\
"""What a player loses, by the colour of their stake.

Shapes: N stakes.
"""

from lib import tiny

KINDS = ("hinge", "minimax")


def loss(stake):
    """The stake, and `tiny.answer` on top.

    loss = stake + 42       (Eq. 1)

    A number -> a number.
    >>> loss(1)
    43
    """
    return _whole(stake) + tiny.answer()


def _whole(stake):
    return int(stake)
''',
    "lib/game/field.py": '''\
"""Where it is played."""


class Field:
    """A field of some size."""

    def centre(self, size):
        """The middle."""
        return size / 2
''',
    "requirements.lock": "torch==2.13.0\n",
    "source/index.md": """
# Tiny Papers

Two chapters, one of them written.

| | Chapter | Question |
|-|---------|----------|
| 05 | [Tiny](05_tiny/chapter.md) | Which one? |
| 06 | Later | When? |
""",
    "source/05_tiny/chapter.md": """
# A tiny chapter

**How small is a chapter?**

*3 minutes to read · under two minutes of machine time*

As {cite:t}`he2016` say, $a^2$, which is in {eq}`square`; see the [tasks](exercises.md).

$$ a^2 = \\frac{1}{b} $$ (square)

```{code-cell} python
from lib import tiny
print("the answer is", tiny.answer())
```

## Losing

What is at stake here is lost.

```{code-cell} python
from lib.game import KINDS, field, loss
print(loss(0), loss(1), KINDS, field.Field().centre(4))
```

```{code-cell} python
:tags: [hide-input]
from IPython.display import HTML
HTML('<figure class="live"><svg role="img" aria-label="A dot" width="9" height="9">'
     '<circle r="4"/></svg></figure>')
```
""",
    "source/05_tiny/exercises.md": """
# Tasks

All in [the chapter](chapter.md).

## Exercise 1 · Add one

*2 points · easy · 8 minutes · needs: -*

Write `add`.

<details><summary>Hint 1</summary>

It is $x + 1$.

</details>

```{code-cell} python
:tags: [answer]
def add(x):
    # BEGIN SOLUTION
    return x + 1
    # END SOLUTION
```

**Why.** One more is one more.

```{code-cell} python
:tags: [check]
add(1)
```

```{code-cell} python
:tags: [grade]
def grade(seed):
    return {"two": add(1)}
```
""",
}


def make(root):
    for name, text in TEXTS.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((HEAD if name.endswith(".md") else "") + text)
    for name in ("references.md", "references.bib", "glossary.md"):
        shutil.copy(ROOT / "source" / name, root / "source")
    return root


def built(factory):
    """A project and its pages, built once for all workers, for tests that only look."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # each worker has one of its own in it
    root, done = folder / "tiny_site", folder / "tiny_site_is_built"
    with FileLock(folder / "tiny_site.lock"):
        if not done.exists():
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir()
            build(root=make(root))
            done.touch()
    return root


def executed(root, factory):
    """A project without pages, in whose cache is already what its code gave."""
    kept, doctrees = built(factory) / "build/cache", shutil.ignore_patterns("doctrees")
    shutil.copytree(kept, make(root) / "build/cache", ignore=doctrees)
    return root


def edit(root, name, old, new):
    text = (root / name).read_text()
    assert old in text
    (root / name).write_text(text.replace(old, new))
