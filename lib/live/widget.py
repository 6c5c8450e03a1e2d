"""A live figure in JupyterLab: the state goes up, the kernel answers with bytes."""

import itertools
from typing import Any

import anywidget
import numpy as np
import torch

from . import bundle
from .figure import LiveFigure
from .picture import Values
from .recipes import check_shape

_numbers = itertools.count(1)
_WIRE = {torch.bool: (torch.uint8, "uint8"), torch.float32: (torch.float32, "float32")}


class LiveWidget(anywidget.AnyWidget):
    """Answers each view's requests; nothing is drawn before a front end says hello."""

    _esm = bundle.module(bundle.SCRIPTS / "widget.js")
    _css = bundle.styles()

    def __init__(self, figure: LiveFigure) -> None:
        super().__init__()
        self.figure = figure
        self.on_msg(self._answer)

    def _answer(self, _: Any, content: dict[str, Any], buffers: list[Any]) -> None:
        reply = {"view": content.get("view"), "id": content.get("id")}
        try:
            found, data = self._respond(content, buffers)
        except Exception as error:  # shown under the figure, which stays alive
            found, data = {"error": f"{type(error).__name__}: {error}"}, []
        self.send(reply | found, data)

    def _respond(
        self, content: dict[str, Any], buffers: list[Any]
    ) -> tuple[dict[str, Any], list[bytes]]:
        if content["kind"] == "hello":
            prefix = f"live{next(_numbers)}-{content['view']}"
            figure = self.figure.html(prefix) + "</figure>"
            return {"html": figure, "spec": self.figure.spec(prefix)}, []
        values = self.figure.moving(self.figure.call(*self._state(content, buffers)))
        for mark in self.figure.picture.marks:
            check_shape(mark, values[mark["name"]])
        outputs, data = [], []
        for name, value in values.items():
            dtype, wire = _WIRE.get(value.dtype, (torch.float64, "float64"))
            outputs.append([name, wire, list(value.shape)])
            data.append(value.to(dtype).contiguous().cpu().numpy().tobytes())
        return {"outputs": outputs}, data

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
