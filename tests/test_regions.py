"""Proposals, labels and suppression against loops and cases made by hand."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import fpn
from lib.detection import boxes, regions

few = settings(max_examples=25)
ANCHORS = fpn.anchors([(4, 4)], [16], [[16, 32]], [1.0])[0]  # (32, 4)


def some_boxes(n, seed=0):
    g = torch.Generator().manual_seed(seed)
    low = torch.rand(n, 2, generator=g) * 40
    return torch.cat([low, low + 6 + 20 * torch.rand(n, 2, generator=g)], 1)


def targets_loop(anchors, true, near, far):
    iou = boxes.box_iou(anchors, true)
    out = []
    for a in range(len(anchors)):
        best = max(range(len(true)), key=lambda m: iou[a, m])
        nearest = any(iou[:, m].argmax() == a for m in range(len(true)))
        value = iou[a, best]
        wanted = 1.0 if value >= near or nearest else 0.0 if value < far else -1.0
        delta = boxes.encode_boxes(anchors[a : a + 1], true[best : best + 1])[0]
        out.append([wanted, *delta.tolist()])
    return torch.tensor(out)


@few
@given(st.integers(1, 5), st.integers(0, 99))
def test_anchor_targets_are_the_loop(n, seed):
    true = some_boxes(n, seed)
    want = targets_loop(ANCHORS, true, 0.5, 0.3)
    torch.testing.assert_close(regions.anchor_targets(ANCHORS, true), want)


def test_an_empty_scene_is_far_from_everything():
    got = regions.anchor_targets(ANCHORS, torch.zeros(0, 4))
    assert torch.equal(got, torch.zeros(32, 5))


def test_the_net_speaks_of_each_anchor_in_order():
    net = regions.ProposalNet(3, 8, per_cell=2)
    maps = torch.randn(2, 3, 4, 4)
    out = net(maps)
    assert out.shape == (2, 32, 5)
    raw = net.layers(maps)  # (2, 10, 4, 4)
    torch.testing.assert_close(out[1, (2 * 4 + 3) * 2 + 1], raw[1, 5:, 2, 3])


def test_the_loss_ignores_anchors_without_opinion():
    targets = torch.zeros(1, 32, 5)
    targets[0, :4, 0], targets[0, 4:9, 0] = 1, -1
    out = torch.randn(1, 32, 5, requires_grad=True)
    regions.proposal_loss(out, targets).backward()
    assert (out.grad[0, 4:9] == 0).all()  # no opinion
    assert (out.grad[0, 9:, 1:] == 0).all()  # far: nothing to correct
    assert (out.grad[0, :4] != 0).all()
    nothing = regions.proposal_loss(out, torch.zeros(1, 32, 5))
    assert nothing.isfinite()


def test_propose_keeps_the_best_and_repeats_it_where_few_are_left():
    out = torch.zeros(1, 32, 5)
    out[0, :, 0] = torch.linspace(0, 1, 32)
    got = regions.propose(out, ANCHORS, 40, 64.0)
    assert got.shape == (1, 40, 4)
    assert torch.equal(got[0, 0], ANCHORS[31].clamp(0, 64))
    assert torch.equal(got[0, -1], got[0, 0])
    assert got.min() >= 0 and got.max() <= 64


@few
@given(st.integers(1, 4), st.integers(1, 6), st.integers(0, 99))
def test_labels_are_the_loop(m, n, seed):
    true, found = some_boxes(m, seed), some_boxes(n, seed + 1)
    found[0] = true[0]
    labels = torch.arange(m) + 3
    got, nearest = regions.label_regions(found, true, labels, 9)
    iou = boxes.box_iou(found, true)
    for i in range(n):
        best = int(iou[i].argmax())
        assert got[i] == (labels[best] if iou[i, best] >= 0.5 else 9)
        assert torch.equal(nearest[i], true[best])


def test_rois_carry_the_number_of_their_image():
    found = some_boxes(6).view(2, 3, 4)
    rois = regions.as_rois(found)
    assert rois[:, 0].tolist() == [0, 0, 0, 1, 1, 1]
    assert torch.equal(rois[4, 1:], found[1, 1])


@few
@given(st.integers(0, 8), st.integers(0, 99))
def test_suppress_is_nms_class_by_class(n, seed):
    found = some_boxes(n, seed)
    chances = torch.rand(n, 3, generator=torch.Generator().manual_seed(seed))
    got, scores, labels = regions.suppress(found, chances, 0.3, 0.4)
    want = []
    for c in range(3):
        keep = boxes.nms(found, chances[:, c], 0.3)
        want += [(n, c) for n in keep.tolist() if chances[n, c] >= 0.4]
    assert labels.tolist() == [c for _, c in want]
    assert torch.equal(got, found[[n for n, _ in want]])
    assert torch.equal(scores, chances[[n for n, _ in want], labels])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: regions.anchor_targets(ANCHORS, ANCHORS, 0.2, 0.3), "near"),
        (
            lambda: regions.proposal_loss(torch.zeros(1, 2, 5), torch.zeros(1, 3, 5)),
            "one shape",
        ),
        (lambda: regions.propose(torch.zeros(1, 3, 5), ANCHORS, 2, 64.0), "A=3"),
        (
            lambda: regions.label_regions(
                ANCHORS, torch.zeros(0, 4), torch.zeros(0).long(), 8
            ),
            "at least one",
        ),
        (lambda: regions.as_rois(ANCHORS), "B, N, 4"),
        (lambda: regions.suppress(ANCHORS, torch.zeros(3, 2)), "N=3"),
    ],
)
def test_bad_input_is_explained(call, says):
    with pytest.raises(ValueError, match=says):
        call()
