"""Three seeds of every model of the chapter, six betas, and a slow start for one.

About five minutes on one core.
"""

import itertools

import torch
from torch import Tensor

from course import recipes
from lib import vae
from lib.train import train

chapter = recipes.cells(__file__)
fit, score, bounds = chapter["fit"], chapter["score"], chapter["bounds"]

BETAS = (0.0, 0.25, 1.0, 4.0, 16.0, 64.0)
SEEDS = range(3)


def measured(model: vae.VAE) -> dict[str, float]:
    """What the chapter says of a model, to two places."""
    return {name: round(value, 2) for name, value in score(model).items()}


def warmed(seed: int, steps: int = 600) -> vae.VAE:
    """A Reader whose beta rises from 0 to 1 over the first half of the training."""
    finished = itertools.count()

    def loss(model: vae.VAE, x: Tensor, noise: Tensor) -> Tensor:
        logits, mu, logvar = model(x, noise)
        likelihood = vae.bernoulli_log_likelihood(logits, x)
        beta = min(1.0, next(finished) / (steps / 2))
        return -vae.elbo(likelihood, mu, logvar, beta).mean()

    torch.manual_seed(seed)
    model = chapter["Reader"](784, 200, 16)
    batch = chapter["batches"](16)
    train(model, loss, batch, steps=steps, lr=4e-3, seed=seed, quiet=True)
    return model


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
    recipes.record("02_vae", found)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
