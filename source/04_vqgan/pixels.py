"""The same seconds for a transformer on pixels and on codes of several kinds.

The last part of recipe.py, or alone once the judge is there: `python pixels.py`.
About fifteen minutes on one core.
"""

import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import recipes
from lib import data, vqgan
from lib.train import minibatches, train
from lib.transformer import Transformer

SECONDS, GREYS, EACH = 40, 16, 32  # of one core; levels of a pixel; samples a class

chapter = recipes.cells(__file__)
images, labels = chapter["images"], chapter["train_set"].labels
fit, decode, codes_of = chapter["fit"], chapter["decode"], chapter["codes_of"]


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


def apart(pictures: Tensor, critic: nn.Module) -> float:
    """The distance of pictures from real test pictures."""
    traits, real = chapter["traits"], chapter["test_images"]
    found: float = chapter["distance"](traits(critic, pictures), traits(critic, real))
    return found


def judged(pictures: Tensor, critic: nn.Module) -> dict[str, float]:
    """What samples, EACH of each class, look like beside real test pictures."""
    wanted = torch.arange(10).repeat_interleave(EACH)
    return {
        "as ordered": round(chapter["accuracy"](critic, pictures, wanted), 4),
        "distance": round(apart(pictures, critic), 3),
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
    again = decode(first, codes_of(first, chapter["test_images"]))
    told["of reconstructions"] = round(apart(again, critic), 3)
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
    critic = chapter["new_judge"]()
    critic.load_state_dict(data.weights("04_judge"))
    recipes.record("04_pixels", against_pixels(critic))
