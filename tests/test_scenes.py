"""Composed scenes keep their promises: boxes, overlaps, sizes, splits and seeds."""

import itertools
import math
from importlib import import_module

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lib import data

composing = import_module("lib.data.scenes")  # `data.scenes` is the function


def interval():
    ends = st.lists(st.integers(0, 8), min_size=2, max_size=2, unique=True)
    return ends.map(sorted)


def box():
    corners = st.tuples(interval(), interval())  # (x1, x2), (y1, y2)
    return corners.map(lambda spans: np.array(spans).T.ravel())


def pixels_of(box):
    return {(x, y) for x in range(box[0], box[2]) for y in range(box[1], box[3])}


@pytest.mark.slow
@given(box(), box())
def test_overlap_is_the_shared_part_of_the_smaller_box(a, b):
    ours, theirs = pixels_of(a), pixels_of(b)
    want = len(ours & theirs) / min(len(ours), len(theirs))
    assert composing._overlap(a, b) == pytest.approx(want)


@given(st.sets(st.tuples(st.integers(0, 8), st.integers(0, 5)), min_size=1))
def test_a_box_holds_every_solid_pixel_and_no_empty_border(solid):
    alpha = torch.full((6, 9), 64 / 255)  # 64 itself is not above 64
    for x, y in solid:
        alpha[y, x] = 65 / 255
    x1, y1, x2, y2 = composing._outline(alpha)
    assert (x1, x2) == (min(x for x, _ in solid), max(x for x, _ in solid) + 1)
    assert (y1, y2) == (min(y for _, y in solid), max(y for _, y in solid) + 1)


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "test", "style"])
@pytest.mark.parametrize("size", [64, 192])
def test_scenes_keep_their_promises(split, size):
    images, boxes, labels, classes = data.scenes(40, size, seed=3, split=split)
    assert images.shape == (40, 3, size, size)
    assert images.dtype == torch.float32
    assert images.min() >= 0
    assert images.max() <= 1
    assert classes == ("cat", "dog", "bird", "fish", "car", "bus", "fruit", "ball")
    for corners, label in zip(boxes, labels, strict=True):
        assert corners.shape == (len(label), 4)
        assert 1 <= len(label) <= 6
        assert label.dtype == torch.int64
        assert set(label.tolist()) <= set(range(len(classes)))
        assert (corners[:, :2] >= 0).all()
        assert (corners[:, 2:] <= size).all()
        assert (corners[:, 2:] > corners[:, :2]).all()
        for a, b in itertools.combinations(corners.int().numpy(), 2):
            ours, theirs = pixels_of(a), pixels_of(b)
            assert len(ours & theirs) <= 0.15 * min(len(ours), len(theirs))


def test_a_scene_differs_from_its_background_in_the_box_alone(monkeypatch):
    monkeypatch.setattr(composing, "_crop", lambda *_: torch.full((3, 96, 96), 0.3))
    images, boxes, _, _ = data.scenes(30, objects=(1, 1), seed=1)
    for image, corners in zip(images, boxes, strict=True):
        x1, y1, x2, y2 = corners[0].int().tolist()
        change = (image - 0.3).abs().amax(0)
        assert change[y1:y2, x1:x2].max() > 0.2
        change[y1:y2, x1:x2] = 0
        assert change.max() <= 0.7 * 64 / 255 + 1e-6  # the faint rim outside the box


@pytest.mark.slow
def test_sprites_are_log_uniform_in_size(monkeypatch):
    sides, resize = [], composing._resize
    spy = lambda sprite, side: (sides.append(side), resize(sprite, side))[1]
    monkeypatch.setattr(composing, "_resize", spy)
    data.scenes(800, 192, objects=(1, 1))
    assert min(sides) >= 12
    assert max(sides) <= 150
    quantiles = np.log(np.sort(sides) / 12) / math.log(150 / 12)
    even = (np.arange(800) + 0.5) / 800
    assert abs(quantiles - even).max() < 1.63 / math.sqrt(800)  # Kolmogorov, 1 %


def test_the_same_seed_gives_the_same_scenes_and_leaves_torch_alone():
    state = torch.get_rng_state()
    few, many, other = data.scenes(4), data.scenes(9), data.scenes(4, seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(few.images, many.images[:4])
    assert all(
        map(torch.equal, few.boxes + few.labels, many.boxes[:4] + many.labels[:4])
    )
    assert not torch.equal(few.images, other.images)


def test_scenes_paste_sprites_of_their_split_only(monkeypatch):
    asked = []

    def only_red(split):
        asked.append(split)
        part = data.sprites(split)
        part.rgba[:, :3] = torch.tensor([1.0, 0.0, 0.0])[:, None, None]
        return part

    monkeypatch.setattr(composing, "sprites", only_red)
    scene = data.scenes(1, split="style", objects=(1, 1), sides=(60, 60))
    x1, y1, x2, y2 = scene.boxes[0][0].int().tolist()
    red = (scene.images[0, 0] == 1) & (scene.images[0, 1] == 0)
    assert red[y1:y2, x1:x2].float().mean() > 0.2
    assert asked == ["style"]


def test_scenes_may_be_empty():
    _, boxes, labels, _ = data.scenes(2, objects=(0, 0))
    assert [len(b) for b in boxes] == [len(label) for label in labels] == [0, 0]
    assert boxes[0].shape == (0, 4)
    assert labels[0].dtype == torch.int64
    assert data.scenes(0).images.shape == (0, 3, 96, 96)


@pytest.mark.parametrize(
    "wrong, says",
    [
        ({"count": -1}, "count is -1"),
        ({"size": 300}, "size is 300; expected 64 to 256"),
        ({"split": "valid"}, "split is 'valid'"),
        ({"objects": (3, 2)}, r"objects is \(3, 2\)"),
        ({"sides": (2, 50)}, r"sides is \(2, 50\)"),
        ({"sides": (20, 97)}, "up to the scene's own 96"),
    ],
)
def test_scenes_say_what_is_wrong(wrong, says):
    with pytest.raises(ValueError, match=says):
        data.scenes(**{"count": 1, **wrong})
