"""EfficientNet: one small network, and one rule to grow it in three ways at once.

Tan and Le 2019, "EfficientNet: Rethinking Model Scaling for Convolutional Neural
Networks", arXiv:1905.11946; faithful to the official TensorFlow code, whose padding
and batch norm differ a little from the usual ones in PyTorch. Its cost, counted
without building it, is in cost.py.

Shapes: B images, C channels, E = expansion x C channels inside a block, K classes.
"""

import copy
from math import sqrt

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lib import expect
from lib.efficientnet.cost import stages


@expect.annotated
def drop_connect(x: Tensor, rate: float, noise: Tensor | None = None) -> Tensor:
    """Drop whole images from a branch (B, ...), and scale up those that stay.

    noise (B,), uniform in [0, 1), decides: an image below the rate is dropped. The
    division by 1 - rate keeps the mean.
    """
    expect.between(0, 1, rate=rate)
    B = len(x)
    noise = torch.rand(B, device=x.device) if noise is None else noise
    expect.shape(noise, "B", "noise", B=B)
    expect.no_nan(noise=noise)
    keep = (noise >= rate).to(x.dtype) / max(1 - rate, 1e-12)  # rate 1 keeps nobody
    return x * keep.reshape(-1, *[1] * (x.dim() - 1))


class SameConv2d(nn.Conv2d):
    """A convolution that pads as TensorFlow's "SAME": to ceil(size / stride).

    With stride 2 and an even size one more row is padded below and right than above
    and left, where PyTorch's own padding is symmetric.
    """

    def forward(self, input: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C', ceil(H / stride), ceil(W / stride))."""
        k, stride = self.kernel_size[0], self.stride[0]
        around = []  # left, right, top, bottom: F.pad begins with the last dimension
        for size in (input.shape[3], input.shape[2]):
            total = max((-(-size // stride) - 1) * stride + k - size, 0)
            around += [total // 2, total - total // 2]
        left, right, top, bottom = around
        if left == right and top == bottom:  # no copy where PyTorch can do it alone
            padding = (top, left)
            return F.conv2d(
                input, self.weight, self.bias, self.stride, padding, groups=self.groups
            )
        return self._conv_forward(F.pad(input, around), self.weight, self.bias)


@expect.annotated
def conv(
    inputs: int, outputs: int, k: int, stride: int = 1, groups: int = 1
) -> SameConv2d:
    """Build a convolution as most are here: no bias, since a batch norm follows."""
    expect.whole(1, inputs=inputs, outputs=outputs, k=k, stride=stride, groups=groups)
    return SameConv2d(inputs, outputs, k, stride, groups=groups, bias=False)


@expect.annotated
def norm(channels: int) -> nn.BatchNorm2d:
    """Build a batch norm with TensorFlow's constants; PyTorch's are 1e-5 and 0.1."""
    expect.whole(1, channels=channels)
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class MBConv(nn.Module):
    """Widen with a 1x1, filter each channel alone, gate the channels, narrow again.

    The gates (squeeze and excitation) have a quarter as many hidden units as the
    block has *inputs*, not as it has expanded channels; lite blocks have none. After
    the narrowing 1x1 comes no activation. The input is added where it fits.
    """

    @expect.annotated
    def __init__(
        self,
        inputs: int,
        outputs: int,
        expansion: int,
        kernel: int,
        stride: int = 1,
        lite: bool = False,
        drop_connect: float = 0.0,
    ) -> None:
        super().__init__()
        expect.positive(inputs=inputs, outputs=outputs, expansion=expansion)
        expect.between(0, 1, drop_connect=drop_connect)
        E = inputs * expansion
        self.stride, self.drop_connect = stride, drop_connect
        self.skip = stride == 1 and inputs == outputs
        if expansion > 1:
            self.expand_conv, self.bn0 = conv(inputs, E, 1), norm(E)
        self.depthwise_conv = conv(E, E, kernel, stride, groups=E)
        self.bn1 = norm(E)
        if not lite:
            squeezed = max(1, inputs // 4)
            self.se_reduce = SameConv2d(E, squeezed, 1)
            self.se_expand = SameConv2d(squeezed, E, 1)
        self.project_conv, self.bn2 = conv(E, outputs, 1), norm(outputs)
        self.act = nn.ReLU6() if lite else nn.SiLU()  # the paper's swish is SiLU

    def gates(self, x: Tensor) -> Tensor:
        """How much of each channel goes on: (B, E, H, W) -> (B, E, 1, 1) in (0, 1)."""
        squeezed = x.mean((2, 3), keepdim=True)
        return self.se_expand(F.silu(self.se_reduce(squeezed))).sigmoid()

    def forward(self, x: Tensor, keep: Tensor | None = None) -> Tensor:
        """(B, C, H, W) -> (B, C', H', W'); keep (E,) switches inner channels off."""
        out = x
        if hasattr(self, "expand_conv"):
            out = self.act(self.bn0(self.expand_conv(out)))  # (B, E, H, W)
        out = self.act(self.bn1(self.depthwise_conv(out)))  # (B, E, H', W')
        if hasattr(self, "se_reduce"):
            out = out * self.gates(out)
        if keep is not None:
            expect.shape(keep, "E", "keep", E=out.shape[1])
            out = out * keep[:, None, None]
        out = self.bn2(self.project_conv(out))  # (B, C', H', W')
        if not self.skip:
            return out
        if self.training and self.drop_connect:
            out = drop_connect(out, self.drop_connect)
        return x + out


class EfficientNet(nn.Module):
    """A stem, seven stages of MBConv blocks, a 1x1 head, an average, a linear layer.

    Images (B, 3, H, W) of any size -> logits (B, K), or with num_classes=0 the
    averaged head (B, 1280 x width). B0 is width 1, depth 1. lite=True is the variant
    for small devices: ReLU6, no gates, stem and head and the first and last stage's
    repeats never scaled; it loads lib.data.weights("efficientnet_lite0").
    """

    @expect.annotated
    def __init__(
        self,
        width: float,
        depth: float,
        num_classes: int = 1000,
        lite: bool = False,
        dropout: float = 0.2,
        drop_connect: float = 0.2,
    ) -> None:
        super().__init__()
        expect.whole(0, num_classes=num_classes)
        expect.between(0, 1, dropout=dropout, drop_connect=drop_connect)
        stem, *middle, head = stages(width, depth, lite=lite)
        plan = []  # inputs, outputs, expansion, kernel, stride of each block
        for s in middle:
            plan.append((s.inputs, s.outputs, s.expansion, s.kernel, s.stride))
            plan += [(s.outputs, s.outputs, s.expansion, s.kernel, 1)] * (s.repeats - 1)
        self.conv_stem, self.bn0 = conv(3, stem.outputs, 3, 2), norm(stem.outputs)
        self.blocks = nn.ModuleList(  # deeper blocks are dropped more often
            MBConv(*row, lite=lite, drop_connect=drop_connect * i / len(plan))
            for i, row in enumerate(plan)
        )
        self.conv_head = conv(head.inputs, head.outputs, 1)
        self.bn1 = norm(head.outputs)
        self.act = nn.ReLU6() if lite else nn.SiLU()
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(head.outputs, num_classes) if num_classes else nn.Identity()
        self.register_load_state_dict_pre_hook(_without_underscores)
        self._initialize()

    def _initialize(self) -> None:
        """As the official code: each convolution keeps its gradients' variance."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan_out = module.weight[:, 0].numel() // module.groups
                nn.init.normal_(module.weight, std=sqrt(2 / fan_out))
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                bound = module.out_features**-0.5
                nn.init.uniform_(module.weight, -bound, bound)
                nn.init.zeros_(module.bias)

    def features(self, images: Tensor) -> list[Tensor]:
        """The last maps at strides 4, 8, 16 and 32, known as C2 to C5, finest first."""
        expect.shape(images, "B C H W", "images", C=3)
        x, maps = self.act(self.bn0(self.conv_stem(images))), []
        for block in self.blocks:
            if block.stride == 2:
                maps.append(x)
            x = block(x)
        return [*maps[1:], x]  # the first one has stride 2

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 3, H, W) -> logits (B, K)."""
        x = self.act(self.bn1(self.conv_head(self.features(images)[-1])))
        return self.fc(self.dropout(x.mean((2, 3))))


def _without_underscores(
    model: nn.Module, state: dict, prefix: str, *unused: object
) -> None:
    """Read the names of a well-known port: `_blocks.0._bn1` as `blocks.0.bn1`."""
    for name in list(state):
        if name.startswith(prefix + "_"):
            plain = name.removeprefix(prefix + "_").replace("._", ".")
            state[prefix + plain] = state.pop(name)


@expect.annotated
def for_inference(model: EfficientNet) -> EfficientNet:
    """Copy a model for use only: the same outputs in less time, nothing to train.

    A batch norm that no longer learns is a scale and a shift, so it is folded into
    the convolution before it; the maps are laid out with the channels last.
    """
    model = copy.deepcopy(model).eval().requires_grad_(False)
    pairs = [("conv_stem", "bn0"), ("conv_head", "bn1")]
    inner = [("expand_conv", "bn0"), ("depthwise_conv", "bn1"), ("project_conv", "bn2")]
    for module in (model, *model.blocks):
        for first, second in pairs if module is model else inner:
            if hasattr(module, first):
                before, after = getattr(module, first), getattr(module, second)
                if isinstance(after, nn.BatchNorm2d):  # folding twice is no harm
                    setattr(module, first, fuse_conv_bn_eval(before, after))
                    setattr(module, second, nn.Identity())
    nn.Module.to(model, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model
