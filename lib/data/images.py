"""Four sets of images: clothes, emoji, photographs and cut-out sprites."""

from typing import NamedTuple

import numpy as np
from torch import Tensor

from lib.data.files import arrays, numbers, one_of, pixels, words

CLOTHES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"]
CLOTHES += ["Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
HELD_OUT_STYLE = "noto-v1"  # the other three resemble one another; this one does not
CREDITS = {
    "chelsea": "Stefan van der Walt, CC0",
    "astronaut": "NASA, public domain",
    "coffee": "Rachel Michetti, CC0",
    "rocket": "SpaceX, public domain",
    "hubble": "NASA, public domain",
    "brick": "CC0Textures, CC0",
    "grass": "linolafett, CC0",
    "gravel": "CC0Textures, CC0",
    "china": "danielbuechele, CC BY 2.0, cropped and reduced",
    "flower": "vultilion, CC BY 2.0, cropped and reduced",
}


class Fashion(NamedTuple):
    """Grey pictures of clothes."""

    images: Tensor  # (N, 1, 28, 28)
    labels: Tensor  # (N,) into classes
    classes: tuple[str, ...]


class Emoji(NamedTuple):
    """Emoji on white; one identity ("red apple") is drawn in up to four styles."""

    images: Tensor  # (N, 3, 32, 32)
    group: Tensor  # (N,) into groups: "food & drink"
    subgroup: Tensor  # (N,) into subgroups: "fruit"
    style: Tensor  # (N,) into styles: "noto"
    identity: Tensor  # (N,) into names: "red apple"
    groups: tuple[str, ...]
    subgroups: tuple[str, ...]
    styles: tuple[str, ...]
    names: tuple[str, ...]


class Photos(NamedTuple):
    """Ten photographs; a figure that shows one prints its credit."""

    images: Tensor  # (10, 3, 256, 256)
    names: tuple[str, ...]
    credits: tuple[str, ...]


class Sprites(NamedTuple):
    """Cut-out drawings of things, with alpha (not multiplied in)."""

    rgba: Tensor  # (N, 4, 96, 96)
    label: Tensor  # (N,) into classes: "cat"
    style: Tensor  # (N,) into styles: "noto"
    identity: Tensor  # (N,) into names: "tiger face"
    classes: tuple[str, ...]
    styles: tuple[str, ...]
    names: tuple[str, ...]


def fashion(split: str = "train") -> Fashion:
    """6,000 training or 2,000 test pictures of Fashion-MNIST, in ten classes."""
    one_of("split", split, ["train", "test"])
    file, end = arrays("fashion.npz"), "" if split == "train" else "_test"
    x, y = file[f"x{end}"], file[f"y{end}"]
    return Fashion(pixels(x[..., None]), numbers(y), tuple(CLOTHES))


def emoji(split: str = "train") -> Emoji:
    """Emoji of six groups; every tenth identity, in all its styles, is the test set.

    Splitting by picture instead would put the same apple, drawn by another hand, on
    both sides.
    """
    one_of("split", split, ["train", "test"])
    file = arrays("emoji.npz")
    rows = (file["name_id"] % 10 == 0) == (split == "test")
    return Emoji(
        images=pixels(file["x"][rows]),
        group=numbers(file["group"][rows]),
        subgroup=numbers(file["subgroup"][rows]),
        style=numbers(file["style"][rows]),
        identity=numbers(file["name_id"][rows]),
        groups=words(file["groups"]),
        subgroups=words(file["subgroups"]),
        styles=words(file["styles"]),
        names=words(file["names"]),
    )


def photos() -> Photos:
    """Ten photographs, 256 pixels square, with the credit that each caption owes."""
    file = arrays("photos.npz")
    names = words(file["names"])
    return Photos(pixels(file["x"]), names, tuple(CREDITS[name] for name in names))


def sprites(split: str = "train") -> Sprites:
    """Sprites of eight classes, split by what they show and by how it is drawn.

    "test" holds the third identity of each class, and "style" everything in a style
    that training never shows. The classes are broad: a tiger counts as a cat, a whale
    as a fish, and an ambulance as a bus.
    """
    one_of("split", split, ["train", "test", "style"])
    file = arrays("sprites.npz")
    names = tuple(dict.fromkeys(words(file["name"])))
    identity = np.array([names.index(name) for name in file["name"]])
    label, styles = file["label"], words(file["styles"])
    held_out = [np.unique(identity[label == c])[2] for c in np.unique(label)]
    new_style = file["style"] == styles.index(HELD_OUT_STYLE)
    new_thing = np.isin(identity, held_out)
    rows = {
        "train": ~new_style & ~new_thing,
        "test": ~new_style & new_thing,
        "style": new_style,
    }[split]
    return Sprites(
        rgba=pixels(file["rgba"][rows]),
        label=numbers(label[rows]),
        style=numbers(file["style"][rows]),
        identity=numbers(identity[rows]),
        classes=words(file["classes"]),
        styles=styles,
        names=names,
    )
