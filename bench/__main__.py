"""`python -m bench`: speed against other libraries, then latency of the figures."""

import importlib
import pkgutil

import bench

OWN = {"__main__", "turns", "latency"}  # no peers in these


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
    print(f"\n{'key to picture':44}{'where':14}{'median':>9}{'target':>9}{'drag':>7}")
    for name, where, median, target, pictures in latency.rows():
        print(f"{name:44}{where:14}{median:9.1f}{target:9.1f}{pictures:7d}")
    print(f"drag: pictures shown in {latency.STEPS} steps of {latency.STEP_MS} ms")


if __name__ == "__main__":
    peers()
    figures()
