"""Three seeds of every model of the chapter, six betas, and a slow start for one; and
how long the small VAE needs for its code, at first and after a dear spell, five seeds.

About five minutes on one core; told.py follows, with a record of its own.
"""

import itertools
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from course import recipes
from lib.live.chance import Chance
from lib.live.run import State
from lib.train import train

chapter = recipes.cells(__file__)
fit, score, bounds = chapter["fit"], chapter["score"], chapter["bounds"]

BETAS = (0.0, 0.25, 1.0, 4.0, 16.0, 64.0)
SEEDS = range(3)


def measured(model: nn.Module) -> dict[str, float]:
    """What the chapter says of a model, to two places."""
    return {name: round(value, 2) for name, value in score(model).items()}


def warmed(seed: int, steps: int = 600) -> nn.Module:
    """A Reader whose beta rises from 0 to 1 over the first half of the training."""
    finished = itertools.count()

    def loss(model: nn.Module, x: Tensor, noise: Tensor) -> Tensor:
        beta = min(1.0, next(finished) / (steps / 2))
        nats: Tensor = chapter["price"](model, x, noise, beta=beta)
        return nats.mean()

    torch.manual_seed(seed)
    model: nn.Module = chapter["Reader"](784, 200, 16)
    batch = chapter["batches"](16)
    train(model, loss, batch, steps=steps, lr=4e-3, seed=seed, quiet=True)
    return model


def returns() -> dict[str, list[int]]:
    """Steps until the code has 1.5 nats, in tens, for seeds 1 to 5.

    From fresh; after a spell of 300 steps at beta 30, at most 900; and after it with
    Adam's memory emptied. 901 where it does not come back.
    """
    found: dict[str, list[int]] = {"fresh": [], "after": [], "emptied": []}
    for seed in range(1, 6):
        chance = Chance.seeded(seed)
        state = chapter["start"](chance)
        state, key, first = played(state, chance.key, 1.0, 400)
        state, key, _ = played(state, key, 30.0, 300, lambda nats: False)
        _, _, back = played(state, key, 1.0, 900, spoken)
        empty = chapter["pair"].optimizer.start(state["net"]["weights"])
        state = state | {"net": state["net"] | {"memory": empty}}
        _, _, sooner = played(state, key, 1.0, 900, spoken)
        for name, steps in (("fresh", first), ("after", back), ("emptied", sooner)):
            found[name].append(steps)
        print(seed, found, flush=True)
    return found


def spoken(nats: float) -> bool:
    """Whether there is a code to speak of."""
    return nats >= 1.5


def played(
    state: State,
    key: Tensor,
    beta: float,
    steps: int,
    enough: Callable[[float], bool] | None = None,
) -> tuple[Any, Tensor, int]:
    """So many steps at one beta, or until `enough`; the state, the key, and the steps.

    Without `enough` all are made, and the steps are those until there was a code.
    """
    off, needed = torch.tensor([False]), steps + 1
    for made in range(1, steps + 1):
        chance = Chance(key)
        with torch.no_grad():
            state = chapter["step"](state, chance, torch.tensor(beta), off)
        key = chance.key
        if made % 10:
            continue
        nats = state["code"][int((state["count"] - 1) // 10)].item()
        if enough is None and spoken(nats):
            needed = min(needed, made)
        elif enough is not None and enough(nats):
            return state, key, made
    return state, key, needed


def main() -> None:
    """Train and record."""
    found: dict[str, dict[str, dict[str, float]]] = {}

    def keep(name: str, seed: int, numbers: dict[str, float]) -> None:
        found.setdefault(name, {})[f"seed {seed}"] = numbers
        print(name, seed, numbers, flush=True)

    for seed in SEEDS:
        for latent, beta in [(2, 1.0), *((16, beta) for beta in BETAS)]:
            model, _ = fit(latent, beta, seed=seed)
            bound = round(-bounds(model)[64], 2)
            keep(
                f"{latent} latents, beta {beta:g}",
                seed,
                measured(model) | {"K=64": bound},
            )
        model, _ = fit(16, kind=chapter["Reader"], seed=seed)
        keep("reader", seed, measured(model))
        keep("reader, warmed up", seed, measured(warmed(seed)))
    recipes.record("02_vae", {**found, "small": returns()})
    runpy.run_path(str(Path(__file__).with_name("told.py")), run_name="__main__")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
