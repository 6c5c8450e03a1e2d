"""Plans: an order of chunks followed as fast as what they wait for allows.

DeepSeek-AI 2024, "DeepSeek-V3 Technical Report", arXiv:2412.19437v2, Table 2. That
sending takes no time of its own, and that all stages are alike, is idealised.

p devices, m micro-batches, N actions; times in any one unit. F is a forward chunk, B a
backward one, made of I, "backward for input", and W, "backward for weights".
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from lib import expect
from lib.pipeline.methods import METHODS, Action, Orders, Piece

Number = float | Tensor  # 0-d, as live figures drag it
KINDS = ("F", "B", "I", "W", "F&B")


@dataclass(frozen=True)
class Plan:
    """A checked schedule: N actions, device by device, with those they wait for."""

    orders: Orders
    kind: Tensor  # (N,), places in KINDS
    device: Tensor  # (N,)
    before: Tensor  # (N, 4), actions that must have ended; N stands for none
    depth: int  # the longest chain of actions that wait for one another


@expect.annotated
def plan(orders: Orders) -> Plan:
    """Find what each action waits for; raise ValueError where devices wait for ever.

    F waits for F of the stage before, B and I for B or I of the stage after and for
    their own F, W for its I; all for what their device does before.
    """
    flat = [(d, action) for d, line in enumerate(orders) for action in line]
    ends = {piece: n for n, (_, action) in enumerate(flat) for piece in action}
    stages = 1 + max((piece.stage for piece in ends), default=-1)
    if not flat or len(ends) < sum(len(action) for _, action in flat):
        raise ValueError("orders hold a piece twice, or none at all.")
    before = []
    for n, (d, action) in enumerate(flat):
        first = n == 0 or flat[n - 1][0] != d
        waits = [] if first else [n - 1]
        for piece in action:
            waits += [ends[_find(q, ends)] for q in _needs(piece, stages)]
        before.append(sorted({*waits}))
    return Plan(
        orders,
        torch.tensor([KINDS.index("&".join(q.kind for q in a)) for _, a in flat]),
        torch.tensor([d for d, _ in flat]),
        torch.tensor([w + [len(flat)] * (4 - len(w)) for w in before]),
        max(_rounds(before, flat)),
    )


def _needs(piece: Piece, stages: int) -> list[Piece]:
    kind, i, s = piece
    if kind == "F":
        return [Piece("F", i, s - 1)] * (s > 0)
    if kind == "W":
        return [Piece("I", i, s)]
    return [Piece("F", i, s)] + [Piece("B", i, s + 1)] * (s + 1 < stages)


def _find(piece: Piece, ends: dict[Piece, int]) -> Piece:
    """The piece, or what does as much for those that wait: I does for B."""
    if piece not in ends and piece.kind == "B":
        piece = piece._replace(kind="I")
    if piece not in ends:
        raise ValueError(f"{_said(piece)} is waited for, and in nobody's order.")
    return piece


def _rounds(before: list[list[int]], flat: list[tuple[int, Action]]) -> list[int]:
    """By action, how many come one after another until it has ended."""
    found: dict[int, int] = {}
    while len(found) < len(flat):
        ready = [
            n
            for n in range(len(flat))
            if n not in found and found.keys() >= {*before[n]}
        ]
        if not ready:
            raise ValueError(
                f"the devices wait for one another: {_circle(before, flat, found)}"
            )
        found |= {n: 1 + max([found[w] for w in before[n]], default=0) for n in ready}
    return [found[n] for n in range(len(flat))]


def _circle(
    before: list[list[int]], flat: list[tuple[int, Action]], done: dict[int, int]
) -> str:
    """Actions of which each waits for the next, and the last one for the first."""
    n, seen = next(n for n in range(len(flat)) if n not in done), list[int]()
    while n not in seen:
        seen.append(n)
        n = next(w for w in before[n] if w not in done)
    circle = [*seen[seen.index(n) :], n]
    told = [f"{_said(flat[k][1][0])} on device {flat[k][0]}" for k in circle]
    return ", which waits for ".join(told) + "."


def _said(piece: Piece) -> str:
    return f"{piece.kind} of micro-batch {piece.batch} at stage {piece.stage}"


@expect.annotated
def follow(
    plan: Plan,
    F: Number,
    I: Number,
    W: Number,
    both: Number,
) -> tuple[Tensor, Tensor]:
    """When each action begins and ends: start_n = max of the ends that it waits for.

    F, I and W are the times of these chunks, B takes I + W, and `both` is F&B, two that
    overlap. -> start, end (N,). Differentiable, and traceable for live figures.
    """
    expect.number(F=F, I=I, W=W, both=both)
    expect.positive(F=F, I=I, W=W, both=both)
    given = [torch.as_tensor(t, dtype=torch.float32) for t in (F, I, W, both)]
    forward, inputs, weights, pair = given
    times = torch.stack([forward, inputs + weights, inputs, weights, pair])  # as KINDS
    long = times.index_select(0, plan.kind)  # (N,)
    N = len(long)
    never = long.new_zeros(1)
    start = torch.zeros_like(long)
    for _ in range(plan.depth - 1):
        ends = torch.cat([start + long, never])  # (N + 1,)
        start = ends.index_select(0, plan.before.flatten()).view(N, 4).amax(1)
    return start, start + long


@expect.annotated
def idle(plan: Plan, start: Tensor, end: Tensor) -> Tensor:
    """How long each device does nothing until the last one has finished: (p,)."""
    N = len(plan.kind)
    expect.shape(start, "N", "start", N=N)
    expect.shape(end, "N", "end", N=N)
    here = plan.device == torch.arange(len(plan.orders))[:, None]  # (p, N)
    return end.amax() - ((end - start) * here).sum(1)


@expect.annotated
def peak(plan: Plan) -> Tensor:
    """The most micro-batches whose activations each device holds at once: (p,).

    They are held from F until B or W is done; one of a stage of 1/p of the model is 1.
    """
    found = []
    for line in plan.orders:
        held = most = 0
        for action in line:
            held += sum(piece.kind == "F" for piece in action)
            most = max(most, held)
            held -= sum(piece.kind in "BW" for piece in action)
        found.append(most)
    return torch.tensor(found)


@expect.annotated
def bubble(
    method: str, p: int, F: Number, B: Number, W: Number, both: Number
) -> Number:
    """The idle time of a device, as Table 2 prints it.

    1F1B (p - 1)(F + B), ZB1P (p - 1)(F + B - 2W), DualPipe (p/2 - 1)(F&B + B - 3W).
    GPipe, which is not in the table, idles as 1F1B does. B is the whole backward chunk.
    """
    expect.one_of(method, METHODS, "method")
    expect.whole(1, p=p)
    expect.number(F=F, B=B, W=W, both=both)
    if method == "DualPipe":
        return (p / 2 - 1) * (both + B - 3 * W)
    return (p - 1) * (F + B - 2 * W * (method == "ZB1P"))
