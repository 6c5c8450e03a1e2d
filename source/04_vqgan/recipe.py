"""The start of the first stage, a judge of samples, and what three seeds measure.

About ten minutes on one core; words.py and pixels.py follow, each with its own record.
"""

import runpy
from math import log
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import recipes
from lib import data, vqgan
from lib.train import minibatches, train

chapter = recipes.cells(__file__)
images, labels = chapter["images"], chapter["train_set"].labels
test_images, test_labels = chapter["test_images"], chapter["test_set"].labels
fit, decode, accuracy = chapter["fit"], chapter["decode"], chapter["accuracy"]
codes_of = chapter["codes_of"]


def judge() -> nn.Module:
    """A classifier of real pictures."""
    torch.manual_seed(0)
    model = chapter["new_judge"]()

    def loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
        return F.cross_entropy(model(x), y)

    batch = minibatches(images, labels, size=64)
    train(model, loss, batch, steps=500, lr=1e-2, weight_decay=0.05)
    return model.eval()


def start() -> nn.Module:
    """The first stage before the critic comes."""
    return fit(chapter["new_tokenizer"](), steps=900, lr=2e-3)[0]


def measure(
    tokenizer: nn.Module, prior: nn.Module, seed: int, critic: nn.Module
) -> dict[str, float]:
    """Reconstructions of the test pictures, and samples of the second stage."""
    edges, distance, traits = (chapter[k] for k in ("edges", "distance", "traits"))
    codes = codes_of(tokenizer, test_images)
    again = decode(tokenizer, codes)
    best = traits(critic, again)
    with torch.no_grad():
        nats = chapter["prior_loss"](prior, codes.flatten(1), test_labels)
    table = chapter["place_table"](codes_of(tokenizer, images), labels)
    wanted = torch.arange(10).repeat_interleave(64)
    g = torch.Generator().manual_seed(seed)
    noise = decode(tokenizer, torch.randint(128, (640, 4, 4), generator=g))
    alone = torch.multinomial(table[wanted].flatten(0, 1), 1, generator=g)
    alone = decode(tokenizer, alone.view(-1, 4, 4))
    samples = decode(tokenizer, chapter["sample"](prior, wanted, seed=seed))
    found = {
        "error": (again - test_images).abs().mean().item(),
        "perceptual": float(chapter["eyes"](again[:500], test_images[:500])),
        "edges": edges(again) / edges(test_images),
        "reconstructions": accuracy(critic, again, test_labels),
        "perplexity": float(vqgan.codebook_perplexity(codes, 128)),
        "bits a code": float(nats) / log(2),
        "bits by the table": chapter["table_bits"](table, codes, test_labels),
        "samples": accuracy(critic, samples, wanted),
        "each place alone": accuracy(critic, alone, wanted),
        "random codes": accuracy(critic, noise, wanted),
        "distance of samples": distance(traits(critic, samples), best),
        "of each place alone": distance(traits(critic, alone), best),
    }
    return {name: round(value, 4) for name, value in found.items()}


def usage() -> dict[str, float]:
    """Perplexity and codes in use after a hundred steps, by how the codes learn."""
    found = {}
    for kind in chapter["QUANTIZERS"]:
        for seed in range(3):
            curve, used = chapter["usage"](kind, seed)
            found[f"{kind} {seed}"] = round(float(curve[-1]), 2)
            found[f"used: {kind} {seed}"] = used
            print(kind, seed, found[f"{kind} {seed}"], used, flush=True)
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    critic = judge()
    recipes.weights("04_judge", critic)
    recipes.weights("04_tokenizer", start())
    first = chapter["new_tokenizer"]()
    first.load_state_dict(data.weights("04_tokenizer"))  # rounded, as readers have it
    critic.load_state_dict(data.weights("04_judge"))
    stages: dict[str, dict[str, float]] = {}
    stages["real"] = {"accuracy": round(accuracy(critic, test_images, test_labels), 4)}
    for seed in range(3):
        for kind in ("blurry", "sharp"):
            again = fit(first, steps=150, critic=kind == "sharp", seed=seed)[0]
            prior = chapter["fit_prior"](again, seed=seed)
            stages[f"{kind} {seed}"] = measure(again, prior, seed, critic)
            print(kind, seed, stages[f"{kind} {seed}"], flush=True)
    recipes.record("04_vqgan", {"stages": stages, "usage": usage()})
    for part in ("words.py", "pixels.py"):
        runpy.run_path(str(Path(__file__).with_name(part)), run_name="__main__")
