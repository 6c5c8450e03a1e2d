"""The ring with four losses, two pairs of rates and three seeds; the pictures longer.

And what the same ruler says of chapter 02's VAE, as its training goes on. About half an
hour on one core; ring.py follows, with a record of its own.
"""

import runpy
from pathlib import Path
from time import process_time
from typing import Any

import torch

from course import recipes
from lib import gan

chapter = recipes.cells(__file__)
LONG, EVERY = 4800, 400
VAE_STEPS = (600, 2400, 9600)


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
    """Distance, losses and seconds along a longer run of the image GAN, by seed."""
    found: dict[str, Any] = {}
    for seed in range(3):
        begun = process_time()
        game, history = chapter["play_pictures"](seed, LONG, every=EVERY, quiet=True)
        taken = process_time() - begun
        if seed == 0:
            recipes.weights("03_generator", game.generator)
        found[f"distance {seed}"] = rounded(history.measurements["distance"])
        for name, losses in history.losses.items():
            chunks = torch.tensor(losses).split(EVERY)
            found[f"{name} {seed}"] = [round(c.mean().item(), 4) for c in chunks]
        found[f"seconds {seed}"] = round(taken)
        print(seed, found, flush=True)
    return found


def with_a_likelihood() -> dict[str, Any]:
    """The same of chapter 02's VAE, whose samples are the means of its coins."""
    second = recipes.cells(str(Path(__file__).parents[1] / "02_vae" / "recipe.py"))
    noise = torch.randn(500, 16, generator=torch.Generator().manual_seed(5))
    found: dict[str, Any] = {}
    for seed in range(3):
        begun = process_time()
        line = []
        for steps in VAE_STEPS:
            model, _ = second["fit"](16, seed=seed, steps=steps)
            taken = process_time() - begun
            with torch.no_grad():
                means = model.decode(noise).sigmoid().view(500, 1, 28, 28)
            line.append((steps, chapter["distance"](means)))
            begun = process_time()
        found[f"distance {seed}"] = rounded(line)
        found[f"seconds {seed}"] = round(taken)  # of the longest
        print(seed, found, flush=True)
    return found


def rounded(measured: list[tuple[int, float]]) -> list[float]:
    """Give the values of a curve to two places."""
    return [round(float(value), 2) for _, value in measured]


if __name__ == "__main__":
    torch.set_num_threads(1)
    found = {"ring": ring(), "pictures": pictures(), "vae": with_a_likelihood()}
    recipes.record("03_gan", found)
    runpy.run_path(str(Path(__file__).with_name("ring.py")), run_name="__main__")
