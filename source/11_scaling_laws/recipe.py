"""Three seeds of the sweep, two rates that do not suit it, a budget ten times larger.

About ten minutes on one core. Every number is the loss of one of four models, in nats.
"""

import torch

from course import recipes

chapter = recipes.cells(__file__)
spell, RUNS, WIDTHS = chapter["spell"], chapter["RUNS"], chapter["WIDTHS"]
LARGEST = 1e11
Losses = list[list[float]]


def rows(runs: list[tuple[float, int]], seed: int, lr: float | None = None) -> Losses:
    """The losses of four models for each (budget, width)."""
    found = []
    for C, h in runs:
        found.append([round(x, 4) for x in spell(C, h, seed, lr).tolist()])
        print(f"C {C:.3g} h {h} seed {seed} lr {lr}", found[-1], flush=True)
    return found


def knobs() -> dict[str, Losses]:
    """Four learning rates for each of some widths and budgets."""
    places = [(10**8.5, 16), (10**9.5, 24), (10**9.5, 80), (1e10, 64), (1e10, 160)]
    rates = (0.01, 0.02, 0.04, 0.08)
    return {str(lr): rows(places, 0, lr) for lr in rates}


def sweeps() -> dict[str, Losses]:
    """The chapter's twenty runs: with its own rates, and with one rate for all."""
    found = {f"ours {seed}": rows(RUNS, seed) for seed in range(3)}
    return found | {f"{lr} for all": rows(RUNS, 0, lr) for lr in (0.04, 0.01)}


def largest() -> dict[str, list[float]]:
    """What five widths make of the budget that the law is asked about."""
    sizes = WIDTHS[5:]
    found = rows([(LARGEST, h) for h in sizes], 0)
    return {str(h): row for h, row in zip(sizes, found, strict=True)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    found = {"knobs": knobs(), "sweeps": sweeps(), "largest": largest()}
    recipes.record("11_scaling_laws", found)
