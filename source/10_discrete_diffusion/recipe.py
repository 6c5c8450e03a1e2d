"""Three seeds of five kinds of model on Austen, from one letter at a time to all.

About five minutes on one core. `python recipe.py 1` measures seed 1 alone, and the
seeds so far are kept in the record.
"""

import sys

import torch

from course import recipes
from lib import data

chapter = recipes.cells(__file__)
NAME, STEPS = "10_discrete_diffusion", 200


def compare(seed: int) -> dict[str, float]:
    """Nats a character on the held-out novel, by kind of model."""
    found = {}
    for kind in chapter["KINDS_OF_MODEL"]:
        model, _ = chapter["fit"](kind, STEPS, seed, quiet=True)
        found[f"{kind} {seed}"] = round(chapter["bound"](model, kind), 4)
        print(kind, seed, found[f"{kind} {seed}"], flush=True)
    return found


def known() -> dict[str, float]:
    """What the record holds so far."""
    try:
        return data.record(NAME)["nats"]
    except ValueError:
        return {}


if __name__ == "__main__":
    torch.set_num_threads(1)
    alone = [int(word) for word in sys.argv[1:]]
    for seed in alone or range(3):
        found = compare(seed)
        recipes.record(NAME, {"nats": known() | found})
