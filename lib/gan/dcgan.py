"""DCGAN: the convolutional pair that made adversarial pictures, for 64 x 64 pixels.

Radford, Metz and Chintala 2016, arXiv:1511.06434; layer by layer as in
pytorch/examples, dcgan/main.py.

Shapes: B images, C channels, Z noise, W width of the widest picture's layer.
"""

from torch import nn

from lib import expect


@expect.annotated
def generator(noise: int = 100, width: int = 64, channels: int = 3) -> nn.Sequential:
    """Noise (B, Z, 1, 1) -> images (B, C, 64, 64) in [-1, 1], by the final tanh."""
    expect.positive(noise=noise, width=width, channels=channels)
    sizes = [8 * width, 4 * width, 2 * width, width]
    layers: list[nn.Module] = [nn.ConvTranspose2d(noise, sizes[0], 4, 1, 0, bias=False)]
    for inputs, outputs in zip(sizes, [*sizes[1:], channels], strict=True):
        layers += [nn.BatchNorm2d(inputs), nn.ReLU()]  # hence no bias before it
        layers.append(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False))
    return initialized(nn.Sequential(*layers, nn.Tanh()))


@expect.annotated
def discriminator(width: int = 64, channels: int = 3) -> nn.Sequential:
    """Images (B, C, 64, 64) -> logits (B, 1, 1, 1); the example adds a sigmoid."""
    expect.positive(width=width, channels=channels)
    sizes = [width, 2 * width, 4 * width, 8 * width]
    layers: list[nn.Module] = []
    for inputs, outputs in zip([channels, *sizes[:-1]], sizes, strict=True):
        layers.append(nn.Conv2d(inputs, outputs, 4, 2, 1, bias=False))
        if layers[1:]:  # the first layer has no norm
            layers.append(nn.BatchNorm2d(outputs))
        layers.append(nn.LeakyReLU(0.2))
    return initialized(nn.Sequential(*layers, nn.Conv2d(sizes[-1], 1, 4, bias=False)))


@expect.annotated
def initialized(model: nn.Sequential) -> nn.Sequential:
    """Small random weights, as the paper asks for: N(0, 0.02), norms N(1, 0.02)."""
    for layer in model:
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
        elif isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(layer.weight, 0.0, 0.02)
    return model


class Small(nn.Module):
    """A pair in the same spirit for 28 x 28 grey pictures, a hundredth of the size.

    `generator`: noise (B, 32) -> (B, 1, 28, 28) in [0, 1]; it enlarges and then
    filters, since strided transposed convolutions leave a chessboard. `critic`: such
    pictures -> logits (B, 1).
    """

    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Sequential(
            nn.Linear(32, 32 * 49),
            nn.Unflatten(1, (32, 7, 7)),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(32, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(16, 1, 5, padding=2),
            nn.Sigmoid(),
        )
        self.critic = nn.Sequential(
            nn.Conv2d(1, 16, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(16, 32, 4, 2, 1),
            nn.BatchNorm2d(32),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(32 * 49, 1),
        )
