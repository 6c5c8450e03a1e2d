"""Real chromium for the tests: start it, watch it, and open JupyterLab in it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update"
).split()


@contextmanager
def chromium():
    """A browser; skips where there is none, unless REQUIRE_BROWSER is set."""
    if not CHROMIUM:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("REQUIRE_BROWSER is set and there is no chromium")
        pytest.skip("no chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def watched(browser, home=("http://127.0.0.1", "ws://127.0.0.1"), **options):
    """A page, and the list of what went wrong: errors, and requests that leave home."""
    page = browser.new_page(**options)
    troubles = []
    inside = ("data:", "blob:", "about:", *home)

    def heard(message):
        if message.type == "error":
            troubles.append(f"console: {message.text} ({message.location['url']})")

    def asked(request):
        if not request.url.startswith(inside):
            troubles.append(f"left: {request.url}")

    page.on("pageerror", lambda error: troubles.append(f"error: {error.stack}"))
    page.on("console", heard)
    page.on("request", asked)
    return page, troubles


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


def run_all(page, address, notebook, figures, patience=60):
    """Open a notebook, run its cells as its menu would, and wait for its figures."""
    from playwright.sync_api import TimeoutError

    page.goto(f"{address}/lab/tree/{notebook}?token=t")
    page.wait_for_selector(".jp-Notebook", timeout=90_000)
    idle = ".jp-Notebook-ExecutionIndicator[data-status=idle]"
    page.wait_for_selector(idle, timeout=60_000)
    for _ in range(6):
        page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
        try:  # a prompt says that a cell waits, or that it ran
            page.wait_for_function(
                "() => [...document.querySelectorAll('.jp-InputPrompt')]"
                ".some((e) => /[*\\d]/.test(e.textContent))",
                timeout=10_000,
            )
            break
        except TimeoutError:  # the notebook was not ready to run
            continue
    page.wait_for_function(
        "n => document.querySelectorAll('figure.live[data-pictures]').length >= n",
        arg=figures,
        timeout=1000 * patience,
    )
    page.wait_for_selector(idle, timeout=1000 * patience)
    found = page.locator("figure.live")
    assert found.count() == figures
    return found
