"""What becomes of the page's ring when rates and modes change in mid-game, five seeds.

The page's own step, made by torch. About three minutes on one core: `python ring.py`.
"""

import torch

from course import recipes
from lib.gan import plane
from lib.live.chance import Chance

chapter = recipes.cells(__file__)
SEEDS, EVERY, NOTE = range(1, 6), torch.ones(8, dtype=torch.bool), 20
EQUAL, SLOW = (1e-3, 1e-3), (3e-4, 2e-3)  # of the discriminator, of the generator


class Game:
    """One run from a seed, in which rates and modes may change between steps."""

    def __init__(self, seed: int) -> None:
        chance = Chance.seeded(seed)
        self.state, self.key = chapter["start"](chance), chance.key

    def play(
        self, steps: int, rates: tuple[float, float], modes: torch.Tensor = EVERY
    ) -> list[int]:
        """Make so many steps; the modes found after every twentieth."""
        controls = ("nonsaturating", *map(torch.tensor, rates), torch.tensor([False]))
        counts = []
        for made in range(1, steps + 1):
            chance = Chance(self.key)
            with torch.no_grad():
                self.state = chapter["step"](self.state, chance, *controls, modes)
            self.key = chance.key
            if made % NOTE == 0:
                counts.append(int(self.found().sum()))
        return counts

    def found(self) -> torch.Tensor:
        """Which modes are found, as the page counts them: (8,)."""
        G, state = chapter["G"], self.state
        with torch.no_grad():
            points = G.at(state["G"], lambda net: net(state["noise"]))
        return plane.shares(points, chapter["centres"]) >= 0.2 / 8


def last(counts: list[int]) -> list[int]:
    """The least and the most of the last 250 steps."""
    return [min(counts[-12:]), max(counts[-12:])]


def measure(seed: int) -> dict[str, int | list[int]]:
    """Modes found along the four games that the chapter speaks of."""
    found: dict[str, int | list[int]] = {}
    game = Game(seed)
    game.play(500, EQUAL)
    found["slow from 500, at 1000"] = game.play(500, SLOW)[-1]
    game = Game(seed)
    game.play(1250, EQUAL)
    found["equal, then slow"] = last(game.play(1250, SLOW))
    game = Game(seed)
    found["slow"] = last(game.play(1250, SLOW))
    found["slow, then equal"] = last(game.play(1250, EQUAL))
    game = Game(seed)
    game.play(1000, EQUAL)
    game.play(500, EQUAL, torch.arange(8) < 4)
    left = int(game.found()[4:].sum())
    game.play(1000, EQUAL)
    found["four given back: before, after"] = [left, int(game.found()[4:].sum())]
    print(seed, found, flush=True)
    return found


if __name__ == "__main__":
    recipes.by_seed("03_ring", measure, SEEDS)
