"""Runs that take longer than a chapter may: `make train CHAPTER=05` records them again.

A recipe stands beside its chapter as recipe.py and uses the chapter's own cells, those
tagged `recipe`, so that what is recorded is what the reader sees.
"""

import json
import runpy
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from course.naming import named
from course.source import ROOT, read
from lib.data.pretrained import CHECKPOINTS
from lib.data.records import RECORDS


def run(chapter: str) -> None:
    """Run the recipe of a chapter, "05" or "05_vit"; ValueError where it has none."""
    having = (path.parent.name for path in ROOT.glob("source/*/recipe.py"))
    path = ROOT / "source" / named(chapter, having, "recipe of chapter") / "recipe.py"
    runpy.run_path(str(path), run_name="__main__")


def cells(recipe: str) -> dict[str, Any]:
    """What the chapter beside the file `recipe` defines: first and recipe cells."""
    code = [c for c in read(Path(recipe).with_name("chapter.md")) if c.kind == "code"]
    found: dict[str, Any] = {}
    for cell in [code[0], *(c for c in code if "recipe" in c.tags)]:
        exec(compile(cell.text, f"{recipe}: cell {cell.line}", "exec"), found)
    return found


def record(chapter: str, found: dict[str, Any]) -> None:
    """Write what was measured to the file that `data.record` reads."""
    RECORDS.mkdir(exist_ok=True)
    text = json.dumps(found, indent=1, sort_keys=True)
    (RECORDS / f"{chapter}.json").write_text(text + "\n")


def keep(chapter: str, part: str, found: dict[str, Any], **head: Any) -> None:
    """Add to one part of a record, and write `head`; what else stands there stays."""
    path = RECORDS / f"{chapter}.json"
    old = json.loads(path.read_text("utf8")) if path.exists() else {}
    print(part, found, flush=True)
    record(chapter, old | head | {part: old.get(part, {}) | found})


def by_seed(chapter: str, measure: Callable[[int], Any], seeds: Iterable[int]) -> None:
    """Record what is measured for each seed, on one thread, and with what it was."""
    torch.set_num_threads(1)
    found = {f"seed {seed}": measure(seed) for seed in seeds}
    record(chapter, {"seeds": found, "made with": made_with()})


def made_with() -> dict[str, Any]:
    """What float sums depend on: the instruction set and the number of threads."""
    instructions = torch.backends.cpu.get_cpu_capability()
    return {"instruction set": instructions, "threads": torch.get_num_threads()}


def words(text: str) -> list[str]:
    """Its words, in small letters."""
    return "".join(c.lower() if c.isalpha() else " " for c in text).split()


def real(texts: Iterable[str], known: set[str]) -> float:
    """The share of words that are known; a text's first and last may be cut."""
    found = [word for text in texts for word in words(text)[1:-1]]
    return sum(word in known for word in found) / max(len(found), 1)


def weights(name: str, model: nn.Module) -> None:
    """Write what a model has learnt, as float16, to what `data.weights(name)` reads.

    ValueError where the file is larger than 2 MB: a checkout is no model store.
    """
    halves = {
        key: value.half() if value.is_floating_point() else value
        for key, value in model.state_dict().items()
    }
    size = sum(value.nbytes for value in halves.values())
    if size > 2e6:
        raise ValueError(
            f"{name} has {size / 1e6:.1f} MB of weights; at most 2 may ship"
        )
    CHECKPOINTS.mkdir(exist_ok=True)
    torch.save(halves, CHECKPOINTS / f"{name}.pt")
