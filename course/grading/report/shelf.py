"""The folder of a report: it deletes and overwrites nothing that it did not write.

What it wrote is kept in a list, by name and hash. A file that someone changed since is
set aside before it is written anew.
"""

import contextlib
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

NAMES = (
    *("results.csv", "results.json", "junit.xml", "left_out.csv", "mistakes.csv"),
    *("mistakes.html", "gradebooks/canvas-sums.csv", "gradebooks/canvas-chapters.csv"),
    *("gradebooks/moodle.csv", "gradebooks/gradescope.csv"),
)


class Shelf:
    """A folder to write files into; ValueError where another's file has their name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.list = folder / ".written.jsonl"
        self.hashes: dict[str, set[str]] = {}
        if self.list.exists():
            for line in self.list.read_bytes().splitlines():
                with contextlib.suppress(ValueError, TypeError):  # a kill cut it short
                    name, digest = json.loads(line)
                    self.hashes.setdefault(str(name), set()).add(str(digest))

    def claim(self, source: Path, had: Iterable[str], has: Iterable[str]) -> None:
        """Begin the reports of what lies in `source`, if no other class's are here.

        `had` are the files that were graded into this folder before. If all of them are
        among those it `has` now, the same class was moved.
        """
        mine, said = str(source.resolve()), self.folder / ".class"
        other = said.read_text("utf8", "surrogateescape") if said.exists() else mine
        if other != mine and not set(had) <= set(has):
            raise ValueError(
                f"{self.folder} has the reports of {other}: name another folder for "
                f"those of {source}, with --out"
            )
        for name in NAMES:
            file = self.folder / name
            if file.exists() and name not in self.hashes:
                self.make_room(file, name)
        said.write_text(mine, "utf8", "surrogateescape")

    def put(self, name: str, text: str) -> None:
        """Write a file in one step: a kill leaves the old one or the new."""
        data, file = text.encode("utf8", "replace"), self.folder / name
        if file.exists():
            if file.is_file() and file.read_bytes() == data and name in self.hashes:
                return
            self.make_room(file, name)
        digest = hashlib.sha256(data).hexdigest()
        if digest not in self.hashes.setdefault(name, set()):
            self.hashes[name].add(digest)  # before the file: a kill may come between
            with self.list.open("ab") as out:
                out.write(json.dumps([name, digest]).encode() + b"\n")
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.new")
        draft.write_bytes(data)
        draft.replace(file)

    def make_room(self, file: Path, name: str) -> None:
        """Set a file aside that we wrote and someone changed; refuse another's."""
        if name not in self.hashes or not file.is_file() or file.is_symlink():
            raise ValueError(
                f"{file} is there, and this program did not write it: move it away, or "
                "name another folder with --out"
            )
        if self.changed(file, name):
            number = 1
            while (aside := file.with_name(f"{file.name}.changed-{number}")).exists():
                number += 1
            file.rename(aside)

    def changed(self, file: Path, name: str) -> bool:
        """Whether a file is not as it was written."""
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        return digest not in self.hashes[name]

    def keep_only(self, folder: str, names: set[str]) -> None:
        """Delete what was written into a folder before and is no longer wanted."""
        for name in [n for n in self.hashes if n.startswith(f"{folder}/")]:
            file = self.folder / name
            if file.name in names or not file.is_file() or file.is_symlink():
                continue
            if not self.changed(file, name):
                file.unlink()
