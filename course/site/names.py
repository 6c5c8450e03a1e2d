"""Which names of lib stand in code: found by its imports, without running it."""

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from course.site.library import File

MAGIC = re.compile(r"^([ \t]*)[%!].*$", re.M)  # a line that is IPython's, not Python's
Scope = dict[str, str | None]  # a name, and what of lib it stands for, if of lib
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


@dataclass(frozen=True, order=True)
class Mention:
    """A name of lib in a piece of code: from character `start` to `end`."""

    start: int
    end: int
    home: str


def place(lines: list[str], line: int, column: int) -> int:
    """Which character of a text it is: Python counts lines from 1, columns in bytes."""
    before = sum(map(len, lines[: line - 1]))
    return before + len(lines[line - 1].encode()[:column].decode())


@dataclass
class Finder(ast.NodeVisitor):
    """Reads the cells of one page in order, as a kernel would run them.

    `home` follows a dotted name to its definition. In a file of lib its own names are
    known from the start.
    """

    home: Callable[[str], str | None]
    file: File | None = None
    scopes: list[Scope] = field(default_factory=lambda: [{}])

    def __post_init__(self) -> None:
        if self.file:
            own: Scope = {
                name: f"{self.file.module}.{name}" for name in self.file.names
            }
            self.scopes = [own, {}]

    def __call__(self, code: str) -> list[Mention]:
        """What one cell mentions; SyntaxError if it is not Python."""
        tree = ast.parse(MAGIC.sub(r"\1pass", code))
        self.found: set[Mention] = set()
        self.code, self.lines = code, code.splitlines(keepends=True)
        self.visit(tree)
        return sorted(self.found)

    def _note(self, node: ast.expr | ast.alias, home: str, text: str) -> None:
        start = place(self.lines, node.lineno, node.col_offset)
        end = start + len(text)
        if isinstance(node, ast.expr) and node.end_lineno and node.end_col_offset:
            end = place(self.lines, node.end_lineno, node.end_col_offset)
        # Before Python 3.12 what stands in an f-string has no true place.
        if re.sub(r"\s", "", self.code[start:end]) == text:
            self.found.add(Mention(start, end, home))

    def _meaning(self, name: str) -> str | None:
        return next((s[name] for s in reversed(self.scopes) if name in s), None)

    def visit_Import(self, node: ast.Import) -> None:
        """`import lib.moe as moe`."""
        for alias in node.names:
            home = self.home(alias.name) if alias.name.startswith("lib") else None
            if home:
                self._note(alias, home, alias.name)
            whole = alias.name if alias.asname else alias.name.split(".")[0]
            self.scopes[-1][alias.asname or whole] = whole if home else None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """`from lib.train import train`: both names lead somewhere."""
        origin = self.file.origin(node) if self.file else node.module or ""
        if origin.startswith("lib.") and not node.level and (home := self.home(origin)):
            start = place(self.lines, node.lineno, node.col_offset + len("from "))
            self.found.add(Mention(start, start + len(origin), home))
        for alias in node.names:
            whole = f"{origin}.{alias.name}"
            home = self.home(whole) if whole.startswith("lib.") else None
            if home:
                self._note(alias, home, alias.name)
            self.scopes[-1][alias.asname or alias.name] = home

    def visit_Name(self, node: ast.Name) -> None:
        """A name that is read may be of lib; one that is written no longer is."""
        if isinstance(node.ctx, ast.Load):
            self._chain(node, [node.id], [node])
        elif not self.file or len(self.scopes) > 2:
            self.scopes[-1][node.id] = None

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """`moe.route`, as far as lib knows it."""
        chain: list[ast.expr] = [node]
        while isinstance(chain[0], ast.Attribute):
            chain.insert(0, chain[0].value)
        if not isinstance(chain[0], ast.Name):
            return self.generic_visit(node)
        words = [n.id if isinstance(n, ast.Name) else n.attr for n in chain]  # type: ignore[attr-defined]
        return self._chain(chain[0], words, chain)

    def _chain(self, base: ast.Name, words: list[str], chain: list[ast.expr]) -> None:
        if not (meaning := self._meaning(base.id)):
            return
        for n in range(len(words), 0, -1):
            if home := self.home(".".join([meaning, *words[1:n]])):
                return self._note(chain[n - 1], home, ".".join(words[:n]))

    def visit_Assign(self, node: ast.Assign) -> None:
        """What is read, before what is written."""
        self._in_order(node.value, *node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """As above."""
        self._in_order(node.annotation, node.value, node.target)

    def visit_For(self, node: ast.For) -> None:
        """As above."""
        self._in_order(node.iter, node.target, *node.body, *node.orelse)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        """As above."""
        self._in_order(node.value, node.target)

    def _in_order(self, *some: ast.AST | None) -> None:
        for node in filter(None, some):
            self.visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Its names are its own."""
        self._in_order(*node.bases, *node.keywords)  # a decorator is one token
        self._define(node.name)
        self._inside(node.body, [])

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Its arguments, and all that it writes, are its own."""
        self._in_order(node.returns)  # a decorator is one token
        self._define(node.name)
        self._function(node, node.body)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        """As above."""
        self._function(node, [node.body])

    def _define(self, name: str) -> None:
        if not self.file:
            self.scopes[-1][name] = None

    def _function(self, node: Function, body: Iterable[ast.AST]) -> None:
        a = node.args
        self._in_order(*a.defaults, *a.kw_defaults)
        every = [
            *a.posonlyargs,
            *a.args,
            *a.kwonlyargs,
            *filter(None, [a.vararg, a.kwarg]),
        ]
        self._in_order(*(x.annotation for x in every))
        written = [n for part in body for n in ast.walk(part)]
        stored = [n.id for n in written if isinstance(n, ast.Name) and _stored(n)]
        self._inside(body, [*stored, *(x.arg for x in every)])

    def _inside(self, body: Iterable[ast.AST], own: list[str]) -> None:
        self.scopes.append(dict.fromkeys(own))
        self._in_order(*body)
        self.scopes.pop()

    def _comprehension(self, node: Comprehension) -> None:
        self.scopes.append({})
        for part in node.generators:
            self._in_order(part.iter, part.target, *part.ifs)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        self._in_order(*parts)
        self.scopes.pop()

    visit_ListComp = visit_SetComp = visit_GeneratorExp = _comprehension
    visit_DictComp = _comprehension


def _stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)
