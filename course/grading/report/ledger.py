"""What has been graded so far, a notebook a line: where an interrupted run goes on."""

import json
import os
from pathlib import Path
from typing import Any

ENTRY = {"path": str, "key": str, "chapter": str, "sandbox": bool, "rows": list}
ROW = {
    **dict.fromkeys(("chapter", "title", "remark"), str),
    **dict.fromkeys(("exercise", "points", "out_of"), int),
    "seconds": (int, float),
}


class Ledger:
    """Entries by path; a new one is on the disk before the next notebook is begun.

    An entry says path, key (of all that its marks depend on), chapter, sandbox, rows.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.entries: dict[str, dict[str, Any]] = {}
        self.damaged = whole = 0
        if file.exists():
            for line in file.read_bytes().splitlines(keepends=True):
                if not line.endswith(b"\n"):
                    break  # a kill cut it short
                self.take(line)
                whole += len(line)
            os.truncate(file, whole)

    def take(self, line: bytes) -> None:
        """Read one line; one that is damaged is counted, and no more than that."""
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        if fits(entry, ENTRY) and all(fits(row, ROW) for row in entry["rows"]):
            self.entries[entry["path"]] = entry
        else:
            self.damaged += 1

    def knows(self, path: str, key: str) -> bool:
        """Whether this very file was graded by these very rules."""
        return self.entries.get(path, {}).get("key") == key

    def add(self, entry: dict[str, Any]) -> None:
        """Write an entry, and wait until it is safe."""
        self.entries[entry["path"]] = entry
        with self.file.open("ab") as out:
            out.write(json.dumps(entry).encode() + b"\n")
            out.flush()
            os.fsync(out.fileno())


def fits(thing: Any, kinds: dict[str, Any]) -> bool:
    """Whether a thing of JSON has all that it should have."""
    return isinstance(thing, dict) and all(
        isinstance(thing.get(name), kind) for name, kind in kinds.items()
    )
