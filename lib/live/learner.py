"""A module that learns inside a traced step: its weights travel in the state."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value

from lib import expect

from .chance import Chance

Weights = dict[str, Tensor]


@runtime_checkable
class Optimizer(Protocol):
    """How weights follow their gradients, with what is remembered of earlier ones."""

    def start(self, weights: Weights) -> dict[str, Any]: ...
    def step(
        self, weights: Weights, grads: Weights, memory: dict[str, Any], rate: Any
    ) -> tuple[Weights, dict[str, Any]]: ...


@expect.annotated
@dataclass(frozen=True)
class SGD:
    """Gradient descent, as torch.optim.SGD: v <- momentum v + g, w <- w - rate v."""

    momentum: float = 0.0

    def start(self, weights: Weights) -> dict[str, Any]:
        if not self.momentum:
            return {}
        return {"mean": {k: torch.zeros_like(w) for k, w in weights.items()}}

    def step(
        self, weights: Weights, grads: Weights, memory: dict[str, Any], rate: Any
    ) -> tuple[Weights, dict[str, Any]]:
        if self.momentum:
            old = memory["mean"]
            grads = {k: self.momentum * old[k] + g for k, g in grads.items()}
            memory = {"mean": grads}
        return {k: w - rate * grads[k] for k, w in weights.items()}, memory


@expect.annotated
@dataclass(frozen=True)
class Adam:
    """As torch.optim.Adam: Kingma and Ba 2015, arXiv:1412.6980v9, Algorithm 1."""

    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8

    def start(self, weights: Weights) -> dict[str, Any]:
        zeros = {k: torch.zeros_like(w) for k, w in weights.items()}
        count = torch.zeros((), dtype=torch.float64)
        return {"mean": zeros, "square": dict(zeros), "count": count}

    def step(
        self, weights: Weights, grads: Weights, memory: dict[str, Any], rate: Any
    ) -> tuple[Weights, dict[str, Any]]:
        first, second = self.betas
        count = memory["count"] + 1
        mean = {k: m.lerp(grads[k], 1 - first) for k, m in memory["mean"].items()}
        square = {
            k: second * s + (1 - second) * grads[k].square()
            for k, s in memory["square"].items()
        }
        size = rate / (1 - first**count)
        root = (1 - second**count).sqrt()
        moved = {
            k: w - size * mean[k] / (square[k].sqrt() / root + self.eps)
            for k, w in weights.items()
        }
        return moved, {"mean": mean, "square": square, "count": count}


class Learner:
    """A module and its optimizer, as functions of a state {"weights", "memory"}."""

    @expect.annotated
    def __init__(self, module: nn.Module, optimizer: Optimizer) -> None:
        self._holder, self.optimizer = _Holder(module), optimizer
        self._own = {k: w.detach().clone() for k, w in module.named_parameters()}
        spreads = {k: float(w.std()) for k, w in self._own.items() if w.numel() > 1}
        self._spreads = {k: spread for k, spread in spreads.items() if spread > 0}

    def start(self, chance: Chance) -> dict[str, Any]:
        """Fresh weights, each normal and as wide as the module's own are; a parameter
        whose numbers are all the same stays as it is."""
        sizes = [self._own[k].numel() for k in self._spreads]
        drawn = zip(
            self._spreads.items(), chance.normal(sum(sizes)).split(sizes), strict=True
        )
        fresh = {k: x.view_as(self._own[k]) * spread for (k, spread), x in drawn}
        weights = {k: fresh.get(k, w.clone()) for k, w in self._own.items()}
        return {"weights": weights, "memory": self.optimizer.start(weights)}

    def at(self, state: dict[str, Any], look: Callable[[Any], Any]) -> Any:
        """look(module), with the weights of the state."""
        return self._call(state["weights"], look)

    def step(
        self, state: dict[str, Any], loss: Callable[[Any], Tensor], rate: Any
    ) -> tuple[dict[str, Any], Tensor]:
        """The state after one step down the gradient of loss(module), and the loss."""
        graded = grad_and_value(lambda weights: self._call(weights, loss))
        grads, value = graded(state["weights"])
        weights, memory = self.optimizer.step(
            state["weights"], grads, state["memory"], rate
        )
        return {"weights": weights, "memory": memory}, value

    def _call(self, weights: Weights, look: Callable[[Any], Any]) -> Any:
        named = {f"module.{k}": w for k, w in weights.items()}
        return functional_call(self._holder, named, (look,))


class _Holder(nn.Module):
    """Calls a function of the module, so that all its methods may be used."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, look: Callable[[nn.Module], Any]) -> Any:
        return look(self.module)


def recorded(curve: Tensor, place: Tensor, value: Tensor) -> Tensor:
    """The curve (n,) with the value at a place, 0-d; beyond its ends it stays."""
    return torch.where(torch.arange(len(curve)) == place, value, curve)
