"""Three seeds of every memory at one size, and of the second guess.

About 5 minutes on one core. A seed may be named to make its part alone.
"""

import sys

import torch
from torch import Tensor

from course import recipes
from lib import data, mla, mtp

chapter = recipes.cells(__file__)
build, fit, loss, test_loss = (
    chapter[name] for name in ("build", "fit", "loss", "test_loss")
)


class Timeless(mla.MLA):
    """Latent attention whose rotary key is nought: no token knows where it stands."""

    def compress(self, x: Tensor, cache: mla.Cache | None) -> mla.Cache:
        latent, rope = super().compress(x, cache)
        return latent, 0 * rope


def memories(seed: int) -> dict[str, float]:
    """Held-out nats a character after 150 steps, by what is cached."""
    found = {}
    for kind in [*chapter["KINDS"], "MLA 16+0"]:
        timeless = kind == "MLA 16+0"
        model = build("MLA 16+8" if timeless else kind, seed)
        if timeless:
            for block in model.blocks:
                block.attn.mla.__class__ = Timeless
        fit(model, seed=seed)
        found[f"{kind} {seed}"] = round(test_loss(model), 4)
        print(kind, seed, found[f"{kind} {seed}"], flush=True)
    return found


def second_guess(seed: int) -> dict[str, float]:
    """The main model's loss, and how far its draft and a table of pairs agree."""
    torch.manual_seed(seed)
    pair = chapter["Pair"](seed)
    fit(pair, chapter["pair_loss"], seed=seed)
    (p, q), table = chapter["judge"](pair), chapter["table"]
    found = {
        "loss": test_loss(pair.main),
        "agree": (p.argmax(-1) == q.argmax(-1)).float().mean().item(),
        "accept": mtp.acceptance(p, q).mean().item(),
        "agree table": (p.argmax(-1) == table.argmax(-1)).float().mean().item(),
        "accept table": mtp.acceptance(p, table).mean().item(),
    }
    print(seed, found, flush=True)
    return {f"{name} {seed}": round(value, 4) for name, value in found.items()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    made: dict[str, dict[str, float]] = {"loss": {}, "draft": {}}
    seeds = [int(a) for a in sys.argv[1:] if a.isdigit()]
    if seeds:  # a part of the record: keep the others
        made = data.record("12a_deepseek_attention")
    for seed in seeds or range(3):
        made["loss"] |= memories(seed)
        made["draft"] |= second_guess(seed)
    recipes.record("12a_deepseek_attention", made)
