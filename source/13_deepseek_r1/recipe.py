"""The chapter's base; three that read less, reinforced; a weak one, also taught.

About seven minutes on one core. A part may be done by itself: `recipe.py 0`, and so on
with the names in JOBS; `recipe.py join` makes the record once all are there.
"""

import json
import sys

import torch
from torch import nn

from course import ROOT, recipes
from lib import data

Found = dict[str, object]
PARTS = ROOT / "build" / "13_deepseek_r1"

chapter = recipes.cells(__file__)
new_base, reinforce, measure = (
    chapter[k] for k in ("new_base", "reinforce", "measure")
)


def run(seed: int) -> Found:
    """A base and what reinforcement makes of it; both are kept for what follows."""
    if not (PARTS / f"base {seed}.pt").exists():
        keep(new_base(seed, whole=450, quiet=True), f"base {seed}")
    base = kept(f"base {seed}")
    found: Found = {"base": measure(base)}
    print(seed, found["base"], flush=True)
    found["curve"], _ = reinforce(base, chapter["both"], seed=seed, quiet=True)
    keep(base, f"reinforced {seed}")
    return found | {"reinforced": measure(base)}


def weak() -> Found:
    """A base that never read whole sheets, and what reinforcement makes of it."""
    torch.manual_seed(0)
    base = chapter["new_model"]()
    chapter["read"](base, chapter["MIX"], 0.15, 150, 3e-3, quiet=True)
    keep(base, "weak")
    found: Found = {"base": measure(base)}
    found["curve"], _ = reinforce(base, chapter["both"], seed=0, quiet=True)
    return found | {"reinforced": measure(base)}


def distilled(asked: int) -> Found:
    """The weak base after reading the right answers of the reinforced one."""
    student, traces = kept("weak"), harvest(kept("reinforced 0"), asked)
    batch = chapter["minibatches"](*traces, size=128)
    loss, options = chapter["imitate"], dict(steps=400, lr=3e-3, quiet=True)
    chapter["train"](student, loss, batch, **options)
    return {"traces": len(traces[0]), "distilled": measure(student)}


def keep(model: nn.Module, name: str) -> None:
    """Keep a model's weights for another part."""
    torch.save(model.state_dict(), PARTS / f"{name}.pt")


def kept(name: str) -> nn.Module:
    """The model whose weights were kept."""
    model: nn.Module = chapter["new_model"]()
    model.load_state_dict(torch.load(PARTS / f"{name}.pt"))
    return model


def harvest(teacher: nn.Module, asked: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Questions and the teacher's answers to them, where these are right."""
    g = torch.Generator().manual_seed(asked)
    questions = chapter["ask"](asked, g)
    answers, _ = chapter["write"](teacher, questions, g)
    right = chapter["score"](chapter["accuracy"], questions, answers) > 0
    return questions[right], answers[right]


def copy(start: dict[str, torch.Tensor]) -> nn.Module:
    """A model with these weights, which stay as they are."""
    model: nn.Module = chapter["new_model"]()
    model.load_state_dict(start)
    return model


def base() -> Found:
    """The weights that the chapter reinforces, kept as a file."""
    model = new_base(1000, quiet=True)
    recipes.weights("13_base", model)
    return {"base": measure(model)}


JOBS = {"base": base} | {str(seed): lambda seed=seed: run(seed) for seed in range(3)}
JOBS |= {"weak": weak, "distilled": lambda: distilled(8192)}


def main(argument: str) -> None:
    """Do one part, all of them, or join those that are done."""
    PARTS.mkdir(parents=True, exist_ok=True)
    for name, job in JOBS.items():
        if argument in ("all", name):
            found = job()
            (PARTS / f"{name}.json").write_text(json.dumps(found))
            print(name, found, flush=True)
    if argument in ("all", "join"):
        parts = {
            name: json.loads((PARTS / f"{name}.json").read_text()) for name in JOBS
        }
        elsewhere = "0 with AVX-512"  # read off another machine, and kept
        parts[elsewhere] = data.record("13_deepseek_r1")[elsewhere]
        recipes.record("13_deepseek_r1", parts)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1] if len(sys.argv) > 1 else "all")
