"""Three seeds of every kind of pyramid; and two that learn for longer.

About 15 minutes on one core.
"""

import itertools

import torch

from course import recipes
from lib.train import rounded

chapter = recipes.cells(__file__)
fit, detect, ap50 = chapter["fit"], chapter["detect"], chapter["ap50"]
Scores = dict[str, float]


def short(scores: Scores) -> Scores:
    """Four digits of each."""
    return {name: round(score, 4) for name, score in scores.items()}


def compare() -> dict[str, Scores]:
    """AP50 by size of each kind and seed; then with the levels assigned wrongly."""
    kinds = {kind: (kind, {}) for kind in chapter["KINDS"]}
    kinds |= {f"FPN, k0 = {k0}": ("FPN", {"k0": k0}) for k0 in (2, 6)}
    found = {}
    for seed, (name, (kind, changes)) in itertools.product(range(3), kinds.items()):
        found[f"{name} {seed}"] = short(fit(kind, seed, **changes)[1])
        print(name, seed, found[f"{name} {seed}"], flush=True)
    return found


def surgery(model: torch.nn.Module) -> dict[str, Scores]:
    """AP50 by size on 100 scenes with each set of paths cut: three across, two down."""
    images, found = chapter["test_set"].images[:100], {}
    part = chapter["test_set"]._replace(boxes=chapter["test_set"].boxes[:100])
    for bits in itertools.product((0, 1), repeat=5):
        masks = torch.tensor(bits[:3]), torch.tensor(bits[3:])
        name = "".join(map(str, bits))
        found[name] = short(ap50(detect(model, images, *masks), part))
        print(name, found[name], flush=True)
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    model, scores = fit("FPN", longer=5)
    print("longer", scores, flush=True)
    recipes.weights("07_fpn", rounded(model))
    flat = fit("pyramid, no top-down", longer=5)[1]
    longer = {"FPN": short(scores), "pyramid, no top-down": short(flat)}
    learnt = {"longer": longer, "surgery": surgery(model)}
    recipes.record("07_fpn", learnt | {"ap": compare()})
