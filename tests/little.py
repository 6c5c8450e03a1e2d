"""A small project of one chapter and two exercises, for the tests of course."""

import nbformat

from course import keeping

BIB = """
@article{one, author={Kingma, D. P.}, title={A}, year={2013}, doi={10.1/x}}
@article{two, author={van der Berg, A. and Li, B.}, title={B}, year={2014}}
@article{many, author={A, A. and B, B. and C, C.}, title={C}, year={2021},
  url={https://example.org/c}}
"""
CHAPTER = """
# A chapter

See {cite:p}`one`, and [the tasks](exercises.md#top).

```{code-cell} ipython3
:tags: [hide-input]
print(1)
```
"""


def task(number, title, prose="Do it."):
    """One exercise of a source, whose answer defines a function of its title."""
    return f"""
## Exercise {number} · {title}

*2 points · easy · 8 minutes · needs: expect, data*

{prose}

```{{code-cell}} ipython3
:tags: [answer]
def {title.lower()}(x):
    # BEGIN SOLUTION
    return x
    # END SOLUTION
```

**Why.** Because of {title}.

```{{code-cell}} ipython3
:tags: [check]
assert {title.lower()}(1) == 1
```

```{{code-cell}} ipython3
:tags: [grade]
def grade(seed):
    return {{"x": {title.lower()}(seed)}}
```

```{{code-cell}} ipython3
:tags: [wrong]
:says: "not the same"
def {title.lower()}(x):
    return -x
```
"""


def sheet(*titles, prose="Do it."):
    """The text of an exercises.md with these exercises."""
    intro = "# Exercises\n\n```{code-cell}\nimport math\n```\n"
    return intro + "".join(task(n, t, prose) for n, t in enumerate(titles, 1))


def make(folder):
    """Write its sources into a folder, and the notebooks beside them."""
    source = folder / "source" / "05_x"
    source.mkdir(parents=True)
    (source.parent / "index.md").write_text("# Front\n\n[x](05_x/chapter.md)\n")
    (source.parent / "references.bib").write_text(BIB)
    (source / "chapter.md").write_text(CHAPTER)
    (source / "exercises.md").write_text(sheet("Alpha", "Beta"))
    keeping.update(folder)
    return folder


def load(root, kind="chapters"):
    return nbformat.read(root / kind / "05_x.ipynb", as_version=4)


def save(root, book, kind="chapters"):
    nbformat.write(book, root / kind / "05_x.ipynb")


def source_of(root, kind="chapter"):
    return root / "source" / "05_x" / f"{kind}.md"


def texts(book):
    return [cell.source for cell in book.cells]


def answer(book, name, text):
    """Write an answer as a learner would."""
    for cell in book.cells:
        if cell.metadata.get("live_papers", {}).get("name") == name:
            cell.source = text
            return cell
    raise AssertionError(f"no cell {name}")


def own(text):
    return nbformat.v4.new_code_cell(text)


def where(book, words):
    return next(i for i, text in enumerate(texts(book)) if words in text)
