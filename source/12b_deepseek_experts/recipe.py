"""Three seeds: no balance, by a loss of two kinds, by bias at six speeds.

About six minutes on one core. `python recipe.py SEED FILE` makes one seed's part.
"""

import json
import sys
from typing import Any

import torch

from course import recipes

chapter = recipes.cells(__file__)
RUNS = [("none", 0.0), ("loss", 0.01), ("batch loss", 0.01), ("batch loss", 0.03)]
RUNS += [("bias", speed) for speed in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)]


def balance(kind: str, strength: float, seed: int) -> dict[str, Any]:
    """Train the chapter's experts once, and what came of it."""
    torch.manual_seed(seed)
    model = chapter["new_model"]()
    loads = chapter["fit"](model, kind, strength, seed=seed)
    losses, asked = chapter["examine"](model)
    violations = chapter["violations"](loads)
    return {
        "violation": round(violations[-30:].mean().item(), 3),
        "loss": [round(x, 3) for x in losses.tolist()],
        "information": [round(x, 3) for x in chapter["information"](asked).tolist()],
    }


def measure(seed: int) -> dict[str, dict[str, Any]]:
    """Everything for one seed."""
    found: dict[str, dict[str, Any]] = {"balance": {}}
    for kind, strength in RUNS:
        row = found["balance"][f"{kind} {strength} {seed}"] = balance(
            kind, strength, seed
        )
        told = row["violation"], row["loss"], row["information"]
        print(seed, kind, strength, *told, flush=True)
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    if len(sys.argv) == 3:
        with open(sys.argv[2], "w") as file:
            json.dump(measure(int(sys.argv[1])), file)
    else:
        parts = [measure(seed) for seed in range(3)]
        names = parts[0].keys()
        whole = {n: {k: v for part in parts for k, v in part[n].items()} for n in names}
        recipes.record("12b_deepseek_experts", whole)
