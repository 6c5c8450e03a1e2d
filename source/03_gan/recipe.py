"""The ring with four losses, two pairs of rates and three seeds; the pictures longer.

About ten minutes on one core.
"""

from typing import Any

import torch
from torch import nn

from course import recipes
from lib import gan, lab

chapter = recipes.cells(__file__)


def ring() -> tuple[dict[str, float], dict[str, str]]:
    """Modes found, mean over the later half; and snapshots of the runs of seed 0."""
    found, runs = {}, {}
    for kind in gan.KINDS:
        for rates in chapter["RATES"]:
            for seed in range(3):
                torch.manual_seed(seed)
                shots = [lab.packed(chapter["plane"].Game())]

                def watch(step: int, game: nn.Module, shots: list = shots) -> dict:
                    if step % 40 == 0:
                        shots.append(lab.packed(game))
                    return chapter["count_modes"](step, game)

                _, history = chapter["play_ring"](rates, kind, seed, watch, quiet=True)
                counts = [count for _, count in history.measurements["found"]]
                late = counts[len(counts) // 2 :]
                name = f"{kind}, {rates}"
                found[f"{name}, {seed}"] = round(sum(late) / len(late), 2)
                if seed == 0:
                    runs[name] = lab.to_text(shots)
                print(name, seed, found[f"{name}, {seed}"], flush=True)
    return found, runs


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
    modes, runs = ring()
    recipes.record("03_gan", {"ring": modes, "runs": runs, "pictures": pictures()})
