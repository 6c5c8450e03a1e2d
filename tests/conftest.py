"""One thread for tiny models, the same hypothesis examples every time, a quick seed."""

import gc
import os
from functools import cache

import hypothesis
import pytest

import course  # noqa: F401 - before nbformat, whose import it shortens by seconds

hypothesis.settings.register_profile("course", deadline=None, derandomize=True)
hypothesis.settings.load_profile("course")


def pytest_collection():
    """While modules are imported nothing is garbage, and looking costs seconds."""
    gc.disable()


def pytest_collection_finish():
    """What is imported stays, and the collector need not look at it again."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items):
    """Files with slow tests first: the quick ones fill what is left at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@cache
def missing(marker):
    """What `make doctor` knows of what a marker needs; None where that is here."""
    from course.comfort import NEEDS  # here, for few tests need anything

    need = next(need for need in NEEDS if need.name == marker)
    return None if need.here() else need


def pytest_runtest_setup(item):
    """Skip what this machine cannot do; where REQUIRE_... is set, fail instead."""
    for marker in ("browser", "sandbox"):
        if item.get_closest_marker(marker) and (need := missing(marker)):
            if os.environ.get(f"REQUIRE_{marker.upper()}"):
                pytest.fail(f"REQUIRE_{marker.upper()} is set; {need.get}")
            pytest.skip(f"no {marker} here; {need.get}")


def pytest_terminal_summary(terminalreporter):
    """Say in a sentence what was skipped for want of something, and how to get that."""
    parts = []
    for marker in ("browser", "sandbox"):
        skipped = terminalreporter.stats.get("skipped", [])
        count = sum(marker in report.keywords for report in skipped)
        if count and (need := missing(marker)):
            parts.append(f"{count} that need a {marker} ({need.get})")
    if parts:
        terminalreporter.write_line(f"Tests were skipped: {'; '.join(parts)}.")


@pytest.fixture(scope="session")
def one_thread():
    """Torch on one thread, seeded without a look at accelerators that may come later.

    That writes down the whole stack, three times: 5 ms under pytest, and the tests seed
    some ten thousand times. Imported here, for xdist's own process needs no torch.
    """
    import torch

    torch.set_num_threads(1)
    if not torch.cuda.is_available():
        torch.manual_seed = torch.default_generator.manual_seed
    return torch


@pytest.fixture(scope="session")
def site():
    """The pages of the whole course; built where they are not, before any browser."""
    from course.site import ROOT, build

    html = ROOT / "build" / "html"
    return html if (html / "index.html").exists() else build()


@pytest.fixture(scope="module")
def browser():
    """Real chromium; until it is closed nothing else may run an asyncio loop."""
    from browser import chromium

    with chromium() as started:
        yield started


@pytest.fixture(autouse=True)
def seeded(one_thread):
    one_thread.manual_seed(0)
