"""The conditional VAE over three seeds, its class given as a 10 and as a 1.

Half a minute on one core: `python told.py`; recipe.py ends with it.
"""

import torch

from course import recipes

chapter = recipes.cells(__file__)
told, asked, yes = chapter["told"], chapter["asked"], chapter["YES"]


def measure(seed: int, factor: float) -> dict[str, float]:
    """Bill, code, and how many of 100 the probe names and the decoder draws rightly."""
    kind = chapter["Conditional"]
    model, _ = chapter["fit"](2, kind=kind, seed=seed, classes=factor * told)
    numbers = chapter["score"](model, factor * asked)
    numbers["named"] = float(chapter["probe"](model, factor * asked)[1])
    numbers["obeyed"] = float(chapter["obeys"](model, factor * yes)[0])
    kept = ("bill", "rate", "named", "obeyed")
    return {name: round(numbers[name], 2) for name in kept}


if __name__ == "__main__":
    torch.set_num_threads(1)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for given in (10, 1):
        found[f"as a {given}"] = {f"seed {n}": measure(n, given / 10) for n in range(3)}
    recipes.record("02_told", {**found, "made with": recipes.made_with()})
