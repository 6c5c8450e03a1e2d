"""Good arguments for the constructor of each public class of lib."""

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

import bad_input
import torch
from torch import nn

from lib import live, train, transformer
from lib.live import guess, learner

ROOMS = {  # what is public in lib beside the kernels, by its name below lib
    "live": [getattr(live, name) for name in live.__all__],
    "live.guess": [getattr(guess, name) for name in guess.__all__],
    "live.learner": [learner.Adam, learner.Learner, learner.SGD],
    "train": [getattr(train, name) for name in train.__all__],
}
NOT_TRIED = {
    *("moe.ranks.ExpertsOverRanks", "live.guess.Guess"),  # in a group; has no kind
    *("diagram.Box", "pipeline.times.Plan"),  # made by lib alone
    *("train.History", "train.Diverged"),
}
WIDTH = dict(width=32, multipliers=(1, 2), blocks=1, z=8, channels=3, size=16)
ASKED = dict(question="How many?", of="x", shows=["y"], steps=3)


def classes() -> dict[str, Any]:
    """Every public class with a constructor of its own, by its name below lib.

    Tuples of results are made by the functions that give them.
    """
    rooms = {room: list(things) for room, things in ROOMS.items()}
    for module in bad_input.modules():
        here = vars(importlib.import_module(f"lib.{module}"))
        public = (thing for name, thing in here.items() if not name.startswith("_"))
        rooms[module] = [
            x for x in public if getattr(x, "__module__", "") == f"lib.{module}"
        ]
    return {
        f"{room}.{thing.__name__}": thing
        for room, things in rooms.items()
        for thing in things
        if inspect.isclass(thing) and not issubclass(thing, tuple)
        if "__init__" in vars(thing)
    }


def nothing(*_: Any, **__: Any) -> dict[str, Any]:
    return {}


GOOD: dict[str, dict[str, Any]] = {
    "block_diffusion.BlockDiffusionLM": dict(
        vocab=5, dim=8, depth=1, heads=2, length=6, block_size=2
    ),
    "diagram.Diagram": dict(width=3.0, height=1.0),
    "detection.regions.ProposalNet": dict(channels=4, width=8, per_cell=3),
    "efficientnet.network.MBConv": dict(
        inputs=4, outputs=4, expansion=2, kernel=3, stride=1, lite=True,
        drop_connect=0.2,
    ),
    "efficientnet.network.EfficientNet": dict(
        width=0.25, depth=0.25, num_classes=10, lite=True, dropout=0.2,
        drop_connect=0.2,
    ),
    "fpn.pyramid.FPN": dict(in_channels=[4, 8], out_channels=4, mode="nearest"),
    "gan.dcgan.Small": {},
    "gan.plane.Game": dict(width=8, critic_width=8),
    "mla.MLA": dict(
        dim=8, heads=2, q_rank=4, kv_rank=4, nope_dim=4, rope_dim=4, v_dim=4
    ),
    "moe.experts.MoE": dict(
        dim=8, hidden=4, experts=4, top_k=2, shared=1, n_groups=2, top_groups=1,
        scale=2.5,
    ),
    "mtp.MTPHead": dict(dim=8, block=nn.Linear(8, 8)),
    "sedd.Absorbing": dict(vocab=5),
    "sedd.Uniform": dict(vocab=5),
    "sedd.LogLinearNoise": dict(eps=1e-3),
    "sedd.GeometricNoise": dict(sigma_min=0.1, sigma_max=2.0),
    "transformer.Attention": dict(dim=8, heads=4, kv_heads=2, rotary=True),
    "transformer.MLP": dict(dim=8, mlp_dim=16, gated=True),
    "transformer.Block": dict(
        attn=transformer.Attention(8, 2, 2, True),
        mlp=transformer.MLP(8, 16, False),
        norms=(nn.RMSNorm(8), nn.RMSNorm(8)),
    ),
    "transformer.Transformer": dict(
        vocab=5, dim=8, depth=2, heads=4, mlp_dim=16, causal=True, rotary=False,
        max_length=6, norm="rms", gated=True, kv_heads=2,
    ),
    "trident.TridentBlock": dict(channels=8, narrow=4, dilations=(1, 2)),
    "vae.LinearGaussian": dict(weight=0.5, noise=bad_input.rand(3)),
    "vae.VAE": dict(pixels=16, hidden=8, latent=2),
    "vit.Attention": dict(dim=8, heads=2),
    "vit.Block": dict(dim=8, heads=2, mlp_dim=16),
    "vit.PatchEmbedding": dict(patch_size=4, channels=3, dim=8),
    "vit.ViT": dict(
        image_size=8, patch_size=4, dim=8, depth=1, heads=2, mlp_dim=16,
        num_classes=10, channels=3,
    ),
    "vqgan.codebook.VectorQuantizer": dict(
        num_codes=4, dim=3, commitment=0.25, swapped=True
    ),
    "vqgan.codebook.EMAVectorQuantizer": dict(
        num_codes=4, dim=3, commitment=0.25, decay=0.9, restart=1.0
    ),
    "vqgan.losses.PatchDiscriminator": dict(channels=3, width=8, n_layers=2),
    "vqgan.losses.PerceptualDistance": dict(net=bad_input.small, blocks=2),
    "vqgan.nets.ResnetBlock": dict(inputs=32, outputs=64),
    "vqgan.nets.AttnBlock": dict(channels=32),
    "vqgan.nets.Sampler": dict(channels=4, up=True),
    "vqgan.nets.Level": dict(
        inputs=32, outputs=32, blocks=1, attend=True, then="upsample"
    ),
    "vqgan.nets.Middle": dict(channels=32),
    "vqgan.nets.Encoder": WIDTH | dict(attention=8),
    "vqgan.nets.Decoder": WIDTH | dict(attention=8),
    "live.Slider": dict(low=0.5, high=2.0, value=1.0, step=0.5, log=False, label="a"),
    "live.Bars": dict(
        n=3, low=-1.0, high=1.0, value=[0.0, 0.5, 0.2], labels=["a", "b", "c"],
        label="a", on="x",
    ),
    "live.Mask": dict(
        height=2, width=3, value=True, on="x", label="a", rows=["a", "b"],
        columns=["a", "b", "c"],
    ),
    "live.Switches": dict(names=["a", "b"], value=True, label="a"),
    "live.Pad": dict(
        x=(0.0, 1.0), y=(0.0, 1.0), value=(0.5, 0.5), on="x", label="a", step=0.1
    ),
    "live.Choice": dict(options=["a", "b"], value="a", label="x"),
    "live.Run": dict(start=nothing, step=nothing, steps=10, named="Train"),
    "live.guess.Number": ASKED | dict(
        low=0.0, high=3.0, unit="nats", at={}, log=False, step=0.5, on="x", axis="y"
    ),
    "live.guess.Choice": ASKED | dict(options=["a", "b"], unit="n", at={}),
    "live.guess.Point": ASKED | dict(on="y"),
    "live.guess.Curve": ASKED | dict(unit="nats"),
    "live.learner.SGD": dict(momentum=0.5),
    "live.learner.Adam": dict(betas=(0.9, 0.99), eps=1e-8),
    "live.learner.Learner": dict(module=nn.Linear(2, 1), optimizer=learner.Adam()),
    "train.Player": dict(
        loss=nothing, optimizer=torch.optim.SGD(nn.Linear(2, 1).parameters(), 0.1),
        turns=1,
    ),
}  # fmt: skip


def cases() -> Iterator[tuple[str, str, str, Any]]:
    """Each class, argument, way to spoil it, and the spoilt value."""
    for name, arguments in GOOD.items():
        for key, value in arguments.items():
            for how, bad in bad_input.spoilt(value):
                if how != "float64":
                    yield name, key, how, bad
