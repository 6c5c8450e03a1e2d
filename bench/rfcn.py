"""RoI operators against torchvision's C++: one thread, process time, taken in turns.

Set-up: `pip install torchvision`, in the version that goes with the torch of the lock.
Where the index offers only a build for CUDA, its library does not load beside a torch
for the CPU; take the wheel from PyTorch's own index for the CPU.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from bench.turns import Row, in_turns
from lib import rfcn

SLOWER = (
    "RoI max pool: torch's embedding_bag adds rows with vector instructions, and looks "
    "for the largest one number after another; one loop in C++ does that in place."
)
K, CLASSES, REGIONS, SCALE = 7, 21, 300, 1 / 16
Operator = Callable[[Tensor, Tensor], Tensor]  # maps, rois


def regions(height: int, width: int) -> Tensor:
    """Draw regions of 50 to 350 pixels in an image: (R, 5)."""
    generator = torch.Generator().manual_seed(0)
    size = torch.tensor([width, height])
    low = torch.rand(REGIONS, 2, generator=generator) * (size - 350)
    high = low + 50 + 300 * torch.rand(REGIONS, 2, generator=generator)
    return torch.cat([torch.zeros(REGIONS, 1), low, high], 1)


def forward(operator: Operator, maps: Tensor, rois: Tensor) -> Callable[[], None]:
    """Make a call of the operator that keeps nothing for a gradient."""

    def call() -> None:
        with torch.inference_mode():
            operator(maps, rois)

    return call


def training(operator: Operator, maps: Tensor, rois: Tensor) -> Callable[[], None]:
    """Make a call of the operator with its gradient for the maps."""
    leaf = maps.clone().requires_grad_()

    def call() -> None:
        leaf.grad = None
        operator(leaf, rois).sum().backward()

    return call


def rows() -> list[Row]:
    """Time both; ImportError where torchvision is not installed."""
    from torchvision import ops

    torch.set_num_threads(1)
    rois = regions(600, 1000)
    scores = torch.randn(1, K * K * CLASSES, 38, 63)
    features = torch.randn(1, 256, 38, 63)
    works: list[tuple[str, Tensor, Operator, Operator]] = [
        (
            "PS-RoI pool",
            scores,
            lambda m, r: rfcn.ps_roi_pool(m, r, K, SCALE),
            lambda m, r: ops.ps_roi_pool(m, r, K, SCALE),
        ),
        (
            "PS-RoI align",
            scores,
            lambda m, r: rfcn.ps_roi_align(m, r, K, SCALE, 2),
            lambda m, r: ops.ps_roi_align(m, r, K, SCALE, 2),
        ),
        (
            "RoI align, 256 channels",
            features,
            lambda m, r: rfcn.roi_align(m, r, K, SCALE, 2, True),
            lambda m, r: ops.roi_align(m, r, K, SCALE, 2, True),
        ),
        (
            "RoI max pool, 256 channels",
            features,
            lambda m, r: rfcn.roi_pool(m, r, K, SCALE),
            lambda m, r: ops.roi_pool(m, r, K, SCALE),
        ),
    ]
    table = []
    for name, maps, ours, peer in works:
        for kind, make in (("forward", forward), ("with backward", training)):
            ms = in_turns(make(ours, maps, rois), make(peer, maps, rois))
            row = (f"{name}, {kind}", "torchvision", *ms, ms[0] / ms[1])
            table.append(row)
    return table
