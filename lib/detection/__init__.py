"""Detection: boxes, the regions that may hold an object, and how good the finds are."""

from lib.detection.boxes import (
    MOST_GROWTH,
    box_iou,
    decode_boxes,
    encode_boxes,
    kept,
    nms,
)
from lib.detection.precision import (
    HIT,
    LEFT_OUT,
    MISS,
    Found,
    Truth,
    average_precision,
    box_side,
    match,
    mean_average_precision,
    precision_recall,
)
from lib.detection.regions import (
    ProposalNet,
    anchor_targets,
    as_rois,
    label_regions,
    proposal_loss,
    propose,
    suppress,
)

__all__ = [
    "HIT",
    "LEFT_OUT",
    "MISS",
    "MOST_GROWTH",
    "Found",
    "ProposalNet",
    "Truth",
    "anchor_targets",
    "as_rois",
    "average_precision",
    "box_iou",
    "box_side",
    "decode_boxes",
    "encode_boxes",
    "kept",
    "label_regions",
    "match",
    "mean_average_precision",
    "nms",
    "precision_recall",
    "proposal_loss",
    "propose",
    "suppress",
]
