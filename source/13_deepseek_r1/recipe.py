"""Three seeds of the run; form alone; and a weak base, reinforced and taught.

About eight minutes on one core. Seeds may be measured one call each: the seed as an
argument, and `join` once all are there.
"""

import json
import sys
from pathlib import Path

import torch
from torch import nn

from course import ROOT, recipes

Found = dict[str, object]
PARTS = ROOT / "build" / "13_deepseek_r1"

chapter = recipes.cells(__file__)
new_base, reinforce, measure = (
    chapter[k] for k in ("new_base", "reinforce", "measure")
)


def run(seed: int) -> Found:
    """A base and what reinforcement makes of it; the first also by form alone."""
    base = new_base(seed, quiet=True)
    start, found = base.state_dict(), {"base": measure(base)}
    policy = copy(start)
    found["curve"], _ = reinforce(policy, chapter["both"], seed=seed, quiet=True)
    found["reinforced"] = measure(policy)
    if seed == 0:
        hacked = copy(start)
        found["form"], _ = reinforce(hacked, chapter["form"], seed=seed, quiet=True)
        found["hacked"] = measure(hacked)
        found |= weak(policy)
    return found


def weak(teacher: nn.Module) -> Found:
    """A base that never read whole sheets: reinforced, or taught by the other's."""
    torch.manual_seed(0)
    base = chapter["new_model"]()
    chapter["read"](base, chapter["MIX"], 0.15, 150, 3e-3, quiet=True)
    start, found = base.state_dict(), {"weak": measure(base)}
    policy = copy(start)
    found["weak curve"], _ = reinforce(policy, chapter["both"], quiet=True)
    found["weak reinforced"] = measure(policy)
    for asked in (2048, 8192):
        student, traces = copy(start), harvest(teacher, asked)
        batch = chapter["minibatches"](*traces, size=128)
        options = dict(steps=400, lr=3e-3, quiet=True)
        chapter["train"](student, chapter["imitate"], batch, **options)
        found[f"traces {asked}"] = len(traces[0])
        found[f"distilled {asked}"] = measure(student)
    return found


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


def main(argument: str) -> None:
    """Measure one seed, or join those that were."""
    PARTS.mkdir(parents=True, exist_ok=True)
    parts = {str(seed): PARTS / f"{seed}.json" for seed in range(3)}
    for seed, path in parts.items():
        if argument in ("all", seed):
            path.write_text(json.dumps(run(int(seed))))
            print(seed, "done", flush=True)
    if argument in ("all", "join"):
        read = {
            seed: json.loads(Path(path).read_text()) for seed, path in parts.items()
        }
        recipes.record("13_deepseek_r1", read)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1] if len(sys.argv) > 1 else "all")
