"""The start of the first stage, a judge of samples, and what three seeds measure.

About twenty-five minutes on one core.
"""

import time
from math import log

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import recipes
from lib import data, vqgan
from lib.train import minibatches, train
from lib.transformer import Transformer

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
    edges, distance = chapter["edges"], chapter["distance"]
    codes = codes_of(tokenizer, test_images)
    again = decode(tokenizer, codes)
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
        "distance of samples": distance(critic, samples, again),
        "of each place alone": distance(critic, alone, again),
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


SECONDS, GREYS, EACH = 40, 16, 32  # of one core; levels of a pixel; samples a class


def tokenizer(f: int, K: int, seed: int) -> nn.Module:
    """The chapter's first stage with another factor: a convolution more, or less."""
    torch.manual_seed(seed)
    model = chapter["new_tokenizer"](seed)
    model.quantizer = vqgan.EMAVectorQuantizer(K, 16, decay=0.97)
    if f == 4:
        model.encoder[4] = nn.Conv2d(48, 72, 3, 1, 1)
        model.decoder[3] = nn.Conv2d(64, 32, 3, 1, 1)
    if f == 16:
        model.encoder[-1] = nn.Sequential(nn.Conv2d(72, 16, 4, 2, 1))
        model.decoder[0] = nn.ConvTranspose2d(16, 64, 4, 2, 1)
    return fit(model, steps=900, lr=2e-3, seed=seed)[0]


def lists(words: Tensor, V: int, seed: int) -> tuple[nn.Module, dict[str, float]]:
    """A transformer that has learnt to write lists (N, T) for so many seconds."""
    T, told = words.shape[1], {}

    def loss(prior: nn.Module, codes: Tensor, labels: Tensor) -> Tensor:
        context = torch.cat([V + labels[:, None], codes[:, :-1]], 1)
        logits = prior(context)[..., :V]
        return F.cross_entropy(logits.flatten(0, 1), codes.flatten())

    def learn(steps: int) -> nn.Module:
        torch.manual_seed(seed)
        prior = Transformer(V + 10, 64, depth=3, heads=4, causal=True, max_length=T)
        batch = minibatches(words, labels, size=96 if T < 100 else 16)
        train(prior, loss, batch, steps=steps, lr=3e-3, seed=seed, quiet=True)
        return prior.eval()

    begun = time.process_time()
    learn(20)
    told["steps"] = round(20 * SECONDS / (time.process_time() - begun))
    return learn(int(told["steps"])), told


@torch.no_grad()
def written(prior: nn.Module, T: int, V: int, seed: int) -> Tensor:
    """Lists (10 EACH, T) of all classes, drawn at temperature 1."""
    g, drawn, cache = torch.Generator().manual_seed(seed), [], []
    token = V + torch.arange(10).repeat_interleave(EACH)
    for _ in range(T):
        p = prior(token[:, None], cache=cache)[:, -1, :V].softmax(-1)
        token = torch.multinomial(p, 1, generator=g)[:, 0]
        drawn.append(token)
    return torch.stack(drawn, 1)


def judged(pictures: Tensor, critic: nn.Module) -> dict[str, float]:
    """What samples, EACH of each class, look like beside real test pictures."""
    wanted = torch.arange(10).repeat_interleave(EACH)
    return {
        "as ordered": round(accuracy(critic, pictures, wanted), 4),
        "distance": round(chapter["distance"](critic, pictures, test_images), 3),
    }


def compressed(f: int, K: int, seed: int, critic: nn.Module) -> dict[str, float]:
    """Two stages, the second for SECONDS."""
    begun = time.process_time()
    first = tokenizer(f, K, seed)
    taken = time.process_time() - begun
    maps = codes_of(first, images)
    prior, told = lists(maps.flatten(1), K, seed)
    told["first stage"] = round(taken)  # seconds
    begun = time.process_time()
    drawn = written(prior, maps[0].numel(), K, seed).view(-1, *maps.shape[1:])
    pictures = decode(first, drawn)
    told["ms a picture"] = round(1e3 * (time.process_time() - begun) / len(drawn), 1)
    again = decode(first, codes_of(first, test_images))
    told["of reconstructions"] = round(
        chapter["distance"](critic, again, test_images), 3
    )
    return told | {"words": maps[0].numel()} | judged(pictures, critic)


def by_pixels(seed: int, critic: nn.Module) -> dict[str, float]:
    """One stage, on the 784 pixels in GREYS levels of grey, for SECONDS."""
    inside = images[:, 0, 2:30, 2:30].flatten(1)  # (N, 784)
    prior, told = lists((inside * (GREYS - 1)).round().long(), GREYS, seed)
    begun = time.process_time()
    drawn = written(prior, 784, GREYS, seed).view(-1, 1, 28, 28) / (GREYS - 1)
    told["ms a picture"] = round(1e3 * (time.process_time() - begun) / len(drawn), 1)
    pictures = F.pad(drawn, (2, 2, 2, 2))
    return told | {"words": 784} | judged(pictures, critic)


def against_pixels(critic: nn.Module) -> dict[str, dict[str, float]]:
    """The same seconds for a transformer on pixels and on codes of several kinds."""
    found = {}
    for seed in range(3):
        found[f"pixels {seed}"] = by_pixels(seed, critic)
        print("pixels", seed, found[f"pixels {seed}"], flush=True)
        others = () if seed else ((8, 32), (8, 512), (16, 128))  # of these, one seed
        for f, K in ((4, 128), (8, 128), *others):
            found[f"f {f}, K {K} {seed}"] = compressed(f, K, seed, critic)
            print(f, K, seed, found[f"f {f}, K {K} {seed}"], flush=True)
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
    recipes.record("04_pixels", against_pixels(critic))
