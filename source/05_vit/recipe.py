"""Weights of 1,500 steps; and three seeds of everything that the chapter compares.

Three amounts of data and three lengths of training, where the norm stands, no
positions, and the mean of all patches in place of the class token. About 30 minutes on
one core.
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


def longer() -> nn.Module:
    """The transformer of seed 0 after 1,500 steps."""
    torch.manual_seed(0)
    model = chapter["new_vit"]()
    fit(model, 6000, 1500, chapter["RATES"]["ViT"])
    return model


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


def positions() -> dict[str, float]:
    """Test accuracy of the transformer trained without positions, by seed."""
    found = {}
    for seed in range(3):
        torch.manual_seed(seed)
        model = chapter["new_vit"]()
        nn.init.zeros_(model.pos_embed.requires_grad_(False))
        fit(model, 6000, 500, chapter["RATES"]["ViT"], seed)
        found[f"without {seed}"] = round(accuracy(model), 4)
        print("without positions", seed, found[f"without {seed}"], flush=True)
    return found


class Mean(vit.ViT):
    """It answers from the mean of its patches; the class token is only looked at."""

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, K)."""
        tokens = self.encode(self.embed(vit.patchify(images, self.patch_size)))
        return self.head(tokens[:, 1:].mean(1))


def pooled() -> dict[str, float]:
    """Test accuracy of the transformer that answers from the mean, by seed."""
    found = {}
    for seed in range(3):
        torch.manual_seed(seed)
        model = chapter["new_vit"]()
        model.__class__ = Mean
        fit(model, 6000, 500, chapter["RATES"]["ViT"], seed)
        found[f"mean {seed}"] = round(accuracy(model), 4)
        print("mean", seed, found[f"mean {seed}"], flush=True)
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    recipes.weights("05_vit", longer())
    learnt = {"norm": norms(), "positions": positions(), "pooled": pooled()}
    recipes.record("05_vit", learnt | {"accuracy": compare()})
