"""The start of the first stage, a judge of samples, and what three seeds measure.

And what compression is for: one transformer on pixels and on codes of several lengths,
each after the same seconds of training in all. About half an hour on one core.
"""

from collections.abc import Callable
from functools import partial
from math import log, log2
from time import process_time

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


SECONDS = 150.0  # of a core, for both stages together
LEVELS = 16  # of grey, where the words are pixels


class Coder(nn.Module):
    """The chapter's tokenizer for any f, without attention to looks: pixels' error."""

    def __init__(self, f: int, K: int) -> None:
        super().__init__()
        residual = chapter["residual"]
        down: list[nn.Module] = []
        for a, b in zip(
            (1, 24, 48, 72), (24, 48, 72, 72)[: int(log2(f))], strict=False
        ):
            down += [nn.Conv2d(a, b, 4, 2, 1), nn.SiLU()]
        up = [
            m
            for a in (64, *[32] * (int(log2(f)) - 1))[: int(log2(f)) - 1]
            for m in (nn.ConvTranspose2d(a, 32, 4, 2, 1), nn.SiLU())
        ]
        self.encoder = nn.Sequential(*down, residual(b), nn.Conv2d(b, 16, 1))
        self.quantizer = vqgan.EMAVectorQuantizer(K, 16, decay=0.97)
        self.decoder = nn.Sequential(
            nn.Conv2d(16, 64, 3, 1, 1),
            residual(64),
            nn.SiLU(),
            *up,
            nn.ConvTranspose2d(32 if up else 64, 1, 4, 2, 1),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        z_q, indices, commitment = self.quantizer(self.encoder(x))
        return self.decoder(z_q), indices, commitment


class Grey(nn.Module):
    """No compression: a pixel is a word, one of a few levels of grey."""

    def codes(self, x: Tensor) -> Tensor:
        return (x[:, 0] * (LEVELS - 1)).round().long()

    def pictures(self, codes: Tensor) -> Tensor:
        return codes[:, None] / (LEVELS - 1)


def steps_in(seconds: float, attempt: Callable[[int], object]) -> int:
    """How many steps of a training fit into so many seconds of a core."""
    attempt(1)
    begun = process_time()
    attempt(4)
    return max(1, int(4 * seconds / (process_time() - begun)))


def coder(f: int, K: int, seconds: float) -> nn.Module:
    """Train a first stage for so long."""

    def attempt(steps: int) -> nn.Module:
        def loss(model: nn.Module, x: Tensor) -> Tensor:
            y, _, commitment = model(x)
            return (x - y).abs().mean() + commitment

        torch.manual_seed(0)
        model = Coder(f, K)
        train(model, loss, minibatches(images, size=32), steps=steps, lr=2e-3)
        return model.eval()

    return attempt(steps_in(seconds, attempt))


def writer(codes: Tensor, K: int, seconds: float) -> nn.Module:
    """Train a second stage on lists of codes (N, n) for so long."""

    def attempt(steps: int) -> nn.Module:
        def loss(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
            context = torch.cat([K + y[:, None], x[:, :-1]], 1)
            logits = model(context)[..., :K]
            return F.cross_entropy(logits.flatten(0, 1), x.flatten())

        torch.manual_seed(0)
        n = codes.shape[1]
        model = Transformer(K + 10, 64, depth=3, heads=4, causal=True, max_length=n)
        size = max(8, min(96, 4096 // n))
        train(model, loss, minibatches(codes, labels, size=size), steps=steps, lr=3e-3)
        return model.eval()

    return attempt(steps_in(seconds, attempt))


@torch.no_grad()
def write(model: nn.Module, wanted: Tensor, n: int, K: int) -> Tensor:
    """Draw lists of n words, one word after the other: (B,) -> (B, n)."""
    g, drawn, cache = torch.Generator().manual_seed(0), [], []
    token = K + wanted
    for _ in range(n):
        p = model(token[:, None], cache=cache)[:, -1, :K].softmax(-1)
        token = torch.multinomial(p, 1, generator=g)[:, 0]
        drawn.append(token)
    return torch.stack(drawn, 1)


@torch.no_grad()
def compressed(f: int, K: int, critic: nn.Module) -> dict[str, float]:
    """What comes of two stages that learn for SECONDS in all, the first for a third."""
    if f == 1:
        grey, K = Grey(), LEVELS
        codes_of, pictures, left = grey.codes, grey.pictures, SECONDS
    else:
        with torch.enable_grad():
            first = coder(f, K, SECONDS / 3)
        codes_of, left = partial(chapter["codes_of"], first), 2 * SECONDS / 3
        pictures = partial(decode, first)
    side = 32 // f
    codes = codes_of(images).flatten(1)
    with torch.enable_grad():
        model = writer(codes, K, left)
    wanted = torch.arange(10).repeat_interleave(64)
    begun = process_time()
    drawn = write(model, wanted, side * side, K)
    samples = pictures(drawn.view(-1, side, side))
    taken = process_time() - begun
    again = pictures(codes_of(test_images))
    found = {
        "tokens": side * side,
        "K": K,
        "error": (again - test_images).abs().mean().item(),
        "reconstructions": accuracy(critic, again, test_labels),
        "distance of reconstructions": chapter["distance"](critic, again, test_images),
        "samples": accuracy(critic, samples, wanted),
        "distance of samples": chapter["distance"](critic, samples, test_images),
        "ms a sample": 1000 * taken / len(wanted),
    }
    return {name: round(value, 4) for name, value in found.items()}


def compression(critic: nn.Module) -> dict[str, dict[str, float]]:
    """Pixels, and codes of several lengths and vocabularies."""
    kinds = [(1, LEVELS), (2, 128), (4, 128), (8, 128), (16, 128), (8, 16), (8, 1024)]
    found = {}
    for f, K in kinds:
        found[f"{f} {K}"] = compressed(f, K, critic)
        print(f, K, found[f"{f} {K}"], flush=True)
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
    found = {"stages": stages, "usage": usage(), "compression": compression(critic)}
    recipes.record("04_vqgan", found)
