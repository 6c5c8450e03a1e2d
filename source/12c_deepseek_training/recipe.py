"""Three seeds of training in float32 and in FP8: tiles, one scale a matrix, or none.

And in float32 from weights changed by 3 %, as much as FP8 rounds, to see what it does.

About six minutes on one core.
"""

import torch

from course import recipes
from lib.train import train

chapter = recipes.cells(__file__)
FORMATS = {"float32": "float32", "tiles": 16, "tensor": "tensor", "none": None}
FORMATS["nudged"] = "float32"


def learn(name: str, seed: int) -> dict[str, object]:
    """Train the chapter's model once; means of five steps, and of the last thirty."""
    torch.manual_seed(seed)
    model = chapter["new_model"](FORMATS[name])
    if name == "nudged":
        with torch.no_grad():
            for p in model.parameters():
                p.mul_(1 + 0.03 * torch.randn_like(p))
    told = train(
        model,
        chapter["text_loss"],
        chapter["batch"],
        steps=150,
        lr=chapter["LR"],
        seed=seed,
    )
    losses = torch.tensor(told.losses["loss"])
    curve = " ".join(f"{x:.2f}" for x in losses.view(-1, 5).mean(1).tolist())
    return {"curve": curve, "last": round(losses[-30:].mean().item(), 4)}


if __name__ == "__main__":
    torch.set_num_threads(1)
    found = {}
    for seed in range(3):
        for name in FORMATS:
            found[f"{name} {seed}"] = learn(name, seed)
            print(seed, name, found[f"{name} {seed}"]["last"], flush=True)
    recipes.record("12c_deepseek_training", {"fp8": found})
