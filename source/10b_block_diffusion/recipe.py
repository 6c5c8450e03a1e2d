"""Models of many block sizes from scratch, and chapter 09's reader tuned for blocks.

From scratch: eight kinds, three seeds, minutes on a GPU or hours on one core. Tuned:
three kinds, 800 steps each, two minutes of one core. `recipe.py scratch 1`
makes seed 1 of the first alone, `recipe.py tuned 0` seed 0 of the second; what the
record holds of the others stays. Seed 0 of the last kind leaves its weights.
"""

import sys
import time

import torch

from course import recipes
from lib import data

chapter = recipes.cells(__file__)
NAME, HOW = "10b_block_diffusion", {"steps": 3000, "rate": 2e-3, "tuned": 800}
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


def tuned(seed: int) -> None:
    """The same for chapter 09's reader, and what a reader from left to right says."""
    judge = chapter["Transformer"](
        chapter["V"] + 1, 128, 3, 4, max_length=chapter["W"], causal=True
    )
    judge.load_state_dict(data.weights("09_austen_causal"))
    judge.eval()
    held = chapter["pages"](chapter["W"])
    with torch.no_grad():
        real = chapter["left_to_right_loss"](judge, held).item()
    keep("judged", {"Austen": round(real, 4)})
    sizes = {kind: size for kind, (size, _) in chapter["TUNED"].items()}
    for kind, size in {"one block of 64": chapter["W"], **sizes}.items():
        before = chapter["bound"](chapter["base"](size), held)
        keep("before", {kind: round(before, 4)})
    for kind in ["one block of 64", *sizes]:
        model = chapter["base"](chapter["W"])
        if kind in sizes:
            began = time.process_time()
            model = chapter["tune"](kind, HOW["tuned"], seed)
            keep("seconds", {f"{kind} {seed}": round(time.process_time() - began)})
            keep("tuned", {f"{kind} {seed}": round(chapter["bound"](model, held), 4)})
        written = model.sample(512, torch.Generator().manual_seed(seed))
        with torch.no_grad():
            nats = chapter["left_to_right_loss"](judge, written).item()
        keep("judged", {f"{kind} {seed}": round(nats, 4)})
    if seed == 0:
        recipes.weights("10b_austen_blocks", model)


if __name__ == "__main__":
    torch.set_num_threads(1)
    parts = {"scratch": scratch, "tuned": tuned}
    names = [name for name in sys.argv[1:] if name in parts] or [*parts]
    for name in names:
        for seed in [int(a) for a in sys.argv[1:] if a.isdigit()] or range(3):
            parts[name](seed)
