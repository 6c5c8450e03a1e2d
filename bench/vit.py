"""ViT against timm: the same weights, one thread, process time, taken in turns."""

import torch
import torch.nn.functional as F

from bench.turns import Row, in_turns
from lib import vit


def train_step(model: torch.nn.Module, images: torch.Tensor) -> None:
    labels = torch.arange(len(images))
    model.zero_grad()
    F.cross_entropy(model(images), labels).backward()


def rows() -> list[Row]:
    """Time our ViT and timm's; ImportError where timm is not installed."""
    from timm.models.vision_transformer import VisionTransformer

    torch.set_num_threads(1)
    small = dict(dim=64, depth=3, heads=4, mlp_dim=256)
    works = [  # name, image, patch, size, batch, training
        ("ViT-B/16 forward, 1 image", 224, 16, vit.SIZES["B"], 1, False),
        ("ViT-S/16 forward, 4 images", 224, 16, vit.SIZES["S"], 4, False),
        ("ViT-Ti/16 train step, 8 images", 224, 16, vit.SIZES["Ti"], 8, True),
        ("the chapter's ViT, train step, 64 images", 32, 4, small, 64, True),
    ]
    table = []
    for name, image, patch, size, batch, training in works:
        ours = vit.ViT(image, patch, **size, num_classes=100)
        peer = VisionTransformer(
            img_size=image,
            patch_size=patch,
            embed_dim=size["dim"],
            depth=size["depth"],
            num_heads=size["heads"],
            mlp_ratio=size["mlp_dim"] / size["dim"],
            num_classes=100,
        )
        peer.load_state_dict(ours.state_dict())
        images = torch.randn(batch, 3, image, image)
        call = train_step if training else torch.inference_mode()(lambda m, x: m(x))
        ms = in_turns(
            lambda model=ours, x=images, call=call: call(model, x),
            lambda model=peer, x=images, call=call: call(model, x),
        )
        table.append((name, "timm", *ms, ms[0] / ms[1]))
    return table
