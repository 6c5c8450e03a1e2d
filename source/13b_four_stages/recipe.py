"""R1-Zero, the four stages and a small model's two ways, three seeds of each.

About seven minutes on one core. A part may be done by itself, with the names in JOBS:
`recipe.py 0`, `recipe.py "small 0"`; the record holds the parts that are done.
"""

import json
import sys

import torch
from torch import nn

from course import ROOT, recipes
from lib import data

PARTS = ROOT / "build" / "13b_four_stages"

chapter = recipes.cells(__file__)
ask, write, measure, reinforce, copy_of = (
    chapter[k] for k in ("ask", "write", "measure", "reinforce", "copy_of")
)


def shown(model: nn.Module) -> list[list[int]]:
    """What the model writes to five sums and one other question, with fixed dice."""
    g = torch.Generator().manual_seed(7)
    questions = torch.cat([ask(5, g), ask(1, g, 1.0)])
    answers: torch.Tensor = write(model, questions, g, longest=12)[0]
    return answers.tolist()


def small_base(seed: int) -> nn.Module:
    """A narrower model that has read as the base has, and too little to add."""
    torch.manual_seed(seed)
    model: nn.Module = chapter["new_model"](48)

    def batch(g: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        questions = ask(128, g)
        sheet = chapter["sheets"](questions)
        some, kind = (
            torch.randint(1, 6, (128,), generator=g),
            torch.rand(128, generator=g),
        )
        steps = torch.where(kind < 0.7, 0, torch.where(kind < 0.9, some, 6))
        hidden = torch.zeros(128, 11, dtype=torch.bool)
        hidden[:, 1:7] = torch.arange(6) >= steps[:, None]
        order = hidden.byte().argsort(dim=1, stable=True)  # what is kept moves up
        return questions, sheet.masked_fill(hidden, chapter["PAD"]).gather(1, order)

    options = dict(steps=300, lr=3e-3, seed=seed, quiet=True)
    chapter["train"](model, chapter["imitate"], batch, **options)
    return model


def stages(seed: int) -> dict[str, object]:
    """R1-Zero and the four stages of a seed: what each is like and what it writes."""
    base = chapter["bilingual"](data.weights("13_base"))
    zero = copy_of(base)
    curve = reinforce(zero, chapter["for_zero"], 30, seed=seed)
    models = [base, zero, *chapter["four_stages"](base, seed)]
    torch.save(models[-1].state_dict(), PARTS / f"fourth {seed}.pt")
    found = [measure(model) for model in models]
    return {"zero": curve, "stages": found, "written": [shown(m) for m in models]}


def small(seed: int) -> dict[str, object]:
    """A small model: reinforced, or taught by what the fourth stage wrote."""
    teacher: nn.Module = chapter["new_model"]()
    teacher.load_state_dict(torch.load(PARTS / f"fourth {seed}.pt"))
    first = small_base(seed)
    alone, pupil = copy_of(first), copy_of(first)
    reinforce(alone, chapter["for_zero"], 30, seed=seed)
    g = torch.Generator().manual_seed(100 + seed)
    lessons = chapter["keep_the_good"](teacher, 12288, g)
    chapter["read"](pupil, *lessons, steps=600, lr=3e-3, seed=seed)
    students = {"base": first, "reinforced": alone, "distilled": pupil}
    return {
        "small": {name: measure(model) for name, model in students.items()},
        "read": len(lessons[0]),
        "numbers": [sum(p.numel() for p in m.parameters()) for m in (teacher, first)],
    }


JOBS = {str(seed): lambda seed=seed: stages(seed) for seed in range(3)}
JOBS |= {f"small {seed}": lambda seed=seed: small(seed) for seed in range(3)}


def main(argument: str) -> None:
    """Do one part, or all, and join those that are done."""
    PARTS.mkdir(parents=True, exist_ok=True)
    for name, job in JOBS.items():
        if argument in ("all", name):
            (PARTS / f"{name}.json").write_text(json.dumps(job()))
            print(name, flush=True)
        done = [n for n in JOBS if (PARTS / f"{n}.json").exists()]
        parts = {n: json.loads((PARTS / f"{n}.json").read_text()) for n in done}
        recipes.record("13b_four_stages", parts)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(sys.argv[1] if len(sys.argv) > 1 else "all")
