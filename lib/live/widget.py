"""A live figure in JupyterLab: the state goes up, the kernel answers with bytes."""

import os
from base64 import b64encode
from typing import Any

import anywidget
import numpy as np
import torch
import traitlets

from . import bundle, kept
from .figure import LiveFigure
from .picture import Values
from .recipes import check_shape

PREFIX = "this-figure"  # widget.js gives each view one of its own
_WIRE = {torch.bool: (torch.uint8, "uint8"), torch.float32: (torch.float32, "float32")}


class LiveWidget(anywidget.AnyWidget):
    """Opens with the first picture, then answers what its views ask.

    The notebook keeps a still picture of it, for when there is no kernel; `processes`
    tells course/clean.py which kernel can still answer.
    """

    _esm = bundle.module(bundle.SCRIPTS / "widget.js")
    _css = bundle.styles()
    opening = traitlets.Dict().tag(sync=True)
    said = traitlets.Dict().tag(sync=True)  # question -> what was guessed

    def __init__(self, figure: LiveFigure) -> None:
        self.figure = figure
        self._questions = [one.question for one in figure.guesses]
        self._answered: dict[str, int] = {}  # view -> number of its newest question
        outputs, data = _packed(figure.moving(figure.first))
        super().__init__(
            opening={
                "html": figure.html(PREFIX) + "</figure>",
                "spec": figure.spec(PREFIX),
                "outputs": outputs,
                "data": data,
            },
            said=self._kept(),
        )
        if self._questions:
            self.observe(lambda change: kept.change(self._questions, self.said), "said")
            kept.watch(self)
        # A front end names a subshell, which answers while the main shell runs a cell.
        # ipykernel 7.4 would take the shell that wrote last: at first, the main one.
        self.comm._reply_subshell_for = None
        self.on_msg(self._answer)

    def kept_changed(self) -> None:
        """Take over what another figure, or a table, has changed."""
        self.said = self._kept()

    def _kept(self) -> kept.Entries:
        said = kept.entries() if self._questions else {}
        return {q: said[q] for q in self._questions if q in said}

    def _repr_mimebundle_(self, **asked: Any) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**asked) or ({}, {})
        picture = self.figure.picture
        still = b64encode(picture.still).decode()
        data |= {"image/png": still, "text/plain": picture.said}
        metadata |= {
            "image/png": {"alt": picture.said, "needs_background": "light"},
            "live_papers": {"processes": _processes()},
        }
        return data, metadata

    def _answer(self, _: Any, content: dict[str, Any], buffers: list[Any]) -> None:
        view, number = content["view"], content["id"]
        if self._answered.get(view, 0) >= number:
            return  # asked again, while the first was on its way
        reply = {"view": view, "id": number}
        try:
            found, data = self._respond(content, buffers)
        except Exception as error:  # shown under the figure, which stays alive
            found, data = {"error": f"{type(error).__name__}: {error}"}, []
        self._answered[view] = number
        self.send(reply | found, data)

    def _respond(
        self, content: dict[str, Any], buffers: list[Any]
    ) -> tuple[dict[str, Any], list[bytes]]:
        figure, course = self.figure, self.figure.course
        inputs, choices = self._state(content, buffers)
        if course:
            course.follow(inputs | choices, content.get("move") or {})
        told = {"run": {"steps": course.steps, "lost": course.lost}} if course else {}
        if course and content["move"].get("quiet"):
            return told, []
        state = course.state if course else None
        values = figure.moving(figure.call(inputs, choices, state))
        for mark in figure.picture.marks:
            check_shape(mark, values[mark["name"]])
        outputs, data = _packed(values)
        return told | {"outputs": outputs}, data

    def _state(
        self, content: dict[str, Any], buffers: list[Any]
    ) -> tuple[Values, dict[str, Any]]:
        numbers = torch.from_numpy(np.frombuffer(buffers[0], np.float32).copy())
        parts = numbers.split([start.numel() for start in self.figure.inputs.values()])
        inputs = {
            name: part.view(start.shape).to(start.dtype)
            for (name, start), part in zip(
                self.figure.inputs.items(), parts, strict=True
            )
        }
        choices = {
            name: choice.options[content["choices"][name]]
            for name, choice in self.figure.choices.items()
        }
        return inputs, choices


def _packed(values: Values) -> tuple[list[list[Any]], list[bytes]]:
    """Name, dtype and shape of each value, and their bytes."""
    outputs, data = [], []
    for name, value in values.items():
        dtype, wire = _WIRE.get(value.dtype, (torch.float64, "float64"))
        outputs.append([name, wire, list(value.shape)])
        data.append(value.to(dtype).contiguous().cpu().numpy().tobytes())
    return outputs, data


class GuessesWidget(anywidget.AnyWidget):
    """The table of what was guessed, or how well calibrated it was; it follows."""

    _esm = LiveWidget._esm
    _css = LiveWidget._css
    shows = traitlets.Unicode().tag(sync=True)
    page = traitlets.Unicode().tag(sync=True)
    said = traitlets.Dict().tag(sync=True)

    def __init__(self, shows: str) -> None:
        super().__init__(shows=shows, page=kept.page(), said=kept.entries())
        self.observe(self._forget, "said")
        kept.watch(self)

    def kept_changed(self) -> None:
        """Show what is kept now."""
        self.said = kept.entries()

    def _repr_mimebundle_(self, **asked: Any) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**asked) or ({}, {})
        data |= {"text/plain": "Your guesses. Run this cell to see them."}
        return data, metadata | {"live_papers": {"processes": _processes()}}

    def _forget(self, change: dict[str, Any]) -> None:
        gone = set(change["old"]) - set(change["new"])
        if gone:
            kept.change(list(gone), {})


def _processes() -> list[int]:
    """Which kernel can answer; on Windows a launcher is in between."""
    return [os.getpid(), os.getppid()]
