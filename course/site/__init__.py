"""Builds the site: executed chapters, exercises and answers as plain local pages."""

import hashlib
import runpy
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from filelock import FileLock, Timeout
from nbformat import NotebookNode

from course.address import repository
from course.naming import named
from course.notebooks import chapter
from course.site import stage
from course.site.execute import BuildError, Executed, Executor

__all__ = ["ROOT", "BuildError", "build", "execute_all"]

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
BUNDLE = ROOT / "lib" / "live" / "bundle.py"  # run by its path: lib.live loads torch


def build(
    chapters: Iterable[str] | None = None, fresh: bool = False, root: Path = ROOT
) -> Path:
    """Build the site of the project at `root`; returns the folder of its pages.

    chapters: names ("05_vit") or numbers ("05"), all by default. fresh: execute again
    what the cache holds. Raises BuildError where a cell fails or a page has a fault,
    ValueError for a chapter that is not there.
    """
    with _turn(_lock(root)):
        executed = _executed(root, chapters, fresh)
        some = chapters is not None
        return _pages(root, stage.pages(root, executed) | _machinery(root, some))


def execute_all(root: Path = ROOT) -> dict[str, Executed]:
    """Execute the front page and all chapters, and make no pages.

    What the cache holds comes from there. Raises BuildError where a cell fails.
    """
    with _turn(_lock(root)):
        return _executed(root, None, fresh=False)


def _executed(
    root: Path, chapters: Iterable[str] | None, fresh: bool
) -> dict[str, Executed]:
    names = ["index", *_chosen(root, chapters)]
    return Executor(root, fresh)({name: _notebook(root, name) for name in names})


def _lock(root: Path) -> Path:
    folder = root / "build"
    folder.mkdir(exist_ok=True)
    return folder / ".lock"


def _turn(file: Path) -> FileLock:
    """Give the lock of builds, which would share one cache; tell who has to wait."""
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
        lock.release()
    except Timeout:
        print(f"another build has {file}: this one begins when that ends", flush=True)
    return lock


def _chosen(root: Path, chapters: Iterable[str] | None) -> list[str]:
    """Names of the chapters to build, in order."""
    written = sorted(p.parent.name for p in root.glob("source/*/chapter.md"))
    if chapters is None:
        return written
    return sorted({named(chapter, written) for chapter in chapters})


def _notebook(root: Path, name: str) -> NotebookNode:
    """The front page or a chapter as the site has it."""
    text = "index.md" if name == "index" else f"{name}/chapter.md"
    return chapter(root / "source" / text, "site")


def _machinery(root: Path, some: bool) -> dict[str, bytes]:
    """Sphinx's settings, mathematics, and what live figures load.

    Where only some chapters are built, links to the others lead nowhere.
    """
    site = hashlib.sha256()
    for path in sorted(p for p in HERE.rglob("*") if p.is_file()):
        if "__pycache__" not in path.parts:
            site.update(path.read_bytes())
    settings = f"from course.site.conf import *  # {site.hexdigest()}\n"
    settings += f"repository = {repository(root)!r}\n"
    settings += f"suppress_warnings = {['myst.xref_missing'] * some}\n"
    static = {"conf.py": settings.encode()}
    katex = [HERE / "katex" / "katex.css", HERE / "katex" / "LICENSE"]
    for path in [*katex, *(HERE / "katex" / "fonts").iterdir()]:
        name = path.relative_to(HERE).as_posix()
        static[f"_static/{name}"] = path.read_bytes()
    bundle = runpy.run_path(str(BUNDLE))
    script = bundle["classic"](bundle["SCRIPTS"] / "page.js")
    static["_static/live.js"] = script.encode()
    static["_static/live.css"] = bundle["styles"]().encode()
    return static


def _pages(root: Path, files: dict[str, bytes]) -> Path:
    """Write what is staged and let Sphinx make html of it; a warning is an error."""
    folder, html = root / "build" / "pages", root / "build" / "html"
    doctrees = root / "build" / "cache" / "doctrees"
    if _write(folder, files):
        shutil.rmtree(html, ignore_errors=True)  # so that no page outlives its source
    sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html"]
    command = [*sphinx, "-d", str(doctrees), str(folder), str(html)]
    done = subprocess.run(command, capture_output=True, text=True)
    if (
        done.returncode
    ):  # nothing of a faulty build is kept: warnings are said once only
        shutil.rmtree(doctrees, ignore_errors=True)
        shutil.rmtree(html, ignore_errors=True)
        raise BuildError(f"the pages have faults:\n{done.stderr.strip()}")
    return html


def _write(folder: Path, files: dict[str, bytes]) -> bool:
    """Make `folder` hold these files and no others; True where anything changed."""
    changed = False
    for path in [p for p in folder.rglob("*") if p.is_file()]:
        name = path.relative_to(folder).as_posix()
        if name not in files and "__pycache__" not in name:
            path.unlink()
            changed = True
    for name, content in files.items():
        path = folder / name
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            changed = True
    return changed
