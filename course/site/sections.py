"""What stands in each section of each page: words for the search, code for links."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.environment.collectors import EnvironmentCollector

from course.citations import cite

PYTHON = {"python", "python3", "ipython3"}
NOT_PROSE = (
    nodes.title,
    nodes.section,
    nodes.literal_block,
    nodes.math_block,
    nodes.raw,
    nodes.comment,
    nodes.target,
    nodes.system_message,
    addnodes.toctree,
)


@dataclass
class Section:
    """A section without those inside it; of a glossary, one of its words.

    `anchor` is empty for a page's own; `explained` are the pages that a word leads to.
    """

    title: str
    anchor: str
    text: str = ""
    code: list[str] = field(default_factory=list)
    explained: list[str] = field(default_factory=list)


class Sections(EnvironmentCollector):
    """Keeps the sections of every page in Sphinx's environment."""

    def clear_doc(self, app: Sphinx, env: BuildEnvironment, docname: str) -> None:
        """Forget a page."""
        kept(env).pop(docname, None)

    def merge_other(
        self, app: Sphinx, env: BuildEnvironment, docnames: AbstractSet[str], other: Any
    ) -> None:
        """Take over pages that another process has read."""
        kept(env).update({name: kept(other)[name] for name in docnames})

    def process_doc(self, app: Sphinx, doctree: nodes.document) -> None:
        """Read a page."""
        kept(app.env)[app.env.docname] = list(sections(doctree))


def kept(env: BuildEnvironment) -> dict[str, list[Section]]:
    """By page, its sections in order."""
    if not hasattr(env, "live_sections"):
        env.live_sections = {}  # type: ignore[attr-defined]
    return env.live_sections  # type: ignore[attr-defined]


def sections(doctree: nodes.document) -> Iterator[Section]:
    """Take a page apart."""
    for node in doctree.findall(nodes.section):
        title = node.next_node(nodes.title)
        own = node.parent is doctree
        section = Section(
            title.astext() if title else "", "" if own else node["ids"][0]
        )
        section.text = _line(node.children)
        section.code = [block.astext() for block in _code(node)]
        yield section
    for item in doctree.findall(nodes.definition_list_item):
        if terms := [t for t in item.findall(nodes.term) if t["ids"]]:
            word = Section(
                ", ".join(_line([term]) for term in terms), terms[0]["ids"][0]
            )
            word.text = _line(item.children[-1:])
            links = item.findall(addnodes.pending_xref)
            word.explained = [link["reftarget"] for link in links]
            yield word


def _code(section: nodes.section) -> Iterator[nodes.literal_block]:
    for block in section.findall(nodes.literal_block):
        python = block.get("language") in PYTHON
        if python and next(_above(block, nodes.section)) is section:
            yield block


def _above(node: nodes.Node, kind: type[nodes.Node]) -> Iterator[nodes.Node]:
    while node := node.parent:
        if isinstance(node, kind):
            yield node


def _line(some: Sequence[nodes.Node]) -> str:
    return re.sub(r"\s+", " ", "".join(_words(some))).strip()


def _words(some: Sequence[nodes.Node]) -> Iterator[str]:
    """The prose in some nodes; a formula within it as plain as it can be."""
    for node in some:
        if isinstance(node, nodes.Text):
            yield node.astext()
        elif isinstance(node, nodes.math):
            yield plain(node.astext())
        elif isinstance(node, NOT_PROSE) or "cell_output" in node.get("classes", ()):
            yield " "
        elif node.get("refdomain") == "cite":
            yield _cited(node)
        else:
            yield from _words(node.children)
            yield "" if isinstance(node, nodes.Inline) else " "


def _cited(node: nodes.Element) -> str:
    """Names and year, as the page has them, without the link."""
    bib = Path(node.document.settings.env.srcdir, "references.bib")
    words = cite(node["reftarget"], node["reftype"], bib)
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", words)


def plain(latex: str) -> str:
    """A short formula as text: Greek letters, no commands.

    >>> plain(r"\\mathrm{KL}(p \\,\\|\\, q) = \\beta x^2")
    'KL(p ‖ q) = β x^2'
    """
    text = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2", latex)
    text = re.sub(r"\\[,;! ]", "", text).replace(r"\|", "‖")
    text = re.sub(r"\\([a-zA-Z]+) ?", lambda found: _sign(found[1]), text)
    return re.sub(r"[{}\\]", "", text)


def _sign(command: str) -> str:
    case = "CAPITAL" if command[0].isupper() else "SMALL"
    try:
        return unicodedata.lookup(f"GREEK {case} LETTER {command.upper()}")
    except KeyError:
        return {"sim": "~", "times": "×", "cdot": "·", "log": "log "}.get(command, "")
