"""`python -m bench`: speed against other libraries, then latency of the figures.

Both tables are kept in RESULTS.md, each with its machine and date. One of which this
run leaves more out than the last one did stays as it was: the peers and the browser
need not stand in one environment.
"""

import importlib
import pkgutil
from collections.abc import Iterator

import bench
from course.results import LEFT_OUT, keep, machine

OWN = {"__main__", "turns", "latency", "mdlm", "submissions"}  # no peers in these


def peers() -> Iterator[str]:
    """One line for each work that a peer also does; the missing ones are named."""
    yield f"{'work':48}{'peer':14}{'ours ms':>9}{'peer ms':>9}{'ratio':>7}"
    reasons = []
    for module in sorted(m.name for m in pkgutil.iter_modules(bench.__path__)):
        if module in OWN:
            continue
        try:
            for work, peer, ours, its, ratio in bench_of(module).rows():
                yield f"{work:48}{peer:14}{ours:9.1f}{its:9.1f}{ratio:7.2f}"
            reasons += filter(None, [getattr(bench_of(module), "SLOWER", None)])
        except ImportError as missing:
            yield f"bench/{module}.py {LEFT_OUT}, a peer is missing: {missing}"
    yield "ratio: ours / peer, less is faster; where ours is slower:"
    yield from reasons


def bench_of(module: str):
    """Import one file of this folder."""
    return importlib.import_module(f"bench.{module}")


def figures() -> Iterator[str]:
    """Key to picture, and pictures in a drag, of the live figures in a browser."""
    try:
        latency = bench_of("latency")
        reason = latency.missing()
    except ImportError as missing:
        reason = str(missing)
    if reason:
        yield f"latencies {LEFT_OUT}: {reason}"
        return
    head = f"{'key to picture, ms':38}{'where':16}{'median':>8}{'target':>8}{'drag':>6}"
    yield f"{head}{'compute':>9}  slowest control"
    rows = []
    for row in latency.rows():
        rows.append(row)
        numbers = f"{row.median:8.1f}{row.target:8.1f}"
        numbers += f"{row.pictures:6d}{row.compute:9.1f}"
        slowest = f"{row.slowest:.1f} {row.control}"
        yield f"{row.figure:38}{row.where:16}{numbers}  {slowest}"
    for where, target in latency.TARGETS.items():
        slow = [row.slowest > target for row in rows if row.where == where]
        yield f"{where}: a control above {target:g} ms in {sum(slow)} of {len(slow)}"
    own = [row.compute for row in rows]
    above = sum(ms > 8 for ms in own)
    yield f"compute: a figure's own, ms; at most {max(own):.1f}, above 8 in {above}"
    yield f"page: a slow control is visited {latency.VISITS} times, and its best counts"
    yield f"drag: pictures shown in {latency.STEPS} steps of {latency.STEP_MS} ms"


def said(lines: Iterator[str]) -> str:
    """Print lines as they come; give them as a block of text with machine and date."""
    found = []
    for line in lines:
        print(line, flush=True)
        found.append(line)
    text = "\n".join(found)
    return f"{machine()}\n\n```text\n{text}\n```\n"


if __name__ == "__main__":
    tables = {"Against other libraries": peers(), "Live figures": figures()}
    keep({title: said(lines) for title, lines in tables.items()})
