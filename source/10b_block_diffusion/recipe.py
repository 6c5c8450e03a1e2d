"""Models of many block sizes from scratch, and chapter 09's reader tuned for blocks.

From scratch: eight kinds, three seeds, minutes on a GPU or hours on one core. Tuned:
two kinds, 400 steps each, a minute of one core each. Mended: pages of chapter 09's
model, written with words hidden again. `recipe.py scratch 1` makes seed 1 of the first
alone, `recipe.py tuned 0` seed 0 of the second; what the record holds of the others
stays. Seed 0 of the last kind that is tuned leaves its weights.
"""

import sys
import time
from functools import partial

import torch
from torch import Tensor

from course import recipes
from lib import data
from lib.transformer import Transformer

chapter = recipes.cells(__file__)
NAME, HOW = "10b_block_diffusion", {"steps": 3000, "rate": 2e-3, "tuned": 400}
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
keep = partial(recipes.keep, NAME, training=HOW)


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


def mended(seed: int) -> None:
    """What 32 pages are worth, by the number of calls and how often words hide."""
    for calls in (16, 64, 256):
        for cap in chapter["MENDS"]:
            g = torch.Generator().manual_seed(seed)
            x = chapter["mend"](32, calls, cap, g)
            for what, value in judged(x).items():
                keep("mended", {f"{cap} {calls} {what} {seed}": round(value, 3)})


def judged(x: Tensor) -> dict[str, float]:
    """Nats a letter by the left-to-right twin; real words, and different ones."""
    twin = Transformer(chapter["V"] + 1, 128, 3, 4, causal=True, max_length=64)
    twin.load_state_dict(data.weights("09_austen_causal"))
    with torch.no_grad():
        nats = chapter["left_to_right_loss"](twin.eval(), x).item()
    pages = ["".join(chapter["letters"][n] for n in row) for row in x.tolist()]
    found = [word for page in pages for word in recipes.words(page)]
    real = recipes.real(pages, set(recipes.words(data.austen())))
    return {"nats": nats, "words": real, "various": len(set(found)) / len(found)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    parts = {"scratch": scratch, "untuned": untuned, "tuned": tuned, "mended": mended}
    names = [name for name in sys.argv[1:] if name in parts] or [*parts]
    for name in names:
        for seed in [int(a) for a in sys.argv[1:] if a.isdigit()] or range(3):
            parts[name](seed)
