"""The one training loop: seeded, live, resumable, interruptible, data-parallel."""

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lib import expect
from lib.train.checkpoint import HASH, Checkpoint
from lib.train.fingerprint import fingerprint
from lib.train.history import History, Screen
from lib.train.step import Batch, Loss, Player, Processes, Run

Watch = Callable[[int, nn.Module], Mapping[str, Any]]


def minibatches(*tensors: Tensor, size: int) -> Batch:
    """A `batch` function that draws `size` rows at random, with replacement."""
    expect.whole(1, size=size)
    expect.tensor(**{f"tensor {k}": t for k, t in enumerate(tensors, 1)})
    lengths = [len(t) if t.dim() else 0 for t in tensors]
    if len(set(lengths)) != 1 or 0 in lengths:
        raise ValueError(f"minibatches() needs equally many rows; {lengths} came")

    def batch(generator: torch.Generator) -> tuple[Tensor, ...]:
        rows = torch.randint(lengths[0], (size,), generator=generator)
        return tuple(t[rows.to(t.device)] for t in tensors)

    return batch


def rounded(model: nn.Module, dtype: torch.dtype = torch.float16) -> nn.Module:
    """Round every parameter and buffer to what `dtype` can hold, in place.

    They stay float32: a page that stores two bytes a weight then computes what torch
    does. Raises ValueError where a finite value would become infinite.
    """
    for name, tensor in model.state_dict().items():
        if tensor.is_floating_point():
            narrow = tensor.to(dtype).to(tensor.dtype)
            if not torch.equal(narrow.isfinite(), tensor.isfinite()):
                most = tensor[tensor.isfinite()].abs().max().item()
                raise ValueError(f"{name} holds {most:.4g}, too large for {dtype}")
            tensor.copy_(narrow)
    return model


def train(
    model: nn.Module,
    loss: Loss | Mapping[str, Player],
    batch: Batch,
    *,
    steps: int,
    lr: float | None = None,
    seed: int = 0,
    schedule: str | Callable[[int], float] = "cosine",
    weight_decay: float | None = None,
    clip: float | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    checkpoint: str | Path | None = None,
    every: int | None = None,
    watch: Watch | None = None,
    device: str | torch.device | None = None,
    quiet: bool = False,
) -> History:
    """Fit `model` in place and return the history of its losses.

    `batch(generator)` draws a tuple of tensors, rows first, and `loss(model, *batch)`
    is a 0-d tensor, the mean over these rows. Where several players alternate, `loss`
    is a dict of Players, and each has its own curve.

    - The optimizer is AdamW (lr 1e-3, weight decay 0.01) unless one is given;
      `schedule` is "cosine" (down to 0), "constant", or a function from the number of
      finished steps to a factor of the learning rate. `clip` bounds the gradient norm.
    - `seed` fixes the batches and what is random inside the model, step by step. The
      caller's own random numbers are not disturbed.
    - Every `every` steps (a tenth of all, unless said) `watch(step, model)`, in
      evaluation mode, may return numbers or tensors to be kept, and the run is saved
      to the file `checkpoint`. The same call, made again, goes on from there.
    - Ctrl-C ends the loop after the step at hand; what was learnt is kept and saved.
    - It runs where the model is, or on `device` (under torchrun one GPU a process).
    - Under torchrun every process draws the same batch and learns from its share of
      the rows; losses and gradients are averaged. Draw noise in `batch` rather than in
      `loss`, and the curve is that of one process (batch norm, though, sees its share).

    Raises Diverged at the first loss or gradient that is not finite: the model keeps
    the weights it had, the error the history.
    """
    expect.whole(1, steps=steps, **{} if every is None else {"every": every})
    expect.whole(seed=seed)
    expect.kind(nn.Module, "a torch.nn.Module", model=model)
    expect.kind(Callable, "a function of a generator", batch=batch)
    expect.kind((Callable, Mapping), "a function, or a dict of Players", loss=loss)
    expect.positive(**{} if clip is None else {"clip": clip})
    every = every or max(1, steps // 10)
    factor = _factor(schedule, steps)
    place = _move(model, device)
    players = _players(model, loss, optimizer, lr, weight_decay)
    optimizers = {f"{name}'s optimizer": p.optimizer for name, p in players.items()}
    generator = torch.Generator().manual_seed(seed)
    history = History(steps, {name: [] for name in players})
    processes = Processes(place)
    saved = Checkpoint(
        checkpoint if processes.rank == 0 else None,
        {"model": model, **optimizers},
        generator,
        history,
        steps=steps,
        seed=seed,
        clip=clip,
        schedule=[round(float(factor(at)), 6) for at in (0, steps // 2, steps - 1)],
        turns=[player.turns for player in players.values()],
        **_told(model, players, batch, factor, steps) if checkpoint else {},
    )
    saved.restore(processes.first(saved.read()))
    processes.start_alike(model)
    run = Run(model, players, batch, generator, history, processes, place, clip)
    with (
        torch.random.fork_rng([place] if place.type == "cuda" else []),
        _mode(model, training=True),
        _ctrl_c() as stop,
        Screen(history, every, quiet or processes.rank > 0) as screen,
    ):
        began = time.monotonic() - history.seconds
        try:
            while history.steps < steps and not history.interrupted:
                run.step(factor(history.steps), stop)
                mark = history.steps % every == 0 or history.steps == steps
                if watch and mark:
                    _measure(watch, model, history)
                history.seconds = time.monotonic() - began
                if mark or history.interrupted:
                    saved.write()
                screen.update()
        except KeyboardInterrupt:  # a second Ctrl-C, in the midst of a step: not saved
            history.interrupted = True
    return history


def _players(
    model: nn.Module,
    loss: Loss | Mapping[str, Player],
    optimizer: torch.optim.Optimizer | None,
    lr: float | None,
    weight_decay: float | None,
) -> Mapping[str, Player]:
    """Who plays: one, unless `loss` is a dict."""
    brought = optimizer is not None or isinstance(loss, Mapping)
    if brought and (lr, weight_decay) != (None, None):
        raise ValueError("lr and weight_decay are those of the optimizer you give")
    expect.positive(**{} if lr is None else {"lr": lr})
    if weight_decay is not None:
        expect.between(0, math.inf, weight_decay=weight_decay)
    if isinstance(loss, Mapping):
        whole = bool(loss) and all(isinstance(p, Player) for p in loss.values())
        if not whole or optimizer is not None:
            raise ValueError("a dict of losses holds Players, with an optimizer each")
        for name, player in loss.items():
            expect.whole(1, **{f"turns of {name}": player.turns})
        return loss
    if optimizer is None:
        optimizer = torch.optim.AdamW(
            [p for p in model.parameters() if p.requires_grad],
            lr=1e-3 if lr is None else lr,
            weight_decay=0.01 if weight_decay is None else weight_decay,
        )
    return {"loss": Player(loss, optimizer)}


def _told(
    model: nn.Module,
    players: Mapping[str, Player],
    batch: Batch,
    factor: Callable[[int], float],
    steps: int,
) -> dict[str, str]:
    """What else makes a run what it is, by names that read well in a sentence."""
    curve = [round(float(factor(at)), 6) for at in range(0, steps, -(-steps // 1000))]
    things: dict[str, object] = {"model (its parts, or what it computes)": model}
    for name, player in players.items():
        things[f"{name} (its code, or what it uses)"] = player.loss
    things["batch (its code, or its data)"] = batch
    things["schedule (its curve)"] = tuple(curve)
    return {name: HASH + fingerprint(thing) for name, thing in things.items()}


def _factor(
    schedule: str | Callable[[int], float], steps: int
) -> Callable[[int], float]:
    """The factor of the learning rate after so many finished steps."""
    if callable(schedule):
        for at in (0, steps // 2, steps - 1):
            expect.between(0, math.inf, **{f"schedule({at})": schedule(at)})
        return schedule
    if schedule == "constant":
        return lambda step: 1.0
    if schedule == "cosine":
        return lambda step: (1 + math.cos(math.pi * step / steps)) / 2
    raise ValueError(
        f'schedule is "cosine", "constant" or a function, not {schedule!r}'
    )


def _move(model: nn.Module, device: str | torch.device | None) -> torch.device:
    """Bring the model to the device, if one is named, and say where it is."""
    if device is not None:
        place = torch.device(device)
        if place.type == "cuda" and place.index is None:  # one GPU a process
            place = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
        model.to(place)
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def _measure(watch: Watch, model: nn.Module, history: History) -> None:
    """Keep what `watch` says of the model in evaluation mode."""
    with _mode(model, training=False), torch.no_grad():
        seen = watch(history.steps, model)
    for name, value in seen.items():
        tensor = isinstance(value, Tensor) and value.dim() > 0
        kept = value.detach().cpu().clone() if tensor else float(value)
        history.measurements.setdefault(name, []).append((history.steps, kept))


@contextmanager
def _mode(model: nn.Module, training: bool) -> Iterator[None]:
    """Training or evaluation mode for a while; then every part as it was."""
    before = {module: module.training for module in model.modules()}
    model.train(training)
    try:
        yield
    finally:
        for module, mode in before.items():
            module.training = mode


@contextmanager
def _ctrl_c() -> Iterator[threading.Event]:
    """The first Ctrl-C only asks to stop; a second one interrupts as ever."""
    pressed, usual = threading.Event(), signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(usual):
        yield pressed
        return

    def press(*_: Any) -> None:
        pressed.set()
        signal.signal(signal.SIGINT, usual)

    signal.signal(signal.SIGINT, press)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, usual)
