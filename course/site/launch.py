"""Executes a notebook in a kernel of its own, and says where and why it fails."""

import os
import re
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course.site.forked import Forks

CELL_SECONDS = 600  # a cell that runs longer is stuck
CORE_SECONDS = "sum(__import__('os').times()[:4])"  # since the kernel's start
SETTINGS = {  # of every kernel
    "OMP_NUM_THREADS": "1",  # two chapters, a core each, are sooner done than in turn
    "MKL_NUM_THREADS": "1",
    "PYTHONWARNINGS": "ignore::FutureWarning",
    "OMP_WAIT_POLICY": "PASSIVE",  # no spinning where cores are shared
}


class BuildError(Exception):
    """A chapter or a page that must not be shipped, with the place and the reason."""


async def launch(
    root: Path,
    name: str,
    notebook: NotebookNode,
    environment: dict[str, str],
    forks: Forks | None = None,
) -> float:
    """Execute in place, in a kernel of its own; returns its seconds of one core.

    The kernel is one of `forks`, where these are given, and what it is spared counts.
    Raises BuildError where a cell fails.
    """
    folder = root / "chapters"
    folder.mkdir(exist_ok=True)
    notebook.cells.append(new_code_cell(CORE_SECONDS))
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        km=forks.manager() if forks else None,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],
        shutdown_kernel="immediate",  # torch takes a second to tidy up what is over
    )
    said = SETTINGS | {"PYTHONPATH": str(root)} | environment
    try:
        await client.async_execute(env=os.environ | said, cleanup_kc=True)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        cell = client.code_cells_executed
        raise BuildError(f"{name}, code cell {cell}: {plain(error)}") from None
    last = {output.output_type: output for output in notebook.cells.pop().outputs}
    own = float(last["execute_result"].data["text/plain"])
    return own + (forks.spared if forks else 0.0)


def plain(text: object) -> str:
    """Give words without terminal colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", str(text)).strip()
