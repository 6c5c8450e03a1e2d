"""Detection scenes, composed: sprites pasted on crops of photographs."""

import math
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lib.data.files import one_of
from lib.data.images import Sprites, photos, sprites

SPLITS = ["train", "test", "style"]
MAX_OVERLAP = 0.15  # of the smaller box
SOLID = 64 / 255  # alpha above this counts as the object
TRIES = 20  # places tried for a sprite before the scene does without it


class Scenes(NamedTuple):
    """Images with the boxes and the classes of what is in them."""

    images: Tensor  # (N, 3, size, size)
    boxes: list[Tensor]  # N times (n, 4) float32: x1, y1, x2, y2 in pixels
    labels: list[Tensor]  # N times (n,) into classes
    classes: tuple[str, ...]


def scenes(
    count: int,
    size: int = 96,
    seed: int = 0,
    split: str = "train",
    objects: tuple[int, int] = (1, 6),
    sides: tuple[float, float] | None = None,
) -> Scenes:
    """Compose `count` scenes of `size` pixels, the same ones for the same seed.

    Each has `objects` sprites (fewest, most), with sides log-uniform in `sides` pixels
    (by default size/16 to 25/32 size: 12 to 150 at 192), half of them mirrored, on a
    random crop of a photograph. Two boxes share at most 15 % of the smaller one; a
    sprite that finds no room is left out. A box holds the pixels with alpha above 64.
    The split is that of `sprites`; the photographs (the eight that owe no credit) serve
    all splits, and what they show, a real cat among it, carries no box.
    """
    sides = sides or (size / 16, size * 25 / 32)
    _check(count, size, split, objects, sides)
    rng = np.random.default_rng([seed, SPLITS.index(split)])
    things, backgrounds = sprites(split), _backgrounds()
    things.rgba[:, :3] *= things.rgba[:, 3:]  # blending wants alpha multiplied in
    images = torch.empty(count, 3, size, size)
    boxes, labels = [], []
    for image in images:
        image.copy_(_crop(backgrounds, size, rng))
        placed = _paste(image, things, objects, sides, rng)
        corners = np.array([box for box, _ in placed], np.float32).reshape(-1, 4)
        boxes.append(torch.from_numpy(corners))
        labels.append(torch.tensor([label for _, label in placed], dtype=torch.long))
    return Scenes(images.clamp_(0, 1), boxes, labels, things.classes)


def _backgrounds() -> Tensor:
    """Give the photographs whose licence asks for no credit in a caption."""
    album = photos()
    free = ["CC BY" not in credit for credit in album.credits]
    return album.images[torch.tensor(free)]


def _crop(backgrounds: Tensor, size: int, rng: np.random.Generator) -> Tensor:
    """Cut a random square out of a random photograph, mirrored half of the time."""
    photo = backgrounds[rng.integers(len(backgrounds))]
    top, left = rng.integers(photo.shape[-1] - size + 1, size=2)
    crop = photo[:, top : top + size, left : left + size]
    return crop.flip(-1) if rng.random() < 0.5 else crop


def _paste(
    image: Tensor,
    things: Sprites,
    objects: tuple[int, int],
    sides: tuple[float, float],
    rng: np.random.Generator,
) -> list[tuple[np.ndarray, int]]:
    """Paste sprites into the image, the largest first; give (box, label) of each."""
    number = int(rng.integers(objects[0], objects[1] + 1))
    logs = rng.uniform(math.log(sides[0]), math.log(sides[1]), size=number)
    placed: list[tuple[np.ndarray, int]] = []
    for side in sorted(np.exp(logs).round().astype(int).tolist(), reverse=True):
        label = int(rng.integers(len(things.classes)))
        choices = (things.label == label).nonzero()[:, 0]
        sprite = things.rgba[choices[rng.integers(len(choices))]]
        sprite = _resize(sprite.flip(-1) if rng.random() < 0.5 else sprite, side)
        places = rng.integers(image.shape[-1] - side + 1, size=(TRIES, 2))
        boxes = _outline(sprite[3]) + np.tile(places, 2)
        for box, (left, top) in zip(boxes, places, strict=True):
            if all(_overlap(box, other) <= MAX_OVERLAP for other, _ in placed):
                patch = image[:, top : top + side, left : left + side]
                patch.mul_(1 - sprite[3]).add_(sprite[:3])
                placed.append((box, label))
                break
    return placed


def _resize(sprite: Tensor, side: int) -> Tensor:
    """Resize (4, 96, 96) to (4, side, side), smoothing what it shrinks."""
    batch, size = sprite[None], (side, side)
    return F.interpolate(batch, size, mode="bilinear", antialias=True)[0]


def _outline(alpha: Tensor) -> np.ndarray:
    """Give x1, y1, x2, y2 around the solid pixels of a sprite (H, W)."""
    solid = alpha.numpy() > SOLID
    (x,), (y,) = np.nonzero(solid.any(0)), np.nonzero(solid.any(1))
    return np.array([x[0], y[0], x[-1] + 1, y[-1] + 1])


def _overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Give the shared area of two boxes as a part of the smaller one."""
    width, height = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return max(width, 0) * max(height, 0) / smaller


def _check(
    count: int,
    size: int,
    split: str,
    objects: tuple[int, int],
    sides: tuple[float, float],
) -> None:
    """Say what is wrong with the arguments of `scenes`, if anything is."""
    one_of("split", split, SPLITS)
    if count < 0:
        raise ValueError(f"count is {count}; expected 0 or more scenes")
    if not 64 <= size <= 256:
        raise ValueError(f"size is {size}; expected 64 to 256, a photograph's side")
    if not 0 <= objects[0] <= objects[1]:
        raise ValueError(f"objects is {objects}; expected (fewest, most), rising")
    if not 4 <= sides[0] <= sides[1] <= size:
        raise ValueError(
            f"sides is {sides}; expected (smallest, largest), from 4 pixels up to the "
            f"scene's own {size}"
        )
