"""Executes each notebook once and keeps the outputs until lib, lock or code change."""

import asyncio
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import nbformat
from nbformat import NotebookNode

from course.site import depends, forked
from course.site.forked import Forks
from course.site.launch import SETTINGS, BuildError, launch, plain

T = TypeVar("T")
AT_ONCE = min(4, os.cpu_count() or 1)
# All other tags are about the look of a page, and no output depends on them.
DECIDING = {"raises-exception", "skip-execution", "stderr"}
FEW = 3  # so many kernels begin in less time than it takes to have a process to fork


@dataclass(frozen=True)
class Executed:
    """A notebook with its outputs, and the seconds of one processor core it took."""

    notebook: NotebookNode
    seconds: float
    cached: bool


@dataclass(frozen=True)
class Executor:
    """Executes the notebooks of the project at `root`, or finds them in its cache.

    The cache holds build/cache/<key>/<name>.ipynb and figures/ beside it. An entry is
    made in a temporary folder and renamed, so it is whole or not there.
    """

    root: Path
    fresh: bool = False

    def __call__(self, notebooks: Mapping[str, NotebookNode]) -> dict[str, Executed]:
        """The notebooks with their outputs; only code that changed is run again.

        A notebook that fails does not stop the others; all failures are told together.
        """
        return _in_a_thread(self._all(notebooks))

    async def _all(self, notebooks: Mapping[str, NotebookNode]) -> dict[str, Executed]:
        self.cache.mkdir(parents=True, exist_ok=True)
        for killed in self.cache.glob(".half-*"):
            shutil.rmtree(killed)
        free = asyncio.Semaphore(AT_ONCE)
        missing = [n for n, b in notebooks.items() if not self._kept(self._entry(n, b))]
        worth = forked.POSSIBLE and len(missing) > FEW

        async def one(name: str, notebook: NotebookNode) -> Executed:
            async with free:
                done = await self._one(name, notebook, forks)
            ran = f"executed in {done.seconds:.1f} s of one core"
            print(f"{name:24} {'from the cache' if done.cached else ran}", flush=True)
            return done

        # The front page and the first chapters are short: last, they fill both cores.
        names = list(notebooks)[::-1]
        with forked.forks(SETTINGS) if worth else nullcontext() as forks:
            runs = (one(name, notebooks[name]) for name in names)
            results = await asyncio.gather(*runs, return_exceptions=True)
        done: dict[str, Executed] = {}
        failures: list[str] = []
        for name, result in reversed(list(zip(names, results, strict=True))):
            if isinstance(result, Executed):
                done[name] = result
            elif isinstance(result, BuildError):
                failures.append(str(result))
            else:
                raise result
        if failures:
            raise BuildError("\n".join(failures))
        return done

    async def _one(
        self, name: str, notebook: NotebookNode, forks: Forks | None
    ) -> Executed:
        entry = self._entry(name, notebook)
        cached = self._kept(entry)
        if not cached:
            await self._make(entry, name, notebook, forks)
        for old in self.cache.glob(f"*/{name}.ipynb"):
            if old.parent != entry:
                shutil.rmtree(old.parent)
        kept = nbformat.read(entry / f"{name}.ipynb", as_version=4)
        seconds = kept.metadata["live_papers"]["seconds"]
        self._publish(name, entry / "figures", seconds)
        done = _with_outputs(notebook, kept)
        return Executed(done, seconds, cached)

    def _entry(self, name: str, notebook: NotebookNode) -> Path:
        return self.cache / self.key(name, notebook)

    def _kept(self, entry: Path) -> bool:
        return entry.is_dir() and not self.fresh

    @property
    def cache(self) -> Path:
        """The folder of all entries."""
        return self.root / "build" / "cache"

    def key(self, name: str, notebook: NotebookNode) -> str:
        """sha256 of all that outputs depend on: code cells, what they use of lib, lock.

        The scripts and styles of lib/live are left out: no chapter reads them.
        """
        code, lib = _code(notebook), self.root / "lib"
        parts = [name.encode(), code_hash(notebook).encode()]
        for path in depends.files(lib, name, [text for text, _ in code]):
            parts += [path.relative_to(lib).as_posix().encode(), path.read_bytes()]
        lock = self.root / "requirements.lock"
        parts.append(lock.read_bytes() if lock.exists() else b"")
        whole = hashlib.sha256()
        for part in parts:
            whole.update(hashlib.sha256(part).digest())
        return whole.hexdigest()

    async def _make(
        self, entry: Path, name: str, notebook: NotebookNode, forks: Forks | None
    ) -> None:
        half = Path(tempfile.mkdtemp(dir=self.cache, prefix=".half-"))
        try:
            (half / "figures").mkdir()
            done = nbformat.from_dict(notebook)
            seconds = await self._run(name, done, half / "figures", forks)
            done.metadata.setdefault("live_papers", {})["seconds"] = round(seconds, 1)
            nbformat.write(done, half / f"{name}.ipynb")
            shutil.rmtree(entry, ignore_errors=True)
            half.rename(entry)
        finally:
            shutil.rmtree(half, ignore_errors=True)

    async def _run(
        self, name: str, notebook: NotebookNode, figures: Path, forks: Forks | None
    ) -> float:
        """Execute in place, as a page; returns its seconds of one core."""
        said = {"LIVE_STATIC": "1", "LIVE_FIGURES": str(figures)}
        seconds = await launch(self.root, name, notebook, said, forks)
        _no_stderr(name, notebook)
        return seconds

    def _publish(self, name: str, figures: Path, seconds: float) -> None:
        """Lay figures and seconds where tests, pages and `make times` look."""
        target = self.root / "build" / "figures" / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(figures, target)
        path = self.root / "build" / "times.json"
        times = json.loads(path.read_text("utf8")) if path.exists() else {}
        times[name] = seconds
        path.write_text(json.dumps(times, indent=1, sort_keys=True) + "\n", "utf8")


def _in_a_thread(work: Coroutine[Any, Any, T]) -> T:
    """Do asynchronous work where no signal comes: Ctrl-C is for the whole build.

    In the main thread nbclient takes it, ends one kernel, and the others go on.
    """
    done: Future[T] = Future()

    def do() -> None:
        try:
            done.set_result(asyncio.run(work))
        except BaseException as error:
            done.set_exception(error)

    Thread(target=do, daemon=True).start()
    return done.result()


def code_hash(notebook: NotebookNode) -> str:
    """Of its code cells, and of what decides how they are run."""
    return hashlib.sha256(json.dumps(_code(notebook)).encode()).hexdigest()


def _code(notebook: NotebookNode) -> list[tuple[str, list[str]]]:
    """Of each code cell its source, and those tags that decide how it is run."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    tags = [DECIDING.intersection(cell.metadata.get("tags", [])) for cell in cells]
    return [(cell.source, sorted(some)) for cell, some in zip(cells, tags, strict=True)]


def _with_outputs(notebook: NotebookNode, kept: NotebookNode) -> NotebookNode:
    """Today's prose with the outputs that its code gave."""
    result = nbformat.from_dict(notebook)
    outputs = iter([cell for cell in kept.cells if cell.cell_type == "code"])
    for cell in result.cells:
        if cell.cell_type == "code":
            ran = next(outputs)
            cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
    return result


def _no_stderr(name: str, notebook: NotebookNode) -> None:
    """A red box on a page is a fault, unless the cell's tag `stderr` asks for it."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(cells, 1):
        for output in cell.outputs:
            shown = output.output_type == "stream" and output.name == "stderr"
            if shown and "stderr" not in cell.metadata.get("tags", []):
                raise BuildError(
                    f"{name}, code cell {number} writes to stderr, which a page shows "
                    f"as an error (tag the cell `stderr` if it is meant):\n"
                    f"{plain(output.text)}"
                )
