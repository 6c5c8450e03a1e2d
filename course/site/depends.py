"""Which files of lib a chapter depends on, found by reading its code, not running."""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from course.naming import number

PAGES_LOAD = {".js", ".css", ".pyc"}  # and no chapter reads
BY_CHAPTER = {"records", "weights"}  # 05_vit.json is chapter 05's
WEATHER = "weather"  # what a chapter did elsewhere changes no page
MAGIC = re.compile(r"^\s*[%!].*$", re.M)  # a line that is IPython's, not Python's


def files(lib: Path, name: str, cells: Iterable[str]) -> list[Path]:
    """All files in `lib` that the outputs of chapter `name` may depend on, sorted.

    These are the modules that its cells import, those that these import, every asset,
    and of the records and checkpoints its own and those whose names stand in its code.
    """
    code = "\n".join(cells)
    found: set[Path] = set()
    waiting = [lib / "__init__.py", *modules(lib, code)]
    while waiting:
        path = waiting.pop()
        if path not in found and path.is_file():
            found.add(path)
            if path.suffix == ".py":
                waiting += modules(lib, path.read_text("utf8"))
    for path in lib.rglob("*"):
        ours = path.name.startswith(number(name)) or path.stem in code
        kept = path.suffix not in {".py", *PAGES_LOAD} and path.is_file()
        kept &= path.parent.name != WEATHER
        if kept and (ours or path.parent.name not in BY_CHAPTER):
            found.add(path)
    return sorted(found)


def modules(lib: Path, code: str) -> Iterator[Path]:
    """The modules of `lib` that code imports; a package stands for all it holds."""
    for name in imported(code):
        parts = name.split(".")[1:]
        for n in range(1, len(parts) + 1):
            path = lib.joinpath(*parts[:n])
            yield path.with_suffix(".py")
            yield from path.rglob("*.py")


@cache  # a file of lib is asked for by each chapter
def imported(code: str) -> list[str]:
    """Dotted names under lib that the code imports, wherever in it."""
    found: list[str] = []
    for node in ast.walk(ast.parse(MAGIC.sub("", code))):
        if isinstance(node, ast.Import):
            found += [a.name for a in node.names if a.name.startswith("lib.")]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lib"):
            found += [f"{node.module}.{a.name}" for a in node.names]
    return found
