"""EfficientNet against timm: the same weights, one thread, process time, in turns."""

import torch

from bench.turns import Row, in_turns
from lib import efficientnet


def rows() -> list[Row]:
    """Time our folded B0 and timm's; ImportError where timm is not installed."""
    import timm

    torch.set_num_threads(1)
    plain = efficientnet.EfficientNet(1.0, 1.0).eval()
    peer = timm.create_model("tf_efficientnet_b0").eval()
    theirs = zip(peer.state_dict(), plain.state_dict().values(), strict=True)
    peer.load_state_dict(dict(theirs))  # other names, the same order
    ours = efficientnet.for_inference(plain)
    table = []
    for batch, side in ((1, 224), (4, 224), (1, 380)):
        images = torch.randn(batch, 3, side, side)
        last = images.to(memory_format=torch.channels_last)
        with torch.inference_mode():
            torch.testing.assert_close(ours(last), peer(images), rtol=1e-3, atol=1e-4)
            ms = in_turns(lambda x=last: ours(x), lambda x=images: peer(x))
        name = f"EfficientNet-B0 forward, {batch} x {side} pixels"
        table.append((name, "timm", *ms, ms[0] / ms[1]))
    return table
