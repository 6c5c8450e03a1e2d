"""RESULTS.md: tables of measurements, each under a title of its own."""

import datetime
import os
import platform
import re
from pathlib import Path

import torch

from course.source import ROOT

RESULTS = ROOT / "RESULTS.md"
LEFT_OUT = "left out"  # what a line says of something that was not measured
FIRST = "# The last runs of `make bench` and `make weather`\n"


def machine() -> str:
    """Today, this processor, and the versions of Python and torch."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    found = [line.split(":")[1].strip() for line in lines if "model name" in line]
    processor = f"{(found or [platform.machine()])[0]}, {os.cpu_count()} cores"
    versions = f"Python {platform.python_version()}, torch {torch.__version__}"
    return f"{datetime.date.today().isoformat()}, {processor}; {versions}."


def keep(tables: dict[str, str], file: Path = RESULTS) -> None:
    """Write the tables to the file, by title; one that was fuller there stays."""
    before = file.read_text("utf8") if file.exists() else ""
    found = dict(re.findall(r"^## (.*)\n\n((?:(?!## ).*\n)*)", before, re.MULTILINE))
    for title, new in tables.items():
        old = found.get(title, new).rstrip() + "\n"
        if old.count(LEFT_OUT) < new.count(LEFT_OUT):
            print(f"{file.name} keeps its own table, which is fuller: {title}")
            new = old
        found[title] = new
    parts = [f"## {title}\n\n{text.rstrip()}\n" for title, text in found.items()]
    file.write_text("\n".join([FIRST, *parts]), "utf8")
