"""How much memory a box holds, looked at from outside: a bound where groups give none.

What all its processes hold is added up a few times a second. So it may be too much for
a moment, and what they share by being forked counts for each.
"""

import threading
from collections.abc import Callable
from pathlib import Path

EVERY = 0.2  # seconds
HELD = (b"RssAnon:", b"RssShmem:")


def held(process: int) -> int:
    """Bytes that a process and all below it hold; 0 where the system does not say."""
    total, waiting = 0, [process]
    while waiting:
        place = Path("/proc", str(waiting.pop()))
        try:
            lines = (place / "status").read_bytes().splitlines()
            for task in (place / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except OSError:  # it ended
            continue
        total += sum(int(x.split()[1]) for x in lines if x.startswith(HELD))
    return 1024 * total


class Watch:
    """Calls `stop` once a process and all below it hold more than `most` bytes."""

    def __init__(self, process: int, most: int, stop: Callable[[], None]) -> None:
        self.over = threading.Event()
        given = (process, most, stop)
        self.thread = threading.Thread(target=self.look, args=given, daemon=True)
        self.thread.start()

    def look(self, process: int, most: int, stop: Callable[[], None]) -> None:
        """Look until it is over."""
        while not self.over.wait(EVERY):
            if held(process) > most:
                stop()
                return

    def end(self) -> None:
        """Look no more."""
        self.over.set()
        self.thread.join()
