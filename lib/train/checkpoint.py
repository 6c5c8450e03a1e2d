"""The file from which a training run goes on: whole, its own, and not damaged."""

import contextlib
import os
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lib.train.fingerprint import checksum
from lib.train.history import History

State = dict[str, Any]
REMEDY = "Delete the file to start afresh, or give this run another name."
HASH = "fingerprint "  # what begins so is no number to be shown


class Checkpoint:
    """The file from which a run goes on after it was stopped, or killed.

    `parts` are the model and the optimizers; `settings` all else that makes the run
    what it is. A file with other settings is refused. Without a path, there is no file.
    """

    def __init__(
        self,
        path: str | Path | None,
        parts: dict[str, nn.Module | torch.optim.Optimizer],
        generator: torch.Generator,
        history: History,
        **settings: Any,
    ) -> None:
        self.path = Path(path) if path else None
        self.parts, self.generator, self.history = parts, generator, history
        for name, part in parts.items():
            settings |= _settings(name, part)
        self.settings = {key: str(value) for key, value in settings.items()}

    def write(self) -> None:
        """Write the file whole or not at all, and keep the one before it.

        Raises OSError where it cannot be written; what was there stays.
        """
        if self.path is None:
            return
        unfinished = beside(self.path, "unfinished")
        state: State = {
            "settings": self.settings,
            "history": vars(self.history),
            "generator": self.generator.get_state(),
        }
        state |= {name: part.state_dict() for name, part in self.parts.items()}
        whole = BytesIO()
        torch.save(state | {"checksum": checksum(state)}, whole)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(unfinished, "wb") as file:
                file.write(whole.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(OSError):  # not every disk has hard links
                beside(self.path, "before").unlink(missing_ok=True)
                os.link(self.path, beside(self.path, "before"))
            os.replace(unfinished, self.path)
        except OSError as error:
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
            raise OSError(
                error.errno,
                f"{self.path} cannot be written ({error.strerror or error}). The file "
                "that was there is whole, and the model keeps what it has learnt: make "
                "room, or name another place",
            ) from error

    def read(self) -> State | None:
        """What was written, None where nothing was.

        A file that is damaged is passed over for the one before it, with a warning.
        Raises ValueError where neither is a checkpoint, or where it is another run's.
        """
        if self.path is None or not self.path.exists():
            return None
        before, damaged = beside(self.path, "before"), False
        state = self.whole(self.path)
        if state is None:
            damaged = True
            state = self.whole(before) if before.exists() else None
            if state is None:
                raise ValueError(
                    f"{self.path} is not a checkpoint of train(), or is damaged, and "
                    f"there is none from before. {REMEDY}"
                )
        self.compare(state["settings"])
        if damaged:
            said = f"{self.path} is damaged; the run goes on from the file before it"
            warnings.warn(said, stacklevel=3)
            os.replace(before, self.path)
        return state

    def whole(self, path: Path) -> State | None:
        """Read one file; None if it is not, bit for bit, what was written."""
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}") from error
        try:
            state = dict(torch.load(BytesIO(raw), "cpu", weights_only=True))
            right = state.pop("checksum") == checksum(state)
        except Exception:  # torch.load fails in a dozen ways
            return None
        wanted = {"settings", "history", "generator", *self.parts}
        return state if right and wanted <= state.keys() else None

    def compare(self, there: dict[str, str]) -> None:
        """Refuse the file of another run: ValueError says in what it differs."""
        here = self.settings
        differ = [
            _differs(key, there.get(key, "absent"), here.get(key, "absent"))
            for key in sorted(there | here, key=self.hashed)
            if there.get(key) != here.get(key)
        ]
        if differ:
            more = f" (and {len(differ) - 3} more)" if len(differ) > 3 else ""
            said = f"{self.path} belongs to another run: {'; '.join(differ[:3])}{more}"
            raise ValueError(f"{said}. {REMEDY}")

    def hashed(self, key: str) -> bool:
        """Whether a setting is a fingerprint: these are told after the numbers."""
        return self.settings.get(key, "").startswith(HASH)

    def restore(self, state: State | None) -> None:
        """Go on from what was read."""
        if state is None:
            return
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
        self.generator.set_state(state["generator"])
        vars(self.history).update(state["history"], interrupted=False)


def beside(path: Path, what: str) -> Path:
    """A file beside another: unfinished, or before."""
    return path.with_name(f"{path.name}.{what}")


def _differs(key: str, was: str, now: str) -> str:
    """Say of one setting that it is another one now."""
    if was.startswith(HASH) or now.startswith(HASH):
        return f"{key} is not what it was"
    return f"{key} was {was}, is {now}"


def _settings(name: str, part: nn.Module | torch.optim.Optimizer) -> dict[str, Any]:
    """What a checkpoint's part must have in common with the part it is read into."""
    if isinstance(part, nn.Module):
        tensors = part.state_dict().items()
        return {f"the shape of {key}": tuple(tensor.shape) for key, tensor in tensors}
    words: dict[str, Any] = {f"{name}": type(part).__name__}
    for i, group in enumerate(part.param_groups):
        group_name = f"group {i} of {name}" if i else name
        for key in group.keys() - {"params"}:
            words[f"{key} of {group_name}"] = group[key]
    return words
