"""Three seeds of the toy language, of the reversal, and of two readers of Jane Austen.

About five minutes on one core for the first two; the readers take as long on a GPU, and
hours on one core. Without names of parts, such as toy_0, all of them.
"""

import json
import sys
import time
from pathlib import Path

import torch

from course import recipes
from lib import llada
from lib.train import rounded, train

chapter = recipes.cells(__file__)
PARTS = Path("build") / "record_09"
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def toy(seed: int) -> dict[str, dict]:
    """Bound, spread of the two estimators, and validity by steps."""
    torch.manual_seed(seed)
    model = chapter["new_model"]()
    start = time.process_time()
    chapter["fit"](model, seed=seed, quiet=True)
    seconds = round(time.process_time() - start, 1)
    model = rounded(model).eval()
    found: dict[str, dict] = {
        "bound": {str(seed): round(chapter["bound"](model), 4)},
        "entropy": {str(seed): round(chapter["ENTROPY"], 4)},
        "seconds": {f"toy {seed}": seconds},
        "spread": {},
        "valid": {},
        "distinct": {},
    }
    x = chapter["sentences"](1, torch.Generator().manual_seed(seed))
    with torch.no_grad():
        for how in chapter["HOW"]:
            values = chapter["spread"](x, how, model, 2000, seed)
            found["spread"][f"{how} {seed}"] = round(values.std().item(), 3)
    for who, net in (("model", model), ("counting", chapter["by_counting"])):
        for rule, remasking in chapter["RULES"].items():
            for steps in (1, 2, 4, 8, 16):
                x = chapter["write"](net, steps, remasking, n=512, seed=seed)
                key = f"{who} {rule} {steps} {seed}"
                good = x[chapter["valid"](x)]
                found["valid"][key] = round(len(good) / len(x), 4)
                found["distinct"][key] = len(x.unique(dim=0))
    return found


def reversal(seed: int) -> dict[str, dict]:
    """Facts asked in both directions."""
    start = time.process_time()
    answers = chapter["examine"](*chapter["read"](seed), seed)
    seconds = round(time.process_time() - start, 1)
    return {
        "reversal": {f"{asked} {seed}": round(v, 4) for asked, v in answers.items()},
        "seconds": {f"reversal {seed}": seconds},
    }


def austen(kind: str, seed: int) -> dict[str, dict]:
    """Nats a letter on a novel not read, after more and more batches of five others."""
    windows, blank, found = chapter["windows"], chapter["BLANK"], {}
    novels, loss = chapter["letters"]("train"), chapter["LOSSES"][kind]
    draw = chapter["with_noise"](lambda n, g: windows(novels, n, g), 64)
    fixed = torch.Generator().manual_seed(1)
    test = windows(chapter["letters"]("test"), 512, fixed)
    for steps in (500, 2000, 8000):
        torch.manual_seed(seed)
        model = chapter["reader"](kind)
        options = {"lr": 2e-3, "clip": 1.0, "seed": seed, "quiet": True}
        train(model, loss, draw, steps=steps, device=DEVICE, **options)
        model.cpu().eval()
        with torch.no_grad():
            nats = (
                loss(model, test)
                if kind == "causal"
                else -llada.likelihood_bound(model, test, blank, 32, generator=fixed)
                / chapter["W"]
            )
        found[f"{kind} {steps} {seed}"] = round(nats.mean().item(), 4)
    if seed == 0:
        recipes.weights(f"09_austen_{kind}", model)
    return {"austen": found}


def main(names: list[str]) -> None:
    """Measure the parts that are named, each into a file; then join the files."""
    works = {f"toy_{seed}": lambda s=seed: toy(s) for seed in range(3)}
    works |= {f"reversal_{seed}": lambda s=seed: reversal(s) for seed in range(3)}
    works |= {
        f"austen_{kind}_{seed}": lambda k=kind, s=seed: austen(k, s)
        for kind in ("masked", "causal")
        for seed in range(3)
    }
    PARTS.mkdir(parents=True, exist_ok=True)
    for name in [name for name in names if name in works] or works:
        part = works[name]()
        (PARTS / f"{name}.json").write_text(json.dumps(part))
        print(name, part, flush=True)
    whole: dict[str, dict] = {}
    for name in works:
        path = PARTS / f"{name}.json"
        if not path.exists():
            return
        for key, part in json.loads(path.read_text()).items():
            whole.setdefault(key, {}).update(part)
    recipes.record("09_llada", whole)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1:])
