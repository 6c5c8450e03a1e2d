"""The ring with four losses, two pairs of rates and three seeds; the pictures longer.

About six minutes on one core.
"""

from typing import Any

import torch

from course import recipes
from lib import gan

chapter = recipes.cells(__file__)


def ring() -> dict[str, float]:
    """Modes found, mean over the later half, by loss, rates and seed."""
    found = {}
    for kind in gan.KINDS:
        for rates in chapter["RATES"]:
            for seed in range(3):
                _, history = chapter["play_ring"](rates, kind, seed, quiet=True)
                counts = [count for _, count in history.measurements["found"]]
                late = counts[len(counts) // 2 :]
                name = f"{kind}, {rates}, {seed}"
                found[name] = round(sum(late) / len(late), 2)
                print(name, found[name], flush=True)
    return found


def pictures() -> dict[str, Any]:
    """Fréchet distance and losses along a longer run of the image GAN, by seed."""
    found: dict[str, Any] = {}
    for seed in range(3):
        _, history = chapter["play_pictures"](seed, steps=800, every=200, quiet=True)
        distances = history.measurements["distance"]
        found[f"distance {seed}"] = [round(d, 2) for _, d in distances]
        for name, losses in history.losses.items():
            chunks = torch.tensor(losses).split(200)
            found[f"{name} {seed}"] = [round(c.mean().item(), 4) for c in chunks]
        print(seed, found, flush=True)
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    recipes.record("03_gan", {"ring": ring(), "pictures": pictures()})
