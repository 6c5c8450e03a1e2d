"""Orders: which chunk each device of a pipeline works on, one after another.

DeepSeek-AI 2024, "DeepSeek-V3 Technical Report", arXiv:2412.19437v2, section 3.2.1, and
the official dualpipe.py (deepseek-ai/DualPipe at 3da1bbe); Qi et al. 2023, "Zero Bubble
Pipeline Parallelism", arXiv:2401.10241, for ZB1P, there ZB-H1.

p devices, m micro-batches. F is a forward chunk, B a backward one, made of I, "backward
for input", and W, "backward for weights".
"""

from collections.abc import Callable
from typing import NamedTuple

from lib import expect


class Piece(NamedTuple):
    """A chunk of work: "F", "B", "I" or "W" of a micro-batch at a stage."""

    kind: str
    batch: int
    stage: int


Action = tuple[Piece, ...]  # one piece, or a forward and a backward that overlap
Orders = list[list[Action]]  # by device


@expect.annotated
def orders(method: str, p: int, m: int) -> Orders:
    """Each device's order by "GPipe", "1F1B", "ZB1P" or "DualPipe".

    GPipe: all forwards, all backwards. 1F1B: as few in flight as will do. ZB1P: as
    that, with B cut in two, and W put off until it fills what would be a gap. DualPipe:
    micro-batches enter at both ends, and device d holds stages d and p - 1 - d; p and
    m even, m at least 2 p (dualpipe.py at 3da1bbe, whose sends come later than here).
    """
    expect.one_of(method, METHODS, "method")
    expect.whole(1, p=p, m=m)
    if method == "DualPipe" and (p % 2 or m % 2 or m < 2 * p):
        raise ValueError(
            f"p is {p} and m {m}; DualPipe expects both even, and m >= 2 p."
        )
    return [METHODS[method](d, p, m) for d in range(p)]


def _gpipe(d: int, p: int, m: int) -> list[Action]:
    return [(Piece(kind, i, d),) for kind in "FB" for i in range(m)]


def _one_f_one_b(d: int, p: int, m: int) -> list[Action]:
    ahead = min(p - 1 - d, m)  # forwards before the first backward
    found: list[Action] = [(Piece("F", i, d),) for i in range(ahead)]
    for i in range(m):
        found += [(Piece("F", i + ahead, d),)] * (i + ahead < m)
        found.append((Piece("B", i, d),))
    return found


def _zero_bubble(d: int, p: int, m: int) -> list[Action]:
    found: list[Action] = []
    for (kind, i, _), *_rest in _one_f_one_b(d, p, m):
        found.append((Piece("I" if kind == "B" else kind, i, d),))
        if kind == "B" and i >= d:  # as many wait as memory has room for
            found.append((Piece("W", i - d, d),))
    found += [(Piece("W", i, d),) for i in range(max(m - d, 0), m)]
    return found


def _dual_pipe(d: int, p: int, m: int) -> list[Action]:
    near = min(d, p - 1 - d)  # devices between this one and its end
    rest = p // 2 - 1 - near
    count = {(kind, way): 0 for kind in "FB" for way in (0, 1)}
    found: list[Action] = []
    waiting: list[Piece] = []

    def piece(kind: str, way: int) -> Piece:
        which, split = ("F", False) if kind == "F" else ("B", kind == "I")
        there = way if d < p // 2 else 1 - way  # the way in which the batch travels
        made = Piece(kind, count[which, way] + there * m // 2, (d, p - 1 - d)[there])
        count[which, way] += 1
        if split:
            waiting.append(made._replace(kind="W"))
        return made

    def do(*names: str) -> None:
        """Each name an action: "F0", "I1", "W", or two that overlap, "F0B1"."""
        for name in names:
            if name == "W":
                found.append((waiting.pop(0),))
            else:
                parts = [name[n : n + 2] for n in range(0, len(name), 2)]
                found.append(tuple(piece(part[0], int(part[1])) for part in parts))

    do(*["F0"] * (2 * rest))
    do(*["F0", "F1"] * (near + 1))
    do(*["I1", "W", "F1"] * rest)
    for n in range(m // 2 - p + near + 1):
        do(*["F0", "B1"] if n == rest == 0 else ["F0B1"], "F1B0")
    do(*["B1", "F1B0"] * rest)
    last = ["B1", "B0"] * (near + 1)
    cut = len(last) - (near + 1)
    do(*last[:cut], *[name.replace("B", "I") for name in last[cut:]])
    do(*["W", "I0"] * rest, *["W"] * (near + 1))
    return found


METHODS: dict[str, Callable[[int, int, int], list[Action]]] = {
    "GPipe": _gpipe,
    "1F1B": _one_f_one_b,
    "ZB1P": _zero_bubble,
    "DualPipe": _dual_pipe,
}
