"""The convolutional encoder and decoder of the official VQGAN, to count and to load.

Esser, Rombach and Ommer 2021, arXiv:2012.09841, appendix; names and layers as in
github.com/CompVis/taming-transformers, so that its weights load: an ImageNet f16 model
is `Encoder()` and `Decoder()`.

Shapes: B images, C channels; a level of the pyramid halves height and width.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib import expect
from lib.vit import attention

MULTIPLIERS = (1, 1, 2, 2, 4)  # channels of each level, in units of 128


@expect.annotated
def norm(channels: int) -> nn.GroupNorm:
    """Build the norm that stands before every convolution, over 32 groups."""
    expect.divides(groups=32, channels=channels)
    return nn.GroupNorm(32, channels, eps=1e-6)


class ResnetBlock(nn.Module):
    """Norm, swish, convolution, twice; added to the input."""

    @expect.annotated
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = norm(inputs), norm(outputs)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)
        if inputs != outputs:
            self.nin_shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H, W)."""
        out = self.conv1(F.silu(self.norm1(x)))
        out = self.conv2(F.silu(self.norm2(out)))
        return out + (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x)


class AttnBlock(nn.Module):
    """One head of attention over all places of a map; added to the input."""

    @expect.annotated
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = norm(channels)
        self.q, self.k, self.v, self.proj_out = (
            nn.Conv2d(channels, channels, 1) for _ in range(4)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        h = self.norm(x)
        q, k, v = (f(h).flatten(2).mT for f in (self.q, self.k, self.v))  # (B, H W, C)
        out, _ = attention(q, k, v)
        return x + self.proj_out(out.mT.view_as(x))


class Sampler(nn.Module):
    """Half the size, padded right and below only, or twice the size; then 3 x 3."""

    @expect.annotated
    def __init__(self, channels: int, up: bool) -> None:
        super().__init__()
        expect.whole(1, channels=channels)
        self.up = up
        stride, padding = (1, 1) if up else (2, 0)
        self.conv = nn.Conv2d(channels, channels, 3, stride, padding)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H / 2, W / 2), or (B, C, 2 H, 2 W)."""
        x = F.interpolate(x, scale_factor=2.0) if self.up else F.pad(x, (0, 1, 0, 1))
        return self.conv(x)


class Level(nn.Module):
    """The residual blocks at one size, attention after each; then to the next size."""

    @expect.annotated
    def __init__(
        self, inputs: int, outputs: int, blocks: int, attend: bool, then: str = ""
    ) -> None:
        super().__init__()
        expect.whole(1, blocks=blocks)
        expect.one_of(then, ["", "upsample", "downsample"], "then")
        pairs = pairwise([inputs] + [outputs] * blocks)
        self.block = nn.ModuleList(ResnetBlock(a, b) for a, b in pairs)
        count = blocks if attend else 0
        self.attn = nn.ModuleList(AttnBlock(outputs) for _ in range(count))
        self.then = then
        if then:
            self.add_module(then, Sampler(outputs, up=then == "upsample"))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', H', W')."""
        for i, block in enumerate(self.block):
            x = block(x)
            if self.attn:
                x = self.attn[i](x)
        return self.get_submodule(self.then)(x) if self.then else x


class Middle(nn.Module):
    """Between the two halves: a block, attention, a block."""

    @expect.annotated
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block_1 = ResnetBlock(channels, channels)
        self.attn_1 = AttnBlock(channels)
        self.block_2 = ResnetBlock(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        return self.block_2(self.attn_1(self.block_1(x)))


def _check(width: int, multipliers: tuple[int, ...], **sizes: int) -> None:
    expect.divides(groups=32, width=width)
    expect.whole(1, **sizes)
    if not multipliers:
        raise ValueError("multipliers is empty; expected one number a level.")
    expect.positive(multipliers=torch.tensor(multipliers, device="cpu"))


class Encoder(nn.Module):
    """Images (B, channels, H, W) -> (B, z, H / f, W / f), f = 2^(levels - 1).

    Attention stands in the levels whose side is `attention` at images of `size`.
    """

    @expect.annotated
    def __init__(
        self,
        width: int = 128,
        multipliers: tuple[int, ...] = MULTIPLIERS,
        blocks: int = 2,
        z: int = 256,
        channels: int = 3,
        size: int = 256,
        attention: int = 16,
    ) -> None:
        super().__init__()
        _check(width, multipliers, z=z, channels=channels, size=size, blocks=blocks)
        expect.whole(0, attention=attention)
        inputs, last = width, len(multipliers) - 1
        self.conv_in = nn.Conv2d(channels, width, 3, padding=1)
        self.down = nn.ModuleList()
        for i, m in enumerate(multipliers):
            attend = size // 2**i == attention
            then = "downsample" if i < last else ""
            self.down.append(Level(inputs, m * width, blocks, attend, then))
            inputs = m * width
        self.mid = Middle(inputs)
        self.norm_out = norm(inputs)
        self.conv_out = nn.Conv2d(inputs, z, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, z, H / f, W / f)."""
        expect.shape(x, "B C H W", "x", C=self.conv_in.in_channels)
        x = self.conv_in(x)
        for level in self.down:
            x = level(x)
        return self.conv_out(F.silu(self.norm_out(self.mid(x))))


class Decoder(nn.Module):
    """(B, z, h, w) -> images (B, channels, h f, w f): one block more at each level."""

    @expect.annotated
    def __init__(
        self,
        width: int = 128,
        multipliers: tuple[int, ...] = MULTIPLIERS,
        blocks: int = 2,
        z: int = 256,
        channels: int = 3,
        size: int = 256,
        attention: int = 16,
    ) -> None:
        super().__init__()
        _check(width, multipliers, z=z, channels=channels, size=size, blocks=blocks)
        expect.whole(0, attention=attention)
        inputs = multipliers[-1] * width
        self.conv_in = nn.Conv2d(z, inputs, 3, padding=1)
        self.mid = Middle(inputs)
        levels = []
        for i in reversed(range(len(multipliers))):
            attend = size // 2**i == attention
            then, outputs = "upsample" if i else "", multipliers[i] * width
            levels.append(Level(inputs, outputs, blocks + 1, attend, then))
            inputs = outputs
        self.up = nn.ModuleList(reversed(levels))  # numbered as in the encoder
        self.norm_out = norm(inputs)
        self.conv_out = nn.Conv2d(inputs, channels, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """(B, z, h, w) -> (B, C, h f, w f)."""
        expect.shape(z, "B C H W", "z", C=self.conv_in.in_channels)
        x = self.mid(self.conv_in(z))
        for level in reversed(self.up):
            x = level(x)
        return self.conv_out(F.silu(self.norm_out(x)))
