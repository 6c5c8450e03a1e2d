"""The cost of a detector against convolutions that are really there."""

import pytest
import torch
from torch import nn

from lib import fpn
from lib.fpn import cost


class Counter:
    """Sums multiply-adds of the convolutions that it is hung on."""

    def __init__(self, model):
        self.total = 0
        for layer in model.modules():
            if isinstance(layer, nn.Conv2d):
                layer.register_forward_hook(self.add)

    def add(self, layer, _, out):
        self.total += out.shape[2:].numel() * layer.weight.numel()


class Bottleneck(nn.Module):
    def __init__(self, channels, narrow, stride):
        super().__init__()
        self.way = nn.Sequential(
            nn.Conv2d(channels, narrow, 1),
            nn.Conv2d(narrow, narrow, 3, stride, 1),
            nn.Conv2d(narrow, 4 * narrow, 1),
        )
        plain = channels == 4 * narrow
        shortcut = nn.Conv2d(channels, 4 * narrow, 1, stride)
        self.shortcut = nn.Identity() if plain else shortcut

    def forward(self, x):
        return self.way(x) + self.shortcut(x)


def resnet50():
    layers, channels = [nn.Conv2d(3, 64, 7, 2, 3), nn.MaxPool2d(3, 2, 1)], 64
    for stride, blocks, narrow in ((1, 3, 64), (2, 4, 128), (2, 6, 256), (2, 3, 512)):
        for block in range(blocks):
            layers.append(Bottleneck(channels, narrow, 1 if block else stride))
            channels = 4 * narrow
    return nn.Sequential(*layers)


@pytest.mark.parametrize("size", [(64, 96), (70, 45)])
def test_the_body_is_a_resnet_50(size):
    with torch.device("meta"):
        model, image = resnet50(), torch.empty(1, 3, *size)
        counter = Counter(model)
        model(image)
    assert cost.body(*size) == counter.total


@pytest.mark.parametrize("size", [(64, 96), (70, 45)])
def test_the_neck_is_the_pyramid(size):
    with torch.device("meta"):
        model = fpn.FPN(cost.CHANNELS, cost.WIDTH)
        counter = Counter(model)
        model([
            torch.empty(1, C, *(-(-side // s) for side in size))
            for C, s in zip(cost.CHANNELS, (4, 8, 16, 32), strict=True)
        ])  # fmt: skip
    assert sum(cost.neck(*size)) == counter.total


def test_numbers_that_others_print():
    """Torchvision counts 134.38 G, of a square of 800 pixels with 1,000 regions."""
    assert round(cost.body(800, 1344) / 1e9, 2) == 87.58
    assert round(sum(cost.neck(800, 1344)) / 1e9, 2) == 60.90
    assert round(cost.proposals(800, 1344) / 1e9, 2) == 53.15
    square = 800, 800
    total = cost.body(*square) + sum(cost.neck(*square))
    total += cost.proposals(*square) + cost.regions(1000)
    assert round(total / 1e9, 2) == 134.38
    assert cost.body(1, 1) == 25_557_032 - 2_049_000 - 53_120  # no classifier, norm


def test_what_it_says():
    with pytest.raises(ValueError, match="height holds 0"):
        cost.body(0, 5)
