"""Four ways to grow at equal cost, on two tasks, three seeds; and blocks to dissect.

About ten minutes on one core.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course import recipes
from lib.train import minibatches, train

chapter = recipes.cells(__file__)
fit, equal_cost, cost = (chapter[name] for name in ("fit", "equal_cost", "cost"))
BASE, BUDGETS = (6, 3, 12), (8,)


def compare() -> dict[str, float]:
    """Test accuracy by task, axis, budget and seed; the baseline is at budget 1."""
    plans = {"baseline 1": BASE}
    for times in BUDGETS:
        plans |= {f"{axis} {times}": s for axis, s in equal_cost(times).items()}
    found = {}
    for seed in range(3):
        for name, size in plans.items():
            for task in ("plain", "striped"):
                found[f"{task} {name} {seed}"] = round(fit(task, *size, seed)[0], 4)
                print(task, name, seed, found[f"{task} {name} {seed}"], flush=True)
    return found


def costs() -> dict[str, list[float]]:
    """Channels, blocks, pixels and counted cost of each network, in baselines."""
    found = {}
    for times in BUDGETS:
        for axis, size in equal_cost(times).items():
            found[f"{axis} {times}"] = [*size, round(cost(*size) / cost(*BASE), 3)]
    return found


def windows(count: int, low: int, high: int, seed: int) -> tuple[Tensor, Tensor]:
    """Features of random windows whose left side is in low..high, and their photo."""
    g = torch.Generator().manual_seed(seed)
    label = torch.randint(6, (count,), generator=g)
    left = torch.randint(low, high + 1, (count,), generator=g).tolist()
    top = torch.randint(65, (count,), generator=g).tolist()
    places = zip(label, top, left, strict=True)
    cut = [chapter["album"][n, :, y : y + 32, x : x + 32] for n, y, x in places]
    with torch.no_grad():
        return chapter["first_block"](torch.stack(cut)), label


def blocks() -> tuple[nn.Module, dict[str, float]]:
    """Every design trained on the left halves; how each does on the right ones."""
    designs, found = chapter["designs"], {}
    seen, unseen = windows(2000, 0, 28, seed=0), windows(600, 60, 64, seed=1)
    for seed, (name, model) in enumerate(designs.items()):
        torch.manual_seed(seed)
        for layer in model.modules():
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = 0.1
        train(
            model,
            lambda m, x, y: F.cross_entropy(m(x), y),
            minibatches(*seen, size=32),
            steps=100,
            lr=1e-2,
        )
        with torch.no_grad():
            right = model.eval()(unseen[0]).argmax(1) == unseen[1]
        found[name] = round(right.float().mean().item(), 4)
        print(name, found[name], flush=True)
    return designs, found


if __name__ == "__main__":
    torch.set_num_threads(1)
    designs, found = blocks()
    recipes.weights("06_blocks", designs)
    recipes.record(
        "06_efficientnet", {"blocks": found, "sizes": costs(), "accuracy": compare()}
    )
