"""Chapters under other conditions: do their claims hold on another processor?

A weather is an instruction set, a number of threads, and a shift of every seed. Float
sums differ between instruction sets and between numbers of threads, and a training run
may leave its path for it.
"""

import asyncio
import itertools
import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import torch
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course import results
from course.naming import named
from course.notebooks import chapter
from course.site.execute import Executor, code_hash, launch
from course.source import ROOT

# Of each instruction set what torch, oneDNN and MKL call it, from the oldest on.
SETS = {
    "DEFAULT": ("default", "SSE41", "SSE4_2"),
    "AVX2": ("avx2", "AVX2", "AVX2"),
    "AVX512": ("avx512", "ALL", "AVX512"),
}
THREADS, SHIFTS = (1, 2), (0, 1, 2)
STRIDE = 1000  # between the seeds of two shifts
TITLE = "Claims in other weathers"
Verdict = dict[str, Any]  # words, value, holds, as lib/claim.py notes them


@dataclass(frozen=True)
class Weather:
    """How a chapter is run: with `shift` 0 its seeds are those that it names."""

    instructions: str
    threads: int
    shift: int

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to run in it."""
        aten, onednn, mkl = SETS[self.instructions]
        return {
            "ATEN_CPU_CAPABILITY": aten,
            "ONEDNN_MAX_CPU_ISA": onednn,
            "MKL_ENABLE_INSTRUCTIONS": mkl,
            "OMP_NUM_THREADS": str(self.threads),
            "MKL_NUM_THREADS": str(self.threads),
        }

    def __str__(self) -> str:
        return f"{self.instructions}, threads {self.threads}, shift {self.shift}"


def weathers() -> list[Weather]:
    """All that this machine has, of its two newest instruction sets."""
    names = list(SETS)
    best = names.index(torch.backends.cpu.get_cpu_capability())
    newest = names[max(0, best - 1) : best + 1][::-1]
    return [Weather(*w) for w in itertools.product(newest, THREADS, SHIFTS)]


def shift_seeds(shift: int) -> None:
    """From now on in this process every seed is another one, unless `shift` is 0."""
    if not shift:
        return
    first, offset = torch.manual_seed, STRIDE * shift

    class Generator(torch.Generator):
        def manual_seed(self, seed: int) -> torch.Generator:
            super().manual_seed(seed + offset)
            return self

    torch.manual_seed = lambda seed: first(seed + offset)
    torch.Generator = Generator  # type: ignore[misc]


def run(asked: str | None = None, root: Path = ROOT) -> Iterator[str]:
    """Execute a chapter, or all, in every weather of this machine; say how it went.

    What came is kept in lib/data/weather, of which JupyterLab's readers are told, and
    in RESULTS.md. A run is not made again while code and lib are as they were.
    """
    sources = sorted(root.glob("source/*/chapter.md"))
    names = [source.parent.name for source in sources]
    for name in [named(asked, names)] if asked else names:
        book = chapter(root / "source" / name / "chapter.md", "site")
        if "lib.claim" in "".join(cell.source for cell in book.cells):
            yield from _chapter(root, name, book)
    results.keep({TITLE: table(root)}, root / "RESULTS.md")


def _chapter(root: Path, name: str, book: NotebookNode) -> Iterator[str]:
    for weather in weathers():
        verdicts = asyncio.run(_verdicts(root, name, book, weather))
        remember(root, name, code_hash(book), weather, verdicts)
        failed = [verdict for verdict in verdicts if not verdict["holds"]]
        held = len(verdicts) - len(failed)
        yield f"{name}, {weather}: {held} of {len(verdicts)} claims hold"
        yield from (f"  not “{v['words']}”: {v['value']:.4g}" for v in failed)


async def _verdicts(
    root: Path, name: str, book: NotebookNode, weather: Weather
) -> list[Verdict]:
    """What the chapter's claims come to in this weather, run or looked up."""
    key = Executor(root).key(name, book)
    file = root / "build" / "weather" / name / f"{weather}.json"
    if file.exists() and (old := json.loads(file.read_text("utf8")))["key"] == key:
        return old["verdicts"]
    with tempfile.TemporaryDirectory() as folder:
        noted = Path(folder, "claims.jsonl")
        noted.touch()
        whole = nbformat.from_dict(book)
        shift = f"from course import weather; weather.shift_seeds({weather.shift})"
        whole.cells.insert(0, new_code_cell(shift))
        said = weather.environment | {"LIVE_CLAIMS": str(noted)}
        await launch(root, name, whole, said)
        lines = noted.read_text("utf8").splitlines()
    verdicts = [json.loads(line) for line in lines]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"key": key, "verdicts": verdicts}), "utf8")
    return verdicts


def remember(
    root: Path, name: str, code: str, weather: Weather, verdicts: Iterable[Verdict]
) -> None:
    """Add the verdicts to the chapter's record; those of other code are dropped."""
    file = record_file(root, name)
    claims: dict[str, dict[str, Any]] = {}
    if file.exists() and (old := json.loads(file.read_text("utf8")))["code"] == code:
        claims = old["claims"]
    for verdict in verdicts:
        runs = claims.setdefault(verdict["words"], {})
        runs[str(weather)] = [verdict["value"], verdict["holds"]]
    file.parent.mkdir(parents=True, exist_ok=True)
    found = {"code": code, "claims": claims}
    text = json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False)
    file.write_text(text + "\n", "utf8")


def record_file(root: Path, name: str) -> Path:
    """Where the verdicts of a chapter are kept."""
    return root / "lib" / "data" / "weather" / f"{name}.json"


def table(root: Path) -> str:
    """What is recorded of all chapters, as a block of text."""
    rows = [f"{'chapter':26}{'claims':>7}{'weathers':>10}  held in all, but for"]
    for file in sorted(record_file(root, "any").parent.glob("*.json")):
        claims = json.loads(file.read_text("utf8"))["claims"]
        tried = {weather for runs in claims.values() for weather in runs}
        rows.append(f"{file.stem:26}{len(claims):7}{len(tried):10}")
        for words, runs in claims.items():
            held = sum(holds for _, holds in runs.values())
            if held < len(runs):
                rows.append(f"{'':45}{held} of {len(runs)}: {words}")
    text = "\n".join(rows)
    return f"{results.machine()}\n\n```text\n{text}\n```\n"
