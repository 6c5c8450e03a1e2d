"""What stands in lib and where, read from its text: nothing of it is imported."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

Defined = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Part:
    """A piece of a file: a public function or class, or what stands between them.

    `doc` is the docstring, and `code` is without it, so that nothing is said twice.
    """

    name: str
    doc: str
    code: str


@dataclass(frozen=True)
class File:
    """One module of lib: its dotted name, its text, and whether it is a package's."""

    module: str
    text: str
    package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        """The text as Python reads it."""
        return ast.parse(self.text)

    @property
    def doc(self) -> str:
        """The module's docstring."""
        return ast.get_docstring(self.tree) or ""

    @property
    def parts(self) -> list[Part]:
        """The whole file in order, cut where a public function or class begins.

        Only `__all__` is left out, which says again what a package imports.
        """
        text = re.sub(r"^__all__ = \[[^]]*\]\n", "", self.text, flags=re.M)
        if text != self.text:
            return File(self.module, text, self.package).parts
        lines, place = text.splitlines(), 0
        parts: list[Part] = []
        for node in self.tree.body:
            if not isinstance(node, Defined) or node.name.startswith("_"):
                continue
            first = min(x.lineno for x in (node, *node.decorator_list)) - 1
            while lines[first - 1].startswith("#") and first > place:
                first -= 1  # a remark on what comes
            parts.append(Part("", "", _without(self.tree, lines, place, first)))
            place = node.end_lineno or 0
            code = _without(node, lines, first, place)
            parts.append(Part(node.name, ast.get_docstring(node) or "", code))
        parts.append(Part("", "", _without(self.tree, lines, place, len(lines))))
        return [part for part in parts if part.code]

    @cached_property
    def names(self) -> dict[str, tuple[int, int]]:
        """Every name that is defined here, "MoE" and "MoE.run": its line and column."""
        return dict(_defined(self.tree.body))

    @cached_property
    def handed_on(self) -> dict[str, str]:
        """Names that come from elsewhere in lib, and what they stand for."""
        found: dict[str, str] = {}
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom):
                whole = self.origin(node)
                found |= {a.asname or a.name: f"{whole}.{a.name}" for a in node.names}
        return {name: to for name, to in found.items() if to.startswith("lib.")}

    def origin(self, node: ast.ImportFrom) -> str:
        """The module that an import in this file names, relative or not."""
        if not node.level:
            return node.module or ""
        steps = self.module.split(".")
        base = steps[: len(steps) - node.level + self.package]
        return ".".join([*base, *filter(None, [node.module])])


@dataclass(frozen=True)
class Library:
    """All Python files of a folder `lib`, by module."""

    files: dict[str, File]

    @classmethod
    def read(cls, folder: Path) -> "Library":
        """Read every Python file under the folder `lib`."""
        files = {}
        for path in sorted(folder.rglob("*.py")):
            steps = ["lib", *path.relative_to(folder).with_suffix("").parts]
            package = steps[-1] == "__init__"
            module = ".".join(steps[:-1] if package else steps)
            files[module] = File(module, path.read_text("utf8"), package)
        return cls(files)

    @property
    def pages(self) -> dict[str, list[File]]:
        """By page, its files: a package's own, what it hands on, and the others."""
        pages: dict[str, list[File]] = {}
        for module, file in sorted(self.files.items()):
            if module != "lib":
                pages.setdefault(page(module), []).append(file)
        for own, *files in pages.values():
            given = list(own.handed_on.values())
            first = [file for file in files if _gives(file, given)]
            rest = [file for file in files if file not in first]
            pages[page(own.module)] = [own, *first, *rest]
        return pages

    def home(self, name: str) -> str | None:
        """Follow a dotted name to where it is defined; None where lib has no such name.

        "lib.gan.discriminator_loss" -> "lib.gan.losses.discriminator_loss".
        """
        if self._defines(name):
            return name
        module, *rest = name.split(".")
        while rest:
            file = self.files.get(module)
            inner = f"{module}.{rest[0]}"
            to = file.handed_on.get(rest[0], inner) if file else inner
            if to != inner:
                whole = ".".join([to, *rest[1:]])
                known = not self._defines(to) or self._defines(whole)
                return self.home(whole) if known else None
            module = inner
            rest.pop(0)
            if module not in self.files:
                return None
        return module

    def _defines(self, name: str) -> bool:
        """Whether a file defines it; "lib.data.scenes" may be a function and a file."""
        steps = name.split(".")
        cuts = range(len(steps) - 1, 0, -1)
        owner = next((n for n in cuts if ".".join(steps[:n]) in self.files), None)
        if owner is None:
            return False
        return ".".join(steps[owner:]) in self.files[".".join(steps[:owner])].names


def _gives(file: File, names: list[str]) -> bool:
    return any(name.startswith(f"{file.module}.") for name in names)


def page(home: str) -> str:
    """The page on which a name stands: "lib.gan.losses" -> "lib/gan"."""
    return "/".join(home.split(".")[:2])


def _without(node: ast.Module | Defined, lines: list[str], first: int, end: int) -> str:
    """Some lines, less a node's docstring and the empty line below, if more is left."""
    kept = lines[first:end]
    if ast.get_docstring(node) is not None and len(node.body) > 1:
        doc = node.body[0]
        a, b = (max(0, n - first) for n in (doc.lineno - 1, doc.end_lineno or 0))
        b += b < len(kept) and not kept[b].strip()
        kept[a:b] = []
    return "\n".join(kept).strip("\n")


def _defined(
    body: list[ast.stmt], inside: str = ""
) -> Iterator[tuple[str, tuple[int, int]]]:
    for node in body:
        if isinstance(node, Defined):
            word = "class " if isinstance(node, ast.ClassDef) else "def "
            yield inside + node.name, (node.lineno, node.col_offset + len(word))
            if isinstance(node, ast.ClassDef):
                yield from _defined(node.body, f"{inside}{node.name}.")
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in (n for target in targets for n in ast.walk(target)):
                if isinstance(name, ast.Name):
                    yield inside + name.id, (name.lineno, name.col_offset)
