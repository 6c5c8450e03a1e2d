"""Pages of lib: each module's words, its code cut at its names, and who uses them."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

from course.site import links
from course.site.docstrings import inline, prose
from course.site.library import File, Library, Part
from course.site.sections import Sections, kept
from course.site.uses import fill, used_in, uses

# What a notebook needs beside the kernels; everything else in lib is one.
TOOLS = ["train", "check", "plot", "expect", "data", "live"]
OPENING = """# The code

What the chapters call stands here whole: plain PyTorch, a file or a folder for each
idea. A name of `lib` in a chapter's code leads to its place on these pages."""


def texts(folder: Path) -> dict[str, str]:
    """The texts that Sphinx is to read: lib as it is, a page a module, and a list.

    Sphinx reads a page again where its text has changed, so each holds a hash of what
    it shows.
    """
    library = Library.read(folder)
    shown = {page.removeprefix("lib/"): files for page, files in library.pages.items()}
    tools = [name for name in TOOLS if name in shown]
    kernels = [name for name in shown if name not in tools]
    tree = "\n".join(["```{toctree}", ":hidden:", *kernels, *tools, "```"])
    parts = [OPENING, f"## Kernels\n\n```{{kernels}} {' '.join(kernels)}\n```"]
    if tools:
        parts.append(f"## Beside them\n\n```{{kernels}} {' '.join(tools)}\n```")
    pages = {"index": "\n\n".join([*parts, tree, _hash(library.files.values())])}
    for name, files in shown.items():
        pages[name] = f"```{{kernel}} lib.{name}\n```\n\n{_hash(files)}"
    code = {f"lib/{p.relative_to(folder)}": p for p in folder.rglob("*.py")}
    texts = {name: path.read_text("utf8") for name, path in code.items()}
    return texts | {f"lib/{name}.md": text for name, text in pages.items()}


def _hash(files: Iterable[File]) -> str:
    """A comment that differs where one of the files does."""
    text = "".join(file.text for file in files)
    return f"% {hashlib.sha256(text.encode()).hexdigest()}\n"


class Kernel(Directive):
    """The page of a module, or of a package and its files."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """A section for the module, and in it one for each name, or for each file."""
        library = read(self.state.document.settings.env)
        own, *files = library.pages[self.arguments[0].replace(".", "/")]
        return [_module(own, _parts(own) + [_module(f, _parts(f)) for f in files])]


class Kernels(Directive):
    """A table of modules: what each holds, and the chapters that use it."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """A row for each; the words are the first line of its docstring."""
        library = read(self.state.document.settings.env)
        group = nodes.tgroup("", cols=3)
        group += [nodes.colspec(colwidth=1) for _ in range(3)]
        group += nodes.thead(
            "", _row(*(nodes.Text(t) for t in ("Module", "What it holds", "Used in")))
        )
        body = nodes.tbody()
        for name in self.arguments[0].split():
            link = nodes.reference("", "", refuri=f"{name}.html", internal=True)
            link += nodes.literal("", name)
            words = inline(library.files[f"lib.{name}"].doc.split("\n")[0])
            used = used_in(home=f"lib.{name}", brief=True)
            body += _row(link, nodes.inline("", "", *words), used)
        group += body
        return [nodes.table("", group, classes=["kernels"])]


def read(env: BuildEnvironment) -> Library:
    """The library as it was staged, read once a build."""
    if not hasattr(env.app, "live_library"):
        env.app.live_library = Library.read(Path(env.srcdir, "lib"))  # type: ignore[attr-defined]
    return env.app.live_library  # type: ignore[attr-defined]


def _module(file: File, inner: list[nodes.Node]) -> nodes.section:
    whole = nodes.section(ids=[file.module], names=[file.module])
    words, first = prose(file.doc), file.module.count(".") == 1
    title = file.module if first else file.module.split(".")[-1]
    whole += nodes.title("", "", nodes.literal("", title))
    if first and words:
        words[0]["classes"].append("question")
    whole += [*words, used_in(home=file.module), *inner]
    return whole


def _parts(file: File) -> list[nodes.Node]:
    return [
        _named(file, part) if part.name else _code(file, part) for part in file.parts
    ]


def _named(file: File, part: Part) -> nodes.section:
    home = f"{file.module}.{part.name}"
    section = nodes.section(ids=[home], names=[home])
    section += nodes.title("", "", nodes.literal("", part.name))
    section += [*prose(part.doc), used_in(home=home), _code(file, part)]
    return section


def _code(file: File, part: Part) -> nodes.literal_block:
    block = nodes.literal_block(part.code, part.code, language="python")
    block["module"], block["named"] = file.module, part.name
    return block


def _row(*cells: nodes.Node) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", c)) for c in cells))


def finish(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put in what is known when all pages are read: who uses what, links in code."""
    library = read(app.env)
    if not hasattr(app, "live_uses"):
        app.live_uses = uses(kept(app.env), library.home)  # type: ignore[attr-defined]
    for place in list(doctree.findall(used_in)):
        found = app.live_uses.get(place["home"], [])  # type: ignore[attr-defined]
        fill(app, place, docname, found)
    links.find(app, doctree, docname, library)


def setup(app: Sphinx) -> dict[str, object]:
    """Add the pages of lib, and links to them.

    Sphinx reads all pages again where the version differs: where our own code does.
    """
    ours = b"".join(p.read_bytes() for p in sorted(Path(__file__).parent.glob("*.py")))
    version = int(hashlib.sha256(ours).hexdigest()[:12], 16)
    app.add_directive("kernel", Kernel)
    app.add_directive("kernels", Kernels)
    app.add_env_collector(Sections)
    app.add_node(used_in)
    app.add_node(
        nodes.literal_block, override=True, html=(links.visit_code, links.depart_code)
    )
    app.connect("doctree-resolved", finish)
    return {
        "env_version": version,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
