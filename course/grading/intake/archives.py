"""Zip archives are read where they lie, without unpacking: nothing is ever written.

So no path in an archive leads anywhere. What it would cost to read one is bounded
before anything is read: files, bytes, and archives within archives.
"""

import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import IO

MOST_FILES = 5_000  # in a student's archive, those in archives within it included
MOST_BYTES = 2**30  # of them all, unpacked
ONE_FILE = 64 * 2**20
DEEPEST = 2  # a platform's archive of students' archives
ENTRY = b"PK\x01\x02"  # begins each entry in an archive's list of its files
BROKEN = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error),
    *(NotImplementedError, RuntimeError, EOFError, OSError, ValueError, KeyError),
)


@dataclass
class Budget:
    """What may still be listed."""

    files: int = MOST_FILES
    bytes: int = MOST_BYTES

    def take(self, size: int) -> None:
        """Count a file; ValueError if it is one too many, or too much."""
        self.files -= 1
        self.bytes -= size
        if self.files < 0:
            raise ValueError(f"the archive has more than {MOST_FILES:,} files")
        if self.bytes < 0:
            size = MOST_BYTES >> 30
            raise ValueError(f"the archive is larger than {size} GB when unpacked")


def is_one(name: str) -> bool:
    """Whether a name is an archive's."""
    return name.lower().endswith(".zip")


def listed(file: IO[bytes], budget: Budget | None, depth: int = 1) -> list[str]:
    """List the files of an archive, also those in archives within it.

    ValueError says what is wrong with it. An archive within that cannot be listed is
    listed as a file. Without a budget each archive within has its own: a whole class's.
    """
    names = []
    archive = opened(file)
    for path, info in files(archive).items():
        if budget:
            budget.take(info.file_size)
        inner: list[str] = []
        if is_one(path) and depth < DEEPEST:
            try:
                inside = BytesIO(one_file(archive, info))
                inner = listed(inside, budget or Budget(), depth + 1)
            except ValueError:
                if budget and min(budget.files, budget.bytes) < 0:
                    raise
        names += [f"{path}/{name}" for name in inner] or [path]
    return names


def read(file: IO[bytes], path: str) -> bytes:
    """Read a file in an archive, or in an archive within; ValueError says why not."""
    archive = opened(file)
    within = files(archive)
    parts = PurePosixPath(path).parts
    for end in range(len(parts), 0, -1):
        info = within.get("/".join(parts[:end]))
        if info is None:
            continue
        whole = one_file(archive, info)
        if end == len(parts):
            if is_one(path):
                trouble(BytesIO(whole), DEEPEST)
            return whole
        return read(BytesIO(whole), "/".join(parts[end:]))
    raise ValueError("the archive no longer has this file")


def trouble(file: IO[bytes], depth: int = 1) -> None:
    """Say, as a ValueError, why an archive's files were not listed instead of it."""
    if not listed(file, Budget(), depth):
        raise ValueError("the zip archive is empty")
    if depth == 1:
        raise ValueError("the zip archive holds nothing but what a system put there")
    raise ValueError("an archive within an archive within an archive is not opened")


def opened(file: IO[bytes]) -> zipfile.ZipFile:
    """Open an archive whose list of files is not too long to be read."""
    file.seek(0)
    entries, before = 0, b""
    while block := file.read(2**22):
        entries += (before + block).count(ENTRY)
        before = block[-3:]
    if entries > 4 * MOST_FILES:
        raise ValueError(f"the archive has {entries:,} files: far too many")
    try:
        return zipfile.ZipFile(file)
    except BROKEN:
        raise ValueError("the zip archive is damaged: pack it again") from None


def files(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Give an archive's files by their paths; ValueError if one leads out of it."""
    found = {}
    for info in archive.infolist():
        path = PurePosixPath(info.filename.replace("\\", "/"))  # as Windows wrote it
        if path.is_absolute() or ".." in path.parts:
            raise ValueError("the zip archive has a path that leads out of it")
        if path.parts and not info.is_dir():
            found[str(path)] = info
    return found


def one_file(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Read one file of an archive, if it is an ordinary one and not too large.

    No more is unpacked than the list of files says, whatever the packed bytes hold.
    """
    if stat.S_ISLNK(info.external_attr >> 16):
        raise ValueError("a link came, and links are not followed")
    if info.flag_bits & 1:
        raise ValueError("the zip archive has a password: hand it in without one")
    if info.file_size > ONE_FILE:
        raise ValueError(f"it has {info.file_size >> 20} MB when unpacked: too large")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("the zip archive is packed in an unusual way: pack it again")
    try:
        with archive.open(info) as packed:
            return packed.read(info.file_size)  # a plain read() unpacks all, then cuts
    except BROKEN:
        raise ValueError("the zip archive is damaged: pack it again") from None
