"""Three seeds of the sweep, and two learning rates that do not suit it.

About five minutes on one core. Every number is the loss of one of four models, in nats.
"""

import torch

from course import recipes

chapter = recipes.cells(__file__)
spell, RUNS = chapter["spell"], chapter["RUNS"]
Losses = list[list[float]]


def rows(runs: list[tuple[float, int]], seed: int, lr: float | None = None) -> Losses:
    """The losses of four models for each (budget, width)."""
    found = []
    for C, h in runs:
        found.append([round(x, 4) for x in spell(C, h, seed, lr).tolist()])
        print(f"C {C:.3g} h {h} seed {seed} lr {lr}", found[-1], flush=True)
    return found


def sweeps() -> dict[str, Losses]:
    """The chapter's twenty runs: with its own rates, and with one rate for all."""
    found = {f"ours {seed}": rows(RUNS, seed) for seed in range(3)}
    return found | {f"{lr} 0": rows(RUNS, 0, lr) for lr in (0.04, 0.01)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    recipes.record("11_scaling_laws", {"sweeps": sweeps()})
