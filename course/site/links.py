"""Makes a link of every name of lib in code, to the place where its own code stands."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.writers.html5 import HTML5Translator

from course.site.library import File, Library, page
from course.site.names import Finder, place
from course.site.sections import PYTHON

PIECE = re.compile(r"<[^>]*>|&[^;]+;|[^<&]")


@dataclass(frozen=True, order=True)
class Tag:
    """An element around a part of some code, from character `start` to `end`."""

    start: int
    end: int
    name: str
    attributes: tuple[tuple[str, str], ...]

    @property
    def opening(self) -> str:
        """As html."""
        pairs = (f' {key}="{escape(value)}"' for key, value in self.attributes)
        return f"<{self.name}{''.join(pairs)}>"


def woven(html: str, code: str, tags: Iterable[Tag]) -> str:
    """Put tags into highlighted code, around whole tokens."""
    begin, end = html.index("<pre>") + len("<pre>"), html.rindex("</pre>")
    opening = {tag.start: tag.opening for tag in tags}
    closing = {tag.end: f"</{tag.name}>" for tag in tags}
    done, at, inside = [html[:begin]], 0, False
    for piece in [*PIECE.findall(html, begin, end), html[end:]]:
        if not inside and not piece.startswith("</span"):
            done += closing.pop(at, ""), opening.pop(at, "")
        done.append(piece)
        if piece.startswith("<"):
            inside = piece.startswith("<span")
        else:
            at += 1
    if at not in (len(code), len(code) + 1) or opening or closing:
        raise SphinxError(f"highlighting has changed the text of this code:\n{code}")
    return "".join(done)


@dataclass
class Page:
    """The links of one page, as its code is read from the top."""

    app: Sphinx
    library: Library
    docname: str

    def __post_init__(self) -> None:
        self.finders = {"": Finder(self.library.home)}
        self.seen: set[str] = set()
        self.ids: set[str] = set()

    def address(self, home: str) -> str:
        """Where a name stands, seen from this page."""
        there = page(home)
        uri = self.app.builder.get_relative_uri(self.docname, there)
        return f"{uri}#{home}" if home.count(".") > 1 or not uri else uri

    def links(self, block: nodes.literal_block) -> Iterator[Tag]:
        """Links of one piece of code.

        The mouse may take any. Of those that lead to one place the Tab key stops at the
        first in view alone: a chapter has a hundred links and a third as many aims.
        """
        module = block.get("module", "")
        if module not in self.finders:
            file = self.library.files[module]
            self.finders[module] = Finder(self.library.home, file)
        for found in self.finders[module](block.astext()):
            href = ("href", self.address(found.home)), ("title", found.home)
            again = found.home in self.seen
            if not folded(block):
                self.seen.add(found.home)
            stop = (("tabindex", "-1"),) if again else ()
            yield Tag(found.start, found.end, "a", (*href, *stop))

    def anchors(self, block: nodes.literal_block) -> Iterator[Tag]:
        """Targets at what a file of lib defines without a heading of its own."""
        code = block.astext()
        lines = code.splitlines(keepends=True)
        for name, spot in File("", code).names.items():
            home = f"{block['module']}.{name}"
            if name != block["named"] and home not in self.ids:
                self.ids.add(home)
                start = place(lines, *spot)
                end = start + len(name.split(".")[-1])
                yield Tag(start, end, "span", (("id", home),))


def folded(block: nodes.Node) -> bool:
    """Whether a reader must unfold it."""
    while block := block.parent:
        if "tag_hide-input" in block.get("classes", ()):
            return True
    return False


def find(app: Sphinx, doctree: nodes.document, docname: str, library: Library) -> None:
    """Note on each block of code where its links are; link files that prose names."""
    here = Page(app, library, docname)
    for block in doctree.findall(nodes.literal_block):
        if block.get("language") in PYTHON:
            anchors = here.anchors(block) if "module" in block else ()
            block["tags"] = sorted([*here.links(block), *anchors])
    for literal in list(doctree.findall(nodes.literal)):
        name = re.sub(r"\.py$|/__init__\.py$", "", literal.astext()).replace("/", ".")
        titled = isinstance(literal.parent, nodes.title | nodes.reference)
        if name.startswith("lib.") and not titled and (home := library.home(name)):
            link = nodes.reference("", "", refuri=here.address(home), internal=True)
            literal.replace_self(link)
            link += literal


def visit_code(translator: HTML5Translator, node: nodes.literal_block) -> None:
    """Highlight as Sphinx does, and put the links in."""
    try:
        HTML5Translator.visit_literal_block(translator, node)
    except nodes.SkipNode:
        if tags := node.get("tags"):
            html = translator.body[-1]
            translator.body[-1] = woven(html, node.astext(), tags)
        raise


def depart_code(translator: HTML5Translator, node: nodes.literal_block) -> None:
    """Sphinx's own."""
    HTML5Translator.depart_literal_block(translator, node)
