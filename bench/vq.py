"""Vector quantisation against diffusers: one thread, process time, taken in turns."""

import torch

from bench.turns import Row, in_turns
from lib import vqgan


def rows() -> list[Row]:
    """Time the nearest code and the whole layer; ImportError without diffusers."""
    from diffusers.models.autoencoders.vae import VectorQuantizer

    torch.set_num_threads(1)
    K, D, B, side = 1024, 256, 64, 16  # 16,384 vectors, as 64 images of an f16 model
    torch.manual_seed(0)
    ours = vqgan.VectorQuantizer(K, D)
    ours.codebook.data.normal_()
    peer = VectorQuantizer(K, D, beta=0.25, legacy=False)
    peer.embedding.weight.data.copy_(ours.codebook.data)
    z = torch.randn(B, D, side, side)
    flat = z.permute(0, 2, 3, 1).reshape(-1, D)

    @torch.inference_mode()
    def distances() -> torch.Tensor:  # the line that the peer's layer holds inside
        return torch.argmin(torch.cdist(flat, peer.embedding.weight), dim=1)

    @torch.inference_mode()
    def nearest() -> torch.Tensor:
        return vqgan.nearest_code(flat, ours.codebook)

    @torch.inference_mode()
    def layer(quantizer: torch.nn.Module) -> None:
        quantizer(z)

    works = [
        ("nearest of 1024 codes, 16384 vectors", nearest, distances),
        ("VQ layer, 64 maps", lambda: layer(ours), lambda: layer(peer)),
    ]
    table = []
    for name, mine, theirs in works:
        ms = in_turns(mine, theirs)
        table.append((name, "diffusers", *ms, ms[0] / ms[1]))
    return table
