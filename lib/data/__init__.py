"""Real data with no network: images, scenes, a text and small pre-trained weights.

Every function gives tensors of its own, so nothing you do to them reaches the next
caller. Images are float32 in [0, 1], (N, C, H, W); labels are int64. Where the files
come from, and whom to thank, is in assets/ATTRIBUTION.md.
"""

from lib.data.images import (
    Emoji,
    Fashion,
    Photos,
    Sprites,
    emoji,
    fashion,
    photos,
    sprites,
)
from lib.data.pretrained import imagenet_classes, weights
from lib.data.records import record
from lib.data.scenes import Scenes, scenes
from lib.data.text import austen

__all__ = [
    "Emoji",
    "Fashion",
    "Photos",
    "Scenes",
    "Sprites",
    "austen",
    "emoji",
    "fashion",
    "imagenet_classes",
    "photos",
    "record",
    "scenes",
    "sprites",
    "weights",
]
