"""Three seeds of every head, two that the chapter has no time for; and a head, k = 5.

About five minutes on one core.
"""

import torch
from torch import Tensor

from course import recipes
from lib import detection, rfcn

chapter = recipes.cells(__file__)
train_set = chapter["train_set"]
maps, test_maps = chapter["maps"], chapter["test_maps"]
Votes = chapter["Votes"]


class Aligned(Votes):  # type: ignore[misc, valid-type]
    """The same head with RoIAlign's points: nothing is rounded."""

    def forward(self, maps: Tensor, rois: Tensor) -> tuple[Tensor, ...]:
        """(B, 112, H, W), (R, 5) -> scores (R, 9), corrections (R, 4)."""
        stride, classes = chapter["STRIDE"], chapter["CLASSES"]
        pooled = rfcn.ps_roi_align(self.shared(maps), rois, self.k, 1 / stride, 2)
        return pooled.mean((2, 3)).split([classes + 1, 4], 1)


def proposals(seed: int) -> tuple[Tensor, Tensor]:
    """Boxes for the training and the test scenes."""
    targets = [detection.anchor_targets(chapter["ANCHORS"], b) for b in train_set.boxes]
    batch = chapter["some"](maps, torch.stack(targets))
    torch.manual_seed(seed)
    proposer, loss = detection.ProposalNet(112, 64, 3), chapter["proposal_loss"]
    chapter["train"](proposer, loss, batch, steps=200, lr=2e-3, seed=seed, quiet=True)
    propose = chapter["propose"]
    return propose(proposer, maps), propose(proposer, test_maps)


def main() -> None:
    """Train and measure, seed by seed."""
    heads = dict(chapter["HEADS"])
    make, steps, lr = heads["a head per region"]
    heads["a head per region, longer"] = make, 4 * steps, lr
    heads["votes, k = 3, aligned"] = lambda: Aligned(3), heads["votes, k = 3"][1], 1e-2
    heads["votes, k = 5"] = lambda: Votes(5), heads["votes, k = 3"][1], 1e-2
    found: dict[str, dict] = {"AP50": {}, "AP70": {}, "seconds": {}}
    for seed in range(3):
        boxes, test_boxes = proposals(seed)
        batch = chapter["some"](maps, *chapter["lessons"](boxes))
        for name, (make, steps, lr) in heads.items():
            torch.manual_seed(seed)
            head = make()
            row = {"seconds": chapter["fit"](head, batch, steps, lr, seed)}
            seen = chapter["detect"](head, test_maps, test_boxes)
            for measure, threshold in (("AP50", 0.5), ("AP70", 0.7)):
                row[measure] = chapter["precision"](seen, threshold)
            for measure, value in row.items():
                found[measure].setdefault(name, {})[str(seed)] = round(value, 3)
            print(seed, name, row, flush=True)
            if name == "votes, k = 5" and seed == 0:
                recipes.weights("08_rfcn_k5", head)
    recipes.record("08_rfcn", found)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
