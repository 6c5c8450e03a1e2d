"""Folded cells: each fold says what code it holds, to those who hear it."""

import ast
from collections import Counter
from html import escape

from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxTranslator

from course.site.depends import MAGIC


def said(code: str) -> str:
    """What the code is for: the names that it defines, else what it sets or calls."""
    tree = ast.parse(MAGIC.sub("", code)).body
    defined = [n.name for n in tree if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    if defined:
        return ", ".join(defined)
    calls = [c for n in tree for c in ast.walk(n) if isinstance(c, ast.Call)]
    called = {ast.unparse(call.func): call for call in calls}
    if live := called.get("live"):
        return f"the figure {ast.unparse(live.args[0])}"
    sets = [ast.unparse(n.targets[0]) for n in tree if isinstance(n, ast.Assign)]
    shown = "what is printed" if "print" in called else "what is shown"
    return ", ".join(sets[:2]) or shown


def visit(self: SphinxTranslator, node: HideCodeCellNode) -> None:
    """A fold that shows `code`, and is called after it and what it holds."""
    blocks = list(node.findall(nodes.literal_block))
    label = node["prompt_show"]
    name = f"{label}: {said(blocks[0].astext())}" if blocks else label
    counts = self.__dict__.setdefault("folds", Counter())  # of this page
    counts[name] += 1
    again = f", {counts[name]}" if counts[name] > 1 else ""
    classes = " ".join(node["classes"])
    self.body.append(
        f'<details class="admonition hide {classes}">\n'
        f'<summary aria-label="{escape(name + again)}">{escape(label)}</summary>\n'
    )


def depart(self: SphinxTranslator, node: HideCodeCellNode) -> None:
    """Its end."""
    self.body.append("</details>\n")


def setup(app: Sphinx) -> None:
    """Let Sphinx write folds this way instead of myst-nb's."""
    app.add_node(HideCodeCellNode, override=True, html=(visit, depart))
