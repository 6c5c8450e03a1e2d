"""The base model, the small reader of Austen; orders, thresholds and caches measured.

About nine minutes on one core. Parts by name: small, bound, base, answers, orders,
speed, drift; what the record holds of the others stays.
"""

import sys
import time
from functools import partial

import torch
import torch.nn.functional as F

from course import recipes
from lib import data, llada
from lib.train import train

chapter = recipes.cells(__file__)
NAME, Model = "09b_llada_instruct", torch.nn.Module
TWINS = ("teacher", "09_austen_masked", 512), ("small", "09b_austen_small", 192)
keep = partial(recipes.keep, NAME)


def base() -> None:
    """A masked model of the stream: seed 0 leaves its weights."""
    began = time.process_time()
    torch.manual_seed(0)
    model = chapter["new_model"]()
    chapter["fit"](
        model, chapter["base_loss"], chapter["stream"], 2500, 6e-3, quiet=True
    )
    recipes.weights("09b_base", model)
    keep("seconds", {"base": round(time.process_time() - began)})


def small() -> None:
    """A twin of chapter 09's masked reader whose MLPs are 192 wide, taught by it."""
    began, blank = time.process_time(), chapter["BLANK"]
    teacher = chapter["reader"]("09_austen_masked")
    found = dict(teacher.state_dict())
    for n in range(3):
        up, down = (f"blocks.{n}.mlp.{part}.weight" for part in ("up", "down"))
        size = found[up].norm(dim=1) * found[down].norm(dim=0)
        best = size.topk(192).indices.sort().values
        found |= {up: found[up][best], down: found[down][:, best]}
    twin = type(teacher)(blank + 1, 128, 3, 4, 192, max_length=chapter["W"])
    twin.load_state_dict(found)

    def batch(g: torch.Generator) -> tuple[torch.Tensor, ...]:
        x = chapter["windows"]("train", 32, g)
        t = (torch.arange(32) / 32 + torch.rand(1, generator=g)) % 1
        return x, t, torch.rand(x.shape, generator=g)

    def loss(model: Model, *drawn: torch.Tensor) -> torch.Tensor:
        x, t, noise = drawn  # the loss is the KL of the teacher's guesses
        noisy, mask, _ = llada.forward_process(x, t, blank, noise=noise)
        with torch.no_grad():
            want = teacher(noisy)[mask].log_softmax(-1)
        got = model(noisy)[mask].log_softmax(-1)
        return (want.exp() * (want - got)).sum(-1).mean()

    train(twin, loss, batch, steps=1500, lr=1e-3, clip=1.0, seed=0, quiet=True)
    recipes.weights("09b_austen_small", twin)
    keep("seconds", {"small": round(time.process_time() - began)})


def bound() -> None:
    """At most so many nats a letter of the held-out novel, by teacher and twin."""
    for name, file, size in TWINS:
        g = torch.Generator().manual_seed(1)
        x, net = chapter["windows"]("test", 256, g), chapter["reader"](file, size)
        nats = llada.likelihood_bound(net, x, chapter["BLANK"], 16, generator=g)
        keep("bound", {name: round(-nats.mean().item() / chapter["W"], 4)})


def answers(seed: int) -> None:
    """Answers by the number of purchases, for ways to write them."""
    torch.manual_seed(seed)
    model = chapter["new_model"]()
    model.load_state_dict(data.weights("09b_base"))
    loss, pairs = chapter["answer_loss"], chapter["pairs"]
    chapter["fit"](model, loss, pairs, 450, 6e-3, seed, quiet=True)
    chapter["model"] = model.eval()
    for who in chapter["GUESSES"]:
        for way in chapter["WAYS"]:
            shares = chapter["outcome"](who, *way, seed=seed)
            key = f"{who} {way[0]} {way[1]} {way[2]} {seed}"
            keep("answers", {key: [round(n, 4) for n in shares.tolist()]})


def judged(x: torch.Tensor, first: int) -> dict[str, float]:
    """Nats a letter by the left-to-right twin, and the share of words in the novels."""
    causal, blank = chapter["reader"]("09_austen_causal", causal=True), chapter["BLANK"]
    begun = F.pad(x[:, :-1], (1, 0), value=blank)
    with torch.no_grad():
        nats = F.cross_entropy(causal(begun)[:, first:].transpose(1, 2), x[:, first:])
    texts = ["".join(chapter["LETTERS"][n] for n in row) for row in x.tolist()]
    real = recipes.real(texts, set(recipes.words(data.austen())))
    return {"nats": round(nats.item(), 3), "words": round(real, 3)}


def orders(seed: int) -> None:
    """Blank pages of 64 letters, one a call, in three orders."""
    net = chapter["reader"]("09_austen_masked")
    nothing = torch.empty(32, 0, dtype=torch.long)
    ways = {
        "surest first": (64, "low_confidence"),
        "any": (64, "random"),
        "left to right": (1, "random"),
    }
    for name, (block, rule) in ways.items():
        for heat in (0.5, 1.0):
            x = llada.generate(
                net,
                nothing,
                chapter["BLANK"],
                64,
                64,
                block,
                heat,
                0.0,
                rule,
                torch.Generator().manual_seed(seed),
            ).clamp(max=chapter["BLANK"] - 1)
            for what, value in judged(x, 0).items():
                keep("orders", {f"{name} {heat} {what} {seed}": value})


def speed(seed: int) -> None:
    """48 letters after 16 of the novel, in blocks of 16: thresholds and caches."""
    net, part = chapter["reader"]("09_austen_masked"), chapter["W"] // 4
    begun = chapter["windows"]("test", 16, torch.Generator().manual_seed(seed))
    keep("speed", {f"austen nats {seed}": judged(begun, part)["nats"]})
    for cached in (False, True):
        for least in (1.0, 0.7, 0.5, 0.3, 0.15):
            x, calls = begun.clone(), 0.0
            x[:, part:] = chapter["BLANK"]
            g = torch.Generator().manual_seed(seed)
            for start in range(part, 64, part):
                here = slice(start, start + part)
                calls += chapter["write_block"](net, x, here, least, g, cached)
            key = f"{'cached' if cached else 'exact'} {least}"
            found = judged(x, part) | {"letters": round(48 / calls.mean().item(), 3)}
            for what, value in found.items():
                keep("speed", {f"{key} {what} {seed}": value})


def drift(seed: int) -> None:
    """How far keys and values of a finished block move when the next is written."""
    net, part = chapter["reader"]("09_austen_masked"), chapter["W"] // 4
    x = chapter["windows"]("test", 64, torch.Generator().manual_seed(seed))
    for n in (1, 2, 3):
        half = x.masked_fill(chapter["place"] >= n * part, chapter["BLANK"])
        more = x.masked_fill(chapter["place"] >= (n + 1) * part, chapter["BLANK"])
        caches: list[list] = [[], []]
        with torch.no_grad():
            for text, cache in zip((half, more), caches, strict=True):
                net(text, cache=cache)
        for layer, (old, new) in enumerate(zip(*caches, strict=True)):
            for what, a, b in zip(("keys", "values"), old, new, strict=True):
                a, b = a[:, :, : n * part], b[:, :, : n * part]
                same = F.cosine_similarity(a, b, dim=-1).mean().item()
                keep("drift", {f"{what} {layer} {n} {seed}": round(same, 4)})


if __name__ == "__main__":
    torch.set_num_threads(1)
    once = {"small": small, "bound": bound, "base": base}
    often = {"answers": answers, "orders": orders, "speed": speed, "drift": drift}
    names = [name for name in sys.argv[1:] if not name.isdigit()] or [*once, *often]
    for name in names:
        if name in once:
            once[name]()
            continue
        for seed in [int(a) for a in sys.argv[1:] if a.isdigit()] or range(3):
            often[name](seed)
