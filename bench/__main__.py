"""`python -m bench`: speed against other libraries, then latency of the figures."""

import importlib
import pkgutil

import bench

OWN = {"__main__", "turns", "latency", "submissions"}  # no peers in these


def peers() -> None:
    """One row for each work that a peer also does; names the peers that are missing."""
    print(f"{'work':44}{'peer':14}{'ours ms':>9}{'peer ms':>9}{'ratio':>7}")
    for module in sorted(m.name for m in pkgutil.iter_modules(bench.__path__)):
        if module in OWN:
            continue
        try:
            rows = importlib.import_module(f"bench.{module}").rows()
        except ImportError as missing:
            print(f"bench/{module}.py left out, a peer is missing: {missing}")
            continue
        for work, peer, ours, its, ratio in rows:
            print(f"{work:44}{peer:14}{ours:9.1f}{its:9.1f}{ratio:7.2f}")


def figures() -> None:
    """Key to picture, and pictures in a drag, of the live figures in a browser."""
    try:
        from bench import latency
    except ImportError as missing:
        print(f"latencies left out: {missing}")
        return
    if reason := latency.missing():
        print(f"latencies left out: {reason}")
        return
    head = f"{'key to picture, ms':34}{'where':12}{'median':>8}{'target':>8}{'drag':>6}"
    print(f"\n{head}  slowest control")
    for row in latency.rows():
        numbers = f"{row.median:8.1f}{row.target:8.1f}{row.pictures:6d}"
        print(f"{row.figure:34}{row.where:12}{numbers}  {row.slowest}", flush=True)
    print(f"drag: pictures shown in {latency.STEPS} steps of {latency.STEP_MS} ms")


if __name__ == "__main__":
    peers()
    figures()
