"""A torch kernel as a list of operations that scripts/tensor runs in a browser."""

import base64
import hashlib
import math
import operator
from collections.abc import Callable
from typing import Any

import torch

from .follow import Followed, Untraceable, follow, masks
from .ops import HARMLESS, IDENTITY, IGNORED, IMPLIED, OPS

Kernel = Callable[..., dict[str, torch.Tensor]]
Traced = dict[str, Any]


def trace(
    kernel: Kernel, inputs: dict[str, torch.Tensor], choices: dict[str, Any]
) -> Traced:
    """The kernel's program for one combination of choices, as `written` has it."""
    return written(follow(kernel, inputs, choices))


def written(followed: Followed) -> Traced:
    """The program of a kernel that was followed.

    It has ``inputs`` (names), ``constants`` (tensors), ``nodes`` (operation,
    arguments, dtype, shape) and ``outputs`` (name -> number of a value); values are
    numbered inputs first, then constants, then nodes. Raises Untraceable with the
    operation or argument that scripts/tensor does not know.
    """
    return _Program(followed).as_dict()


class _Program:
    """Folds what depends on no input, drops what no output needs, writes the rest."""

    def __init__(self, followed: Followed):
        self.names = followed.inputs
        self.constants: list[torch.Tensor] = []
        self.nodes: list[list[Any]] = []
        self.known: dict[Any, Any] = {}  # node -> value that depends on no input
        self.place: dict[Any, str] = {}  # node -> its name in the program
        live: list[tuple[Any, str, list[Any]]] = []
        user = iter(range(len(self.names)))
        for node in followed.graph.nodes:
            if node.op == "placeholder":
                self.place[node] = f"${next(user)}"
            elif node.op == "output":
                results = node.args[0]
            elif node.meta["moving"]:
                self._read(node, live)
            else:
                self.known[node] = node.meta["val"]
        self._write(live, results)
        self._number(
            dict(zip(followed.outputs, map(self._refer, results), strict=True))
        )

    def _read(self, node: Any, live: list[tuple[Any, str, list[Any]]]) -> None:
        name = _name(node.target)
        if name in IDENTITY:
            self.place[node] = self.place[node.args[0]]
        elif name not in IGNORED:
            op, arguments = _arguments(node, name)
            self.place[node] = f"@{len(live)}"
            live.append((node, op, arguments))

    def _write(self, live: list[tuple[Any, str, list[Any]]], results: Any) -> None:
        needed = {self.place[node] for node in results if node in self.place}
        kept = []
        for node, op, arguments in reversed(live):
            if self.place[node] in needed:
                kept.append((node, op, arguments))
                for source in node.all_input_nodes:
                    if source in self.place:
                        needed.add(self.place[source])
        self.order = {
            self.place[node]: i for i, (node, *_) in enumerate(reversed(kept))
        }
        for node, op, arguments in reversed(kept):
            values = torch.fx.node.map_arg(arguments, self._refer)
            self.nodes.append([op, _plain(values), *_meta(node.meta["val"])])

    def _refer(self, node: Any) -> str:
        if node in self.place:
            return self.place[node]
        value = self.known[node]
        for index, constant in enumerate(self.constants):
            if constant is value:
                return f"#{index}"
        self.constants.append(value)
        return f"#{len(self.constants) - 1}"

    def _number(self, outputs: dict[str, str]) -> None:
        """Final numbers: inputs, then constants, then nodes."""
        first, second = len(self.names), len(self.names) + len(self.constants)

        def final(a: Any) -> Any:
            if isinstance(a, list):
                return [final(item) for item in a]
            if isinstance(a, str) and a[:1] == "#":
                return f"${first + int(a[1:])}"
            if isinstance(a, str) and a[:1] == "@":
                return f"${second + self.order[a]}"
            return a

        self.nodes = [[op, final(args), *meta] for op, args, *meta in self.nodes]
        self.outputs = {k: int(final(v)[1:]) for k, v in outputs.items()}

    def as_dict(self) -> Traced:
        return {
            "inputs": self.names,
            "constants": self.constants,
            "nodes": self.nodes,
            "outputs": self.outputs,
        }


def _name(target: Any) -> str:
    if target is operator.getitem:
        return "getitem"
    return str(target).removeprefix("aten.")


def _arguments(node: Any, name: str) -> tuple[str, list[Any]]:
    """Our name of the operation and the arguments that it reads."""
    if name == "getitem":
        return name, list(node.args)
    if name not in OPS:
        raise Untraceable(f"scripts/tensor has no {name}")
    op, *wanted = OPS[name].split()
    schema = node.target._schema.arguments
    given = dict(zip([a.name for a in schema], node.args, strict=False)) | node.kwargs
    value = {a.name: given.get(a.name, a.default_value) for a in schema}
    for a in schema:
        read = a.name in wanted or a.name in HARMLESS or name in IMPLIED.get(a.name, ())
        if not read and value[a.name] != a.default_value:
            argument = f"{a.name}={value[a.name]}"
            raise Untraceable(f"scripts/tensor ignores {argument} of {name}")
    if masks(node):
        raise Untraceable(
            f"scripts/tensor has no {name} by a mask: torch.where does it"
        )
    if name.startswith("bitwise_") and node.meta["val"].dtype != torch.bool:
        raise Untraceable(f"scripts/tensor has {name} for bool tensors only")
    return op, [None if argument == "-" else value[argument] for argument in wanted]


def _plain(value: Any) -> Any:
    """Arguments as JSON: infinities and nan become strings."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise Untraceable(f"an argument of type {type(value).__name__}: {value}")


def _meta(value: Any) -> tuple[Any, Any]:
    if isinstance(value, list | tuple):
        pairs = [_meta(v) for v in value]
        return [dtype for dtype, _ in pairs], [shape for _, shape in pairs]
    if value is None:
        return "float32", [0]
    if not all(isinstance(size, int) for size in value.shape):
        raise Untraceable("a shape depends on the values of a control")
    return str(value.dtype).removeprefix("torch."), list(value.shape)


def pack(tensor: torch.Tensor) -> dict[str, Any]:
    """A constant as {hash, dtype, shape, stored, bytes}, as small as it stays exact.

    Of one that is the same everywhere, a single number is stored.
    """
    plain = tensor.detach().contiguous().cpu()
    for stored in _storage(plain):
        small = plain.to(stored)
        back = small.to(plain.dtype)
        if ((back == plain) | (back.isnan() & plain.isnan())).all():
            break
    flat = small.reshape(-1)
    same = (flat == flat[:1]).all() or flat.isnan().all()
    data = (flat[:1] if same else flat).view(torch.uint8).numpy().tobytes()
    dtype, shape = _meta(plain)
    name = str(small.dtype).removeprefix("torch.")
    key = hashlib.sha256(f"{dtype}{shape}{name}".encode() + data).hexdigest()[:16]
    text = base64.b64encode(data).decode()
    return dict(hash=key, dtype=dtype, shape=shape, stored=name, bytes=text)


def _storage(tensor: torch.Tensor) -> tuple[torch.dtype, ...]:
    if tensor.dtype == torch.bool:
        return (torch.uint8,)
    if not tensor.dtype.is_floating_point:
        return (torch.uint8, torch.int32, torch.float64)
    if tensor.dtype == torch.float64:
        return (torch.float16, torch.float32, torch.float64)
    return (torch.float16, torch.float32)
