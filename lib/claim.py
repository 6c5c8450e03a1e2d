"""Sentences about a run that the run itself has to bear out."""

import json
import math
import os
from pathlib import Path
from typing import Any

from torch import Tensor

WEATHER = Path(__file__).parent / "data" / "weather"


class NotSo(Exception):
    """A claim that the run does not bear out, where a page is built."""


def claim(
    words: str,
    value: float | bool | Tensor,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
) -> None:
    """Hold a run to what the text says of it, in the text's own `words`.

    `value` is what was measured, to lie from `at_least` to `at_most`; without either it
    is a truth value. nan bears out nothing. Where a page is built a claim that fails
    raises NotSo; in a notebook it tells the reader that this run came out otherwise,
    and how often the claim held in the recorded runs.
    """
    found = _number(words, value)
    holds = _holds(found, at_least, at_most)
    if file := os.environ.get("LIVE_CLAIMS"):
        _note(Path(file), {"words": words, "value": found, "holds": holds})
    elif holds:
        return
    elif os.environ.get("LIVE_STATIC"):
        raise NotSo(_said(words, value, at_least, at_most))
    else:
        _tell(f"{_said(words, value, at_least, at_most)} {_recorded(words)}")


def _number(words: str, value: Any) -> float:
    if not words.strip():
        raise ValueError("claim: words are empty; quote the sentence that it is about")
    many = isinstance(value, Tensor) and value.numel() != 1
    if many or not isinstance(value, Tensor | bool | int | float):
        came = tuple(value.shape) if many else type(value).__name__
        raise TypeError(f"claim: one number or truth value was expected, got {came}")
    return float(value)


def _holds(value: float, at_least: float | None, at_most: float | None) -> bool:
    if at_least is None and at_most is None:
        return value == 1
    low = -math.inf if at_least is None else at_least
    high = math.inf if at_most is None else at_most
    return low <= value <= high


def _said(words: str, value: Any, at_least: float | None, at_most: float | None) -> str:
    """What the text says, and what came."""
    bounds = {"at least": at_least, "at most": at_most}
    wanted = [f"{name} {v:g}" for name, v in bounds.items() if v is not None]
    came = f"{float(value):.4g}, and {' and '.join(wanted)} was expected"
    here = f" Here it is {came}." if wanted else ""
    return f"The text says “{words}”. This run came out otherwise.{here}"


def _recorded(words: str) -> str:
    """How often the claim held where `make weather` tried it."""
    for path in WEATHER.glob("*.json"):
        runs = json.loads(path.read_text("utf8"))["claims"].get(words, {})
        if runs:
            held = sum(holds for _, holds in runs.values())
            return f"It held in {held} of {len(runs)} recorded runs."
    return "No other run of it is recorded."


def _note(file: Path, verdict: dict[str, Any]) -> None:
    with file.open("a", encoding="utf8") as lines:
        lines.write(json.dumps(verdict) + "\n")


def _tell(text: str) -> None:
    """Show a note below the cell."""
    from html import escape

    from IPython.display import display

    note = f'<div role="note" class="claim-not-so">{escape(text)}</div>'
    data = {"text/plain": text, "text/html": note}
    display(data, raw=True)
