"""The official networks, by their parameters, their shapes and their layers' names."""

import pytest
import torch

from lib.vqgan import nets


def count(model):
    return sum(p.numel() for p in model.parameters())


def test_an_f16_model_has_the_official_size():
    with torch.device("meta"):
        encoder, decoder = nets.Encoder(), nets.Decoder()
        z = encoder(torch.empty(1, 3, 256, 256))
        assert z.shape == (1, 256, 16, 16)
        assert decoder(z).shape == (1, 3, 256, 256)
    assert count(encoder) == 29_298_176
    assert count(decoder) == 42_449_795


def test_names_are_those_of_the_official_checkpoints():
    encoder, decoder = (
        kind(32, (1, 2), 1, 8, size=16, attention=8)
        for kind in (nets.Encoder, nets.Decoder)
    )
    names = set(encoder.state_dict())
    assert names >= {
        "conv_in.weight",
        "down.0.block.0.norm1.weight",
        "down.0.downsample.conv.bias",
        "down.1.block.0.nin_shortcut.weight",
        "down.1.attn.0.proj_out.bias",
        "mid.attn_1.q.weight",
        "norm_out.bias",
        "conv_out.weight",
    }
    assert "down.1.downsample.conv.bias" not in names
    assert {"up.1.upsample.conv.bias", "up.0.block.1.conv2.bias"} <= set(
        decoder.state_dict()
    )
    images = torch.rand(2, 3, 16, 16, requires_grad=True)
    out = decoder(encoder(images))
    assert out.shape == images.shape
    out.sum().backward()
    assert images.grad.abs().sum() > 0


def test_a_level_that_halves_pads_right_and_below():
    half = nets.Sampler(1, up=False)
    torch.nn.init.ones_(half.conv.weight)
    torch.nn.init.zeros_(half.conv.bias)
    out = half(torch.ones(1, 1, 4, 4))
    assert out.flatten().tolist() == [9, 6, 6, 4]


def test_bad_sizes_are_explained():
    with pytest.raises(ValueError, match="width is 48"):
        nets.Encoder(48)
    with pytest.raises(ValueError, match="C=3"):
        nets.Encoder(32, (1,), 1, size=8)(torch.zeros(1, 1, 8, 8))
