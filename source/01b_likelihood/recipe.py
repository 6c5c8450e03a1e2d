"""Bits per dimension of the three models by number of training pictures, three seeds.

About five minutes on one core.
"""

import torch
from torch import Tensor

from course import recipes

chapter = recipes.cells(__file__)
per_dimension = chapter["per_dimension"]


def kernel_density(y: Tensor, y_test: Tensor) -> float:
    """Bits on test pictures, with the width that is best with one left out."""
    _, others, to_test = chapter["distances"](y, y_test)

    def bits(squares: Tensor, width: float) -> float:
        return per_dimension(chapter["kernel_density"](squares, width))

    width = min(chapter["WIDTHS"], key=lambda width: bits(others, width))
    return bits(to_test, width)


def compare() -> dict[str, float]:
    """Bits per dimension on the 500 test pictures by model, pictures and seed."""
    found = {}
    everything, x_test = chapter["x"], chapter["x_test"]
    for seed in range(3):
        g = torch.Generator().manual_seed(seed)
        order = torch.randperm(len(everything), generator=g)
        for pictures in (500, 1500, 6000):
            x = everything[order[:pictures]]
            y, y_test = chapter["noisy"](x, seed), chapter["noisy"](x_test, seed + 10)
            mixture = chapter["fit_mixture"](y, seed=seed)
            model, _ = chapter["fit_pixels"](x, seed=seed)
            values = {
                "kernel density": kernel_density(y, y_test),
                "mixture": per_dimension(
                    chapter["parts"](y_test, mixture).logsumexp(1)
                ),
                "pixel after pixel": per_dimension(
                    chapter["pixel_nats"](model.eval(), x_test).sum(1)
                ),
            }
            for kind, value in values.items():
                found[f"{kind} {pictures} {seed}"] = round(value, 4)
            print(seed, pictures, values, flush=True)
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    recipes.record("01b_likelihood", {"bits": compare()})
