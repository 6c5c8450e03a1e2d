"""Turn vector drawings of emoji into pixels, and sort them for the course.

build_assets.py hands over the unpacked packages: four icon sets, which are JSON files
full of SVG, and emojibase, which knows what each emoji is called and where it belongs.
"""

import io
import itertools
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

GROUPS = [0, 3, 4, 5, 6, 7]  # emojibase's numbers; people, symbols, flags stay out
SPRITES = {
    "cat": "cat face, cat, tiger face, lion, leopard",
    "dog": "dog face, dog, fox, wolf, poodle",
    "bird": "bird, eagle, owl, parrot, duck, penguin",
    "fish": "fish, tropical fish, shark, dolphin, whale",
    "car": "automobile, taxi, sport utility vehicle, police car, oncoming automobile, "
    "racing car",
    "bus": "bus, trolleybus, minibus, ambulance, fire engine, delivery truck",
    "fruit": "red apple, green apple, tangerine, lemon, pear, peach, strawberry",
    "ball": "soccer ball, basketball, volleyball, baseball, american football",
}
SPOILT = {  # two drawings that render wrongly, and a ball stuck in its hoop
    ("tropical fish", "fluent"),
    ("tropical fish", "fluent-flat"),
    ("basketball", "noto-v1"),
}


def read(file: Path) -> Any:
    """Read a JSON file."""
    return json.loads(file.read_text("utf8"))


class Drawings:
    """The drawings of every emoji in several styles, with emojibase's names."""

    def __init__(self, icons: dict[str, Path], emojibase: Path) -> None:
        """Read the icon sets, style by style, and the labels."""
        self.styles = list(icons)
        self.icons = {style: read(icons[style] / "icons.json") for style in icons}
        self.names = {style: read(icons[style] / "chars.json") for style in icons}
        emoji = read(emojibase / "en" / "data.json")
        emoji = [e for e in emoji if e.get("group") in GROUPS]
        self.emoji = {e["label"]: e for e in sorted(emoji, key=lambda e: e["order"])}
        self.keys = read(emojibase / "meta" / "groups.json")
        self.words = read(emojibase / "en" / "messages.json")

    def title(self, kind: str, number: int) -> str:
        """Give the English name of one of emojibase's "groups" or "subgroups"."""
        key = self.keys[kind][str(number)]
        return next(w["message"] for w in self.words[kind] if w["key"] == key)

    def svg(self, label: str, style: str) -> str | None:
        """Find a drawing by code point where the set lists those, else by its name."""
        plain = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
        slug = re.sub("[^a-z0-9]+", "-", plain.lower())
        code = self.emoji[label]["hexcode"].lower().replace("-fe0f", "")
        sheet, name = self.icons[style], self.names[style].get(code, slug)
        name = sheet.get("aliases", {}).get(name, {}).get("parent", name)
        if name not in sheet["icons"]:
            return None
        start = '<svg xmlns="http://www.w3.org/2000/svg" '
        start += 'xmlns:xlink="http://www.w3.org/1999/xlink" '
        shape = 'viewBox="{left} {top} {width} {height}">{body}</svg>'
        icon = {"left": 0, "top": 0, **sheet, **sheet["icons"][name]}
        return start + shape.format(**icon)

    def draw(
        self, labels: Iterable[str], side: int, over: int
    ) -> Iterator[tuple[str, str, Image.Image]]:
        """Draw `over` times too large, then average with the alpha multiplied in.

        Averaging colours as they stand would let the black that lies behind full
        transparency bleed into every outline. Gives (label, style, RGBA image).
        """
        import resvg_py  # fetched by build_assets.py

        size = {"width": side * over, "height": side * over}
        for label, style in itertools.product(labels, self.styles):
            if svg := self.svg(label, style):
                png = io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg, **size)))
                large = Image.open(png).convert("RGBA").convert("RGBa")
                small = large.resize((side, side), Image.Resampling.BOX)
                yield label, style, small.convert("RGBA")


def emoji(drawings: Drawings) -> dict[str, np.ndarray]:
    """Draw six groups of emoji on white at 32 px, without the 24 clock faces."""
    about = drawings.emoji
    labels = [label for label in about if not re.search("o’clock|-thirty", label)]
    subgroups = sorted({about[label]["subgroup"] for label in labels})
    ids = {label: number for number, label in enumerate(sorted(labels))}
    names, styles, images = zip(*drawings.draw(labels, side=32, over=4), strict=True)
    white = Image.new("RGBA", (32, 32), "white")
    x = [Image.alpha_composite(white, image).convert("RGB") for image in images]
    return {
        "x": np.stack(x),
        "group": np.uint8([GROUPS.index(about[n]["group"]) for n in names]),
        "style": np.uint8([drawings.styles.index(style) for style in styles]),
        "name_id": np.uint16([ids[n] for n in names]),
        "subgroup": np.uint8([subgroups.index(about[n]["subgroup"]) for n in names]),
        "names": np.array(list(ids)),
        "groups": np.array([drawings.title("groups", g) for g in GROUPS]),
        "subgroups": np.array([drawings.title("subgroups", s) for s in subgroups]),
        "styles": np.array(drawings.styles),
    }


def sprites(drawings: Drawings) -> dict[str, np.ndarray]:
    """Draw eight classes of things at 96 px, with their alpha."""
    label = {
        n: c for c, names in enumerate(SPRITES.values()) for n in names.split(", ")
    }
    drawn = drawings.draw(label, side=96, over=2)
    kept = [row for row in drawn if row[:2] not in SPOILT]
    names, styles, images = zip(*kept, strict=True)
    return {
        "rgba": np.stack(images),
        "label": np.uint8([label[n] for n in names]),
        "style": np.uint8([drawings.styles.index(style) for style in styles]),
        "name": np.array(names),
        "classes": np.array(list(SPRITES)),
        "styles": np.array(drawings.styles),
    }
