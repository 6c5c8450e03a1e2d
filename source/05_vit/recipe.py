"""Three seeds, three amounts of data, three lengths of training; and where the norm is.

How well it learns without positions. And what each model says of its first choices,
before and after a temperature is fitted. About 25 minutes on one core.
"""

import torch
from torch import Tensor, nn

from course import recipes
from lib import calibration, vit

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


def sureness(model: nn.Module) -> list[float]:
    """What is said and what is right; then T, loss and ECE, without and with T.

    T is chosen on the first half of the test pictures, the rest is of the second half.
    """
    labels = chapter["test_set"].labels
    (a, b), (la, lb) = chapter["logits_of"](model).split(1000), labels.split(1000)
    T = chapter["TEMPERATURES"][chapter["loss_at"](a, la).argmin()]
    found = [b.softmax(-1).amax(-1).mean(), (b.argmax(-1) == lb).float().mean(), T]
    for logits in (b, b / T):
        found.append(nn.functional.cross_entropy(logits, lb))
        found.append(calibration.calibration_error(logits.softmax(-1), lb))
    return [round(value.item(), 4) for value in found]


def compare() -> tuple[dict[str, float], dict[str, list[float]]]:
    """Test accuracy of both models by data, steps and seed; sureness at 500 steps."""
    found, sure = {}, {}
    for kind, make in chapter["MAKERS"].items():
        for seed in range(3):
            for pictures in (500, 1500, 6000):
                for steps in (200, 500, 1500):
                    torch.manual_seed(seed)
                    model = make()
                    fit(model, pictures, steps, chapter["RATES"][kind], seed)
                    name = f"{kind} {pictures} {steps} {seed}"
                    found[name] = round(accuracy(model), 4)
                    if steps == 500 and pictures != 1500:  # one of the chapter's four
                        sure[name] = sureness(model)
                    print(name, found[name], sure.get(name, ""), flush=True)
    return found, sure


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


if __name__ == "__main__":
    torch.set_num_threads(1)
    accuracies, sure = compare()
    learnt = {"norm": norms(), "positions": positions()}
    recipes.record("05_vit", learnt | {"accuracy": accuracies, "sure": sure})
