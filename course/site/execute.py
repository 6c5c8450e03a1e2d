"""Executes each notebook once and keeps the outputs until lib, lock or code change."""

import asyncio
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course.site import depends

CELL_SECONDS = 600  # a cell that runs longer is stuck
THREADS = "1"  # two chapters, a core each, are done before two with both cores each
AT_ONCE = min(4, os.cpu_count() or 1)
# All other tags are about the look of a page, and no output depends on them.
DECIDING = {"raises-exception", "skip-execution", "stderr"}
CORE_SECONDS = "sum(__import__('os').times()[:4])"  # since the kernel's start


class BuildError(Exception):
    """A chapter or a page that must not be shipped, with the place and the reason."""


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
        return asyncio.run(self._all(notebooks))

    async def _all(self, notebooks: Mapping[str, NotebookNode]) -> dict[str, Executed]:
        self.cache.mkdir(parents=True, exist_ok=True)
        for killed in self.cache.glob(".half-*"):
            shutil.rmtree(killed)
        free = asyncio.Semaphore(AT_ONCE)

        async def one(name: str, notebook: NotebookNode) -> Executed:
            async with free:
                done = await self._one(name, notebook)
            ran = f"executed in {done.seconds:.1f} s of one core"
            print(f"{name:24} {'from the cache' if done.cached else ran}", flush=True)
            return done

        # The front page and the first chapters are short: last, they fill both cores.
        names = list(notebooks)[::-1]
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

    async def _one(self, name: str, notebook: NotebookNode) -> Executed:
        entry = self.cache / self.key(name, notebook)
        cached = entry.is_dir() and not self.fresh
        if not cached:
            await self._make(entry, name, notebook)
        for old in self.cache.glob(f"*/{name}.ipynb"):
            if old.parent != entry:
                shutil.rmtree(old.parent)
        kept = nbformat.read(entry / f"{name}.ipynb", as_version=4)
        seconds = kept.metadata["live_papers"]["seconds"]
        self._publish(name, entry / "figures", seconds)
        done = _with_outputs(notebook, kept)
        return Executed(done, seconds, cached)

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

    async def _make(self, entry: Path, name: str, notebook: NotebookNode) -> None:
        half = Path(tempfile.mkdtemp(dir=self.cache, prefix=".half-"))
        try:
            (half / "figures").mkdir()
            done = nbformat.from_dict(notebook)
            seconds = await self._run(name, done, half / "figures")
            done.metadata.setdefault("live_papers", {})["seconds"] = round(seconds, 1)
            nbformat.write(done, half / f"{name}.ipynb")
            shutil.rmtree(entry, ignore_errors=True)
            half.rename(entry)
        finally:
            shutil.rmtree(half, ignore_errors=True)

    async def _run(self, name: str, notebook: NotebookNode, figures: Path) -> float:
        """Execute in place, as a page; returns its seconds of one core."""
        said = {"LIVE_STATIC": "1", "LIVE_FIGURES": str(figures)}
        seconds = await launch(self.root, name, notebook, said)
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


async def launch(
    root: Path, name: str, notebook: NotebookNode, environment: dict[str, str]
) -> float:
    """Execute in place, in a cold kernel of its own; returns its seconds of one core.

    Raises BuildError where a cell fails.
    """
    folder = root / "chapters"
    folder.mkdir(exist_ok=True)
    notebook.cells.append(new_code_cell(CORE_SECONDS))
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        shutdown_kernel="immediate",  # torch takes a second to tidy up what is over
    )
    common = {
        "OMP_NUM_THREADS": THREADS,
        "MKL_NUM_THREADS": THREADS,
        "PYTHONPATH": str(root),
        "PYTHONWARNINGS": "ignore::FutureWarning",
        "OMP_WAIT_POLICY": "PASSIVE",  # no spinning where cores are shared
    }
    try:
        await client.async_execute(env=os.environ | common | environment)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        cell = client.code_cells_executed
        raise BuildError(f"{name}, code cell {cell}: {_plain(error)}") from None
    said = {output.output_type: output for output in notebook.cells.pop().outputs}
    return float(said["execute_result"].data["text/plain"])


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
                    f"{_plain(output.text)}"
                )


def _plain(text: object) -> str:
    """Without terminal colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", str(text)).strip()
