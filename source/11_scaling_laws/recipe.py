"""Three seeds of the sweep, two learning rates that do not suit it, and far budgets.

About ten minutes on one core. Every number is the loss of one of four models, in nats.
"""

from itertools import chain

import torch

from course import recipes

chapter = recipes.cells(__file__)
spell, RUNS = chapter["spell"], chapter["RUNS"]
Losses = list[list[float]]
# Budgets below and above the sweep's: the exponent of ten, widths, seeds.
FAR = {7.5: ((4, 6, 8, 12), 3), 8.0: ((6, 8, 12, 18), 3), 10.5: ((60, 90, 135), 3),
       11.0: ((90, 135, 200), 3), 11.5: ((90, 135, 200), 1)}  # fmt: skip


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


def far() -> dict[str, dict[str, list[float]]]:
    """For budgets outside the sweep and each width, four losses from each seed."""
    found: dict[str, dict[str, list[float]]] = {}
    for power, (widths, seeds) in FAR.items():
        runs = [(10**power, h) for h in widths]
        tables = [rows(runs, seed) for seed in range(seeds)]
        joined = [[*chain(*losses)] for losses in zip(*tables, strict=True)]
        found[str(power)] = dict(zip(map(str, widths), joined, strict=True))
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    recipes.record("11_scaling_laws", {"sweeps": sweeps(), "far": far()})
