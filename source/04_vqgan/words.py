"""How many of the 32 words on the page stay alive, by what is done to them, five seeds.

The page's own game, played by torch. About a minute on one core: `python words.py`.
"""

import torch
from torch import Tensor

from course import recipes
from lib.live.chance import Chance
from lib.live.run import State

chapter = recipes.cells(__file__)
SEEDS = range(1, 6)


class Game:
    """One run from a seed, in which the controls may change between steps."""

    def __init__(self, seed: int) -> None:
        chance = Chance.seeded(seed)
        self.state: State = chapter["begin"](chance)
        self.key = chance.key

    def play(self, steps: int, rule: str = "gradient", **changed: float) -> int:
        """Make so many steps; the words that are alive then."""
        controls = {"restarts": 0.0, "beta": 0.25, "rate": 3e-3} | changed
        given = {name: torch.tensor(value) for name, value in controls.items()}
        given["restarts"] = given["restarts"].bool()[None]
        for _ in range(steps):
            chance = Chance(self.key)
            with torch.no_grad():
                self.state = chapter["learn"](self.state, chance, rule, **given)
            self.key = chance.key
        return int((self.wins >= 0.5).sum())

    @property
    def wins(self) -> Tensor:
        """The running count of wins of each word, (32,)."""
        wins: Tensor = self.state["wins"]
        return wins


def measure(seed: int) -> dict[str, float]:
    """Words alive, and what they are worth, along three games of one seed."""
    found: dict[str, float] = {}
    game = Game(seed)
    found["by the loss, 300"] = game.play(300)
    found["by the loss, 600"] = game.play(300)
    found["worth, 600"] = round(float(chapter["perplexity"](game.wins)), 2)
    game = Game(seed)
    found["restarts, 20"] = game.play(20, restarts=1.0)
    game.play(280, restarts=1.0)
    found["restarts off, 300 later"] = game.play(300)
    found["beta 0, 300 later"] = game.play(300, beta=0.0)
    found["running means, 600"] = Game(seed).play(600, "running means")
    return found


if __name__ == "__main__":
    recipes.by_seed("04_words", measure, SEEDS)
