"""The steps that two bumps need to find two hills, by distance, five seeds.

About a minute on one core.
"""

import torch

from course import recipes
from lib.live.run import Course, Run

chapter = recipes.cells(__file__)


def couples() -> dict[str, list[int]]:
    """Steps, in tens, until two bumps lie on two hills, by ruler for seeds 1 to 5.

    That is where less than 0.02 nats are left; 2,001 where that is never so.
    """
    found: dict[str, list[int]] = {}
    for kind in chapter["RULERS"]:
        for seed in range(1, 6):
            course = Course(Run(chapter["start"], chapter["learn"], steps=2000))
            course.restart(seed)
            while course.state["far"] > 0.02 or not course.steps:
                if course.steps == 2000:
                    break
                course.advance({"kind": kind}, 10)
            over = course.state["far"] > 0.02
            found.setdefault(kind, []).append(2001 if over else course.steps)
        print(kind, found[kind], flush=True)
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    recipes.record("01_generative_models", {"couples": couples()})
