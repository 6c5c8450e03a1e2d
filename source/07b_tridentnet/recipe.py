"""Three seeds of each kind of detector, asked in several ways; and one that is kept.

About five minutes on one core.
"""

import itertools

import torch

from course import recipes
from lib.train import rounded

chapter = recipes.cells(__file__)
answers, joined, ways = chapter["answers"], chapter["joined"], chapter["WAYS"]
ap50, images = chapter["ap50"], chapter["test_set"].images
Scores = dict[str, float]


def short(scores: Scores) -> Scores:
    """Four digits of each."""
    return {name: round(score, 4) for name, score in scores.items()}


def ask(model: torch.nn.Module) -> dict[str, Scores]:
    """AP50 by size for each way of asking a detector of three branches, or of one."""
    found, chance = answers(model, images)
    many = ways if len(found) > 1 else {"": ([0], chapter["OPEN"])}
    return {way: short(ap50(joined(found, chance, *how))) for way, how in many.items()}


def compare() -> dict[str, Scores]:
    """AP50 by size of each kind, way of asking and seed; the trident of 0 is kept."""
    found: dict[str, Scores] = {}
    for seed, kind in itertools.product(range(3), chapter["KINDS"]):
        model = chapter["fit"](kind, seed=seed)
        if (kind, seed) == ("trident", 0):
            recipes.weights("07b_tridentnet", rounded(model))
        for way, scores in ask(model).items():
            found[f"{kind}, {way}, {seed}"] = scores
            print(kind, way, seed, scores, flush=True)
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    recipes.record("07b_tridentnet", compare())
