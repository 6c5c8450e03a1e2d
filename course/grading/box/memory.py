"""How much memory a box holds, looked at from outside: a bound where groups give none.

What all its processes hold is added up a few times a second, so it may be too much for
a moment. Of a page that several of them share, as forked ones do, each counts its part.
"""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

EVERY = 0.2  # seconds
PATIENCE = 5.0  # seconds: a process takes some 0.01, and one that takes long is suspect
WHOLE = (b"RssAnon:", b"RssShmem:", b"VmSwap:")  # in a process's status
PARTS = (b"Pss_Anon:", b"Pss_Shmem:", b"SwapPss:")  # in its smaps_rollup


def held(process: int, most: int) -> int:
    """Bytes that a process and all below it hold; 0 where the system does not say.

    It is exact only as far as decides whether they hold more than `most`. Until that is
    known, or takes too long, it is found out what each shares, the largest first.
    """
    found = sorted(((whole(p), p) for p in family(process)), reverse=True)
    total, sure = sum(size for size, _ in found), 0
    until = time.monotonic() + PATIENCE
    for size, one in found:
        if total <= most or sure > most or time.monotonic() > until:
            break
        own = part(one)
        sure += own
        total += own - size
    return total


def family(process: int) -> Iterator[int]:
    """Give a process and all below it, of those that have not ended yet."""
    waiting = [process]
    while waiting:
        yield (one := waiting.pop())
        try:
            for task in Path("/proc", str(one), "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except OSError:  # it ended
            continue


def whole(process: int) -> int:
    """Bytes that a process holds, together with others or alone."""
    return sum(sizes(process, "status", WHOLE))


def part(process: int) -> int:
    """Bytes that a process holds, its part of what it shares; all if that is not said.

    Linux says it since 5.4, to root and to whoever made the namespace of the process.
    """
    found = sizes(process, "smaps_rollup", PARTS)
    return sum(found) if len(found) == len(PARTS) else whole(process)


def sizes(process: int, file: str, names: tuple[bytes, ...]) -> list[int]:
    """Read the lines of such names in one of the system's files about a process."""
    try:
        lines = Path("/proc", str(process), file).read_bytes().splitlines()
    except OSError:  # it ended, or may not be looked into
        return []
    return [1024 * int(line.split()[1]) for line in lines if line.startswith(names)]


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
            if held(process, most) > most:
                stop()
                return

    def end(self) -> None:
        """Look no more."""
        self.over.set()
        self.thread.join()
