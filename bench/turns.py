"""Two calls timed in turns, so that both meet the same machine; a row for the table."""

import time
from collections.abc import Callable
from statistics import median

Row = tuple[str, str, float, float, float]  # work, peer, our ms, its ms, ours / its


def in_turns(ours: Callable, peer: Callable, rounds: int = 9) -> tuple[float, float]:
    """Median milliseconds of process time of each, alternated."""
    spent = [], []
    for _ in range(rounds):
        for call, times in zip((ours, peer), spent, strict=True):
            start = time.process_time()
            call()
            times.append(1e3 * (time.process_time() - start))
    return median(spent[0][1:]), median(spent[1][1:])  # the first round warms up
