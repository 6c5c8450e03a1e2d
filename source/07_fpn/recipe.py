"""Three seeds of every kind of pyramid and of one that seeks a dot; two for longer.

About 15 minutes on one core.
"""

import itertools

import torch

from course import recipes
from lib.live import Run
from lib.live.run import Course
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


def sought(
    seed: int,
    across: tuple[int, ...] = (1, 1, 1),
    down: tuple[int, ...] = (1, 1),
    brighter: float = 0.0,
    steps: int = 300,
) -> float:
    """In how many of 100 pictures the pyramid of the page finds its dot, of late."""
    course = Course(Run(chapter["start"], chapter["step"], steps))
    course.restart(seed)
    paths = {"across": torch.tensor(across), "down": torch.tensor(down)}
    course.advance(paths | {"brighter": torch.tensor(brighter)}, steps)
    return round(100 * course.state["right"].item(), 1)


def seek() -> dict[str, list[float]]:
    """By what is cut: three seeds; the whole after 200 steps, the others after 300."""
    cuts = {
        "nothing cut": {"steps": 200},
        "nothing down": {"down": (0, 0)},
        "C3 alone": {"across": (0, 0, 1)},
        "nothing down, brighter": {"down": (0, 0), "brighter": 1.0},
    }
    return {
        name: [sought(seed, **cut) for seed in (1, 2, 3)] for name, cut in cuts.items()
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    model, scores = fit("FPN", longer=5)
    print("longer", scores, flush=True)
    recipes.weights("07_fpn", rounded(model))
    flat = fit("pyramid, no top-down", longer=5)[1]
    longer = {"FPN": short(scores), "pyramid, no top-down": short(flat)}
    learnt = {"longer": longer, "surgery": surgery(model), "seek": seek()}
    recipes.record("07_fpn", learnt | {"ap": compare()})
