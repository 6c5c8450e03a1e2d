"""What VQGAN's first stage is judged by: a patch critic, features, and their balance.

Esser, Rombach and Ommer 2021, arXiv:2012.09841; the patch discriminator is pix2pix's
(Isola et al. 2017, arXiv:1611.07004), the perceptual distance that of Zhang et al. 2018
(LPIPS, arXiv:1801.03924) without its learnt weights.

Shapes: B images, C channels.
"""

from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib import expect
from lib.efficientnet import EfficientNet


@expect.annotated
def hinge_discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Half the mean of max(0, 1 - real) and max(0, 1 + fake); the half is official."""
    expect.floating(real_logits=real_logits, fake_logits=fake_logits)
    for name, x in (("real_logits", real_logits), ("fake_logits", fake_logits)):
        expect.positive(**{f"the number of {name}": x.numel()})
    return 0.5 * (F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean())


@expect.annotated
def hinge_generator_loss(fake_logits: Tensor) -> Tensor:
    """The mean of -fake: the generator is paid for what the critic believes."""
    expect.floating(fake_logits=fake_logits)
    expect.positive(**{"the number of fake_logits": fake_logits.numel()})
    return -fake_logits.mean()


@expect.annotated
def adaptive_weight(
    rec_loss: Tensor,
    gan_loss: Tensor,
    last_layer: Tensor,
    eps: float = 1e-4,
    max_weight: float = 1e4,
) -> Tensor:
    """The weight at which the critic pulls the decoder as hard as reconstruction does.

    lambda = |grad rec_loss| / (|grad gan_loss| + eps)       (Eq. 7)

    Both gradients are those of last_layer, the weight of the decoder's last layer. A
    0-d constant, clamped to [0, max_weight]; the graph is kept for the backward pass.
    The paper's eps is 1e-6, the official code's 1e-4.
    """
    expect.positive(eps=eps, max_weight=max_weight)
    norms = []
    for name, loss in (("rec_loss", rec_loss), ("gan_loss", gan_loss)):
        expect.tensor(**{name: loss})
        if loss.dim() or not loss.requires_grad:
            came = f"shape {tuple(loss.shape)}, requires_grad {loss.requires_grad}"
            raise ValueError(f"{name} has {came}; expected a 0-d loss with a gradient.")
        (slope,) = torch.autograd.grad(
            loss, last_layer, retain_graph=True, allow_unused=True
        )
        if slope is None:
            raise ValueError(
                f"{name} does not depend on last_layer; expected the weight of the "
                "decoder's last layer (was the picture detached?)."
            )
        norms.append(slope.norm())
    return (norms[0] / (norms[1] + eps)).clamp(0, max_weight).detach()


class PatchDiscriminator(nn.Module):
    """A critic that sees patches: images (B, C, H, W) -> a logit for each patch.

    n_layers 4 x 4 convolutions of stride 2, the first with `width` channels and each
    of the next with twice as many (at most 8 width), then two of stride 1. A batch
    norm follows all but the first and the last, which alone have biases.
    """

    @expect.annotated
    def __init__(self, channels: int, width: int = 64, n_layers: int = 3) -> None:
        super().__init__()
        expect.positive(channels=channels, width=width, n_layers=n_layers)
        self.channels = channels
        sizes = [width * min(2**n, 8) for n in range(n_layers + 1)]
        layers = [nn.Conv2d(channels, width, 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
        for n in range(1, n_layers + 1):
            stride = 2 if n < n_layers else 1
            layers += [
                nn.Conv2d(sizes[n - 1], sizes[n], 4, stride, padding=1, bias=False),
                nn.BatchNorm2d(sizes[n]),
                nn.LeakyReLU(0.2),
            ]
        layers.append(nn.Conv2d(sizes[-1], 1, 4, stride=1, padding=1))
        self.main = nn.Sequential(*layers)
        for layer in layers:
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=0.02)
            elif isinstance(layer, nn.BatchNorm2d):
                nn.init.normal_(layer.weight, mean=1.0, std=0.02)

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, 1, H', W')."""
        expect.shape(images, "B C H W", "images", C=self.channels)
        return self.main(images)


@expect.annotated
def receptive_field(n_layers: int) -> int:
    """The side of the patch that one logit of a PatchDiscriminator sees, in pixels.

    Backwards from one place: a k x k convolution of stride s turns a side r into
    s (r - 1) + k.
    >>> [receptive_field(n) for n in (1, 2, 3)]
    [16, 34, 70]
    """
    expect.positive(n_layers=n_layers)
    side = 1
    for stride in [1, 1] + [2] * n_layers:
        side = stride * (side - 1) + 4
    return side


class PerceptualDistance(nn.Module):
    """How different two images look to a network that has learnt to see.

    d = mean over layers and places of |f(x) / |f(x)| - f(y) / |f(y)||^2, with |.| over
    the channels       (LPIPS, Eq. 1 with all weights 1)

    `net` is an EfficientNet; its first `blocks` blocks are the layers. They stand in
    for VGG, whose weights do not come with this course, and are never trained. Images
    (B, 1 or 3, H, W) in [0, 1].
    """

    @expect.annotated
    def __init__(self, net: EfficientNet, blocks: int = 5) -> None:
        super().__init__()
        expect.between(1, len(net.blocks), blocks=blocks)
        net = deepcopy(net)  # it is frozen here, and the caller may go on training
        self.stem = nn.Sequential(net.conv_stem, net.bn0, net.act)
        self.blocks = nn.ModuleList(list(net.blocks)[:blocks])
        self.eval().requires_grad_(False)

    def train(self, mode: bool = True) -> "PerceptualDistance":
        """Stay in evaluation mode: the batch norms keep what they have learnt."""
        return super().train(False)

    def features(self, images: Tensor) -> list[Tensor]:
        """What each block makes of the images, of length 1 over the channels."""
        B, C, H, W = expect.shape(images, "B C H W", "images")
        expect.one_of(C, [1, 3], "the number of channels")
        x, maps = self.stem((255 * images.expand(B, 3, H, W) - 127) / 128), []
        for block in self.blocks:
            x = block(x)
            maps.append(F.normalize(x, dim=1, eps=1e-6))
        return maps

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Two batches of images -> the mean distance, a 0-d tensor."""
        expect.same_shape(x=x, y=y)
        pairs = zip(self.features(x), self.features(y), strict=True)
        return torch.stack([(a - b).square().sum(1).mean() for a, b in pairs]).mean()
