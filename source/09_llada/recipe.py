"""Three seeds of the toy language and of the reversal.

About five minutes on one core. Without names of parts, such as toy_0, all of them.
"""

import json
import sys
import time
from pathlib import Path

import torch

from course import recipes
from lib.train import rounded

chapter = recipes.cells(__file__)
PARTS = Path("build") / "record_09"


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


def main(names: list[str]) -> None:
    """Measure the parts that are named, each into a file; then join the files."""
    works = {f"toy_{seed}": lambda s=seed: toy(s) for seed in range(3)}
    works |= {f"reversal_{seed}": lambda s=seed: reversal(s) for seed in range(3)}
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
