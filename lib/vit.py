"""The Vision Transformer: an image read as a sentence of patches.

Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words", arXiv:2010.11929; faithful
to github.com/google-research/vision_transformer, with the parameter names of timm.

Shapes: B images, C channels, P patch side, N patches, T = N + 1 tokens, the class
token first, D width, h heads, d = D / h, K classes.
"""

from collections import OrderedDict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lib import expect

Mask = Tensor | None  # bool, True where a query may look
Grid = tuple[int, int]  # height, width
Maps = list[Tensor] | None  # a list collects each layer's attention weights

SIZES = {  # the official configurations; the paper's Table 1 has B, L and H
    "Ti": dict(dim=192, depth=12, heads=3, mlp_dim=768),
    "S": dict(dim=384, depth=12, heads=6, mlp_dim=1536),
    "B": dict(dim=768, depth=12, heads=12, mlp_dim=3072),
    "L": dict(dim=1024, depth=24, heads=16, mlp_dim=4096),
    "H": dict(dim=1280, depth=32, heads=16, mlp_dim=5120),
}


@expect.annotated
def patchify(images: Tensor, patch_size: int) -> Tensor:
    """Cut images (B, C, h P, w P) into patches (B, h w, C P P), row by row.

    Inside a patch the channel comes first, as in F.unfold.
    >>> patchify(torch.zeros(2, 3, 32, 32), 8).shape
    torch.Size([2, 16, 192])
    """
    B, C, height, width = expect.shape(images, "B C H W", "images")
    P = patch_size
    expect.divides(patch_size=P, height=height)
    expect.divides(patch_size=P, width=width)
    x = images.reshape(B, C, height // P, P, width // P, P).permute(0, 2, 4, 1, 3, 5)
    return x.flatten(3).flatten(1, 2)  # (B, h, w, C, P, P) -> (B, N, C P P)


@expect.annotated
def attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Mask = None
) -> tuple[Tensor, Tensor]:
    """Each query's average of the values, weighted by how well the keys match it.

    weights = softmax(q k^T / sqrt(d)), output = weights v       (Eqs. 6 and 7)

    q (..., T, d), k (..., S, d), v (..., S, e) -> (..., T, e), weights (..., T, S). A
    bool mask (..., T, S) says where a query may look; one that may nowhere gets zeros.
    """
    batch, T, d = q.shape[:-2], *expect.shape(q, "... T d", "q")[-2:]
    S = expect.shape(k, "... S d", "k", d=d)[-2]
    expect.shape(v, "... S e", "v", S=S)
    if not batch == k.shape[:-2] == v.shape[:-2]:
        shapes = ", ".join(str(tuple(x.shape)) for x in (q, k, v))
        raise ValueError(f"q, k, v differ before their last two dimensions: {shapes}")
    scores = q / d**0.5 @ k.transpose(-2, -1)  # (..., T, S)
    if mask is None:
        weights = scores.softmax(-1)  # over the keys: each query's row sums to 1
    else:
        expect.boolean(mask=mask)
        expect.shape(mask, "... T S", "mask", T=T, S=S)
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        weights = scores.softmax(-1) * mask
    return weights @ v, weights  # (..., T, e), (..., T, S)


class Attention(nn.Module):
    """Multi-head self-attention, MSA(x): h heads of width d side by side (Eq. 8)."""

    @expect.annotated
    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        expect.divides(heads=heads, dim=dim)
        self.heads = heads
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x: Tensor, mask: Mask = None, maps: Maps = None) -> Tensor:
        """(B, T, D) -> (B, T, D); the weights (B, h, T, T) are appended to maps."""
        B, T, D = x.shape
        qkv = self.qkv(x).reshape(B, T, 3, self.heads, D // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind()  # each (B, h, T, d)
        if maps is None and not torch.compiler.is_exporting():
            out = F.scaled_dot_product_attention(q, k, v, mask)  # the same, faster
        else:
            out, weights = attention(q, k, v, mask)
            if maps is not None:
                maps.append(weights)
        return self.proj(out.transpose(1, 2).flatten(2))  # heads side by side again


class Block(nn.Module):
    """A pre-norm encoder block: tokens talk to each other, then each one thinks."""

    @expect.annotated
    def __init__(self, dim: int, heads: int, mlp_dim: int) -> None:
        super().__init__()
        expect.whole(1, dim=dim, mlp_dim=mlp_dim)
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)  # PyTorch's own default is 1e-5
        self.attn = Attention(dim, heads)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        fc1, fc2 = nn.Linear(dim, mlp_dim), nn.Linear(mlp_dim, dim)
        # The exact GELU, as timm's; JAX's tanh form differs by at most 4.8e-4.
        self.mlp = nn.Sequential(OrderedDict(fc1=fc1, act=nn.GELU(), fc2=fc2))

    def forward(self, x: Tensor, mask: Mask = None, maps: Maps = None) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        x = x + self.attn(self.norm1(x), mask, maps)  # Eq. 2
        return x + self.mlp(self.norm2(x))  # Eq. 3


class PatchEmbedding(nn.Module):
    """The linear map E from patches to tokens (Eq. 1), stored as timm's convolution."""

    @expect.annotated
    def __init__(self, patch_size: int, channels: int, dim: int) -> None:
        super().__init__()
        expect.whole(1, patch_size=patch_size, channels=channels, dim=dim)
        self.proj = nn.Conv2d(channels, dim, patch_size, stride=patch_size)

    def forward(self, patches: Tensor) -> Tensor:
        """(B, N, C P P) -> (B, N, D)."""
        return F.linear(patches, self.proj.weight.flatten(1), self.proj.bias)


class ViT(nn.Module):
    """Patches, a class token, positions, L blocks, a linear head on the class token.

    Images (B, C, image_size, image_size) -> logits (B, num_classes), or with
    num_classes=0 the class token (B, D). Its steps are `embed`, `encode` and `head`.
    """

    @expect.annotated
    def __init__(
        self,
        image_size: int,
        patch_size: int,
        dim: int,
        depth: int,
        heads: int,
        mlp_dim: int,
        num_classes: int,
        channels: int = 3,
    ) -> None:
        super().__init__()
        expect.divides(patch_size=patch_size, image_size=image_size)
        expect.positive(dim=dim, depth=depth, mlp_dim=mlp_dim, channels=channels)
        expect.whole(0, num_classes=num_classes)
        self.patch_size = patch_size
        self.image_shape = channels, image_size, image_size
        tokens = (image_size // patch_size) ** 2 + 1
        self.patch_embed = PatchEmbedding(patch_size, channels, dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, tokens, dim))
        self.blocks = nn.ModuleList(Block(dim, heads, mlp_dim) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, num_classes) if num_classes else nn.Identity()
        self._initialize()

    def _initialize(self) -> None:
        """As the official code but for two biases; a head of 0 has no opinion."""
        for name, module in self.named_modules():
            if isinstance(module, nn.Linear):
                gain = 2**0.5 if name.endswith("qkv") else 1.0  # three maps in one
                nn.init.xavier_uniform_(module.weight, gain * (name != "head"))
                nn.init.zeros_(module.bias)
        nn.init.normal_(self.pos_embed, std=0.02)
        patch = self.patch_embed.proj.weight
        nn.init.normal_(patch, std=patch[0].numel() ** -0.5)

    def embed(self, patches: Tensor, positions: bool = True) -> Tensor:
        """Patches (B, N, C P P) -> tokens (B, T, D), with or without positions."""
        first = self.cls_token.expand(len(patches), -1, -1)
        x = torch.cat([first, self.patch_embed(patches)], dim=1)  # (B, T, D)
        return x + self.pos_embed if positions else x

    def encode(self, tokens: Tensor, keep: Mask = None, maps: Maps = None) -> Tensor:
        """Tokens (B, T, D) -> (B, T, D) through all blocks and the final norm.

        keep (B, T), True where a token may be looked at, hides the others; a list
        `maps` collects the attention weights (B, h, T, T) of each layer.
        """
        B, T, mask = *tokens.shape[:2], None
        if keep is not None:
            expect.shape(keep, "B T", "keep", B=B, T=T)
            mask = keep[:, None, None, :].expand(B, 1, T, T)  # as a key, for everyone
        for block in self.blocks:
            tokens = block(tokens, mask, maps)
        return self.norm(tokens)

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, C, H, W) -> logits (B, K)."""
        C, H, W = self.image_shape
        expect.shape(images, "B C H W", "images", C=C, H=H, W=W)
        tokens = self.encode(self.embed(patchify(images, self.patch_size)))
        return self.head(tokens[:, 0])  # read off the class token (Eq. 4)


@expect.annotated
def resize_position_embedding(
    pos: Tensor, old_grid: Grid, new_grid: Grid, mode: str = "bilinear"
) -> Tensor:
    """Interpolate position embeddings (1, 1 + N, D) to another grid (height, width).

    The class row is kept. Corners coincide, as in the official scipy.ndimage.zoom.
    """
    expect.one_of(mode, ["bilinear", "bicubic"], "mode")
    (h, w), (new_h, new_w) = old_grid, new_grid
    expect.whole(1, h=h, w=w, **{"the new height": new_h, "the new width": new_w})
    D = expect.shape(pos, "1 T D", "pos", T=1 + h * w)[-1]
    expect.positive(D=D)
    grid = pos[:, 1:].reshape(1, h, w, D).permute(0, 3, 1, 2)
    grid = F.interpolate(grid, (new_h, new_w), mode=mode, align_corners=True)
    return torch.cat([pos[:, :1], grid.flatten(2).transpose(1, 2)], dim=1)


@expect.annotated
def count_parameters(model: nn.Module) -> int:
    """How many numbers the model has learnt, or could."""
    return sum(p.numel() for p in model.parameters())


@expect.annotated
def block_multiply_adds(tokens: int | Tensor, dim: int, mlp_dim: int) -> dict[str, Any]:
    """What one block multiplies: its maps of single tokens, and its T x T products."""
    expect.positive(tokens=tokens)
    expect.whole(1, dim=dim, mlp_dim=mlp_dim)
    return {
        "qkv and projection": 4 * tokens * dim**2,
        "attention": 2 * tokens**2 * dim,  # q k^T, then weights v
        "mlp": 2 * tokens * dim * mlp_dim,
    }


@expect.annotated
def multiply_adds(
    image_size: int,
    patch_size: int,
    dim: int,
    depth: int,
    mlp_dim: int,
    num_classes: int,
    channels: int = 3,
) -> int:
    """Multiply-adds of an image, half its FLOPs: linear maps, products of attention."""
    expect.divides(patch_size=patch_size, image_size=image_size)
    expect.whole(1, depth=depth, channels=channels)
    expect.whole(0, num_classes=num_classes)
    patches = (image_size // patch_size) ** 2
    block = block_multiply_adds(patches + 1, dim, mlp_dim)
    embedding = patches * patch_size**2 * channels * dim
    return embedding + depth * sum(block.values()) + dim * num_classes
