"""The one training loop: seeded, live, resumable, interruptible, data-parallel."""

from lib.train.history import History
from lib.train.loop import minibatches, rounded, train
from lib.train.step import Diverged, Player

__all__ = [
    "Diverged",
    "History",
    "Player",
    "minibatches",
    "rounded",
    "train",
]
