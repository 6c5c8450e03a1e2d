"""What the scripts are told of a control: where it begins, and what it needs."""

from dataclasses import replace
from typing import Any

from .controls import Bars, Choice, Control, Mask, Pad, Slider, Switches

_SPEC = {
    Slider: ("low", "high", "log", "positions", "knots"),
    Bars: ("n", "low", "high", "labels", "on"),
    Mask: ("height", "width", "on", "rows", "columns"),
    Switches: ("names",),
    Pad: ("x", "y", "on", "step"),
}


def describe(name: str, control: Control) -> dict[str, Any]:
    """A control as JSON for its script."""
    found: dict[str, Any] = {
        "name": name,
        "kind": type(control).__name__.lower(),
        "label": control.label or name.replace("_", " "),
    }
    if isinstance(control, Choice):
        return found | {"options": control.names, "start": [control.first]}
    found["start"] = control.start().float().flatten().tolist()
    return found | {key: getattr(control, key) for key in _SPEC[type(control)]}


def moved(name: str, control: Control, value: Any) -> Control:
    """The control as if it started at a value; ValueError where it cannot stand there.

    Of a Choice the value is that of an option, or what the reader sees of it.
    """
    try:
        if isinstance(control, Slider):
            there = replace(control, value=value)  # refuses what is out of its range
            return replace(there, value=control.nearest(value))
        if not isinstance(control, Choice):
            return replace(control, value=value)
        if value in control.names:
            value = control.options[control.names.index(value)]
        named = dict(zip(control.names, control.options, strict=True))
        return Choice(named, value, control.label)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} cannot stand at {value!r}: {error}") from None
