"""Experts over ranks, the dense part sharded: `torchrun --nproc-per-node=2 FILE`.

The chapter's own model and batches. Run without torchrun it is the same training in
one process, and the curve is the same. `--out FILE` writes the losses and the biases.
"""

import argparse
import json
import os

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from course import recipes
from lib import moe
from lib.moe import ranks

chapter = recipes.cells(__file__)


class Spread(ranks.ExpertsOverRanks, chapter["Experts"]):  # type: ignore[misc]
    """The chapter's experts, which remember whom they asked, over all ranks."""


def spread(model: nn.Module) -> None:
    """Deal the experts to the ranks; shard everything else with FSDP, in place."""
    for block in model.blocks:
        block.mlp = Spread(block.mlp)
    own = {p for block in model.blocks for p in (block.mlp.gate_up, block.mlp.down)}
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    for part in (*model.blocks, model):
        fully_shard(part, mesh=mesh, ignored_params=own)


def fit(model: nn.Module, steps: int, rank: int, ranks: int) -> list[float]:
    """Train by bias; each rank learns from its share of the rows. -> mean losses."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=chapter["LR"], foreach=False)
    generator, losses = torch.Generator().manual_seed(0), []
    for _ in range(steps):
        (rows,) = chapter["batch"](generator)
        rows = rows.chunk(ranks)[rank]
        logits = model(rows[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        for block in model.blocks:
            tell(block.mlp, many=ranks > 1)
        mean = loss.detach() / ranks
        if ranks > 1:
            dist.all_reduce(mean)
        losses.append(mean.item())
    return losses


@torch.no_grad()
def tell(experts: moe.MoE, many: bool) -> None:
    """Move the bias by the load of all ranks together."""
    indices: Tensor = experts.chosen[1]  # type: ignore[assignment]
    count = ranks.total_load if many else moe.load
    load = count(indices, len(experts.bias))
    experts.bias.copy_(moe.update_bias(experts.bias, load, 0.01))


def main() -> None:
    """Train on as many ranks as torchrun started, or on one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--out")
    options = parser.parse_args()
    many = int(os.environ.get("WORLD_SIZE", 1)) > 1
    if many:
        dist.init_process_group("gloo")
    rank, ranks = (dist.get_rank(), dist.get_world_size()) if many else (0, 1)
    torch.manual_seed(0)
    model = chapter["new_model"]()
    if many:
        spread(model)
    losses = fit(model, options.steps, rank, ranks)
    if rank == 0:
        print(f"{ranks} processes, losses {losses[0]:.4f} to {losses[-1]:.4f}")
        if options.out:
            biases = [block.mlp.bias.tolist() for block in model.blocks]
            with open(options.out, "w") as file:
                json.dump({"losses": losses, "biases": biases}, file)
    if many:
        dist.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
