"""Networks of ratios for both kinds of noise.

3,000 steps take little more than a minute of one core. `recipe.py 1` trains seed 1
alone, and what the record holds of the others stays; seed 0 leaves its weights.
"""

import sys
import time
from functools import partial

import torch

from course import recipes

chapter = recipes.cells(__file__)
NAME, HOW = "10_discrete_diffusion", {"steps": 3000}
WEIGHTS = {"masks": "10_ratios_masks", "any letter": "10_ratios_letters"}
keep = partial(recipes.keep, NAME, training=HOW)


def read(seed: int) -> None:
    """Nats a character on the held-out novel."""
    for kind, name in WEIGHTS.items():
        began = time.process_time()
        model, _ = chapter["fit"](kind, HOW["steps"], seed, quiet=True)
        keep("seconds", {f"{kind} {seed}": round(time.process_time() - began)})
        keep("nats", {f"{kind} {seed}": round(chapter["bound"](model, 16), 4)})
        if seed == 0:
            recipes.weights(name, model)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for seed in map(int, sys.argv[1:] or "0"):
        read(seed)
