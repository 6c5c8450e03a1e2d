"""Three seeds of the sweep, at three learning rates, and the budget that is predicted.

About ten minutes on one core.
"""

import torch

from course import recipes

chapter = recipes.cells(__file__)
spell, scale = chapter["spell"], chapter["scale"]
LARGEST, SIZES = 1e11, (64, 128, 256, 512)
RATES = {"ours": None, "0.001": 0.001, "0.05": 0.05}


def sweep(seed: int, lr: float | None) -> dict[str, object]:
    """The losses of the chapter's grid of runs, and the exponent they give."""
    losses = [spell(C, h, seed, lr) for C, h in chapter["RUNS"]]
    found = {"losses": [round(x, 4) for x in losses]}
    try:
        law = chapter["fit"](losses)
    except ValueError as error:  # a budget whose losses have no valley
        return found | {"exponent": None, "why": str(error)}
    exponent, coefficient = law.exponent.item(), law.coefficient.item()
    return found | {"exponent": round(exponent, 4), "coefficient": coefficient}


if __name__ == "__main__":
    torch.set_num_threads(1)
    sweeps: dict[str, object] = {}
    largest: dict[str, object] = {}
    for seed in range(3):
        for name, lr in RATES.items():
            sweeps[f"{name} {seed}"] = sweep(seed, lr)
            print(name, seed, sweeps[f"{name} {seed}"], flush=True)
        losses = [round(spell(LARGEST, h, seed), 4) for h in SIZES]
        largest[str(seed)] = dict(zip(map(str, SIZES), losses, strict=True))
        print("largest", seed, largest[str(seed)], flush=True)
    recipes.record("11_scaling_laws", {"sweeps": sweeps, "largest": largest})
