"""A live figure as HTML that needs no kernel: torch's program travels with the page."""

import json
from typing import Any

import torch

from . import frames, programs
from .figure import LiveFigure
from .follow import Followed, Untraceable
from .record import record
from .trace import pack, written

FIGURE_LIMIT, PAGE_LIMIT = 400_000, 1_500_000  # bytes of weights


class BuildError(Exception):
    """A figure that would be dead on the page."""


def page_html(figure: LiveFigure, number: int, stored: dict[str, int]) -> str:
    """The figure with its program.

    `stored` holds the constants that earlier figures of the page brought, with their
    bytes; the new ones are added to it. Raises BuildError where the figure would be
    dead, and where it carries too many numbers.
    """
    prefix = f"live{number}"
    spec, constants = program(figure, prefix)
    record(figure, number, spec, constants)
    size = sum(_size(c) for c in constants.values())
    if size > FIGURE_LIMIT:
        raise BuildError(
            f"figure {number} carries {size:,} bytes of numbers, at most "
            f"{FIGURE_LIMIT:,}: take a smaller model or fewer images"
        )
    new = {h: c for h, c in constants.items() if h not in stored}
    stored.update({h: _size(c) for h, c in new.items()})
    if (total := sum(stored.values())) > PAGE_LIMIT:
        raise BuildError(
            f"{total:,} bytes of numbers on this page, at most {PAGE_LIMIT:,}"
        )
    return (
        figure.html(prefix)
        + f'<script type="application/json" class="live-spec">{_json(spec)}</script>'
        + f'<script type="application/json" class="live-store">{_json(new)}</script>'
        + "</figure>"
    )


def program(figure: LiveFigure, prefix: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The figure's spec for page.js, and its constants by hash.

    Raises BuildError where the kernel can be neither traced nor tabulated.
    """
    spec, constants = figure.spec(prefix), {}

    def keep(tensor: torch.Tensor) -> str:
        packed = pack(tensor)
        constants[packed["hash"]] = packed
        return packed["hash"]

    def kept(followed: Followed) -> dict[str, Any]:
        program = written(followed)
        return program | {"constants": [keep(t) for t in program["constants"]]}

    def all_kept(followed: dict[str, Followed]) -> dict[str, Any]:
        return {key: kept(one) for key, one in followed.items()}

    try:
        spec["programs"] = all_kept(programs.looks(figure))
        if figure.course:
            spec["run"]["start"] = kept(programs.start(figure.course))
            spec["run"]["programs"] = all_kept(programs.steps(figure))
        return spec, constants
    except Untraceable as reason:
        constants.clear()
        if figure.course:
            raise BuildError(f"this run would be dead on the page: {reason}") from None
        try:
            table = frames.tabulate(figure)
        except frames.TooMany as limit:
            raise BuildError(
                f"this figure would be dead on the page. Not traceable: {reason}. "
                f"Not tabulated: {limit}"
            ) from None
    found = {
        name: {
            "hash": keep(rows),
            "shape": list(rows.shape[1:]),
            "dtype": str(rows.dtype).removeprefix("torch."),
        }
        for name, rows in table.items()
    }
    return spec | {"frames": found}, constants


def _size(constant: dict[str, Any]) -> int:
    return len(constant["bytes"]) * 3 // 4


def _json(value: Any) -> str:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")
