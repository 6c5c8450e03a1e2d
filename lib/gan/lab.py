"""A GAN in the plane that stops, goes on, and may be meddled with in between.

What lib.train does in one go is done here a few steps at a time, so that a hand can be
on the losses, the learning rates and the data while it learns.
"""

import base64
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from lib import expect
from lib.gan import plane
from lib.train.checkpoint import History
from lib.train.step import Player, Processes, Run

EXTENT = 3.2  # the window is [-EXTENT, EXTENT] both ways
SETTINGS = ("target", "kind", "lr_d", "lr_g", "kept")


class Snapshot(NamedTuple):
    """How a game stands."""

    points: Tensor  # (N, 2), samples of the generator
    field: Tensor  # (F, F), the discriminator's D over the window, lowest row first
    mesh: Tensor  # (S, S, 2), where the generator puts a square grid of noise


def lattice(side: int, extent: float = EXTENT) -> Tensor:
    """The middles of side x side cells that fill a square: (side, side, 2), y first."""
    at = (torch.arange(side) + 0.5) * (2 * extent / side) - extent
    return torch.stack(torch.meshgrid(at, at, indexing="xy"), -1)


@torch.no_grad()
def snapshot(game: plane.Game) -> Snapshot:
    """Look at a game: always with the same noise, so that only the players move."""
    noise = torch.randn(96, 2, generator=torch.Generator().manual_seed(0))
    return Snapshot(
        points=game.generator(noise),
        field=game.critic(lattice(17)).sigmoid()[..., 0],
        mesh=game.generator(lattice(9, 2.2)),
    )


def packed(game: plane.Game) -> Tensor:
    """A snapshot in bytes: uint8 (643,); what lies outside the window is cut off."""
    points, field, mesh = snapshot(game)
    places = [((x / EXTENT).clamp(-1, 1) + 1) / 2 for x in (points, mesh)]
    parts = [places[0].flatten(), field.flatten(), places[1].flatten()]
    return (255 * torch.cat(parts)).round().to(torch.uint8)


def unpacked(rows: Tensor) -> Snapshot:
    """What `packed` gives, (..., 643), as numbers again: exact to EXTENT / 255."""
    parts = rows.to(torch.float32) / 255
    points, field, mesh = parts.split([96 * 2, 17 * 17, 9 * 9 * 2], -1)
    return Snapshot(
        points=(2 * points - 1).unflatten(-1, (96, 2)) * EXTENT,
        field=field.unflatten(-1, (17, 17)),
        mesh=(2 * mesh - 1).unflatten(-1, (9, 9, 2)) * EXTENT,
    )


def to_text(shots: list[Tensor]) -> str:
    """Packed snapshots as text for a record."""
    return base64.b64encode(torch.stack(shots).numpy().tobytes()).decode()


def from_text(text: str) -> Tensor:
    """The text of a record as packed snapshots: uint8 (S, 643)."""
    numbers = bytearray(base64.b64decode(text))
    return torch.frombuffer(numbers, dtype=torch.uint8).view(-1, 643)


def density(points: Tensor, kept: Tensor | None = None, width: float = 0.25) -> Tensor:
    """A small Gaussian on each point (N, 2), added up at the lattice: (17, 17).

    kept (N,), bool, leaves points out; with none left the answer is 0. The Gaussian of
    a place is one of its row times one of its column, so two small tables do.
    """
    N, _ = expect.shape(points, "N 2", "points")
    share = torch.ones(N) if kept is None else kept.to(points.dtype)
    expect.shape(share, "N", "kept", N=N)
    at = lattice(17)[0, :, 0, None]  # (17, 1)
    columns, rows = (
        torch.exp(-((at - points[:, k]) ** 2) / (2 * width**2)) for k in (0, 1)
    )  # (17, N) each
    area = 2 * torch.pi * width**2 * share.sum().clamp(min=1)
    return (rows * share) @ columns.mT / area


def strings(mesh: Tensor) -> Tensor:
    """The lines of a net (S, S, 2) along and across, a nan between any two: (n, 2)."""
    both = torch.stack([mesh, mesh.transpose(0, 1)])
    return F.pad(both, (0, 0, 0, 1), value=torch.nan).flatten(0, 2)


class Lab:
    """One game with its settings; `make(game, kind, lr_d, lr_g)` gives the players.

    - `step(n)` lets them play n steps; `restart()` begins again with the same seed.
    - `change(kind="hinge", lr_d=1e-4, ...)` between any two steps goes on with the
      weights, and with what the optimizers remember. `target` is a name in
      plane.TARGETS, `kept` (M,), bool, switches modes of the ring off.
    """

    def __init__(
        self,
        make: Callable[..., Mapping[str, Player]],
        target: str = "ring",
        kind: str = "nonsaturating",
        lr_d: float = 1e-3,
        lr_g: float = 1e-3,
        kept: Tensor | None = None,
        seed: int = 0,
        size: int = 128,
    ) -> None:
        expect.one_of(target, plane.TARGETS, "target")
        expect.positive(lr_d=lr_d, lr_g=lr_g, size=size)
        self.make, self.seed, self.size = make, seed, size
        self.target, self.kept = target, kept
        self.kind, self.lr_d, self.lr_g = kind, lr_d, lr_g
        self.restart()

    @property
    def centres(self) -> Tensor:
        """The modes that there are to be found: those kept."""
        centres = plane.TARGETS[self.target]
        if self.kept is None or self.kept.numel() != len(centres):
            return centres  # a mask of eight says nothing of another target
        return centres[self.kept.flatten()]

    def restart(self) -> None:
        """Fresh players, the same seed."""
        with torch.random.fork_rng([]):
            torch.manual_seed(self.seed)
            self.game = plane.Game()
        self.run = self._run(torch.Generator().manual_seed(self.seed))

    def change(self, **settings: Any) -> None:
        """Other settings from now on; ValueError for one that there is not."""
        for name, value in settings.items():
            expect.one_of(name, SETTINGS, "the setting")
            setattr(self, name, value)
        before = self.run
        self.run = self._run(before.generator)
        self.run.history = before.history
        for name, player in self.run.players.items():
            rates = [group["lr"] for group in player.optimizer.param_groups]
            player.optimizer.load_state_dict(
                before.players[name].optimizer.state_dict()
            )
            for group, rate in zip(player.optimizer.param_groups, rates, strict=True):
                group["lr"] = rate

    def step(self, n: int = 1) -> None:
        """Let both players move n times; Diverged where a loss is not finite."""
        with torch.random.fork_rng([]):
            for _ in range(n):
                self.run.step(1.0, threading.Event())

    @property
    def steps(self) -> int:
        """Steps played."""
        return self.run.history.steps

    def snapshot(self) -> Snapshot:
        """How the game stands."""
        return snapshot(self.game)

    def _batch(self, generator: torch.Generator) -> tuple[Tensor, ...]:
        real = plane.sample(self.centres, self.size, generator)
        noise = torch.randn(self.size, 2, generator=generator)
        return real, noise, torch.rand(self.size, generator=generator)

    def _run(self, generator: torch.Generator) -> Run:
        players = self.make(self.game, self.kind, self.lr_d, self.lr_g)
        history = History(10**9, {name: [] for name in players})
        place = torch.device("cpu")
        processes = Processes(place)
        return Run(
            self.game, players, self._batch, generator, history, processes, place, None
        )
