"""Runs inside the kernel: shows the values of a grade cell as JSON, for values.py.

Code that shares the kernel can change all of this. It gains nothing: what is shown is
compared elsewhere, and only right values earn points.
"""

import base64
from typing import Any

import torch
from IPython.display import display

MIME = "application/vnd.live-papers.values+json"


def send(values: dict[str, Any]) -> None:
    """Show named tensors or numbers to the grader; TypeError for anything else."""
    if not isinstance(values, dict):
        raise TypeError(f"grade gave {told(values)}, a dict of values was expected")
    display({MIME: {name: pack(name, x) for name, x in values.items()}}, raw=True)


def pack(name: str, value: Any) -> dict[str, Any]:
    """Write a tensor or a number as JSON: its kind, its shape and its bytes."""
    if isinstance(value, bool | int | float | complex):
        dtypes = [(bool, torch.bool), (int, torch.int64), (float, torch.float64)]
        kinds = (dtype for kind, dtype in dtypes if isinstance(value, kind))
        value = torch.tensor(value, dtype=next(kinds, torch.complex128))
    if not isinstance(value, torch.Tensor):
        raise TypeError(
            f"{name} is {told(value)}, a tensor or a number was expected"
            + (" (is a `return` missing?)" if value is None else "")
        )
    if value.dtype == torch.bool:
        kind, dtype = "bool", torch.bool
    elif value.is_floating_point():
        kind, dtype = "float", torch.float64
    elif value.is_complex():
        kind, dtype = "complex", torch.complex128
    else:
        kind, dtype = "int", torch.int64
    flat = value.detach().cpu().resolve_conj().resolve_neg().to(dtype).contiguous()
    data = base64.b64encode(flat.numpy().tobytes()).decode()
    return {"kind": kind, "shape": list(value.shape), "data": data}


def told(value: Any) -> str:
    """Name what came, in a word or two."""
    return "None" if value is None else f"an object of type {type(value).__name__}"
