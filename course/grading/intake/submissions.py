"""What was handed in: files with any names, of which nothing is believed.

A file is found and opened without following a link, in folders and in zip archives.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from course.grading import graft
from course.grading.intake import archives
from course.grading.intake.downloads import Handed, Person, depth, handed
from course.grading.intake.gradescope import LIST, people

# Of systems, editors and other graders: what no person named.
SYSTEMS_OWN = [
    *("__MACOSX", "Thumbs.db", "desktop.ini", ".DS_Store", ".git"),
    *(".ipynb_checkpoints", ".OTTER_LOG", "__zip_filename__"),
]
DEEPEST = 60  # folders within one another
DEEP = (
    f"it lies more than {DEEPEST} folders deep, or under very long names: hand in the "
    "file alone"
)
EMPTY = "the folder is empty: nothing was handed in"
MOST_ARCHIVE = 2**31  # bytes of an archive, as it lies on the disk


@dataclass
class Found:
    """Files below a folder: whose each is, what is graded, and why the rest is not."""

    whose: dict[str, Handed]
    graded: list[str]
    left_out: dict[str, str]


def find(folder: Path) -> Found:
    """List what lies below a folder, or in an archive that holds a whole class.

    Graded are notebooks, and any other file or link of someone who handed in no
    notebook: so that everyone who handed in something has a row.
    """
    found = list(below(folder) if folder.is_dir() else within(folder, "", None))
    level = depth(found)
    listing = [p for p in found if PurePosixPath(p).name == LIST]
    groups: dict[str, tuple[Person, ...]] = {}
    for path in listing:
        if path.count("/") == level:  # where the platform puts it, and no student can
            with contextlib.suppress(ValueError):  # anyone's file may have this name
                groups |= people(read(folder, path), str(PurePosixPath(path).parent))
    whose = handed(found, groups)
    books = {path for path in found if path.lower().endswith(".ipynb")}
    served = {whose[path].student for path in books}
    known = any(it.platform for it in whose.values())
    left_out = {}
    for path in sorted(set(found) - books):
        it = whose[path]
        if it.receipt and (known if not it.platform else is_beside(path, whose)):
            left_out[path] = "a platform wrote it"
        elif it.student in served:
            left_out[path] = "it is no notebook, and notebooks came too"
    return Found(whose, sorted(set(found) - set(left_out)), left_out)


def is_beside(path: str, whose: dict[str, Handed]) -> bool:
    """Whether a receipt's student handed in a file as well."""
    name = whose[path].student
    return any(it.student == name and not it.receipt for it in whose.values())


def below(folder: Path) -> Iterator[str]:
    """List files, links, and folders that are empty or closed; look into archives."""
    waiting = [""]
    while waiting:
        place = waiting.pop()
        try:
            entries = sorted(os.scandir(folder / place), key=lambda entry: entry.name)
        except OSError:
            if not place:
                raise
            yield place  # reading it will say why
            continue
        entries = [entry for entry in entries if not hidden(entry.name)]
        if place and (not entries or place.count("/") >= DEEPEST):
            yield place
            continue
        for entry in entries:
            path = f"{place}/{entry.name}".lstrip("/")
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif archives.is_one(path) and entry.is_file(follow_symlinks=False):
                yield from within(folder, path, archives.Budget())
            else:
                yield path


def within(folder: Path, path: str, budget: archives.Budget | None) -> Iterator[str]:
    """List the files of an archive; the archive itself if it cannot be listed."""
    try:
        with opened(folder, path) as file:
            inner = archives.listed(file, budget)
    except Exception:
        if not path:
            raise
        inner = []  # reading it will say why
    seen = [p for p in inner if not any(map(hidden, PurePosixPath(p).parts))]
    if path:
        yield from [f"{path}/{name}" for name in seen] or [path]
    else:
        yield from seen


def hidden(name: str) -> bool:
    """Whether a name is none that a person gave, such as a checkpoint's."""
    return name.startswith(("._", ".~", ".ipynb_")) or name in SYSTEMS_OWN


def read(folder: Path, path: str) -> bytes:
    """Read a file below a folder, or in an archive there; ValueError says what came."""
    parts = PurePosixPath(path).parts
    ends = [k for k in range(1, len(parts) + 1) if archives.is_one(parts[k - 1])]
    if folder.is_file():
        with opened(folder, "") as file:
            return archives.read(file, path)
    for end in ends:
        archive = "/".join(parts[:end])
        if (folder / archive).is_file():
            with opened(folder, archive) as file:
                if end < len(parts):
                    return archives.read(file, "/".join(parts[end:]))
                archives.trouble(file)
    with opened(folder, path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > graft.MOST_BYTES:
            raise ValueError(f"it has {size / 2**20:.0f} MB: clear the outputs")
        return file.read(graft.MOST_BYTES + 1)


def opened(folder: Path, path: str) -> IO[bytes]:
    """Open an ordinary file, following no link; ValueError says what came instead.

    Every part of the path is opened by itself, so that none can be changed for a link.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    place = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        for part in PurePosixPath(path).parts:
            inner = os.open(part, flags, dir_fd=place)
            os.close(place)
            place = inner
        kind = os.fstat(place)
        if stat.S_ISDIR(kind.st_mode):
            empty = all(map(hidden, os.listdir(place)))
            raise ValueError(EMPTY if empty else DEEP)
        if not stat.S_ISREG(kind.st_mode):
            raise ValueError("this is no notebook: it is no ordinary file")
        if kind.st_size > MOST_ARCHIVE:
            raise ValueError(f"it has {kind.st_size >> 30} GB: too large to be read")
        return os.fdopen(os.dup(place), "rb")
    except OSError as error:
        parts = PurePosixPath(path).parts
        ways = [Path(folder, *parts[: k + 1]) for k in range(len(parts))]
        link = any(map(os.path.islink, ways))
        why = "a link came, and links are not followed" if link else error.strerror
        raise ValueError(f"it cannot be read: {why}") from None
    finally:
        os.close(place)


def shown(name: str) -> str:
    """Make a name fit to be shown: one line, with nothing that a screen obeys."""
    name = name.encode("utf8", "surrogateescape").decode("utf8", "replace")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
