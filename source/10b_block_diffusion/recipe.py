"""Models of many block sizes from scratch, and chapter 09's reader tuned for blocks.

From scratch: eight kinds, three seeds, minutes on a GPU or hours on one core. Tuned:
two kinds, 400 steps each, a minute of one core each. `recipe.py scratch 1` makes seed 1
of the first alone, `recipe.py tuned 0` seed 0 of the second; what the record holds of
the others stays. Seed 0 of the last kind leaves its weights.
"""

import sys
import time

import torch

from course import recipes
from lib import data

chapter = recipes.cells(__file__)
NAME, HOW = "10b_block_diffusion", {"steps": 3000, "rate": 2e-3, "tuned": 400}
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def known() -> dict[str, dict[str, float]]:
    """What the record holds so far."""
    try:
        return data.record(NAME)
    except ValueError:
        return {}


def keep(part: str, found: dict[str, float]) -> None:
    """Add to a part of the record."""
    old = known()
    print(part, found, flush=True)
    recipes.record(NAME, old | {"training": HOW, part: old.get(part, {}) | found})


def scratch(seed: int) -> None:
    """Nats a character on the held-out novel, by the size of the block."""
    for kind in chapter["KINDS_OF_MODEL"]:
        model, _ = chapter["fit"](
            kind, HOW["steps"], seed, lr=HOW["rate"], device=DEVICE, quiet=True
        )
        nats = chapter["bound"](model.cpu(), chapter["pages"](chapter["T"]))
        keep("nats", {f"{kind} {seed}": round(nats, 4)})


def untuned(_: int) -> None:
    """What chapter 09's masked model is worth in blocks, as it is."""
    held = chapter["pages"](chapter["W"])
    for size in (4, 16, chapter["W"]):
        nats = chapter["bound"](chapter["base"](size), held)
        keep("before", {str(size): round(nats, 4)})


def tuned(seed: int) -> None:
    """The same after some steps in blocks of 4."""
    held = chapter["pages"](chapter["W"])
    for kind in chapter["TUNED"]:
        began = time.process_time()
        model = chapter["tune"](kind, HOW["tuned"], seed)
        keep("seconds", {f"{kind} {seed}": round(time.process_time() - began)})
        keep("tuned", {f"{kind} {seed}": round(chapter["bound"](model, held), 4)})
    if seed == 0:
        recipes.weights("10b_austen_blocks", model)


if __name__ == "__main__":
    torch.set_num_threads(1)
    parts = {"scratch": scratch, "untuned": untuned, "tuned": tuned}
    names = [name for name in sys.argv[1:] if name in parts] or [*parts]
    for name in names:
        for seed in [int(a) for a in sys.argv[1:] if a.isdigit()] or range(3):
            parts[name](seed)
