"""The ring with four losses, two pairs of rates and three seeds; the pictures longer.

And a ring that loses half of its modes for a while. About twelve minutes on one core.
"""

from typing import Any

import torch
from torch import nn

from course import recipes
from lib import gan
from lib.gan import lab

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


def away(seed: int) -> dict[str, Any]:
    """Half of the ring taken away after 1,000 steps, given back 500 steps later.

    And the same game left alone. By what was done, rates and seed: modes found late in
    each of the three parts; of seed 0 also the shares of the modes every 50 steps.
    """
    found: dict[str, Any] = {}
    centres = chapter["centres"]
    half = torch.arange(len(centres)) < 4
    noise = torch.randn(10_000, 2, generator=torch.Generator().manual_seed(9))
    for done, kept in (("half away", half), ("left alone", None)):
        for rates, (lr_d, lr_g) in chapter["RATES"].items():
            bench = lab.Lab(chapter["players"], lr_d=lr_d, lr_g=lr_g, seed=seed)
            late, shares = [], []
            for there, steps in ((None, 1000), (kept, 500), (None, 1000)):
                bench.change(kept=there)
                counts = []
                for _ in range(steps // 50):
                    bench.step(50)
                    with torch.no_grad():
                        points = bench.game.generator(noise)
                    shares.append(chapter["plane"].shares(points, centres))
                    counts.append(chapter["plane"].modes_found(points, centres).item())
                late.append(sum(counts[-5:]) / 5)
            name = f"{done}, {rates}"
            found[f"{name}, {seed}"] = late
            print(name, seed, late, flush=True)
            if seed == 0 and kept is not None:
                rows = torch.stack(shares).tolist()
                found[f"shares, {name}"] = [[round(s, 4) for s in row] for row in rows]
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    modes, runs = ring()
    made = {"ring": modes, "runs": runs, "pictures": pictures()}
    made["away"] = {name: v for seed in range(3) for name, v in away(seed).items()}
    recipes.record("03_gan", made)
