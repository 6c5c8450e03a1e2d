"""A docstring as paragraphs, equations and examples, for a page."""

import re

from docutils import nodes

# Lines set apart: with wide gaps, indented, or with a formula's signs.
EQUATION = re.compile(r"\S {3,}\S|^ |[=^\[]", re.M)


def prose(doc: str) -> list[nodes.Element]:
    """The blocks of a docstring, the first of which says what the thing is."""
    found: list[nodes.Element] = []
    for block in re.split(r"\n\s*\n", doc) if doc else []:
        words, arrows, example = block.partition(">>> ")
        if found and _is_equation(words):
            text = words.strip("\n")
            found.append(nodes.literal_block(text, text, language="none"))
            found[-1]["classes"].append("equation")
        elif words.strip():
            found.append(nodes.paragraph("", "", *inline(" ".join(words.split()))))
        if arrows:
            code = arrows + example
            found.append(nodes.literal_block(code, code, language="pycon"))
    return found


def _is_equation(words: str) -> bool:
    """Whether a block is one: it has no full stop, few lines, and looks like it."""
    sentence = words.rstrip().endswith((".", "?", ":", "`"))
    return not sentence and words.count("\n") < 6 and bool(EQUATION.search(words))


def inline(words: str) -> list[nodes.Node]:
    """Text with `code` in it."""
    pieces = re.split(r"`+([^`]+)`+", words)
    return [
        nodes.literal("", piece) if n % 2 else nodes.Text(piece)
        for n, piece in enumerate(pieces)
    ]
