"""One step of training: the players move in turn, in one process or in many."""

import atexit
import math
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from lib import expect
from lib.train.history import History

Loss = Callable[..., Tensor]
Batch = Callable[[torch.Generator], Tensor | Sequence[Tensor]]


class Processes:
    """The processes that share one run: those that torchrun started, or one alone."""

    def __init__(self, device: torch.device) -> None:
        started = {"RANK", "WORLD_SIZE", "MASTER_ADDR"} <= os.environ.keys()
        if started and dist.is_available() and not dist.is_initialized():
            if device.type == "cuda":
                torch.cuda.set_device(device)
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
            atexit.register(dist.destroy_process_group)
        many = dist.is_available() and dist.is_initialized()
        self.rank = dist.get_rank() if many else 0
        self.count = dist.get_world_size() if many else 1

    def deal(self, batch: Sequence[Tensor]) -> list[Tensor]:
        """The share of this process in a batch of which all hold the same copy.

        Raises ValueError where the rows cannot be dealt evenly: the mean over the
        processes would not be the mean over the rows.
        """
        if self.count == 1:
            return list(batch)
        sizes = sorted({len(t) if t.dim() else 0 for t in batch})
        if len(sizes) != 1 or not sizes[0] or sizes[0] % self.count:
            raise ValueError(
                f"a batch of {' and '.join(map(str, sizes))} rows cannot be dealt "
                f"evenly to {self.count} processes: its tensors need the same number "
                f"of rows, a multiple of {self.count}"
            )
        return [t.chunk(self.count)[self.rank] for t in batch]

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Each tensor becomes its mean over the processes, by one all-reduce."""
        if self.count == 1:
            return
        flat = torch.cat([t.flatten() for t in tensors])
        dist.all_reduce(flat)
        means = (flat / self.count).split([t.numel() for t in tensors])
        for tensor, mean in zip(tensors, means, strict=True):
            tensor.copy_(mean.view_as(tensor))

    def average_gradients(self, loss: Tensor, parameters: list[nn.Parameter]) -> None:
        """Average the loss and its gradients; what no process has stays None."""
        if self.count == 1:
            return
        used = loss.new_tensor([p.grad is not None for p in parameters])
        slopes = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        self.average([loss, used, *slopes])
        for p, slope, by_any in zip(parameters, slopes, used, strict=True):
            p.grad = slope if by_any else None

    def first(self, value: Any) -> Any:
        """The value that the first process has, which may be any object."""
        box = [value]
        if self.count > 1:
            dist.broadcast_object_list(box)
        return box[0]

    def start_alike(self, model: nn.Module) -> None:
        """Give every process the weights of the first."""
        if self.count > 1:
            for tensor in model.state_dict().values():
                dist.broadcast(tensor, 0)


class Diverged(FloatingPointError):
    """The loss or its gradient is not finite; `history` tells what came before."""

    def __init__(self, message: str, history: History) -> None:
        super().__init__(message)
        self.history = history


@expect.annotated
@dataclass
class Player:
    """One side of a game, such as a GAN's critic: its loss, and who learns from it.

    In each step of the loop the players move one after another, each `turns` times,
    each time on a fresh batch; the loss kept for the step is the mean over the turns.
    """

    loss: Loss
    optimizer: torch.optim.Optimizer
    turns: int = 1

    @property
    def parameters(self) -> list[nn.Parameter]:
        """Those that the optimizer moves, and only those: the opponent stands still."""
        groups = self.optimizer.param_groups
        return [p for group in groups for p in group["params"] if p.requires_grad]


@dataclass
class Run:
    """A run between two steps, and how to make the next."""

    model: nn.Module
    players: Mapping[str, Player]
    batch: Batch
    generator: torch.Generator
    history: History
    processes: Processes
    place: torch.device
    clip: float | None

    def step(self, factor: float, stop: threading.Event) -> None:
        """Let every player move; then all processes agree on whether to stop."""
        self.seed()
        values = {}
        for name, player in self.players.items():
            moves = [self.move(name, player, factor) for _ in range(player.turns)]
            values[name] = sum(moves) / len(moves)
        for name, value in values.items():
            self.history.losses[name].append(value)
        stopping = torch.tensor(float(stop.is_set()), device=self.place)
        buffers = filter(torch.is_floating_point, self.model.buffers())
        self.processes.average([stopping, *buffers])
        if stopping > 0 and self.history.steps < self.history.total:
            self.history.interrupted = True

    def seed(self) -> None:
        """Seed what is random inside model and loss, anew at each step."""
        seed = int(torch.randint(2**62, (), generator=self.generator))
        seed += self.processes.rank
        torch.default_generator.manual_seed(seed)
        if self.place.type != "cpu":
            getattr(torch, self.place.type).manual_seed(seed)

    def move(self, name: str, player: Player, factor: float) -> float:
        """One optimizer step of one player on a fresh batch; the loss before it."""
        value = self.grade(player)
        slopes = [p.grad for p in player.parameters if p.grad is not None]
        if not slopes:
            raise ValueError(f"{name} depends on none of its optimizer's parameters")
        norm = get_total_norm(slopes)
        if not math.isfinite(value + norm):
            raise self.diverged(name, value, player)
        if self.clip is not None:
            clip_grads_with_norm_(player.parameters, self.clip, norm)
        groups = player.optimizer.param_groups
        rates = [group["lr"] for group in groups]
        try:
            for group, rate in zip(groups, rates, strict=True):
                group["lr"] = rate * factor
            player.optimizer.step()
        finally:
            for group, rate in zip(groups, rates, strict=True):
                group["lr"] = rate
        return float(value)

    def grade(self, player: Player) -> Tensor:
        """The loss, and in `.grad` its gradient for this player's parameters only."""
        batch = self.batch(self.generator)
        batch = [batch] if isinstance(batch, Tensor) else batch
        for part in batch:
            if not isinstance(part, Tensor):
                came = type(part).__name__
                raise TypeError(f"batch() must return tensors; {came} came")
            if not part.numel():
                came = f"one of shape {tuple(part.shape)}"
                raise ValueError(
                    f"batch() must return tensors that hold rows; {came} came"
                )
        rows = self.processes.deal(batch)
        player.optimizer.zero_grad()
        loss = player.loss(self.model, *(t.to(self.place) for t in rows))
        if not isinstance(loss, Tensor) or loss.dim() or not loss.requires_grad:
            came = type(loss).__name__
            if isinstance(loss, Tensor):
                came = f"shape {tuple(loss.shape)}, requires_grad {loss.requires_grad},"
            raise ValueError(
                "a loss must be a 0-d tensor with a gradient, such as a mean, neither "
                f"detached nor .item(); {came} came"
            )
        loss.backward(inputs=player.parameters)
        loss = loss.detach().clone()
        self.processes.average_gradients(loss, player.parameters)
        return loss

    def diverged(self, name: str, value: Tensor, player: Player) -> Diverged:
        """The error of a run that has left the finite numbers."""
        what = f"gradient of the {name}" if value.isfinite() else f"{name} itself"
        rate = player.optimizer.param_groups[0]["lr"]
        return Diverged(
            f"step {self.history.steps + 1}: the {what} is nan or infinite. Likely "
            f"causes: too high a learning rate (it is {rate:g}), the log or the root "
            "of 0, a division by 0. The model keeps the weights it had before this "
            "step; the history so far is the error's .history",
            self.history,
        )
