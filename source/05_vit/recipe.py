"""Three seeds, three amounts of data, three lengths of training; and where the norm is.

About 25 minutes on one core.
"""

import torch
from torch import Tensor, nn

from course import recipes
from lib import vit

chapter = recipes.cells(__file__)
fit, accuracy = chapter["fit"], chapter["accuracy"]


class PostNorm(vit.Block):
    """The norm after the sum, as in the original Transformer."""

    def forward(
        self, x: Tensor, mask: vit.Mask = None, maps: vit.Maps = None
    ) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        x = self.norm1(x + self.attn(x, mask, maps))
        return self.norm2(x + self.mlp(x))


class NoNorm(vit.Block):
    """No norm in the block at all."""

    def forward(
        self, x: Tensor, mask: vit.Mask = None, maps: vit.Maps = None
    ) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        x = x + self.attn(x, mask, maps)
        return x + self.mlp(x)


def compare() -> dict[str, float]:
    """Test accuracy of both models by data, steps and seed."""
    found = {}
    for kind, make in chapter["MAKERS"].items():
        for seed in range(3):
            for pictures in (500, 1500, 6000):
                for steps in (200, 500, 1500):
                    torch.manual_seed(seed)
                    model = make()
                    fit(model, pictures, steps, chapter["RATES"][kind], seed)
                    name = f"{kind} {pictures} {steps} {seed}"
                    found[name] = round(accuracy(model), 4)
                    print(name, found[name], flush=True)
    return found


def norms() -> dict[str, float]:
    """Test accuracy of eight blocks after 200 steps, by where the norm stands."""
    found = {}
    kinds = {
        "norm first, as in ViT": vit.Block,
        "norm after the sum": PostNorm,
        "no norm in the blocks": NoNorm,
    }
    for name, block in kinds.items():
        for seed in range(3):
            torch.manual_seed(seed)
            model: nn.Module = chapter["new_vit"](depth=8)
            for part in model.blocks:
                part.__class__ = block
            fit(model, 6000, 200, chapter["RATES"]["ViT"], seed)
            found[f"{name} {seed}"] = round(accuracy(model), 4)
            print(name, seed, found[f"{name} {seed}"], flush=True)
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    recipes.record("05_vit", {"norm": norms(), "accuracy": compare()})
