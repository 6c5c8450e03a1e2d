"""Three seeds: no balance, by two losses, by bias at six speeds; training in FP8.

About seven minutes on one core. `python recipe.py SEED FILE` makes one seed's part.
"""

import json
import sys
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import recipes
from lib import fp8
from lib.train import train
from lib.transformer import Transformer

chapter = recipes.cells(__file__)
RUNS = [("none", 0.0), ("loss", 0.01), ("batch loss", 0.03)]
RUNS += [("bias", speed) for speed in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)]


class Narrow(nn.Linear):
    """A linear map whose three products are made in FP8, with tiles or without."""

    tile: int | None = None

    def forward(self, x: Tensor) -> Tensor:
        """(..., K) -> (..., N)."""
        return fp8.fp8_linear(x, self.weight, self.tile)


def narrowed(model: Transformer, tile: int | None) -> Transformer:
    """Make every map inside the blocks FP8; embedding, head and norms stay wide."""
    for block in model.blocks:
        for part in block.modules():
            if type(part) is nn.Linear:
                part.__class__, part.tile = Narrow, tile
    return model


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


def spelt(x: Tensor) -> str:
    """Numbers in one line of text: a file of one number a line is long."""
    return " ".join(f"{v:.2f}" for v in x.flatten().tolist())


def eight_bits(tile: int | str | None, seed: int) -> dict[str, Any]:
    """Train a dense model, in FP8 unless `tile` is "float32"; its losses."""
    torch.manual_seed(seed)
    model = Transformer(96, dim=64, depth=2, heads=4, causal=True)
    if not isinstance(tile, str):
        narrowed(model, tile)

    def loss(model: nn.Module, rows: Tensor) -> Tensor:
        logits = model(rows[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())

    history = train(
        model, loss, chapter["batch"], steps=150, lr=chapter["LR"], seed=seed
    )
    return {
        "curve": spelt(torch.tensor(history.losses["loss"]).view(-1, 5).mean(1)),
        "last": round(sum(history.losses["loss"][-30:]) / 30, 4),
    }


def measure(seed: int) -> dict[str, dict[str, Any]]:
    """Everything for one seed."""
    found: dict[str, dict[str, Any]] = {"balance": {}, "fp8": {}}
    for tile in ("float32", 16, None):
        found["fp8"][f"{tile} {seed}"] = eight_bits(tile, seed)
        print(seed, tile, found["fp8"][f"{tile} {seed}"]["last"], flush=True)
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
