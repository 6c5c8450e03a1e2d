"""What a detector with a feature pyramid multiplies: ResNet-50, the neck, the heads.

He et al. 2016, arXiv:1512.03385, with the stride in the 3x3 convolution, as torchvision
has it; Lin et al. 2017, arXiv:1612.03144. Multiply-adds of convolutions and linear
layers for one image, biases and norms left out; body(1, 1) is its number of weights.
"""

from lib import expect

CHANNELS = (256, 512, 1024, 2048)  # of C2 to C5
WIDTH = 256  # of every P


@expect.annotated
def places(stride: int, height: int, width: int) -> int:
    """How many places a map of this stride has, at the border too.

    >>> places(32, 800, 1344)
    1050
    """
    expect.positive(stride=stride, height=height, width=width)
    return -(-height // stride) * -(-width // stride)


@expect.annotated
def body(height: int, width: int) -> int:
    """ResNet-50 without its classifier: a stem, then 3, 4, 6 and 3 bottlenecks."""
    before, channels = places(4, height, width), 64
    total = places(2, height, width) * 49 * 3 * channels
    for stride, blocks, wide in zip(
        (4, 8, 16, 32), (3, 4, 6, 3), CHANNELS, strict=True
    ):
        here, narrow = places(stride, height, width), wide // 4
        total += here * channels * wide  # the first block's shortcut is a 1x1
        for _ in range(blocks):
            total += before * channels * narrow  # 1x1, at the size that comes
            total += here * (9 * narrow * narrow + narrow * wide)
            before, channels = here, wide
    return total


@expect.annotated
def neck(height: int, width: int) -> list[int]:
    """Each level's 1x1 and 3x3 convolution, the finest level first."""
    return [
        places(4 * 2**n, height, width) * (C * WIDTH + 9 * WIDTH**2)
        for n, C in enumerate(CHANNELS)
    ]


@expect.annotated
def proposals(height: int, width: int, anchors: int = 3) -> int:
    """The shared head on P2 to P6: a 3x3, then a score and four deltas an anchor."""
    expect.whole(1, anchors=anchors)
    where = sum(places(stride, height, width) for stride in (4, 8, 16, 32, 64))
    return where * (9 * WIDTH**2 + WIDTH * 5 * anchors)


@expect.annotated
def regions(count: int, classes: int = 91) -> int:
    """Two layers on 7x7 samples of each region, then scores and deltas a class."""
    expect.whole(1, classes=classes)
    expect.whole(0, count=count)
    return count * (49 * WIDTH * 1024 + 1024**2 + 1024 * 5 * classes)
