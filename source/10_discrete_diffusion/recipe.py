"""Three seeds of eight kinds of model on Austen, from one letter at a time to all.

Minutes on a GPU, hours on one core of a processor. `recipe.py 1` trains seed 1 alone,
and what the record holds of the others stays.
"""

import sys

import torch

from course import recipes
from lib import data

chapter = recipes.cells(__file__)
NAME, HOW = "10_discrete_diffusion", {"steps": 3000, "rate": 2e-3}
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def nats(kind: str, seed: int) -> float:
    """Nats a character on the held-out novel."""
    steps, rate = HOW.values()
    model, _ = chapter["fit"](kind, steps, seed, lr=rate, device=DEVICE, quiet=True)
    return round(chapter["bound"](model.cpu(), kind), 4)


def known() -> dict[str, float]:
    """What the record holds so far."""
    try:
        return data.record(NAME)["nats"]
    except ValueError:
        return {}


if __name__ == "__main__":
    for seed in map(int, sys.argv[1:] or "012"):
        for kind in chapter["KINDS_OF_MODEL"]:
            found = {f"{kind} {seed}": nats(kind, seed)}
            print(found, flush=True)
            recipes.record(NAME, {"nats": known() | found, "training": HOW})
