"""`python -m bench`: speed against other libraries, then latency of the figures.

What it prints is kept in RESULTS.md, with the machine and the date.
"""

import datetime
import importlib
import os
import pkgutil
import platform
from pathlib import Path

import torch

import bench

OWN = {"__main__", "turns", "latency", "submissions"}  # no peers in these
RESULTS = Path(__file__).resolve().parents[1] / "RESULTS.md"
LINES: list[str] = []


def say(line: str) -> None:
    """Print a line and keep it."""
    print(line, flush=True)
    LINES.append(line)


def peers() -> None:
    """One row for each work that a peer also does; names the peers that are missing."""
    say(f"{'work':48}{'peer':14}{'ours ms':>9}{'peer ms':>9}{'ratio':>7}")
    for module in sorted(m.name for m in pkgutil.iter_modules(bench.__path__)):
        if module in OWN:
            continue
        try:
            for work, peer, ours, its, ratio in bench_of(module).rows():
                say(f"{work:48}{peer:14}{ours:9.1f}{its:9.1f}{ratio:7.2f}")
        except ImportError as missing:
            say(f"bench/{module}.py left out, a peer is missing: {missing}")
    say("ratio: ours / peer, less is faster")


def bench_of(module: str):
    """Import one file of this folder."""
    return importlib.import_module(f"bench.{module}")


def figures() -> None:
    """Key to picture, and pictures in a drag, of the live figures in a browser."""
    try:
        latency = bench_of("latency")
    except ImportError as missing:
        say(f"latencies left out: {missing}")
        return
    if reason := latency.missing():
        say(f"latencies left out: {reason}")
        return
    head = f"{'key to picture, ms':38}{'where':12}{'median':>8}{'target':>8}{'drag':>6}"
    say(f"\n{head}  slowest control")
    for row in latency.rows():
        numbers = f"{row.median:8.1f}{row.target:8.1f}{row.pictures:6d}"
        say(f"{row.figure:38}{row.where:12}{numbers}  {row.slowest}")
    say(f"drag: pictures shown in {latency.STEPS} steps of {latency.STEP_MS} ms")


def processor() -> str:
    """The name of the processor, where the machine tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = [line.split(":")[1].strip() for line in lines if "model name" in line]
    return f"{(named or [platform.machine()])[0]}, {os.cpu_count()} cores"


def keep() -> None:
    """Write what was said to RESULTS.md."""
    when = datetime.date.today().isoformat()
    where = (
        f"{processor()}; Python {platform.python_version()}, torch {torch.__version__}"
    )
    head = f"# The last run of `make bench`\n\n{when}, {where}.\n\n"
    RESULTS.write_text(f"{head}```text\n" + "\n".join(LINES) + "\n```\n")


if __name__ == "__main__":
    peers()
    figures()
    keep()
