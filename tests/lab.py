"""JupyterLab for the tests: start it on a folder, copy a chapter there, run it."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from browser import watched

ROOT = Path(__file__).resolve().parents[1]
FEW = 'data.Fashion(*(part[:200] for part in data.fashion("test")))'
SHORTER = {  # what is trained less and tried on fewer pictures, to save time
    "05_vit": {"steps=150": "steps=20", 'data.fashion("test")': FEW}
}


@contextmanager
def jupyterlab(folder):
    """JupyterLab as `make lab` sets it up, on `folder`; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        "--no-browser",
        "--allow-root",
        f"--port={port}",
        "--IdentityProvider.token=t",
        "--LabApp.expose_app_in_browser=True",
        f"--ServerApp.root_dir={folder}",
    ]
    home = Path(folder) / ".home"
    environment = os.environ | {
        "HOME": str(home),
        "JUPYTERLAB_SETTINGS_DIR": str(home),
        "JUPYTER_CONFIG_PATH": str(ROOT / "course" / "jupyter"),
        "PYTHONPATH": str(ROOT),
        "LIVE_GUESSES": str(home / "guesses.json"),
    }
    environment.pop("LIVE_STATIC", None)
    home.mkdir()
    with open(home / "log", "w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyter", "lab", *options],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _await(f"{address}/api", server, home / "log")
        yield address
    finally:
        server.terminate()
        server.wait(20)


def _await(url, server, log):
    for _ in range(240):
        try:
            return urllib.request.urlopen(url, timeout=2)
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.25)
    pytest.fail(f"JupyterLab does not answer:\n{log.read_text()[-2000:]}")


@contextmanager
def opened(browser, folder):
    """A page that shows JupyterLab on `folder`, and the list of what goes wrong."""
    with jupyterlab(folder) as address:
        page, troubles = watched(browser, viewport={"width": 1300, "height": 1000})
        page.goto(f"{address}/lab?token=t")
        page.wait_for_function("() => window.jupyterapp?.shell", timeout=90_000)
        yield page, troubles


HERE = "jupyterapp.shell.currentWidget"
IDLE = ".jp-Notebook-ExecutionIndicator[data-status=idle]"
BUSY = ".jp-Notebook-ExecutionIndicator[data-status=busy]"
# The kernel of the notebook before goes on for this one, with PyTorch loaded.
ONLY = """async (path) => {
  await jupyterapp.restored;
  const { id, name } = jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel
    ?? {};
  [...jupyterapp.shell.widgets("main")].forEach((tab) => tab.dispose());
  const kernel = id ? { id, name } : undefined;
  await jupyterapp.commands.execute("docmanager:open", { path, kernel });
}"""


def open_alone(page, notebook):
    """Open a notebook, close all others, and wait until its kernel rests."""
    page.evaluate(ONLY, notebook)
    page.wait_for_function(  # before that, running asks which kernel to take
        "() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel"
        "?.connectionStatus === 'connected'",
        timeout=90_000,
    )
    page.wait_for_selector(IDLE, timeout=60_000)


def run_all(page, notebook):
    """Open a notebook, close all others, and run its cells as its menu would."""
    open_alone(page, notebook)
    page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")


def figures(page, count, patience=60):
    """The live figures of the page, once all have a picture and the kernel rests."""
    page.wait_for_function(
        "n => document.querySelectorAll('figure.live[data-pictures]').length >= n",
        arg=count,
        timeout=1000 * patience,
    )
    page.wait_for_selector(IDLE, timeout=1000 * patience)
    found = page.locator("figure.live")
    assert found.count() == count
    return found


def copied(name, folder):
    """Copy a chapter into `folder`; returns how many live figures it shows."""
    notebook = nbformat.read(ROOT / "chapters" / f"{name}.ipynb", as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for long, short in SHORTER.get(name, {}).items():
        assert any(long in cell.source for cell in code), f"{name} has no {long}"
        for cell in code:
            cell.source = cell.source.replace(long, short)
    nbformat.write(notebook, folder / f"{name}.ipynb")
    return sum(
        line.startswith("live(") for cell in code for line in cell.source.splitlines()
    )
