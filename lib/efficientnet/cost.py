"""What an EfficientNet costs: its widths, repeats, parameters and multiply-adds.

Tan and Le 2019, arXiv:1905.11946. All of it is arithmetic, so each function takes
numbers, which give whole numbers, or 0-d tensors, which a live figure can drag.
"""

from typing import Any, NamedTuple

from torch import Tensor

from lib import expect

Number = Any  # an int or a float, or a 0-d tensor; the answer is of the same kind

# The baseline B0 (Table 1): repeats, kernel, stride, expansion, inputs, outputs
STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)


class Stage(NamedTuple):
    """A row of Table 1, scaled; size is the output's side in pixels."""

    name: str
    inputs: Number
    outputs: Number
    kernel: int
    stride: int
    expansion: int
    repeats: Number
    size: Number
    parameters: Number
    multiply_adds: Number


def _whole(x: Number) -> Number:
    return x if isinstance(x, Tensor) else int(x)


def _ceil(x: Number) -> Number:
    return _whole(-(-x // 1))


def _halved(size: Number) -> Number:
    return _whole((size + 1) // 2)


@expect.annotated
def round_filters(filters: int, width: Number, divisor: int = 8) -> Number:
    """Scale a channel count to the nearest multiple of divisor, at least one.

    Where that loses more than a tenth of the channels, one multiple more is taken.
    In B0 to B7 this happens once, in B3, where 16 x 1.2 = 19.2 becomes 24.
    >>> round_filters(32, 1.1), round_filters(16, 1.2)
    (32, 24)
    """
    expect.positive(filters=filters, width=width, divisor=divisor)
    exact = filters * width
    rounded = (exact + divisor / 2) // divisor * divisor
    rounded = rounded + divisor * (rounded < divisor)
    rounded = rounded + divisor * (rounded < 0.9 * exact)
    return _whole(rounded)


@expect.annotated
def round_repeats(repeats: int, depth: Number) -> Number:
    """Scale how often a stage repeats its block, always up: ceil(depth x repeats).

    >>> round_repeats(2, 1.1)
    3
    """
    expect.positive(repeats=repeats, depth=depth)
    return _ceil(depth * repeats)


@expect.annotated
def compound_scaling(
    phi: Number, alpha: Number = 1.2, beta: Number = 1.1, gamma: Number = 1.15
) -> tuple[Number, Number, Number]:
    """Spend phi doublings of compute on depth, width and resolution together.

    depth = alpha^phi, width = beta^phi, resolution = gamma^phi, with
    alpha beta^2 gamma^2 near 2                                      (Eq. 3)

    These are factors of the baseline's. The released B1 to B7 are rounded by hand.
    """
    if not isinstance(phi, Tensor):  # many at once, for a curve
        expect.number(phi=phi)
    expect.positive(alpha=alpha, beta=beta, gamma=gamma)
    return alpha**phi, beta**phi, gamma**phi


def _block(
    inputs: Number, outputs: Number, e: int, k: int, before: Number, after: Number,
    lite: bool,
) -> tuple[Number, Number]:  # fmt: skip
    """Parameters and multiply-adds of one block, from side `before` to side `after`."""
    E = inputs * e
    expand = inputs * E if e > 1 else 0
    gates = 0 if lite else 2 * E * _whole(inputs // 4)
    biases = 0 if lite else E + _whole(inputs // 4)
    norms = 2 * (E * (2 if e > 1 else 1) + outputs)  # a scale and a shift each
    weights = expand + k * k * E + gates + E * outputs
    products = expand * before**2 + (k * k * E + E * outputs) * after**2 + gates
    return weights + biases + norms, products


@expect.annotated
def stages(
    width: Number,
    depth: Number,
    resolution: Number = 224,
    num_classes: int = 1000,
    lite: bool = False,
) -> list[Stage]:
    """Table 1, scaled: the stem, the seven stages, and the head with its classifier."""
    expect.positive(width=width, depth=depth, resolution=resolution)
    expect.between(0, float("inf"), num_classes=num_classes)
    wide = 1 if lite else width  # lite leaves stem and head alone
    side, inputs = _halved(resolution), round_filters(32, wide)
    rows = [Stage("stem", 3, inputs, 3, 2, 1, 1, side, 29 * inputs,
                  27 * inputs * side**2)]  # fmt: skip
    for n, (repeats, k, stride, e, _, out) in enumerate(STAGES, 1):
        if not (lite and n in (1, len(STAGES))):
            repeats = round_repeats(repeats, depth)
        outputs = round_filters(out, width)
        after = _halved(side) if stride == 2 else side
        first = _block(inputs, outputs, e, k, side, after, lite)
        other = _block(outputs, outputs, e, k, after, after, lite)
        total = [a + (repeats - 1) * b for a, b in zip(first, other, strict=True)]
        rows.append(Stage(f"stage {n}", inputs, outputs, k, stride, e, repeats,
                          after, *total))  # fmt: skip
        side, inputs = after, outputs
    head = round_filters(1280, wide)
    learnt = (inputs + 2) * head + (head + 1) * num_classes
    products = inputs * head * side**2 + head * num_classes
    rows.append(Stage("head", inputs, head, 1, 1, 1, 1, 1, learnt, products))
    return rows


@expect.annotated
def parameters(
    width: Number, depth: Number, num_classes: int = 1000, lite: bool = False
) -> Number:
    """How many numbers the network learns.

    >>> parameters(1.0, 1.0)
    5288548
    """
    return sum(s.parameters for s in stages(width, depth, 224, num_classes, lite))


@expect.annotated
def multiply_adds(
    width: Number,
    depth: Number,
    resolution: Number,
    num_classes: int = 1000,
    lite: bool = False,
) -> Number:
    """Multiply-adds of one square image: convolutions and the linear layer, no more.

    The paper prints this number as "FLOPS"; a multiply-add is two of those.
    """
    rows = stages(width, depth, resolution, num_classes, lite)
    return sum(s.multiply_adds for s in rows)
