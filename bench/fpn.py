"""FPN against torchvision: the same weights, one thread, process time, in turns."""

from collections import OrderedDict

import torch

from bench.turns import Row, in_turns
from lib import fpn

SLOWER = (
    "levels: thresholds are counted, so that no logarithm rounds the wrong way, and "
    "boxes are looked through for nan first."
)
CHANNELS = [256, 512, 1024, 2048]  # of ResNet-50's C2 to C5


def rows() -> list[Row]:
    """Time our FPN and level rule, and torchvision's; ImportError without it."""
    from torchvision.ops import FeaturePyramidNetwork
    from torchvision.ops.poolers import LevelMapper

    torch.set_num_threads(1)
    table = []
    ours, peer = fpn.FPN(CHANNELS, 256), FeaturePyramidNetwork(CHANNELS, 256)
    peer.load_state_dict(ours.state_dict())
    for image in (256, 400):
        maps = [
            torch.randn(1, c, -(-image // s), -(-image // s))
            for c, s in zip(CHANNELS, (4, 8, 16, 32), strict=True)
        ]
        named = OrderedDict((str(n), x) for n, x in enumerate(maps))
        with torch.inference_mode():
            ms = in_turns(lambda x=maps: ours(x), lambda x=named: peer(x))
        table.append((f"FPN, {image} pixels", "torchvision", *ms, ms[0] / ms[1]))
    corner = torch.rand(2000, 2) * 800
    boxes = torch.cat([corner, corner + torch.rand(2000, 2) * 500], 1)
    mapper = LevelMapper(2, 5)
    ms = in_turns(lambda: fpn.assign_level(boxes), lambda: mapper([boxes]))
    table.append(("levels of 2,000 boxes", "torchvision", *ms, ms[0] / ms[1]))
    return table
